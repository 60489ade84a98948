"""Makes a Hugging Face Space of this project, or updates it: python -m demo.deploy OWNER/NAME --hardware zero

Whatever can be said beforehand is said before anything is sent: --dry-run lists the files and holds them against every
rule, --clean-room starts the app in an empty virtual environment with those files and no others.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, SpaceInfo, get_token
from huggingface_hub.errors import HfHubHTTPError, HTTPError, RepositoryNotFoundError

from demo import space
from demo.space import Files, Refused

OK, REFUSED = 0, 2
SINCE = "since July 2026"
MARKS = ("demo/page/page.py", "index.html")  # one of these is in every Space that was made here
THEIRS = (".gitattributes",)  # files that the hub itself puts into a Space
TOKEN = (
    "make one with write access at https://huggingface.co/settings/tokens and give it to `hf auth login` or HF_TOKEN"
)
NO_PLAN = {
    "zero": f"a free account has two ZeroGPU Spaces ({SINCE}). Delete one of yours, or take --hardware static, or the "
    "PRO plan",
    "cpu": f"a Space with a server on plain CPUs belongs to the paid plans ({SINCE}). Take --hardware zero, which a "
    "free account may have twice, or --hardware static, or the PRO plan",
    "static": "a static Space is free for everybody, so this is about the account itself. See "
    "https://huggingface.co/settings/billing",
}
APP = "import app; from demo.settings import Settings; app.page(Settings.from_env())"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code; the Space's address goes to stdout."""
    try:
        return _run(_parser().parse_args(argv))
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED


def deploy(name: str, hardware: str, model: str | None, files: Files) -> str:
    """Create the Space, or make it what `files` are, and return its address. Raises Refused in one sentence."""
    if get_token() is None:
        raise Refused(f"There is no token for Hugging Face here: {TOKEN}.")
    hub = HfApi()
    try:
        here = _existing(hub, name)
        if here is None:
            _create(hub, name, hardware, model)
            old = set()
        else:
            old = _adopted(here, name)
            _settle(hub, here, name, hardware, model)
        changes = [
            CommitOperationAdd(path, file if isinstance(file, bytes) else str(file)) for path, file in files.items()
        ]
        gone = [CommitOperationDelete(path) for path in sorted(old - set(files) - set(THEIRS))]
        hub.create_commit(name, [*changes, *gone], commit_message="Update Out of Static", repo_type="space")
    except HfHubHTTPError as error:
        raise Refused(_told(error, name, hardware)) from error
    except (HTTPError, OSError) as error:
        raise Refused(f"Hugging Face cannot be reached at {hub.endpoint}: {_first_sentence(error)}") from error
    return f"{hub.endpoint}/spaces/{name}"


def clean_room(files: Files) -> None:
    """Make the page in an empty virtual environment with `files` and no others. Raises Refused with what it said."""
    with tempfile.TemporaryDirectory() as folder:
        room, python = (
            Path(folder) / "space",
            Path(folder) / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python",
        )
        lay_out(files, room)
        venv.create(Path(folder) / "venv", with_pip=True)
        _must(python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt", where=room)
        _must(python, "-c", APP, where=room)


def lay_out(files: Files, folder: Path) -> None:
    """Write `files` as they will lie in the Space."""
    for path, file in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(space.read(file))


def without_wheel(files: Files) -> list[str]:
    """One sentence for each requirement that has no wheel for the Space's Python on Linux, as the registry has them."""
    python = space.front_matter(files)["python_version"]
    where = [part for platform in PLATFORMS for part in ("--platform", platform)]
    asked = [str(one) for one in space.requirements(files)] + ["spaces"]
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--no-deps", "--ignore-installed"]
        pip += ["--only-binary", ":all:", "--python-version", python, *where, "--target", folder]
        tried = {} if _quiet(pip + asked) is None else {one: _quiet([*pip, one]) for one in asked}
    return [f"{one} has nothing to install for Python {python} on Linux: {said}" for one, said in tried.items() if said]


def _run(options: argparse.Namespace) -> int:
    if not re.fullmatch(r"[\w.-]+/[\w.-]{1,96}", options.space):
        raise Refused(
            f"The Space's name must be OWNER/NAME, in letters, digits, '-', '_' and '.', not {options.space!r}."
        )
    _check_model(options.model, options.hardware)
    files = space.files(options.hardware, options.model)
    faults = space.faults(files, options.hardware)
    if options.dry_run:
        _list(files)
        faults += [] if options.hardware == "static" else without_wheel(files)
    if faults:
        raise Refused("\n".join(faults))
    if options.clean_room:
        clean_room(files)
        print("The page was made in an empty environment with these files alone.", file=sys.stderr)
    if not options.dry_run:
        print(deploy(options.space, options.hardware, options.model, files))
    return OK


def _check_model(model: str | None, hardware: str) -> None:
    if model is None:
        return
    if hardware == "static":
        raise Refused("A static Space runs no model: --model is for --hardware zero and cpu.")
    if Path(model).exists() or not re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        raise Refused(
            f"A Space takes its model from the hub, so --model must be a hub id OWNER/NAME, not {model!r}; a folder "
            "gets there with `hf upload OWNER/NAME FOLDER`."
        )


def _list(files: Files) -> None:
    for path, file in files.items():
        print(f"{space.size(file):>11,}  {path}")
    print(f"{sum(map(space.size, files.values())):>11,}  bytes in {len(files)} files")


def _existing(hub: HfApi, name: str) -> SpaceInfo | None:
    try:
        return hub.space_info(name)
    except RepositoryNotFoundError:
        return None


def _adopted(here: SpaceInfo, name: str) -> set[str]:
    """The files of a Space that is there already. Raises Refused where it was not made here: they would be lost."""
    old = {file.rfilename for file in here.siblings or ()}
    if old - {"README.md", *THEIRS} and not old & set(MARKS):
        raise Refused(
            f"There is a Space {name} already, and it is another app: choose another name, or delete it first."
        )
    return old


def _create(hub: HfApi, name: str, hardware: str, model: str | None) -> None:
    hub.create_repo(
        name,
        repo_type="space",
        space_sdk="static" if hardware == "static" else "gradio",
        space_hardware=space.HARDWARE[hardware],
        space_variables=[{"key": "DEMO_MODEL", "value": model}] if model else None,
    )


def _settle(hub: HfApi, here: SpaceInfo, name: str, hardware: str, model: str | None) -> None:
    """Hardware and model of a Space that is there already."""
    if hardware == "static":
        return
    wanted, runtime = space.HARDWARE[hardware], here.runtime
    if runtime is None or wanted not in (runtime.hardware, runtime.requested_hardware):
        hub.request_space_hardware(name, wanted)
    variables = hub.get_space_variables(name)
    if model:
        hub.add_space_variable(name, "DEMO_MODEL", model)
    elif "DEMO_MODEL" in variables:
        hub.delete_space_variable(name, "DEMO_MODEL")


def _told(error: HfHubHTTPError, name: str, hardware: str) -> str:
    owner, status = name.split("/")[0], error.response.status_code
    reasons = {
        401: f"Hugging Face does not know the token: {TOKEN}.",
        402: f"Hugging Face asks for money: {NO_PLAN[hardware]}.",
        403: f"The token may not write to {owner}: use a name of your own, or a token with write access to {owner} "
        "(https://huggingface.co/settings/tokens).",
        409: f"The name {name} is taken: choose another one.",
        429: "Hugging Face was asked too often: try again in a few minutes.",
    }
    said = error.server_message or _first_sentence(error)
    return reasons.get(status, f"Hugging Face answered {status}: {said}")


def _must(python: Path, *command: str, where: Path) -> None:
    said = _quiet([str(python), *command], where)
    if said is not None:
        raise Refused(f"In an empty environment `python {' '.join(command)[:60]}` failed: {said}")


def _quiet(command: list[str], where: Path | None = None) -> str | None:
    """None where the command succeeds, else the last line that it said; nothing that is set here goes along."""
    ours = ("PYTHON", "DEMO_", "PIP_CONSTRAINT")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(command, cwd=where, env=plain, capture_output=True, encoding="utf-8", errors="replace")
    lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
    return None if done.returncode == 0 else lines[-1]


def _first_sentence(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return re.split(r"(?<=[.!?])\s", text)[0][:200].rstrip(".") + "."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m demo.deploy", description="Make a Hugging Face Space of this project.")
    parser.add_argument("space", metavar="OWNER/NAME", help="the Space; one that is there already is updated")
    parser.add_argument(
        "--hardware",
        choices=space.HARDWARE,
        default="zero",
        help="zero: ZeroGPU; cpu: two cores; static: recorded runs",
    )
    parser.add_argument("--model", help="a hub id (default: the embedded model, which comes along)")
    parser.add_argument("--dry-run", action="store_true", help="list the files, check every rule, and send nothing")
    parser.add_argument("--clean-room", action="store_true", help="try it in an empty environment first (minutes)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
