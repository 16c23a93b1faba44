"""One cell in, one normalised value out, and a fault code where it cannot be read.

Every function takes a `Cell` as a reader yields it (text, number, truth value, date or None) and
never looks at another cell. An empty cell is the empty string, or None for a date. A cell that
holds something unreadable comes back empty **with** a fault code, so that nothing is guessed and
nothing goes unmentioned. Cells that begin with `=`, `+`, `-` or `@` are text like any other: no
formula is ever evaluated here.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from functools import lru_cache

Cell = str | int | float | bool | date | datetime | time | timedelta | None

# Limits in characters after normalising. They are generous for people and small for machines:
# one cell must not be able to fill a record, a sticker or a log line.
STALL_CHARS_MAX = 24  # painted on a wall and printed on a sticker
NAME_CHARS_MAX = 120  # the longest registered household names stay below 100
LABEL_CHARS_MAX = 80  # zones and categories become rows of a table
MARKET_CHARS_MAX = 80  # a slug, or the market's full name
REF_CHARS_MAX = 128  # a bank's own key, often two identifiers joined
NOTE_CHARS_MAX = 1000  # free remark; longer ones are documents, not remarks
ACCOUNT_CHARS_MAX = 19  # NAPAS: account or card number, at most 19 characters

# Excel keeps 15 significant digits and puts zeros for the rest, without a word.
EXCEL_EXACT_BELOW = 10**15

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

# Letters that old Vietnamese fonts and converters leave in place of Đ and đ.
_ETH = str.maketrans({"Ð": "Đ", "Ɖ": "Đ", "ð": "đ"})
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-"))
EXPONENT = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_STALL_AS_DAY = re.compile(rf"[0-9]{{1,2}}-(?:{_MONTHS})|(?:{_MONTHS})-[0-9]{{2}}")  # was 3-5
_ACCOUNT_MARKS = str.maketrans(dict.fromkeys(" .-\u00a0\u2009\u202f\t\r\n"))
_DATE_DMY = re.compile(r"([0-9]{1,2})\s*([/.\-])\s*([0-9]{1,2})\s*\2\s*([0-9]{4}|[0-9]{2})")
_DATE_YMD = re.compile(r"([0-9]{4})([/.\-]?)([0-9]{1,2})\2([0-9]{1,2})")
_TIME_TAIL = re.compile(
    r"[T ]\s*[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?\s*(?:Z|[+-]..:?..)?$"
)
_EXCEL_DAY_ZERO = date(1899, 12, 30)
_LETTERS_LOST = re.compile(r"[^\W\d_]\?|\?[^\W\d_]|\ufffd")
_TOTAL_MARKED = re.compile(r"(?:tổng|cộng)(?:\W|\d|$)")
_TOTAL_ASCII = re.compile(
    r"(?:tong cong|tong so|tong|cong|grand total|subtotal|total|sum)"
    r"(?: so| ho| quay| sap| tieu thuong| nguoi| danh sach| khu \w+)*[\s:.,=\d]*"
)


def text(value: Cell) -> str:
    """Any cell as one line of NFC text without outer space; '' for an empty cell.

    A whole number loses Excel's `.0`; a date becomes `YYYY-MM-DD`. Line breaks, tabs and other
    control characters become spaces, invisible format characters go. The apostrophe that keeps a
    spreadsheet from running a cell as a formula is dropped, so that our own exports read back.
    """
    if type(value) is str:
        plain = value.strip()
        if plain[:1] == "'" and plain[1:2] in _FORMULA_START_SET:
            plain = plain[1:].strip()
        if not plain.isascii():
            plain = unicodedata.normalize("NFC", plain)
            if "Ð" in plain or "ð" in plain or "Ɖ" in plain:
                plain = plain.translate(_ETH)
        if not plain.isprintable():
            plain = _visible(plain)
        return plain
    return _scalar(value)


_FORMULA_START_SET = frozenset(FORMULA_STARTS)


def _visible(plain: str) -> str:
    kept = (
        " " if unicodedata.category(c) in {"Cc", "Zs", "Zl", "Zp"} else c
        for c in plain
        if unicodedata.category(c) != "Cf"
    )
    return "".join(kept).strip()


def _scalar(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, str):  # a subclass of str; a plain one never comes here
        return text(str(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def label(value: Cell) -> str:
    """`text` with inner white space collapsed to single spaces: zones and categories."""
    if type(value) is str:
        return _label_of_text(value)
    return text(value)


@lru_cache(maxsize=2048)  # only text: 1, 1.0 and True are one key and three cells
def _label_of_text(value: str) -> str:
    plain = text(value)
    return " ".join(plain.split()) if "  " in plain else plain


def person_name(value: Cell) -> str:
    """A person's or household's name: NFC, one space between words; case and marks are kept."""
    plain = text(value)
    return " ".join(plain.split()) if "  " in plain else plain


def letters_lost(name: str) -> bool:
    """True where a wrong encoding on the way put `?` or U+FFFD in place of letters (`Nguy?n`)."""
    return ("?" in name or "\ufffd" in name) and _LETTERS_LOST.search(name) is not None


def stall(value: Cell) -> tuple[str, str]:
    """A stall code as the registry compares it, and a fault code or ''.

    NFC, full-width characters to ASCII, upper case, every space removed, typographic dashes to
    `-`: ` b 12 ` is `B12`. Nothing else is changed, so `B-12`, `B.12` and `B12` are three stalls:
    markets do use the mark to tell places apart. Excel turns `3-5` into a day of the year (in CSV
    `03-May`); such a cell has lost its text and is `STALL_MANGLED`.
    """
    if type(value) is str and value.isascii() and value.isalnum():
        code = value.upper()
    elif isinstance(value, date | time | timedelta):
        return "", "STALL_MANGLED"
    else:
        plain = unicodedata.normalize("NFKC", text(value)).translate(DASHES)
        code = unicodedata.normalize("NFKC", "".join(plain.upper().split()))
        if _STALL_AS_DAY.fullmatch(code):
            return "", "STALL_MANGLED"
    return ("", "STALL_TOO_LONG") if len(code) > STALL_CHARS_MAX else (code, "")


def account(value: Cell) -> tuple[str, str]:
    """An account number without spaces, dots and dashes, and a fault code or ''.

    `ACCOUNT_MANGLED`: a spreadsheet has turned it into a number and digits may be lost (exponent
    form, or a numeric cell of 16 digits and more). `ACCOUNT_AS_NUMBER`: a warning, the digits are
    all there but a leading zero may be missing. `ACCOUNT_UNREADABLE`: not 1 to 19 letters and
    digits (NAPAS VietQR v1.0, field 38-01-01).
    """
    if type(value) is str and value.isascii() and value.isdigit():
        return (value, "") if len(value) <= ACCOUNT_CHARS_MAX else ("", "ACCOUNT_UNREADABLE")
    fault = ""
    if isinstance(value, bool | date | time | timedelta):
        return "", "ACCOUNT_UNREADABLE"
    if isinstance(value, int | float):
        if value < 0 or value != value // 1:
            return "", "ACCOUNT_UNREADABLE"
        if value >= EXCEL_EXACT_BELOW:
            return "", "ACCOUNT_MANGLED"
        fault = "ACCOUNT_AS_NUMBER"
    number = text(value)
    if EXPONENT.fullmatch(number):
        return "", "ACCOUNT_MANGLED"
    number = number.translate(_ACCOUNT_MARKS)
    if number and not (number.isascii() and number.isalnum() and len(number) <= ACCOUNT_CHARS_MAX):
        return "", "ACCOUNT_UNREADABLE"
    return number, fault


def bank_bin(value: Cell) -> tuple[str, str]:
    """A bank's BIN, six digits, and '' or `BIN_UNREADABLE`; an empty cell is ('', '')."""
    number = text(value)
    if not number or (len(number) == 6 and number.isascii() and number.isdigit()):
        return number, ""
    return "", "BIN_UNREADABLE"


def day(value: Cell) -> tuple[date | None, str]:
    """A calendar day and '' or `DATE_UNREADABLE`; an empty cell is (None, '').

    Reads Excel dates and day numbers, `2023-04-16`, `20230416`, `16/04/2023`, `16-4-2023` and
    `16.4.23`, with or without a time of day (ignored). The day stands before the month, as
    everywhere in Vietnam: `04/16/2023` is not guessed at. Years 2000 to 2099.
    """
    if type(value) is str:
        return _day_of_text(value)
    if value is None:
        return None, ""
    if isinstance(value, datetime):
        found: date | None = value.date()
    elif isinstance(value, date):
        found = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = _day_of_number(value)
    else:
        found = None
    return _in_range(found)


@lru_cache(maxsize=4096)  # a file of 100 000 rows has a few hundred different days
def _day_of_text(value: str) -> tuple[date | None, str]:
    written = text(value)
    if not written:
        return None, ""
    written = _TIME_TAIL.sub("", written)
    try:
        if dmy := _DATE_DMY.fullmatch(written):
            year = int(dmy[4]) + (2000 if len(dmy[4]) == 2 else 0)
            return _in_range(date(year, int(dmy[3]), int(dmy[1])))
        if (ymd := _DATE_YMD.fullmatch(written)) and (ymd[2] or len(written) == 8):
            return _in_range(date(int(ymd[1]), int(ymd[3]), int(ymd[4])))
        if written.isascii() and written.isdigit() and len(written) == 5:
            return _in_range(_day_of_number(int(written)))
    except ValueError:  # 31 April, month 13
        pass
    return None, "DATE_UNREADABLE"


def _day_of_number(number: float) -> date | None:
    if 36_526 <= number < 73_051:  # Excel's 2000-01-01 to 2099-12-31
        return _EXCEL_DAY_ZERO + timedelta(days=int(number))
    if 20_000_101 <= number <= 20_991_231:  # 20230416 in a numeric cell
        return _day_of_text(str(int(number)))[0]
    return None


def _in_range(found: date | None) -> tuple[date | None, str]:
    if found is None or not 2000 <= found.year <= 2099:
        return None, "DATE_UNREADABLE"
    return found, ""


def total_line(serial: str, name: str) -> bool:
    """True for a line that adds up the rows above it and is no trader.

    No serial number and a name like "Tổng cộng", "Cộng: 126"; or such words in the serial column,
    where merged cells put them. Letters with their marks decide where there are any: "Tống Thị
    Hoa" is a trader, and so is "Tong Thi Hoa"; "Tong cong 126" is not.
    """
    if serial:
        return not serial.isdigit() and _says_total(serial)
    return _says_total(name)


def _says_total(words: str) -> bool:
    lowered = words.lower().lstrip(" *-–.")
    if lowered.isascii():
        return _TOTAL_ASCII.fullmatch(" ".join(lowered.split())) is not None
    return _TOTAL_MARKED.match(lowered) is not None
