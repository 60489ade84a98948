"""Types: strict for what every room stands on (run, the engine's face, settings), plain for the page."""

from mypy import api

ROOMS = ("-p", "demo.run", "-m", "demo.engine.api", "-m", "demo.settings", "-p", "demo.page")


def test_mypy_finds_nothing():
    told, errors, code = api.run([*ROOMS])
    assert code == 0, told + errors
