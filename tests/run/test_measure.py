import math
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from demo.run import measure
from demo.run.measure import CHANCE, Settled, change, changed, curves, overlap, point_of_no_return, settled
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


def test_a_layout_that_comes_closer_by_equal_steps_gives_a_straight_line():
    final = blocks()
    curve = settled(run([final + 40 - 10 * k for k in range(5)]))
    assert [one.coarse for one in curve] == pytest.approx([0, 0, 0.25, 0.5, 0.75, 1], abs=1e-9)
    assert curve[-1] == Settled(1, 1)


def test_layout_and_detail_are_told_apart():
    final = blocks() + 20 * checks()
    guesses = [blocks() + 40, blocks(), blocks() + 10 * checks(), final]
    curve = settled(run(guesses))
    assert [one.coarse for one in curve] == pytest.approx([0, 0, 1, 1, 1], abs=1e-9)
    assert [one.fine for one in curve] == pytest.approx([0, 0, 0, 0.5, 1], abs=1e-9)


def test_a_guess_that_gets_worse_is_clipped_and_the_end_is_exactly_one():
    final = blocks()
    curve = settled(run([final + 10, final + 60, final]))
    assert curve == [Settled(0, 0), Settled(0, 1), Settled(0, 1), Settled(1, 1)]


def test_the_end_is_one_even_where_the_last_guess_is_not_the_result():
    frames = run([blocks() + 40, blocks() + 20, blocks()])
    last = frames[-1]
    frames[-1] = frame(last.index, last.total, last.image, last.denoised + np.uint8(9))
    assert settled(frames)[-1] == Settled(1, 1)


def test_a_run_of_one_step_is_settled_by_it():
    assert settled(run([blocks()])) == [Settled(0, 0), Settled(1, 1)]


def test_a_guess_that_never_moves_is_settled_at_once():
    assert settled(run([blocks()] * 4)) == [Settled(0, 0)] + [Settled(1, 1)] * 4


def test_a_run_that_was_stopped_has_no_end_to_compare_with():
    frames = run([blocks() + 40, blocks() + 20, blocks()])[:-1]
    assert settled(frames) == [] and settled([]) == []
    told = curves(frames)
    assert told["coarse"] is None and told["fine"] is None and told["point"] is None
    assert len(told["noise_left"]) == len(told["change"]) == len(frames)


@pytest.mark.parametrize(("height", "width"), [(96, 64), (64, 96), (50, 70), (8, 5), (3, 40)])
def test_the_two_parts_are_orthogonal_at_any_size(height, width):
    one, other = (RNG(seed).integers(0, 256, (height, width, 3), np.uint8) for seed in (1, 2))
    coarse, fine = measure._distances(one, other)
    whole = ((one.astype(float) - other) ** 2).mean()
    assert coarse**2 + fine**2 == pytest.approx(whole)


def test_the_mosaic_is_pillows_box_filter():
    picture = RNG(3).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    planes = [Image.fromarray(picture[..., colour].astype(np.float32)) for colour in range(3)]
    twin = np.stack([np.asarray(plane.resize((8, 8), Image.Resampling.BOX)) for plane in planes], axis=2)
    np.testing.assert_allclose(measure.cells(picture, 8, 8), twin, rtol=1e-6)


def test_cells_of_an_uneven_grid_are_means():
    values = np.arange(10.0).reshape(2, 5)
    assert measure.cells(values, 1, 2).tolist() == [[(0 + 1 + 5 + 6) / 4, (2 + 3 + 4 + 7 + 8 + 9) / 6]]


@pytest.mark.parametrize(
    ("coarse", "point"),
    [
        ([0, 0.5, 0.95, 1], 2),
        ([0, 0.95, 0.5, 0.9, 1], 3),
        ([0, 0, 0.2, 1], 3),
        ([1, 1], 0),
        ([0, 0.9, 0.8], None),
        ([], None),
    ],
)
def test_the_point_of_no_return_is_where_the_layout_stays_decided(coarse, point):
    assert point_of_no_return([Settled(value, 0) for value in coarse]) == point


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


def test_curves_are_plain_lists_as_long_as_the_run():
    final = blocks()
    frames = run([final + 40 - 10 * k for k in range(5)])
    told = curves(frames)
    assert told["noise_left"] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0])
    assert told["change"][0] is None
    assert told["change"][1:] == [change(a.image, b.image).levels for a, b in pairwise(frames)]
    assert told["coarse"] == pytest.approx([0, 0, 0.25, 0.5, 0.75, 1], abs=1e-9)
    assert told["point"] == 5 and told["coarse"][-1] == told["fine"][-1] == 1
    assert curves([])["change"] == []
