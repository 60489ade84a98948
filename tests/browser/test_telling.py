"""The prose, the glossary that its words lead to, and the guided tour: all by keyboard, on a desk and on a phone."""

import pytest
from fake_engine import FakeEngine
from visiting import Visitor

STOPS = 8


@pytest.fixture(params=[390, 1280])
def reader(open_page, request):
    return open_page(request.param, 844)


def explained(visitor) -> str | None:
    """The title of the glossary's popover, None while it is closed."""
    return visitor.page.evaluate(
        """() => { const e = document.querySelector(".glossary");
          return e.matches(":popover-open") ? e.querySelector("h2").textContent : null; }"""
    )


def test_every_stage_has_its_prose_with_a_bit_deeper(reader):
    for name in ("noise", "numbers", "guess", "touches"):
        reader.page.click(f"[data-opens={name}]")
        text = reader.page.locator(f"[data-stage={name}] .lore > p").all_text_contents()
        assert 60 <= len(" ".join(text).split()) <= 180
        summary = reader.page.locator(f"[data-stage={name}] .lore summary")
        assert reader.page.is_hidden(f"[data-stage={name}] .lore details p")
        summary.focus()
        reader.page.keyboard.press("Enter")
        assert reader.page.locator(f"[data-stage={name}] .lore details p").first.is_visible() and not reader.is_wide()
    assert reader.errors == []


def test_a_word_leads_to_its_meaning_and_escape_comes_back(reader):
    reader.tab_to("[data-opens=noise]")
    reader.page.keyboard.press("Enter")
    reader.tab_to(".lore [data-term=seed]")
    reader.page.keyboard.press("Enter")
    assert explained(reader) == "Seed" and not reader.is_wide()
    box = reader.page.locator(".glossary").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= reader.page.viewport_size["width"]
    reader.tab_to(".glossary [data-term=noise]")
    reader.page.keyboard.press("Enter")
    assert explained(reader) == "Noise"
    reader.page.keyboard.press("Escape")
    assert explained(reader) is None
    assert reader.page.evaluate("document.activeElement.dataset.term") == "seed" and reader.errors == []


def test_every_term_of_the_glossary_can_be_reached_from_the_page(visitor):
    terms = "all => all.map((e) => e.dataset.term)"
    linked = set(visitor.page.eval_on_selector_all(".oos [data-term]", terms))
    waiting = list(linked)
    while waiting:  # from note to note
        visitor.page.evaluate("(term) => document.querySelector(`.oos [data-term=${term}]`).click()", waiting[0])
        assert explained(visitor), f"{waiting[0]} has no meaning"
        more = set(visitor.page.eval_on_selector_all(".glossary [data-term]", terms)) - linked
        linked |= more
        waiting = [*waiting[1:], *more]
    assert {"latent", "token", "embedding", "sigma", "guidance", "scheduler"} <= linked and visitor.errors == []


def test_escape_closes_the_note_and_not_the_run(visitor):
    visitor.page.click("[data-opens=noise]")
    visitor.ask("a blue cat", steps=60)
    visitor.wait_for_step(2)
    visitor.page.locator("[data-stage=noise] [data-term=seed]").click()
    assert explained(visitor) == "Seed"
    visitor.page.keyboard.press("Escape")
    assert explained(visitor) is None
    visitor.wait_for_end()
    assert not visitor.heard("done")[-1]["stopped"]


def test_what_a_person_does_differently_is_told(reader):
    reader.tab_to(".people > summary")
    reader.page.keyboard.press("Enter")
    assert reader.page.is_visible(".people .lore p >> nth=0") and not reader.is_wide()


def begin_tour(visitor) -> None:
    visitor.tab_to(".begin-tour")
    visitor.page.keyboard.press("Enter")
    assert visitor.page.is_visible(".tour") and visitor.page.text_content(".stop-number") == f"1 of {STOPS}"


def test_the_tour_starts_no_run_unless_told_to(reader):
    begin_tour(reader)
    for _ in range(STOPS - 1):
        reader.page.keyboard.press("Enter")
        reader.page.wait_for_timeout(150)
        assert not reader.is_wide()
    assert reader.page.text_content(".stop-number") == f"{STOPS} of {STOPS}"
    reader.page.keyboard.press("Enter")
    assert reader.page.is_hidden(".tour") and reader.page.locator(".lit").count() == 0
    assert reader.heard("begin") == [] and reader.errors == []
    assert reader.page.evaluate("document.activeElement.className").endswith("begin-tour")


def said(visitor) -> str:
    return visitor.page.inner_text(".tour h2") + ": " + visitor.page.inner_text(".stop-body")


def beside(visitor) -> bool:
    """Whether what the card speaks of is lit, and some of it can be seen beside the card."""
    lit = visitor.page.locator(".lit")
    place, card = lit.bounding_box(), visitor.page.locator(".tour").bounding_box()
    height = visitor.page.viewport_size["height"]
    free = (card["y"] + card["height"], height) if card["y"] < height / 2 else (0, card["y"])
    return lit.count() == 1 and place["y"] < free[1] - 40 and place["y"] + place["height"] > free[0] + 40


def test_the_tour_from_start_to_end_says_what_is_so_and_takes_a_word_out(reader):
    """By keyboard alone. What it says is held against the run's own messages."""
    page, seen = reader.page, []
    page.click("[data-drawer=settings]")
    page.fill("#oos-steps", "6")
    begin_tour(reader)
    page.focus(".run-one")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.tour h2').textContent === 'It is under way'")
    assert page.is_hidden(".run-one")  # a second run is not offered while one is under way
    reader.wait_for_end()

    def on(number: int) -> str:
        page.focus(".later")
        page.keyboard.press("Enter")
        page.wait_for_timeout(900)
        assert page.text_content(".stop-number") == f"{number} of {STOPS}" and beside(reader) and not reader.is_wide()
        seen.append(said(reader))
        return seen[-1]

    end, first = reader.heard("done")[-1], reader.heard("begin")[0]
    layout = end["curves"]["layout"]
    on(2)
    assert f"static from seed {first['seed']}" in on(3) and reader.step == 0
    assert f"{int(100 * layout[1] + 1e-9) / 100:.2f} of 1" in on(4) and reader.step == 1
    told, lowest = on(5), min(layout[1:])
    point = end["point"]
    if point < 6:
        assert told.startswith("It changed its mind" if lowest < 0.8 else "It hardly changed its mind")
        assert f"step {point} of 6" in told and f"{int(100 * max(0, lowest) + 1e-9) / 100:.2f} of 1" in told
        assert reader.step == point
    else:
        assert told.startswith("It never quite made up its mind")
    on(6)
    on(7)
    word = page.inner_text(".run-one").removeprefix("Take out “").removesuffix("”")
    assert word == page.evaluate("document.querySelector('#oos-without').selectedOptions[0].text")
    page.focus(".run-one")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.tour h2').textContent.startsWith('The same static')")
    page.wait_for_function(
        "/^(That was|It was not)/.test(document.querySelector('.tour h2').textContent)", timeout=120_000
    )
    without = reader.heard("begin")[-1]
    assert word in first["prompt"].split() and word not in without["prompt"].split()
    assert without["seed"] == first["seed"] and word in page.inner_text(".tour h2") and reader.step == 6
    page.wait_for_timeout(900)
    assert beside(reader)
    on(8)
    assert len(set(seen)) == STOPS - 1 and reader.errors == []
    page.keyboard.press("Escape")
    assert page.is_hidden(".tour") and page.evaluate("document.activeElement.className").endswith("begin-tour")


def test_the_tour_waits_for_the_step_that_it_speaks_of_and_never_contradicts_a_run(browser, launched):
    visitor = Visitor(browser.new_page(), launched(FakeEngine(pause=0.5)))
    page = visitor.page
    page.click(".begin-tour")
    visitor.ask("a red fox on a skateboard", steps=50)
    visitor.wait_for_step(2)
    for _ in range(4):
        page.click(".later")
    assert said(visitor).startswith("Did it change its mind?: That is measured against the end")
    newest = visitor.heard("frame")[-1]["index"]
    follows = "(step) => parseInt(document.querySelector('[data-number=step]').textContent) > step"
    page.wait_for_function(follows, arg=newest + 2)
    page.click(".later")
    page.click(".later")
    assert "When this run has ended" in said(visitor) and page.is_hidden(".run-one")
    visitor.wait_for_end()
    page.wait_for_selector(".run-one:has-text('Take out')")
    assert page.inner_text(".run-one") == "Take out “skateboard”"
    page.select_option("#oos-without", label="red")
    assert page.inner_text(".run-one") == "Take out “red”" and "“red”" in said(visitor)
    assert visitor.errors == []
    page.context.close()


def test_a_link_begins_the_tour_and_no_run(browser, address):
    page = browser.new_page(reduced_motion="reduce")
    visitor = Visitor(page, address + "#try=tour")
    page.wait_for_selector(".tour:not([hidden])")
    assert page.evaluate("document.activeElement.matches('.later')") and visitor.heard("begin") == []
    page.keyboard.press("Escape")
    assert page.is_hidden(".tour") and page.evaluate("document.activeElement.matches('.begin-tour')")
    page.wait_for_timeout(800)
    assert "try=tour" not in page.url and visitor.errors == []  # it was begun, and does not begin again by itself
    page.close()


def test_escape_leaves_the_tour_anywhere_and_stops_no_run(visitor):
    begin_tour(visitor)
    visitor.ask("a blue cat", steps=60)
    visitor.wait_for_step(2)
    visitor.page.keyboard.press("Escape")
    assert visitor.page.is_hidden(".tour")
    visitor.wait_for_end()
    assert not visitor.heard("done")[-1]["stopped"]


def test_the_tour_holds_nobody(reader):
    begin_tour(reader)
    reader.tab_to("#oos-prompt")  # Tab leads out of the card, to what it speaks of
    reader.page.keyboard.type("a red fox")
    assert reader.page.input_value("#oos-prompt") == "a red fox" and reader.page.is_visible(".tour")
    reader.page.click("[data-opens=noise]")
    assert reader.page.is_visible("[data-stage=noise]") and reader.page.is_visible(".tour")
    reader.tab_to(".leave-tour", back=True)
    reader.page.keyboard.press("Enter")
    assert reader.page.is_hidden(".tour")
