"""A sheet of stickers by the page, to the PDF."""

from __future__ import annotations

import pypdfium2
import zxingcpp
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, TABLET, Visit, Visitor

STICKERS = "/markets/cho-vung-tau/stickers"


def test_a_sheet_is_chosen_drawn_and_fetched(visit: Visit) -> None:
    manager = visit("manager", PHONE)
    page = manager.open(STICKERS)
    manager.weighs_little()
    manager.look("stickers")
    page.get_by_label("Tất cả").check()
    page.get_by_label("Chỉ các sạp này").fill("A01, b 05\nZ99")
    page.get_by_role("button", name="Tạo tệp in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#e-stalls")).to_contain_text("Z99")
    assert page.get_by_label("Tất cả").is_checked()
    manager.wrong.clear()  # the browser's console calls the refused form an error
    stalls = _issued(manager)
    page.get_by_label("Chỉ các sạp này").fill(", ".join(stalls))
    page.get_by_role("button", name="Tạo tệp in").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Tải tệp PDF").click()
    manager.look("sticker-sheet")
    sheet = pypdfium2.PdfDocument(saved.value.path().read_bytes())
    codes = zxingcpp.read_barcodes(sheet[0].render(scale=3).to_pil())
    assert len(codes) == len(stalls)


def test_without_scripts_the_page_shows_the_progress_by_itself(visit: Visit) -> None:
    manager = visit("manager", TABLET, scripts=False)
    page = manager.open(STICKERS)
    page.get_by_label("Tất cả").check()
    page.get_by_label("Khu").select_option(label="Khu B")
    page.get_by_role("button", name="Tạo tệp in").click()
    expect(page.get_by_role("link", name="Tải tệp PDF")).to_be_visible(timeout=30_000)


def _issued(manager: Visitor) -> list[str]:
    """Two stalls of the market with a live code."""
    answer = manager.context.request.get(
        f"{manager.site.url}/v1/markets/cho-vung-tau/vendors?stage=attached&limit=2"
    )
    return [vendor["stall"] for vendor in answer.json()["items"]]
