"""What a file says of itself before any of it is decoded, and what of it is decoded at all."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["JPEG", "PNG", "WEBP"]


class Header(Struct, frozen=True):
    """A picture that is known to be one of the three kinds, and its cost.

    `width`, `height`: pixels as they are stored. `orientation`: EXIF's, 1 to 8, 1 where there is
    none. `data`: the file without anything but the pixels: no EXIF, text, profile or thumbnail
    is in it, so none is unpacked, parsed or kept. `cost`: bytes a pixel that decoding to grey
    takes at its peak.
    """

    kind: Kind
    width: int
    height: int
    orientation: int
    data: bytes
    cost: float


def orientation(exif: bytes) -> int:
    """The orientation in an EXIF block (EXIF 2.32 §4.6.4, tag 0x0112), 1 to 8.

    1, upright, wherever the block is broken or says nothing: a photo is not refused for that.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order: Literal["little", "big"] = "little" if tiff[:2] == b"II" else "big"

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], order)

    if tiff[:2] not in {b"II", b"MM"} or number(2, 2) != 42:
        return 1
    directory = number(4, 4)
    first = directory + 2
    for at in range(first, min(first + 12 * number(directory, 2), len(tiff) - 11), 12):
        if number(at, 2) == 0x0112:
            value = number(at + 8, 2)
            return value if number(at + 2, 2) == 3 and 1 <= value <= 8 else 1
    return 1
