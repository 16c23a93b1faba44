"""Sheets: fonts, words, crop marks, symbols, order."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator

import pypdfium2 as pdfium
import pytest
import zxingcpp
from pypdfium2 import raw

from tests.unit.stickers.samples import LETTERS, sample
from tracker.domain.errors import Invalid
from tracker.stickers.design import WARNING, Sticker
from tracker.stickers.sheet import PAGE_HEIGHT_MM, STICKERS_MAX, Layout, sheet
from tracker.vietqr import LocalName, compose

NUMBERS = (1, 2, 3, 4, 5, 6, 7)
STICKERS = [sample(n) for n in NUMBERS]


@pytest.fixture(scope="module")
def made() -> bytes:
    return sheet(STICKERS)


@pytest.fixture(scope="module")
def document(made: bytes) -> Iterator[pdfium.PdfDocument]:
    opened = pdfium.PdfDocument(made)
    yield opened
    opened.close()


def words(document: pdfium.PdfDocument, number: int) -> str:
    text: str = document[number].get_textpage().get_text_bounded()
    return text.replace("\r\n", "\n")


def test_every_symbol_is_read_from_the_pages_in_order(document: pdfium.PdfDocument) -> None:
    read: list[bytes] = []
    for page in document:
        picture = page.render(scale=150 / 72).to_pil()
        found = zxingcpp.read_barcodes(picture)
        rows = sorted(found, key=lambda f: (f.position.top_left.y // 200, f.position.top_left.x))
        read += [each.bytes for each in rows]
    assert read == [each.payload.encode() for each in STICKERS]


def test_pages_are_a4_and_asked_not_to_be_scaled(made: bytes, document: pdfium.PdfDocument) -> None:
    assert len(document) == 2
    for page in document:
        assert page.get_size() == pytest.approx((595.276, 841.89), abs=0.01)
    assert b"/PrintScaling/None" in made


def test_fonts_are_embedded_and_cut_down(made: bytes, document: pdfium.PdfDocument) -> None:
    names = set()
    for item in document[0].get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
        font = raw.FPDFTextObj_GetFont(item)
        assert raw.FPDFFont_GetIsEmbedded(font) == 1
        buffer = ctypes.create_string_buffer(100)
        raw.FPDFFont_GetBaseFontName(font, buffer, 100)
        names.add(buffer.value.decode())
    assert all(re.fullmatch(r"([A-Z]{6}\+)?BeVietnamPro-(Medium|Bold)", name) for name in names)
    assert len(re.findall(rb"/BaseFont/[A-Z]{6}\+BeVietnamPro-Bold/", made)) == 2
    assert len(re.findall(rb"/FontFile2 ", made)) == 2


def test_words_can_be_copied_out(document: pdfium.PdfDocument) -> None:
    text = words(document, 0)
    for wanted in ("Nguyễn Thị Mười Hai", WARNING, "Chợ Vũng Tàu", "•••• 4242", "Trang 1/2"):
        assert wanted in text
    for each in STICKERS[:4]:
        assert each.vendor in text
        assert f"{each.mark[:3]} {each.mark[3:]}" in text
    assert STICKERS[4].vendor not in text
    assert unicodedata.is_normalized("NFC", text)


def test_every_letter_survives_the_way_into_the_file_and_out() -> None:
    parts = [LETTERS[i : i + 20] for i in range(0, len(LETTERS), 20)]
    data = [sample(n, name=unicodedata.normalize("NFD", part)) for n, part in enumerate(parts, 1)]
    opened = pdfium.PdfDocument(sheet(data))
    text = "".join(words(opened, i) for i in range(len(opened)))
    opened.close()
    for part in parts:
        assert part in text
    assert sheet(data) == sheet([sample(n, name=part) for n, part in enumerate(parts, 1)])


@pytest.mark.parametrize(
    ("layout", "marks"),
    [(Layout(), 32), (Layout(3, 3), 72), (Layout(1, 1), 8), (Layout(2, 2, gap_mm=0), 16)],
)
def test_crop_marks(layout: Layout, marks: int) -> None:
    """Two short lines at each corner; without a gap only at the outside."""
    count = layout.columns * layout.rows
    opened = pdfium.PdfDocument(sheet([sample(n) for n in range(1, count + 1)], layout))
    (path,) = (
        item
        for item in opened[0].get_objects(filter=[raw.FPDF_PAGEOBJ_PATH])
        if raw.FPDFPath_CountSegments(item) == 2 * marks
    )
    left, bottom, right, top = (value * 25.4 / 72 for value in path.get_bounds())
    opened.close()
    width, height = layout.width_mm, layout.width_mm * 2**0.5
    across = layout.columns * (width + layout.gap_mm) - layout.gap_mm + 10
    down = layout.rows * (height + layout.gap_mm) - layout.gap_mm + 10
    assert right - left == pytest.approx(across, abs=0.3)
    assert top - bottom == pytest.approx(down, abs=0.3)
    assert left > 0
    assert bottom > 0
    assert right < 210
    assert top < PAGE_HEIGHT_MM


def test_progress_rises_to_the_end_and_so_do_retries() -> None:
    seen: list[tuple[int, int]] = []
    sheet(STICKERS, progress=lambda done, total: seen.append((done, total)))
    assert [total for _, total in seen] == [7] * len(seen)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (7, 7)


def test_the_same_input_gives_the_same_bytes(made: bytes) -> None:
    assert sheet(STICKERS) == made
    assert sheet(STICKERS[::-1]) != made


def test_payloads_with_vietnamese_letters() -> None:
    payload = compose("970418", "770940282845", local=LocalName("vi", "Cô Bảy Đặng"))
    assert sheet([sample(1), sample(2, payload=payload), sample(3)])


def test_a_market_fits_into_two_megabytes() -> None:
    small, large = (len(sheet([sample(n) for n in range(1, count)])) for count in (5, 45))
    assert small + (large - small) / 40 * 542 < 2_000_000


@pytest.mark.parametrize(
    ("stickers", "layout"),
    [
        ([], Layout()),
        ([STICKERS[0]] * (STICKERS_MAX + 1), Layout()),
        (STICKERS, Layout(columns=0)),
        (STICKERS, Layout(rows=9)),
        (STICKERS, Layout(columns=6, rows=6)),
        (STICKERS, Layout(margin_mm=2)),
        (STICKERS, Layout(gap_mm=float("nan"))),
        (STICKERS, Layout(margin_mm=50, gap_mm=50)),
    ],
)
def test_what_cannot_be_laid_out(stickers: list[Sticker], layout: Layout) -> None:
    with pytest.raises(Invalid):
        sheet(stickers, layout)
