"""The real app in a process of its own, and a visitor of it: a page with hands and a memory."""

import base64
import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
STARTING = 120  # seconds the app may take to answer
RUNNING = 120_000  # milliseconds a run may take on a busy machine
UNMET = """
const fetched = window.fetch;
window.fetch = (what, ...more) =>
  /out-of-static\\/runs\\/.*\\.json/.test(what) ? Promise.reject(new TypeError("none here")) : fetched(what, ...more);
"""
REMEMBER = """
window.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  throw new Error("against the page's policy: " + violatedDirective + " " + blockedURI);
});
window.heard = [];
window.addEventListener("out-of-static:message", (event) => {
  const message = JSON.parse(event.detail);
  if (message.kind === "frame" && message.index === window.lose) {
    window.lose = null;
    event.stopImmediatePropagation();
    return;
  }
  if (window.heard.some((other) => other.run === message.run && other.number === message.number)) return;
  window.heard.push(message);
});
"""


def serve(folder: Path, **more: str):
    """Yields the address of an app of its own, which ends with the generator."""
    port, told = free_port(), folder / "app.log"
    env = os.environ | {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "DEMO_EXPORTS": str(folder)}
    env |= {"DEMO_CACHE": str(folder / "cache"), **more}
    with told.open("w") as log:
        app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        yield wait_for(f"http://127.0.0.1:{port}/", app, told)
    finally:
        app.terminate()
        app.wait(20)


class Visitor:
    """A page, what it heard from the server, what it asked for, and what went wrong on it."""

    def __init__(self, page, address: str, arrival: bool = False):
        """`arrival`: whether the recorded run that meets a visitor is let through; most tests begin without."""
        self.page, self.address = page, address
        page.set_default_timeout(
            RUNNING
        )  # half a minute, as Playwright has it, is short where two cores do all of this
        if not arrival:
            page.add_init_script(UNMET)  # a route would cost the browser its cache
        self.requests, self.errors = [], []
        page.on("request", self._asked)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: (self.errors.append("dialog: " + dialog.message), dialog.dismiss()))
        page.add_init_script(REMEMBER)
        page.goto(address)
        page.wait_for_selector(".oos", state="visible", timeout=120_000)

    def _asked(self, request) -> None:
        if not request.url.endswith("icon.svg"):  # a browser fetches the favicon when it likes
            self.requests.append(request.url)

    def ask(self, prompt: str, **settings) -> None:
        """Fill the form and press Generate."""
        if settings and self.page.get_attribute("[data-drawer=settings]", "aria-expanded") == "false":
            self.page.click("[data-drawer=settings]")
        for name, value in settings.items():
            field = f"#oos-{name}"
            fill = self.page.select_option if name == "scheduler" else self.page.fill
            fill(field, str(value))
        self.page.fill("#oos-prompt", prompt)
        self.page.evaluate("window.heard.length = 0")
        self.page.click(".go")

    def run(self, prompt: str, **settings) -> list[dict]:
        """Ask, wait for the end, and return the frames' messages in the order in which they were heard."""
        self.ask(prompt, **settings)
        self.wait_for_end()
        return self.heard("frame")

    def wait_for_end(self) -> None:
        self.page.wait_for_selector(".oos:not(.running) .take.ready", timeout=RUNNING)

    def wait_for_step(self, step: int) -> None:
        self.page.wait_for_function(f"heard.some((message) => message.index >= {step})", timeout=RUNNING)

    def heard(self, kind: str) -> list[dict]:
        return self.page.evaluate(
            "(kind) => heard.filter((m) => m.kind === kind).map(({state, guess, change, ...rest}) => rest)", kind
        )

    def wait_for_last(self, step: int) -> None:
        """Until this step is on show and is the last one of its run: a recording comes frame by frame, too."""
        told = f"document.querySelector('[data-number=step]')?.textContent === '{step} / {step}'"
        self.page.wait_for_function(told, timeout=120_000)

    @property
    def step(self) -> int:
        """The step on show, as the readout has it."""
        return int(re.match(r"\d+", self.page.text_content("[data-number=step]"))[0])

    @property
    def reached(self) -> int:
        """The newest step that can be shown."""
        self.page.keyboard.press("End")
        return self.step

    def pixels(self, view: str) -> np.ndarray:
        """What is on a screen, uint8 (H, W, 3), at the picture's own size."""
        return painted(self.page.locator(f"[data-view={view}] canvas").first)

    def tab_to(self, selector: str, back: bool = False, most: int = 120) -> None:
        """Press Tab (or Shift+Tab) until what has the focus matches `selector`, as a visitor without a mouse would."""
        for _ in range(most):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            if self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"{selector} cannot be reached with the Tab key")

    def is_wide(self) -> bool:
        """Whether something sticks out of the window, so that it can be moved sideways."""
        return self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")

    def trouble(self) -> str:
        self.page.wait_for_selector(".trouble:not([hidden])", timeout=120_000)
        return self.page.text_content(".trouble")


def in_company(frames: list[dict]) -> bool:
    """Whether another run had part in a call that led to one of them: its last digits are not those it has alone."""
    return any("company" in frame for frame in frames)


def painted(canvas, mode: str = "RGB") -> np.ndarray:
    """What is on a canvas, a locator, uint8 (H, W, 3 or 4), at its own size; as a PNG, for lists are slow."""
    told = canvas.evaluate("(canvas) => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(told.partition(",")[2]))).convert(mode))


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def wait_for(url: str, app: subprocess.Popen, told: Path) -> str:
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        if app.poll() is not None:
            pytest.fail(f"app.py ended with {app.returncode} before it answered: {told.read_text()}", pytrace=False)
        try:
            with urllib.request.urlopen(url + "config", timeout=5) as answer:
                json.load(answer)
                return url
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"app.py did not answer within {STARTING} s: {told.read_text()}", pytrace=False)
