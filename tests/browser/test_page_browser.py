"""The page itself: what may be typed, what it asks of the network, and whether it fits a phone."""

from urllib.parse import urlsplit

import pytest
from visiting import Visitor

from demo.tiny import parts

HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "${alert(1)} `${alert(1)}`",
    "{{value}} {{#each value}}x{{/each}} {{constructor}}",
    "\"quotes\" 'and' \\ backslashes \\u003cscript\\u003e",
    "🦊🧑‍🚀 a fox",
    "שלום עולם مرحبا",
    "一只蓝色的猫",
]


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_hostile_prompt_is_drawn_as_text(visitor, prompt):
    outside = (
        "document.querySelectorAll('.oos *:not(.panel *, .visit *, .machine *)').length"  # each panel has its own test
    )
    before = visitor.page.evaluate(outside)
    pictures = visitor.page.locator(".oos script, .oos img").count()
    frames = visitor.run(prompt, steps=1)
    assert len(frames) == 2 and visitor.heard("begin")[0]["prompt"] == prompt
    assert visitor.page.text_content("[data-phase=picture] span") == f"“{prompt}”"
    assert visitor.page.get_attribute("[data-view=state] canvas", "aria-label").endswith(prompt)
    assert visitor.page.text_content(".prompt-marks") == prompt
    marks = visitor.page.locator(".oos mark").count()
    tiles = visitor.page.locator(".tiles canvas").count()
    assert visitor.page.locator(".oos script, .oos img").count() == pictures and visitor.errors == []
    assert visitor.page.evaluate(outside) <= before + marks + tiles + 2
    assert visitor.page.text_content(".visit .what") == " ".join(prompt.split())
    kinds = visitor.page.evaluate("[...document.querySelectorAll('.visit li *')].map((one) => one.localName)")
    assert {*kinds} <= {"button", "canvas", "span"}


def test_what_is_brought_in_neither_runs_nor_reports_elsewhere(visitor):
    """Were a text ever taken for markup, it could do nothing: the page's policy lets in what it came with alone."""
    page = visitor.page
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.ran = true'>");
        }"""
    )
    told = page.evaluate("fetch('https://elsewhere.example/').then(() => 'sent', (error) => error.name)")
    page.wait_for_timeout(300)
    assert told == "TypeError" and page.evaluate("window.ran") is None
    against = [error.split("policy: ")[1].split(" ")[0] for error in visitor.errors if "policy: " in error]
    assert {*against} == {"script-src-elem", "script-src-attr", "connect-src"}


BAD = [
    ({"prompt": ""}, "The prompt is empty"),
    ({"prompt": "   "}, "The prompt is empty"),
    ({"prompt": "cat " * 126}, "at most 500 are allowed"),
    ({"prompt": "a cat", "steps": "0"}, "Steps must be a whole number from 1 to 100"),
    ({"prompt": "a cat", "steps": "many"}, "Steps must be a whole number from 1 to 100"),
    ({"prompt": "a cat", "guidance": "21"}, "Guidance must be a number from 1 to 20"),
    ({"prompt": "a cat", "seed": "-1"}, "The seed must be a whole number from 0 to 4294967295"),
    ({"prompt": "a cat", "seed": "4294967296"}, "The seed must be a whole number from 0 to 4294967295"),
]


@pytest.mark.parametrize(("form", "sentence"), BAD, ids=[sentence + str(n) for n, (_, sentence) in enumerate(BAD)])
def test_bad_input_gets_its_sentence_and_loses_nothing(visitor, form, sentence):
    visitor.ask(**form)
    assert sentence in visitor.trouble()
    assert {name: visitor.page.input_value(f"#oos-{name}") for name in form} == form
    field = next((name for name in form if name != "prompt"), "prompt")
    assert visitor.page.evaluate("document.activeElement.id") == f"oos-{field}"
    assert visitor.page.get_attribute(f"#oos-{field}", "aria-invalid") == "true"
    assert visitor.page.is_visible(".go") and visitor.heard("frame") == [] and visitor.errors == []
    visitor.page.fill("#oos-prompt", "a blue cat")
    assert visitor.page.is_hidden(".trouble")


def test_the_form_begins_with_the_models_own_guidance(visitor):
    assert visitor.page.input_value("#oos-guidance") == f"{parts.GUIDANCE:g}"
    assert float(visitor.page.input_value("[data-for=guidance]")) == parts.GUIDANCE


def test_bad_input_leaves_the_last_run_on_the_timeline(visitor):
    visitor.run("a blue cat", steps=3)
    visitor.ask("a blue cat", steps=0)
    visitor.trouble()
    visitor.page.locator(".scrub").focus()
    assert visitor.reached == 3


def test_the_page_asks_nobody_else(visitor):
    visitor.run("a blue cat", steps=2)
    hosts = {urlsplit(url).netloc for url in visitor.requests if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(visitor.address).netloc} and visitor.errors == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(open_page, width, scheme):
    visitor = open_page(width, 844, color_scheme=scheme)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not visitor.page.evaluate(wide)
    for drawer in ("settings", "words"):
        door = visitor.page.locator(f"[data-drawer={drawer}]")
        if door.is_visible():
            door.click()
            assert not visitor.page.evaluate(wide)
    visitor.run("a red fox wearing sunglasses on a skateboard " + "x" * 80, steps=4)
    assert not visitor.page.evaluate(wide)
    outside = visitor.page.evaluate(
        """[...document.querySelectorAll(".oos button, .oos .screen, .oos dd, .oos .take")]
           .filter((e) => e.offsetParent && !e.closest(".offers, .runs"))
           .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className)"""
    )
    assert outside == []


def test_touch_targets_are_large_on_a_phone(open_page):
    visitor = open_page(390, 844, has_touch=True)
    small = visitor.page.evaluate(
        """[...document.querySelectorAll(".oos button, .oos select, .oos textarea, .oos .take")]
           .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 44).map((e) => e.className)"""
    )
    assert small == []


def test_a_run_shifts_nothing(visitor):
    where = (
        "[...document.querySelectorAll('.stage, .film, .deck, .take')].map((e) => e.offsetTop + ' ' + e.offsetHeight)"
    )
    visitor.page.fill("#oos-prompt", "a blue cat")
    before = visitor.page.evaluate(where)
    visitor.page.click(".go")
    visitor.wait_for_step(5)
    during = visitor.page.evaluate(where)
    visitor.wait_for_end()
    assert before == during == visitor.page.evaluate(where)


def test_enter_generates_and_examples_and_words_write(visitor):
    visitor.page.locator(".offers .chip").first.click()
    assert visitor.page.input_value("#oos-prompt") == "a red fox wearing sunglasses on a skateboard"
    assert visitor.page.locator(".offers .chip").count() >= 5
    visitor.page.fill("#oos-prompt", "a blue")
    visitor.page.click("[data-drawer=words]")
    visitor.page.locator(".groups .chip", has_text="cat").first.click()
    assert visitor.page.input_value("#oos-prompt") == "a blue cat"
    visitor.page.click("[data-drawer=settings]")
    visitor.page.fill("#oos-steps", "1")
    visitor.page.focus("#oos-prompt")
    visitor.page.keyboard.press("Enter")
    visitor.wait_for_end()
    visitor.page.keyboard.press("Home")  # from here on keys mean the timeline, though nothing was clicked
    assert visitor.step == 0 and visitor.page.input_value("#oos-prompt") == "a blue cat"
    visitor.page.keyboard.press("ArrowRight")
    assert visitor.step == 1


def test_before_a_run_keys_keep_their_meaning(open_page):
    visitor = open_page(390, 500)
    visitor.page.evaluate("document.activeElement.blur()")
    visitor.page.keyboard.press("End")
    visitor.page.wait_for_function("scrollY > 0")
    assert visitor.errors == []


def test_motion_is_left_out_for_who_does_not_want_it(open_page):
    moving = """[...document.querySelectorAll(".oos, .oos *")].map(getComputedStyle)
      .flatMap((style) => [style.transitionDuration, style.animationDuration].join().split(","))
      .filter((seconds) => parseFloat(seconds) > 0.01).length"""
    assert open_page().page.evaluate(moving) > 0
    assert open_page(reduced_motion="reduce").page.evaluate(moving) == 0


def test_surprise_me_uses_only_words_it_knows(visitor):
    for _ in range(10):
        visitor.page.click(".lucky")
        assert visitor.page.input_value("#oos-prompt")
        assert visitor.page.locator(".prompt-marks mark").count() == 0


def test_unknown_words_are_marked_while_typing(visitor):
    visitor.page.fill("#oos-prompt", "a blue dinosaur")
    assert visitor.page.locator(".prompt-marks mark").all_text_contents() == ["dinosaur"]
    assert "does not know “dinosaur”" in visitor.page.text_content("#oos-hint")
    visitor.page.fill("#oos-prompt", "a blue cat")
    assert visitor.page.locator(".prompt-marks mark").count() == 0


def test_a_word_that_it_knows_is_one_tap_away(visitor):
    visitor.page.fill("#oos-prompt", "a red bird, a bird and a rokcet")
    offered = visitor.page.locator("#oos-hint .instead")
    assert offered.all_text_contents()[-1] == "rocket" and offered.count() == 4
    name = offered.first.text_content()
    visitor.tab_to("#oos-hint .instead")
    visitor.page.keyboard.press("Enter")
    assert visitor.page.input_value("#oos-prompt") == f"a red {name}, a {name} and a rokcet"
    offered.last.click()
    assert visitor.page.input_value("#oos-prompt") == f"a red {name}, a {name} and a rocket"
    assert offered.count() == 0 and not visitor.is_wide() and visitor.heard("begin") == []


def test_the_dice_rolls_a_seed_and_an_empty_seed_is_drawn(visitor):
    visitor.page.click("[data-drawer=settings]")
    visitor.page.click(".dice")
    assert 0 <= int(visitor.page.input_value("#oos-seed")) < 2**32
    visitor.run("a blue cat", steps=1, seed="")
    seed = visitor.heard("begin")[0]["seed"]
    assert visitor.page.text_content("[data-phase=noise] span") == f"pure static from seed {seed}"


def test_the_theme_can_be_chosen_and_is_kept(open_page):
    visitor = open_page(color_scheme="light")
    ground = "getComputedStyle(document.querySelector('.view')).backgroundColor"
    light = visitor.page.evaluate(ground)
    visitor.page.click(".theme")
    assert visitor.page.evaluate(ground) != light
    visitor.page.reload()
    visitor.page.wait_for_selector(".oos", state="visible")
    assert visitor.page.evaluate(ground) != light


def test_a_page_at_rest_makes_no_frames(browser, address):
    """Sixty a second in which nothing changes would cost a phone its battery, and a run its time."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.add_init_script(
        "made = 0; const ask = requestAnimationFrame; requestAnimationFrame = (f) => ((made += 1), ask(f))"
    )
    Visitor(page, address)
    page.wait_for_timeout(2000)
    page.evaluate("made = 0")
    page.wait_for_timeout(1000)
    assert page.evaluate("made") <= 2
    context.close()
