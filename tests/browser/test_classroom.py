"""For a class: a run that is told at a pace, held, and let on by key; and the page on a projector."""

import pytest
from fake_engine import FakeEngine
from visiting import Visitor

STEPS = 6


@pytest.fixture(scope="module")
def fake(launched):
    return launched(FakeEngine())


@pytest.fixture(params=[(1280, 720), (390, 844)], ids=["desk", "phone"])
def guest(request, browser, fake):
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    yield Visitor(context.new_page(), fake)
    context.close()


def slow(guest, pace: str) -> None:
    """Ask for a run at a pace, and wait until all of it has come and none of it is told but the noise and a step."""
    page = guest.page
    page.click("[data-drawer=settings]")
    page.fill("#oos-pace", pace)
    guest.ask("a cat", steps=STEPS, seed=3)
    page.wait_for_function(f"heard.some(({{ kind, index }}) => kind === 'frame' && index === {STEPS})", timeout=120_000)


def test_a_held_run_is_let_on_by_key_and_told_whole_when_it_is_stopped(guest):
    page = guest.page
    slow(guest, "3")
    page.locator(".scrub").focus()
    page.keyboard.press("p")
    assert page.text_content(".hold") == "Go on" and page.get_attribute(".hold", "aria-pressed") == "true"
    at = guest.step
    assert at <= 1 and page.locator(".tiles canvas.on").count() == at + 1  # nothing of what is to come is shown
    page.keyboard.press("n")
    page.wait_for_function(f"document.querySelector('[data-number=step]').textContent === '{at + 1} / {STEPS}'")
    ahead = STEPS - at - 1
    assert page.text_content(".ahead") == f"Shown at your pace: the machine is {ahead} steps ahead"
    assert page.is_visible(".next-step") and not guest.is_wide()
    page.wait_for_timeout(400)  # before that a click is taken for the second half of a double click on Generate
    page.click(".halt")
    guest.wait_for_end()
    assert guest.reached == STEPS and page.locator(".hold:visible, .ahead:visible").count() == 0
    assert "pace" not in page.url and guest.errors == []


def test_the_pace_acts_at_once_and_the_next_run_is_told_as_fast_as_it_comes(guest):
    slow(guest, "3")
    assert guest.page.text_content(".pace-told") == "3 s a step"
    guest.page.fill("#oos-pace", "0")
    guest.wait_for_end()
    assert guest.reached == STEPS
    assert len(guest.run("a cat", steps=2)) == 3 and guest.errors == []


def test_on_a_projector_prompt_state_and_guess_fill_the_screen(browser, fake):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    guest = Visitor(context.new_page(), fake)
    guest.run("a cat", steps=STEPS, seed=3)
    page = guest.page
    page.keyboard.press("f")
    page.wait_for_selector(".oos.projector")
    boxes = [page.locator(f"[data-view={view}] canvas").first.bounding_box() for view in ("state", "guess")]
    assert all(box["height"] > 350 and box["y"] + box["height"] < 720 for box in boxes)
    assert page.locator("[data-phase=picture]").bounding_box()["height"] > 25
    assert page.is_hidden("#oos-prompt") and page.evaluate("document.documentElement.scrollHeight <= innerHeight + 1")
    buttons = page.locator(".projector-bar button, .play").all()
    assert all(min(one.bounding_box()[side] for side in ("width", "height")) >= 64 for one in buttons)
    page.click(".project-back")
    assert guest.step == STEPS - 1
    page.click(".project-on")
    assert guest.step == STEPS and page.is_disabled(".project-on")
    page.keyboard.press("Escape")
    page.wait_for_selector(".oos:not(.projector)")
    page.click(".project")
    page.click(".project-leave")
    page.wait_for_selector(".oos:not(.projector)")
    assert page.is_visible("#oos-prompt") and guest.errors == []
    context.close()


def test_what_gives_a_run_away_is_covered_until_the_end_and_the_answers_stand_beside_it(browser, fake):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    guest = Visitor(context.new_page(), fake)
    page = guest.page
    assert page.is_disabled(".predict-door")
    guest.run("a <b>cat</b>", steps=STEPS, seed=3)
    page.select_option(".speed select", "24")
    page.click(".predict-door")
    hostile = ["", "a dog", "<img src=x onerror=alert(1)>"]
    for number, answer in enumerate(hostile):
        page.wait_for_selector(".predict form:not([hidden])")
        covered = page.locator(".film:visible, .phases:visible, .visit:visible, .panel:visible").count()
        page.wait_for_function("location.hash === ''")
        assert "cat</b>" not in page.get_attribute("[data-view=state] canvas", "aria-label")
        assert covered == 0 and guest.step == [1, 2, 4][number] and not guest.is_wide()
        if answer:
            page.keyboard.type(answer)
            page.keyboard.press("Enter")
        else:
            page.click(".no-idea")
    page.wait_for_selector(".revealed:not([hidden])")
    told = page.locator(".revealed .what").all_text_contents()
    assert told == ["no idea yet", "a dog", "<img src=x onerror=alert(1)>", "a <b>cat</b>"]
    assert page.is_visible(".film") and guest.step == STEPS and not guest.is_wide()
    guest.ask("a green pear", steps=STEPS, seed=4)  # a live run waits at each question, too
    for _ in range(3):
        page.wait_for_selector(".predict form:not([hidden])")
        assert page.get_attribute(".oos", "class").count("secret") == 1
        page.click(".no-idea")
    page.wait_for_selector(".revealed:not([hidden])")
    assert page.locator(".revealed .what").last.text_content() == "a green pear"
    page.click(".again-predict")
    page.wait_for_selector(".predict form:not([hidden])")
    page.evaluate("heard.length = 0")
    page.locator(".go").click()  # without an answer: the next run does not wait for it
    guest.wait_for_step(STEPS)
    page.wait_for_selector(".predict form:not([hidden])")
    page.wait_for_function("document.querySelector('[data-number=step]')?.textContent.startsWith('1 ')")
    page.click(".predict-door")
    assert page.is_hidden(".predict") and guest.errors == []
    guest.wait_for_end()
    context.close()
