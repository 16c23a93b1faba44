"""How published bodies, and what they withhold, are kept: small, and back byte for byte.

All bodies look alike, so that most of one is what every other has: zstd gets a dictionary of it.
Digests are noise to it and stand beside, as 32 bytes each instead of 64 letters.

    1 byte    which dictionary; 0x78 is a body of before there was one (zlib)
    1 byte    how many digests were taken out of the text
    32 bytes  each of them
    …         zstd frame (RFC 8878) of the text without them, with the dictionary, without magic
              number, dictionary id and checksum

A dictionary is for ever, for bodies are: a better one gets the next number and a file of its own
(`python -m benchmarks.body_dictionary FILE` makes one of invented markets). There is no checksum,
because a body carries its digest, and the ledger has it, as it has that of what is withheld.
"""

from __future__ import annotations

import re
import threading
import zlib
from importlib.resources import files
from typing import Final

import zstandard

DICTIONARY: Final = 1
LEVEL: Final = 8
"""Less time than zlib's 6 takes, half the bytes; 9 takes a third longer for a fiftieth less."""

TEXT_MAX: Final = 4 << 20
"""Bytes that a body may unpack to: a thousand usual ones. A flipped bit claims anything."""

_ZLIB: Final = 0x78
_FORMAT: Final = zstandard.FORMAT_ZSTD1_MAGICLESS
_DIGEST_BYTES: Final = 32
_DIGEST = re.compile(rb'"sha256:([0-9a-f]{64})"')
_GAP = b'"sha256:"'


class Damaged(ValueError):
    """Bytes that no body was packed into."""


class _Tools(threading.local):
    """zstd's contexts, which are made once, and are no two threads' at a time."""

    def __init__(self) -> None:
        raw = files("tracker.store").joinpath(f"bodies-{DICTIONARY}.dict").read_bytes()
        known = zstandard.ZstdCompressionDict(raw)
        how = zstandard.ZstdCompressionParameters.from_level(
            LEVEL, format=_FORMAT, dict_size=len(raw), write_checksum=False, write_dict_id=False
        )
        known.precompute_compress(compression_params=how)
        self.packer = zstandard.ZstdCompressor(compression_params=how, dict_data=known)
        self.unpacker = zstandard.ZstdDecompressor(dict_data=known, format=_FORMAT)


_tools = _Tools()


def blanked(text: bytes) -> tuple[list[bytes], bytes]:
    """The digests in a text, and the text without them."""
    parts = _DIGEST.split(text)
    digests = parts[1::2]
    if not 0 < len(digests) < 256 or _GAP in text:
        return [], text
    return digests, _GAP.join(parts[::2])


def pack(text: bytes) -> bytes:
    """The bytes to store for a text (canonical JSON)."""
    digests, rest = blanked(text)
    head = bytes((DICTIONARY, len(digests))) + bytes.fromhex(b"".join(digests).decode())
    return head + _tools.packer.compress(rest)


def unpack(packed: bytes) -> bytes:
    """The text that was packed. Raises `Damaged`."""
    if packed[:1] == bytes((_ZLIB,)):
        return _inflated(packed)
    if len(packed) < 2 or packed[0] != DICTIONARY:
        raise Damaged("The first byte names no dictionary.")
    end = 2 + packed[1] * _DIGEST_BYTES
    try:
        frame = packed[end:]
        if zstandard.get_frame_parameters(frame, format=_FORMAT).content_size > TEXT_MAX:
            raise Damaged("It would unpack to more than a body has.")
        rest = _tools.unpacker.decompress(frame)
    except zstandard.ZstdError as error:
        raise Damaged("No zstd frame of ours.") from error
    if end == 2:
        return rest
    first, *others = rest.split(_GAP)
    if len(others) != packed[1]:
        raise Damaged("It has not as many places for digests as digests.")
    whole = [first]
    for place, text in zip(range(2, end, _DIGEST_BYTES), others, strict=True):
        digest = packed[place : place + _DIGEST_BYTES].hex().encode()
        whole += [_GAP[:-1], digest, b'"', text]
    return b"".join(whole)


def _inflated(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(packed, TEXT_MAX)
    except zlib.error as error:
        raise Damaged("No zlib stream.") from error
    if not unpacker.eof:
        raise Damaged("A zlib stream without an end, or one of more than a body has.")
    return text
