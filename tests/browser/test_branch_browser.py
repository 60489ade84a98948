"""Leaving a run at a step, in a real browser with the model that ships: what is shared, said and refused."""

import re

import pytest
from visiting import Visitor, in_company

WORDS = "a red fox in space"


@pytest.fixture(scope="module")
def guest(browser, address):
    """A visitor whose run of eight steps has ended; its frames are `guest.frames`."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    guest = Visitor(context.new_page(), address)
    guest.frames = guest.run("a blue cat", steps=8, seed=7, scheduler="unipc")
    yield guest
    context.close()


def leave(guest, step: int, **changes):
    """Branch off the run on the timeline at a step, and wait for the branch's end: its messages, the noise first."""
    page = guest.page
    page.evaluate("window.heard.length = 0")
    page.keyboard.press("Home")
    for _ in range(step):
        page.keyboard.press("ArrowRight")
    page.click(".fork-door")
    for name, value in changes.items():
        field = f"dialog.fork [name={name}]"
        page.check(field) if value is True else page.fill(field, value)
    page.click(".go-on")


def ended(guest) -> list[dict]:
    guest.page.wait_for_function("heard.some((message) => message.kind === 'done')", timeout=120_000)
    guest.wait_for_end()
    return guest.heard("frame")


def hashes(frames) -> list[str]:
    return [frame["sha256"] for frame in frames]


def fresh_run(guest):
    """The run of the fixture is on the timeline again."""
    guest.frames = guest.run("a blue cat", steps=8, seed=7, scheduler="unipc")


def test_with_nothing_changed_it_is_the_same_picture(guest):
    for _ in range(8):  # a visitor before may have left a run that is not given up yet
        leave(guest, 3)
        frames = ended(guest)
        if not in_company([*guest.frames, *frames]):
            break
        fresh_run(guest)
    assert hashes(frames) == hashes(guest.frames)
    assert guest.page.text_content(".branch span").startswith(
        "A branch of “a blue cat”, from step 3 on with nothing changed."
    )


def test_other_words_go_on_from_the_same_state(guest):
    fresh_run(guest)
    leave(guest, 3, then=WORDS)
    after, before = hashes(ended(guest)), hashes(guest.frames)
    assert [one == other for one, other in zip(after, before, strict=True)] == [True] * 4 + [False] * 5
    page = guest.page
    assert guest.heard("begin")[0]["prompt"] == WORDS
    page.keyboard.press("End")
    assert page.text_content(".branch span") == f"A branch of “a blue cat”, from step 3 on with the words “{WORDS}”."
    page.keyboard.press("ArrowLeft")
    assert page.text_content("[data-number=ms]").endswith(" ms")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.text_content("[data-number=ms]") == "–"  # it was not drawn again
    assert "still “a blue cat”" in page.text_content("[data-panel=heat]")
    assert page.text_content(".branch span").endswith("This step is still that run’s own, bit for bit.")
    past = page.evaluate("[...document.querySelectorAll('.tiles canvas')].map((tile) => tile.className)")
    assert past == ["past on"] * 4 + ["on"] * 5
    assert page.input_value("#oos-prompt") == "a blue cat"  # what was typed stays
    assert guest.errors == []


def test_fresh_noise_keeps_what_was_before_and_changes_the_state(guest):
    fresh_run(guest)
    leave(guest, 3, fresh=True)
    after, before = hashes(ended(guest)), hashes(guest.frames)
    assert [one == other for one, other in zip(after, before, strict=True)] == [True] * 3 + [False] * 6
    assert "fresh noise over the same guess" in guest.page.text_content(".branch span")


def test_what_cannot_be_is_said_in_the_drawer_and_loses_nothing(guest):
    fresh_run(guest)
    leave(guest, 3, then=WORDS, then_guidance="99")
    page = guest.page
    page.wait_for_selector("dialog.fork[open] .told:not(:empty)")
    assert "1 to 20" in page.text_content("dialog.fork .told")
    assert page.input_value("dialog.fork [name=then]") == WORDS and page.locator(".trouble:visible").count() == 0
    assert guest.step == 3 and not page.locator(".branch").is_visible()
    page.fill("dialog.fork [name=then_guidance]", "7")
    page.click(".go-on")
    ended(guest)
    assert "guidance 7 instead of 3" in page.text_content(".branch span")


def test_a_branch_can_be_left_and_comes_back_after_a_reload(guest):
    fresh_run(guest)
    leave(guest, 2, then=WORDS)
    first = ended(guest)
    leave(guest, 5, then="a blue cat")
    second = ended(guest)
    assert hashes(second)[:6] == hashes(first)[:6] and hashes(second)[6:] != hashes(first)[6:]
    told = guest.page.text_content(".branch span")
    guest.page.reload()
    guest.page.wait_for_selector(".branch:not([hidden])", timeout=120_000)
    guest.wait_for_end()
    guest.page.keyboard.press("End")
    assert guest.page.text_content(".branch span") == told


def test_nothing_follows_the_last_step_and_there_is_no_other_noise_at_the_first(guest):
    page = guest.page
    page.keyboard.press("End")
    assert page.is_disabled(".fork-door") and "last step" in page.get_attribute(".fork-door", "title")
    page.keyboard.press("b")
    assert not page.locator("dialog.fork").is_visible()
    page.keyboard.press("Home")
    page.keyboard.press("b")
    assert page.locator("dialog.fork").is_visible() and page.is_disabled("dialog.fork [name=fresh]")
    page.keyboard.press("Escape")
    assert not page.locator("dialog.fork").is_visible()


def test_four_ways_on_are_four_pictures_and_each_can_be_put_on_the_timeline(guest):
    fresh_run(guest)
    page = guest.page
    for step in (6, 2):
        page.keyboard.press("Home")
        for _ in range(step):
            page.keyboard.press("ArrowRight")
        page.evaluate("window.heard.length = 0")
        page.click(".fork-door")
        page.click("dialog.fork .four")
        page.wait_for_function("heard.filter((message) => message.kind === 'done').length === 4", timeout=240_000)
        page.wait_for_selector(".fan .drop", state="hidden")
        ends = [frame["sha256"] for frame in guest.heard("frame") if frame["index"] == 8]
        assert len({*ends, guest.frames[-1]["sha256"]}) == 5
        assert {begin["branch"]["run"] for begin in guest.heard("begin")} == {guest.frames[0]["run"]}
    told = page.text_content(".fan .told")
    early, late = (float(levels) for levels in re.findall(r"by ([\d.]+)[\w ]* from step \d", told))
    assert early > late > 0 and "the less is still open" in told
    last = guest.heard("begin")[-1]["run"]
    page.click(".fan .ways button:last-child")
    page.wait_for_selector(".branch:not([hidden])")
    assert "fresh noise over the same guess" in page.text_content(".branch span")
    page.wait_for_function("(run) => JSON.parse(sessionStorage['out-of-static:tab']).run === run", arg=last)
    page.click(".branch .back")
    page.wait_for_selector(".branch", state="hidden")
    page.wait_for_function("document.querySelector('[data-number=step]').textContent === '2 / 8'")
    assert guest.errors == []


def test_other_words_on_the_way_can_be_asked_for_before_the_run(open_page):
    visitor = open_page()
    page = visitor.page
    visitor.ask("a blue cat", steps=6, seed=7, then=WORDS)
    assert "at which step" in visitor.trouble() and page.evaluate("document.activeElement.id") == "oos-branch_at"
    page.fill("#oos-branch_at", "3")
    assert "other words from step 3" in page.text_content(".settings-sum")
    page.click(".go")
    visitor.wait_for_end()
    begin = visitor.heard("begin")[0]
    assert begin["prompt"] == WORDS and begin["branch"]["prompt"] == "a blue cat" and begin["branch"]["at"] == 3
    assert page.text_content(".branch span") == f"A branch of “a blue cat”, from step 3 on with the words “{WORDS}”."
    page.wait_for_function("location.hash.includes('branch_at=3')")
    link = page.url
    again = open_page()
    again.page.goto("about:blank")
    again.page.goto(link)
    again.page.wait_for_function("document.querySelector('#oos-then')?.value")
    assert again.page.input_value("#oos-then") == WORDS and again.page.input_value("#oos-branch_at") == "3"
    assert again.heard("begin") == [] and visitor.errors == []
