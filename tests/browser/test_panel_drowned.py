"""The experiment *Name it in the noise*: a game that hides what it asks for, and any picture drowned."""

import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from visiting import RUNNING, painted

ANSWERED = "document.querySelector('.drowned .told').textContent.startsWith('Move the slider')"
SHEET, BATH = ".sheet canvas", ".drowned > .bath canvas"


@pytest.fixture
def player(open_page, request):
    width = getattr(request, "param", 1280)
    visitor = open_page(width, 844, has_touch=width < 800, reduced_motion="reduce")
    visitor.page.wait_for_function("document.querySelector('.inks input')")  # the part is there
    return visitor


def pixels(page, selector: str) -> np.ndarray:
    return painted(page.locator(selector).first).astype(int)


def until(page, selector: str, said: str) -> None:
    told = f"document.querySelector('.drowned {selector}').textContent.startsWith({json.dumps(said)})"
    page.wait_for_function(told, timeout=RUNNING)


def choose(page, data: bytes, name="a.jpg", kind="image/jpeg") -> None:
    page.set_input_files(".drowned [type=file]", {"name": name, "mimeType": kind, "buffer": data})


def clean(page) -> np.ndarray:
    """The picture at the end of the slider, once it is there."""
    page.wait_for_function(ANSWERED, timeout=RUNNING)
    page.locator(".drowned > .bath .slide").fill("12")
    page.wait_for_function(f"document.querySelector('{BATH}').width > 0")
    return pixels(page, BATH)


def jpeg(image: Image.Image, **how) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, **how)
    return buffer.getvalue()


def halves(mode="RGB", size=(300, 300)) -> Image.Image:
    image = Image.new("RGB", size, (220, 40, 30))
    image.paste((30, 60, 200), (0, size[1] // 2, *size))
    return image.convert(mode)


@pytest.mark.parametrize("player", [1280, 390], indirect=True)
def test_it_is_played_by_keyboard_and_hides_what_it_asks_for(player):
    page, answers = player.page, []

    def hear(response) -> None:
        if "component_server" in response.url:
            answers.append(response.json())

    page.on("response", hear)
    page.focus(".hide-one")
    page.keyboard.press("Enter")
    until(page, ".state", "What is it?")
    assert page.evaluate("document.activeElement.matches('.more')")
    for level in (2, 3, 4):
        page.keyboard.press("Enter")
        until(page, ".level-told", f"Level {level} of 12")
    before = json.dumps(answers)
    assert "truth" not in before and "guess" not in before and "picks" not in before
    player.tab_to(".drowned .names button")
    chosen = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.wait_for_selector(".drowned .revealed:not([hidden])", timeout=RUNNING)
    (told,) = [answer for answer in answers if "truth" in answer]
    assert told["name"] == chosen and told["shown"] == 3 and len(told["picks"]) == 12
    said = page.text_content(".drowned .verdict")
    assert f"It was asked for as “{told['prompt']}”." in said
    assert ("You named it at level 4" in said) == (chosen == told["truth"])
    assert ("still wrong" in said) == (told["first"] is None)
    assert page.evaluate("document.activeElement.matches('.drowned .verdict')")
    (game,) = page.evaluate("JSON.parse(sessionStorage['out-of-static:tab']).games")
    assert game["right"] == [int(pick == told["truth"]) for pick in told["picks"]]
    assert page.get_attribute(".drowned .scores", "aria-label").startswith("Of 1 game, named right: by you ")
    assert player.errors == [] and not player.is_wide() and page.is_enabled(".drowned .another")


def test_a_cmyk_jpeg_is_drowned_in_its_colours(player):
    choose(player.page, jpeg(halves("CMYK")))
    picture = clean(player.page)
    assert np.abs(picture[30, 128] - [220, 40, 30]).max() < 40 and np.abs(picture[-30, 128] - [30, 60, 200]).max() < 40
    assert "No noise at all" in player.page.text_content(".drowned > .bath") and player.errors == []
    player.page.locator(".drowned > .bath .slide").fill("0")
    assert np.abs(pixels(player.page, BATH) - picture).mean() > 30
    assert "noise, −34" in player.page.text_content(".drowned > .bath")


def test_a_picture_that_lies_on_its_side_is_turned(player):
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    choose(player.page, jpeg(halves(), exif=exif))
    assert np.abs(clean(player.page)[-30, 128] - [220, 40, 30]).max() < 40


def test_what_is_no_picture_or_too_large_is_a_sentence(player):
    page = player.page
    choose(page, b"%PDF-1.7 and nothing that could be seen" * 3, "a.pdf", "application/pdf")
    until(page, ".told", "This is no picture that can be read here.")
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    choose(page, bomb, "bomb.png", "image/png")
    until(page, ".told", "A picture of 60000 x 60000 is too large")
    choose(page, jpeg(halves())[:700])
    page.wait_for_function("/damaged|no picture|slider/.test(document.querySelector('.drowned .told').textContent)")
    assert page.is_hidden(".trouble") and player.errors == []


def test_a_drawing_of_nothing_is_a_sentence_and_one_by_keys_is_drowned(player):
    page = player.page
    page.click(".of-board")
    page.click(".drown-it")
    until(page, ".told", "This picture is one colour all over")
    player.tab_to(SHEET, back=True)
    page.keyboard.press("ArrowLeft")
    assert (pixels(page, SHEET) == 255).all()
    page.keyboard.press("Space")
    assert page.text_content(".drowned .told") == "The pen is down."
    for _ in range(4):
        page.keyboard.press("Shift+ArrowDown")
    drawn = pixels(page, SHEET)
    assert drawn[192 + 144, 180].max() < 60 and (drawn[192, 100] == 255).all()
    page.click(".drown-it")
    assert np.abs(clean(page)[128 + 60, 120] - drawn[282, 180]).max() < 60
    page.click(".wipe-it")
    assert (pixels(page, SHEET) == 255).all() and player.errors == []


@pytest.mark.parametrize("player", [390], indirect=True)
def test_a_finger_draws_and_the_runs_own_picture_is_drowned(player):
    page = player.page
    assert page.is_disabled(".of-run")
    page.click(".of-board")
    page.locator(SHEET).scroll_into_view_if_needed()
    page.tap(SHEET, position={"x": 60, "y": 60})
    assert (pixels(page, SHEET).min(axis=2) < 60).any()
    player.run("a red fox", steps=4, seed=3)
    page.click(".of-run")
    picture, shown = clean(page), player.pixels("state").astype(int)
    assert picture.shape == shown.shape and np.abs(picture - shown).mean() < 6
    assert player.errors == [] and not player.is_wide()
