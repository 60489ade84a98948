import json
import logging

import pytest
import torch
from torch import nn

from demo.engine.remembered import fingerprint, remembered


@pytest.fixture
def found():
    """Something to find out, and how often that was done."""
    times = []

    def find_out() -> dict:
        times.append(1)
        return {"a": [0.1, -2e-30], "b": "c"}

    find_out.times = times
    return find_out


def test_what_was_found_out_once_is_read_from_then_on(tmp_path, found):
    folder = tmp_path / "not" / "there"
    first, again = (remembered(folder, "it", found) for _ in range(2))
    assert first == again == {"a": [0.1, -2e-30], "b": "c"} and len(found.times) == 1
    assert [path.name for path in folder.iterdir()] == ["it.json"]


def test_without_a_folder_nothing_is_kept(found):
    assert remembered(None, "it", found) == remembered(None, "it", found)
    assert len(found.times) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_a_damaged_file_is_made_anew(tmp_path, found, text):
    (tmp_path / "it.json").write_bytes(text.encode("latin-1"))
    assert remembered(tmp_path, "it", found)["b"] == "c" and len(found.times) == 1
    assert json.loads((tmp_path / "it.json").read_text())["b"] == "c"


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path, found, caplog):
    (tmp_path / "file").write_text("no folder")
    with caplog.at_level(logging.WARNING):
        assert remembered(tmp_path / "file", "it", found)["b"] == "c"
    assert "cannot be" in caplog.text


def test_a_fingerprint_is_that_of_the_weights_and_of_what_else_is_said():
    torch.manual_seed(0)
    layer, other = nn.Linear(300, 200), nn.Linear(300, 200)
    same = nn.Linear(300, 200)
    same.load_state_dict(layer.state_dict())
    assert fingerprint(layer) == fingerprint(same)
    assert len({fingerprint(layer), fingerprint(other), fingerprint(layer, "cpu"), fingerprint(layer, "gpu")}) == 4
    with torch.no_grad():
        same.bias += 1e-3
    assert fingerprint(layer) != fingerprint(same)
    assert fingerprint(layer.to(torch.bfloat16)) != fingerprint(other)
