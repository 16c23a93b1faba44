"""A file by the page: tried, matched, mended, applied."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, TABLET, Visit

IMPORTS = "/markets/cho-vung-tau/imports"
SAMPLE = Path(__file__).parents[2] / "tracker/sample/rosters/cho-vung-tau.xlsx"


def _odd() -> dict[str, str | bytes]:
    """A workbook whose headings nobody recognises, with one stall that is there and one fault."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Danh sách tổ 3"], ["TT", "Ai", "Ở đâu"], [1, "", "A24"], [2, "Lê Văn Thử", ""]):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return {"name": "to 3.xlsx", "mimeType": "application/octet-stream", "buffer": out.getvalue()}


def _try(page: Page) -> None:
    page.get_by_role("button", name="Xem thử", exact=True).click()


def test_the_samples_roster_is_understood_and_its_faults_are_given_back(visit: Visit) -> None:
    manager = visit("manager", PHONE)
    page = manager.open(IMPORTS)
    manager.weighs_little()
    manager.look("imports")
    page.get_by_label("Chọn hoặc kéo tệp vào đây").set_input_files(SAMPLE)
    _try(page)
    expect(page.get_by_role("heading", name="Kết quả xem thử, chưa ghi gì")).to_be_visible()
    assert page.locator("dl.pairs dd").all_inner_texts() == ["0", "215", "4"]
    expect(page.get_by_text("Thiếu số sạp. Hãy bổ sung.")).to_be_visible()
    expect(page.get_by_text("Tệp không có gì mới để nhập.")).to_be_visible()
    assert page.get_by_role("button", name="Nhập").count() == 0
    manager.look("import")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Tải các dòng lỗi để sửa").click()
    book = openpyxl.load_workbook(io.BytesIO(saved.value.path().read_bytes()))
    rows = list(book.active)  # type: ignore[arg-type]
    assert len(rows) == 5
    assert [row[0].value for row in rows[1:]] == ["rejected"] * 4


def test_columns_that_nobody_recognises_are_matched_by_hand(visit: Visit) -> None:
    manager = visit("manager", TABLET, scripts=False)
    page = manager.open(IMPORTS)
    page.get_by_label("Chọn hoặc kéo tệp vào đây").set_input_files(_odd())  # type: ignore[arg-type]
    _try(page)
    expect(page.get_by_role("heading", name="Chưa hiểu các cột của tệp")).to_be_visible()
    page.get_by_label("Họ và tên").select_option(label="2: Ai")
    page.get_by_role("button", name="Xem thử lại").click()
    expect(page.get_by_role("alert")).to_contain_text("Chọn dòng tiêu đề")
    assert page.get_by_label("Họ và tên").input_value() == "1"
    page.get_by_label("Số sạp").select_option(label="3: Ở đâu")
    page.get_by_role("button", name="Xem thử lại").click()
    done = page.get_by_role("heading", name="Kết quả xem thử, chưa ghi gì")
    while not done.is_visible():
        page.reload()
    assert page.locator("dl.pairs dd").all_inner_texts() == ["0", "0", "2"]
    manager.wrong.clear()  # the browser's console calls the refused choice an error


def test_a_file_that_is_no_table_says_so(visit: Visit) -> None:
    manager = visit("manager", TABLET)
    page = manager.open(IMPORTS)
    picture = {"name": "x.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(99)}
    page.get_by_label("Chọn hoặc kéo tệp vào đây").set_input_files(picture)  # type: ignore[arg-type]
    _try(page)
    expect(page.get_by_role("alert")).to_contain_text("Đây không phải là bảng")
    manager.wrong.clear()  # the browser's console calls the refused file an error
