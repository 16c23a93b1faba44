"""The city's page and a market's, and that their numbers are the API's and the snapshot's."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, SIZES, TABLET, Visit
from tracker.clock import wall_clock
from tracker.domain.days import day_date, day_of

MARKET = "cho-vung-tau"
NUMBERS = ("registered", "issued", "attached")


@pytest.mark.parametrize("size", SIZES)
def test_the_city_says_one_number_first(visit: Visit, size: tuple[int, int]) -> None:
    admin = visit("admin", size)
    page = admin.open("/city")
    first = page.locator(".figure").first
    assert first.inner_text().replace("\n", " ").startswith("168/542")
    assert "31,00 %" in first.inner_text()
    expect(page.get_by_text("Ngân hàng chưa báo cáo hôm qua")).to_be_visible()
    admin.weighs_little()
    admin.look("city")


@pytest.mark.parametrize("size", SIZES)
def test_a_market_tells_its_story(visit: Visit, size: tuple[int, int]) -> None:
    manager = visit("manager", size)
    page = manager.open(f"/markets/{MARKET}")
    assert "74/214" in page.locator(".figure").first.inner_text()
    expect(page.get_by_text("Không thay đổi trong 30 ngày; còn 140 chưa gắn.")).to_be_visible()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    manager.weighs_little()
    manager.look("market")


def test_the_numbers_of_a_market_are_the_apis_and_the_snapshots(visit: Visit) -> None:
    manager = visit("manager", TABLET)
    site = manager.site
    headers = {"Authorization": f"Bearer {site.keys['manager']}"}
    place = f"{site.url}/v1/markets/{MARKET}"
    live = httpx.get(f"{place}/adoption", headers=headers).json()
    yesterday = day_date(day_of(wall_clock())) - timedelta(days=1)
    closed = httpx.get(f"{place}/snapshots/{yesterday.isoformat()}", headers=headers).json()
    shown = _funnel(manager.open(f"/markets/{MARKET}"))
    assert shown == [live["figures"][name]["count"] for name in NUMBERS]
    assert shown == [closed["figures"][name]["count"] for name in NUMBERS]
    assert live["figures"]["active_30d"] == closed["figures"]["active_30d"]
    assert "Chưa có dữ liệu" in manager.page.locator(".funnel li").nth(3).inner_text()


def test_those_left_are_a_list_behind_each_cause(visit: Visit) -> None:
    manager = visit("manager", PHONE, scripts=False)
    page = manager.open(f"/markets/{MARKET}")
    cause = page.get_by_role("link", name="Có mã, chưa in tem")
    assert cause.get_attribute("href") == f"/markets/{MARKET}/roster?reason=not_printed"
    page.get_by_role("link", name="90 ngày").click()
    page.wait_for_url("**days=90*")
    expect(page.get_by_role("heading", name="Thay đổi trong 90 ngày")).to_be_visible()


def _funnel(page: Page) -> list[int]:
    return [int(text) for text in page.locator(".funnel b").all_inner_texts() if text.isdigit()]
