"""The rules of single tags and templates (NAPAS VietQR v1.0; EMVCo QRCPS MPM v1.0).

Each function looks at one part of a payload, notes the problems and returns what it read. The
value of a field that has a problem means nothing: `parse` drops it.
"""

from __future__ import annotations

import re

from msgspec import Struct

from tracker.vietqr.reading import NOTHING, Reading
from tracker.vietqr.text import is_ans
from tracker.vietqr.tlv import Level, crc, walk

GUID = "A000000727"
"""NAPAS's identifier, tag 38.00."""

ACCOUNT_SERVICE, CARD_SERVICE, MERCHANT_SERVICE = "QRIBFTTA", "QRIBFTTC", "QRPUSH"
SERVICES = frozenset({ACCOUNT_SERVICE, CARD_SERVICE, MERCHANT_SERVICE, "QRCASH"})
"""Tag 38.02: transfer to an account, to a card, merchant payment, cash withdrawal."""

ACCOUNT_LENGTH_MAX = 19
AMOUNT_LENGTH_MAX = 13
TRANSFER_LIMIT_VND = 500_000_000
"""A NAPAS 247 transfer is under this many dong."""

BIN = re.compile(r"[0-9]{6}")
MCC = re.compile(r"[0-9]{4}")
LANGUAGE = re.compile(r"[A-Za-z]{2}")
_AMOUNT = re.compile(r"[0-9]+\.?")
_AMOUNT_FOREIGN = re.compile(r"[0-9]+(\.[0-9]*)?")
_FRACTION = re.compile(r"[0-9]*\.[0-9]+")
_PERCENT = re.compile(r"[0-9]{1,2}(\.[0-9]{0,2})?")
_NONZERO = re.compile(r"[1-9]")
_CRC = re.compile(r"[0-9A-Fa-f]{4}")

ADDITIONAL_LENGTH_MAX = 25
# 04, 06 and 09 are EMVCo's own: loyalty number, customer label, what the app should ask for.
_ADDITIONAL = {f"0{tag}": ADDITIONAL_LENGTH_MAX for tag in range(1, 9)} | {"09": 3}


class Transfer(Struct):
    """Tag 38, read. `bin` is None unless it is six digits; `bin_at` is where it stands."""

    bin: str | None
    bin_at: int
    account: str | None
    service: str | None


def checksum(r: Reading, root: Level) -> None:
    """Tag 63: last, four hexadecimal digits in capitals, and right.

    Lower case is mended (lenient).
    """
    value = root.values.get("63")
    if value is None:
        r.missing(root, "63", "63", r.end)
        return
    at = root.offsets["63"]
    if at + 4 + len(value) != r.end:
        r.add("CRC_NOT_LAST", at, "63")
        return
    try:
        right = crc(r.text[r.start : at + 4])
    except UnicodeEncodeError:  # reported for the whole text by parse
        return
    if value != right:
        if not _CRC.fullmatch(value):
            r.add("VALUE", at, "63")
        else:
            r.add("CRC_LOWER_CASE" if value.upper() == right else "CRC_MISMATCH", at, "63")


def transfer(r: Reading, root: Level) -> Transfer | None:
    """Tag 38; None if it carries another scheme's identifier and content.

    With another identifier but a VietQR service code it means to be a VietQR transfer and is
    broken: to call that another scheme would hide the fault.
    """
    top = r.template(root, "38", "38")
    values, at = top.values, top.offsets
    start = root.offsets["38"]
    guid, service = values.get("00"), values.get("02")
    if guid != GUID:
        if guid is not None and service not in SERVICES and top.whole and not top.faults:
            return None
        if guid is None:
            r.missing(top, "00", "38.00", start)
        else:
            r.add("VALUE", at["00"], "38.00")
    if service not in SERVICES:
        if service is None:
            r.missing(top, "02", "38.02", start)
        else:
            r.add("VALUE", at["02"], "38.02")
    if len(at) > 3:
        for tag in at:
            if tag > "02":
                r.add("UNKNOWN_TAG", at[tag], f"38.{tag}")
    if "01" not in values:
        r.missing(top, "01", "38.01", start)
        return Transfer(None, start, None, service)
    inner = r.template(top, "01", "38.01")
    bin_, account = inner.values.get("00"), inner.values.get("01")
    if bin_ is None:
        r.missing(inner, "00", "38.01.00", at["01"])
    elif not BIN.fullmatch(bin_):
        r.add("VALUE", inner.offsets["00"], "38.01.00")
        bin_ = None
    if account is None:
        r.missing(inner, "01", "38.01.01", at["01"])
    else:
        r.ans(inner, "01", "38.01.01", ACCOUNT_LENGTH_MAX)
        if " " in account:
            r.add("ACCOUNT_SPACE", inner.offsets["01"], "38.01.01")
    if len(inner.offsets) > 2:
        for tag in inner.offsets:
            if tag > "01":
                r.add("UNEXPECTED_TAG", inner.offsets[tag], f"38.01.{tag}")
    return Transfer(bin_, inner.offsets.get("00", start), account, service)


def other_scheme(r: Reading, root: Level) -> bool:
    """Whether another scheme's merchant account information stands at the root; noted if so.

    IDs 02-25 are plain values, 26-51 templates that name their owner in 00 (EMVCo QRCPS MPM
    v1.0). A template that cannot be read is no scheme.
    """
    for tag, value in root.values.items():
        if "02" <= tag <= "51":
            if tag >= "26":
                start = root.offsets[tag] + 4
                inner = walk(r.text, start, start + len(value))
                if inner.faults or "00" not in inner.values:
                    continue
            elif not is_ans(value):
                continue
            r.add("OTHER_SCHEME", root.offsets[tag], tag)
            return True
    return False


def money(r: Reading, root: Level, tag: str, *, dong: bool) -> int | None:
    """An amount, tag 54 or 56: digits, at most one point, no fraction of a dong, not zero.

    Returns whole dong; None where there is a problem or the currency is another.
    """
    value = root.values.get(tag)
    if value is None:
        return None
    at = root.offsets[tag]
    if len(value) > AMOUNT_LENGTH_MAX:
        r.add("VALUE_TOO_LONG", at, tag, AMOUNT_LENGTH_MAX)
    elif not (_AMOUNT if dong else _AMOUNT_FOREIGN).fullmatch(value):
        r.add("AMOUNT_FRACTION" if _FRACTION.fullmatch(value) else "AMOUNT_FORMAT", at, tag)
    elif not _NONZERO.search(value):
        r.add("AMOUNT_ZERO", at, tag)
    elif dong:
        return int(value.rstrip("."))
    return None


def tips(r: Reading, root: Level, *, dong: bool) -> None:
    """Tags 55-57: 56 if and only if 55 is 02, 57 if and only if 55 is 03."""
    values, at = root.values, root.offsets
    kind = values.get("55")
    if kind is not None and kind not in {"01", "02", "03"}:
        r.add("VALUE", at["55"], "55")
    money(r, root, "56", dong=dong)
    percent = values.get("57")
    if percent is not None and not (_PERCENT.fullmatch(percent) and _NONZERO.search(percent)):
        r.add("VALUE", at["57"], "57")
    for tag, wanted_by in (("56", "02"), ("57", "03")):
        if kind == wanted_by:
            r.missing(root, tag, tag, r.end)
        elif tag in at:
            r.add("UNEXPECTED_TAG", at[tag], tag)


def additional(r: Reading, root: Level) -> Level:
    """Tag 62, ANS of at most 25 characters each; a longer purpose (08) is lenient.

    EMVCo reserves 10-99; a reader ignores them.
    """
    if "62" not in root.values:
        return NOTHING
    level = r.template(root, "62", "62")
    for tag, value in level.values.items():
        limit = _ADDITIONAL.get(tag)
        if limit is not None:
            if len(value) > limit:
                if tag == "08":
                    r.add("PURPOSE_LONG", level.offsets[tag], "62.08")
                else:
                    r.add("VALUE_TOO_LONG", level.offsets[tag], f"62.{tag}", limit)
            if not (r.plain or is_ans(value)):
                r.add("CHARACTERS", level.offsets[tag], f"62.{tag}")
    return level


def language(r: Reading, root: Level) -> Level:
    """Tag 64: language (00) and name (01) needed, city (02) not; any script may stand there."""
    if "64" not in root.values:
        return NOTHING
    level = r.template(root, "64", "64")
    for tag in ("00", "01"):
        r.missing(level, tag, f"64.{tag}", root.offsets["64"])
    code = level.values.get("00")
    if code is not None and not LANGUAGE.fullmatch(code):
        r.add("VALUE", level.offsets["00"], "64.00")
    for tag, limit in (("01", 25), ("02", 15)):
        if len(level.values.get(tag, "")) > limit:
            r.add("VALUE_TOO_LONG", level.offsets[tag], f"64.{tag}", limit)
    return level
