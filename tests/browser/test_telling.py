"""The prose, the glossary that its words lead to, and the guided tour: all by keyboard, on a desk and on a phone."""

import pytest

STOPS = 10


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


def test_the_tour_of_a_run_goes_to_every_place_and_shows_it(reader):
    begin_tour(reader)
    reader.page.click("[data-drawer=settings]")
    reader.page.fill("#oos-steps", "4")
    reader.page.focus(".run-one")
    reader.page.keyboard.press("Enter")
    reader.wait_for_end()
    seen = []
    for number in range(2, STOPS + 1):
        reader.page.focus(".later")
        reader.page.keyboard.press("Enter")
        reader.page.wait_for_timeout(900)
        assert reader.page.text_content(".stop-number") == f"{number} of {STOPS}"
        lit = reader.page.locator(".lit")
        assert lit.count() == 1 and lit.is_visible()
        place, card = lit.bounding_box(), reader.page.locator(".tour").bounding_box()
        height = reader.page.viewport_size["height"]
        free = (card["y"] + card["height"], height) if card["y"] < height / 2 else (0, card["y"])
        assert (
            place["y"] < free[1] - 40 and place["y"] + place["height"] > free[0] + 40
        )  # some of it is beside the card
        seen.append(reader.page.evaluate("document.querySelector('.tour h2').textContent"))
        if number == 3:
            assert reader.step == 0
    assert len(set(seen)) == STOPS - 1 and reader.errors == []


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
