"""JPEG (ITU-T T.81): a walk over its segments, without decoding.

Baseline and progressive with 8 bits, as cameras write them. A progressive picture is held whole
as coefficients while it is decoded, whatever scale is asked for, and each of its scans goes over
all of them: a file of a few kilobytes with thousands of empty scans would keep a core busy for
minutes. So scans are counted and coefficients are part of the cost.
"""

from __future__ import annotations

from tracker.photos import errors
from tracker.photos.header import Header, orientation

SEGMENTS_MAX = 1_000
"""Before the pixels; a camera writes about twenty, a long colour profile two hundred more."""

SCANS_MAX = 100
"""A camera writes one, common progressive encoders ten."""

_KEPT = {0xC4, 0xDB, 0xDD, 0xE0, 0xEE}
"""Huffman and quantisation tables, restart interval, JFIF and Adobe's note on colour."""

_FRAMES = {0xC0, 0xC1, 0xC2}
_OTHER_FRAMES = set(range(0xC0, 0xD0)) - _FRAMES - {0xC4, 0xC8}
_COEFFICIENT_BYTES = 2


def header(content: bytes) -> Header:
    """The header of a JPEG file. Raises `BadPicture`."""
    at = 2
    kept = [content[:2]]
    frame: tuple[int, bytes] | None = None
    turned = 0
    for _ in range(SEGMENTS_MAX):
        while content[at : at + 2] == b"\xff\xff":
            at += 1
        marker = content[at + 1] if content[at : at + 1] == b"\xff" and len(content) > at + 1 else 0
        length = int.from_bytes(content[at + 2 : at + 4])
        segment = content[at : at + 2 + length]
        if marker < 0xC0 or length < 2 or len(segment) < 2 + length:
            raise errors.damaged("The JPEG file ends too early or is broken")
        if marker == 0xDA:
            return _header(content, at, kept, frame, segment, turned or 1)
        if marker in _OTHER_FRAMES:
            raise errors.other_format("a JPEG of a rare kind that no phone makes")
        if marker in _FRAMES:
            if frame or length < 11:
                raise errors.damaged("The JPEG file is broken")
            frame = (marker, segment)
        if marker == 0xE1 and segment[4:10] == b"Exif\0\0":
            turned = turned or orientation(segment[4:])
        if marker in _KEPT | _FRAMES:
            kept.append(segment)
        at += 2 + length
    raise errors.damaged("The JPEG file has more parts before its picture than any photo")


def _header(
    content: bytes,
    at: int,
    kept: list[bytes],
    frame: tuple[int, bytes] | None,
    scan: bytes,
    turned: int,
) -> Header:
    if frame is None or len(scan) < 5 or frame[1][4] != 8:
        raise errors.damaged("The JPEG file is broken")
    marker, start = frame
    components = start[9]
    if components not in {1, 3, 4} or len(start) < 10 + 3 * components:
        raise errors.damaged("The JPEG file is broken")
    cost = 5.0 if components == 4 else 1.0  # grey or, of colours, luma alone
    if marker == 0xC2 or scan[4] < components:
        if content.count(b"\xff\xda", at) > SCANS_MAX:
            raise errors.damaged("The JPEG file has more layers than any photo")
        cost += _COEFFICIENT_BYTES * _samples(start[10 : 10 + 3 * components])
    return Header(
        kind="JPEG",
        width=int.from_bytes(start[7:9]),
        height=int.from_bytes(start[5:7]),
        orientation=turned,
        data=b"".join((*kept, content[at:])),
        cost=cost,
    )


def _samples(components: bytes) -> float:
    """Samples a pixel over all components; chroma has mostly fewer than luma."""
    factors = [(each >> 4, each & 15) for each in components[1::3]]
    widest, highest = (max(each[i] for each in factors) for i in range(2))
    return sum(h * v for h, v in factors) / max(1, widest * highest)
