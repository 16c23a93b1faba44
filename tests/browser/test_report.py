"""The report on paper, and its workbook."""

from __future__ import annotations

import io

import openpyxl
import pypdfium2
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, TABLET, Visit

MARKET = "/markets/cho-vung-tau/report"


def test_a_market_and_the_city_fit_two_pages_of_paper(visit: Visit) -> None:
    manager = visit("manager", TABLET, scripts=False)
    for path in (MARKET, "/city/report"):
        page = manager.open(path)
        paper = pypdfium2.PdfDocument(page.pdf(format="A4", print_background=True))
        assert 1 <= len(paper) <= 2
        text = "".join(sheet.get_textpage().get_text_range() for sheet in paper)
        assert ("74/214" if path == MARKET else "168/542") in text
        assert "Cách tính" in text
    manager.weighs_little()


def test_the_page_is_readable_and_says_what_days_it_takes(visit: Visit) -> None:
    manager = visit("manager", PHONE)
    page = manager.open(MARKET)
    manager.look("report")
    page.get_by_label("Đến hết ngày").fill("2999-01-01")
    page.get_by_role("button", name="Xem").click()
    expect(page.get_by_role("alert")).to_contain_text("Chọn từ 1 đến 366 ngày")
    assert page.get_by_label("Đến hết ngày").input_value() == "2999-01-01"
    manager.wrong.clear()  # the browser's console calls the refused range an error
    manager.open("/city/report")
    manager.look("report-city")


def test_the_workbook_has_the_days_and_the_roster_that_the_reader_keeps(visit: Visit) -> None:
    for role, roster in (("manager", True), ("ioc", False)):
        visitor = visit(role, TABLET)
        answer = visitor.context.request.get(f"{visitor.site.url}{MARKET}.xlsx")
        book = openpyxl.load_workbook(io.BytesIO(answer.body()))
        assert ("Danh sách hiện nay" in book.sheetnames) is roster
        heads, *days = book["Từng ngày"].iter_rows(values_only=True)
        assert days[-1][heads.index("Đã gắn mã")] == 74
        assert str(days[-1][heads.index("Mã kiểm")]).startswith("sha256:")
