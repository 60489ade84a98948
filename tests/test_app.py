"""app.py itself, as a shell sees it: what cannot be used is one sentence and exit code 2, before anything is served."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEMO_MODEL", "no/such/folder/here", "no/such/folder/here"),
        ("DEMO_MODEL", str(ROOT / "tests"), "tests"),
        ("DEMO_UPSCALER", "no/such/folder/here", "no/such/folder/here"),
        ("DEMO_QUEUE", "many", "DEMO_QUEUE must be a whole number of at least 1"),
        ("DEMO_KEEP_SECONDS", "0", "DEMO_KEEP_SECONDS must be a whole number of at least 1"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(name, value, sentence):
    env = os.environ | {name: value, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2 and sentence in last and last.endswith(".") and "Traceback" not in done.stderr
