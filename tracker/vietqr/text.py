"""Vietnamese text for payloads.

Payload fields are ANS, the printable ASCII characters 0x20-0x7E (EMVCo QRCPS MPM v1.0), so a
Vietnamese name is folded before it goes into one. Names are compared by another fold
(`tracker.domain.text.search_key`), which keeps what ASCII cannot say: two names written in
Chinese characters must not become equal.
"""

from __future__ import annotations

import unicodedata

from tracker.domain.text import squeeze, without_marks

_PUNCTUATION = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-"})


def is_ans(text: str) -> bool:
    """Whether all characters are ANS: 0x20-0x7E (EMVCo QRCPS MPM v1.0). True when empty."""
    return text.isascii() and text.isprintable()


def fold_ascii(text: str) -> str:
    """`text` in ANS characters, case kept: đ to d, marks dropped, white space collapsed.

    Characters that have no ASCII counterpart are dropped, so the result may be empty.
    "Tiền cá tháng 6" gives "Tien ca thang 6".
    """
    plain = without_marks(text).translate(_PUNCTUATION)
    return squeeze("".join(c for c in plain if c.isspace() or is_ans(c)))


def payload_name(name: str, limit: int = 25) -> str:
    """A person's, shop's or city's name as a payload carries it: ASCII capitals, clamped.

    `limit` counts characters: 25 for tag 59, 15 for tag 60 (NAPAS VietQR v1.0).
    "Đặng Thị Hoa" gives "DANG THI HOA". Empty if the name has no letter that ASCII knows.
    """
    # Capitals first: ß becomes SS, which folding alone would lose.
    return clamp(fold_ascii(name.upper()), limit)


def clamp(text: str, limit: int) -> str:
    """`text` shortened to `limit` characters, at a space if there is one before the limit.

    Only where the first word alone is longer is that word cut, and then never between a letter
    and its combining mark.
    """
    if len(text) <= limit:
        return text
    space = text.rfind(" ", 0, limit + 1)
    if space > 0 and text[:space].strip():
        return text[:space].rstrip()
    cut = limit
    while cut > 1 and unicodedata.combining(text[cut]):
        cut -= 1
    return text[:cut]
