"""The sheet for a lesson says nothing of the page that is not on it, and needs nobody else's server."""

import re
from html import unescape
from itertools import pairwise

from demo.gallery import RUNS
from demo.run import bundle
from demo.settings import LESSON

SHEET = (LESSON / "lesson.html").read_text("utf-8")
TEXT = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", SHEET)))
NAMED = {re.sub(r"\s+", " ", unescape(name)) for name in re.findall(r"<i>(.*?)</i>", SHEET, re.DOTALL)}
PAGE = bundle.markup() + "".join(path.read_text("utf-8") for path in (bundle.WEB / "js").rglob("*.js"))
TITLES = {title for _, title, _ in RUNS}


def test_it_knows_every_experiment_of_the_page_and_no_other():
    on_page = set(re.findall(r'class="part experiment[^"]*" data-panel="(\w+)"', PAGE))
    assert on_page and set(re.findall(r'data-try="(\w+)"', SHEET)) == on_page


def test_the_buttons_and_parts_that_it_names_are_on_the_page():
    studies = SHEET.partition("<h2>Sources of the beliefs</h2>")[2]
    cited = {
        re.sub(r"\s+", " ", name) for name in re.findall(r"<i>(.*?)</i>", studies.partition("<section")[0], re.DOTALL)
    }
    prose = {"What a person does differently"}  # the title of content/people.md
    missing = [name for name in NAMED - cited - prose - TITLES if name.rstrip(".") not in PAGE]
    assert [name for name in missing if name.rstrip(".") not in TITLES and name != "Thinking Like a Scientist"] == []


def test_its_minutes_are_those_of_a_lesson():
    spans = [tuple(map(int, span)) for span in re.findall(r"<td>(\d+)-(\d+)</td>", SHEET)]
    assert spans[0][0] == 0 and spans[-1][1] == 45
    assert all(one[1] == two[0] for one, two in pairwise(spans))


def test_it_is_one_file_that_prints():
    assert not re.search(r"<script|<link|https?://|\bsrc=|\bhref=", SHEET) and "@media print" in SHEET
    assert f"writes a folder of {'twelve'} recorded runs" in TEXT and len(RUNS) == 12
