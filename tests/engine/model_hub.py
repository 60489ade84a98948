"""A hub on this machine that serves folders as models, for the real client: what it would be told, and every file."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from huggingface_hub import constants

COMMIT = "0" * 40


@contextlib.contextmanager
def serving(models: dict[str, Path], cache: Path, monkeypatch, sizes: dict[str, int] | None = None):
    """The paths asked for, while `models`, id -> folder, are on a hub; `sizes` says what it claims of some files."""
    asked = []

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(True)

        def do_HEAD(self):
            self.answer(False)

        def answer(self, body):
            path = self.path.split("?")[0]
            asked.append(path)
            api = path.startswith("/api/models/")
            owner, name, *rest = path.removeprefix("/api/models").strip("/").split("/")
            folder = models.get(f"{owner}/{name}")
            if folder is None:
                return self.say(404, b"none", {"X-Error-Code": "RepoNotFound"}, body)
            if api:
                files = sorted(file for file in folder.rglob("*") if file.is_file())
                told = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files} | (sizes or {})
                siblings = [{"rfilename": one, "size": size} for one, size in told.items()]
                answer = {"id": f"{owner}/{name}", "sha": COMMIT, "siblings": siblings}
                if rest[:1] == ["tree"]:
                    answer = [{"type": "file", "path": one, "size": size, "oid": COMMIT} for one, size in told.items()]
                return self.say(200, json.dumps(answer).encode(), {}, body)
            data = (folder / "/".join(rest[2:])).read_bytes()
            etag = {"ETag": f'"{hash(data):x}"', "X-Repo-Commit": COMMIT}
            return self.say(200, data, etag, body)

        def say(self, status, data, headers, body):
            self.send_response(status)
            for key, value in ({"Content-Length": str(len(data))} | headers).items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    reach(monkeypatch, f"http://127.0.0.1:{server.server_port}", cache)
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()


def reach(monkeypatch, address: str, cache: Path) -> None:
    """The hub is at this address from now on, and what it gives goes into `cache`."""
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))


NOWHERE = "http://127.0.0.1:9"  # where nobody listens
