"""Networks fail: each call of the page once, the stream in mid-run, a message here and there. Every time there is a
sentence or a silent repair, and the next Generate works. A fake engine, since the model does not matter here."""

import json
import re

import pytest
from conftest import Visitor
from fake_engine import FakeEngine

from demo.page.page import build, launch_options
from demo.run import schema
from demo.settings import Settings

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


@pytest.fixture(scope="module")
def fake(tmp_path_factory):
    settings = Settings(exports=tmp_path_factory.mktemp("failing"))
    app = build(FakeEngine(pause=0.05), settings)
    _, address, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options(settings))
    yield address
    app.close()


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
    guest.page.wait_for_selector(".go:not([hidden])", timeout=60_000)
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
        guest.page.wait_for_selector(".go:not([hidden])", timeout=30_000)
    else:
        assert guest.trouble().endswith(".")
    assert failed and guest.page.input_value("#oos-prompt") == "a blue cat"
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
        page.wait_for_function("document.querySelector('.token-name').textContent === 'fox'", timeout=30_000)
    elif call in ("without", "overlap"):
        page.click(".take-out [type=submit]")
        page.wait_for_function("document.querySelector('.verdict').textContent !== ''", timeout=60_000)
    elif call == "touch":
        page.click("[data-opens=touches]")
        page.wait_for_selector(".finished:not([hidden])", timeout=30_000)
    else:
        page.evaluate("document.querySelector('.guidance .quad').scrollIntoView({block: 'center'})")
        page.wait_for_selector("[data-half=guided] canvas:not(.rough)", timeout=30_000)
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


def test_a_reload_brings_back_prompt_settings_and_run(guest):
    guest.ask("a red fox", steps=60, seed=11)
    guest.wait_for_step(3)
    guest.page.reload()
    guest.page.wait_for_selector(".oos", state="visible")
    assert guest.page.input_value("#oos-prompt") == "a red fox" and guest.page.input_value("#oos-seed") == "11"
    step = "parseInt(document.querySelector('[data-number=step]')?.textContent)"
    guest.page.wait_for_function(f"{step} >= 4", timeout=60_000)
    guest.page.keyboard.press("Escape")
    guest.wait_for_end()
    at = guest.reached
    guest.page.route("**/component_server*", lambda route: route.abort())  # the server has forgotten it, or is away
    guest.page.reload()
    guest.page.wait_for_function(f"{step} === {at}", timeout=60_000)
    fixing = "document.querySelector('[data-phase=fix] span').textContent"
    guest.page.wait_for_function(f"{fixing} === 'stopped at {at}'")
    guest.page.unroute("**/component_server*")
    still_works(guest)


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
    assert guest.reached == 3 and "recorded" in guest.page.text_content(".take-out + .state")
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    guest.page.set_input_files(".open-run input", str(bad))
    assert "no recorded run" in guest.trouble()
    still_works(guest)
    assert guest.page.is_hidden(".recorded")
