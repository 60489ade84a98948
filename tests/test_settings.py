from pathlib import Path

import pytest

from demo.settings import DEFAULT_MODEL, Settings


def test_an_empty_environment_gives_the_embedded_model():
    settings = Settings.from_env({"DEMO_MODEL": ""})
    assert settings == Settings()
    assert Path(settings.model) == DEFAULT_MODEL and DEFAULT_MODEL.parts[-2:] == ("assets", "tiny")


def test_every_setting_has_its_variable():
    env = {"DEMO_MODEL": "a/b", "DEMO_EXPORTS": "/x", "DEMO_KEEP_SECONDS": "60", "DEMO_QUEUE": "3"}
    env |= {"DEMO_SESSION_RUNS": "4", "DEMO_ADDRESS_RUNS": "5", "DEMO_SESSION_QUESTIONS": "6"}
    env |= {"DEMO_ENGINE": "ray", "DEMO_REPLICAS": "1-4", "DEMO_REPLICA_GPUS": "0.5"}
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
    told_of_all = {"upscaler": "c/d", "queue": 3, "session_runs": 4, "address_runs": 5, "session_questions": 6}
    told_of_all |= {"engine": "ray", "replicas": (1, 4), "replica_gpus": 0.5}
    assert settings == Settings("a/b", Path("/x"), 60, **told_of_all, **told) and settings.machine() == told


@pytest.mark.parametrize(("name", "value"), [("DEMO_DTYPE", "int8"), ("DEMO_OFFLOAD", "yes"), ("DEMO_ENGINE", "dask")])
def test_a_setting_that_is_none_of_its_values_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be one of .*, not '{value}'"):
        Settings.from_env({name: value})


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_setting_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="DEMO_QUEUE must be a whole number"):
        Settings.from_env({"DEMO_QUEUE": value})


def test_replicas_are_a_number_or_from_one_to_another():
    for text, span in (("", (1, 1)), ("3", (3, 3)), ("1-4", (1, 4)), ("2-2", (2, 2))):
        assert Settings.from_env({"DEMO_REPLICAS": text}).replicas == span
    for text in ("0", "4-1", "0-3", "-2", "1-", "1-2-3", "many", "1.5", "²"):
        with pytest.raises(ValueError, match="DEMO_REPLICAS must be a number of at least 1, or two as in 1-4"):
            Settings.from_env({"DEMO_REPLICAS": text})


def test_a_replica_has_whole_cards_or_a_share_of_one():
    for text, share in (("", 0.0), ("0", 0.0), ("2", 2.0), ("1.0", 1.0), ("0.25", 0.25), (".5", 0.5)):
        assert Settings.from_env({"DEMO_REPLICA_GPUS": text}).replica_gpus == share
    for text in ("-1", "1.5", "half", "nan", "1e3", "."):
        with pytest.raises(ValueError, match="DEMO_REPLICA_GPUS must be a whole number, or a share of one"):
            Settings.from_env({"DEMO_REPLICA_GPUS": text})
