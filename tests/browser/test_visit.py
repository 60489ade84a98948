"""The runs of a visit: another seed, going back to one, two on one scrubber, and comparisons that run by themselves."""

import numpy as np
from visiting import painted

CELLS = ".visit .runs li"
BESIDE = ".second canvas[data-beside={}]"


def pixels(page, selector: str) -> np.ndarray:
    return painted(page.locator(selector).first)


def two_runs(visitor):
    """A cat of six steps, and a red one of three from the same noise, which is on the timeline."""
    visitor.run("a cat", steps=6, seed=7)
    visitor.run("a red cat", steps=3, seed=7)
    return visitor.page


def test_another_seed_is_the_same_request_from_other_static(visitor):
    (first, *_) = visitor.run("a blue cat", steps=2, seed=7)
    begun = visitor.heard("begin")[-1]
    visitor.page.evaluate("window.heard.length = 0")
    visitor.page.click(".again")
    visitor.wait_for_end()
    again = visitor.heard("begin")[-1]
    assert again["seed"] != 7 and visitor.page.input_value("#oos-seed") == str(again["seed"])
    same = ("prompt", "total", "guidance", "scheduler", "negative_prompt")
    assert [again[field] for field in same] == [begun[field] for field in same]
    assert visitor.heard("frame")[0]["sha256"] != first["sha256"] and visitor.errors == []


def test_an_earlier_run_is_there_again_on_a_tap_without_a_request(visitor):
    page = two_runs(visitor)
    later = visitor.pixels("guess")
    assert page.locator(CELLS).count() == 2
    visitor.requests.clear()
    page.locator(CELLS + " .show").first.click()
    assert visitor.reached == 6 and page.text_content("[data-number=step]") == "6 / 6"
    assert not np.array_equal(visitor.pixels("guess"), later)
    page.locator(CELLS + " .show").last.click()
    assert visitor.reached == 3 and np.array_equal(visitor.pixels("guess"), later)
    assert visitor.requests == [] and visitor.errors == []


def test_two_runs_move_on_one_scrubber_by_step_and_by_noise(visitor):
    page = two_runs(visitor)
    noise = {
        frame["index"]: frame["noise_left"]
        for frame in page.evaluate(
            "heard.filter((m) => m.kind === 'frame').map(({index, noise_left}) => ({index, noise_left}))"
        )
    }
    page.locator(CELLS + " .beside").first.click()
    assert page.locator(".second").is_visible() and "red" in page.text_content(".differs mark")
    assert page.locator(".differs dt:not(.column)").all_text_contents() == ["words", "steps"]
    where = page.locator("[data-told=where]")
    told = []
    for step in range(4):
        page.locator(".scrub").fill(str(step))
        told.append(where.text_content())
    assert [text.split(",")[0] for text in told] == [f"step {step} of 6" for step in range(4)]
    page.locator("[name=oos-align][value=noise]").check()
    page.locator(".scrub").fill("3")
    assert where.text_content().startswith("step 6 of 6") and noise[3] < 0.01
    page.locator(".scrub").fill("0")
    assert where.text_content().startswith("step 0 of 6")
    page.locator(".scrub").fill("2")
    beside = where.text_content().split(" of ")[0]
    page.click(".second .swap")
    assert page.text_content("[data-number=step]") == beside.removeprefix("step ") + " / 6"  # what stood beside it
    assert visitor.errors == []


def test_the_difference_is_of_the_pictures_that_are_on_show(visitor):
    page = two_runs(visitor)
    page.locator(CELLS + " .beside").first.click()
    page.locator(".scrub").fill("2")
    here, there = visitor.pixels("guess"), pixels(page, BESIDE.format("guess"))
    apart = here.astype(float) - there
    assert np.abs(pixels(page, BESIDE.format("difference")) - (128 + apart / 2)).max() <= 1
    assert f"{np.abs(apart).mean():.1f} levels" in page.text_content("[data-told=difference]")
    page.click(".second .swap")
    page.locator(".scrub").fill("2")
    assert np.array_equal(visitor.pixels("guess"), there)


def test_the_same_noise_with_other_words_stands_beside_the_run_before(visitor):
    page = two_runs(visitor)
    page.click("[data-drawer=settings]") if page.get_attribute(
        "[data-drawer=settings]", "aria-expanded"
    ) == "false" else None
    page.fill("#oos-seed", "99")
    page.click(".other-words")
    assert page.input_value("#oos-seed") == "7"
    page.keyboard.type("a green cat")
    page.evaluate("window.heard.length = 0")
    page.keyboard.press("Enter")
    visitor.wait_for_end()
    assert page.locator(".differs dt:not(.column)").all_text_contents() == ["words"]
    assert page.locator(".differs mark").all_text_contents() == ["green", "red"]


def test_four_seeds_run_by_themselves_and_one_is_chosen(visitor):
    page = visitor.page
    visitor.run("a cat", steps=2, seed=7)
    page.evaluate("window.heard.length = 0")
    page.click(".question:has-text('Four seeds')")
    page.wait_for_function("heard.filter(({kind}) => kind === 'done').length === 4", timeout=120_000)
    page.wait_for_selector(".second", state="visible")
    seeds = [begun["seed"] for begun in visitor.heard("begin")]
    assert seeds[0] == 7 and len({*seeds}) == 4 and page.locator(CELLS).count() == 5
    page.locator(CELLS + " .show").nth(3).click()
    assert str(seeds[2]) in page.text_content("[data-phase=noise] span")
    assert page.input_value("#oos-seed") == "7"  # what was typed stays
    assert visitor.errors == []


def test_a_comparison_is_of_what_stands_in_the_form_now(visitor):
    page = visitor.page
    visitor.run("a cat", steps=1, seed=7)
    page.evaluate("window.heard.length = 0")
    page.fill("#oos-prompt", "a green frog")
    page.click(".question:has-text('Four seeds')")
    page.wait_for_function("heard.filter(({kind}) => kind === 'done').length === 4", timeout=120_000)
    assert {begun["prompt"] for begun in visitor.heard("begin")} == {"a green frog"}


def test_the_run_that_was_gone_back_to_is_there_after_a_reload(visitor):
    page = two_runs(visitor)
    page.locator(CELLS + " .show").first.click()
    page.reload()
    page.wait_for_function("document.querySelector('[data-number=step]')?.textContent.endsWith('/ 6')")


def test_a_comparison_that_is_stopped_leaves_its_runs_and_begins_no_other(visitor):
    page = visitor.page
    visitor.run("a cat", steps=2, seed=7)
    page.evaluate("window.heard.length = 0")
    page.click(".question:has-text('20 of 40')")
    visitor.wait_for_step(2)
    page.keyboard.press("Escape")
    visitor.wait_for_end()
    page.wait_for_timeout(500)
    assert len(visitor.heard("begin")) == 1 and page.locator(CELLS).count() == 2


def test_a_visit_keeps_its_newest_runs(visitor):
    for seed in range(10):
        visitor.run("a cat", steps=1, seed=seed)
    told = visitor.page.locator(CELLS + " .how").all_text_contents()
    assert len(told) <= 9 and told[-1].startswith("seed 9")


def test_a_branch_lies_beside_the_run_that_it_leaves(visitor):
    page = visitor.page
    visitor.run("a blue cat", steps=6, seed=7)
    page.locator(".scrub").fill("3")
    page.click(".fork-door")
    page.fill("dialog.fork [name=then]", "a red cat")
    page.evaluate("window.heard.length = 0")
    page.keyboard.press("Enter")
    visitor.wait_for_end()
    assert page.locator(".second").is_visible()
    assert page.locator(".differs dt:not(.column)").all_text_contents() == ["words", "way"]
    page.locator(".scrub").fill("3")
    assert page.text_content("[data-told=difference]").startswith("of the two guesses: 0.0 levels")
    page.locator(".scrub").fill("6")
    assert not page.text_content("[data-told=difference]").startswith("of the two guesses: 0.0 levels")


def test_comparisons_do_not_push_out_the_run_that_was_made_by_hand(visitor):
    page = visitor.page
    visitor.run("a cat", steps=1, seed=4321)
    for at, name in enumerate(("Four seeds", "Guidance 1", "Four seeds")):
        page.evaluate("window.heard.length = 0")
        page.fill("#oos-seed", str(at))
        page.click(f".question:has-text('{name}')")
        page.wait_for_function("heard.filter(({kind}) => kind === 'done').length === 4", timeout=120_000)
        visitor.wait_for_end()
    told = page.locator(CELLS + " .how").all_text_contents()
    assert len(told) < 13 and any(text.startswith("seed 4321") for text in told)
