"""From a key or a drag on the scrubber to the painted step: `python tests/bench/scrub.py`.

A recorded run of 30 steps of 256 pixels and one of 100 steps of 512, made up of noise so that no picture is cheap, are
opened from files in a real browser with the real page (nothing is asked of a server meanwhile). Every step is gone to
by key, then the scrubber is dragged over all of them. Told is what the browser's own Event Timing says, from the input
to the next painted frame, in steps of 8 ms, and beside it the milliseconds of script in each; the memory is that of the
tab's process above an empty page's. First of all the same keys on a page that holds one canvas and nothing else: what
this browser on this machine takes at least.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import chromium
from large_run import grain, run_file
from visiting import Visitor, serve

WATCH = """
window.timed = [];
new PerformanceObserver((list) => {
  for (const { name, duration, processingStart, processingEnd } of list.getEntries())
    if (/^(keydown|pointermove|input|pointerdown)$/.test(name)) timed.push([duration, processingEnd - processingStart]);
}).observe({ type: "event", durationThreshold: 16, buffered: false });
"""

FLOOR = """<canvas width=256 height=256></canvas><script>
const pen = document.querySelector("canvas").getContext("2d");
let at = 0;
onkeydown = () => { pen.fillStyle = `hsl(${(at += 37)} 80% 50%)`; pen.fillRect(0, 0, 256, 256); };
</script>"""


def floor(page, keys: int = 100) -> str:
    page.set_content(FLOOR)
    page.evaluate(WATCH)
    return told("keys", press(page, keys), keys)


def press(page, keys: int) -> list:
    for _ in range(keys):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(30)
    page.wait_for_timeout(200)
    return page.evaluate("timed.splice(0)")


def tabs() -> int:
    """Bytes that the browser's tab processes hold for themselves."""
    found = [one for one in psutil.Process().children(recursive=True) if "--type=renderer" in " ".join(one.cmdline())]
    return max((one.memory_full_info().uss for one in found), default=0)


def measure(visitor: Visitor, path: Path, steps: int) -> str:
    page = visitor.page
    before = tabs()
    page.set_input_files(".open-run input", str(path))
    page.wait_for_function(f"document.querySelector('[data-number=step]').textContent === '{steps} / {steps}'")
    page.evaluate(WATCH)
    page.locator(".scrub").focus()
    page.keyboard.press("Home")
    keys = press(page, steps)
    box = page.locator(".scrub").bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    page.mouse.down()
    for at in range(steps + 1):
        page.mouse.move(box["x"] + 5 + (box["width"] - 10) * at / steps, box["y"] + box["height"] / 2)
        page.wait_for_timeout(20)
    page.mouse.up()
    page.wait_for_timeout(200)
    drag = page.evaluate("timed.splice(0)")
    return f"{told('keys', keys, steps)}; {told('drag', drag, steps)}; {(tabs() - before) / 1e6:.0f} MB more in the tab"


def told(what: str, timed: list, events: int) -> str:
    """Inputs below 16 ms, which the browser does not list, count as 16."""
    to_paint = np.array([duration for duration, _ in timed] + [16] * max(0, events - len(timed)))
    script = max((script for _, script in timed), default=0)
    return f"{what} p95 {np.percentile(to_paint, 95):.0f} ms to paint, at most {script:.0f} ms of script"


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        app = serve(folder)
        browser = playwright.chromium.launch(executable_path=chromium.find(playwright), args=list(chromium.FLAGS))
        address = next(app)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        print(f"a bare canvas: {floor(page)}", flush=True)
        page.close()
        for steps, side in ((30, 256), (100, 512)):
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            visitor = Visitor(page, address)
            figures = measure(visitor, run_file(folder, steps, side, grain(side)), steps)
            print(f"{steps} steps of {side} pixels: {figures}", flush=True)
            page.close()
        app.close()


if __name__ == "__main__":
    main()
