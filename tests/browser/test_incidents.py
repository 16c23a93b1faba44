"""Strangers' codes at stalls: seen, handled, settled."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE, SIZES, Site, Visit
from tests.browser.test_roster import wide
from tests.browser.yard import Yard


@pytest.fixture(scope="module")
def yard(site: Site) -> Yard:
    """A market in which these tests may do what they like."""
    return Yard(site, "cho-thu-ma-la", "TML", "Chợ thử mã lạ")


@pytest.mark.parametrize("size", SIZES)
def test_one_account_at_two_stalls_is_told_as_such(
    visit: Visit, yard: Yard, size: tuple[int, int]
) -> None:
    for stall in ("D1", "D2"):
        yard.paid(stall, f"Võ Thị {stall}", "012345111" + stall[1])
        yard.stranger_at(stall)
    manager = yard.manager(visit, size)
    page = manager.open(f"/markets/{yard.market}/incidents")
    manager.weighs_little()
    assert "cùng tài khoản ở 2 sạp" in page.locator("article").first.inner_text()
    assert "•••• 0111" in page.locator("article").first.inner_text()
    assert wide(page) <= size[0]
    manager.look("incidents")


def test_a_manager_records_what_was_found_and_it_is_settled(visit: Visit, yard: Yard) -> None:
    yard.paid("D3", "Võ Văn Ba", "0123451113")
    id_ = yard.stranger_at("D3")
    manager = yard.manager(visit, PHONE)
    page = manager.open(f"/incidents/{id_}")
    page.get_by_label("Đã gỡ mã lạ, xong").check()
    page.get_by_label("Ghi rõ thêm").fill("Đã gỡ và dán lại tem của sạp")
    manager.look("incident")
    page.get_by_role("button", name="Ghi lại").click()
    assert "xử lý xong" in page.get_by_role("status").inner_text()
    assert "bạn xử lý" in page.locator("main").inner_text()
    page = manager.open(f"/markets/{yard.market}/incidents?ended=1")
    assert "D3" in page.locator("article").first.inner_text()


def test_a_market_without_incidents_says_where_they_come_from(visit: Visit) -> None:
    field = visit("field", PHONE)
    page = field.open("/markets/cho-phuong-7/incidents")
    assert page.get_by_role("heading", name="Không có mã lạ nào").is_visible()
    field.look("incidents-none")
