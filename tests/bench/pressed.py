"""From Enter to the first picture, and to the last, in a real browser: `python tests/bench/pressed.py [--rounds 5]`.

Times are taken by the page's own clock, from the key to the frame in which that picture is on the canvas.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

import chromium
from visiting import ROOT, free_port, wait_for

CLOCK = """
window.times = [];
addEventListener("out-of-static:message", (event) => {
  const {kind} = JSON.parse(event.detail);
  if (kind === "frame") requestAnimationFrame(() => times.push(performance.now() - pressed));
  if (kind === "done") window.over = true;
});
addEventListener("keydown", (event) => event.key === "Enter" && (window.pressed = performance.now()), true);
"""


def main(rounds: int = 5, prompt: str = "a red fox wearing sunglasses on a skateboard") -> None:
    """Prints the median of each time over `rounds` runs, and the first run of a fresh server by itself."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        port, told = free_port(), Path(folder) / "app.log"
        own = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "DEMO_EXPORTS": folder}
        with told.open("w") as log:
            app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=os.environ | own, stdout=log, stderr=log)
        browser = playwright.chromium.launch(executable_path=chromium.find(playwright), args=list(chromium.FLAGS))
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(CLOCK)
            page.goto(wait_for(f"http://127.0.0.1:{port}/", app, told))
            page.wait_for_selector(".oos", state="visible")
            found = []
            for _ in range(rounds):
                page.evaluate("times.length = 0; window.over = false")
                page.fill("#oos-prompt", prompt)
                page.press("#oos-prompt", "Enter")
                page.wait_for_function("window.over", timeout=120_000)
                times = page.evaluate("times")
                found.append((times[0], times[-1]))
        finally:
            browser.close()
            app.terminate()
            app.wait(20)
    first, last = np.array(found).T / 1000
    print(f"Enter to the first picture: {first[0]:.2f} s on a fresh server, then {np.median(first[1:]):.2f} s (median)")
    print(f"Enter to the last picture of 30 steps: {last[0]:.2f} s, then {np.median(last[1:]):.2f} s (median)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    main(**vars(parser.parse_args()))
