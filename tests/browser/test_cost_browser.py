"""Where a run takes GPU time of its visitor's own, the page says how much beforehand; elsewhere it says nothing."""

from fake_engine import FakeEngine
from visiting import Visitor


def test_what_a_run_and_an_experiment_ask_for_is_said_before_they_start(browser, launched):
    visitor = Visitor(browser.new_page(viewport={"width": 390, "height": 844}), launched(FakeEngine(seconds=2)))
    page = visitor.page
    page.wait_for_selector(".ask ~ .cost:text-is('A run asks for up to 60 s of your GPU time.')")
    page.wait_for_selector(".frozen .cost:text-is('3 runs, each asks for up to 24 s of your GPU time: 72 s in all.')")
    page.click("[data-drawer=settings]")
    page.fill("#oos-steps", "5")
    page.wait_for_selector(".ask ~ .cost:text-is('A run asks for up to 10 s of your GPU time.')")
    page.wait_for_selector(".frozen .cost:text-is('3 runs, each asks for up to 10 s of your GPU time: 30 s in all.')")
    page.fill("#oos-steps", "five")
    page.wait_for_timeout(700)
    assert page.is_visible(".ask ~ .cost") and visitor.heard("begin") == [] and not visitor.is_wide()
    assert visitor.errors == []
    page.context.close()


def test_where_a_run_costs_nothing_nothing_is_said(visitor):
    visitor.page.wait_for_selector(".quiz .says-what:not(:empty)")
    assert visitor.page.locator(".cost:visible").count() == 0
