"""The hub as the real client sees it, over HTTP on this machine: what is missing, gated, out of reach or no model."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from diffusers import DiffusionPipeline
from huggingface_hub import constants, snapshot_download
from model_hub import NOWHERE, reach, serving
from tiny_families import build

from demo.engine import machine
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.hub import BadModel, fetched

INPAINT = {"_class_name": "StableDiffusionInpaintPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
FOREIGN = {"_class_name": "StableDiffusionPipeline", "unet": ["my_unet", "MyUNet"]}


class Hub(BaseHTTPRequestHandler):
    """Answers for a few models, each with its fault."""

    def do_GET(self):
        self.answer(body=True)

    def do_HEAD(self):
        self.answer(body=False)

    def answer(self, body):
        path = self.path.split("?")[0].removeprefix("/api/models")
        if path.startswith("/some/slow"):
            time.sleep(30)
        if path.startswith("/some/gated/resolve"):
            return self.say(403, b"no", {"X-Error-Code": "GatedRepo"}, body)
        names = {"/some/gated": ["model_index.json"], "/some/inpaint": ["model_index.json"]}
        names |= {
            "/some/foreign": ["model_index.json", "my_unet.py"],
            "/some/lora": ["pytorch_lora_weights.safetensors"],
        }
        names |= {"/some/pickles": ["model_index.json", "unet/diffusion_pytorch_model.bin"]}
        if path in names and self.path.startswith("/api"):
            files = [{"rfilename": name} for name in names[path]]
            return self.say(200, json.dumps({"id": path[1:], "sha": "0" * 40, "siblings": files}).encode(), {}, body)
        for owner, index in (("/some/inpaint", INPAINT), ("/some/foreign", FOREIGN)):
            if path == f"{owner}/resolve/main/model_index.json":
                text = json.dumps(index).encode()
                return self.say(200, text, {"ETag": f'"{hash(owner)}"', "X-Repo-Commit": "0" * 40}, body)
        return self.say(404, b"none", {"X-Error-Code": "RepoNotFound"}, body)

    def say(self, status, text, headers, body):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(text))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def hub(address, monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))


def said(model: str) -> str:
    with pytest.raises(BadModel) as refused:
        fetched(model)
    text = str(refused.value)
    assert text.endswith(".") and "\n" not in text and model in text
    return text


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("model", "why"),
    [
        ("some/nothing", "The hub has no model"),
        ("some/gated", "is gated: accept its terms"),
        ("some/inpaint", "paints into a picture that it is given"),
        ("some/foreign", "code of its own"),
        ("some/lora", "holds a LoRA alone"),
        ("some/pickles", "as pickles (unet/diffusion_pytorch_model.bin)"),
        ("some/slow", "the Hugging Face hub cannot be reached"),
    ],
)
def test_what_is_wrong_with_it_is_said_before_anything_is_fetched(model, why, tmp_path):
    assert why in said(model)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_out_of_reach_it_is_the_copy_that_is_here_already(pipe, monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert "not on this machine" in said("some/model")
    snapshot = tmp_path / "models--some--model" / "snapshots" / ("0" * 40)
    pipe.save_pretrained(snapshot)
    (tmp_path / "models--some--model" / "refs").mkdir()
    (tmp_path / "models--some--model" / "refs" / "main").write_text("0" * 40)
    assert fetched("some/model") == snapshot
    assert DiffusersEngine.load("some/model").model == "some/model"


def test_what_was_fetched_is_there_without_a_network_too(pipe, monkeypatch, tmp_path):
    pipe.save_pretrained(tmp_path / "model")
    (tmp_path / "model" / "picture.png").write_bytes(b"never fetched")
    # In place of diffusers' own, whose client has its address from when it was imported; it fetches in the same way.
    some = {"allow_patterns": ["*.json", "*.safetensors"]}
    monkeypatch.setattr(DiffusionPipeline, "download", lambda model, **_: snapshot_download(model, **some))
    with serving({"some/model": tmp_path / "model"}, tmp_path / "cache", monkeypatch):
        folder = fetched("some/model")
        assert not (folder / "picture.png").exists()
    reach(monkeypatch, NOWHERE, tmp_path / "cache")
    assert fetched("some/model") == folder


def test_one_that_does_not_fit_into_memory_is_said_before_it_is_fetched(monkeypatch, tmp_path):
    """The hub says how large its files are: with the same ones, one that is as large as it is, and one that is huge."""
    folder = build("sd-1", tmp_path)
    weights = {"unet/diffusion_pytorch_model.safetensors": 10**15}
    with serving({"some/huge": folder}, tmp_path / "cache", monkeypatch, weights) as asked:
        assert "GB of memory" in said("some/huge")
        assert not [path for path in asked if path.endswith(".safetensors")]
    beside = {
        "unet/diffusion_pytorch_model.fp16.safetensors": 10**15,
        "old/diffusion_pytorch_model.safetensors": 10**15,
    }
    with serving({"some/small": folder}, tmp_path / "cache", monkeypatch, beside) as asked:
        monkeypatch.setattr(DiffusionPipeline, "download", lambda *_, **__: "there")
        assert str(fetched("some/small")) == "there"  # neither of those is read


def test_half_precision_counts_for_as_many_numbers(monkeypatch, tmp_path):
    DiffusionPipeline.from_pretrained(build("sd-1", tmp_path)).save_pretrained(tmp_path / "half", variant="fp16")
    large = {f"{part}.fp16.safetensors": 10**9 for part in ("unet/diffusion_pytorch_model", "text_encoder/model")}
    monkeypatch.setattr(machine, "free_memory", lambda: 4.2 * 10**9)
    monkeypatch.setattr(DiffusionPipeline, "download", lambda *_, **__: "there")
    with serving({"some/half": tmp_path / "half"}, tmp_path / "cache", monkeypatch, large):
        assert "needs about 4.4 GB of memory" in said("some/half")  # 10^9 numbers of four bytes, and a tenth
        monkeypatch.setattr(machine, "free_memory", lambda: 4.5 * 10**9)
        assert str(fetched("some/half")) == "there"
