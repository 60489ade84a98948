"""The tiny model's judge and its arithmetic, without weights."""

from random import Random

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from PIL import Image
from safetensors.torch import save_file

from demo.tiny import asked, checker, evaluate, guesses, process, scenes, stage
from demo.tiny.scenes import Scene, Thing


def test_truth_is_told_in_reading_order():
    pair = Scene((Thing("cat"), Thing("owl", "blue")), relation="right of")
    told = checker.truth(pair)
    assert (told["first"], told["second"], told["side"], told["colour"]) == ("owl", "cat", "left", "blue")
    assert (told["second colour"], told["place"]) == (checker.NOBODY, None)
    pair = Scene((Thing("cat", wear="crown"), Thing("owl", "blue", "bow")), "snow", "night", relation="above")
    told = checker.truth(pair, ["noto", "fluent"])
    assert (told["wear"], told["second wear"], told["second colour"]) == ("crown", "bow", "blue")
    assert (told["place"], told["time"], told["drawing"]) == ("snow", "night", "noto")
    assert checker.truth(Scene((Thing("cat"),)))["second"] == checker.NOBODY


def found(shown: stage.Staged) -> list[checker.Found]:
    """What a checker that knows all would find."""
    told = checker.asked_of(shown)
    cells = np.argwhere(told[0] != checker.NONE)
    names = {
        name: [classes[at] for at in told[k][*cells.T]] for k, (name, classes) in enumerate(checker.OF_A_FIGURE.items())
    }
    is_ = [dict(zip(names, values, strict=True)) for values in zip(*names.values(), strict=True)]
    return [checker.Found(row, column, 1.0, what) for (row, column), what in zip(cells, is_, strict=True)]


def test_who_finds_every_figure_says_the_truth():
    rng = Random(0)
    for _ in range(200):
        shown = stage.staged(checker.plainly_placed(rng), rng, 64)
        scene, figures = shown.scene, shown.figures
        told = checker.asked_of(shown)
        assert (told[-2] == checker.OF_THE_SCENE["place"].index(scene.place)).all()
        truth = checker.truth(scene, [one.drawing for one in figures])
        said = checker.said(found(shown)) | {"place": scene.place, "time": scene.time}
        if scene.relation and scene.things[0].name == scene.things[1].name:
            continue  # two of a kind are a count
        assert said.keys() == truth.keys()
        assert scene.count > 1 or said == truth
        assert (said["count"], said["first"], said["colour"]) == (truth["count"], truth["first"], truth["colour"])


def test_where_nothing_is_found_nothing_is_said():
    told = checker.said([])
    assert told["count"] == 0 and {*told.values()} == {0, checker.NOBODY}


@pytest.mark.parametrize("category", asked.MAKERS)
def test_a_perfect_painter_scores_one_and_a_deaf_one_nothing(category):
    rng = Random(1)
    wanted = [asked.MAKERS[category](rng) for _ in range(40)]
    seen = [checker.truth(scene) for scene in wanted]
    perfect = evaluate.scores(category, wanted, seen, seen)
    assert perfect["raw"] == perfect["ceiling"] == 1 and perfect["normalised"] == pytest.approx(1)
    assert perfect["floor"] < 0.3
    deaf = evaluate.scores(category, wanted, seen[:1] * 40, seen)
    assert 1 / 40 <= deaf["raw"] < 0.3 and deaf["normalised"] == pytest.approx(0)


def test_there_is_no_score_without_a_ceiling_and_no_floor_of_one_scene():
    rng = Random(1)
    wanted = [asked.binding(rng) for _ in range(7)]
    nonsense = [checker.truth(Scene((Thing("pizza"),)))] * 7
    told = evaluate.scores("binding", wanted, nonsense, nonsense)
    assert (told["raw"], told["ceiling"], told["normalised"]) == (0, 0, None)
    assert evaluate.table({"binding": told}).endswith("| - |")
    right = [checker.truth(scene) for scene in wanted]
    assert evaluate.scores("binding", wanted, right, right)["floor"] == 0  # none is scored against its own prompt
    with pytest.raises(ValueError, match="two scenes"):
        evaluate.scores("binding", wanted[:1], right[:1], right[:1])
    with pytest.raises(ValueError, match="two scenes"):
        evaluate.main("no folder is opened for this", each=1)


def test_what_is_scored_was_held_out_and_has_a_side_where_it_has_two():
    rng = Random(2)
    for make in asked.MAKERS.values():
        for scene in (make(rng) for _ in range(20)):
            assert scenes.held_out(scene) and (scene.relation is None or scene.relation in checker.SIDES)


@pytest.mark.parametrize("category", asked.MAKERS)
def test_what_is_scored_was_held_out_however_the_rest_is_decided(category):
    rng = Random(3)
    for scene in (asked.MAKERS[category](rng) for _ in range(40)):
        assert all(scenes.held_out(scenes.completed(scene, rng)) for _ in range(8)), scene


def test_two_objects_may_stand_anywhere_but_position_may_not():
    scene = Scene((Thing("cat"), Thing("owl")), relation="left of")
    swapped = checker.truth(Scene((Thing("owl"), Thing("cat")), relation="left of"))
    assert asked.right("two objects", swapped, scene)
    assert not asked.right("position", swapped, scene)


def test_wilson_against_known_values():
    assert evaluate.wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)  # Brown, Cai, DasGupta 2001
    assert evaluate.wilson(0, 20)[0] == 0 and evaluate.wilson(20, 20)[1] == pytest.approx(1)


def test_pictures_are_spoilt_a_little_and_shown_no_new_edges():
    rng, flat = Random(4), Image.new("RGB", (64, 64), (40, 90, 160))
    spoilt = [np.asarray(checker.spoil(flat, rng), int) for _ in range(20)]
    assert all(made.shape == (64, 64, 3) and np.abs(made - (40, 90, 160)).max() < 80 for made in spoilt)
    corner = Image.fromarray(np.pad(np.full((32, 32, 3), 255, np.uint8), ((0, 32), (0, 32), (0, 0))))
    edges = {int((np.asarray(checker.spoil(corner, rng), int)[:, 8, 0] > 128).sum()) for _ in range(200)}
    assert edges == set(range(29, 36))  # shifted by three at most, either way


def test_the_checkers_weights_come_back_and_others_are_refused(tmp_path):
    made = checker.train(tmp_path / "checker.safetensors", steps=2, batch=4)
    again = checker.load(tmp_path / "checker.safetensors")
    pictures = torch.randint(0, 255, (2, 3, checker.SIDE, checker.SIDE), dtype=torch.uint8)
    first, second = made(pictures / 127.5 - 1), again(pictures / 127.5 - 1)
    assert all(torch.allclose(first[name], second[name], atol=0.05) for name in first)
    large = pictures.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert again.look(pictures) == again.look(large)
    assert again.look(pictures)[0].keys() == checker.truth(Scene((Thing("cat"),))).keys()
    later = checker.train(tmp_path / "later.safetensors", steps=1, batch=4, go_on_from=tmp_path / "checker.safetensors")
    moved = later.body[1].weight - again.body[1].weight
    assert 0 < moved.abs().max() < 1e-3  # one careful step from there
    save_file(checker.Checker(width=16).state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(RuntimeError, match="size mismatch"):
        checker.load(tmp_path / "other.safetensors")
    with pytest.raises(OSError):
        checker.load(tmp_path / "none.safetensors")


def test_a_layout_is_decided_when_it_stays_so():
    assert process.decided_at([0.2, 0.95, 0.8, 0.91, 0.99]) == 4
    assert process.decided_at([0.95, 0.99]) == 1 and process.decided_at([0.1, 0.2]) == 3


def test_mosaics_and_spread_against_numpy():
    seen = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8)
    tiles = guesses.mosaics(seen)
    assert tiles[1, 2, 3, 4] == pytest.approx(seen[1, 2, 24:32, 32:40].float().mean().item() / 255, abs=1e-5)
    pairs = [np.linalg.norm(tiles[a] - tiles[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert guesses.spread(tiles) == pytest.approx(np.mean(pairs), rel=1e-4)


def test_guesses_end_in_what_the_pipeline_draws(pipe):
    scheduler, pipe.scheduler = pipe.scheduler, DDIMScheduler.from_config(pipe.scheduler.config)
    *made, last = guesses.guesses(pipe, ["a cat", "a red dog"], [3, 4], 5, 3.0)
    noise = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    asked_for = {"num_inference_steps": 5, "guidance_scale": 3.0, "output_type": "latent"}
    twin = pipe(["a cat", "a red dog"], generator=noise, **asked_for).images
    pipe.scheduler = scheduler
    assert len(made) == 5 and (last - twin).abs().max() < 0.05 * twin.std()
