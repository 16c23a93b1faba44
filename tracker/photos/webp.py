"""WebP (RFC 9649): a walk over its RIFF chunks, without decoding.

The library decodes onto two canvases of the size that the header claims, so that size is read
here first. EXIF, XMP and colour profile are left out; animations are refused.
"""

from __future__ import annotations

from tracker.photos import errors
from tracker.photos.header import Header, orientation

CHUNKS_MAX = 100
"""A photo has at most six."""

_COST = 16.0
"""Bytes a pixel: two canvases and a copy of one in the library, and Pillow's own picture."""

_ANIMATED, _ALPHA = 0x02, 0x10


def header(content: bytes) -> Header:
    """The header of a WebP file. Raises `BadPicture`."""
    end = 8 + int.from_bytes(content[4:8], "little")
    if end > len(content):
        raise errors.damaged("The WebP file ends too early")
    chunks: dict[bytes, bytes] = {}
    at = 12
    for _ in range(CHUNKS_MAX):
        if at >= end:
            break
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        if at + 8 + size > end:
            raise errors.damaged("The WebP file is broken")
        chunks.setdefault(content[at : at + 4], content[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return _header(chunks)


def _header(chunks: dict[bytes, bytes]) -> Header:
    extended = chunks.get(b"VP8X")
    if (extended and extended[0] & _ANIMATED) or b"ANIM" in chunks:
        raise errors.other_format("an animation")
    kinds: tuple[bytes, ...] = (b"VP8 ", b"VP8L")
    picture = next((kind for kind in kinds if kind in chunks), None)
    size = _size(picture, chunks[picture]) if picture else None
    if picture is None or size is None:
        raise errors.damaged("The WebP file is broken")
    width, height = size
    parts = [(picture, chunks[picture])]
    if extended and b"ALPH" in chunks and picture == b"VP8 ":
        canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        parts = [
            (b"VP8X", bytes((_ALPHA, 0, 0, 0)) + canvas),
            (b"ALPH", chunks[b"ALPH"]),
            *parts,
        ]
    return Header(
        kind="WEBP",
        width=width,
        height=height,
        orientation=orientation(chunks.get(b"EXIF", b"")),
        data=_riff(parts),
        cost=_COST,
    )


def _size(kind: bytes, body: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as the picture itself has them; None if they are not there."""
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        width, height = (int.from_bytes(body[i : i + 2], "little") & 0x3FFF for i in (6, 8))
        return width, height
    if kind == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _riff(parts: list[tuple[bytes, bytes]]) -> bytes:
    body = b"WEBP" + b"".join(
        kind + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2) for kind, data in parts
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body
