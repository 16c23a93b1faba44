"""Made-up stickers, and letters."""

from __future__ import annotations

import unicodedata

from msgspec.structs import replace

from tracker.domain.codes import code_id, vendor_code
from tracker.stickers.checkmark import check_mark
from tracker.stickers.design import Sticker
from tracker.vietqr import compose

KEY = b"0123456789abcdef"

_VOWELS = "AĂÂEÊIOÔƠUƯY"
_TONES = "\u0300\u0309\u0303\u0301\u0323"
_COMPOSED = [unicodedata.normalize("NFC", v + t) for v in _VOWELS for t in ("", *_TONES)]
LETTERS = "".join(_COMPOSED) + "BCDĐGHKLMNPQRSTVX"
LETTERS += LETTERS.lower()
"""Every Vietnamese letter, composed."""


def sample(number: int = 42, **changes: object) -> Sticker:
    """One sticker of a vendor with this number; `changes` by field."""
    vendor = vendor_code("CVT", number)
    code = code_id(vendor, 1)
    made = Sticker(
        market="Chợ Vũng Tàu",
        stall=f"B{number}",
        name="Nguyễn Thị Mười Hai",
        bank="Vietcombank",
        bank_full="Ngân hàng TMCP Ngoại thương Việt Nam",
        account="•••• 4242",
        holder="NGUYEN THI MUOI HAI",
        code=code,
        vendor=vendor,
        version=1,
        print_number=1,
        mark=check_mark(KEY, code, 1),
        payload=compose("970436", f"10{number:011d}", vendor),
    )
    return replace(made, **changes) if changes else made
