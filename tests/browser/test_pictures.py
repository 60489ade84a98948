"""Decoded pictures are kept within a budget, and what had to go comes back when it is asked for."""

import numpy as np
from large_run import run_file
from PIL import Image

BUDGET = 64e6  # of demo/web/js/pictures.js
COUNT = """
window.held = window.most = 0;
const made = createImageBitmap, size = (one) => 4 * one.width * one.height, gone = ImageBitmap.prototype.close;
window.createImageBitmap = async (...given) => {
  const one = await made(...given);
  window.held += size(one);
  window.most = Math.max(window.most, window.held);
  return one;
};
ImageBitmap.prototype.close = function () {
  window.held -= size(this);
  gone.call(this);
};
null;
"""
SHADE = "document.querySelector('[data-view=guess] canvas').getContext('2d').getImageData(256, 256, 1, 1).data[0]"


def grey(step: int) -> Image.Image:
    return Image.new("RGB", (512, 512), (9 * step,) * 3)


def test_a_run_larger_than_the_budget_shows_every_step_and_keeps_few(open_page, tmp_path):
    visitor = open_page()
    page = visitor.page
    page.evaluate(COUNT)
    page.set_input_files(".open-run input", str(run_file(tmp_path, 28, 512, grey)))
    visitor.wait_for_last(28)
    page.keyboard.press("Home")
    page.locator(".scrub").focus()
    for step in range(1, 29):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"Math.abs({SHADE} - {9 * step}) <= 2", timeout=5000)
    for key in ("Home", "End", "PageUp"):  # far from what was last on show
        page.keyboard.press(key)
        page.wait_for_timeout(500)
        assert np.abs(visitor.pixels("state").astype(int) - 9 * visitor.step).max() <= 2
    assert BUDGET / 2 < page.evaluate("most") <= BUDGET + 10 * 4 * 512**2  # some had just come
    assert page.evaluate("held") <= BUDGET and visitor.errors == []
