"""What a shared link shows, and the page behind a proxy: as a browser and a link checker see them over HTTP."""

import base64
import hashlib
import http.server
import io
import re
import threading

import httpx
import pytest
from fake_engine import FakeEngine
from PIL import Image

from demo.page.about import about, version
from demo.page.head import SIZE, rewritten
from demo.page.page import build, launch_options
from demo.page.site import ICON, STATIC
from demo.settings import Settings

PREFIX = "/x"


def metas(page: str) -> list[tuple[str, str]]:
    return re.findall(r'<meta\s+(?:property|name)="((?:og|twitter):[\w:]+|description)"\s+content="([^"]*)"', page)


def test_the_page_has_its_own_title_and_nothing_of_gradios(address):
    page = httpx.get(address).text
    head = page[: page.index("</head>")]
    assert re.findall("<title>(.*?)</title>", head) == ["Out of Static"] and '<html\n\tlang="en"' in page
    told = metas(head)
    assert len(told) == len(dict(told)), "each is said once"
    assert not [value for _, value in told if "radio" in value]
    assert head.index("<meta charset") < 1000 and "static" in dict(told)["description"]
    assert 'rel="manifest"' not in head


def test_the_picture_of_a_shared_link_is_served(address):
    told = dict(metas(httpx.get(address).text))
    assert told["og:image"].startswith(address) and told["og:url"] == address
    answer = httpx.get(told["og:image"])
    assert answer.headers["content-type"] == told["og:image:type"] == "image/jpeg" and len(answer.content) < 300_000
    size = Image.open(io.BytesIO(answer.content)).size
    assert size == SIZE == (int(told["og:image:width"]), int(told["og:image:height"]))


def test_the_address_is_the_one_that_the_visitor_came_to(address):
    page = httpx.get(address, headers={"X-Forwarded-Host": "static.example", "X-Forwarded-Proto": "https"}).text
    assert dict(metas(page))["og:image"] == "https://static.example/out-of-static/share.jpg"


def test_the_icon_is_ours(address):
    icon = ICON.read_bytes()
    linked = re.search(r'<link rel="icon" type="image/svg\+xml" href="([^"]+)"', httpx.get(address).text)[1]
    for url in (linked, f"{address}favicon.ico"):
        answer = httpx.get(url)
        assert answer.content == icon and answer.headers["content-type"].startswith("image/svg")


def test_the_page_runs_what_it_came_with_and_fetches_from_nowhere_else(address):
    answer = httpx.get(address)
    rules = dict(one.strip().split(" ", 1) for one in answer.headers["content-security-policy"].split(";"))
    inline = [text for kind, text in re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL) if text]
    assert len(inline) > 2
    for text in inline:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in rules["script-src"]
    assert "'unsafe-inline'" not in rules["script-src"] and rules["default-src"] == "'self'"
    assert not any(host in answer.headers["content-security-policy"] for host in ("http", "*"))
    assert "frame-ancestors" not in rules  # a Space is shown in a frame
    for other in ("config", "out-of-static/icon.svg"):
        assert "content-security-policy" not in httpx.get(address + other).headers


def test_a_page_of_another_make_is_left_alone():
    for page in ("", "<html>", "<head></head>", "<head><meta charset='utf-16'></head>"):
        assert rewritten(page) == page


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """The address of the app behind a proxy that takes PREFIX away before it asks."""
    folder = tmp_path_factory.mktemp("behind")
    app, own = build(FakeEngine(), Settings(model=str(folder), exports=folder)), Settings(exports=folder)
    app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", root_path=PREFIX, **launch_options(own))

    client = httpx.Client(base_url=app.local_url, timeout=30)

    class Stripping(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if not self.path.startswith(PREFIX + "/"):
                self.send_error(404)
                return
            forwarded = {"X-Forwarded-Host": self.headers["Host"], "X-Forwarded-Proto": "http"}
            answer = httpx.get(
                app.local_url.rstrip("/") + self.path.removeprefix(PREFIX), headers=forwarded, timeout=30
            )
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_):
            pass

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stripping)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{proxy.server_port}{PREFIX}/"
    proxy.shutdown()
    client.close()
    app.close()


def test_the_page_appears_behind_a_proxy_that_strips_its_path(behind):
    """Gradio's own files, and ours, and what a shared link shows."""
    client = httpx.Client(timeout=30)
    page = client.get(behind)
    assert page.status_code == 200 and metas(page.text)
    linked = re.findall(r'(?:src|href)="(\./[^"]+\.(?:js|css))"', page.text)
    assert len(linked) >= 2
    ours = [f"out-of-static/{file.relative_to(STATIC)}" for file in STATIC.rglob("*") if file.suffix in (".js", ".css")]
    shown = dict(metas(page.text))
    for path in [*linked[:4], *ours, "theme.css", "config", shown["og:image"].removeprefix(behind)]:
        assert client.get(behind + path).status_code == 200, path
    assert shown["og:url"] == behind


def test_what_is_said_of_the_page_is_true_of_it(settings):
    told = about(Settings())
    assert "Apache-2.0" in told["licence"] and "Open Font License" in told["licence"] and "1 hour," in told["kept"]
    assert told["kept_seconds"] == 3600 and told["source"] is None
    other = about(Settings(model="some/model", keep_seconds=90))
    assert "some/model" in other["licence"] and "Noto" not in other["licence"] and "90 seconds" in other["kept"]


def test_the_version_is_that_of_the_files(tmp_path):
    (tmp_path / "a.js").write_text("1")
    first = version(tmp_path)
    assert re.fullmatch("[0-9a-f]{8}", first) and version(tmp_path) == first
    (tmp_path / "a.js").write_text("2")
    assert version(tmp_path) != first
