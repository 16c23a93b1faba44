"""Text as the registry keeps and compares it: NFC, and folded without diacritics."""

from __future__ import annotations

import re
import unicodedata

# No decomposition takes the stroke off a đ. Ð/ð (eth) and Ɖ/ɖ look the same on screen and do
# turn up in rosters typed with old input methods.
_STROKED_D = str.maketrans({"Đ": "D", "Ð": "D", "Ɖ": "D", "đ": "d", "ð": "d", "ɖ": "d"})
_HAS_STROKED_D = re.compile("[ĐÐƉđðɖ]")

_USUAL_MARKS = re.compile("[\u0300-\u034e\u0350-\u036f]+")
"""The block of combining marks without U+034F, which combines nothing: all of Vietnamese."""


_DIGITS = re.compile(r"[0-9]+")


def nfc(text: str) -> str:
    """`text` in Unicode normalisation form C, the form in which all text is stored."""
    return unicodedata.normalize("NFC", text)


def squeeze(text: str) -> str:
    """`text` with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())


def walking_order(stall: str) -> str:
    """What stalls are sorted by, so that A2 comes before A10 as one walks by."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(24), stall)


def without_marks(text: str) -> str:
    """`text` decomposed, its combining marks dropped, đ as d; case and other scripts kept."""
    if _HAS_STROKED_D.search(text):
        text = text.translate(_STROKED_D)
    plain = _USUAL_MARKS.sub("", unicodedata.normalize("NFKD", text))
    if plain.isascii():
        return plain
    return "".join(c for c in plain if not unicodedata.combining(c))


def search_key(text: str) -> str:
    """The fold by which names are compared: the same key means the same name.

    Lower case, đ as d, no marks, white space collapsed; other scripts stay as they are.
    "  ĐẶNG thị  Hoa" gives "dang thi hoa".
    """
    if text.isascii():
        return squeeze(text.lower())
    # NFC first, so that composed and decomposed input meet the same case folding. Case folding
    # can bring out marks (İ), so those go after it; and what NFKD brings out (ligatures,
    # superscripts) may be a capital, so the case is folded once more.
    return squeeze(without_marks(nfc(text).casefold()).casefold())
