"""Tag-length-value of EMVCo payment codes, and their checksum.

A data object is a tag of two digits, a length of two digits and a value (EMVCo QRCPS MPM v1.0).
Lengths count characters; the checksum runs over the UTF-8 bytes.
"""

from __future__ import annotations

from binascii import crc_hqx
from typing import NamedTuple

from msgspec import Struct

_DIGITS = frozenset("0123456789")  # str.isdigit and int take digits of other scripts too


# Tag and size by the four characters that open a data object. One look-up is the cheapest strict
# check there is. Filled as headers are met; only good ones are kept, so at most 9 900.
_HEADERS: dict[str, tuple[str, int]] = {}


def _learn(header: str) -> tuple[str, int] | None:
    # A size of 00 is no header: empty values are illegal.
    if len(header) != 4 or not _DIGITS.issuperset(header) or header.endswith("00"):
        return None
    _HEADERS[header] = tag_size = (header[:2], int(header[2:]))
    return tag_size


class TlvFault(NamedTuple):
    """A broken data object: a problem code, the character offset of its start, its tag.

    The tag is empty where it cannot be read.
    """

    code: str
    position: int
    tag: str


class Level(Struct):
    """The data objects of one level.

    `values` and `offsets` (where the object starts, in characters of the whole text) are keyed by
    tag, in the order of the text; of a duplicate the first stands. An object without a value has
    an offset only. `whole` is false where reading had to stop early.
    """

    values: dict[str, str]
    offsets: dict[str, int]
    faults: tuple[TlvFault, ...]
    whole: bool


def walk(text: str, start: int, end: int) -> Level:
    """Read the data objects in `text[start:end]`, one level, strictly. Raises nothing.

    Fault codes: `TAG_NOT_DIGITS`, `LENGTH_NOT_DIGITS`, `TRUNCATED` (these end the reading),
    `EMPTY_VALUE`, `DUPLICATE_TAG`.
    """
    values: dict[str, str] = {}
    offsets: dict[str, int] = {}
    faults: tuple[TlvFault, ...] = ()
    known = _HEADERS.get
    i = start
    while i < end:
        value_at = i + 4
        header = known(text[i:value_at]) or _learn(text[i:value_at])
        if header:
            tag, size = header
            stop = value_at + size
            if stop <= end and tag not in offsets:
                values[tag] = text[value_at:stop]
                offsets[tag] = i
                i = stop
                continue
        fault, stop = _fault(text, i, end, offsets)
        faults += (fault,)
        if not stop:
            return Level(values, offsets, faults, False)
        offsets.setdefault(fault.tag, i)
        i = stop
    return Level(values, offsets, faults, True)


def _fault(text: str, i: int, end: int, seen: dict[str, int]) -> tuple[TlvFault, int]:
    """Why there is no good object at `i`, and where the next one starts (0: cannot be known)."""
    tag, size = text[i : min(i + 2, end)], text[i + 2 : min(i + 4, end)]
    if not _DIGITS.issuperset(tag):
        return TlvFault("TAG_NOT_DIGITS", i, ""), 0
    if i + 4 > end:
        return TlvFault("TRUNCATED", i, tag if len(tag) == 2 else ""), 0
    if not _DIGITS.issuperset(size):
        return TlvFault("LENGTH_NOT_DIGITS", i, tag), 0
    stop = i + 4 + int(size)
    if stop > end:
        return TlvFault("TRUNCATED", i, tag), 0
    return TlvFault("DUPLICATE_TAG" if tag in seen else "EMPTY_VALUE", i, tag), stop


def field(tag: str, value: str) -> str:
    """One data object. `value` has 1 to 99 characters.

    Raises `ValueError` for any other length: a caller checks its limits first.
    """
    if not 1 <= len(value) <= 99:
        raise ValueError(f"the value of tag {tag} has {len(value)} characters, not 1 to 99")
    return f"{tag}{len(value):02d}{value}"


def crc(text: str) -> str:
    """The checksum as tag 63 carries it: four upper-case hexadecimal digits.

    CRC-16, polynomial 0x1021, start 0xFFFF, over the UTF-8 bytes of everything up to and with
    "6304" (EMVCo QRCPS MPM v1.0, ID 63). Raises `UnicodeEncodeError` on a lone surrogate.
    """
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"
