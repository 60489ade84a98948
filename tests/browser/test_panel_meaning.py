"""Does it mean anything? Sixteen real runs, judged by the visitor where the model has no judge; and a stop."""

from types import SimpleNamespace

import pytest
import torch
from visiting import ROOT, Visitor, painted, serve

from demo.lab.embedded import EmbeddedLab
from demo.tiny import checker


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """The same with a judge, whose weights are random."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("judged")
    for file in (ROOT / "assets" / "tiny-next").iterdir():
        (folder / file.name).symlink_to(file)
    checker.save(checker.Checker(), folder / "checker.safetensors")
    for address in serve(tmp_path_factory.mktemp("served"), DEMO_MODEL=str(folder)):
        yield SimpleNamespace(address=address, folder=folder)


@pytest.fixture(params=[1280, 390])
def asker(browser, knowing, request):
    context = browser.new_context(viewport={"width": request.param, "height": 844}, has_touch=request.param < 800)
    yield Visitor(context.new_page(), knowing)
    context.close()


def begin(asker, trial: str, steps: int = 1) -> None:
    page = asker.page
    page.click("[data-drawer=settings]")
    page.fill("#oos-steps", str(steps))
    page.select_option(".senses select", trial)
    page.click(".senses [type=submit]")


def test_both_prompts_are_run_from_the_same_seeds_and_the_visitor_judges(asker):
    page = asker.page
    begin(asker, "above")
    page.wait_for_selector(".senses .state:has-text('press each picture')", timeout=240_000)
    begun = asker.heard("begin")
    assert [one["prompt"] for one in begun] == ["a cat above a dog"] * 8 + ["a dog above a cat"] * 8
    assert [one["seed"] for one in begun[:8]] == [one["seed"] for one in begun[8:]] and len(
        {*(b["seed"] for b in begun)}
    ) == 8
    pictures = page.locator(".senses li button")
    assert pictures.count() == 16 and "0 of 16 judged" in page.text_content(".senses .verdict")
    for at in range(16):
        pictures.nth(at).click()
    assert "obeyed in 8 of 8 and in 8 of 8" in page.text_content(".senses .verdict")
    assert "16 to 0" in page.text_content(".senses .verdict") and "contradicts" in page.text_content(".senses .verdict")
    for at in range(8):
        pictures.nth(at).focus()
        page.keyboard.press("Enter")
    assert "8 to 8" in page.text_content(".senses .verdict") and "claim stands" in page.text_content(".senses .verdict")
    assert "the other way" in pictures.first.text_content()
    assert "no judge" in page.text_content(".senses .judge")
    assert asker.errors == [] and not asker.is_wide() and page.locator(".visit .runs li").count() == 0


def test_the_judge_says_under_every_picture_what_it_saw(judged, browser):
    context = browser.new_context()
    asker = Visitor(context.new_page(), judged.address)
    page = asker.page
    begin(asker, "shuffled")
    page.wait_for_selector(".senses .state:has-text('Press a picture')", timeout=240_000)
    page.wait_for_function("!document.querySelector('.senses .verdict').textContent.includes('of 16 judged')")
    lab, items = EmbeddedLab.load(judged.folder), page.locator(".senses li")
    for at, prompt in enumerate([one["prompt"] for one in asker.heard("begin")]):
        told = lab.judge(painted(items.nth(at).locator("canvas")), prompt, "shuffled")
        said = items.nth(at).inner_text()
        assert f"seen: {told['saw']}" in said and ("as asked" in said) == told["fits"][0]
    assert "Of true pictures it gets right" not in page.text_content(".senses .judge")
    assert "was not measured" in page.text_content(".senses .judge") and asker.errors == []
    context.close()


def test_it_can_be_stopped_and_begun_again(asker):
    page = asker.page
    begin(asker, "without", 12)
    asker.wait_for_step(1)
    page.click(".senses .halt")
    page.wait_for_selector(".senses .state:has-text('Stopped at run')", timeout=120_000)
    assert page.is_enabled(".senses [type=submit]") and page.is_hidden(".senses .halt")
    assert "of 16 judged" in page.text_content(".senses .verdict")


def test_a_model_of_which_nothing_is_known_says_so(visitor):
    for name in ("meaning", "empty"):
        visitor.page.wait_for_selector(
            f"#oos-try-{name} .cannot:has-text('This needs a model that brings along a record')"
        )
    assert visitor.page.is_hidden(".frozen .grown")
