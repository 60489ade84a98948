"""The search against brute force, copies that were made on purpose, and what the command measures."""

import numpy as np
import pytest
from embedded import MODEL

from demo.lab import nearest
from demo.lab.embedded import EmbeddedLab
from demo.lab.kept import combination, kept
from demo.lab.neighbours import Neighbours, redrawn
from demo.lab.signatures import SIDES
from demo.run.trace import BadRequest
from demo.tiny.data import SEED, numbered, picture
from demo.tiny.scenes import held_out
from demo.tiny.stage import STILL

NEW = 7  # a data seed that nothing else has


@pytest.fixture(scope="module")
def neighbours(small):
    return Neighbours.of(MODEL, small[1])


def exact(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one.astype(np.float64) - two.astype(np.float64)) ** 2)))


def test_the_search_finds_what_brute_force_finds(small):
    _, made = small
    scenes = [made.draw("seen", number) for number in range(made.count)]
    first = five = 0
    for number in range(10):
        asked = picture(NEW, number, freedom=STILL)[1].numpy()
        true = np.argsort([exact(asked, scene) for scene in scenes])[:5]
        found = made.shortlist(asked, "seen", 40)
        first += true[0] in found
        five += np.isin(true, found).sum()
    assert first == 10 and five >= 47


def test_the_nearest_are_the_nearest_and_their_distances_exact(neighbours):
    asked = picture(NEW, 3, freedom=STILL)[1].numpy()
    told = neighbours.nearest(asked.transpose(1, 2, 0))
    for side, found in (("seen", told.seen), ("unseen", told.unseen)):
        far = [exact(asked, neighbours.signatures.draw(side, number)) for number in range(neighbours.signatures.count)]
        assert [one.number for one in found[:2]] == np.argsort(far)[:2].tolist()
        for one in found:
            again = picture(one.seed, one.number, freedom=STILL)[1].numpy().transpose(1, 2, 0)
            assert one.seed == SIDES[side] and (again == one.image).all() and one.latents > 0
            assert one.pixels == pytest.approx(far[one.number], rel=1e-4)
        assert told.latents[side] <= min(one.latents for one in found)
    assert not told.copied


def test_a_copy_is_found_and_called_one(neighbours):
    copy = redrawn(neighbours.autoencoder, neighbours.signatures.draw("seen", 77)[None])[0].transpose(1, 2, 0)
    told = neighbours.nearest(copy)
    assert told.seen[0].number == 77 and told.copied and told.seen[0].pixels < 3 * told.copy["pixels"]


def test_the_command_tells_what_it_measured(small):
    header = small[1].header
    assert header["recall"] == {"of": 3, "first": 3, "five": 15}  # as many are drawn again as there are, nearly
    assert header["planted"] == {"of": 2, "found": 2, "copied": 2}
    assert header["chance"]["of"] == 3 and 0 < header["chance"]["least"] <= header["chance"]["median"]
    assert 2 < header["copy"]["pixels"] < 30


def test_brute_force_in_batches_is_brute_force(small):
    _, made = small
    asked = np.stack([picture(NEW, number, freedom=STILL)[1].numpy() for number in range(2)])
    codes, far = nearest.signed(made.projection, SEED, "still", 30, asked, 0)
    assert (codes == made.codes["seen"][:30]).all()
    slow = [[exact(made.draw("seen", number), one) for one in asked] for number in range(30)]
    assert np.allclose(far, slow, rtol=1e-3)


def test_recall_counts_what_is_missed(small):
    _, made = small
    asked = np.stack([picture(NEW, 0, freedom=STILL)[1].numpy()])
    worst = made.shortlist(asked[0], "seen", made.count)[-1]
    far = np.arange(made.count, dtype=float)[:, None] + 1
    far[worst] = 0  # what is last by signature is called the nearest
    told = nearest.recall(made, asked, far)
    assert told["of"] == 1 and told["first"] == 0 and told["five"] < 5


def test_another_size_and_missing_signatures_are_a_sentence(small, tmp_path):
    lab = EmbeddedLab.load(MODEL, small[0])
    assert "nearest" not in lab.cannot
    with pytest.raises(BadRequest, match="not of the size"):
        lab.nearest(np.zeros((64, 64, 3), np.uint8))
    poor = EmbeddedLab.load(MODEL, tmp_path / "none.npz")
    with pytest.raises(BadRequest, match="no signatures"):
        poor.nearest(np.zeros((256, 256, 3), np.uint8))
    assert "no signatures" in poor.cannot["nearest"]


def test_what_is_kept_from_training_is_in_no_scene_of_it():
    asked = [combination(number) for number in range(40)]
    assert all(held_out(scene) for scene in asked) and len({kept(number) for number in range(40)}) > 30
    training = [numbered(SEED, number)[0] for number in range(6000)]
    together = {frozenset(thing.name for thing in scene.things) for scene in training if scene.relation}
    some = {(scene.things[0].name, scene.things[0].colour, scene.count) for scene in training if scene.count > 1}
    assert len(together) > 1000 and len(some) > 500
    for number, scene in enumerate(asked):
        one = scene.things[0]
        if number % 2:
            assert (one.name, one.colour, scene.count) not in some
        else:
            assert {thing.name for thing in scene.things} not in together
