"""A flick along the filmstrip, by a finger: the head goes on and comes to rest, and a finger holds it."""

import time

import pytest


@pytest.fixture
def phone(open_page):
    visitor = open_page(390, 844, has_touch=True)
    visitor.page.wait_for_selector(".oos", state="visible")
    return visitor


def swipe(visitor, start: float, end: float, moves: int = 5, hold: int = 0) -> None:
    """A finger from one share of the strip's width to another; `hold` ms at rest before it lifts."""
    page = visitor.page
    page.locator(".scrub").scroll_into_view_if_needed()
    box = page.locator(".scrub").bounding_box()
    touch = page.context.new_cdp_session(page)

    began = time.time()

    def send(kind: str, ms: float, share: float | None) -> None:
        """The finger's own time: what the page makes of it must not hang on how busy it is."""
        point = [] if share is None else [{"x": box["x"] + share * box["width"], "y": box["y"] + box["height"] / 2}]
        what = {"type": kind, "touchPoints": point, "timestamp": began + ms / 1000}
        touch.send("Input.dispatchTouchEvent", what)

    send("touchStart", 0, start)
    for at in range(1, moves + 1):
        send("touchMove", 16 * at, start + (end - start) * at / moves)
    send("touchEnd", 16 * moves + hold, None)


def rest(visitor) -> int:
    """The step on show when it has been there for half a second."""
    before, step = None, visitor.step
    while step != before:
        visitor.page.wait_for_timeout(500)
        before, step = step, visitor.step
    return step


def test_a_flick_goes_on_and_comes_to_rest(phone):
    phone.run("a red fox", steps=30)
    swipe(phone, 0.02, 0.4)
    assert 16 < rest(phone) <= 30 and phone.errors == []


def test_what_is_put_down_stays_and_so_it_does_for_those_who_want_less_motion(phone):
    phone.run("a red fox", steps=30)
    swipe(phone, 0.02, 0.4, hold=300)
    assert 8 <= rest(phone) <= 16
    phone.page.emulate_media(reduced_motion="reduce")
    swipe(phone, 0.02, 0.4)
    assert 8 <= rest(phone) <= 16
