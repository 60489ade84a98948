"""A run capsule is one file: nothing in it points anywhere, and what a stranger typed cannot leave its place in it."""

import base64
import json
import re

import pytest

from demo.run import bundle

FACTS = {"words": [], "prose": "</script><script>alert(2)</script>"}
HOSTILE = json.dumps({"recorded": True, "prompt": "</script><script>alert(1)</script><!--", "other": "\u2028 ü"})


@pytest.fixture(scope="module")
def file() -> str:
    return bundle.capsule(HOSTILE, FACTS, "<b>a cat</b> & co")


def test_the_run_is_read_back_as_it_was(file):
    text = file.partition(bundle.RUN)[2].partition("</script>")[0]
    assert json.loads(text) == json.loads(HOSTILE)


def test_words_of_strangers_are_no_markup(file):
    assert "<script>alert" not in file and "<b>a cat" not in file
    assert "<title>&lt;b&gt;a cat&lt;/b&gt; &amp; co</title>" in file
    assert file.count("<script") == file.count("</script>") == 4


def test_nothing_is_fetched(file):
    assert re.findall(r"""(?:src|href)=["'](?!#)[^"']*""", file) == []
    assert "url(" not in file.partition("</style>")[0] and "@import" not in file
    assert "default-src 'none'" in file and "connect-src" not in file


def test_every_module_is_there_under_the_name_that_the_others_import():
    modules = bundle.modules()
    assert len(modules) == len(list((bundle.WEB / "js").rglob("*.js")))
    named = set()
    for text in (base64.b64decode(one.partition(",")[2]).decode() for one in modules.values()):
        named |= set(re.findall(r"""^(?:import|export) .*["'](\S+)["'];$""", text, re.MULTILINE))
        assert not re.search(r"""import\(["']\.""", text)
    assert len(named) > 30 and named <= set(modules)


def test_the_sheets_are_those_of_the_page_in_its_order(file):
    styles = file.partition("<style>")[2].partition("</style>")[0]
    boot = (bundle.WEB / "boot.js").read_text(encoding="utf-8")
    names = json.loads(re.search(r"SHEETS = (\[[^\]]*\])", boot)[1])
    assert len(names) > 8
    places = [styles.index((bundle.WEB / "css" / f"{name}.css").read_text(encoding="utf-8")[:60]) for name in names]
    assert places == sorted(places)


def test_the_page_is_put_together_from_its_fragments():
    whole = bundle.markup()
    assert "<!-- panels/" not in whole and 'data-panel="heat"' in whole
