"""Fixtures: a pipeline of random weights that is built in a moment, and the engine of the model that ships."""

import os
import shutil
from pathlib import Path

import pytest
import torch
from diffusers import StableDiffusionPipeline
from random_model import WORDS, build_pipeline

from demo.engine.diffusers_engine import DiffusersEngine
from demo.settings import DEFAULT_MODEL

if "PYTEST_XDIST_WORKER" in os.environ:  # threads that wait for a core spin meanwhile
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    torch.set_num_threads(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser's tests come after all others: Playwright leaves its event loop running, and a thread cannot run
    another. Processes side by side (`-n 2`) take them file by file, as an app is shared within one."""
    items.sort(key=lambda item: "browser" in item.path.parts)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.path.name if "browser" in item.path.parts else "others"))


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory) -> None:
    """What is found out about a model while tests run is no measurement: nothing is tried, and nothing kept."""
    os.environ |= {"DEMO_CACHE": str(tmp_path_factory.mktemp("cache")), "DEMO_DTYPE": "float32"}


@pytest.fixture(scope="session")
def pipe() -> StableDiffusionPipeline:
    """The random pipeline of random_model.py."""
    return build_pipeline()


@pytest.fixture
def engine(pipe) -> DiffusersEngine:
    """An engine of its own for each test, on the shared random pipeline."""
    return DiffusersEngine(pipe, "random", frozenset(WORDS[4:]))


@pytest.fixture(scope="session")
def shipped() -> DiffusersEngine:
    """The engine of the embedded model, loaded once."""
    return DiffusersEngine.load(str(DEFAULT_MODEL))


@pytest.fixture(scope="session")
def saved(pipe, tmp_path_factory) -> Path:
    """The random pipeline as a folder; read only."""
    folder = tmp_path_factory.mktemp("models") / "random"
    pipe.save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path) -> Path:
    """A copy of it that a test may break."""
    return shutil.copytree(saved, tmp_path / "model")
