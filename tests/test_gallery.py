"""The gallery: pages that lead to each other, and the records that the live page plays."""

import json
import os

import numpy as np
import pytest
from fake_engine import FakeEngine

from demo import gallery
from demo.engine.diffusers_engine import DiffusersEngine
from demo.page.facts import shelf
from demo.run import bundle, capsule
from demo.run.trace import STATES_ONLY
from demo.settings import DEFAULT_MODEL, GALLERY, Settings

NAMES = [name for name, _, _ in gallery.RUNS]


@pytest.fixture(scope="module")
def few():
    """Three of the runs, quickly drawn."""
    asked = ({"prompt": "a cat", "seed": 1, "steps": 3}, {"prompt": "a <b>dog</b>", "seed": 2, "steps": 2})
    wanted = [("cat", "A cat", asked[0]), ("dog", "A </script> dog", asked[1])]
    wanted.append(("left", "Left", asked[0] | {"branch_at": 1, "then": "a dog"}))
    engine = FakeEngine()
    return list(gallery.drawn(engine, gallery.possible(engine, tuple(wanted))))


def test_every_page_holds_its_run_and_leads_to_all_others(few, tmp_path):
    gallery.write_pages(tmp_path, few, {"words": []})
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "cat.html", "dog.html", "left.html"}
    assert (tmp_path / "index.html").read_bytes() == (tmp_path / "cat.html").read_bytes()
    for one in few:
        page = (tmp_path / f"{one.name}.html").read_text("utf-8")
        record = capsule.read(page.partition(bundle.RUN)[2].partition("</script>")[0])
        assert record["messages"][0]["prompt"] == one.request.prompt
        told = json.loads(page.partition('id="out-of-static-facts">')[2].partition("</script>")[0])
        assert [other["file"] for other in told["shelf"]] == ["cat.html", "dog.html", "left.html"]


def test_the_records_are_what_a_page_reads_and_the_list_says_where(few, tmp_path):
    gallery.write_records(tmp_path, few)
    told = json.loads((tmp_path / "runs.json").read_text("utf-8"))
    for one in told:
        begin = capsule.read((tmp_path / one["file"]).read_text("utf-8"))["messages"][0]
        assert [begin[name] for name in ("run", "prompt", "seed", "guidance", "scheduler", "total")] == [
            one[name] for name in ("run", "prompt", "seed", "guidance", "scheduler", "steps")
        ]
        assert one["branch"] == bool(begin.get("branch"))


def test_what_cannot_be_written_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert gallery.main([str(tmp_path / "file" / "below")], load=lambda _: FakeEngine()) == 2
    said = capsys.readouterr().err
    assert said.startswith("Cannot write to ") and said.count("\n") == 1


def test_what_a_model_does_not_draw_is_left_out_before_anything_is_drawn(capsys):
    runs = ("cat", "A cat", {"prompt": "a cat"}), ("odd", "Odd", {"prompt": "a cat", "scheduler": "nonsense"})
    engine = FakeEngine()
    assert [name for name, *_ in gallery.possible(engine, runs)] == ["cat"] and engine.drawn == 0
    assert capsys.readouterr().err.startswith("odd is left out: The scheduler must be ")


def test_a_page_with_another_model_has_no_recorded_runs(tmp_path):
    assert shelf(Settings(model=str(tmp_path))) == [] and shelf(Settings(lora="a.safetensors")) == []
    assert shelf(Settings(model=os.path.relpath(DEFAULT_MODEL))) == shelf(Settings())


def test_the_shipped_records_are_the_dozen_and_small():
    told = shelf(Settings())
    assert [one["file"] for one in told] == [f"{name}.json" for name in NAMES] and len(told) >= 12
    assert {path.name for path in GALLERY.iterdir()} == {"runs.json", *(one["file"] for one in told)}
    assert max((GALLERY / one["file"]).stat().st_size for one in told) <= capsule.ROOM


def test_the_shipped_records_are_of_the_model_that_ships(shipped: DiffusersEngine):
    """When the model changes, they are to be drawn anew."""
    _, _, asked = gallery.RUNS[NAMES.index("one-leap")]
    request = shipped.abilities.request(**asked)
    drawn = list(shipped.frames(request, watch=STATES_ONLY))[-1].image
    record = capsule.read((GALLERY / "one-leap.json").read_text("utf-8"))
    kept = np.asarray(capsule._opened(record["messages"][-2]["state"]))
    assert 10 * np.log10(255**2 / np.mean((drawn.astype(float) - kept) ** 2)) > 30
