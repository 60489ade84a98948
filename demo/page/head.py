"""What a link to the page looks like where it is shared, and what its tab shows: the head of the HTML that is served.

Gradio's own head names Gradio, whatever the app's title is, and its picture. Its answer for the page is rewritten on
the way out: those lines go, and ours come in their place. Everything said here is fixed text but the app's own address,
which Gradio puts into its answer. With it goes the rule of what the page may run and fetch: nothing of anywhere else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TITLE = "Out of Static"
DESCRIPTION = (
    "Type a prompt and watch television static turn into it: a real diffusion model, every single step, each explained."
)
PICTURE, SIZE = "out-of-static/share.jpg", (1200, 630)
SHOWS = "Four states of one run: static, then shapes in it, then a red fox with sunglasses on a skateboard."
THEIRS = re.compile(
    r'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*?/?>|\s*<link rel="manifest"[^>]*>|<title>.*?</title>', re.DOTALL
)
CHARSET = '<meta charset="utf-8" />'
INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
# Gradio makes functions of the text that a component brings (unsafe-eval) and writes styles into elements. No word on
# frames: a Space is shown in one.
RULE = (
    "default-src 'self'; script-src 'self' 'unsafe-eval' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'"
)
ROOT = re.compile(r'window\.gradio_config = .*?"root":\s*("(?:[^"\\]|\\.)*")', re.DOTALL)


def tags(root: str) -> str:
    """The head's own lines; `root` is the app's address without a slash at its end."""
    told = {
        "og:type": "website",
        "og:site_name": TITLE,
        "og:title": f"{TITLE}: watch a picture come out of noise",
        "og:description": DESCRIPTION,
        "og:url": f"{root}/",
        "og:image": f"{root}/{PICTURE}",
        "og:image:type": "image/jpeg",
        "og:image:width": str(SIZE[0]),
        "og:image:height": str(SIZE[1]),
        "og:image:alt": SHOWS,
    }
    lines = [f"<title>{TITLE}</title>", _meta("name", "description", DESCRIPTION)]
    lines += [_meta("property", name, value) for name, value in told.items()]
    lines += [_meta("name", "twitter:card", "summary_large_image")]
    ours = f"{html.escape(root)}/out-of-static"
    lines += [f'<link rel="icon" type="image/svg+xml" href="{ours}/icon.svg" />']
    lines += [f'<script src="{ours}/still.js"></script>']  # before Gradio's modules, which keep what they find
    return "\n\t\t".join(lines)


def rewritten(page: str) -> str:
    """The page with our head in place of Gradio's; as it was where it has none."""
    met = ROOT.search(page)
    root = json.loads(met[1]).rstrip("/") if met else ""
    head, end, rest = page.partition("</head>")
    # After the charset, which has to be among the first thousand bytes.
    top, charset, others = head.partition(CHARSET)
    if not end or not charset:
        return page
    return f"{top}{charset}\n\t\t{tags(root)}{THEIRS.sub('', others)}{end}{rest}"


def rule(page: str) -> str:
    """The Content-Security-Policy of a page: of scripts within it, those that stand there now and no other."""
    hashes = (hashlib.sha256(text.encode()).digest() for text in dict.fromkeys(INLINE.findall(page)))
    return RULE.format(scripts=" ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in hashes))


class Head:
    """ASGI, inside of what compresses: rewrites the page itself and leaves everything else alone."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or collect the page, which comes in one piece of some 100 kB, and send it rewritten."""
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else None
        if path not in ("", "/") or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        started: list[Message] = []
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            data = bytes(body)
            kept = [pair for pair in started[0]["headers"] if pair[0].lower() != b"content-length"]
            if started[0]["status"] == 200:
                page = rewritten(body.decode())
                data = page.encode()
                kept.append((b"content-security-policy", rule(page).encode()))
            started[0]["headers"] = [*kept, (b"content-length", str(len(data)).encode())]
            await send(started[0])
            await send({"type": "http.response.body", "body": data})

        await self._app(scope, receive, collect)


def _meta(kind: str, name: str, content: str) -> str:
    return f'<meta {kind}="{name}" content="{html.escape(content)}" />'
