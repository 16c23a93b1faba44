"""What is no photograph, or would cost too much: a code and a sentence each, and little memory."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.unit.photos.pictures import (
    SIGNATURE,
    chunk,
    drawn,
    encoded,
    exif,
    png,
    with_chunk,
    with_segment,
    with_size,
    zeros,
)
from tracker.photos import BYTES_MAX, BadPicture, read_codes

GREY = drawn(module_px=3)
COLOUR = Image.merge("RGB", [GREY] * 3)
JPEG, PNG, WEBP = (encoded(COLOUR, kind) for kind in ("JPEG", "PNG", "WEBP"))
PROGRESSIVE = encoded(COLOUR, "JPEG", progressive=True)
MEMORY_MB_MAX = 300

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><rect width="9"/></svg>'
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x01\x01\x00\x00"
EMPTY_SEGMENT = b"\xff\xe1\x00\x02"

BAD = {
    "nothing": (b"", "EMPTY_FILE"),
    "text named .png": (b"Hello, I am picture.png\n", "PICTURE_FORMAT"),
    "SVG": (SVG, "PICTURE_FORMAT"),
    "GIF": (encoded(GREY, "GIF"), "PICTURE_FORMAT"),
    "BMP": (encoded(GREY, "BMP"), "PICTURE_FORMAT"),
    "TIFF": (encoded(GREY, "TIFF"), "PICTURE_FORMAT"),
    "PDF": (b"%PDF-1.7\n%", "PICTURE_FORMAT"),
    "ZIP": (b"PK\x03\x04", "PICTURE_FORMAT"),
    "HEIC": (b"\0\0\0\x18ftypheic", "PICTURE_FORMAT"),
    "film": (b"\0\0\0\x18ftypisom", "PICTURE_FORMAT"),
    "WAV": (b"RIFF\x04\0\0\0WAVE", "PICTURE_FORMAT"),
    "animated WebP": (
        encoded(COLOUR, "WEBP", save_all=True, append_images=[COLOUR.rotate(90)]),
        "PICTURE_FORMAT",
    ),
    "arithmetic JPEG": (JPEG.replace(b"\xff\xc0", b"\xff\xc9", 1), "PICTURE_FORMAT"),
    "lossless JPEG": (JPEG.replace(b"\xff\xc0", b"\xff\xc3", 1), "PICTURE_FORMAT"),
    "1×1 PNG": (encoded(Image.new("L", (1, 1)), "PNG"), "PICTURE_TOO_SMALL"),
    "1×1 JPEG": (encoded(Image.new("L", (1, 1)), "JPEG"), "PICTURE_TOO_SMALL"),
    "1×1 WebP": (encoded(Image.new("RGB", (1, 1)), "WEBP"), "PICTURE_TOO_SMALL"),
    "strip": (encoded(Image.new("L", (5_000, 3)), "PNG"), "PICTURE_TOO_SMALL"),
    "no height": (with_size(JPEG, 200, 0), "PICTURE_TOO_SMALL"),
    "over 12 MiB": (JPEG.ljust(BYTES_MAX + 1, b"\0"), "PICTURE_TOO_LARGE"),
    "PNG of 3.6 gigapixels": (png((60_000, 60_000), 8, 2, zeros(999)), "PICTURE_TOO_MANY_PIXELS"),
    "PNG of 2³¹ a side": (png((2**31 - 1,) * 2, 8, 2, zeros(999)), "PICTURE_TOO_MANY_PIXELS"),
    "JPEG of 4 gigapixels": (with_size(JPEG, 65_500, 65_500), "PICTURE_TOO_MANY_PIXELS"),
    "WebP of 268 megapixels": (
        WEBP[:26] + struct.pack("<HH", 16_383, 16_383) + WEBP[30:],
        "PICTURE_TOO_MANY_PIXELS",
    ),
    "progressive of 60 megapixels": (
        with_size(PROGRESSIVE, 10_000, 6_000),
        "PICTURE_TOO_MANY_PIXELS",
    ),
    "a thousand scans": (PROGRESSIVE[:-2] + SCAN * 1_000, "PICTURE_DAMAGED"),
    "endless segments": (JPEG[:2] + EMPTY_SEGMENT * 100_000 + JPEG[2:], "PICTURE_DAMAGED"),
    "endless chunks": (PNG[:33] + chunk(b"teSt", b"") * 100_000 + PNG[33:], "PICTURE_DAMAGED"),
    "two frames": (with_segment(JPEG, 0xC0, bytes(17)), "PICTURE_DAMAGED"),
    "12 bits": (JPEG.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c", 1), "PICTURE_DAMAGED"),
    "JPEG without pixels": (JPEG[:2] + b"\xff\xd9", "PICTURE_DAMAGED"),
    "PNG without pixels": (
        SIGNATURE + PNG[8:33] + chunk(b"IEND", b""),
        "PICTURE_DAMAGED",
    ),
    "PNG with no such colour": (png((99, 99), 8, 5, zeros(9_999)), "PICTURE_DAMAGED"),
    "PNG whose pixels are not packed": (png((99, 99), 8, 0, b"not zlib"), "PICTURE_DAMAGED"),
    "empty WebP": (b"RIFF\x04\0\0\0WEBP", "PICTURE_DAMAGED"),
    "WebP of nothing": (WEBP[:30] + b"\xff" * (len(WEBP) - 30), "PICTURE_DAMAGED"),
}


@pytest.mark.parametrize(("content", "code"), BAD.values(), ids=BAD)
def test_bad_picture(content: bytes, code: str) -> None:
    """Each has its code, and its sentence says what to do."""
    with pytest.raises(BadPicture) as refused:
        read_codes(content)
    assert refused.value.code == code
    assert refused.value.status == 400
    assert re.search(r"\b(Send|Take)\b.*\.$", refused.value.detail)


@pytest.mark.parametrize("content", [JPEG, PROGRESSIVE, PNG, WEBP])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_truncated(content: bytes, share: float) -> None:
    """A file that ends too early, wherever."""
    with pytest.raises(BadPicture) as refused:
        read_codes(content[: int(len(content) * share)])
    assert refused.value.code == "PICTURE_DAMAGED"


@settings(max_examples=150, deadline=None)
@given(start=st.sampled_from([b"", b"\xff\xd8\xff", SIGNATURE, b"RIFF"]), rest=st.binary())
def test_random_bytes(start: bytes, rest: bytes) -> None:
    """Nothing but our own refusal leaves."""
    with pytest.raises(BadPicture):
        read_codes(start + rest)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.sampled_from(
        [
            JPEG,
            PROGRESSIVE,
            PNG,
            WEBP,
            with_segment(JPEG, 0xE1, b"Exif\0\0" + exif(6)),
            with_chunk(PNG, b"eXIf", exif(5)),
            encoded(COLOUR.quantize(8), "PNG", transparency=0),
            encoded(COLOUR.convert("CMYK"), "JPEG"),
            encoded(COLOUR.convert("RGBA"), "WEBP", lossless=True, exif=exif(3)),
        ]
    ),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=6),
    near=st.booleans(),
)
def test_mutated_files(content: bytes, changes: list[tuple[float, bytes]], near: bool) -> None:
    """A file changed anywhere, or near its beginning, gives texts or our own refusal."""
    changed = bytearray(content)
    for where, what in changes:
        at = int(where * (min(300, len(changed)) if near else len(changed)))
        changed[at : at + max(1, len(what))] = what
    try:
        texts = read_codes(bytes(changed))
    except BadPicture:
        return
    assert all(isinstance(text, str) for text in texts)


# ── memory ───────────────────────────────────────────────────────────────────────────────────

_CHILD = """
import sys
from tracker.photos import BadPicture, read_codes
for name in sys.argv[1:]:
    content = open(name, "rb").read()
    try:
        said = len(read_codes(content))
    except BadPicture as refused:
        said = refused.code
    print(name.rpartition("/")[2], said)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
# Not getrusage: on Linux its peak is also that of the process that started this one.


def _large() -> dict[str, tuple[bytes, str]]:
    """Bombs, and about the largest of every kind that is let in; blank, so that all is tried."""
    bomb = zeros(4 * 10**8, 9)
    small = png((99, 99), 8, 0, zeros(9_900))
    blank = Image.new("RGB", (5_400, 5_400), (90, 120, 110))
    return {
        "png-size": (png((60_000, 60_000), 8, 6, zeros(10**7)), "PICTURE_TOO_MANY_PIXELS"),
        "png-pixels": (png((99, 99), 8, 0, bomb), "0"),
        "png-text": (with_chunk(small, b"zTXt", b"a\0\0" + bomb), "0"),
        "png-profile": (with_chunk(small, b"iCCP", b"a\0\0" + bomb), "0"),
        "png-rgba": (png((5_400, 5_400), 8, 6, zeros((4 * 5_400 + 1) * 5_400)), "0"),
        "png-rgb": (png((6_400, 6_400), 8, 2, zeros((3 * 6_400 + 1) * 6_400)), "0"),
        "png-16-bits": (png((6_400, 6_400), 16, 0, zeros((2 * 6_400 + 1) * 6_400)), "0"),
        "jpeg": (encoded(Image.new("L", (8_160, 6_120), 99), "JPEG"), "0"),
        "jpeg-layers": (encoded(blank, "JPEG", progressive=True, subsampling=0), "0"),
        "jpeg-cmyk": (encoded(blank.crop((0, 0, 4_000, 3_900)).convert("CMYK"), "JPEG"), "0"),
        "webp": (encoded(blank.crop((0, 0, 4_160, 3_120)), "WEBP", method=0), "0"),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_memory_stays_bounded(tmp_path: Path) -> None:
    """All of them in one process stay under 300 MB, Python and libraries included."""
    large = _large()
    for name, (content, _) in large.items():
        (tmp_path / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *(str(tmp_path / name) for name in large)],
        capture_output=True,
        text=True,
        check=True,
    )
    *said, peak_kb = done.stdout.splitlines()
    assert said == [f"{name} {answer}" for name, (_, answer) in large.items()]
    assert int(peak_kb) / 1024 < MEMORY_MB_MAX
