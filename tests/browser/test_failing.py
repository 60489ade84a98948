"""Networks fail: each call of the page once, the stream in mid-run, a message here and there. Every time there is a
sentence or a silent repair, and the next Generate works. A fake engine, since the model does not matter here."""

import json
import re
import threading

import pytest
from fake_engine import FakeEngine
from visiting import Visitor, serve

from demo.run import schema

STEPS = 6
LOSE = """
window.lost = 0;
window.addEventListener("out-of-static:message", (event) => {
  const message = JSON.parse(event.detail);
  const { kind, index, from } = window.losing ?? {};
  const cut = from !== undefined && message.number >= from;
  if (!cut && (message.kind !== kind || (index !== undefined && message.index !== index))) return;
  if (!cut) window.losing = null;
  window.lost += 1;
  event.stopImmediatePropagation();
});
"""
KEPT = """() => new Promise((resolve) => {
  const opening = indexedDB.open("out-of-static");
  opening.onsuccess = () => {
    const all = opening.result.transaction("runs").objectStore("runs").getAll();
    all.onsuccess = () => resolve(all.result.some(({ text }) => JSON.parse(text).at(-1).kind === "done"));
  };
})"""


@pytest.fixture(scope="module")
def fake(launched):
    return launched(FakeEngine(pause=0.05))


@pytest.fixture
def guest(browser, fake):
    """A visitor of the fake whose messages can be lost: set window.losing."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(LOSE)
    yield Visitor(page, fake)
    context.close()


def still_works(guest) -> None:
    """The form is free, and the next run comes to its end."""
    guest.page.wait_for_selector(".go:not([hidden])", timeout=120_000)
    guest.ask("a blue cat", steps=2, seed=7)
    guest.wait_for_end()
    assert guest.reached == 2 and guest.errors == []


def fail(guest, what: str, how: str, times: int = 1) -> list[str]:
    """Let the next `times` calls whose address or body holds `what` fail: abort, 500, hang. Returns those that did."""
    failed = []

    def handle(route):
        body = route.request.post_data or ""
        if len(failed) >= times or (what not in route.request.url and f'"{what}"' not in body):
            return route.fallback()
        failed.append(route.request.url)
        if how == "abort":
            route.abort()
        elif how == "500":
            route.fulfill(status=500, body="broken")
        # "hang": never answered

    guest.page.route("**/*", handle)
    return failed


@pytest.mark.parametrize("bad", [{"prompt": ""}, {"prompt": "a cat", "seed": "abc"}], ids=["empty", "seed"])
def test_bad_input_twice_gets_its_sentence_twice(guest, bad):
    for _ in range(2):
        guest.ask(**bad)
        sentence = guest.trouble()
        assert sentence.endswith(".") and guest.page.is_visible(".go")
        guest.page.fill("#oos-prompt", "changed")  # takes the sentence away
        assert guest.page.is_hidden(".trouble")
    still_works(guest)


@pytest.mark.parametrize(
    "losing", [{"kind": "begin"}, {"kind": "done"}, {"kind": "frame", "index": 3}, {"from": 3}], ids=str
)
def test_a_lost_message_is_repaired(guest, losing):
    guest.page.evaluate("(losing) => (window.losing = losing)", losing)
    guest.ask("a blue cat", steps=STEPS)
    guest.wait_for_end()
    assert guest.page.evaluate("window.lost") >= 1 and guest.reached == STEPS
    assert guest.page.is_hidden(".trouble") and guest.page.get_attribute(".take", "aria-disabled") == "false"
    guest.page.evaluate("window.losing = null")
    still_works(guest)


@pytest.mark.parametrize("how", ["abort", "500", "hang"])
def test_a_request_for_a_run_that_fails_once(guest, how):
    """With a hanging join, Gradio itself may still hold the next one back: there Stop must free the form."""
    failed = fail(guest, "queue/join", how)
    guest.ask("a blue cat", steps=STEPS)
    if how == "hang":
        guest.page.wait_for_timeout(1000)
        guest.page.click(".halt")
        guest.page.wait_for_selector(".go:not([hidden])", timeout=120_000)
    else:
        assert guest.trouble().endswith(".")
    assert failed and guest.page.input_value("#oos-prompt") == "a blue cat"
    assert guest.page.locator(".toast-wrap:visible").count() == 0  # Gradio's note would lie over Generate
    still_works(guest)


def test_a_stream_that_never_opens_and_one_that_is_cut(guest):
    failed = fail(guest, "queue/data", "abort", times=2)
    guest.ask("a blue cat", steps=STEPS)
    guest.wait_for_end()
    assert failed and guest.reached == STEPS
    still_works(guest)


@pytest.mark.parametrize("how", ["abort", "500", "hang"])
def test_a_repair_that_fails_once_is_tried_again(guest, how):
    failed = fail(guest, "missing", how)
    guest.page.evaluate("window.losing = {kind: 'frame', index: 2}")
    guest.ask("a blue cat", steps=STEPS)
    guest.wait_for_end()
    assert failed and guest.reached == STEPS
    still_works(guest)


@pytest.mark.parametrize("how", ["abort", "500", "hang"])
def test_a_stop_that_fails_once_is_tried_again(guest, how):
    failed = fail(guest, "stop", how)
    guest.ask("a blue cat", steps=100)
    guest.wait_for_step(2)
    guest.page.keyboard.press("Escape")
    guest.wait_for_end()
    assert failed and guest.heard("done")[-1]["stopped"] in (True, False)
    still_works(guest)


@pytest.mark.parametrize("call", ["numbers", "token", "atlas", "without", "overlap", "touch", "guesses"])
def test_a_panels_call_that_fails_once_is_made_again(guest, call):
    guest.run("a blue cat", steps=3)
    failed = fail(guest, call, "abort")
    page = guest.page
    if call in ("numbers", "token", "atlas"):
        page.fill("#oos-prompt", "a red fox")
        page.click("[data-opens=numbers]")
        page.wait_for_function("document.querySelector('.token-name').textContent === 'fox'", timeout=120_000)
    elif call in ("without", "overlap"):
        page.click(".take-out [type=submit]")
        page.wait_for_function("document.querySelector('.verdict').textContent !== ''", timeout=120_000)
    elif call == "touch":
        page.click("[data-opens=touches]")
        page.wait_for_selector(".finished:not([hidden])", timeout=120_000)
    else:
        page.evaluate("document.querySelector('.guidance .quad').scrollIntoView({block: 'center'})")
        page.wait_for_selector("[data-half=guided] canvas:not(.rough)", timeout=120_000)
    assert failed
    still_works(guest)


def test_a_picture_that_cannot_be_decoded_costs_itself_alone(guest):
    guest.page.evaluate(
        """() => {
          const set = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, "src").set;
          let count = 0;
          Object.defineProperty(HTMLImageElement.prototype, "src", {
            set(value) { set.call(this, ++count === 4 ? "data:image/png;base64,AAAA" : value); },
          });
        }"""
    )
    guest.ask("a blue cat", steps=STEPS)
    guest.wait_for_end()
    assert guest.reached == STEPS
    still_works(guest)


@pytest.mark.parametrize("sheet", ["css/stage.css", "css/panels/heat.css"])
def test_a_style_sheet_that_fails_does_not_hide_the_page(browser, fake, sheet):
    context = browser.new_context()
    page = context.new_page()
    page.route(f"**/{sheet}*", lambda route: route.abort())
    guest = Visitor(page, fake)
    assert len(guest.run("a blue cat", steps=1)) == 2
    context.close()


def test_an_expired_gif_says_so(guest):
    guest.run("a blue cat", steps=1)
    guest.page.route(re.compile("gradio_api/file="), lambda route: route.fulfill(status=403, body=""))
    guest.page.click(".take")
    guest.page.wait_for_function("document.querySelector('.take small').textContent === 'expired'")
    assert guest.page.get_attribute(".take", "aria-disabled") == "true"
    still_works(guest)


def test_a_reload_brings_back_prompt_settings_and_run(browser, launched):
    guest = Visitor(browser.new_page(), launched(FakeEngine(pause=0.4)))  # no run is over before it is stopped
    guest.ask("a red fox", steps=60, seed=11)
    guest.wait_for_step(3)
    guest.page.reload()
    guest.page.wait_for_selector(".oos", state="visible")
    assert guest.page.input_value("#oos-prompt") == "a red fox" and guest.page.input_value("#oos-seed") == "11"
    step = "parseInt(document.querySelector('[data-number=step]')?.textContent)"
    guest.page.wait_for_function(f"{step} >= 4", timeout=120_000)
    guest.page.keyboard.press("Escape")
    guest.wait_for_end()
    at = guest.reached
    guest.page.wait_for_function(KEPT)  # its end is written down after it is shown
    guest.page.route("**/component_server*", lambda route: route.abort())  # the server has forgotten it, or is away
    guest.page.reload()
    guest.page.wait_for_function(f"{step} === {at}", timeout=120_000)
    fixing = "document.querySelector('[data-phase=fix] span').textContent"
    guest.page.wait_for_function(f"{fixing} === 'stopped at {at}'")
    guest.page.unroute("**/component_server*")
    still_works(guest)
    guest.page.close()


def test_a_reload_right_after_a_step_comes_back_to_it(guest):
    guest.run("a red fox", steps=4, seed=11)
    guest.page.wait_for_function("location.hash.includes('step=4')")
    guest.page.wait_for_function(KEPT)
    press = "document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Home', bubbles: true }))"
    guest.page.evaluate(f"{press}; location.reload()")  # the address is written when nothing has changed for a while
    guest.page.wait_for_function("document.querySelector('[data-phase=fix] span')?.textContent.includes('4')")
    assert guest.step == 0


def test_a_reload_of_a_run_that_is_followed_goes_on_following_it(browser, launched):
    guest = Visitor(browser.new_page(), launched(FakeEngine(pause=0.8)))
    guest.ask("a red fox", steps=6)
    guest.wait_for_step(2)
    guest.page.wait_for_timeout(500)  # in which the address says all that it has to say
    guest.page.reload()
    guest.wait_for_end()
    assert guest.step == 6
    guest.page.close()


def test_the_address_fills_the_form_and_starts_nothing(browser, fake):
    context = browser.new_context()
    page = context.new_page()
    hostile = "#prompt=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&seed=42&steps=5000&guidance=x&scheduler=__proto__"
    guest = Visitor(page, fake + hostile)
    guest.page.wait_for_timeout(1000)
    assert page.input_value("#oos-prompt") == "<img src=x onerror=alert(1)>" and page.input_value("#oos-seed") == "42"
    assert page.input_value("#oos-steps") == "100" and page.input_value("#oos-guidance") == "4"
    assert guest.heard("begin") == [] and guest.errors == [] and page.is_visible(".go")
    assert not any("onerror" in url for url in guest.requests[1:])
    page.fill("#oos-steps", "2") if page.is_visible("#oos-steps") else page.click("[data-drawer=settings]")
    page.fill("#oos-steps", "2")
    page.fill("#oos-prompt", "a blue cat")
    page.click(".go")
    guest.wait_for_end()
    page.wait_for_function("location.hash.includes('step=2')")
    assert "prompt=a+blue+cat" in page.url
    context.close()


def test_a_recorded_run_plays_and_says_what_it_lacks(guest, tmp_path):
    guest.run("a blue cat", steps=3, seed=5)
    messages = guest.page.evaluate(
        """() => new Promise((resolve) => {
          const opening = indexedDB.open("out-of-static");
          opening.onsuccess = () => {
            const all = opening.result.transaction("runs").objectStore("runs").getAll();
            all.onsuccess = () => resolve(JSON.parse(all.result.at(-1).text));
          };
        })"""
    )
    assert messages[-1]["kind"] == "done" and [schema.fault(message) for message in messages] == [None] * len(messages)
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"schema": 1, "recorded": True, "messages": messages, "answers": {}}))
    guest.page.set_input_files(".open-run input", str(path))
    guest.page.wait_for_selector(".recorded:not([hidden])")
    guest.wait_for_last(3)
    assert "recorded" in guest.page.text_content(".without .state")
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    guest.page.set_input_files(".open-run input", str(bad))
    assert "no recorded run" in guest.trouble()
    still_works(guest)
    assert guest.page.is_hidden(".recorded")


def test_who_comes_second_where_there_is_one_place_is_told_who_is_waited_for(browser, fake):
    context = browser.new_context()
    first, second = (Visitor(context.new_page(), fake) for _ in range(2))
    first.ask("a cat", steps=100, seed=1)
    first.wait_for_step(0)
    second.ask("a red fox", steps=3, seed=2)
    second.page.wait_for_function("heard.some((message) => message.kind === 'waiting')")
    assert "Waiting for another visitor’s run" in second.page.text_content(".said")
    first.page.click(".halt")
    second.wait_for_end()
    assert [frame["index"] for frame in second.heard("frame")] == [0, 1, 2, 3]
    context.close()


def test_who_waits_has_the_last_run_to_look_at_meanwhile(browser, launched):
    context, slow = browser.new_context(), launched(FakeEngine(pause=0.3))
    first, second = (Visitor(context.new_page(), slow) for _ in range(2))
    page = second.page
    second.run("a cat", steps=4, seed=1)
    first.ask("a cat", steps=100, seed=1)
    first.wait_for_step(0)
    second.ask("a red fox", steps=3, seed=2)
    page.wait_for_selector(".waits:not([hidden])")
    told = page.text_content(".waits")
    assert "Waiting for another visitor’s run" in told and told.endswith("Meanwhile, this is your last run.")
    assert second.step == 4 and "a cat" in page.get_attribute("[data-view=state] canvas", "aria-label")
    page.locator(".scrub").focus()
    page.keyboard.press("ArrowLeft")
    assert second.step == 3 and page.is_visible(".halt") and not page.locator(".oos.tuning").count()
    page.wait_for_timeout(400)  # sooner it is taken for the second half of a double click
    page.click(".halt")
    page.wait_for_selector(".oos:not(.running)")
    assert page.text_content(".waits") == "Your run was stopped before its first picture." and second.step == 3
    second.ask("a red fox", steps=3, seed=2)
    page.wait_for_selector(".waits:text-matches('Meanwhile')")
    first.page.click(".halt")
    second.wait_for_end()
    assert [frame["index"] for frame in second.heard("frame")] == [0, 1, 2, 3] and page.is_hidden(".waits")
    assert second.step == 3 and "a red fox" in page.get_attribute("[data-view=state] canvas", "aria-label")
    assert page.locator(".visit .runs li").count() == 2 and second.errors == []
    context.close()


def test_who_is_watching_is_told_when_the_server_is_ended(browser, tmp_path):
    """As a machine ends it. What was drawn stays on the page."""
    served = serve(tmp_path)
    context = browser.new_context()
    visitor = Visitor(context.new_page(), next(served))
    visitor.ask("a red fox", steps=100, seed=1)
    visitor.wait_for_step(5)
    ending = threading.Thread(target=served.close)
    ending.start()
    assert "restarted" in visitor.trouble() and visitor.reached >= 5 and visitor.errors == []
    ending.join(20)
    assert not ending.is_alive()
    context.close()
