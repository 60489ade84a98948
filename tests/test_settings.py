from pathlib import Path

import pytest

from demo.settings import DEFAULT_MODEL, Settings


def test_an_empty_environment_gives_the_embedded_model():
    settings = Settings.from_env({"DEMO_MODEL": ""})
    assert settings == Settings()
    assert Path(settings.model) == DEFAULT_MODEL and DEFAULT_MODEL.parts[-2:] == ("assets", "tiny")


def test_every_setting_has_its_variable():
    env = {"DEMO_MODEL": "a/b", "DEMO_EXPORTS": "/x", "DEMO_KEEP_SECONDS": "60", "DEMO_QUEUE": "3"}
    settings = Settings.from_env(env | {"DEMO_UPSCALER": "c/d"})
    assert settings == Settings(model="a/b", exports=Path("/x"), keep_seconds=60, upscaler="c/d", queue=3)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_setting_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="DEMO_QUEUE must be a whole number"):
        Settings.from_env({"DEMO_QUEUE": value})
