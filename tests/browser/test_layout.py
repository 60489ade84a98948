"""In the middle of a run, at every size: prompt, Stop, state and guess are on screen, whole; the timeline at hand."""

import pytest
from fake_engine import FakeEngine
from visiting import Visitor

SIZES = [(390, 844), (768, 1024), (1280, 800), (1366, 768)]
ZOOMED = [(width // 2, height // 2) for width, height in SIZES]  # a page at 200 % has half the pixels
WANTED = [".prompt", ".halt", "[data-view=state] .screen", "[data-view=guess] .screen"]
STEPS = 100
PAUSE = 0.6  # seconds a step: the run outlasts everything that is measured in it

# What of `selector` lies outside the window or under something else, as a list of sentences.
HIDDEN = """
(selectors) => selectors.flatMap((selector) => {
  const element = document.querySelector(selector);
  const {left, top, right, bottom, width, height} = element.getBoundingClientRect();
  const box = [left, top, right, bottom].map(Math.round).join(" ");
  if (width < 40 || height < 20) return [`${selector} is no larger than ${Math.round(width)} x ${Math.round(height)}`];
  if (left < 0 || top < 0 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5)
    return [`${selector} sticks out of ${innerWidth} x ${innerHeight}: ${box}`];
  const inside = 7;
  const corners = [left + inside, right - inside].flatMap((x) => [top + inside, bottom - inside].map((y) => [x, y]));
  return [...corners, [(left + right) / 2, (top + bottom) / 2]].flatMap(([x, y]) => {
    const met = document.elementFromPoint(x, y);
    const seen = element.contains(met) || element.parentElement.contains(met);
    return seen ? [] : [`${selector} is under .${met?.className} at ${Math.round(x)} ${Math.round(y)}`];
  });
})
"""

# Elements whose own text is cut off without an ellipsis, or lies beyond the window's edge; rows that scroll may.
CUT = """
() => [...document.querySelectorAll(".oos *")].flatMap((element) => {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !element.checkVisibility({visibilityProperty: true})) return [];
  if (element.closest(".unseen, .offers, .runs")) return [];
  const {left, right} = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const wide = element.scrollWidth > element.clientWidth + 1 && style.overflowX === "hidden";
  const high = element.scrollHeight > element.clientHeight + 2 && style.overflowY === "hidden";
  const cut = (wide && style.textOverflow !== "ellipsis") || (high && style.whiteSpace !== "nowrap");
  const outside = left < -1 || right > innerWidth + 1;
  return cut || outside ? [`${element.tagName}.${element.className}: ${element.textContent}`] : [];
})
"""


@pytest.fixture(scope="module")
def slow(launched):
    """The address of a page whose model takes its time."""
    return launched(FakeEngine(pause=PAUSE))


def settled(page) -> None:
    """Wait until nothing scrolls any more."""
    page.wait_for_function(
        "() => { const now = scrollY, still = now === window.before; window.before = now; return still; }", polling=250
    )


def test_everything_that_matters_in_a_run_is_on_screen_at_every_size(browser, slow):
    context = browser.new_context()
    visitor, wrong = Visitor(context.new_page(), slow), {}
    for size in SIZES + ZOOMED:
        visitor.page.set_viewport_size({"width": size[0], "height": size[1]})
        visitor.page.evaluate("scrollTo(0, 0)")
        visitor.ask("a red fox riding a blue skateboard in space", steps=STEPS)
        visitor.wait_for_step(2)
        settled(visitor.page)
        told = visitor.page.evaluate(HIDDEN, WANTED) + visitor.page.evaluate(CUT)
        dock = visitor.page.locator(".timeline").bounding_box()
        if dock["height"] > size[1] / 3:
            told.append(f"the timeline takes {dock['height']:.0f}")
        if visitor.is_wide():
            told.append("the page can be moved sideways")
        if told:
            wrong[size] = told
        visitor.page.evaluate("document.querySelector('.halt').click()")
        visitor.page.wait_for_selector(".oos:not(.running)")
    context.close()
    assert wrong == {} and visitor.errors == []


def test_in_a_frame_that_is_400_high_the_timeline_is_at_hand_after_a_run(browser, slow):
    context = browser.new_context(viewport={"width": 900, "height": 700})
    page = context.new_page()
    page.set_content(f'<h1>Ours</h1><iframe src="{slow}" width="860" height="400"></iframe>')
    frame = page.frame_locator("iframe")
    frame.locator("[data-drawer=settings]").click(timeout=120_000)
    frame.locator("#oos-steps").fill("3")
    frame.locator("#oos-prompt").fill("a blue cat")
    frame.locator(".go").click()
    frame.locator(".oos:not(.running) .take.ready").wait_for(timeout=120_000)
    told = page.frames[1].evaluate(HIDDEN, [".film", ".play"])
    high = page.frames[1].evaluate("document.querySelector('.timeline').offsetHeight")
    context.close()
    assert told == [] and high <= 400 / 3


def test_the_foot_ends_with_a_word_and_not_with_a_dot(browser, slow):
    context = browser.new_context()
    visitor = Visitor(context.new_page(), slow)
    foot = visitor.page.locator("footer").last.inner_text().strip()
    context.close()
    assert foot and foot[-1].isalnum()
