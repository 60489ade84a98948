"""Every entrance over HTTP, asked for what makes no sense: a 4xx and one sentence, never a 500, never a traceback."""

import json
import random
import time

import httpx
import pytest
from fake_engine import FakeEngine
from following import form, until

from demo.page import guard
from demo.page.page import SPARE, build, launch_options
from demo.settings import Settings

API = "gradio_api/"
HUGE = 10**400
DEEP = "[" * 5000 + "]" * 5000


@pytest.fixture(scope="module")
def web(address):
    with httpx.Client(base_url=address, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def ids(app):
    """The page's component, the function behind Generate, and that of the API."""
    page = next(block for block in app.blocks.values() if getattr(block, "stop", None))
    by_name = {fn.api_name: number for number, fn in app.fns.items()}
    return {"page": page._id, "generate": by_name["generate"], "submit": by_name["watch"]}


def post(web, path, body, **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return web.post(API + path, content=data, headers={"Content-Type": "application/json"} | headers)


def refused(answer, *statuses) -> bool:
    """A 4xx with one sentence, and nothing of how the server is made."""
    said = answer.text
    assert answer.status_code in (statuses or range(400, 500)), (answer.status_code, said)
    assert "Traceback" not in said and 'File "' not in said
    return True


def join(ids, **changed):
    return {
        "data": [],
        "fn_index": ids["submit"],
        "session_hash": "abc",
        "event_data": form(),
        "trigger_id": 1,
    } | changed


def ask(ids, **changed):
    return {"data": {}, "component_id": ids["page"], "fn_name": "stop", "session_hash": "abc"} | changed


def test_what_is_right_comes_in(web, ids):
    assert post(web, "component_server", ask(ids)).json() == {"stopped": False}
    assert "event_id" in post(web, "queue/join", join(ids)).json()
    called = post(web, "call/generate", {"data": ["a cat", 7, 2, 4, "ddim"]}).json()
    with web.stream("GET", f"{API}call/generate/{called['event_id']}") as events:
        assert "event: complete" in events.read().decode()
    named = post(web, "call/v2/generate", {"prompt": "a cat", "steps": 2}).json()
    assert "event_id" in named
    for path in ("", "config", f"{API}info", f"{API}startup-events", f"{API}openapi.json", "theme.css", "favicon.ico"):
        answer = web.get(path)
        assert answer.status_code == 200 and answer.headers["x-content-type-options"] == "nosniff", path


@pytest.mark.parametrize("given", [[], [""], ["a cat", "x"]])
def test_a_call_with_too_few_values_gets_its_sentence_and_no_traceback(web, ids, given, capfd):
    asked = join(ids, fn_index=ids["generate"], data=given, session_hash="few", event_data=None)
    assert post(web, "queue/join", asked).status_code == 200
    with web.stream("GET", f"{API}queue/data?session_hash=few") as stream:
        events = [json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")]
    (done,) = (event for event in events if event["msg"] == "process_completed")
    assert not done["success"] and ("prompt" in str(done["output"]) or "seed" in str(done["output"]))
    assert "Traceback" not in capfd.readouterr().err


STRANGE = [None, True, -1, 0, 1.5, HUGE, "", "x" * 70, "\x00", "__class__", "launch", [], {}, [[]], {"a": 1}]
BODIES = [
    b"", b"x", b"[]", b"7", b"null", b'"x"', b"{", b'{"data": NaN}', b'{"data": 1e999}', b'{"a": "\\ud83e"}',
    b"\xff\xfe", b"{}", DEEP.encode(), b'{"data": ' + DEEP.encode() + b"}", b'{"data": %d}' % 10**4000,
]  # fmt: skip
POSTS = ("queue/join", "component_server", "cancel", "reset", "call/generate", "call/v2/generate")


@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_is_none_is_refused(web, path):
    for body in BODIES:
        assert refused(post(web, path, body)), body
    assert refused(post(web, path, b"x" * (guard.MAX_BODY + 1)), 413)
    good = json.dumps({"data": []}).encode()
    for kind in ("", "text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        assert refused(post(web, path, good, **{"Content-Type": kind}), 415)


@pytest.mark.parametrize(
    "name", ["component_id", "fn_name", "session_hash", "data", "fn_index", "trigger_id", "event_id"]
)
def test_no_value_of_any_field_is_a_500(web, ids, name):
    for value in STRANGE:
        for path, body in (("component_server", ask(ids)), ("queue/join", join(ids, session_hash="strange"))):
            answer = post(web, path, body | {name: value})
            assert answer.status_code < 500 and "Traceback" not in answer.text, (path, value)


def test_what_the_app_does_not_have_is_404(web, ids):
    for changed in ({"component_id": 9999}, {"component_id": "1"}, {"fn_name": "get_config"}, {"fn_name": "__init__"}):
        assert refused(post(web, "component_server", ask(ids, **changed)), 404)
    for index in (-1, 9999, HUGE, None, True):
        assert refused(post(web, "queue/join", join(ids, fn_index=index)), 404)


def test_more_than_is_asked_for_gets_a_sentence(web, ids):
    many = ["a cat", 7, 4, 5, "ddim", "a dog", 64, 64, 2, "a fox", 3, "a hat", 9, "and more"]
    for path, body in (
        ("call/generate", {"data": many}),
        ("queue/join", {"data": many, "fn_index": ids["generate"], "session_hash": "abc"}),
    ):
        assert refused(post(web, path, body), 400) and "14 values" in post(web, path, body).json()["detail"]
    answer = post(web, "call/v2/generate", {"prompt": "a cat", "strength": 4})
    assert refused(answer, 400) and "'strength'" in answer.json()["detail"] and "guidance" in answer.json()["detail"]


SHUT = [
    "gradio_api/deep_link?session_hash=x", "gradio_api/upload_progress?upload_id=x", "monitoring", "monitoring/summary",
    "gradio_api/dev/reload", "gradio_api/file=https://example.org/x.png", "gradio_api/file=http:/example.org/", "login",
    "gradio_api/proxy=https://example.org", "gradio_api/token", "gradio_api/runs", "gradio_api/queue/status",
    "gradio_api/vibe-code", "gradio_api/heartbeat/%00", "gradio_api/stream/a/b/1/playlist.m3u8", "out-of-static/",
    "out-of-static/../app.py", "out-of-static/%2e%2e/settings.py", "out-of-static/%00", "gradio_api/file=/etc/passwd",
    "gradio_api/file=%00", "gradio_api/file=" + "a" * 3000, "assets/%00", "static/..%2f..%2froutes.py", "svelte/%ff",
    "gradio_api/custom_component/1/client/component/%2e%2e", "pwa_icon", "pwa_icon/9", "docs", "redoc", "openapi.json",
]  # fmt: skip


@pytest.mark.parametrize("path", SHUT)
def test_doors_that_nothing_here_uses_are_shut(web, path):
    assert refused(web.get(path), 403, 404, 405)


def test_what_would_write_or_run_without_the_queue_is_shut(web):
    for path in ("upload", "run/generate", "api/generate", "process_recording", "stream/x", "vibe-edit", "call/watch"):
        assert refused(post(web, path, {"data": ["a cat"]}), 404)
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
        assert refused(web.request(method, API + "queue/join"), 405)


def test_no_other_sites_script_reads_an_answer(web, ids):
    for origin in ("https://elsewhere.example", "null", "http://["):
        answers = [
            web.get("config", headers={"Origin": origin}),
            post(web, "component_server", ask(ids), Origin=origin),
        ]
        answers.append(
            web.options(API + "queue/join", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        )
        for answer in answers:
            assert answer.status_code < 500
            assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto"])
def test_a_host_that_is_none_is_refused(web, name):
    for odd in ("[", "a b", "a/b", "<script>", "x" * 300):
        for path in ("", "config"):
            assert refused(web.get(path, headers={name: odd}), 400)


def test_hundreds_of_requests_at_random_and_none_is_a_500(web, ids):
    """Everything that was found by hand, mixed: each of them is some other body, path or header."""
    dice = random.Random(13)
    values = [
        *STRANGE,
        "abc",
        ids["page"],
        ids["submit"],
        ids["generate"],
        "stop",
        "touch",
        form(),
        ["a cat"],
        "\ud83e",
    ]
    keys = (
        "data fn_index session_hash event_data trigger_id component_id fn_name event_id batched simple_format".split()
    )
    for _ in range(300):
        body = {key: dice.choice(values) for key in keys if dice.random() < 0.5}
        if dice.random() < 0.5:
            body = dice.choice([ask, join])(ids, **body)
        if body.get("fn_index") == ids["generate"] or not dice.random():
            body["event_data"] = None
        answer = post(web, dice.choice(POSTS), body)
        assert answer.status_code < 500 and "Traceback" not in answer.text, body


def test_whoever_has_a_stream_open_is_counted_and_nobody_else(web, app, ids):
    """What the lease of a run is held by: Gradio itself runs what nobody reads."""
    for session in ("listens", "never-came"):
        slow = join(ids, session_hash=session, event_data=form(steps=100))
        assert post(web, "queue/join", slow).status_code == 200
    with web.stream("GET", f"{API}queue/data?session_hash=listens") as stream:
        next(stream.iter_lines())
        assert app.readers.of("listens")() and not app.readers.of("never-came")()
    deadline = time.monotonic() + 20
    while app.readers.of("listens")() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not app.readers.of("listens")()


def test_who_asks_too_much_is_told_when_to_come_again_and_may_still_stop(tmp_path):
    settings = Settings(model=str(tmp_path), exports=tmp_path, session_questions=2)
    app = build(FakeEngine(), settings)
    page = next(block._id for block in app.blocks.values() if getattr(block, "stop", None))

    def asked(name, session):
        body = {"data": {"steps": 4}, "component_id": page, "fn_name": name, "session_hash": session}
        return post(client, "component_server", body)

    app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options(settings))
    try:
        with httpx.Client(base_url=app.local_url, timeout=20) as client:
            assert [asked("cost", "eager").json() for _ in range(2)] == [{"seconds": None}] * 2
            more = asked("cost", "eager")
            assert more.status_code == 200 and more.json()["again"]
            assert "2 questions a minute" in more.json()["error"]
            assert asked("stop", "eager").json() == {"stopped": False}
            assert asked("cost", "calm").json() == {"seconds": None}
    finally:
        app.close()


def test_gradio_keeps_a_copy_of_the_page_for_a_few_sessions_alone(web, ids, app, settings):
    kept, most = app.app.state_holder, settings.queue + SPARE
    for number in range(most + 8):
        asked = join(ids, session_hash=f"one-of-many-{number}", event_data={"run": "none"})
        assert post(web, "queue/join", asked).status_code == 200
        until(lambda name=asked["session_hash"]: name in kept.session_data)
    assert len(kept.session_data) == most
