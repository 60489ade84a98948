"""The app on an engine without a model, served by Gradio once for all tests that ask over HTTP."""

import pytest
from fake_engine import FakeEngine

from demo.page.page import build, launch_options
from demo.settings import Settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    return Settings(model=str(tmp_path_factory.mktemp("model")), exports=tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def app(settings):
    """The launched app."""
    app = build(FakeEngine(), settings)
    app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options(settings))
    yield app
    app.close()


@pytest.fixture(scope="session")
def address(app):
    return app.local_url
