"""The door in front of Gradio: only what the page and the API use comes in, and nothing that Gradio would stumble over.

Gradio answers some malformed requests with status 500, reads bodies of any size, keeps doors open that nothing here
uses, and lets every other site's scripts in. So each request is held against one list of doors, and a body is read here
first: a JSON object, small, with finite numbers and whole characters, that names what the app really has. Whatever else
comes gets a 4xx and one sentence. Knows HTTP and the shape of Gradio's bodies, nothing of runs.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlparse

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.page.limits import Limits, Who
from demo.page.readers import Readers
from demo.run.trace import BadRequest

MAX_BODY = 64 * 2**10  # bytes; the longest prompt with its settings has 4 kB
MAX_PATH = 2048
API = "/gradio_api"
FILES = r"(assets|static|svelte|out-of-static)/.+|theme\.css|favicon\.ico|manifest\.json|robots\.txt"
STREAM = re.compile(rf"{API}/(?:queue/data|call/(?:v2/)?generate/(?P<event>[0-9a-f]{{32}}))/?")
DOORS = {
    "GET": re.compile(
        rf"/|/config/?|/({FILES})|{API}/(info/?|openapi\.json|startup-events|theme\.css|app_id/?|file=.+|"
        rf"heartbeat/[0-9A-Za-z-]{{1,64}})|{STREAM.pattern}"
    ),
    "POST": re.compile(
        rf"{API}/(queue/join|component_server|cancel|reset|call/generate|call/v2/generate)/?",
    ),
}
ONE = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(:[0-9]{1,5})?"
HOST = re.compile(rf"{ONE}(, ?{ONE})*")
NAMES = ("host", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port")  # of which Gradio makes addresses
SESSION = re.compile(r"[0-9A-Za-z-]{1,64}")
UNCOUNTED = ("stop", "missing", "kept", "drop")  # what ends something, or goes on with what was asked before
SAFE = ((b"x-content-type-options", b"nosniff"),)
NOT_HERE = "Not offered here."
UNREADABLE = "This is not a request that can be read here."


class Refused(Exception):
    """A request that does not come in: its status and one sentence."""

    def __init__(self, status: int, sentence: str = UNREADABLE):
        super().__init__(sentence)
        self.status = status


class Guard:
    """ASGI, around the whole of Gradio's app; `readers` counts who has a stream open, `limits` who asks how much."""

    def __init__(self, app: ASGIApp, blocks: Any, readers: Readers, limits: Limits):
        self._app, self._blocks, self._readers, self._limits = app, blocks, readers, limits
        readers.counting = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it in, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # no web sockets here
        try:
            path = _path(scope)
            # Without an origin Gradio's CORS never answers, so no other site's script reads anything.
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name.lower() != b"origin"]
            if scope["method"] == "POST":
                receive = await self._read(path, scope, receive)
        except Refused as refused:
            await JSONResponse({"detail": str(refused)}, refused.status)(scope, receive, _safely(send))
            return
        except BadRequest as busy:  # as the page hears whatever it asks too early
            await JSONResponse({"error": str(busy), "again": True})(scope, receive, _safely(send))
            return
        with self._reading(path, scope):
            await self._app(scope, receive, _safely(send))

    def _reading(self, path: str, scope: Scope) -> contextlib.AbstractContextManager:
        """Count whoever has a stream of events open: a session by its name, else by its one event."""
        met = STREAM.fullmatch(path) if scope["method"] == "GET" else None
        if not met:
            return contextlib.nullcontext()
        named = parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [""])
        return self._readers.reading(met["event"] or named[-1])

    async def _read(self, path: str, scope: Scope, receive: Receive) -> Receive:
        """The body, checked, as something that can be received again. Raises Refused."""
        door = path.removeprefix(API).strip("/")
        kind = Headers(scope=scope).get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused(415, "A request has to be JSON.")
        asked = _object(await _body(receive))
        self._check(door, asked)
        if door == "component_server" and asked["fn_name"] not in UNCOUNTED:
            self._limits.ask(Who(asked["session_hash"], scope["client"][0] if scope.get("client") else None))
        data = json.dumps(asked).encode()
        length = (b"content-length", str(len(data)).encode())
        dropped = (b"content-length", b"transfer-encoding", b"content-encoding")
        scope["headers"] = [pair for pair in scope["headers"] if pair[0].lower() not in dropped] + [length]
        return _again(data, receive)

    def _check(self, door: str, asked: dict) -> None:
        session = asked.get("session_hash")
        if session is not None and not (isinstance(session, str) and SESSION.fullmatch(session)):
            raise Refused(400)
        if door == "component_server":
            self._component(asked)
        elif door == "queue/join":
            fn = asked.get("fn_index")
            known = self._blocks.fns
            if session is None or isinstance(fn, bool) or not isinstance(fn, int) or fn not in known:
                raise Refused(404, NOT_HERE)
            self._arguments(asked.get("data"), known[fn])
            for name, kinds in (("trigger_id", (int, type(None))), ("event_id", (str, type(None)))):
                if not isinstance(asked.get(name), kinds):
                    raise Refused(400)
            asked.pop("batched", None)  # nothing here is asked for in batches
        elif door == "call/generate":
            asked.pop("session_hash", None)  # a call is known by its event alone, and so is whoever reads its stream
            self._arguments(asked.get("data"), self._generate())
        elif door == "call/v2/generate":
            _named(asked, self._generate())

    def _component(self, asked: dict) -> None:
        block = self._blocks.blocks.get(asked["component_id"]) if _is_index(asked.get("component_id")) else None
        name = asked.get("fn_name")
        offered = isinstance(name, str) and getattr(getattr(block, name, None), "_is_server_fn", False)
        if not offered or "data" not in asked or asked.get("session_hash") is None:
            raise Refused(404, NOT_HERE)

    def _arguments(self, data: Any, fn: Any) -> None:
        if not isinstance(data, list):
            raise Refused(400)
        if len(data) > len(fn.inputs):
            raise Refused(400, f"{len(data)} values were given where {len(fn.inputs)} are asked for.")
        data += [None] * (len(fn.inputs) - len(data))  # None is the model's own

    def _generate(self) -> Any:
        return next(fn for fn in self._blocks.fns.values() if fn.api_name == "generate")


def _named(asked: Mapping, fn: Any) -> None:
    names = list(fn.input_parameter_names or ())
    strange = [name for name in asked if name not in (*names, "session_hash")]
    if strange:
        raise Refused(400, f"There is no parameter {strange[0][:40]!r}; there are {', '.join(names)}.")
    if "prompt" not in asked:
        raise Refused(400, "The prompt is missing.")


def _path(scope: Scope) -> str:
    """The path as Gradio routes it, without the part of it that a proxy adds. Raises Refused."""
    path, root = scope["path"], urlparse(scope.get("root_path", "")).path.rstrip("/")
    if root and path.startswith(root + "/"):
        path = path[len(root) :]
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    if method not in DOORS:
        raise Refused(405, NOT_HERE)
    if len(path) > MAX_PATH or not path.isprintable() or not DOORS[method].fullmatch(path):
        raise Refused(404, NOT_HERE)
    if re.match(rf"{API}/file=\w+:/", path):
        raise Refused(404, NOT_HERE)  # Gradio would fetch it from another server
    headers = Headers(scope=scope)
    for name in NAMES:
        if name in headers and not HOST.fullmatch(headers[name]):
            raise Refused(400)
    return path


async def _body(receive: Receive) -> bytes:
    data = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400)
        data += message.get("body", b"")
        if len(data) > MAX_BODY:
            raise Refused(413, f"A request may have at most {MAX_BODY} bytes.")
        if not message.get("more_body"):
            return bytes(data)


def _object(data: bytes) -> dict:
    """The JSON object in a body: numbers finite, characters whole. Raises Refused."""
    try:
        asked = json.loads(data, parse_constant=_no_number, parse_float=_finite)
        json.dumps(asked, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # UnicodeError is a ValueError
        raise Refused(400) from None
    if not isinstance(asked, dict):
        raise Refused(400)
    return asked


def _no_number(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _is_index(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _again(data: bytes, receive: Receive) -> Receive:
    """A body that was read already, then whatever comes after it."""
    waiting = [{"type": "http.request", "body": data, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _safely(send: Send) -> Send:
    async def safe(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *SAFE]
        await send(message)

    return safe
