"""Phone numbers as people write them into lists."""

from __future__ import annotations

import re
import unicodedata

from tracker.tables.cells import DASHES, EXPONENT, Cell, text

_MARKS = str.maketrans(dict.fromkeys(" .-\u00a0\u2009\u202f"))
_PLAIN = re.compile(r"0[3-9][0-9]{8}|0[12][0-9]{9}")
_RUN = re.compile(r"\+?[0-9][0-9 .\-+]*")
_BRACKET = re.compile(r"\(([^()]*)\)?")
_NONE = frozenset(
    {"", "-", "--", "x", "0", "không", "không có", "ko", "ko có", "k", "k có", "chưa", "chưa có"}
    | {"khong", "khong co", "chua", "chua co", "none", "n/a", "na", "không sđt", "null"}
)


def phone(value: Cell) -> tuple[str, str]:
    """A Vietnamese phone number as `0` and 9 or 10 digits, and a fault code or ''.

    Reads `+84…`, `84…`, `0084…`, dots, spaces and dashes, a leading zero that Excel ate, remarks
    in brackets or after the number, the old 11-digit prefixes, and the first of several numbers.
    Words for "none" are an empty cell. Anything else is '' and `PHONE_UNREADABLE`: a warning,
    since a trader without a readable phone is still a trader.
    """
    if type(value) is str:
        compact = value.translate(_MARKS)
        if _PLAIN.fullmatch(compact):
            return compact, ""
    written = text(value)
    if written.casefold() in _NONE:
        return "", ""
    if not written.isascii():
        written = unicodedata.normalize("NFKC", written).translate(DASHES)
    if EXPONENT.search(written):
        return "", "PHONE_UNREADABLE"
    for run in _RUN.findall(_BRACKET.sub(_bracket, written)):
        number = _first_number(re.findall(r"\+?[0-9]+", run))
        if number:
            return number, ""
    return "", "PHONE_UNREADABLE"


def _bracket(found: re.Match[str]) -> str:
    # "(0254) 385…" and "+84 (0) 912…" belong to the number; "(con gái)" and "(2)" do not. What is
    # set apart by ";" is another run: it is still read where nothing before it is a number.
    inside = found.group(1).strip()
    belongs = inside == "0" or (found.start() == 0 and not any(c.isalpha() for c in inside))
    return inside if belongs else f";{inside};"


def _first_number(groups: list[str]) -> str:
    """The number that the first groups of digits spell, '' unless the rest are numbers too."""
    digits = ""
    for used, group in enumerate(groups, 1):
        if used > 1 and group[0] == "+" and digits != "":
            break
        digits += group
        number = _canonical(digits)
        if number and (used == len(groups) or _first_number(groups[used:])):
            return number
    return ""


def _canonical(digits: str) -> str:
    national = digits
    if digits.startswith("+"):
        if not digits.startswith("+84"):
            return ""
        national = "0" + digits[3:].removeprefix("0")
    elif digits.startswith("0084"):
        national = "0" + digits[4:].removeprefix("0")
    elif digits.startswith("84") and len(digits) in {11, 12}:
        national = "0" + digits[2:].removeprefix("0")
    elif (len(digits) == 9 and digits[0] in "3456789") or (len(digits) == 10 and digits[0] in "12"):
        national = "0" + digits  # the zero that Excel ate
    return national if _PLAIN.fullmatch(national) else ""
