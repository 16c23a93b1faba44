"""Pictures, read back by zxing-cpp."""

from __future__ import annotations

import io
import struct
import xml.etree.ElementTree as ET
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tracker.domain.errors import Invalid
from tracker.stickers.image import QUIET_ZONE, Matrix, matrix, png, png_mm, svg, svg_path
from tracker.vietqr import LocalName, compose, parse
from tracker.vietqr.banks import banks

PAYLOAD = compose("970436", "1234567890123", "CVT-0042-A")
VIETNAMESE = compose("970418", "770940282845", local=LocalName("vi", "Cô Bảy Đặng ỹ Ữ ₫ 😀"))


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def read(picture: Image.Image) -> Any:
    (found,) = zxingcpp.read_barcodes(picture)
    return found


def drawn(modules: Matrix) -> list[list[bool]]:
    """The modules with the quiet zone around them."""
    blank = [False] * (len(modules) + 2 * QUIET_ZONE)
    side = [False] * QUIET_ZONE
    inside = [side + list(row) + side for row in modules]
    return [blank] * QUIET_ZONE + inside + [blank] * QUIET_ZONE


@pytest.mark.parametrize("bin_", banks())
def test_every_bank_is_read_back_byte_for_byte(bin_: str) -> None:
    text = compose(bin_, "0123456789012345678", "CVT-0042-A", amount_vnd=125_000)
    found = read(opened(png(text, module_px=4, mask=int(bin_) % 8)))
    assert found.bytes == text.encode()
    parsed = parse(found.text)
    assert (parsed.bin, parsed.account, parsed.amount) == (bin_, "0123456789012345678", 125_000)


@pytest.mark.parametrize("text", [PAYLOAD, VIETNAMESE, PAYLOAD * 5, "a", "đ" * 300])
@pytest.mark.parametrize("mask", [None, 3])
def test_the_symbol(text: str, mask: int | None) -> None:
    picture = opened(png(text, module_px=3, mask=mask))
    found = read(picture)
    assert (found.text, found.bytes, found.ec_level) == (text, text.encode(), "M")
    assert mask is None or found.extra["DataMask"] == mask
    assert picture.mode == "1"


def test_byte_mode_alone() -> None:
    # 62 digits fill version 4 in byte mode (62 bytes at M); numeric mode would take version 2.
    assert len(matrix("1" * 62)) == 33
    assert len(matrix("1" * 63)) == 37


def test_utf_8_is_announced() -> None:
    # The announcement takes 12 bits: 84 bytes fill version 5 without it, 83 with it.
    assert len(matrix("a" * 84)) == 37
    full = "đ" * 41 + "a"
    assert len(matrix(full)) == 37
    assert len(matrix(full + "a")) == 41
    assert read(opened(png(full))).text == full


def test_png_has_one_bit_and_whole_modules() -> None:
    data = png(PAYLOAD, module_px=5)
    assert data[24:26] == bytes([1, 0])  # bit depth, greyscale
    picture = opened(data)
    expected = drawn(matrix(PAYLOAD))
    assert picture.size == (5 * len(expected), 5 * len(expected))
    pixels = picture.convert("L")
    for y in range(pixels.height):
        for x in range(pixels.width):
            assert (pixels.getpixel((x, y)) == 0) == expected[y // 5][x // 5]


@pytest.mark.parametrize(("size_mm", "dpi"), [(40.0, 300), (25.5, 203), (100, 600), (80, 72)])
def test_png_in_millimetres(size_mm: float, dpi: int) -> None:
    picture = opened(png_mm(PAYLOAD, size_mm=size_mm, dpi=dpi))
    side = round(size_mm / 25.4 * dpi)
    assert picture.size == (side, side)
    assert picture.info["dpi"] == pytest.approx((dpi, dpi), abs=0.02)
    assert read(picture).bytes == PAYLOAD.encode()
    dark = picture.convert("L").point(lambda level: 255 - level).getbbox()
    assert dark is not None
    module = (dark[2] - dark[0]) / len(matrix(PAYLOAD))
    assert module == int(module) >= 3
    assert min(dark[0], dark[1], side - dark[2], side - dark[3]) >= QUIET_ZONE * module


def test_svg_is_one_path_of_the_same_modules() -> None:
    text = svg(VIETNAMESE, size_mm=42.5)
    root = ET.fromstring(text)  # noqa: S314 (our own text)
    total = len(matrix(VIETNAMESE)) + 2 * QUIET_ZONE
    assert (root.get("width"), root.get("viewBox")) == ("42.5mm", f"0 0 {total} {total}")
    (path,) = root.findall("{http://www.w3.org/2000/svg}path")
    cells = [[False] * total for _ in range(total)]
    for piece in (path.get("d") or "").removeprefix("M").removesuffix("z").split("zM"):
        start, _, back = piece.partition("h")
        x, y = map(int, start.split())
        run = int(back.partition("v")[0])
        assert piece == f"{x} {y}h{run}v1h-{run}"
        assert run > 0
        cells[y][x : x + run] = [True] * run
    assert cells == drawn(matrix(VIETNAMESE))
    assert "style" not in text
    assert "script" not in text


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert png(PAYLOAD) == png(PAYLOAD)
    assert png_mm(PAYLOAD, size_mm=40, dpi=300) == png_mm(PAYLOAD, size_mm=40, dpi=300)
    assert svg(PAYLOAD, size_mm=40) == svg(PAYLOAD, size_mm=40)


def test_path_data() -> None:
    assert svg_path(((True, True, False), (False, False, True), (False, False, False))) == (
        "M4 4h2v1h-2zM6 5h1v1h-1z"
    )


@pytest.mark.parametrize(
    ("pointer", "call"),
    [
        ("/payload", lambda: matrix("")),
        ("/payload", lambda: matrix("\ud800")),
        ("/payload", lambda: matrix("a" * 2_332)),
        ("/payload", lambda: matrix("đ" * 1_166)),
        ("/module_px", lambda: png(PAYLOAD, module_px=2)),
        ("/module_px", lambda: png(PAYLOAD, module_px=0)),
        ("/module_px", lambda: png(PAYLOAD, module_px=-1)),
        ("/module_px", lambda: png(PAYLOAD, module_px=10**9)),
        ("/size_mm", lambda: png_mm(PAYLOAD, size_mm=0, dpi=300)),
        ("/size_mm", lambda: png_mm(PAYLOAD, size_mm=float("nan"), dpi=300)),
        ("/size_mm", lambda: png_mm(PAYLOAD, size_mm=float("inf"), dpi=300)),
        ("/size_mm", lambda: png_mm(PAYLOAD, size_mm=5, dpi=203)),
        ("/size_mm", lambda: png_mm(PAYLOAD, size_mm=900, dpi=1_200)),
        ("/dpi", lambda: png_mm(PAYLOAD, size_mm=40, dpi=0)),
        ("/size_mm", lambda: svg(PAYLOAD, size_mm=-1)),
        ("/size_mm", lambda: svg(PAYLOAD, size_mm=1_001)),
    ],
)
def test_refusals(pointer: str, call: Any) -> None:
    with pytest.raises(Invalid) as caught:
        call()
    assert [fault.pointer for fault in caught.value.faults] == [pointer]


def test_the_largest_symbol() -> None:
    assert len(matrix("a" * 2_331)) == len(matrix("đ" * 1_165, mask=0)) == 177
    assert struct.unpack(">II", png("a" * 2_331, module_px=3)[16:24]) == (555, 555)
