"""Every kind of picture that is taken, whatever its inner form."""

from __future__ import annotations

import io
import zlib

import pytest
from PIL import Image

from tests.unit.photos.pictures import PAYLOADS, chunk, drawn, encoded, of_bytes, png, zeros
from tracker.photos import read_codes

TEXT = PAYLOADS[0]
GREY = drawn()
COLOUR = Image.merge("RGB", [GREY] * 3)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(encoded(COLOUR, "JPEG"), id="jpeg"),
        pytest.param(encoded(GREY, "JPEG"), id="jpeg grey"),
        pytest.param(encoded(COLOUR, "JPEG", progressive=True), id="jpeg progressive"),
        pytest.param(encoded(COLOUR, "JPEG", keep_rgb=True), id="jpeg RGB"),
        pytest.param(encoded(COLOUR.convert("CMYK"), "JPEG"), id="jpeg CMYK"),
        pytest.param(encoded(COLOUR, "PNG"), id="png"),
        pytest.param(encoded(GREY.convert("1"), "PNG"), id="png one bit"),
        pytest.param(encoded(COLOUR.quantize(16), "PNG"), id="png palette"),
        pytest.param(encoded(GREY.convert("LA"), "PNG"), id="png grey alpha"),
        pytest.param(encoded(COLOUR, "WEBP"), id="webp"),
        pytest.param(encoded(COLOUR, "WEBP", lossless=True), id="webp lossless"),
        pytest.param(encoded(COLOUR.convert("RGBA"), "WEBP", exif=b"Exif\0\0II"), id="webp VP8X"),
    ],
)
def test_reads_all_three_kinds(content: bytes) -> None:
    """JPEG, PNG and WebP as cameras, screens and drawing programs write them."""
    assert read_codes(content) == [TEXT]


def test_reads_sixteen_bits() -> None:
    """Sixteen bits a pixel are brought to eight, not cut at 255."""
    rows = io.BytesIO()
    for y in range(GREY.height):
        line = GREY.crop((0, y, GREY.width, y + 1)).tobytes()
        rows.write(b"\0" + b"".join(bytes((60 + level // 2, 7)) for level in line))
    assert read_codes(png(GREY.size, 16, 0, zlib.compress(rows.getvalue()))) == [TEXT]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_paper_is_white_where_a_drawing_is_transparent(kind: str) -> None:
    """Black modules on nothing, as drawing programs save codes."""
    clear = Image.new("RGBA", GREY.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=GREY.point(lambda level: 255 - level))
    assert read_codes(encoded(clear, kind, lossless=True)) == [TEXT]


def test_transparent_colour_of_a_palette() -> None:
    """The same as a palette with one transparent entry."""
    content = encoded(GREY.convert("1").convert("P"), "PNG", transparency=255)
    assert read_codes(content) == [TEXT]


def test_animated_png_is_its_first_picture() -> None:
    """The frames of an animation are left out unread."""
    content = encoded(COLOUR, "PNG", save_all=True, append_images=[COLOUR.rotate(90)])
    assert b"acTL" in content
    assert read_codes(content) == [TEXT]


def test_what_stands_behind_the_picture_does_not_matter() -> None:
    """Phones append films and depth maps."""
    assert read_codes(encoded(COLOUR, "JPEG") + bytes(5_000)) == [TEXT]
    assert read_codes(encoded(COLOUR, "PNG") + bytes(5_000)) == [TEXT]
    assert read_codes(encoded(COLOUR, "WEBP") + bytes(5_000)) == [TEXT]


def test_several_pictures_in_one_jpeg() -> None:
    """MPO, as phones write it: the first picture counts."""
    content = encoded(COLOUR, "MPO", save_all=True, append_images=[COLOUR.reduce(2)])
    assert read_codes(content) == [TEXT]


def test_broken_text_and_profile_do_not_matter() -> None:
    """Whatever is not pixels is not looked at."""
    content = encoded(COLOUR, "PNG")
    for kind, body in ((b"iCCP", b"a\0\0broken"), (b"zTXt", b"a\0\0" + zeros(10**8))):
        assert read_codes(content[:33] + chunk(kind, body) + content[33:]) == [TEXT]


@pytest.mark.parametrize(
    ("data", "eci", "text"),
    [
        (b"plain", None, "plain"),
        ("Ngọc Ánh".encode(), None, "Ngọc Ánh"),
        ("Ngọc Ánh".encode(), 26, "Ngọc Ánh"),
        ("ÓêÉíãÀÃÔ".encode("latin-1"), None, "ÓêÉíãÀÃÔ"),  # the library guesses Japanese
        ("ÓêÉíãÀÃÔ".encode("latin-1"), 3, "ÓêÉíãÀÃÔ"),
        ("日本".encode("shift-jis"), 20, "日本"),
        (b"\x00\x01", None, "\x00\x01"),
        (b"\xff\xfe\xfd", 26, "\ufffd\ufffd\ufffd"),
    ],
)
def test_characters(data: bytes, eci: int | None, text: str) -> None:
    """UTF-8 where the bytes are, else the announced set, else ISO 8859-1."""
    assert read_codes(encoded(of_bytes(data, eci))) == [text]
