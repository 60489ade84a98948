"""The four stages: real buttons that open one panel at a time, remembered in the address, and nothing jumps."""

import pytest

NAMES = ["noise", "numbers", "guess", "touches"]


def opened(visitor) -> list[str]:
    """The stages whose button says that its panel is open."""
    return visitor.page.eval_on_selector_all("[data-opens][aria-expanded=true]", "all => all.map(e => e.dataset.opens)")


def shown(visitor) -> list[str]:
    """The stages whose panel is on the page."""
    return visitor.page.eval_on_selector_all(".panel:not([hidden])", "all => all.map(e => e.dataset.stage)")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_stages_open_one_at_a_time_by_keyboard(open_page, width):
    visitor = open_page(width, 844)
    assert visitor.page.locator("[data-opens]").count() == 4 and opened(visitor) == shown(visitor) == []
    for name in NAMES:
        visitor.tab_to(f"[data-opens={name}]")
        visitor.page.keyboard.press("Enter")
        assert opened(visitor) == shown(visitor) == [name]
        controls = visitor.page.get_attribute(f"[data-opens={name}]", "aria-controls")
        assert visitor.page.is_visible(f"#{controls}") and not visitor.is_wide()
        visitor.page.wait_for_timeout(600)  # it may scroll a little to show the panel
    visitor.page.keyboard.press("Space")
    assert opened(visitor) == shown(visitor) == [] and visitor.errors == []


@pytest.mark.parametrize("width", [390, 1280])
def test_what_was_chosen_can_be_seen(open_page, width):
    visitor = open_page(width, 844)
    visitor.run("a blue cat", steps=2)
    visitor.page.evaluate("scrollTo(0, 0)")
    visitor.page.click("[data-opens=numbers]")
    visitor.page.wait_for_timeout(900)
    top, floor = visitor.page.evaluate(
        """() => {
          const dock = document.querySelector(".timeline");
          const docked = getComputedStyle(dock).position === "fixed";
          const top = document.querySelector("[data-stage=numbers]").getBoundingClientRect().top;
          return [top, docked ? dock.getBoundingClientRect().top : innerHeight];
        }"""
    )
    assert 0 <= top < floor - 60


def test_the_third_stage_opens_with_the_first_run(visitor):
    assert shown(visitor) == []
    visitor.run("a blue cat", steps=1)
    assert shown(visitor) == ["guess"]


def test_what_the_visitor_chose_stays_through_runs_and_reloads(visitor):
    visitor.page.click("[data-opens=noise]")
    visitor.run("a blue cat", steps=1)
    visitor.page.wait_for_function("location.hash.includes('open=noise')")
    assert shown(visitor) == ["noise"]
    visitor.page.reload()
    visitor.page.wait_for_selector("[data-stage=noise]", state="visible")
    assert shown(visitor) == ["noise"] and visitor.page.evaluate("document.cookie") == ""
    visitor.page.click("[data-opens=noise]")
    visitor.run("a blue cat", steps=1)
    assert shown(visitor) == []


def test_opening_a_panel_moves_nothing_above_it(visitor):
    visitor.run("a blue cat", steps=2)
    where = "[...document.querySelectorAll('.phases, .stage, .film, .deck')].map((e) => e.offsetTop)"
    before = visitor.page.evaluate(where)
    for name in NAMES:
        visitor.page.click(f"[data-opens={name}]")
        assert visitor.page.evaluate(where) == before


def test_scrubbing_with_a_panel_open_moves_no_scroll_and_asks_nothing(visitor):
    visitor.run("a blue cat", steps=4)
    for name in NAMES:
        visitor.page.click(f"[data-opens={name}]")
        visitor.page.wait_for_timeout(1200)
        visitor.requests.clear()
        before = visitor.page.evaluate("scrollY")
        for key in ("Home", "ArrowRight", "ArrowRight", "End"):
            visitor.page.keyboard.press(key)
        assert visitor.page.evaluate("scrollY") == before and visitor.step == 4
        assert [url for url in visitor.requests if not url.startswith(("data:", "blob:"))] == []


def test_the_stages_say_what_happened(visitor):
    visitor.run("a blue cat", steps=3, seed=7)
    told = visitor.page.eval_on_selector_all(".phases span", "all => all.map(e => e.textContent)")
    assert told[0] == "pure static from seed 7" and told[1] == "3 words became 3 tokens"
    assert told[2].startswith("3 steps in ") and told[3] == "upscale, sharpen"


@pytest.mark.parametrize("name", NAMES)
def test_on_a_phone_every_button_of_a_panel_is_large_enough(open_page, name):
    visitor = open_page(390, 844, has_touch=True)
    visitor.run("a blue cat", steps=2)
    if shown(visitor) != [name]:
        visitor.page.click(f"[data-opens={name}]")
    visitor.page.wait_for_timeout(1500)
    small = visitor.page.evaluate(
        """[...document.querySelectorAll(".panel button:not(.term), .panel select, .panel summary, .panel a")]
           .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML)"""
    )
    assert small == [] and not visitor.is_wide()
