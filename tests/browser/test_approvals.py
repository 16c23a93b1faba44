"""Four eyes: one asks, another sees before and after and decides."""

from __future__ import annotations

import pytest

from tests.browser.conftest import PHONE, SIZES, TABLET, Site, Visit
from tests.browser.test_roster import wide
from tests.browser.yard import VCB, Yard


@pytest.fixture(scope="module")
def yard(site: Site) -> Yard:
    """A market in which these tests may do what they like."""
    return Yard(site, "cho-thu-duyet", "TDY", "Chợ thử duyệt")


def test_another_account_behind_a_live_code_waits_and_is_approved(visit: Visit, yard: Yard) -> None:
    code = yard.paid("C1", "Hồ Thị Mười", "0123450001")
    manager = yard.manager(visit, PHONE)
    page = manager.open(f"/vendors/{code}/account?bin={VCB}")
    page.get_by_label("Số tài khoản").fill("0999990002")
    manager.look("vendor-account")
    page.get_by_role("button", name="Đổi tài khoản").click()
    page.wait_for_url("**/approvals/**")
    assert "Bạn đã xin việc này" in page.locator("main").inner_text()
    assert page.get_by_role("button", name="Đồng ý", exact=True).count() == 0
    manager.look("approval-mine")

    admin = visit("admin", TABLET)
    page = admin.open(page.url.removeprefix(admin.site.url).partition("?")[0])
    text = page.locator(".approval").inner_text()
    assert "•••• 0001" in text
    assert "•••• 0002" in text
    page.get_by_label("Lý do").fill("Đã gọi xác nhận")
    admin.look("approval")
    page.get_by_role("button", name="Đồng ý", exact=True).click()
    assert "Đã đồng ý" in page.get_by_role("status").inner_text()
    page = admin.open(f"/vendors/{code}")
    assert "•••• 0002" in page.locator("main").inner_text()
    assert "bản 2" in page.locator("main").inner_text()


@pytest.mark.parametrize("size", SIZES)
def test_the_list_says_what_waits_for_whom(visit: Visit, yard: Yard, size: tuple[int, int]) -> None:
    code = yard.vendor("C2", "Hồ Văn Chín")
    yard.ask("POST", f"/v1/events/{code}.e1/void", {"reason": "Đăng ký nhầm chợ"}, by="field")
    admin = visit("admin", size)
    page = admin.open("/approvals")
    admin.weighs_little()
    assert "Đăng ký nhầm chợ" in page.locator("main").inner_text()
    assert wide(page) <= size[0]
    admin.look("approvals")
    assert page.get_by_role("link", name="Xem và duyệt").count() >= 1
