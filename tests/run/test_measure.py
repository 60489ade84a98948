import math
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from demo.run import measure
from demo.run.measure import CHANCE, change, changed, curves, decided, layout, layout_correlation, overlap
from demo.run.trace import Frame

SIZE = 64
RNG = np.random.default_rng


def frame(index, total, image, guess=None) -> Frame:
    left = 1 - index / total
    return Frame(index, total, None, math.sqrt(1 - left), math.sqrt(left), 0.0, image.astype(np.uint8), guess)


def run(guesses) -> list[Frame]:
    """A whole run with these guesses (uint8 or rounded to it), the last of which is the result."""
    guesses = [np.asarray(np.round(guess), np.uint8) for guess in guesses]
    noise = RNG(0).integers(0, 256, guesses[0].shape, np.uint8)
    total = len(guesses)
    states = [noise] + [
        ((total - i) * noise.astype(int) + i * guesses[-1].astype(int)) // total for i in range(1, total + 1)
    ]
    return [frame(i, total, state, guesses[i - 1] if i else None) for i, state in enumerate(states)]


def blocks(size=SIZE, seed=1) -> np.ndarray:
    """A picture that is its own mosaic, levels 80..120."""
    cells = RNG(seed).integers(80, 121, (8, 8, 3))
    return np.repeat(np.repeat(cells, size // 8, 0), size // 8, 1)


def checks(size=SIZE) -> np.ndarray:
    """A checkerboard of -1 and 1 (H, W, 1): nothing of it is left in the mosaic."""
    return ((np.indices((size, size)).sum(0) % 2) * 2 - 1)[..., None]


def alike(one, other) -> float:
    return layout_correlation(layout(one), layout(other))


def test_brightness_contrast_and_detail_do_not_touch_the_layout():
    picture = blocks()
    for other in (picture + 90, picture // 2 + 60, picture + 20 * checks().astype(int), 30 + 1.5 * (picture - 80)):
        assert alike(picture, np.round(other).astype(np.uint8)) > 0.99
    assert alike(picture, (255 - picture).astype(np.uint8)) == pytest.approx(-1)
    assert abs(alike(picture, blocks(seed=2))) < 0.3


def test_a_layout_of_colour_alone_is_a_layout():
    """Two halves of equal luminance, red on the left and green on the right, or the other way round."""
    left, right = np.full((SIZE, SIZE // 2, 3), (200, 68, 100)), np.full((SIZE, SIZE // 2, 3), (100, 119, 100))
    one, other = (np.hstack(pair).astype(np.uint8) for pair in ((left, right), (right, left)))
    assert alike(one, one) == pytest.approx(1) and alike(one, other) == pytest.approx(-1)


@pytest.mark.parametrize("level", [0, 7, 128, 255])
def test_a_flat_picture_has_no_layout_of_its_own(level):
    flat = np.full((50, 70, 3), level, np.uint8)
    assert not layout(flat).any() and layout(flat).shape == (192,)
    assert alike(flat, 255 - flat) == 1 and alike(flat, blocks()) == alike(blocks(), flat) == 0


@pytest.mark.parametrize(("height", "width"), [(96, 64), (64, 96), (50, 70), (8, 9)])
def test_the_layout_is_192_numbers_at_any_size_and_each_kind_is_free_of_its_mean(height, width):
    picture = RNG(1).integers(0, 256, (height, width, 3), np.uint8)
    vector = layout(picture)
    assert vector.shape == (192,) and np.abs(vector.reshape(3, 64).mean(axis=1)).max() < 1e-9
    assert alike(picture, picture) == pytest.approx(1)


def test_luminance_and_colour_differences_are_those_of_pillow():
    picture = blocks().astype(np.uint8)
    twin = np.asarray(Image.fromarray(picture).convert("YCbCr"), float)[4::8, 4::8]
    twin = (twin - twin.mean(axis=(0, 1))).transpose(2, 0, 1).ravel()
    np.testing.assert_allclose(layout(picture), twin, atol=1.1)  # Pillow rounds


def test_pictures_smaller_than_the_mosaic_still_have_a_layout():
    tiny = RNG(1).integers(0, 256, (3, 5, 3), np.uint8)
    assert layout(tiny).shape == (45,) and alike(tiny, tiny) == pytest.approx(1)


def test_the_curves_of_a_run_are_those_of_its_guesses():
    final = blocks() + 20 * checks()
    guesses = [blocks(seed=2) + 40, blocks(), blocks() + 10 * checks(), final]
    told = curves(run(guesses))
    assert told.layout[0] == 0 and told.layout[1] < 0.3 and min(told.layout[2:]) > 0.99 and told.layout[-1] == 1
    assert told.point == 2
    assert told.detail[0] == told.detail[1] == 0 and told.detail[-1] == 1
    assert told.detail[2] < told.detail[3] < 1


def test_detail_that_comes_closer_by_equal_steps_gives_a_straight_line():
    told = curves(run([blocks() + (40 - 10 * k) * checks() for k in range(5)]))
    assert told.detail == pytest.approx([0, 0, 0.25, 0.5, 0.75, 1], abs=1e-9)


def test_the_end_is_one_even_where_the_last_guess_is_not_the_result():
    frames = run([blocks(seed=2), blocks(seed=3), blocks()])
    last = frames[-1]
    frames[-1] = frame(last.index, last.total, last.image, last.denoised + np.uint8(9))
    assert curves(frames).layout[-1] == curves(frames).detail[-1] == 1


def test_a_guess_that_never_moves_is_decided_at_once():
    told = curves(run([blocks()] * 4))
    assert told.point == 1 and told.layout == pytest.approx([0, 1, 1, 1, 1]) and told.detail == [0, 1, 1, 1, 1]
    assert curves(run([blocks()])).point == 1


def test_a_run_that_was_stopped_has_no_end_to_compare_with():
    told = curves(run([blocks() + 40, blocks() + 20, blocks()])[:-1])
    assert told.layout == told.detail == [] and told.point is None
    assert len(told.noise_left) == len(told.change) == 3
    assert curves([]).noise_left == curves([]).change == []


def test_the_mosaic_is_pillows_box_filter():
    picture = RNG(3).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    planes = [Image.fromarray(picture[..., colour].astype(np.float32)) for colour in range(3)]
    twin = np.stack([np.asarray(plane.resize((8, 8), Image.Resampling.BOX)) for plane in planes], axis=2)
    np.testing.assert_allclose(measure.cells(picture, 8, 8), twin, rtol=1e-6)


def test_cells_of_an_uneven_grid_are_means():
    values = np.arange(10.0).reshape(2, 5)
    assert measure.cells(values, 1, 2).tolist() == [[(0 + 1 + 5 + 6) / 4, (2 + 3 + 4 + 7 + 8 + 9) / 6]]


@pytest.mark.parametrize(
    ("correlations", "point"),
    [
        ([0, 0.5, 0.95, 1], 2),
        ([0, 0.95, 0.5, 0.9, 1], 3),
        ([0, 0, 0.2, 1], 3),
        ([1, 1], 0),
        ([0, 0.9, 0.8], None),
        ([], None),
    ],
)
def test_decided_is_where_the_layout_stays_alike(correlations, point):
    assert decided(correlations) == point


def test_change_is_the_mean_difference_and_where_it_is():
    before = np.full((30, 30, 3), 100, np.uint8)
    after = before.copy()
    after[20:, :10] = 191  # the lower left ninth
    met = change(before, after)
    assert met.levels == pytest.approx(91 / 9)
    assert met.grid.tolist() == [[0, 0, 0], [0, 0, 0], [91, 0, 0]]
    assert change(after, before).levels == met.levels
    assert changed(before, after).shape == (30, 30) and changed(before, before).max() == 0


def test_black_and_white_are_255_apart():
    assert change(np.zeros((9, 9, 3), np.uint8), np.full((9, 9, 3), 255, np.uint8)).levels == 255


def test_overlap_of_maps_that_agree_that_do_not_and_that_half_do():
    left, right, middle = np.zeros((10, 10)), np.zeros((10, 10)), np.zeros((10, 10))
    left[:, :2], right[:, 8:], middle[:, 1:3] = 1, 1, 1
    assert overlap(left, left) == 1
    assert overlap(left, right) == 0
    assert overlap(left, middle) == pytest.approx(1 / 3)
    assert overlap(left, np.kron(left, np.ones((8, 8)))) == 1  # pixels, averaged down to the map's places
    assert overlap(7 * left + 3, left) == 1


def test_a_map_without_a_preference_gets_chance_exactly():
    some = RNG(0).normal(size=(16, 16))
    fifth = 51 / 256  # as near to a fifth as 16 x 16 places can come
    assert overlap(some, np.zeros((128, 128))) == pytest.approx(fifth / (2 - fifth))
    assert overlap(np.ones((16, 16)), some) == pytest.approx(fifth / (2 - fifth)) == pytest.approx(CHANCE, abs=1e-3)
    assert overlap(np.ones((10, 10)), np.ones((10, 10))) == pytest.approx(CHANCE) == pytest.approx(1 / 9)


def test_maps_that_know_nothing_of_each_other_meet_by_chance():
    rng = RNG(0)
    met = [overlap(rng.normal(size=(16, 16)), rng.normal(size=(16, 16))) for _ in range(400)]
    assert np.mean(met) == pytest.approx(CHANCE, abs=3 * np.std(met) / math.sqrt(400) + 0.003)


def test_noise_and_change_are_those_of_the_frames():
    frames = run([blocks() + 40 - 10 * k for k in range(5)])
    told = curves(frames)
    assert told.noise_left == [frame.noise_left for frame in frames]
    assert told.change == [None, *(change(a.image, b.image).levels for a, b in pairwise(frames))]
