"""What everybody sees, and the wall of the operations centre."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WALL, Visit


@pytest.mark.parametrize("size", [PHONE, WALL])
def test_everybody_sees_what_was_published_and_its_digest(
    visit: Visit, size: tuple[int, int]
) -> None:
    somebody = visit(None, size, scripts=size == PHONE)
    page = somebody.open("/public?zarsrc=1")
    assert page.locator(".figure").inner_text().startswith("168/542")
    somebody.weighs_little()
    page.get_by_role("link", name="Chợ phường 7").click()
    expect(page.get_by_role("heading", name="Kiểm chứng số liệu")).to_be_visible()
    assert re.search(r"sha256:[0-9a-f]{64}", page.locator(".digest").first.inner_text())
    if size == PHONE:
        somebody.look("public-market")
        somebody.open("/public")
        somebody.look("public")


def test_the_wall_turns_by_itself_and_says_when_the_line_is_lost(visit: Visit) -> None:
    ioc = visit("ioc", WALL)
    page = ioc.open("/wall")
    assert page.locator(".figure").inner_text() == "168/542"
    assert not page.evaluate("document.documentElement.scrollHeight > innerHeight")
    ioc.weighs_little()
    ioc.look("wall")
    page.evaluate("document.querySelector('.wall-all').dataset.mark = 'old'")
    page.evaluate("turn()")
    page.wait_for_selector(".wall-all:not([data-mark])", state="attached")
    page.context.set_offline(True)
    page.evaluate("turn()")
    expect(page.get_by_text("Mất kết nối")).to_be_visible()
    ioc.wrong.clear()  # the console names the request that the lost line cost
