"""A city's first hour, in one browser: from an empty store to 168/542 and a sheet in the hand."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from msgspec import json
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TABLET, Site, Visitor
from tests.e2e.conftest import TRACKER, Running, until
from tracker import sample

CITY = sample.expected()
FIRST = next(iter(CITY.markets))
SINCE = "2023-01-01"
PASSWORD = "một câu dài dễ nhớ 17"
LONG_MS = 30_000
"""What a worker may take to read a file on a busy machine."""


@pytest.fixture
def fresh(chromium: str, tmp_path: Path) -> Iterator[Running]:
    """`tracker up` on a store that nobody has used."""
    running = Running(tmp_path / "data", TRACKER_RATE_LIMITS="")
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def test_a_city_begins(fresh: Running, browser: Browser) -> None:
    context = browser.new_context(
        viewport={"width": TABLET[0], "height": TABLET[1]}, locale="vi-VN"
    )
    context.set_default_timeout(15_000)
    admin = Visitor(Site(fresh.url, PASSWORD, {}), context)
    try:
        _enter_by_the_link(admin, _invited(fresh))
        for slug in CITY.markets:
            _open_market(admin, slug)
        for slug, file in sample.roster_files().items():
            its = CITY.markets[slug].roster_rows
            _import(admin, slug, file, "Danh sách tiểu thương của chợ", its.accepted)
        for file in sample.bank_files().values():  # each names the market of each row
            _import(admin, FIRST, file, "Tệp của ngân hàng", None)
        _see_the_figure(admin)
        _find_without_marks(admin)
        _print_a_sheet(admin)
        _speak_english(admin.page)
        admin.look("journey")
        assert not admin.wrong, admin.wrong
    finally:
        context.close()


def _go(admin: Visitor, path: str) -> Page:
    admin.page.goto(admin.site.url + path)
    return admin.page


def _invited(service: Running) -> str:
    """The token of the one-time link of the first person, made with the command line."""
    who = ["--name", "Nguyễn Thị Quản Trị", "--login", "sct@example.vn", "--role", "admin"]
    command = [*TRACKER, "people", "add", "--data", str(service.data), *who]
    made = subprocess.run(command, check=True, capture_output=True)
    token: str = json.decode(made.stdout)["invitation"]["token"]
    return token


def _enter_by_the_link(admin: Visitor, token: str) -> None:
    page = _go(admin, f"/invitation?token={token}")
    page.get_by_label("Mật khẩu mới").fill(PASSWORD)
    page.get_by_role("button", name="Lưu và đăng nhập").click()
    page.wait_for_url("**/city")
    expect(page.get_by_text("Chưa có chợ nào")).to_be_visible()
    page.get_by_role("link", name="Tạo chợ").click()
    page.wait_for_url("**/admin/markets")


def _open_market(admin: Visitor, slug: str) -> None:
    its = CITY.markets[slug]
    page = _go(admin, "/admin/markets/new")
    page.get_by_label("Tên chợ").fill(its.name)
    page.get_by_label("Mã chợ").fill(slug)
    page.get_by_label("Ba ký tự đầu mã tiểu thương").fill(its.prefix)
    page.get_by_label("Ngày mở").fill("2000-01-01")
    page.get_by_role("button", name="Lập chợ").click()
    page.wait_for_url(f"**/admin/markets/{slug}?*")


def _import(
    admin: Visitor, market: str, file: Traversable, kind: str, accepted: int | None
) -> None:
    """Tried, looked at, applied."""
    page = _go(admin, f"/markets/{market}/imports")
    its = {"name": file.name, "mimeType": "application/octet-stream", "buffer": file.read_bytes()}
    page.get_by_label("Chọn hoặc kéo tệp vào đây").set_input_files(its)  # type: ignore[arg-type]
    page.get_by_label(kind).check()
    page.get_by_label("Danh sách đúng từ ngày").fill(SINCE)
    page.get_by_role("button", name="Xem thử", exact=True).click()
    tried = page.get_by_role("heading", name="Kết quả xem thử, chưa ghi gì")
    expect(tried).to_be_visible(timeout=LONG_MS)
    if accepted is not None:
        assert page.locator("dl.pairs dd").first.inner_text() == str(accepted)
    page.get_by_role("button", name="Nhập").click()
    expect(page.get_by_role("heading", name="Đã nhập xong")).to_be_visible(timeout=LONG_MS)


def _shows(admin: Visitor, figure: str) -> Page:
    """The city's page with this figure; it may be a moment behind."""

    def seen() -> bool:
        return figure in _go(admin, "/city").locator("p.figure").inner_text()

    until(f"the city shows {figure}", seen)
    return admin.page


def _see_the_figure(admin: Visitor) -> None:
    page = _shows(admin, "168/542 tiểu thương đã gắn mã QR (31,00 %)")
    for slug, its in CITY.markets.items():
        row = page.locator("ol.bars li").filter(has=page.locator(f'a[href="/markets/{slug}"]'))
        expect(row).to_contain_text(f"{its.attached}/{its.vendors}")


def _find_without_marks(admin: Visitor) -> None:
    page = _go(admin, "/markets/cho-vung-tau/roster")
    page.get_by_label("Tìm tiểu thương").fill("dang thi")
    page.get_by_role("button", name="Tìm", exact=True).click()
    page.wait_for_url("**q=dang+thi*")
    names = page.locator("tbody th a").all_inner_texts()
    assert names
    assert all(name.startswith("Đặng Thị ") for name in names), names


def _print_a_sheet(admin: Visitor) -> None:
    page = _go(admin, "/markets/cho-vung-tau/stickers")
    page.get_by_label("Tất cả").check()
    page.get_by_label("Khu").select_option(index=1)
    page.get_by_role("button", name="Tạo tệp in").click()
    link = page.get_by_role("link", name="Tải tệp PDF")
    expect(link).to_be_visible(timeout=LONG_MS)
    with page.expect_download() as saved:
        link.click()
    sheet = pypdfium2.PdfDocument(saved.value.path().read_bytes())
    assert len(zxingcpp.read_barcodes(sheet[0].render(scale=3).to_pil())) == 4


def _speak_english(page: Page) -> None:
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Tiếng Việt")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.get_by_role("link", name="Download the PDF")).to_be_visible()
