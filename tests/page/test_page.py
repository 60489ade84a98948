"""The page and the API as a client sees them, served by Gradio on an engine without a model."""

import json
import re
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from demo.page import page
from demo.page.facts import facts
from demo.page.live import Live
from demo.page.site import STATIC
from demo.page.vocabulary import EXAMPLES, groups, related
from demo.run import bundle, explain
from demo.run.store import Runs


@pytest.fixture(scope="module")
def client(address):
    return Client(address, verbose=False)


def get(url: str):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()


def test_generate_gives_the_picture_the_gif_and_the_trace(client):
    picture, gif, trace = client.predict("a blue cat", 7, 4, 5, "ddim", api_name="/generate")
    assert Image.open(picture).size == (64, 64)
    assert Image.open(gif).n_frames == 5 and Path(gif).name == "out-of-static-a-blue-cat-seed-7.gif"
    asked = {key: trace[key] for key in ("prompt", "seed", "steps", "guidance", "scheduler", "model")}
    assert asked == {
        "prompt": "a blue cat", "seed": 7, "steps": 4, "guidance": 5, "scheduler": "ddim", "model": "fake",
    }  # fmt: skip
    assert [state["index"] for state in trace["states"]] == [0, 1, 2, 3, 4]
    assert all({"timestep", "sigma", "seconds"} <= set(state) for state in trace["states"])


def test_generate_needs_only_a_prompt(client):
    _, _, trace = client.predict("a cat", api_name="/generate")
    assert (trace["steps"], trace["guidance"], trace["scheduler"]) == (30, FakeEngine().abilities.guidance, "ddim")


BAD = [("", 7), (5, 7), (["a"], 7), ("a cat", -1), ("a cat", 7, 0), ("a cat", 7, 4, 50), ("a cat", 7, 4, 5, "magic")]


@pytest.mark.parametrize("arguments", BAD, ids=str)
def test_bad_input_gets_its_sentence(client, arguments):
    with pytest.raises(AppError, match=r"^[A-Z][^\n]*\.$"):
        client.predict(*arguments, api_name="/generate")


def test_a_broken_model_is_one_sentence(client, monkeypatch):
    monkeypatch.setattr(FakeEngine, "_frame", lambda *_: 1 / 0)
    with pytest.raises(AppError, match=r"^Something broke inside the run \(ZeroDivisionError\);"):
        client.predict("a cat", api_name="/generate")


def test_generate_is_the_only_thing_offered(client):
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/generate"]


def test_the_pages_files_are_served_and_asked_for_again(address):
    for file in (*STATIC.glob("js/**/*.js"), *STATIC.glob("css/**/*.css")):
        assert get(f"{address}out-of-static/{file.relative_to(STATIC)}") == (200, file.read_text("utf-8"))
    with urllib.request.urlopen(f"{address}out-of-static/js/main.js", timeout=10) as answer:
        assert answer.headers["Cache-Control"] == "no-cache"


def test_the_page_is_named_and_asks_nobody_else(address):
    config = json.loads(get(address + "config")[1])
    assert config["title"] == "Out of Static"
    assert "fonts.g" not in json.dumps(config.get("stylesheets", []))


def test_the_template_is_inert():
    """Gradio runs it through Handlebars and a JavaScript template literal: none of their signs may be in it."""
    text = bundle.markup()
    assert [sign for sign in ("`", "${", "{{", "\\", "<script") if sign in text] == []


def test_every_fragment_is_in_the_page_and_has_its_module_and_sheet():
    text = bundle.markup()
    assert "<!--" not in text
    for file in STATIC.glob("panels/*.html"):
        assert file.read_text("utf-8").strip() in text and f'data-panel="{file.stem}"' in text
        assert "export class Panel" in (STATIC / "js" / "panels" / f"{file.stem}.js").read_text("utf-8")
        assert (STATIC / "css" / "panels" / f"{file.stem}.css").is_file()
    assert all(file.read_text("utf-8").strip() in text for file in STATIC.glob("parts/*.html"))


def test_every_place_has_its_prose_and_every_stop_of_the_tour_its_place():
    text, prose = bundle.markup(), explain.pages()
    assert re.findall(r'data-lore="(\w+)"', text) == [stage["key"] for stage in prose["stages"]]
    asides = {"prompt": 'class="ask"', "machine": 'class="machine"'}
    for stop in prose["tour"]:
        place = asides.get(stop["anchor"], rf'data-(?:tour|view|panel)="{stop["anchor"]}"')
        assert re.search(place, text), f"the tour goes to {stop['anchor']}, which is not on the page"
    for term in re.findall(r'data-term="([^"]+)"', text):
        assert term in prose["glossary"]


def test_what_was_typed_is_never_markup():
    for file in STATIC.glob("js/**/*.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", file.read_text("utf-8")
        )


def test_every_selector_of_the_scripts_is_in_the_template():
    text = bundle.markup()
    for file in STATIC.glob("js/**/*.js"):
        for name in re.findall(r"(?:querySelector|find)\(\"[.#]([\w-]+)\"\)", file.read_text("utf-8")):
            assert re.search(rf'(?:id|class)="[^"]*\b{name}\b', text), f"{file.name} looks for {name}"


def test_the_facts_are_plain_and_whole(settings):
    told = json.loads(json.dumps(facts(FakeEngine(), settings)))
    assert told["examples"] == list(EXAMPLES) and len(EXAMPLES) >= 5
    assert told["limits"] == {
        "prompt": 500,
        "steps": [1, 100],
        "guidance": [1, 20],
        "seed": 2**32 - 1,
        "side": [64, 4096],
    }
    assert "cat" in told["words"] and told["schedulers"]["ddim"] == "DDIM"
    assert told["guidance"] == FakeEngine().abilities.guidance
    assert told["cost"] is None and facts(FakeEngine(seconds=2), settings)["cost"] == 2 * told["steps"]
    assert [facts(FakeEngine(flags=flags), settings)["held"] for flags in (None, False)] == [False, True]
    assert not facts(FakeEngine(flags=False), replace(settings, show_before_check=True))["held"]


def test_the_server_functions_check_what_they_are_given(settings):
    live = Live(FakeEngine(), Runs(settings.exports / "runs"))
    functions = {function.__name__: function for function in page._server(live, settings, None)}
    assert functions["cost"]({"steps": "30"}) == {"seconds": None}
    assert functions.pop("stop")(None) == {"stopped": False}
    assert functions["missing"]({"first": 0}) == {"messages": [], "alive": False, "known": False}
    assert len(functions.pop("atlas")(None)["words"]) == len(FakeEngine.vocabulary)
    assert len(functions.pop("hide")(None)["names"]) == 4
    assert set(functions) == {
        "missing",
        "numbers",
        "token",
        "guesses",
        "overlap",
        "without",
        "touch",
        "exact",
        "cost",
    } | {
        "judge",
        "nearest",
        "held_out",
        "keep",
        "kept",
        "drop",
        *("drown", "clearer", "name"),
    }
    for ask in functions.values():
        for strange in (None, [], "x", {}, {"prompt": 5, "run": {}, "step": "x"}):
            assert re.fullmatch(r"[A-Z].*\.", ask(strange)["error"])
    assert functions["numbers"]({"prompt": "a cat"})["tokens"][2]["typed"] == "cat"


def test_groups_come_from_the_model_folder(tmp_path):
    assert groups(str(tmp_path), None) == {}
    assert groups(str(tmp_path), ("a", "b")) == {"words": ["a", "b"]}
    told = {"words": ["red", "cat"], "groups": {"colours": ["red"], "rides": []}}
    (tmp_path / "vocabulary.json").write_text(json.dumps(told))
    assert groups(str(tmp_path), tuple(told["words"])) == {"colours": ["red"]} and related(str(tmp_path)) == {}
    told = {"words": ["red", "cat"], "colours": ["red"], "related": {"kitten": ["cat"]}}
    (tmp_path / "vocabulary.json").write_text(json.dumps(told))
    assert groups(str(tmp_path), tuple(told["words"])) == {"colours": ["red"]}
    assert related(str(tmp_path)) == {"kitten": ["cat"]}
