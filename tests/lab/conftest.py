"""Signatures of a few hundred scenes, made by the command itself for the embedded model."""

import pytest
from embedded import MODEL

from demo.lab import nearest


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """The file, and the signatures as they were made."""
    path = tmp_path_factory.mktemp("lab") / "nearest.npz"
    return path, nearest.main(MODEL, freedom="still", count=240, asked=3, steps=1, plant=2, workers=0, out=str(path))
