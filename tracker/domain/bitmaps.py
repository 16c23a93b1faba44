"""Sets of a market's vendors, as they are stored and as they are reckoned with.

A bitmap's bit n, counted from the left, is vendor n; zeros at its end are cut.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Who = int
"""A set of vendors as a number: the bitmap's bytes, the first one lowest, so that zeros at a
bitmap's end make no difference."""

NONE: Who = 0


def bitmap(numbers: Iterable[int]) -> bytes:
    """The bitmap of these vendors."""
    raw = bytearray()
    for number in numbers:
        if len(raw) <= number >> 3:
            raw.extend(bytes((number >> 3) + 1 - len(raw)))
        raw[number >> 3] |= 0x80 >> (number & 7)
    return bytes(raw)


def holds(raw: bytes, number: int) -> bool:
    """Whether the vendor with this number is in the bitmap."""
    return number >> 3 < len(raw) and bool(raw[number >> 3] & (0x80 >> (number & 7)))


def members(raw: bytes) -> list[int]:
    """The vendors of a bitmap, ascending."""
    found: list[int] = np.flatnonzero(np.unpackbits(np.frombuffer(raw, np.uint8))).tolist()
    return found


def who(raw: bytes) -> Who:
    """The set of a bitmap."""
    return int.from_bytes(raw, "little")


def packed(vendors: Who) -> bytes:
    """The bitmap of a set."""
    return vendors.to_bytes((vendors.bit_length() + 7) // 8, "little")


def only(number: int) -> Who:
    """The set of one vendor."""
    return 1 << (number ^ 7)


def which(column: NDArray[np.bool_]) -> Who:
    """The set of the vendors whose element is true."""
    return who(np.packbits(column).tobytes())
