"""Text as the registry compares it: NFC, and folded without diacritics."""

from __future__ import annotations

import unicodedata

_D = str.maketrans({"đ": "d", "Đ": "D"})


def nfc(text: str) -> str:
    """Unicode NFC with runs of white space as one space and none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def strip_marks(text: str) -> str:
    """Latin letters without marks; đ and Đ have no decomposition and are mapped first."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text.translate(_D))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def search_key(text: str) -> str:
    """What two spellings of one name have in common: no marks, no case, single spaces."""
    return " ".join(strip_marks(text).casefold().split())
