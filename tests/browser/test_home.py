"""Taking a run home from the page, and opening what was taken: every kind of file, in a real browser."""

import json
import time
import zipfile

import pytest
from fake_engine import FakeEngine
from PIL import Image
from visiting import Visitor

from demo.run import export

STEPS = 5


@pytest.fixture(scope="module")
def fake(launched):
    return launched(FakeEngine())


@pytest.fixture(scope="module")
def guest(browser, fake):
    """A visitor whose run has ended."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    guest = Visitor(context.new_page(), fake)
    guest.run("a blue cat", steps=STEPS, seed=7)
    yield guest
    context.close()


def take(guest, folder, kind: str, **choices):
    """The file that the drawer hands over, saved."""
    page = guest.page
    if not page.locator("dialog.takeaway").is_visible():
        page.click(".home-door")
    page.check(f"dialog.takeaway [name=kind][value={kind}]")
    for name, value in choices.items():
        page.select_option(f"dialog.takeaway [name={name}]", value)
    with page.expect_download(timeout=120_000) as download:
        page.click(".pack")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    page.wait_for_selector(".pack:not([hidden])")
    assert page.text_content("dialog.takeaway .told").startswith(f"Saved as {path.name}, ")
    page.click("dialog.takeaway .close")
    return path


def test_films_come_as_they_were_chosen(guest, tmp_path):
    with Image.open(take(guest, tmp_path, "gif", view="guess", size="128", loop="back-and-forth", hold="0")) as file:
        assert file.size == (128, 128) and file.n_frames == 2 * STEPS - 2
    with Image.open(take(guest, tmp_path, "webp", view="both", size="128", loop="forward")) as file:
        assert file.size[0] == 260 and file.n_frames == STEPS + 1


def test_a_picture_is_that_of_the_step_on_show(guest, tmp_path):
    guest.page.keyboard.press("Home")
    guest.page.keyboard.press("ArrowRight")
    with Image.open(take(guest, tmp_path, "png")) as file:
        assert file.text["step"] == "1" and file.size == (64, 64)
    with Image.open(take(guest, tmp_path, "strip", view="both")) as file:
        assert file.width == (STEPS + 1) * 128


def test_chromium_plays_the_film_to_its_last_picture(guest, tmp_path):
    path = take(guest, tmp_path, "mp4", view="state", size="128", loop="forward", hold="1.5")
    guest.page.route("**/film.mp4", lambda route: route.fulfill(path=path, content_type="video/mp4"))
    told = guest.page.evaluate(
        """async () => {
          const video = Object.assign(document.createElement("video"), {muted: true, src: "/film.mp4"});
          await new Promise((ready, failed) => { video.onloadeddata = ready; video.onerror = failed; });
          await Promise.all([new Promise((ready) => (video.onended = ready)), video.play()]);
          const canvas = Object.assign(document.createElement("canvas"), {width: 128, height: 128});
          canvas.getContext("2d").drawImage(video, 0, 0);
          const at = (x, y) => [...canvas.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3);
          return [video.videoWidth, video.videoHeight, video.duration, at(64, 64), at(3, 3)];
        }"""
    )
    assert told[:2] == [128, 128] and told[2] == pytest.approx(0.1 * (STEPS - 1) + 3, abs=0.05)
    for found, wanted in zip(told[3:], [(40, 110, 235), (255, 255, 255)], strict=True):
        assert max(abs(one - other) for one, other in zip(found, wanted, strict=True)) < 8


@pytest.mark.parametrize("kind", ["html", "zip"])
def test_what_was_taken_is_opened_again(guest, tmp_path, kind):
    path = take(guest, tmp_path, kind)
    guest.page.set_input_files(".open-run input", str(path))
    guest.page.wait_for_selector(".recorded:not([hidden])")
    guest.page.wait_for_function("document.querySelector('[data-number=step]').textContent === '5 / 5'")
    assert guest.page.text_content("[data-phase=picture] span") == "“a blue cat”"
    guest.page.click(".home-door")
    assert guest.page.is_disabled(".pack") and "is a recorded run" in guest.page.text_content("dialog.takeaway .told")
    guest.page.click("dialog.takeaway .close")
    guest.run("a blue cat", steps=STEPS, seed=7)


def test_a_run_is_opened_by_dropping_and_by_pasting(guest, tmp_path):
    with zipfile.ZipFile(take(guest, tmp_path, "zip")) as file:
        text = file.read("run.json").decode()
    opening = """([kind, text]) => {
      const data = new DataTransfer();
      if (kind === "drop") data.items.add(new File([text], "run.json"));
      else data.setData("text/plain", text);
      const event = kind === "drop" ? new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true})
        : new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
      document.body.dispatchEvent(event);
    }"""
    for kind, prompt in (("drop", "one <b>"), ("paste", "two ${x}")):
        told = json.loads(text)
        told["messages"][0]["prompt"] = prompt
        guest.page.evaluate(opening, [kind, json.dumps(told)])
        guest.page.wait_for_function(
            "(prompt) => document.querySelector('[data-phase=picture] span').textContent === `“${prompt}”`", arg=prompt
        )
    assert guest.errors == []
    guest.run("a blue cat", steps=STEPS, seed=7)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bad.zip", b"PK\x03\x04" + bytes(100)),
        ("bad.html", b"<!doctype html><script>alert(1)</script>"),
        ("bad.json", b'{"recorded": true, "schema": 2, "messages": []}'),
        ("bad.png", b"\x89PNG\r\n\x1a\n"),
    ],
)
def test_a_strange_file_gets_a_sentence_and_costs_nothing(guest, tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    guest.page.set_input_files(".open-run input", str(path))
    assert guest.trouble().endswith(".")
    assert guest.reached == STEPS and guest.page.is_hidden(".recorded") and guest.errors == []
    guest.page.fill("#oos-prompt", "a blue cat")


def test_packing_shows_how_far_it_is_and_stops(guest, monkeypatch):
    def film(frames, request, path, cut=None, tick=None):
        while tick:  # a file that somebody asked for; the run's own has no tick
            tick(0.5)
            time.sleep(0.02)
        path.write_bytes(b"gif")

    monkeypatch.setattr(export, "film", film)
    guest.page.click(".home-door")
    guest.page.check("dialog.takeaway [name=kind][value=gif]")
    guest.page.click(".pack")
    guest.page.wait_for_function("document.querySelector('dialog.takeaway progress').value === 0.5")
    guest.page.click("dialog.takeaway .close")
    assert len(guest.run("a red fox", steps=2)) == 3  # a run is drawn meanwhile
    guest.page.click(".home-door")
    guest.page.click("dialog.takeaway .drop")
    guest.page.wait_for_selector(".pack:not([hidden])")
    assert guest.page.text_content("dialog.takeaway .told").startswith("Stopped")
    guest.page.click("dialog.takeaway .close")
    assert guest.errors == []
