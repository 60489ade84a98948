"""Each touch against Pillow itself, and what it added against plain subtraction."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from demo.run.finish import Finish, Upscaler, finish
from demo.run.trace import BadRequest


def picture(high=12, wide=16, low=60, range=120) -> np.ndarray:
    """A smooth picture with an edge, in the middle of the levels."""
    y, x = np.mgrid[:high, :wide]
    grey = low + range * (x > wide // 2) * 0.5 + range * 0.5 * y / high
    return np.stack([grey, grey * 0.8, 200 - grey], 2).round().astype(np.uint8)


IMAGE = picture()


def enlarged(factor=2) -> np.ndarray:
    return np.asarray(Image.fromarray(IMAGE).resize((16 * factor, 12 * factor), Image.Resampling.LANCZOS))


def test_no_touch_leaves_the_picture_alone():
    done = finish(IMAGE, Finish())
    assert np.array_equal(done.image, IMAGE) and np.array_equal(done.before, IMAGE)
    assert (done.added == 128).all() and done.steps == ()


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_plain_enlarging_is_lanczos_and_adds_nothing(factor):
    done = finish(IMAGE, Finish(upscale=factor))
    assert np.array_equal(done.image, enlarged(factor)) and np.array_equal(done.before, done.image)
    assert [touch.name for touch in done.steps] == ["upscale"] and (done.steps[0].added == 128).all()


def test_sharpening_is_an_unsharp_mask_of_one_pixel_of_the_original():
    sharp = finish(IMAGE, Finish(upscale=3, sharpen=1.5)).image
    mask = ImageFilter.UnsharpMask(radius=3, percent=150, threshold=2)
    assert np.array_equal(sharp, np.asarray(Image.fromarray(enlarged(3)).filter(mask)))
    assert not np.array_equal(sharp, enlarged(3))


def test_contrast_goes_part_of_the_way_to_the_full_range():
    full = np.asarray(ImageOps.autocontrast(Image.fromarray(IMAGE), cutoff=1, preserve_tone=True))
    assert np.array_equal(finish(IMAGE, Finish(contrast=1)).image, full)
    spreads = [finish(IMAGE, Finish(contrast=share)).image[..., 0].std() for share in (0, 0.3, 0.6, 1)]
    assert spreads == sorted(spreads) and spreads[-1] > spreads[0] + 10
    half = finish(IMAGE, Finish(contrast=0.5)).image
    assert np.abs(half - (full + IMAGE.astype(float)) / 2).max() <= 1


def test_touches_follow_each_other_and_each_says_what_it_added():
    done = finish(IMAGE, Finish(upscale=2, sharpen=1, contrast=0.7))
    assert [touch.name for touch in done.steps] == ["upscale", "contrast", "sharpen"]
    assert np.array_equal(done.before, enlarged()) and np.array_equal(done.steps[-1].image, done.image)
    for touch, following in zip(done.steps, done.steps[1:], strict=False):
        assert np.array_equal(following.before, touch.image)
    for touch in (*done.steps, done):
        assert touch.image.shape == touch.before.shape == touch.added.shape == (24, 32, 3)
        expected = 128 + touch.gain * (touch.image.astype(float) - touch.before)
        assert np.array_equal(touch.added, expected.clip(0, 255).astype(np.uint8))


def test_an_upscalers_map_is_what_it_invented_beyond_plain_resizing():
    given = []

    def enlarge(image):
        given.append(np.asarray(image))
        made = enlarged(4).copy()
        made[10, 20] += 5  # a detail that was not there
        return Image.fromarray(made).convert("RGBA")

    done = finish(IMAGE, Finish(upscale=4), enlarge)
    assert np.array_equal(given[0], IMAGE) and np.array_equal(done.before, enlarged(4))
    places = np.argwhere((done.added != 128).any(2))
    assert places.tolist() == [[10, 20]] and (done.added[10, 20] == 128 + done.gain * 5).all()


def test_what_an_upscaler_makes_is_brought_to_the_size_that_was_asked():
    done = finish(IMAGE, Finish(upscale=3), lambda image: image.resize((64, 48)))
    assert done.image.shape == (36, 48, 3)
    assert finish(IMAGE, Finish(sharpen=1), lambda image: 1 / 0).image.shape == IMAGE.shape  # not enlarged: not asked


def test_an_upscaler_is_opened_when_it_is_first_used_and_once():
    opened = []

    def pipe(image, prompt):
        return SimpleNamespace(images=[image.resize((8, 8)), prompt])

    upscaler = Upscaler(lambda: opened.append(1) or pipe)
    assert opened == []
    for _ in range(2):
        assert upscaler(Image.fromarray(IMAGE), prompt="a fox").size == (8, 8)
    assert opened == [1]


def test_values_as_a_page_sends_them_become_a_finish():
    assert Finish.checked() == Finish(1, 0.0, 0.0)
    assert Finish.checked("2", "0.5", 1) == Finish(upscale=2, sharpen=0.5, contrast=1.0)
    assert Finish.checked(4.0) == Finish(upscale=4)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("upscale", 0, "Upscale must be a whole number from 1 to 4, not 0"),
        ("upscale", 5, "not 5"),
        ("upscale", 1.5, "not 1.5"),
        ("upscale", True, "not True"),
        ("sharpen", -0.1, "Sharpen must be a number from 0 to 2, not -0.1"),
        ("sharpen", "very", "not 'very'"),
        ("contrast", 1.01, "Contrast must be a number from 0 to 1, not 1.01"),
        ("contrast", float("nan"), "not nan"),
        ("contrast", None, "not None"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(field, value, said):
    with pytest.raises(BadRequest) as refused:
        Finish.checked(**{field: value})
    assert said in str(refused.value) and str(refused.value).endswith(".")


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (128, 128)])
def test_pictures_of_any_size_and_flat_ones_survive(shape):
    flat = np.full((*shape, 3), 77, np.uint8)
    done = finish(flat, Finish(upscale=4, sharpen=2, contrast=1))
    assert done.image.shape == (4 * shape[0], 4 * shape[1], 3)
