"""The page as a Space shows it: under a path of a proxy, in another site's frame where storage is forbidden, asleep and
woken. A fake engine, since the model does not matter here."""

import http.server
import threading

import httpx
import pytest
from fake_engine import FakeEngine
from visiting import free_port

from demo.page.page import build, launch_options
from demo.settings import Settings

PREFIX = "/spaces/x"
FORBIDDEN = """
for (const name of ["localStorage", "sessionStorage", "indexedDB"]) {
  Object.defineProperty(window, name, { get() { throw new DOMException("Access is denied.", "SecurityError"); } });
}
Object.defineProperty(document, "cookie", { get: () => "", set() {} });
"""
ENDED = ".oos:not(.running) .take.ready"


class Space:
    """The app, which can sleep, behind a proxy that takes PREFIX away and passes on whatever comes, as it comes."""

    def __init__(self, settings: Settings):
        self.settings, self.port, self.app = settings, free_port(), None
        space = self

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                given = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                given |= {"X-Forwarded-Host": self.headers["Host"], "X-Forwarded-Proto": "http"}
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                url = f"http://127.0.0.1:{space.port}{self.path.removeprefix(PREFIX)}"
                try:
                    with httpx.stream(self.command, url, headers=given, content=body, timeout=60) as answer:
                        self.send_response(answer.status_code)
                        for name, value in answer.headers.items():
                            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                                self.send_header(name, value)
                        self.end_headers()
                        for part in answer.iter_raw():
                            self.wfile.write(part)
                            self.wfile.flush()
                except httpx.TransportError:
                    self.send_error(503)  # as a Space that sleeps
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the browser left

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        self.proxy.daemon_threads = True
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.proxy.server_port}{PREFIX}/"
        self.wake()

    def wake(self) -> None:
        self.app = build(FakeEngine(pause=0.02), self.settings)
        where = {"server_name": "127.0.0.1", "server_port": self.port, "root_path": PREFIX}
        self.app.launch(prevent_thread_lock=True, quiet=True, **where, **launch_options(self.settings))

    def sleep(self) -> None:
        self.app.close()


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    made = Space(Settings(exports=tmp_path_factory.mktemp("space")))
    yield made
    made.sleep()
    made.proxy.shutdown()


@pytest.fixture
def framed(browser, space):
    """(the frame, what went wrong): the page in a frame of another origin, which may store nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(FORBIDDEN)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.set_content(f'<h1>Another site</h1><iframe src="{space.address}" width="1200" height="800"></iframe>')
    page.frame_locator("iframe").locator(".oos").wait_for(timeout=120_000)
    yield page.frame_locator("iframe"), wrong
    context.close()


def draws(frame, prompt: str) -> None:
    """Generate comes to its end, and its last step is on show."""
    frame.locator("#oos-prompt").fill(prompt)
    frame.locator(".go").click()
    frame.locator(".oos.running").wait_for(timeout=120_000)
    frame.locator(ENDED).wait_for(timeout=120_000)


def test_under_a_path_in_a_frame_without_storage_it_draws(framed):
    frame, wrong = framed
    assert frame.locator("body").evaluate("() => { try { return !localStorage; } catch { return true; } }")
    draws(frame, "a blue cat")
    assert frame.locator("[data-number=step]").text_content().startswith("30")
    assert wrong == []


def test_asleep_it_says_so_and_woken_it_draws_without_a_reload(framed, space):
    frame, _ = framed
    draws(frame, "a blue cat")
    space.sleep()
    frame.locator("#oos-prompt").fill("a red fox")
    frame.locator(".go").click()
    frame.locator(".trouble:not([hidden])").first.wait_for(timeout=120_000)
    assert frame.locator("#oos-prompt").input_value() == "a red fox"
    space.wake()
    draws(frame, "a red fox")
