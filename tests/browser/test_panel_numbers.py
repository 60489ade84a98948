"""Stage 2 in a real browser: tokens as they are, live while one types, and what one of them is to the model."""

import json
import os
import re
from pathlib import Path

import pytest
from visiting import Visitor

MODEL = Path(__file__).resolve().parents[2] / os.environ.get("DEMO_MODEL", "assets/tiny")
LONG = "a blue cat and " * 12 + "a rocket"


@pytest.fixture(params=[390, 1280])
def reading(open_page, request):
    """A visitor with the second panel open, reached by keyboard."""
    visitor = open_page(request.param, 844)
    visitor.tab_to("[data-opens=numbers]")
    visitor.page.keyboard.press("Enter")
    return visitor


def write(visitor, prompt: str) -> None:
    """Type a prompt and wait until its tokens are there."""
    visitor.page.fill("#oos-prompt", prompt)
    told = f"{len(prompt.split())} word"
    visitor.page.wait_for_function(
        "(told) => document.querySelector('[data-phase=numbers] span').textContent.startsWith(told)", arg=told
    )


def chips(visitor, kind: str = "word") -> list[str]:
    return visitor.page.locator(f".token.{kind} b").all_text_contents()


def choose(visitor, word: str) -> None:
    """Choose the first token of a word by keyboard, and wait until it is shown."""
    at = visitor.page.locator(f".token:has(b:text-is('{word}'))").first.get_attribute("data-at")
    visitor.tab_to(f"button.token[data-at='{at}']")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_function("(word) => document.querySelector('.token-name').textContent === word", arg=word)


def test_tokens_come_while_one_types_and_no_run_starts(reading):
    write(reading, "a blue cat")
    assert chips(reading) == ["a", "blue", "cat"] and chips(reading, "start") == ["start"]
    assert chips(reading, "end") == ["end"] and chips(reading, "padding") == ["padding × 19"]
    assert reading.page.text_content("[data-phase=numbers] span") == "3 words became 3 tokens"
    write(reading, "cat")
    assert reading.page.text_content("[data-phase=numbers] span") == "1 word became 1 token"
    assert reading.heard("begin") == [] and reading.errors == [] and not reading.is_wide()


def test_the_server_is_asked_once_when_the_typing_pauses(reading):
    reading.page.wait_for_timeout(600)
    reading.requests.clear()
    reading.page.focus("#oos-prompt")
    reading.page.keyboard.type("a red fox", delay=20)
    reading.page.wait_for_function(
        "document.querySelector('[data-phase=numbers] span').textContent === '3 words became 3 tokens'"
    )
    reading.page.wait_for_timeout(400)
    assert len([url for url in reading.requests if "component_server" in url]) <= 4  # numbers, token, atlas


def test_ids_are_the_models_own(reading):
    write(reading, "a cat and a cat")
    ids = reading.page.locator(".token.word small").all_text_contents()
    assert ids[0] == ids[3] and ids[1] == ids[4] and len(set(ids)) == 3 and all(text.isdigit() for text in ids)


def test_what_is_cut_off_is_grey_and_said(reading):
    write(reading, LONG)
    cut = len(LONG.split()) - 22
    assert len(chips(reading, "cut")) == cut and reading.page.locator("button.token.cut").count() == 0
    assert reading.page.text_content(".cut-told") == (
        f"Cut off: the last {cut} tokens did not fit in the 24 seats. The model never gets them."
    )
    assert reading.page.text_content("[data-phase=numbers] span").endswith(f", {cut} cut off")
    write(reading, "a cat")
    assert reading.page.is_hidden(".cut-told") and not reading.is_wide()


def test_words_never_seen_are_marked(reading):
    write(reading, "a blue dinosaur")
    assert reading.page.locator(".token.strange b").all_text_contents() == ["dinosaur"]
    assert reading.page.text_content(".unknown-told") == "Words it does not know: “dinosaur”."
    choose(reading, "dinosaur")
    assert "never met" in reading.page.text_content(".token-told")
    assert reading.page.locator(".neighbours li").count() == 0


def test_a_token_shows_its_numbers_neighbours_and_place_by_keyboard(reading):
    write(reading, "a red fox on a skateboard")
    choose(reading, "fox")
    assert reading.page.locator(".token[aria-pressed=true] b").all_text_contents() == ["fox"]
    count = int(reading.page.text_content(".strip-told").split()[0])
    width, height = reading.page.eval_on_selector(".heat-strip", "e => [e.width, e.height]")
    assert count >= 64 and width * height >= count and float(reading.page.text_content(".length")) > 0
    words = reading.page.locator(".neighbours span").all_text_contents()
    cosines = [float(text.replace("−", "-")) for text in reading.page.locator(".neighbours b").all_text_contents()]
    assert len(words) == 8 and "fox" not in words and cosines == sorted(cosines, reverse=True) and cosines[0] <= 1
    told = reading.page.text_content(".map-told")
    words = json.loads((MODEL / "vocabulary.json").read_text(encoding="utf-8"))["words"]
    assert f"{len(words)} words" in told and told.count("%") == 2
    assert "fox" in reading.page.get_attribute(".atlas", "aria-label").split("lit: ")[1]
    lit = """() => {
      const { width, height } = document.querySelector(".atlas");
      const { data } = document.querySelector(".atlas").getContext("2d").getImageData(0, 0, width, height);
      return new Set(data.filter((_, at) => at % 4 === 0 && data[at + 3])).size;
    }"""
    assert reading.page.evaluate(lit) > 2 and reading.errors == [] and not reading.is_wide()


def test_the_same_word_after_another_has_other_numbers(reading):
    write(reading, "a red fox")
    choose(reading, "fox")
    told = "() => document.querySelector('.strip-told').textContent"
    reading.page.wait_for_function(told)
    before = reading.page.text_content(".strip-told")
    reading.page.fill("#oos-prompt", "a blue fox")
    reading.page.wait_for_selector(".token b:text-is('blue')")
    choose(reading, "fox")
    reading.page.wait_for_function(
        "(before) => ![before, ''].includes(document.querySelector('.strip-told').textContent)", arg=before
    )


def test_signs_are_shown_as_what_they_are(reading):
    write(reading, "a cat")
    for name in ("start", "end", "padding"):
        reading.page.click(f".token.{name}")
        reading.page.wait_for_function("(name) => document.querySelector('.token-name').textContent === name", arg=name)
        assert "nobody" in reading.page.text_content(".token-told")
        assert reading.page.locator(".neighbours li").count() == 0


@pytest.mark.parametrize(
    "prompt", ["<img src=x onerror=alert(1)> cat", "${alert(1)} {{value}}", "一只蓝色的猫 🦊 שלום"]
)
def test_a_hostile_prompt_is_text_here_too(visitor, prompt):
    visitor.page.click("[data-opens=numbers]")
    visitor.page.fill("#oos-prompt", prompt)
    visitor.page.wait_for_function("document.querySelectorAll('.token.strange').length > 0")
    assert visitor.page.locator("[data-stage=numbers] :is(img, script)").count() == 0 and visitor.errors == []
    visitor.page.locator("button.token").nth(1).click()
    visitor.page.wait_for_selector(".token-shown:not([hidden])")
    assert visitor.errors == []


def test_nothing_typed_yet_shows_the_empty_seats(reading):
    reading.page.wait_for_selector(".token.padding")
    assert chips(reading) == [] and chips(reading, "padding") == ["padding × 22"]
    assert reading.page.text_content("[data-phase=numbers] span") == "words become numbers"


def test_a_run_does_not_wait_for_the_numbers(visitor):
    page = visitor.page
    wanted = re.compile(r"component_server")
    page.route(wanted, lambda route: route.abort() if '"numbers"' in route.request.post_data else route.continue_())
    page.reload()
    page.wait_for_selector(".oos", state="visible", timeout=120_000)
    assert len(visitor.run("a cat", steps=1)) == 2 and visitor.errors == []
    assert page.locator(".token").count() == 0
    page.unroute(wanted)
    page.wait_for_selector(".token", state="attached")  # it asks again, and again


def test_what_is_typed_while_another_part_still_loads_is_heard(browser, address):
    context, held = browser.new_context(), []
    page = context.new_page()
    page.route("**/panels/curves.js*", lambda route: held.append(route))
    visitor = Visitor(page, address)
    page.wait_for_timeout(1500)  # the numbers are there, and have read what was in the form
    page.fill("#oos-prompt", "a snorkelling cat")
    page.wait_for_timeout(500)
    held[0].continue_()
    page.click("[data-opens=numbers]")
    page.wait_for_selector(".token.strange")
    assert visitor.errors == []
    context.close()
