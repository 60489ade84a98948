import json
import re

import numpy as np
import pytest

from demo.run import bundle, explain
from demo.run.explain import Known, pages, paragraphs, percent, sentence, slug, where
from demo.run.trace import Frame
from demo.settings import DEFAULT_MODEL

GREY = np.full((30, 30, 3), 100, np.uint8)
PAGES = pages()
STAGES = {stage["key"]: stage for stage in PAGES["stages"]}
TERMS = "latent token embedding sigma guidance scheduler".split()
PAPERS = {  # stage: (authors and year as cited, the title)
    "noise": [
        ("Ho, Jain and Abbeel 2020", "Denoising Diffusion Probabilistic Models"),
        ("Lin, Liu, Li and Yang 2024", "Common Diffusion Noise Schedules and Sample Steps are Flawed"),
    ],
    "numbers": [("Vaswani and others 2017", "Attention Is All You Need")],
    "guess": [
        ("Salimans and Ho 2022", "Progressive Distillation for Fast Sampling of Diffusion Models"),
        ("Song, Meng and Ermon 2021", "Denoising Diffusion Implicit Models"),
        ("Ho and Salimans 2022", "Classifier-Free Diffusion Guidance"),
    ],
    "touches": [("Ommer 2022", "High-Resolution Image Synthesis with Latent Diffusion Models")],
}


def frame(index, total=30, left=0.5, guess=GREY) -> Frame:
    return Frame(index, total, None, 1 - left, left, 0.0, GREY, guess if index else None)


def brighter(*ninths, by=50) -> np.ndarray:
    """Grey, but for these ninths (row, column)."""
    image = GREY.copy()
    for row, column in ninths:
        image[10 * row : 10 * row + 10, 10 * column : 10 * column + 10] += np.uint8(by)
    return image


def words(body) -> str:
    return "\n".join("".join(span["text"] for span in paragraph) for paragraph in body)


def everything() -> list[tuple[str, list]]:
    """(name, body) of all prose."""
    told = [(stage["key"], stage["body"] + (stage["deeper"] or [])) for stage in PAGES["stages"]]
    told += [(f"glossary {key}", term["body"]) for key, term in PAGES["glossary"].items()]
    told += [(f"tour {step['anchor']}", step["body"]) for step in PAGES["tour"]]
    return told + [(f"tour {s['anchor']}, {name}", w["body"]) for s in PAGES["tour"] for name, w in s["when"].items()]


def test_the_noise_says_that_nothing_is_in_it_whatever_the_schedule_counts():
    expected = "Step 0 of 30: pure noise. There is no guess yet, and nothing of the prompt is in it."
    assert sentence(frame(0, left=1), None) == sentence(frame(0, left=0.995), None) == expected


def test_a_step_of_a_run_that_has_ended():
    told = sentence(frame(6, left=0.71, guess=brighter((2, 0))), frame(5), Known(0.829, 0.3, False))
    assert told == (
        "Step 6 of 30: 71 % noise left, by strength. The layout is not decided yet (0.82 of 1 like the final one); "
        "the guess changed most in the lower left."
    )


def test_a_step_of_a_live_run_leaves_out_what_needs_the_end():
    told = sentence(frame(6, left=0.71, guess=brighter((2, 0))), frame(5))
    assert told == "Step 6 of 30: 71 % noise left, by strength. The guess changed most in the lower left."


def test_a_frame_alone_tells_only_its_noise():
    assert sentence(frame(6, left=0.71), None) == "Step 6 of 30: 71 % noise left, by strength."


def test_the_first_guess_is_called_that():
    told = "Step 1 of 30: 99 % noise left, by strength. This is the first guess"
    assert sentence(frame(1, left=0.99), frame(0)) == f"{told}."
    late = sentence(frame(1, left=0.99), frame(0), Known(-0.2, 0, False))
    assert late == f"{told}; the layout is not decided yet (0.00 of 1 like the final one)."


def test_the_detail_is_told_where_the_layout_is_decided():
    told = sentence(frame(20, left=0.1), frame(19), Known(0.97, 0.41, True))
    assert told.endswith(
        "The layout is decided (0.97 of 1 like the final one), the detail is 41 % there; the guess did not change."
    )


@pytest.mark.parametrize(
    ("correlation", "told"), [(-1, "0.00"), (0, "0.00"), (0.8999, "0.89"), (0.9, "0.90"), (0.9999, "0.99"), (1, "1.00")]
)
def test_what_is_not_decided_never_reads_as_if_it_were(correlation, told):
    assert explain.likeness(correlation).startswith(f"{told} of 1 ")


@pytest.mark.parametrize("total", [1, 30])
def test_the_last_step_is_the_picture(total):
    told = sentence(frame(total, total, left=0), frame(total - 1, total), Known(1, 1, True))
    assert told == f"Step {total} of {total}: no noise left. This is the picture."


def test_noise_that_a_schedule_never_takes_out_is_told():
    told = sentence(frame(43, 43, left=0.03), frame(42, 43))
    assert (
        told == "Step 43 of 43: 3 % noise left, by strength, and this schedule never takes it out. This is the picture."
    )


@pytest.mark.parametrize(
    ("ninths", "phrase"),
    [
        ([(0, 1)], "most at the top"),
        ([(1, 2)], "most on the right"),
        ([(1, 0), (1, 2)], "most on the left and on the right"),
        ([(0, 0), (0, 1), (0, 2)], "most all along the top"),
        ([(1, 0), (1, 1), (1, 2)], "most from side to side across the middle"),
        ([(0, 2), (1, 2), (2, 2)], "most all along the right"),
        ([(0, 0), (0, 2), (2, 1)], "most in several places"),
        ([(row, column) for row in range(3) for column in range(3)], "everywhere about the same"),
        ([(row, column) for row in range(3) for column in range(3) if row + column], "everywhere about the same"),
    ],
)
def test_where_it_changed_most_ties_included(ninths, phrase):
    told = sentence(frame(6, guess=brighter(*ninths)), frame(5))
    assert told == f"Step 6 of 30: 50 % noise left, by strength. The guess changed {phrase}."


def test_a_ninth_that_is_nearly_the_largest_shares_the_place():
    grid = np.zeros((3, 3))
    grid[0, 0], grid[2, 2] = 10, 9.2
    assert where(grid) == "in the upper left and in the lower right"
    grid[2, 2] = 8
    assert where(grid) == "in the upper left"


def test_what_cannot_be_seen_is_hardly_a_change():
    faint = GREY.copy()
    faint[:2] += np.uint8(2)
    assert sentence(frame(6, guess=faint), frame(5)).endswith("The guess hardly changed.")
    assert "most in the upper left" in sentence(frame(6, guess=brighter((0, 0), by=1)), frame(5))


@pytest.mark.parametrize(
    ("share", "told"),
    [(0, "0 %"), (0.001, "less than 1 %"), (0.006, "1 %"), (0.714, "71 %"), (0.999, "more than 99 %"), (1, "100 %")],
)
def test_percent_never_rounds_to_nothing_or_to_all(share, told):
    assert percent(share) == told


@pytest.mark.parametrize("index", [0, 1, 2, 29, 30])
@pytest.mark.parametrize("known", [None, Known(0, 0, False), Known(0.5, 0.1, False), Known(1, 1, True)])
def test_every_sentence_is_one_line_of_whole_sentences(index, known):
    told = sentence(frame(index, left=1 - index / 30, guess=brighter((0, 0))), frame(index - 1), known)
    assert told.startswith(f"Step {index} of 30: ") and told.endswith(".")
    assert "\n" not in told and "  " not in told and ".." not in told


def test_markdown_becomes_a_tree_of_plain_texts():
    tree = paragraphs("One *two\nthree* `a * b` and\n[four](#text-encoder).\n\n\nFive.\n")
    assert tree == [
        [
            {"kind": "text", "text": "One "},
            {"kind": "emphasis", "text": "two three"},
            {"kind": "text", "text": " "},
            {"kind": "code", "text": "a * b"},
            {"kind": "text", "text": " and "},
            {"kind": "term", "text": "four", "to": "text-encoder"},
            {"kind": "text", "text": "."},
        ],
        [{"kind": "text", "text": "Five."}],
    ]
    assert paragraphs("") == [] == paragraphs(" \n\n ")


HOSTILE = [
    "<script>alert(1)</script>", "<b onclick=x>", "<!-- x -->", "&lt;b&gt;", "![x](#token", "a * b", "``", "- a",
    "1. a", "> a", "| a |", "    code", "~~~", "https://example.org", "<https://example.org>", "***",
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_anything_else_stays_text(hostile):
    told = paragraphs(hostile)
    assert {span["kind"] for paragraph in told for span in paragraph} <= {"text", "code"}
    assert " ".join(span["text"] for paragraph in told for span in paragraph).split() == hostile.split()


@pytest.mark.parametrize("link", ["[x](javascript:alert(1))", "[x](https://example.org)", "[x](x.html)", "[x]()"])
def test_a_link_that_leads_elsewhere_is_refused_or_stays_text(link):
    try:
        told = paragraphs(link)
    except ValueError as error:
        assert "lead to the glossary" in str(error)
    else:
        assert told == [[{"kind": "text", "text": link}]]


def test_a_malformed_file_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(explain, "CONTENT", tmp_path)
    (tmp_path / "noise.md").write_text("no title\n")
    with pytest.raises(ValueError, match=r"noise\.md must begin"):
        pages()
    (tmp_path / "noise.md").write_text("# Noise\n\nBody.\n\n## Much deeper\n\nMore.\n")
    with pytest.raises(ValueError, match="one section"):
        pages()
    for text, wrong in (("Title", "anchor: title"), ("state: A\n\n## guess, far: B", "must stand once, behind")):
        (tmp_path / "tour.md").write_text(f"# Tour\n\n## {text}\n")
        with pytest.raises(ValueError, match=wrong):
            explain._tour()


def test_the_pages_are_json_and_complete():
    assert json.loads(json.dumps(PAGES)) == PAGES
    assert [stage["key"] for stage in PAGES["stages"]] == ["noise", "numbers", "guess", "touches", "people"]
    assert all(stage["title"] and stage["body"] for stage in PAGES["stages"])
    assert set(TERMS) <= set(PAGES["glossary"])
    assert len({step["anchor"] for step in PAGES["tour"]}) == len(PAGES["tour"]) == 8


@pytest.mark.parametrize("key", STAGES)
def test_a_stage_is_about_a_hundred_words(key):
    assert 80 <= len(words(STAGES[key]["body"]).split()) <= 140


def test_the_tour_takes_two_minutes():
    longest = [max([stop, *stop["when"].values()], key=lambda one: len(words(one["body"]))) for stop in PAGES["tour"]]
    assert sum(len(words(one["body"]).split()) for one in longest) <= 2 * 130  # words a minute, unhurried


def test_every_link_leads_to_the_glossary_and_the_stages_reach_the_main_terms():
    links = {span["to"] for _, body in everything() for paragraph in body for span in paragraph if "to" in span}
    assert links <= set(PAGES["glossary"])
    assert set(TERMS) - {"sigma"} <= links
    assert slug("Text encoder") == "text-encoder"


@pytest.mark.parametrize(("name", "body"), everything(), ids=[name for name, _ in everything()])
def test_the_prose_has_no_markup_left_over_and_no_popular_error(name, body):
    text = words(body)
    assert not re.search(r"[<>](?!unk|;|$)|\]\(|\*\*|https?:|—", text.replace("<unk>", ""))
    assert not re.search(r"checks (if|whether|that)|looks? (more )?like the prompt|removes? the noise", text)
    assert text.strip().endswith((".", "?"))


@pytest.mark.parametrize("key", PAPERS)
def test_formulas_come_with_their_papers(key):
    deeper = words(STAGES[key]["deeper"])
    assert any(span["kind"] == "code" for paragraph in STAGES[key]["deeper"] for span in paragraph)
    for authors, title in PAPERS[key]:
        assert authors in deeper and title in deeper


def shipped(part: str) -> dict:
    """The config of a part of the model that ships, which is the one that visitors see."""
    return json.loads((DEFAULT_MODEL / part / f"{'scheduler_' * (part == 'scheduler')}config.json").read_text("utf-8"))


def test_what_the_prose_says_of_the_small_model_is_so():
    denoiser, encoder, schedule = shipped("unet"), shipped("text_encoder"), shipped("scheduler")
    channels, side, fold = denoiser["in_channels"], denoiser["sample_size"], shipped("vae")["fold"]
    size = side * fold
    touches = words(STAGES["touches"]["deeper"])
    assert f"{channels} × {side} × {side} numbers for {size} × {size} × 3" in touches
    assert f"which is {3 * size**2 // (channels * side**2)} and 48 times fewer" in touches
    assert 512 * 512 * 3 == 48 * 4 * 64 * 64
    numbers = words(STAGES["numbers"]["body"])
    assert f"{encoder['hidden_size']} in the small model" in numbers
    assert f"There are {encoder['max_position_embeddings']} seats" in numbers
    assert f"is {channels} numbers and stands for {fold} × {fold}" in words(PAGES["glossary"]["latent"]["body"])
    assert "three layers deep" in words(STAGES["numbers"]["deeper"]) and encoder["num_hidden_layers"] == 3
    assert schedule["prediction_type"] == "v_prediction" and schedule["rescale_betas_zero_snr"]
    assert "<unk>" in numbers


def test_the_prose_says_of_no_run_what_a_run_can_make_false():
    told = "\n".join(words(body) for _, body in everything()) + "\n".join(step["title"] for step in PAGES["tour"])
    for claim in ("mush", "guess is bad", "This is step", "Where did", "1 steps"):
        assert claim not in told
    assert "looked at" in told and "shown × 8" in told and "by strength" in told


def test_there_are_enough_questions_and_nobody_finds_the_right_answer_by_its_looks():
    asked = [question for belief in explain.questions() for question in belief["questions"]]
    assert len(asked) >= 15
    longest = [max(range(len(one["answers"])), key=lambda at: len(one["answers"][at])) for one in asked]
    assert sum(one["right"] == at for one, at in zip(asked, longest, strict=True)) <= len(asked) / 2
    places = [one["right"] for one in asked]
    assert all(places.count(place) >= len(asked) / 5 for place in range(3))
    assert all(one["asks"].endswith("?") and one["why"].endswith(".") for one in asked)


def test_every_belief_names_where_it_was_met_and_leads_somewhere():
    """What some experiment shows may be left to it; but each belief has a lead to what is on the page today."""
    whole = bundle.markup()
    experiments = {"drowned", "meaning", "copied", "empty", "frozen", "fake"}
    for belief in explain.questions():
        assert "own list" in belief["source"] or re.search(r"\b(19|20)\d\d\b", belief["source"])
        here = []
        for lead in belief["leads"]:
            kind, name = lead.split("/", 1)
            if kind == "try":
                assert name in experiments
                here.append(f'id="oos-try-{name}"' in whole)
            elif kind == "panel":
                here.append(f'data-panel="{name}"' in whole)
            elif kind == "form":
                here.append(f'class="{name}"' in whole)
            else:
                here.append(any(one.strip().startswith(name) for one in series_names()))
        assert any(here), belief["key"]


def series_names() -> list[str]:
    """The comparisons that the page offers, by what their names begin with in its module."""
    return re.findall(r'name: "([^"]+)"', (bundle.WEB / "js" / "series.js").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda beliefs: beliefs[0]["questions"].pop(), "needs two questions"),
        (lambda beliefs: beliefs[0].update(leads=["https://example.org"]), "leads like"),
        (lambda beliefs: beliefs[0]["questions"][0].update(right=3), "one of them right"),
        (lambda beliefs: beliefs[0]["questions"][0].update(answers=["a", "a", "b"]), "3 or 4 answers"),
        (lambda beliefs: beliefs[1].update(key=beliefs[0]["key"]), "a name twice"),
    ],
)
def test_malformed_questions_are_said(tmp_path, monkeypatch, change, wrong):
    beliefs = explain.questions()
    change(beliefs)
    (tmp_path / "questions.json").write_text(json.dumps(beliefs), encoding="utf-8")
    monkeypatch.setattr(explain, "CONTENT", tmp_path)
    with pytest.raises(ValueError, match=wrong):
        explain.questions()
