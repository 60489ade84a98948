"""Three questions before and three after: by keyboard, on a desk and a phone, kept here alone, gone when told to."""

import csv
import json

import pytest
from fake_engine import FakeEngine
from visiting import Visitor

from demo import gallery
from demo.run import explain

QUESTIONS = {one["id"]: (one, belief) for belief in explain.questions() for one in belief["questions"]}
BY_TEXT = {one["asks"]: (one, belief) for one, belief in QUESTIONS.values()}
KEPT = "localStorage.getItem('out-of-static:questions')"


@pytest.fixture(params=[1280, 390])
def pupil(open_page, request):
    pupil = open_page(request.param, 844, has_touch=request.param < 800)
    pupil.page.wait_for_selector(".quiz .says-what:not(:empty)")
    return pupil


def answer(page, rightly: bool) -> dict:
    """Answer the question on show by keyboard, and return it."""
    question, belief = BY_TEXT[page.text_content(".quiz legend b")]
    at = question["right"] if rightly else (question["right"] + 1) % len(question["answers"])
    page.focus(f".quiz input[value='{at}']")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    return {"asked": question, "belief": belief}


def three(page, *rightly: bool) -> list[dict]:
    page.focus(".quiz .begin:visible, .quiz .more:visible")
    page.keyboard.press("Enter")
    return [answer(page, right) for right in rightly]


def test_what_changed_is_told_and_what_was_missed_leads_somewhere(pupil):
    page = pupil.page
    before = three(page, False, False, True)
    assert page.evaluate("document.activeElement.textContent") == "And now?"
    after = three(page, True, False, True)
    assert {one["belief"]["key"] for one in before} == {one["belief"]["key"] for one in after}
    assert not {one["asked"]["id"] for one in before} & {one["asked"]["id"] for one in after}
    assert page.evaluate("document.activeElement.textContent") == "Before 1 of 3 right, after 2 of 3"
    told = page.locator(".quiz .result li")
    assert told.count() == 3 and page.locator(".quiz .see").count() == 1
    missed = next(one for one in after if one["belief"]["belief"] in page.locator("li:has(.see) b").inner_text())
    assert missed == after[1] and "After: not yet." in page.locator("li:has(.see) .how").inner_text()
    name = page.inner_text(".quiz .see").removeprefix("See for yourself: ")
    page.focus(".quiz .see")
    page.keyboard.press("Enter")
    page.wait_for_function("() => !document.activeElement.closest('.quiz')")
    assert page.evaluate("document.activeElement.textContent").strip().removesuffix("#").strip() == name
    seen = (
        "() => { const {top} = document.activeElement.getBoundingClientRect(); return top >= 0 && top < innerHeight; }"
    )
    page.wait_for_function(seen)
    assert pupil.errors == [] and not pupil.is_wide()


def test_every_lead_that_the_page_has_goes_where_it_says(open_page):
    page = open_page().page
    page.wait_for_selector(".quiz .says-what:not(:empty)")
    texts = sorted({lead for _, belief in QUESTIONS.values() for lead in belief["leads"]})
    told = page.evaluate(
        """async (texts) => {
          const { lead } = await import(new URL("out-of-static/js/leads.js", document.baseURI).href);
          const oos = document.querySelector(".oos"), opened = [];
          return texts.map((text) => {
            const found = lead(oos, text, (stage) => {
              const door = document.querySelector(`[data-opens=${stage}]`);
              if (door.getAttribute("aria-expanded") !== "true") door.click();
            });
            found?.go();
            const on = document.activeElement;
            return found && [found.name, on.textContent.includes(found.name), on.checkVisibility()];
          });
        }""",
        texts,
    )
    for text, found in zip(texts, told, strict=True):
        if text.startswith("try/"):
            there = page.locator(f"#oos-try-{text.removeprefix('try/')}:not(:has(> .cannot))")
            assert bool(found) == bool(there.count()), text
        elif text.startswith("compare/"):
            assert found is None  # nothing has run yet, so there is nothing to lay side by side
        else:
            assert found, text
        assert not found or found[1:] == [True, True], text


@pytest.mark.parametrize("width", [1280, 390])
def test_its_link_leads_to_it_though_a_recorded_run_comes_in_above(browser, address, width):
    context = browser.new_context(viewport={"width": width, "height": 844}, reduced_motion="reduce")
    page = Visitor(context.new_page(), address + "#try=questions", arrival=True).page
    page.wait_for_selector("[data-panel=heat] .look")
    page.wait_for_timeout(1500)
    top = page.locator(".quiz").bounding_box()["y"]
    assert 0 <= top < 300
    page.mouse.wheel(0, -40_000)
    page.wait_for_function("scrollY < 200")
    page.click("[data-opens=noise]")
    page.wait_for_timeout(500)
    assert page.locator(".quiz").bounding_box()["y"] > 300  # whoever has scrolled is left where they are
    context.close()


def test_two_taps_skip_everything_and_it_stays_skipped(pupil):
    page = pupil.page
    page.click(".quiz .begin")
    page.click(".quiz .later-quiz")
    page.click(".quiz .skip")
    assert page.locator(".quiz button:visible").all_inner_texts() == ["Three questions, after all"]
    assert page.evaluate("document.activeElement.matches('.unskip')")
    page.reload()
    page.wait_for_selector(".quiz .unskip:visible")
    assert page.is_hidden(".quiz .offer")
    page.click(".quiz .unskip")
    assert page.is_visible(".quiz .begin") and pupil.errors == []


def test_no_answer_is_said_to_be_none_and_a_reload_goes_on_where_one_was(pupil):
    page = pupil.page
    page.click(".quiz .begin")
    page.click(".quiz [type=submit]")
    assert page.inner_text(".quiz .need").startswith("Choose one")
    assert page.inner_text(".quiz legend span") == "Before, 1 of 3"
    answer(page, True)
    page.reload()
    page.wait_for_selector(".quiz .begin:text-is('Go on'):visible")
    page.click(".quiz .begin")
    assert page.inner_text(".quiz legend span") == "Before, 2 of 3"


def test_answers_leave_as_a_file_without_names_and_are_forgotten_in_one_tap(pupil):
    page = pupil.page
    asked = [*three(page, True, True, False), *three(page, True, False, True)]
    requests = list(pupil.requests)
    with page.expect_download() as saved:
        page.click(".quiz .save")
    rows = list(csv.DictReader(saved.value.path().read_text("utf-8").splitlines()))
    assert [row["question"] for row in rows] == [one["asked"]["id"] for one in asked]
    assert [row["when"] for row in rows] == ["before"] * 3 + ["after"] * 3
    assert [row["right"] for row in rows] == ["yes", "yes", "no", "yes", "no", "yes"]
    assert len({row["code"] for row in rows}) == 1 and len(rows[0]["code"]) == 6
    assert len(json.loads(page.evaluate(KEPT))["rounds"]) == 1
    page.click(".quiz .forget")
    assert page.evaluate(KEPT) is None and page.inner_text(".quiz .begin") == "Ask me"
    assert [one for one in pupil.requests[len(requests) :] if not one.startswith("blob:")] == []  # all of it stays here


def test_it_works_where_nothing_can_be_kept(browser, address):
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('denied', 'SecurityError'); }})"
    )
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)) if "quiz" in str(error) else None)
    page.goto(address)
    page.wait_for_selector(".quiz .says-what:not(:empty)")
    three(page, True, True, True)
    assert "keeps nothing" in page.inner_text(".quiz > .state")
    three(page, True, True, True)
    assert page.inner_text(".quiz .result h3") == "Before 3 of 3 right, after 3 of 3" and wrong == []
    context.close()


def test_in_a_gallery_from_the_disk_it_asks_and_leads_to_what_is_there(browser, tmp_path):
    """As a class uses it: no server, no network. What needs a model is not there, so nothing leads to it."""
    runs = (("cat", "A cat", {"prompt": "a cat", "seed": 1, "steps": 3}),)
    assert gallery.main([str(tmp_path)], load=lambda _: FakeEngine(), runs=runs) == 0
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_selector(".quiz .says-what:not(:empty)")
    three(page, False, False, False)
    missed = [one["belief"]["leads"] for one in three(page, False, False, False)]
    told = page.locator(".quiz .see").all_inner_texts()
    assert not any("Tell it something" in one or "Another seed" in one for one in told)
    assert len(told) >= sum(any(lead.startswith("panel/") for lead in leads) for leads in missed)
    if told:
        page.locator(".quiz .see").first.click()
        page.wait_for_function("() => !document.activeElement.closest('.quiz')")
    with page.expect_download() as saved:
        page.click(".quiz .save")
    assert saved.value.path().read_text("utf-8").count("\n") == 7 and wrong == []
    context.close()
