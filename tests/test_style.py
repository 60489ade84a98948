"""The house rules a machine can hold: ruff, sizes of files, and a README whose commands are the ones that are run."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 1_000_000
COMMANDS = (
    "pip install -r requirements.txt && python app.py",
    "pip install -r tests/requirements.txt && python -m pytest",
)


def kept_files() -> list[Path]:
    """What git tracks or would track; in an unpacked archive, which has no git, every file that is there."""
    if not (ROOT / ".git").exists():
        return [path for path in ROOT.rglob("*") if path.is_file()]
    ask = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(ask, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("rule", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_ruff(rule):
    done = subprocess.run([sys.executable, "-m", "ruff", *rule, "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_test_imports_a_conftest():
    """There are several of that name, and which one is meant depends on what else runs."""
    told = [
        path.name
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^\s*(from|import) conftest\b", path.read_text("utf-8"), re.M)
    ]
    assert told == []


def test_no_file_is_too_large_for_a_space():
    large = [path.name for path in kept_files() if path.stat().st_size > 10 * MEGABYTE]
    assert large == []


def test_the_model_stays_small():
    assert (
        sum(path.stat().st_size for path in kept_files() if ROOT / "assets" / "tiny" in path.parents) <= 60 * MEGABYTE
    )


def test_the_readme_gives_the_commands_that_are_run():
    readme, ci = (ROOT / "README.md").read_text("utf-8"), (ROOT / ".ci" / "run").read_text("utf-8")
    assert all(command in readme for command in COMMANDS)
    assert "pip install --quiet -r tests/requirements.txt" in ci and "\npython -m pytest\n" in ci


def test_the_readme_gives_every_module_one_line():
    readme = (ROOT / "README.md").read_text("utf-8")
    named = re.findall(r"^  (\S+\.py) ", readme, re.MULTILINE)
    modules = [
        path.relative_to(ROOT / "demo").as_posix()
        for path in kept_files()
        if path.suffix == ".py" and path.is_relative_to(ROOT / "demo") and path.name != "__init__.py"
    ]
    assert sorted(named) == sorted(modules)


def test_what_the_readme_links_to_exists():
    readme = (ROOT / "README.md").read_text("utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", readme) if "://" not in target]
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_no_file_of_code_is_long():
    """Data, which is a list, may be."""
    code = [
        path for path in kept_files() if path.suffix in {".py", ".js", ".css"} and path.is_relative_to(ROOT / "demo")
    ]
    long = {path.name: lines for path in code if (lines := len(path.read_text("utf-8").splitlines())) > 300}
    assert long.keys() <= {"nouns.py"}, long


def test_no_function_is_long():
    """But the loop of a training, whose state would otherwise be handed from one half to the other at every batch."""
    long = {}
    for path in kept_files():
        if path.suffix == ".py" and path.is_relative_to(ROOT / "demo"):
            nodes = [
                n
                for n in ast.walk(ast.parse(path.read_text("utf-8")))
                if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
            long |= {f"{path.stem}.{n.name}": n.end_lineno - n.lineno for n in nodes if n.end_lineno - n.lineno > 50}
    assert long.keys() <= {"denoiser.train"}, long
