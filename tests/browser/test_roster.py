"""A market's roster: found without marks, filtered, taken home, and grown by one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, SIZES, TABLET, Site, Visit
from tests.browser.yard import Yard

ROSTER = "/markets/cho-vung-tau/roster"


@pytest.mark.parametrize("size", SIZES)
def test_a_manager_finds_people_without_typing_marks(visit: Visit, size: tuple[int, int]) -> None:
    manager = visit("manager", size)
    page = manager.open(ROSTER)
    manager.weighs_little()
    assert "214 tiểu thương" in page.get_by_role("status").inner_text()
    manager.look("roster")
    assert wide(page) <= size[0]
    page.get_by_label("Tìm tiểu thương").fill("dang thi")
    page.get_by_role("button", name="Tìm", exact=True).click()
    page.wait_for_url("**q=dang+thi*")
    names = page.locator("tbody th a").all_inner_texts()
    assert names
    assert all(name.casefold().startswith("đặng thị") for name in names)
    manager.look("roster-found")


def test_filters_hold_together_and_the_file_has_what_they_leave(visit: Visit) -> None:
    manager = visit("manager", TABLET, scripts=False)
    page = manager.open(f"{ROSTER}?stage=attached")
    assert "74 trong 214" in page.get_by_role("status").inner_text()
    assert set(page.locator("tbody .tag").all_inner_texts()) == {"Đã gắn mã"}
    page.get_by_role("link", name="Trang sau").click()
    assert page.locator("tbody tr").count() == 24
    page.goto(f"{manager.site.url}{ROSTER}?reason=no_account&sort=name")
    assert page.get_by_label("Vì sao chưa gắn mã").input_value() == "no_account"
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải tệp Excel").click()
    assert download.value.suggested_filename == "cho-vung-tau-tieu-thuong.xlsx"
    page = manager.open(f"{ROSTER}?q=khong+co+ai+ten+nay")
    assert page.get_by_role("heading", name="Không tìm thấy ai").is_visible()


def test_a_vendor_is_registered_and_a_taken_stall_is_told(visit: Visit, site: Site) -> None:
    yard = Yard(site, "cho-thu-danh-sach", "TDS", "Chợ thử danh sách")
    there = yard.vendor("A1", "Lê Thị Sáu")
    manager = yard.manager(visit, PHONE)
    page = manager.open(f"/markets/{yard.market}/roster/new")
    page.get_by_label("Sạp").fill("a 1")
    page.get_by_label("Họ và tên").fill("Trần Văn Bảy")
    page.get_by_label("Số điện thoại").fill("12")
    page.get_by_role("button", name="Đăng ký").click()
    assert "Số điện thoại không đúng" in page.get_by_role("alert").inner_text()
    page.get_by_label("Số điện thoại").fill("0912 345 678")
    page.get_by_role("button", name="Đăng ký").click()
    assert page.get_by_role("link", name=there).is_visible()
    assert page.get_by_label("Họ và tên").input_value() == "Trần Văn Bảy"
    manager.look("roster-new-taken")
    page.get_by_label("Sạp").fill("a2")
    page.get_by_role("button", name="Đăng ký").click()
    page.wait_for_url("**/vendors/TDS-*")
    assert page.get_by_role("heading", name="Trần Văn Bảy").is_visible()
    manager.wrong.clear()  # the browser's console calls the two refusals errors


def wide(page: Page) -> int:
    """How wide the page is, in pixels."""
    found: int = page.evaluate("document.documentElement.scrollWidth")
    return found
