"""The check mark: a short word that only the registry can compute, printed beside the symbol.

It tells a sticker that the service printed from one that was made to look like it, by eye and
without a scan. It never stands inside the payment payload: not every banking app puts up with
foreign data there.
"""

from __future__ import annotations

import hashlib
import hmac

ALPHABET = "CDFGHJKMNPQRTWXY3479"
"""No two look alike in print or handwriting, and without vowels no word comes out."""

LENGTH = 6
"""Characters; 20⁶ = 64 million marks, against an attacker who cannot try them offline."""

KEY_BYTES_MIN = 16
_PURPOSE = b"sticker check mark 1"


def check_mark(key: bytes, code: str, version: int) -> str:
    """The mark of version `version` (1 and up) of the code with id `code`: 6 characters.

    HMAC-SHA-256 over purpose, code id and version, written in `ALPHABET`. `key`: 16 bytes and
    more, secret, the same for as long as stickers hang. Raises `ValueError` for a short key, an
    empty id, an id with a line break or a version below 1.
    """
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"the key must have {KEY_BYTES_MIN} bytes or more")
    if not code or "\n" in code or version < 1:
        raise ValueError("a check mark needs a code id of one line and a version from 1")
    message = b"\n".join((_PURPOSE, code.encode(), str(version).encode()))
    number = int.from_bytes(hmac.digest(key, message, hashlib.sha256), "big")
    mark = ""
    for _ in range(LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        mark += ALPHABET[digit]
    return mark


def spaced(mark: str) -> str:
    """A mark as it is printed and read out: "C7K 4PW"."""
    return f"{mark[:3]} {mark[3:]}"
