"""A Space made of this project: the real client against a hub on this machine, and the app from exactly its files."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import huggingface_hub.constants
import pytest
from fake_hub import FakeHub

from demo import deploy, space
from demo.tiny.drawing import SETS

ROOT = Path(__file__).resolve().parents[1]
NAME = "somebody/out-of-static"
SHORT = {"README.md": space.card("zero"), "app.py": b"", "requirements.txt": b"gradio==6.31.0\ntorch>=2.9,<2.14\n"}


@pytest.fixture
def hub(monkeypatch):
    """A hub that the client asks, with a token that nobody else knows."""
    made = FakeHub()
    with made.serving() as address:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)  # whose storage is not faked here
        monkeypatch.setenv("HF_TOKEN", "hf_of_a_test")
        yield made


def refused(*arguments) -> str:
    """What `python -m demo.deploy` says when it refuses, in one line."""
    with pytest.raises(deploy.Refused) as caught:
        deploy._run(deploy._parser().parse_args(list(arguments)))
    said = str(caught.value)
    assert said.endswith(".") and "\n" not in said and "Traceback" not in said
    return said


def test_what_lies_on_the_hub_is_what_was_listed(hub, capsys):
    assert deploy.main([NAME]) == 0
    assert capsys.readouterr().out.strip() == f"{hub.address}/spaces/{NAME}"
    made, wanted = hub.spaces[NAME], space.files("zero")
    assert (made["hardware"], made["variables"]) == ("zero-a10g", {})
    assert {path: data for path, data in made["files"].items() if path != ".gitattributes"} == {
        path: space.read(file) for path, file in wanted.items()
    }
    assert {token for method, path, token in hub.asked if method == "POST"} == {"Bearer hf_of_a_test"}


def test_an_update_changes_hardware_and_model_and_drops_what_is_gone(hub):
    hub.spaces[NAME] = {
        "files": {".gitattributes": b"", "README.md": b"", "demo/page/page.py": b"", "demo/old.py": b""},
        "hardware": "cpu-basic",
        "variables": {"OTHER": "1"},
    }
    assert deploy.main([NAME, "--model", "stabilityai/sd-turbo"]) == 0
    made = hub.spaces[NAME]
    assert made["hardware"] == "zero-a10g"
    assert made["variables"] == {"OTHER": "1", "DEMO_MODEL": "stabilityai/sd-turbo"}
    assert "demo/old.py" not in made["files"] and ".gitattributes" in made["files"]
    assert not [path for path in made["files"] if path.startswith("assets/tiny")]
    assert b"- stabilityai/sd-turbo" in made["files"]["README.md"]
    assert deploy.main([NAME]) == 0
    assert made["variables"] == {"OTHER": "1"} and "assets/tiny/model_index.json" in made["files"]


def test_somebody_elses_app_is_not_overwritten(hub):
    theirs = {"README.md": b"", "app.py": b"theirs"}
    hub.spaces[NAME] = {"files": dict(theirs), "hardware": "cpu-basic", "variables": {}}
    assert "it is another app" in refused(NAME)
    assert hub.spaces[NAME]["files"] == theirs and {method for method, _, _ in hub.asked} == {"GET"}


@pytest.mark.parametrize(
    ("status", "hardware", "words"),
    [
        (401, "zero", "does not know the token"),
        (402, "zero", "a free account has two ZeroGPU Spaces"),
        (402, "cpu", "Take --hardware zero"),
        (403, "zero", "may not write to somebody"),
        (409, "zero", "choose another one"),
        (418, "zero", "answered 418"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence_that_says_what_to_do(hub, status, hardware, words):
    hub.refuses = status
    assert words in refused(NAME, "--hardware", hardware)
    assert hub.spaces == {}


def test_without_a_token_or_a_hub_it_says_so(tmp_path, monkeypatch):
    env = {name: value for name, value in os.environ.items() if name not in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")}
    env |= {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9"}
    for more, words in (({}, "There is no token"), ({"HF_TOKEN": "hf_x"}, "cannot be reached")):
        asked = [sys.executable, "-m", "demo.deploy", NAME]
        done = subprocess.run(asked, cwd=ROOT, env=env | more, capture_output=True, text=True, timeout=120)
        assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["", "alone", "a/b/c", "a/b?x", "../x/y"])
def test_a_name_that_is_none_is_refused(name):
    assert "OWNER/NAME" in refused(name)


def test_a_model_has_to_be_on_the_hub():
    assert "hf upload" in refused(NAME, "--model", "assets/tiny")
    assert "runs no model" in refused(NAME, "--model", "a/b", "--hardware", "static")


def test_a_static_space_is_a_folder_of_recorded_runs(tmp_path):
    with pytest.raises(space.Refused, match="none in gallery/ yet"):
        space.files("static", gallery=tmp_path / "gallery")
    (tmp_path / "runs").mkdir()
    for path in ("index.html", "runs/fox.json"):
        (tmp_path / path).write_text("x")
    found = space.files("static", gallery=tmp_path)
    assert set(found) == {"README.md", "index.html", "runs/fox.json"} and space.faults(found, "static") == []
    told = space.front_matter(found)
    assert told["sdk"] == "static" and not {"sdk_version", "python_version", "app_file"} & set(told)


def test_the_files_are_those_that_the_app_needs_and_they_keep_every_rule():
    for hardware in ("zero", "cpu"):
        found = space.files(hardware)
        assert space.faults(found, hardware) == []
        assert {"app.py", "demo/tiny/folded.py", "demo/web/page.html", "demo/run/content/tour.md"} <= set(found)
        assert not [p for p in found if p.startswith(("tests/", "assets/readme", "demo/tiny/train", ".")) or "pyc" in p]
        there = (ROOT / "assets" / "tiny" / "lab.json").is_file()
        assert ("assets/tiny/checker.safetensors" in found) == there
    assert space.front_matter(found)["emoji"] == "📺"


def test_a_model_that_says_what_it_saw_takes_along_what_its_experiments_need():
    assert space._lab(ROOT / "assets" / "tiny" / "unet") == {}
    found = space._lab(ROOT / "assets" / "tiny-next")
    assert {"assets/lab/mean.json", "assets/lab/mean.webp", "assets/sprites/anchors.json"} <= set(found)
    assert {path.split("/")[2] for path in found if path.endswith(".png")} == set(SETS)
    assert sum(map(space.size, found.values())) < 20e6 and max(map(space.size, found.values())) < space.LIMIT


@pytest.mark.parametrize(
    ("line", "other", "words"),
    [
        ("sdk: gradio", "sdk: docker", "'docker' is not one of"),
        ("colorTo: yellow", "colorTo: beige", "colorTo"),
        ("python_version: 3.12.12", "python_version: '3.11'", "ZeroGPU has Python 3.10.13 and 3.12.12, not 3.11"),
        ("sdk_version: 6.31.0", "sdk_version: 6.30.0", "they must be one"),
        ("app_file: app.py", "app_file: main.py", "'main.py', which is not among the files"),
        ("license: apache-2.0", "licence: apache-2.0", "'licence' was unexpected"),
        ("title: Out of Static", f"short_description: {'x' * 61}", "'title' is a required property"),
    ],
)
def test_a_front_matter_that_breaks_a_rule_is_said(line, other, words):
    card = SHORT["README.md"].decode()
    assert space.faults(SHORT, "zero") == [] and line in card
    lines = [one for one in card.replace(line, other).splitlines() if one.count(":") < 2 or "short" not in one]
    assert any(words in fault for fault in space.faults(SHORT | {"README.md": "\n".join(lines).encode()}, "zero"))


def test_a_file_that_is_too_large_and_a_torch_that_zero_lacks_are_said():
    large = SHORT | {"model.safetensors": bytes(space.LIMIT + 1)}
    assert space.faults(large, "zero") == ["model.safetensors has 10,000,001 bytes; a Space takes 10,000,000 at most."]
    old = SHORT | {"requirements.txt": b"gradio==6.31.0\ntorch<2.8\n"}
    assert len(space.faults(old, "zero")) == 1 and space.faults(old, "cpu") == []


def test_a_requirement_without_a_wheel_for_the_spaces_python_is_said(tmp_path, monkeypatch):
    """A registry of our own: one package for every Python, one for another Python than the Space's."""
    for name, tag in (("spaces", "py3-none-any"), ("gradio", "py3-none-any"), ("torch", "cp311-cp311-linux_x86_64")):
        version = "6.31.0" if name == "gradio" else "2.13.0"
        with zipfile.ZipFile(tmp_path / f"{name}-{version}-{tag}.whl", "w") as wheel:
            at = f"{name}-{version}.dist-info"
            wheel.writestr(f"{at}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{at}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
            wheel.writestr(f"{at}/RECORD", "")
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(tmp_path)), ("PIP_CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(name, value)
    (tmp_path / "held.txt").write_text("gradio==1\nspaces==1\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "held.txt"))  # holds here, and on no Space
    assert deploy.without_wheel(SHORT | {"requirements.txt": b"gradio==6.31.0\n"}) == []
    (fault,) = deploy.without_wheel(SHORT)
    assert fault.startswith("torch<2.14,>=2.9 has nothing to install for Python 3.12.12 on Linux")


def test_a_dry_run_lists_every_file_and_sends_nothing(hub, capsys, monkeypatch):
    monkeypatch.setattr(deploy, "without_wheel", lambda files: [])
    assert deploy.main([NAME, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    found = space.files("zero")
    assert [line.split()[-1] for line in lines[:-1]] == list(found) and hub.asked == []
    assert int(lines[-1].split()[0].replace(",", "")) == sum(map(space.size, found.values()))


def test_the_page_is_made_from_exactly_the_spaces_files(tmp_path):
    """As the clean room does it, on the packages that are here; `--clean-room` installs them into an empty one."""
    deploy.lay_out(space.files("zero"), tmp_path)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DEMO_"))}
    where = "import sys; assert not [p for p in sys.path if 'out-of' in p]; "
    done = subprocess.run(
        [sys.executable, "-c", where + deploy.APP], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
