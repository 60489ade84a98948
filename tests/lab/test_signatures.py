"""Signatures against plain NumPy and Pillow, and what makes them be refused."""

import dataclasses
import json

import numpy as np
import pytest
from embedded import MODEL
from PIL import Image

from demo.lab import signatures as module
from demo.lab.signatures import FIELDS, LONG, SIDES, Signatures, Stale, planes, weights
from demo.tiny.data import picture
from demo.tiny.stage import STILL


@pytest.fixture(scope="module")
def scenes():
    return np.stack([picture(SIDES["seen"], number, freedom=STILL)[1].numpy() for number in range(60)])


def test_the_fields_of_a_picture_are_pillows(scenes):
    ours = planes(scenes[:4]).reshape(4, 3, FIELDS, FIELDS).transpose(0, 2, 3, 1)
    for field, scene in zip(ours, scenes, strict=False):
        image = Image.fromarray(scene.transpose(1, 2, 0))
        theirs = np.asarray(image.reduce(image.width // FIELDS)).astype(np.float32)
        assert np.abs(field - theirs).max() <= 0.51  # Pillow rounds


def test_a_code_is_the_projection_written_out(small, scenes):
    """Number by number, as one would on paper."""
    _, made = small
    mean, basis, scale = made.projection.mean, made.projection.basis, made.projection.scale
    for at in (0, 7):
        plane = planes(scenes[at : at + 1])[0]
        slow = [sum(float(basis[k, i]) * float(plane[i] - mean[i]) for i in range(len(mean))) for k in range(LONG)]
        slow = [max(-127, min(127, round(number / scale))) for number in slow]
        assert np.abs(np.array(slow) - made.codes["seen"][at]).max() <= 1
    assert made.codes["seen"].dtype == np.int8 and made.codes["seen"].shape == (240, LONG)


def test_the_directions_are_those_in_which_scenes_differ_most(small):
    basis = made_basis = small[1].projection.basis
    assert np.abs(basis @ made_basis.T - np.eye(LONG)).max() < 2e-3  # of length 1, at right angles; kept as float16
    assert (np.diff(small[1].codes["seen"].astype(float).std(axis=0)[:8]) < 0).sum() >= 6


def test_what_was_saved_is_what_is_loaded(small):
    path, made = small
    again = Signatures.load(path, weights(MODEL))
    assert again.header == json.loads(json.dumps(made.header)) and again.count == 240
    assert all((again.codes[side] == made.codes[side]).all() for side in SIDES)
    assert (again.shortlist(made.draw("seen", 9), "seen", 5) == made.shortlist(made.draw("seen", 9), "seen", 5)).all()


def test_none_or_a_broken_file_is_one_sentence(tmp_path, small):
    with pytest.raises(Stale, match=r"^There are no signatures .*demo\.lab\.nearest makes them\.$"):
        Signatures.load(tmp_path / "none.npz", "whatever")
    broken = tmp_path / "broken.npz"
    for bytes_ in (b"", b"no archive", small[0].read_bytes()[:3000]):
        broken.write_bytes(bytes_)
        with pytest.raises(Stale, match=r"cannot be read"):
            Signatures.load(broken, "whatever")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"weights": "00000000"}, "made for another model"),
        ({"seeds": {"seen": 5, "unseen": 2}}, "of another world"),
        ({"freedom": "any"}, "of another world"),
        ({"world": "00000000"}, "of another world"),
        ({"freedom": "free"}, "drawn otherwise"),
    ],
)
def test_stale_signatures_are_refused(small, changed, why):
    made = dataclasses.replace(small[1], header=small[1].header | changed)
    with pytest.raises(Stale, match=why):
        made.believe(weights(MODEL))


def test_scenes_that_are_drawn_otherwise_are_noticed(small, monkeypatch):
    made = small[1]
    made.believe(weights(MODEL))
    drawn = Signatures.draw
    monkeypatch.setattr(Signatures, "draw", lambda self, side, number: drawn(self, side, number)[:, :, ::-1])
    with pytest.raises(Stale, match="drawn otherwise"):
        made.believe(weights(MODEL))


def test_the_world_is_told_by_its_scenes(monkeypatch):
    assert module.world(100) == module.world(100)
    now = module.world(100)
    monkeypatch.setitem(module.SIDES, "unseen", 9)
    assert module.world(100) != now
