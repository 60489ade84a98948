"""A run that the command line recorded, opened on the page: it plays with all panels that its file has data for."""

import subprocess
import sys

import pytest
from visiting import ROOT

ASKED = ["a blue cat", "--seed", "5", "--steps", "4"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recorded") / "run.json"
    subprocess.run([sys.executable, "-m", "demo", *ASKED, "--out", str(path)], cwd=ROOT, check=True)
    return path


def test_a_run_of_the_command_line_plays_with_its_panels(open_page, recording):
    visitor = open_page()
    page = visitor.page
    page.set_input_files(".open-run input", str(recording))
    page.wait_for_selector(".recorded:not([hidden])")
    visitor.wait_for_last(4)
    assert page.locator(".tiles canvas").count() == 5
    assert visitor.pixels("state").std() > 5
    assert page.input_value("#oos-prompt") == "a blue cat" and page.input_value("#oos-seed") == "5"
    page.wait_for_function("document.querySelector('[data-phase=numbers] span').textContent.startsWith('3 words')")
    visitor.requests.clear()
    page.click("[data-opens=numbers]")
    page.locator(".token.word:has(b:text-is('cat'))").click()
    page.wait_for_function("document.querySelector('.token-name').textContent === 'cat'")
    page.click("[data-opens=guess]")
    page.locator(".look").nth(2).click()
    page.wait_for_function("document.querySelector('[data-view=state] .veil')?.checkVisibility()")
    assert visitor.requests == [] and visitor.errors == []
