from pathlib import Path

import pytest

from demo.settings import DEFAULT_MODEL, Settings


def test_an_empty_environment_gives_the_embedded_model():
    settings = Settings.from_env({"DEMO_MODEL": ""})
    assert settings == Settings()
    assert Path(settings.model) == DEFAULT_MODEL and DEFAULT_MODEL.parts[-2:] == ("assets", "tiny")


def test_every_setting_has_its_variable():
    env = {"DEMO_MODEL": "a/b", "DEMO_EXPORTS": "/x", "DEMO_KEEP_SECONDS": "60", "DEMO_QUEUE": "3"}
    env |= {"DEMO_SESSION_RUNS": "4", "DEMO_ADDRESS_RUNS": "5"}
    here = {"DEMO_PREVIEW": "linear", "DEMO_CACHE": "/y", "DEMO_DTYPE": "bfloat16", "DEMO_OFFLOAD": "model"}
    settings = Settings.from_env(env | here | {"DEMO_UPSCALER": "c/d", "DEMO_LORA": "e/f@0.5", "DEMO_PLACES": "2"})
    told = {
        "preview": "linear",
        "cache": Path("/y"),
        "dtype": "bfloat16",
        "offload": "model",
        "lora": "e/f@0.5",
        "places": 2,
    }
    told_of_all = {"upscaler": "c/d", "queue": 3, "session_runs": 4, "address_runs": 5}
    assert settings == Settings("a/b", Path("/x"), 60, **told_of_all, **told) and settings.machine() == told


@pytest.mark.parametrize(("name", "value"), [("DEMO_DTYPE", "int8"), ("DEMO_OFFLOAD", "yes")])
def test_a_setting_that_is_none_of_its_values_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be one of .*, not '{value}'"):
        Settings.from_env({name: value})


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_setting_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="DEMO_QUEUE must be a whole number"):
        Settings.from_env({"DEMO_QUEUE": value})
