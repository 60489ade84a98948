"""Which pictures a film has, in which order, how large and for how long; choices are judged in one sentence."""

import numpy as np
import pytest
from filmed import asked, run_of, still

from demo.run.films import GAP, GROUND, HOLD, LONGEST, Cut, Film, Stopped, caption
from demo.run.trace import BadRequest, Request


@pytest.mark.parametrize("view", ["state", "guess", "both"])
def test_every_state_is_shown_once_in_order(view):
    frames = run_of(8, side=64)
    film = Film(frames, asked(steps=8), Cut(view, size=64))
    shown = list(film.pictures())
    assert [index for index, _, _ in shown] == list(range(8 if view == "guess" else 9))
    for index, picture, _ in shown:
        frame = film.frames[index]
        if view != "guess":
            assert np.array_equal(picture[:64, :64], frame.image)
        if view != "state":
            right = picture[:64, -64:]
            assert np.array_equal(right, frame.denoised) if frame.denoised is not None else (right == GROUND).all()
        assert picture.shape[1::-1] == film.size and picture.shape[0] % 2 == picture.shape[1] % 2 == 0


def test_both_stand_side_by_side_over_a_line_that_changes_with_the_step():
    film = Film(run_of(4, side=64), asked(steps=4), Cut(size=64))
    one, two = (film.shot(index) for index in (2, 3))
    assert one.whole().shape[1] == 2 * 64 + GAP and one.caption is not None
    assert not np.array_equal(one.caption, two.caption)
    assert np.array_equal(one.caption, caption(asked(steps=4), "step 2 of 4", 2 * 64 + GAP))


def test_there_and_back_shows_neither_end_twice():
    film = Film(run_of(3, side=32), asked(steps=3), Cut("state", loop="back-and-forth", hold=1))
    assert film.order == [0, 1, 2, 3, 2, 1]
    assert film.delays == [1000, 100, 100, 1000, 100, 100]


@pytest.mark.parametrize("speed", [None, 1, 7, 10, 30, 50])
@pytest.mark.parametrize("count", [1, 2, 31, 101])
def test_delays_are_what_browsers_honour(speed, count):
    film = Film(still(count), asked(), Cut("state", speed=speed))
    assert all(ms % 10 == 0 and ms >= 20 for ms in film.delays) and len(film.delays) == count
    moving = film.delays[1:-1]
    assert film.delays[0] == film.delays[-1] == 1000 * HOLD
    if moving:
        assert moving == [moving[0]] * (count - 2)
        assert sum(moving) <= LONGEST if speed is None else abs(moving[0] - 1000 / speed) <= 5


def test_without_holding_the_ends_are_as_short_as_the_rest():
    assert Film(still(3), asked(), Cut("state", hold=0)).delays == [100, 100, 100]


@pytest.mark.parametrize(
    ("wide", "high", "view", "size"),
    [
        (128, 128, "state", (384, 384)),
        (100, 60, "state", (384, 230)),
        (512, 512, "state", (512, 512)),
        (1024, 768, "state", (512, 384)),
        (128, 128, "both", (516, 282)),
    ],
)
def test_small_pictures_grow_and_large_ones_shrink(wide, high, view, size):
    assert Film(run_of(1, side=wide, high=high), asked(steps=1), Cut(view)).size == size


def test_choices_are_read_by_key_or_label_as_text_or_number():
    assert Cut.checked() == Cut.checked(None, "", " ", None, None) == Cut()
    assert Cut.checked("State", "12", 0, 256.0, "There and back") == Cut("state", 12, 0, 256, "back-and-forth")


@pytest.mark.parametrize(
    "wrong",
    [
        {"view": "all"},
        {"view": 3},
        {"speed": 0},
        {"speed": 51},
        {"speed": "fast"},
        {"hold": -1},
        {"hold": float("nan")},
        {"size": 63},
        {"size": 1025},
        {"size": True},
        {"loop": "sideways"},
        {"loop": ["forward"]},
    ],
)
def test_what_cannot_be_filmed_is_refused_in_a_sentence(wrong):
    with pytest.raises(BadRequest, match=r"^[A-Z].*must be.*\.$"):
        Cut.checked(**wrong)


def test_a_film_that_would_be_too_large_is_refused_before_it_is_made():
    with pytest.raises(BadRequest, match="smaller size"):
        Film(still(101), asked(), Cut("state", size=1024, loop="back-and-forth", speed=50)).pictures()
        Film(run_of(2, side=32) * 100, asked(), Cut("both", size=1024))


def test_a_run_without_guesses_is_filmed_as_states():
    assert Film(still(3), asked()).view == "state"
    with pytest.raises(BadRequest, match="no guess"):
        Film(still(3), asked(), Cut("guess"))
    with pytest.raises(ValueError, match="at least one frame"):
        Film([], asked())


def test_the_line_keeps_the_seed_however_long_the_prompt_is():
    wide = 300
    long = caption(Request("a cat " * 80, 7, 30), "step 3 of 30", wide)
    assert long.shape[1] == wide and not np.array_equal(
        long, caption(Request("a cat " * 80, 8, 30), "step 3 of 30", wide)
    )
    assert (long[:, -3:] == GROUND).all()  # nothing runs over the edge


def test_whoever_listens_hears_how_far_it_is_and_can_end_it():
    heard = []
    list(Film(still(4), asked()).pictures(heard.append))
    assert heard == [0, 0.25, 0.5, 0.75]

    def enough(share: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        list(Film(still(4), asked()).pictures(enough))
