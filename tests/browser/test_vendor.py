"""A trader's page: everything that is done to one, and how it reads afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.browser.conftest import PHONE, SIZES, TABLET, Site, Visit
from tests.browser.test_roster import wide
from tests.browser.yard import Yard


@pytest.fixture(scope="module")
def yard(site: Site) -> Yard:
    """A market in which these tests may do what they like."""
    return Yard(site, "cho-thu-nguoi-ban", "TNB", "Chợ thử người bán")


@pytest.mark.parametrize("size", SIZES)
def test_what_happened_reads_in_plain_words(
    visit: Visit, yard: Yard, size: tuple[int, int]
) -> None:
    code = yard.paid("B12", "Nguyễn Thị Lan", "0123456789")
    manager = yard.manager(visit, size)
    page = manager.open(f"/vendors/{code}")
    manager.weighs_little()
    assert "Gắn mã Vietcombank tại sạp B12" in page.locator(".story").inner_text()
    assert "•••• 6789" in page.locator("main").inner_text()
    assert "0123456789" not in page.content()
    assert wide(page) <= size[0]
    manager.look("vendor")


def test_a_sticker_comes_down_and_a_wrong_fact_is_taken_back(visit: Visit, yard: Yard) -> None:
    code = yard.paid("B13", "Nguyễn Thị Mai", "0123456790")
    manager = yard.manager(visit, PHONE)
    page = manager.open(f"/vendors/{code}")
    page.get_by_role("link", name="Đã gỡ tem").click()
    page.get_by_label("Lý do").select_option("tax_worry")
    manager.look("vendor-remove")
    page.get_by_role("button", name="Ghi lại").click()
    assert "Gỡ mã Vietcombank: lo về thuế" in page.locator(".story").inner_text()
    assert "Đã gỡ: lo về thuế" in page.locator("dl").first.inner_text()
    page.get_by_role("link", name="Rút lại: Gỡ mã Vietcombank: lo về thuế").click()
    manager.look("vendor-take-back")
    page.get_by_label("Lý do").fill("Ghi nhầm sạp")
    page.get_by_role("button", name="Rút lại").click()
    assert page.locator("s", has_text="Gỡ mã Vietcombank").is_visible()
    assert "Đã gắn mã" in page.locator("dl").first.inner_text()
    manager.look("vendor-taken-back")


def test_details_stall_and_status_are_changed_and_a_stale_form_says_so(
    visit: Visit, yard: Yard
) -> None:
    code = yard.vendor("B14", "Phan Văn Tám")
    manager = yard.manager(visit, TABLET)
    page = manager.open(f"/vendors/{code}/edit")
    yard.ask("POST", f"/v1/vendors/{code}/moves", {"stall": "B15"})
    page.get_by_label("Ngành hàng").fill("Hải sản")
    page.get_by_role("button", name="Lưu").click()
    assert "Người khác vừa sửa" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Ngành hàng").input_value() == "Hải sản"
    manager.look("vendor-stale")
    page.get_by_role("button", name="Lưu").click()
    page.wait_for_url("**said=vendor_saved")
    page.get_by_role("link", name="Tạm nghỉ bán").click()
    manager.look("vendor-status")
    page.get_by_label("Vì nghi lừa đảo").check()
    page.get_by_role("button", name="Ghi lại").click()
    page.get_by_role("link", name="Bán lại").click()
    page.get_by_role("button", name="Ghi lại").click()
    page.wait_for_url("**/approvals/**")
    assert "chờ người thứ hai duyệt" in page.get_by_role("status").inner_text()
    manager.wrong.clear()  # the browser's console calls the stale form an error


def test_personal_data_are_given_and_then_forgotten(visit: Visit, yard: Yard) -> None:
    code = yard.vendor("B16", "Bùi Thị Chín", phone="0987654321")
    yard.ask("POST", f"/v1/vendors/{code}/moves", {"stall": "B17"})
    manager = yard.manager(visit, TABLET)
    page = manager.open(f"/vendors/{code}/personal-data")
    with page.expect_download() as download:
        page.get_by_role("button", name="Tải về").click()
    held = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert held["names"][0]["phone"] == "0987654321"
    page = manager.open(f"/vendors/{code}")
    assert "Đã xuất toàn bộ dữ liệu cá nhân" in page.locator(".story").inner_text()
    page.get_by_role("link", name="Rời chợ").click()
    page.get_by_role("button", name="Ghi lại").click()
    page.wait_for_url("**said=vendor_status")
    admin = visit("admin", TABLET)
    page = admin.open(f"/vendors/{code}/erasure")
    page.get_by_label("không thể hoàn lại").check()
    admin.look("vendor-erasure")
    page.get_by_role("button", name="Xoá dữ liệu cá nhân").click()
    page.wait_for_url("**said=erased")
    assert "Bùi Thị Chín" not in page.content()
    admin.look("vendor-erased")
