"""The command line: its files, words and exit codes, with an engine small enough to read and with the real one."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from fake_engine import FakeEngine
from PIL import Image

from demo import __main__ as cli
from demo.run import bundle, capsule
from demo.run.trace import STATES_ONLY, Request

ROOT = Path(__file__).resolve().parents[1]


class Recorder(FakeEngine):
    """The fake engine, remembering what it was asked."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.requests = []

    def frames(self, request, run=None, watch=STATES_ONLY, past=()):
        self.requests.append(request)
        return super().frames(request, run, watch, past)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the command line in an empty folder: (exit code, stdout, stderr, engine)."""
    monkeypatch.chdir(tmp_path)

    def call(*argv, engine=None):
        engine = engine or Recorder()
        code = cli.main(list(argv), lambda model: engine)
        out, err = capsys.readouterr()
        return code, out, err, engine

    return call


def test_a_gif_of_every_step(run, tmp_path):
    code, out, err, engine = run("a blue cat", "--seed", "7", "--steps", "5", "--guidance", "2.5", "--out", "cat.gif")
    assert (code, out) == (0, "cat.gif\n")
    with Image.open(tmp_path / "cat.gif") as file:
        assert file.n_frames == 6
        assert json.loads(file.info["comment"])["prompt"] == "a blue cat"
    request = engine.requests[0]
    assert (request.seed, request.steps, request.guidance, request.scheduler) == (7, 5, 2.5, "ddim")
    assert "6/6" in err  # the progress bar


def test_a_guidance_that_is_not_said_is_the_models(run):
    assert run("a cat", "--steps", "2", "--out", "cat.png")[3].requests[0].guidance == FakeEngine().abilities.guidance


def test_a_png_of_the_result(run, tmp_path):
    code, out, _, engine = run("a cat", "--seed", "7", "--steps", "2", "--scheduler", "UniPC", "--out", "cat.PNG")
    assert (code, out) == (0, "cat.PNG\n")
    with Image.open(tmp_path / "cat.PNG") as file:
        assert np.array_equal(np.asarray(file), engine.disc(engine.requests[0]).astype(np.uint8))
        assert file.text["scheduler"] == "unipc"


def test_the_default_name_says_what_was_asked(run):
    assert run("a blue cat", "--seed", "7", "--steps", "30")[1] == "a-blue-cat-7.gif\n"
    assert run("a blue cat", "--seed", "7", "--steps", "1")[1] == "a-blue-cat-7-1-steps.gif\n"
    code, out, _, engine = run("a cat", "--steps", "1", "--scheduler", "Euler ancestral", "--guidance", "2.5")
    assert (code, out) == (0, f"a-cat-{engine.requests[0].seed}-1-steps-euler-ancestral-guidance-2.5.gif\n")


def test_runs_that_differ_in_anything_have_names_that_differ():
    asked = [
        {"prompt": prompt, "seed": seed, "steps": steps, "scheduler": scheduler, "guidance": guidance}
        for prompt in ("a cat", "A cat", "a-cat", "a cat!", "a cat 7", "🦊", "🐈", "x" * 41, "x" * 42)
        for seed in (7, 77)
        for steps in (5, 30)
        for scheduler in ("ddim", "euler", "euler-ancestral", "dpm++2m")
        for guidance in (None, 1, 3, 3.0000001)
    ]
    names = {cli.name(Request.checked(**one), one["guidance"]) for one in asked}
    names |= {cli.name(Request.checked(**asked[0]), None, model) for model in ("a/b", "a-b")}
    assert len(names) == len(asked) + 2


def test_a_file_is_never_overwritten_unasked(run, tmp_path):
    told = [run("a cat", "--seed", "7", "--steps", "1")[1] for _ in range(3)]
    assert told == ["a-cat-7-1-steps.gif\n", "a-cat-7-1-steps-2.gif\n", "a-cat-7-1-steps-3.gif\n"]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_film_is_cut_as_it_was_asked(run, tmp_path, kind):
    choices = ["--view", "guess", "--speed", "20", "--hold", "0", "--size", "64", "--loop", "back-and-forth"]
    assert run("a blue cat", "--steps", "4", "--out", f"cat.{kind}", *choices)[0] == 0
    with Image.open(tmp_path / f"cat.{kind}") as file:
        file.load()
        assert (file.size, file.n_frames, file.info["duration"]) == ((64, 64), 6, 50)


def test_every_kind_of_file_can_be_asked_for(run, tmp_path):
    for kind in ("mp4", "zip", "html"):
        assert run("a blue cat", "--steps", "2", "--size", "64", "--out", f"cat.{kind}")[0] == 0
    assert imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "cat.mp4"))[0] == 1 + 2 * 15
    with zipfile.ZipFile(tmp_path / "cat.zip") as file:
        assert len(capsule.read(file.read("run.json"))["messages"]) == 5
    page = (tmp_path / "cat.html").read_text(encoding="utf-8")
    assert len(capsule.read(page.partition(bundle.RUN)[2].partition("</script>")[0])["messages"]) == 5


def test_any_step_is_a_picture_and_all_are_a_strip(run, tmp_path):
    assert run("a blue cat", "--steps", "4", "--step", "2", "--out", "cat.png")[0] == 0
    with Image.open(tmp_path / "cat.png") as file:
        assert file.size == (64, 64) and file.text["step"] == "2"
    assert run("a blue cat", "--steps", "4", "--step", "all", "--out", "cat.png")[0] == 0
    with Image.open(tmp_path / "cat.png") as file:
        assert file.width == 5 * 128


@pytest.mark.parametrize(
    "wrong",
    [
        ["--step", "5", "--out", "x.png"],
        ["--step", "0", "--view", "guess", "--out", "x.png"],
        ["--step", "1", "--out", "x.gif"],
        ["--speed", "51", "--out", "x.gif"],
        ["--view", "all", "--out", "x.mp4"],
        ["--size", "1024", "--loop", "back-and-forth", "--steps", "100", "--out", "x.webp"],
        ["--out", "x.avi"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_filmed_is_refused_before_the_run(run, tmp_path, wrong):
    code, out, err, engine = run("a cat", "--steps", "4", *wrong)
    assert (code, out, engine.requests) == (2, "", []) and err.endswith(".\n") and list(tmp_path.iterdir()) == []


def test_a_recorded_run_can_be_read_again(run, tmp_path):
    code, out, _, _ = run("a blue cat wearing a hat", "--seed", "7", "--steps", "4", "--out", "cat.json")
    assert (code, out) == (0, "cat.json\n")
    recorded = capsule.read((tmp_path / "cat.json").read_bytes())
    begin, *frames, done = recorded["messages"]
    assert begin["prompt"] == "a blue cat wearing a hat" and begin["unknown"] == ["hat"] and len(frames) == 5
    assert all(frame["channels"] and (frame["word_maps"] or not frame["index"]) for frame in frames)
    assert done["count"] == 5 and not done["stopped"] and done["point"] == 1
    answers = recorded["answers"]
    assert len(answers["tokens"]) == 8 and answers["numbers"]["tokens"] == begin["tokens"]
    assert answers["atlas"]["words"] and answers["tokens"][2]["word"] == "blue"


def test_a_model_without_numbers_is_recorded_without_them(run, tmp_path):
    engine = Recorder(numbers="It cannot.")
    assert run("a cat", "--seed", "7", "--steps", "2", "--out", "cat.json", engine=engine)[0] == 0
    recorded = capsule.read((tmp_path / "cat.json").read_bytes())
    assert recorded["messages"][0]["tokens"] is None and set(recorded["answers"].values()) == {None}


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("a red fox", "a-red-fox"),
        ("../../etc/passwd", "etc-passwd"),
        ("नीली बिल्ली", "नीली-बिल्ली"),
        ("狐がスケートボードに乗る", "狐がスケートボードに乗る"),
        ("🦊", "picture"),
        ("x" * 500, "x" * 40),
        ("<script>alert('${x}')</script>", "script-alert-x-script"),
        ("-", "picture"),
        ("\u0000\n\t.", "picture"),
    ],
)
def test_slugs_are_plain_file_names(prompt, name):
    assert cli.slug(prompt) == name


def test_unknown_words_are_told(run):
    code, _, err, _ = run("a zebra", "--steps", "1")
    assert code == 0 and "does not know: zebra." in err and "too long" not in err


def test_what_the_model_never_hears_is_told(run):
    code, _, err, _ = run("a blue cat " * 5 + "at night", "--steps", "1")
    assert code == 0 and err.count("too long for the model, which never hears: cat at night\n") == 1


BAD = [
    [],
    [""],
    ["   "],
    ["x" * 501],
    ["bad \udcff bytes"],
    ["a cat", "--steps", "0"],
    ["a cat", "--steps", "101"],
    ["a cat", "--steps", "2.5"],
    ["a cat", "--steps", "many"],
    ["a cat", "--guidance", "0.9"],
    ["a cat", "--guidance", "nan"],
    ["a cat", "--guidance", "21"],
    ["a cat", "--seed", "-1"],
    ["a cat", "--seed", "4294967296"],
    ["a cat", "--seed", "seven"],
    ["a cat", "--seed", "9" * 400],
    ["a cat", "--steps", "9" * 400],
    ["a cat", "--guidance", "9" * 400],
    ["\u200b\u202e\u200d"],
    ["a cat", "--scheduler", "magic"],
    ["a cat", "--out", "cat.jpg"],
    ["a cat", "--out", "cat"],
    ["a cat", "--out", "missing/cat.gif"],
    ["a cat", "--out", "folder.gif"],
    ["a cat", "--out", "x" * 300 + ".gif"],
    ["a cat", "--bogus"],
    ["a", "cat"],
]


@pytest.mark.parametrize("argv", BAD, ids=lambda argv: " ".join(argv)[:30].encode("ascii", "replace").decode() or "-")
def test_bad_input_is_one_sentence_before_any_work(run, tmp_path, argv):
    (tmp_path / "folder.gif").mkdir()
    loaded = []
    code = cli.main(argv, loaded.append)
    assert code == 2 and loaded == []
    assert [path.name for path in tmp_path.iterdir()] == ["folder.gif"]
    _, out, err, engine = run(*argv)
    assert out == "" and engine.requests == []
    assert len(err.splitlines()) == 2 and err.endswith(".\n")  # the sentence, once per call


def test_a_missing_or_broken_model_is_one_sentence(run, tmp_path, capsys):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "model_index.json").write_text("{")
    for folder in (tmp_path / "none", broken):
        assert cli.main(["a cat", "--model", str(folder), "--out", "cat.gif"]) == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and str(folder) in err
    assert not (tmp_path / "cat.gif").exists()


def test_half_a_model_is_one_sentence_too(tmp_path, pipe):
    """From the shell, where everything that the libraries print while they load would be seen as well."""
    pipe.save_pretrained(tmp_path / "model")
    for weights in (tmp_path / "model" / "unet").glob("*.safetensors"):
        weights.write_bytes(weights.read_bytes()[:1000])
    argv = [
        sys.executable,
        "-m",
        "demo",
        "a cat",
        "--model",
        str(tmp_path / "model"),
        "--out",
        str(tmp_path / "cat.gif"),
    ]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
    assert not (tmp_path / "cat.gif").exists()


def test_a_disk_that_fills_up_late(run, tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli.export.os, "replace", full)
    code, out, err, _ = run("a cat", "--steps", "1", "--out", "cat.gif")
    assert (code, out) == (1, "") and "No space left on device." in err
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_engine_is_not_swallowed(run):
    class Broken(FakeEngine):
        def frames(self, request, run=None, watch=STATES_ONLY):
            yield from ()
            raise RuntimeError("the pipeline broke")

    with pytest.raises(RuntimeError, match="the pipeline broke"):
        run("a cat", engine=Broken())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a whole console, not to a process")
def test_ctrl_c_leaves_cleanly(tmp_path):
    argv = ["a cat", "--steps", "100", "--out", str(tmp_path / "cat.gif")]  # seconds, with the model that ships
    command = [sys.executable, "-m", "demo", *argv]
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}  # jobs in the background ignore it
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **heard) as process:
        seen = b""
        while b"/101 [" not in seen:  # the progress bar: the run has begun
            seen += process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == b""
    assert b"Traceback" not in err and err.endswith(b"Stopped.\n")
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_does_not_wait_for_torch(tmp_path):
    code = "import sys; from demo.__main__ import main; c = main(['']); sys.exit(9 if 'torch' in sys.modules else c)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("The prompt is empty")


def test_the_real_model_from_the_shell(tmp_path):
    argv = [
        sys.executable,
        "-m",
        "demo",
        "a blue cat",
        "--seed",
        "7",
        "--steps",
        "2",
        "--out",
        str(tmp_path / "cat.gif"),
    ]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "DEMO_MODEL": ""}
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'cat.gif'}\n"), done.stderr
    with Image.open(tmp_path / "cat.gif") as file:
        assert file.n_frames == 3


def test_other_words_from_some_step_on(run, tmp_path):
    words = ("a blue cat", "--seed", "7", "--steps", "5", "--branch-at", "2", "--then", "a red fox", "--fresh", "3")
    code, out, _, engine = run(*words)
    assert code == 0 and "branch-2" in out
    assert engine.requests[0] == Request("a blue cat", 7, 5, 4.0, "ddim").branch(2, "a red fox", fresh=3)
    with Image.open(tmp_path / out.strip()) as file:
        told = json.loads(file.info["comment"])
    assert told["prompt"] == "a red fox"
    assert (told["branch"]["at"], told["branch"]["fresh"], told["branch"]["parent"]["prompt"]) == (2, 3, "a blue cat")
    assert run(*words)[1] != run(*words[:-2], "--then-guidance", "5")[1]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--then", "a red fox"], "at which step"),
        (["--branch-at", "5"], "from 0 to 4"),
        (["--branch-at", "0", "--fresh", "3"], "nothing but noise"),
        (["--branch-at", "2", "--then", " "], "prompt is empty"),
    ],
)
def test_a_branch_that_cannot_be_is_refused(run, extra, said):
    code, out, err, engine = run("a blue cat", "--steps", "5", *extra)
    assert (code, out, engine.requests) == (2, "", []) and said in err and err.count("\n") == 1
