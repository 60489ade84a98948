"""The curves under the timeline: in step with it, true to the run, complete at its end; and each step's sentence."""

import pytest

STEPS = 10


@pytest.fixture(scope="module")
def ran(either):
    either.run("a blue cat", steps=STEPS, seed=7)
    return either


@pytest.fixture
def watched(ran):
    """A visitor whose run has ended, at its end."""
    ran.page.locator(".scrub").focus()
    ran.page.keyboard.press("End")
    ran.page.wait_for_timeout(400)
    ran.requests.clear()
    return ran


def legend(visitor) -> dict[str, str]:
    rows = visitor.page.locator(".curves .legend > div")
    return {row.get_attribute("class"): row.locator("dd").text_content() for row in rows.all()}


def share(value: float) -> str:
    """As the page writes it: what is not all is never 100 %."""
    if 0.99 < value < 1:
        return "> 99 %"
    return "< 1 %" if 0 < value < 0.01 else f"{int(100 * value + 0.5)} %"


def middle(visitor, selector: str) -> float:
    return visitor.page.evaluate(
        "(s) => { const box = document.querySelector(s).getBoundingClientRect(); return (box.left + box.right) / 2; }",
        selector,
    )


def test_the_line_stands_under_the_films_head_at_every_step(watched):
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "End"):
        watched.page.keyboard.press(key)
        assert middle(watched, ".curves .now") == pytest.approx(middle(watched, ".film .head"), abs=1.5)
    assert watched.requests == [] and watched.errors == []


def test_the_values_are_the_runs_own(watched):
    (done,) = watched.heard("done")[-1:]
    curves = done["curves"]
    for step in (0, 1, 4, STEPS):
        watched.page.keyboard.press("Home")
        for _ in range(step):
            watched.page.keyboard.press("ArrowRight")
        told = legend(watched)
        assert told["noise"] == share(curves["noise_left"][step])
        assert told["change"] == (f"{curves['change'][step]:.1f} levels" if step else "–")
        assert (told["coarse"], told["fine"]) == (share(curves["layout"][step]), share(curves["detail"][step]))
    assert (told["coarse"], told["fine"]) == ("100 %", "100 %") and curves["layout"][-1] == curves["detail"][-1] == 1


def test_the_mark_is_where_the_layout_stays_settled(watched):
    (done,) = watched.heard("done")[-1:]
    point, coarse = done["point"], done["curves"]["layout"]
    assert all(value >= 0.9 for value in coarse[point:]) and (point == 0 or coarse[point - 1] < 0.9)
    assert watched.page.text_content(".curves .decided text").endswith(f"decided at step {point}")
    assert f"step {point}" in watched.page.get_attribute(".curves .plot", "aria-label")


def test_settled_waits_for_the_end(visitor):
    visitor.ask("a blue cat", steps=60)
    visitor.wait_for_step(3)
    assert legend(visitor)["coarse"] == "at the end" and legend(visitor)["noise"].endswith("%")
    visitor.page.keyboard.press("Escape")
    visitor.wait_for_end()
    assert legend(visitor)["coarse"] == "–" and "has none" in visitor.page.text_content(".curves .note")
    assert visitor.page.is_hidden(".curves .decided")


def test_a_press_on_the_curves_goes_to_that_step(watched):
    plot = watched.page.locator(".curves .plot")
    plot.evaluate("(plot) => plot.scrollIntoView({block: 'center'})")  # clear of what is fixed above and below
    watched.page.keyboard.press("Home")
    left, right = middle(watched, ".curves .now"), 0
    watched.page.keyboard.press("End")
    right = middle(watched, ".curves .now")
    box = plot.bounding_box()
    for step in (0, 3, 7, STEPS):
        watched.page.mouse.click(left + (right - left) * step / STEPS, box["y"] + 20)
        assert watched.step == step
    assert watched.requests == []


def test_the_sentence_is_line_alt_text_and_spoken(watched):
    sentences = watched.heard("done")[-1]["sentences"]
    watched.page.keyboard.press("Home")
    for step in range(1, 5):
        watched.page.keyboard.press("ArrowRight")
        told = [
            watched.page.text_content(".said"),
            watched.page.text_content(".live[aria-live=polite]"),
            watched.page.get_attribute("[data-view=guess] canvas", "aria-label"),
        ]
        assert all(sentences[step] in text.replace("\xa0", " ") for text in told)
        assert "layout is" in told[0]


def test_the_line_in_words_keeps_its_room(watched):
    heights = set()
    for _ in range(STEPS + 1):
        heights.add(watched.page.evaluate("document.querySelector('.telling').offsetHeight"))
        watched.page.keyboard.press("ArrowLeft")
    assert len(heights) == 1 and not watched.is_wide()
