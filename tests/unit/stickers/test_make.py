"""Codes and stickers as files of their own."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import pypdfium2 as pdfium
import pytest
import zxingcpp
from PIL import Image

from tests.unit.stickers.samples import sample
from tracker.domain.errors import Invalid
from tracker.stickers.make import MEDIA_TYPES, Format, code_image, sticker
from tracker.vietqr import LocalName, compose
from tracker.vietqr.banks import banks

VIETNAMESE = compose("970418", "770940282845", local=LocalName("vi", "Cô Bảy Đặng"))
FORMATS: list[Format] = ["png", "svg", "pdf"]


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def page(data: bytes, dpi: int) -> Image.Image:
    document = pdfium.PdfDocument(data)
    try:
        assert len(document) == 1
        picture: Image.Image = document[0].render(scale=dpi / 72).to_pil().copy()
        return picture
    finally:
        document.close()


def read(picture: Image.Image) -> bytes:
    (found,) = zxingcpp.read_barcodes(picture)
    return found.bytes


@pytest.mark.parametrize("bin_", banks())
def test_every_banks_sticker_is_read_back_byte_for_byte(bin_: str) -> None:
    bank = banks()[bin_]
    payload = compose(bin_, "0123456789012345678", "CVT-0042-A")
    data = sample(payload=payload, bank=bank.short_name, bank_full=bank.full_name)
    assert read(page(sticker(data, "pdf"), 150)) == payload.encode()
    assert read(opened(code_image(payload, "png", size_mm=40))) == payload.encode()


@pytest.mark.parametrize("payload", [sample().payload, VIETNAMESE])
def test_the_code_at_its_size(payload: str) -> None:
    picture = opened(code_image(payload, "png", size_mm=30, dpi=600))
    assert (picture.mode, picture.width) == ("1", round(30 / 25.4 * 600))
    assert read(picture) == payload.encode()
    raster = page(code_image(payload, "pdf", size_mm=30), 300)
    assert raster.width == pytest.approx(30 / 25.4 * 300, abs=1)
    assert read(raster) == payload.encode()
    root = ET.fromstring(code_image(payload, "svg", size_mm=30))  # noqa: S314 (our own bytes)
    assert root.get("width") == "30mm"
    assert b"/Font" not in code_image(payload, "pdf").replace(b"/Font<<>>", b"")


@pytest.mark.parametrize(("size_mm", "dpi"), [(40, 300), (105, 200), (297, 100)])
def test_the_sticker_at_its_size(size_mm: float, dpi: int) -> None:
    data = sample(payload=VIETNAMESE)
    picture = opened(sticker(data, "png", size_mm=size_mm, dpi=dpi))
    assert picture.width == pytest.approx(size_mm / 25.4 * dpi, abs=1)
    assert picture.height == pytest.approx(picture.width * 2**0.5, abs=2)
    assert picture.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)
    assert read(picture) == VIETNAMESE.encode()
    raster = page(sticker(data, "pdf", size_mm=size_mm), dpi)
    assert raster.width == pytest.approx(picture.width, abs=1)
    assert read(raster) == VIETNAMESE.encode()


def test_modules_of_the_png_are_whole_pixels() -> None:
    picture = opened(sticker(sample(), "png", dpi=200)).convert("L")
    width = picture.width
    symbol = picture.crop(
        (round(width * 0.25), round(width * 0.45), round(width * 0.7), round(width * 0.9))
    )
    assert sum(symbol.histogram()[1:255]) == 0


def test_the_svg() -> None:
    text = sticker(sample(name="Đặng <Thị> & Ẳng"), "svg", size_mm=70)
    root = ET.fromstring(text)  # noqa: S314 (our own bytes)
    assert (root.get("width"), root.get("height")) == ("70mm", "99.000mm")
    title = root[0].text or ""
    assert "Đặng <Thị> & Ẳng" in title
    assert "CVT-0042" in title
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags == {"svg", "title", "rect", "g", "path"}
    assert b"href" not in text
    assert b"style" not in text


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_input_gives_the_same_bytes(format_: Format) -> None:
    assert MEDIA_TYPES[format_]
    assert sticker(sample(), format_) == sticker(sample(), format_)
    code = sample().payload
    assert code_image(code, format_) == code_image(code, format_)
    assert sticker(sample(), format_) != sticker(sample(print_number=2), format_)


@pytest.mark.parametrize(
    ("format_", "size_mm", "dpi", "pointer"),
    [
        ("gif", 60, 300, "/format"),
        ("png", 0, 300, "/size_mm"),
        ("svg", float("nan"), 300, "/size_mm"),
        ("pdf", float("nan"), 300, "/size_mm"),
        ("pdf", 5000, 300, "/size_mm"),
        ("png", 60, 0, "/dpi"),
        ("png", 60, 9999, "/dpi"),
        ("png", 900, 300, "/dpi"),
    ],
)
def test_what_cannot_be_drawn(format_: Format, size_mm: float, dpi: int, pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        code_image("x", format_, size_mm=size_mm, dpi=dpi)
    assert caught.value.faults[0].pointer == pointer
    with pytest.raises(Invalid) as caught:
        sticker(sample(), format_, size_mm=size_mm, dpi=dpi)
    assert caught.value.faults[0].pointer == pointer


def test_threads_do_not_disturb_each_other() -> None:
    """PDFium bears one thread at a time; requests come in many."""
    data = [sample(n) for n in range(1, 9)]
    alone = [sticker(each, "pdf") + sticker(each, "png", dpi=120) for each in data]
    with ThreadPoolExecutor(8) as pool:
        together = list(
            pool.map(lambda each: sticker(each, "pdf") + sticker(each, "png", dpi=120), data)
        )
    assert together == alone


def test_too_coarse_for_the_symbol() -> None:
    with pytest.raises(Invalid, match="needs 166 dpi and more"):
        sticker(sample(), "png", size_mm=40, dpi=100)
    assert sticker(sample(), "png", size_mm=40, dpi=166)
    with pytest.raises(Invalid, match="does not fit"):
        sticker(sample(payload="a" * 3000), "pdf")
