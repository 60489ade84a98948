"""What is passed on and what is kept: a strange link, the recent runs of this browser, a file handed to another app."""

import pytest
from fake_engine import FakeEngine
from visiting import Visitor

SHARING = """
window.shared = [];
navigator.canShare = () => true;
navigator.share = async ({ files }) => {
  shared.push(...files.map(({ name, size, type }) => ({ name, size, type })));
  if (window.refuse) throw new DOMException("no", window.refuse);
};
"""


@pytest.fixture(scope="module")
def fake(launched):
    return launched(FakeEngine())


@pytest.fixture
def enter(browser, fake):
    contexts = []

    def enter(link="", script="") -> Visitor:
        contexts.append(browser.new_context(viewport={"width": 390, "height": 844}))
        contexts[-1].add_init_script(script)
        return Visitor(contexts[-1].new_page(), fake + link)

    yield enter
    for context in contexts:
        context.close()


def test_a_strange_link_is_clamped_and_says_so_in_a_sentence(enter):
    guest = enter("#prompt=a+cat&steps=5000&scheduler=nonsense")
    assert guest.trouble() == (
        "This link asks for something that cannot be done here. What can be is in the form; nothing has started."
    )
    assert guest.page.input_value("#oos-prompt") == "a cat" and guest.page.input_value("#oos-steps") == "100"
    fine = enter("#prompt=a+cat&steps=5&seed=3&step=2&open=noise")
    fine.page.wait_for_timeout(500)
    assert fine.page.locator(".trouble:visible").count() == 0


def test_recent_runs_come_back_from_this_browser_alone_and_are_forgotten(enter):
    guest = enter()
    for number, prompt in enumerate(["a cat", "<img src=x onerror=alert(1)>"]):
        guest.run(prompt, steps=2, seed=number)
    page = guest.page
    page.wait_for_timeout(300)  # until the last one is kept
    page.evaluate("sessionStorage.clear()")
    page.goto("about:blank")
    page.goto(guest.address)
    page.wait_for_selector(".oos", state="visible")
    page.click(".recent summary")
    cards = page.locator(".recent .show")
    cards.nth(1).wait_for()
    assert cards.locator(".what").all_text_contents() == ["<img src=x onerror=alert(1)>", "a cat"]
    page.route("**/gradio_api/**", lambda route: route.abort())  # the server is not asked
    cards.nth(1).click()
    page.wait_for_function("document.querySelector('[data-number=step]').textContent === '2 / 2'")
    assert page.text_content("[data-phase=picture] span") == "“a cat”"
    page.click(".recent .plain")
    page.wait_for_function("document.querySelector('.recent .told').textContent.startsWith('Forgotten')")
    assert cards.count() == 0 and guest.errors == [] and not guest.is_wide()


def test_a_packed_file_can_be_given_to_another_app(enter):
    guest = enter(script=SHARING)
    guest.run("a cat", steps=2, seed=7)
    page = guest.page
    page.click(".home-door")
    assert page.locator("dialog.takeaway .share").is_hidden()
    with page.expect_download():
        page.click(".pack")
    page.click("dialog.takeaway .share")
    page.wait_for_function("shared.length === 1")
    told = page.evaluate("shared[0]")
    assert told["name"].endswith(".gif") and told["size"] > 500 and told["type"] == "image/gif"
    page.evaluate("window.refuse = 'NotAllowedError'")
    page.click("dialog.takeaway .share")
    page.wait_for_function("document.querySelector('dialog.takeaway .told').textContent.includes('would not share')")
