"""Several codes in one picture, their order, and what is tried where a plain look falls short."""

from __future__ import annotations

import threading

import pytest
from PIL import Image, ImageFilter, ImageOps

from tests.unit.photos.pictures import PAYLOADS, drawn, encoded, exif, pasted, with_segment
from tracker.photos import read_codes
from tracker.photos.picture import grey, header
from tracker.photos.reading import read_symbols

SMALL = [drawn(payload, 4) for payload in PAYLOADS]
SHEET = pasted(
    (700, 500),
    (SMALL[0], (20, 30)),
    (SMALL[1], (230, 10)),
    (SMALL[2], (450, 40)),
    (SMALL[3], (30, 260)),
    (SMALL[4], (440, 280)),
)


def test_no_code_is_no_error() -> None:
    """A wall is a picture too."""
    assert read_codes(encoded(Image.new("L", (640, 480), 120))) == []


def test_all_codes_in_reading_order() -> None:
    """Row by row, though a row hangs crooked."""
    assert read_codes(encoded(SHEET, "JPEG")) == list(PAYLOADS[:5])


def test_two_prints_of_one_code_are_two() -> None:
    """The same text at two places."""
    sheet = pasted((600, 300), (SMALL[0], (20, 30)), (SMALL[0], (350, 30)))
    assert read_codes(encoded(sheet)) == [PAYLOADS[0]] * 2


def test_light_on_dark_beside_dark_on_light() -> None:
    """Both polarities in one picture, and mirrored through a window."""
    sheet = pasted(
        (700, 300),
        (SMALL[0], (20, 30)),
        (ImageOps.invert(SMALL[1]), (230, 30)),
        (ImageOps.mirror(SMALL[2]), (450, 30)),
        paper=128,
    )
    assert read_codes(encoded(sheet)) == list(PAYLOADS[:3])


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_small_codes_in_a_large_picture(kind: str) -> None:
    """A large picture is looked at whole and in tiles; a code on a seam is one code."""
    sheet = pasted(
        (4_000, 3_000),
        (drawn(PAYLOADS[0], 3), (300, 200)),
        (drawn(PAYLOADS[1], 30), (1_500, 300)),
        (drawn(PAYLOADS[2], 3), (1_920, 1_400)),
        (drawn(PAYLOADS[3], 3), (3_800, 2_800)),
    )
    assert read_codes(encoded(sheet, kind)) == [PAYLOADS[n] for n in (0, 1, 2, 3)]


def test_fifty_megapixels_are_halved() -> None:
    """A picture beyond what is searched is decoded at a smaller scale."""
    sheet = pasted((7_000, 5_000), (drawn(PAYLOADS[0], 12), (3_000, 3_000)))
    assert read_codes(encoded(sheet, "JPEG")) == [PAYLOADS[0]]
    assert read_codes(encoded(sheet, "PNG", compress_level=1)) == [PAYLOADS[0]]


def test_one_that_is_out_of_focus_beside_a_sharp_one() -> None:
    """A plain look reads one and knows of the other, which is read from close up."""
    blurred = drawn(PAYLOADS[1], 8).filter(ImageFilter.GaussianBlur(0.5 * 8))
    sheet = pasted((800, 500), (SMALL[0], (10, 10)), (blurred, (400, 80)), paper=255)
    assert [each.text for each in read_symbols(sheet) if each.text] == [PAYLOADS[0], PAYLOADS[1]]


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(SHEET.filter(ImageFilter.GaussianBlur(2.2)), id="blur of 0.55 module at 4 px"),
        pytest.param(
            SHEET.resize((2_100, 1_500)).filter(ImageFilter.GaussianBlur(6.4)),
            id="blur of 0.53 module at 12 px",
        ),
        pytest.param(SHEET.point(lambda level: 100 + level // 14), id="contrast of 7 %"),
    ],
)
def test_what_a_plain_look_does_not_read(spoilt: Image.Image) -> None:
    """Sharpened, evened out: something of the sheet is read, and nothing else."""
    texts = read_codes(encoded(spoilt))
    assert texts
    assert set(texts) <= set(PAYLOADS)


# ── EXIF ─────────────────────────────────────────────────────────────────────────────────────

_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera stores an upright scene that it marks with that orientation."""


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_honoured(kind: str, orientation: int) -> None:
    """The codes come in the order in which somebody sees them."""
    way = _STORED[orientation]
    stored = SHEET if way is None else SHEET.transpose(way)
    block = exif(orientation, "<" if orientation % 2 else ">")
    content = encoded(stored.convert("RGB"), kind, exif=b"Exif\0\0" + block)
    assert read_codes(content) == list(PAYLOADS[:5])


@pytest.mark.parametrize(
    "block", [b"", b"II*\0", exif(0), exif(9), exif(6)[:20], exif(6)[:4] + b"\xff" * 40, b"x" * 500]
)
def test_broken_exif_is_upright(block: bytes) -> None:
    """A photo is not refused for its notes."""
    content = with_segment(encoded(SHEET, "JPEG"), 0xE1, b"Exif\0\0" + block)
    assert read_codes(content) == list(PAYLOADS[:5])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_of_exif_reaches_the_decoder(kind: str) -> None:
    """Neither who took it nor where: it is cut off before anything is parsed."""
    content = encoded(SHEET, kind, exif=b"Exif\0\0" + exif(1), xmp=b"<x>Nguyen Thi Mat</x>")
    assert b"Nguyen Thi Mat" in content
    assert b"Nguyen Thi Mat" not in header(content).data
    assert not {"exif", "xmp", "icc_profile"} & set(grey(content).info)
    assert not grey(content).getexif()


def test_threads_wait_for_each_other() -> None:
    """Many at once give what each gives alone."""
    content = encoded(SHEET, "JPEG")
    results: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: results.append(read_codes(content))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [list(PAYLOADS[:5])] * 8
