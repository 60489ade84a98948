"""Fixtures: the app that answers, a real browser, and visitors."""

import chromium
import pytest
from playwright.sync_api import sync_playwright
from visiting import Visitor, serve

from demo.page.page import build, launch_options
from demo.settings import Settings


@pytest.fixture(scope="package")
def address(tmp_path_factory):
    """Where `python app.py` answers, with the model that ships (or the one that DEMO_MODEL names)."""
    yield from serve(tmp_path_factory.mktemp("app"))


@pytest.fixture(scope="package")
def knowing(tmp_path_factory):
    """The same with the model that says what it was trained on."""
    yield from serve(tmp_path_factory.mktemp("knowing"), DEMO_MODEL="assets/tiny-next")


@pytest.fixture(scope="module")
def previewed(tmp_path_factory):
    """The same, watched by the linear map as a large model is."""
    yield from serve(tmp_path_factory.mktemp("previewed"), DEMO_PREVIEW="linear")


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """Call it with an engine (and a lab), for the address of the page on it in this process."""
    apps = []

    def launch(engine, lab=None) -> str:
        settings = Settings(exports=tmp_path_factory.mktemp("exports"))
        apps.append(build(engine, settings, lab))
        return apps[-1].launch(prevent_thread_lock=True, quiet=True, **launch_options(settings))[1]

    yield launch
    for app in apps:
        app.close()


@pytest.fixture(scope="package")
def browser():
    with sync_playwright() as playwright:
        if not chromium.find(playwright):
            chromium.fetch()
        path = chromium.find(playwright)
        if not path:
            pytest.fail(chromium.HELP, pytrace=False)
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, address):
    """Call it for a visitor of their own; options go to the browser's context."""
    contexts = []

    def enter(width=1280, height=800, **options) -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        return Visitor(context.new_page(), address)

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture
def visitor(open_page):
    return open_page()


@pytest.fixture(scope="module", params=[1280, 390])
def either(request, browser, address):
    """One visitor for a whole module, on a desk and on a phone: for tests that leave a run as they found it."""
    phone = request.param < 800
    context = browser.new_context(viewport={"width": request.param, "height": 844}, has_touch=phone)
    yield Visitor(context.new_page(), address)
    context.close()
