"""A hub on this machine, for the real client: Spaces are made, read, filled and changed over HTTP, and kept here."""

import base64
import contextlib
import http.server
import json
import threading

NOT_FOUND = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}


class FakeHub:
    """`spaces`: name -> {"files", "hardware", "variables"}; `refuses` is a status that making a Space gets."""

    def __init__(self):
        self.spaces, self.refuses, self.asked, self.large = {}, None, [], {}

    @contextlib.contextmanager
    def serving(self):
        """The address of the hub while it is open."""

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(handler):
                body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
                self.asked.append((handler.command, handler.path, handler.headers.get("Authorization")))
                status, told, headers = self.answer(handler.command, handler.path.split("?")[0], body, handler.headers)
                data = json.dumps(told).encode()
                handler.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json", "Content-Length": len(data)}.items():
                    handler.send_header(name, str(value))
                handler.end_headers()
                handler.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(handler, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self.address
        finally:
            server.shutdown()
            server.server_close()

    def answer(self, method: str, path: str, body: bytes, headers) -> tuple[int, object, dict]:
        """Status, what is told, headers."""
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}, {}
        if path.startswith("/large/"):
            self.large[path.split("/")[-1]] = body
            return 200, {}, {}
        parts = path.replace("/api", "", 1).strip("/").split("/")
        owner, name, *rest = parts[1:]
        space = self.spaces.get(f"{owner}/{name.removesuffix('.git')}")
        if space is None:
            return 404, {"error": "Repository not found"}, NOT_FOUND
        return 200, self._of(space, method, "/".join(rest), body), {}

    def _create(self, asked: dict) -> tuple[int, object, dict]:
        if self.refuses:
            return self.refuses, {"error": "No."}, {}
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.spaces:
            return 409, {"error": "You already created this space repo"}, {}
        assert asked["type"] == "space" and asked["sdk"] in ("gradio", "static")
        variables = {one["key"]: one["value"] for one in asked.get("variables", [])}
        files = {".gitattributes": b"", "README.md": b""}
        self.spaces[name] = {"files": files, "hardware": asked.get("hardware"), "variables": variables}
        return 200, {"url": f"{self.address}/spaces/{name}"}, {}

    def _of(self, space: dict, method: str, what: str, body: bytes) -> object:
        if what == "":
            siblings = [{"rfilename": path} for path in space["files"]]
            runtime = {"stage": "RUNNING", "hardware": {"current": space["hardware"], "requested": space["hardware"]}}
            return {"id": "x/y", "sha": "0" * 40, "siblings": siblings, "runtime": runtime | {"storage": None}}
        if what == "variables":
            if method == "POST":
                asked = json.loads(body)
                space["variables"][asked["key"]] = asked["value"]
            if method == "DELETE":
                del space["variables"][json.loads(body)["key"]]
            return {key: {"value": value} for key, value in space["variables"].items()}
        if what == "hardware":
            space["hardware"] = json.loads(body)["flavor"]
            return {"stage": "BUILDING", "hardware": {"current": None, "requested": space["hardware"]}, "storage": None}
        if what == "preupload/main":
            named = [file["path"] for file in json.loads(body)["files"]]
            kinds = {path: "lfs" if path.endswith(".safetensors") else "regular" for path in named}
            return {"files": [{"path": p, "uploadMode": kinds[p], "shouldIgnore": False, "oid": None} for p in named]}
        if what == "info/lfs/objects/batch":
            asked = json.loads(body)["objects"]
            where = [{**one, "actions": {"upload": {"href": f"{self.address}/large/{one['oid']}"}}} for one in asked]
            return {"transfer": "basic", "objects": where}
        assert what == "commit/main", what
        self._commit(space["files"], [json.loads(line) for line in body.splitlines()])
        return {"commitUrl": f"{self.address}/spaces/x/y/commit/1", "commitOid": "1" * 40}

    def _commit(self, files: dict, lines: list[dict]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
