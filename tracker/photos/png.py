"""PNG (W3C, third edition): a walk over its chunks, without unpacking any.

Only what makes the pixels is handed on. Texts, profiles and animations, in which kilobytes can
unpack to gigabytes, are left out unread.
"""

from __future__ import annotations

from tracker.photos import errors
from tracker.photos.header import Header, orientation

SIGNATURE = b"\x89PNG\r\n\x1a\n"

CHUNKS_MAX = 20_000
"""At 12 MiB that is one in 630 bytes; encoders write 8 KiB and more at a time."""

_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}

_DEPTHS = {
    0: {1, 2, 4, 8, 16},
    2: {8, 16},
    3: {1, 2, 4, 8},
    4: {8, 16},
    6: {8, 16},
}
"""Bits allowed by colour type: grey, RGB, palette, grey with alpha, RGB with alpha."""


def header(content: bytes) -> Header:
    """The header of a PNG file. Raises `BadPicture`."""
    at = len(SIGNATURE)
    kept = [SIGNATURE]
    kinds: set[bytes] = set()
    turned = 1
    for _ in range(CHUNKS_MAX):
        end = at + 12 + int.from_bytes(content[at : at + 4])
        kind = content[at + 4 : at + 8]
        if end > len(content) or (len(kept) == 1) != (kind == b"IHDR"):
            raise errors.damaged("The PNG file ends too early or is broken")
        if kind in _KEPT:
            kept.append(content[at:end])
        if kind == b"eXIf":
            turned = orientation(content[at + 8 : end - 4])
        kinds.add(kind)
        at = end
        if kind == b"IEND":
            return _header(kept, kinds, turned)
    raise errors.damaged("The PNG file has more parts than any photo")


def _header(kept: list[bytes], kinds: set[bytes], turned: int) -> Header:
    body = kept[1][8:-4]
    if len(body) != 13 or b"IDAT" not in kinds or body[8] not in _DEPTHS.get(body[9], set()):
        raise errors.damaged("The PNG file is broken")
    return Header(
        kind="PNG",
        width=int.from_bytes(body[:4]),
        height=int.from_bytes(body[4:8]),
        orientation=turned,
        data=b"".join(kept),
        cost=_cost(body[9], body[8], see_through=b"tRNS" in kinds),
    )


def _cost(colour: int, depth: int, *, see_through: bool) -> float:
    """Bytes a pixel: Pillow's own picture, its copy with alpha, the grey one, alpha, white."""
    stored = 2 if (colour, depth) == (0, 16) else 1 if colour in {0, 3} else 4
    if see_through:
        return stored + 4 + 3
    if stored == 2:
        return 2 + 2 + 1
    return stored + (3 if colour in {4, 6} else 1)
