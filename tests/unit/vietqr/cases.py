"""Payloads by the verdict they deserve: each rule of the format, broken once and at its limit."""

from __future__ import annotations

from .payloads import ACCOUNT, BIN, pairs, payload, signed, tlv, transfer

GOOD = payload()
VNPAY = tlv(("00", "A000000775"), ("01", "0100112233"))

# What to read, and a problem (code, tag path) that must be among those found.
REJECT = {
    # 00, 01
    "00 missing": (payload(t00=None), ("MISSING", "00")),
    "00 wrong": (payload(t00="02"), ("VALUE", "00")),
    "01 missing": (payload(t01=None), ("MISSING", "01")),
    "01 of 13": (payload(t01="13"), ("VALUE", "01")),
    "01 in Arabic digits": (payload(t01="١١"), ("VALUE", "01")),
    # 38
    "38 missing": (payload(t38=None), ("MISSING", "38")),
    "GUID missing": (
        payload(t38=tlv(("01", tlv(("00", BIN), ("01", "1"))), ("02", "QRIBFTTA"))),
        ("MISSING", "38.00"),
    ),
    "GUID of another scheme over a VietQR transfer": (
        payload(t38=transfer(guid="A000000728")),
        ("VALUE", "38.00"),
    ),
    "GUID in lower case": (payload(t38=transfer(guid="a000000727")), ("VALUE", "38.00")),
    "service missing": (
        payload(t38=tlv(("00", "A000000727"), ("01", tlv(("00", BIN), ("01", "1"))))),
        ("MISSING", "38.02"),
    ),
    "service unknown": (payload(t38=transfer(service="QRIBFTTX")), ("VALUE", "38.02")),
    "service in lower case": (payload(t38=transfer(service="qribftta")), ("VALUE", "38.02")),
    "38.01 missing": (
        payload(t38=tlv(("00", "A000000727"), ("02", "QRIBFTTA"))),
        ("MISSING", "38.01"),
    ),
    "38 duplicate": (
        payload(t38=transfer() + tlv(("02", "QRIBFTTA"))),
        ("DUPLICATE_TAG", "38.02"),
    ),
    "38 longer than its content": (payload(t38=transfer() + "03"), ("TRUNCATED", "38.03")),
    "38 not TLV": (payload(t38="hello"), ("TAG_NOT_DIGITS", "38")),
    "BIN of five": (payload(t38=transfer(bin_="97043")), ("VALUE", "38.01.00")),
    "BIN of seven": (payload(t38=transfer(bin_="9704366")), ("VALUE", "38.01.00")),
    "BIN full-width": (payload(t38=transfer(bin_="９７０４３６")), ("VALUE", "38.01.00")),
    "BIN missing": (
        payload(t38=tlv(("00", "A000000727"), ("01", tlv(("01", "1"))), ("02", "QRIBFTTA"))),
        ("MISSING", "38.01.00"),
    ),
    "account missing": (
        payload(t38=tlv(("00", "A000000727"), ("01", tlv(("00", BIN))), ("02", "QRIBFTTA"))),
        ("MISSING", "38.01.01"),
    ),
    "account empty": (
        payload(t38=tlv(("00", "A000000727"), ("01", f"0006{BIN}0100"), ("02", "QRIBFTTA"))),
        ("EMPTY_VALUE", "38.01.01"),
    ),
    "account of 20": (payload(t38=transfer(account="1" * 20)), ("VALUE_TOO_LONG", "38.01.01")),
    "account with a space": (payload(t38=transfer(account="1 2")), ("ACCOUNT_SPACE", "38.01.01")),
    "account with a tab": (payload(t38=transfer(account="1\t2")), ("CHARACTERS", "38.01.01")),
    "account with đ": (payload(t38=transfer(account="đ12")), ("CHARACTERS", "38.01.01")),
    "account twice": (
        payload(
            t38=tlv(
                ("00", "A000000727"),
                ("01", tlv(("00", BIN), ("01", "1"), ("01", "2"))),
                ("02", "QRIBFTTA"),
            )
        ),
        ("DUPLICATE_TAG", "38.01.01"),
    ),
    "more in 38.01": (
        payload(
            t38=tlv(
                ("00", "A000000727"),
                ("01", tlv(("00", BIN), ("01", "1"), ("02", "x"))),
                ("02", "QRIBFTTA"),
            )
        ),
        ("UNEXPECTED_TAG", "38.01.02"),
    ),
    # 52, 53, 58
    "52 of three": (payload(t52="581"), ("VALUE", "52")),
    "52 of letters": (payload(t52="58A2"), ("VALUE", "52")),
    "53 missing": (payload(t53=None), ("MISSING", "53")),
    "53 of dollars": (payload(t53="840"), ("VALUE", "53")),
    "58 missing": (payload(t58=None), ("MISSING", "58")),
    "58 of another country": (payload(t58="US"), ("VALUE", "58")),
    "58 in lower case": (payload(t58="vn"), ("VALUE", "58")),
    # 55-57
    "55 of 04": (payload(t55="04"), ("VALUE", "55")),
    "55 of one digit": (payload(t55="1"), ("VALUE", "55")),
    "55 = 02 without 56": (payload(t55="02"), ("MISSING", "56")),
    "55 = 03 without 57": (payload(t55="03"), ("MISSING", "57")),
    "56 without 55": (payload(t56="500"), ("UNEXPECTED_TAG", "56")),
    "57 without 55": (payload(t57="5"), ("UNEXPECTED_TAG", "57")),
    "56 with 55 = 01": (payload(t55="01", t56="500"), ("UNEXPECTED_TAG", "56")),
    "56 with 55 = 03": (payload(t55="03", t56="500", t57="5"), ("UNEXPECTED_TAG", "56")),
    "57 with 55 = 02": (payload(t55="02", t56="500", t57="5"), ("UNEXPECTED_TAG", "57")),
    "56 with a fraction": (payload(t55="02", t56="0.5"), ("AMOUNT_FRACTION", "56")),
    "57 of zero": (payload(t55="03", t57="00.00"), ("VALUE", "57")),
    "57 of 100": (payload(t55="03", t57="100"), ("VALUE", "57")),
    "57 of three decimals": (payload(t55="03", t57="1.234"), ("VALUE", "57")),
    "57 with a comma": (payload(t55="03", t57="1,5"), ("VALUE", "57")),
    # 59-61
    "59 of 26": (payload(t59="H" * 26), ("VALUE_TOO_LONG", "59")),
    "60 of 16": (payload(t60="H" * 16), ("VALUE_TOO_LONG", "60")),
    "61 of 11": (payload(t61="1" * 11), ("VALUE_TOO_LONG", "61")),
    "59 with diacritics": (payload(t59="Hoà"), ("CHARACTERS", "59")),
    "60 with a line end": (payload(t60="A\nB"), ("CHARACTERS", "60")),
    "61 with DEL": (payload(t61="1\x7f"), ("CHARACTERS", "61")),
    # 62
    "62 not TLV": (payload(t62="xx"), ("TAG_NOT_DIGITS", "62")),
    "62 too short for its length": (payload(t62="0805abc"), ("TRUNCATED", "62.08")),
    "62.01 empty": (payload(t62="0100"), ("EMPTY_VALUE", "62.01")),
    "62.01 twice": (payload(t62="0101a0101a"), ("DUPLICATE_TAG", "62.01")),
    "62.08 with diacritics": (payload(t62=tlv(("08", "cá"))), ("CHARACTERS", "62.08")),
    "62.08 long with diacritics": (payload(t62=tlv(("08", "cá" * 20))), ("CHARACTERS", "62.08")),
    # 64
    "64 without language": (payload(t64=tlv(("01", "Cô"))), ("MISSING", "64.00")),
    "64 without name": (payload(t64=tlv(("00", "VI"))), ("MISSING", "64.01")),
    "64.00 of one letter": (payload(t64=tlv(("00", "V"), ("01", "C"))), ("VALUE", "64.00")),
    "64.00 of digits": (payload(t64=tlv(("00", "12"), ("01", "C"))), ("VALUE", "64.00")),
    "64.01 of 26": (
        payload(t64=tlv(("00", "VI"), ("01", "ô" * 26))),
        ("VALUE_TOO_LONG", "64.01"),
    ),
    "64.02 of 16": (
        payload(t64=tlv(("00", "VI"), ("01", "ô"), ("02", "ô" * 16))),
        ("VALUE_TOO_LONG", "64.02"),
    ),
    "64 length in bytes": (
        signed(tlv(*pairs()) + "64130002VI0103Cô"),
        ("TRUNCATED", "30"),
    ),  # 64 swallows a byte too many
    # structure
    "root tag twice": (signed(tlv(*pairs(), ("58", "VN"))), ("DUPLICATE_TAG", "58")),
    "template twice": (signed(tlv(*pairs(), ("38", transfer()))), ("DUPLICATE_TAG", "38")),
    "empty value": (signed(tlv(*pairs()) + "5900"), ("EMPTY_VALUE", "59")),
    "empty ignored tag": (signed(tlv(*pairs()) + "8000"), ("EMPTY_VALUE", "80")),
    "00 not first": (signed(tlv(*pairs(t00=None), ("00", "01"))), ("FORMAT_NOT_FIRST", "00")),
    "leading space": (" " + GOOD, ("TAG_NOT_DIGITS", "")),
    "two BOMs": ("\ufeff\ufeff" + GOOD, ("TAG_NOT_DIGITS", "")),
    "zero-width space behind": (GOOD + "\u200b", ("CRC_NOT_LAST", "63")),
    # 63
    "no CRC": (tlv(*pairs()), ("MISSING", "63")),
    "CRC of three": (GOOD[:-1], ("TRUNCATED", "63")),
    "CRC not last": (GOOD + tlv(("99", "x")), ("CRC_NOT_LAST", "63")),
    "CRC twice": (GOOD + GOOD[-8:], ("CRC_NOT_LAST", "63")),
    "CRC of five": (tlv(*pairs(), ("63", "0" + GOOD[-4:])), ("VALUE", "63")),
    "CRC no hexadecimal": (GOOD[:-1] + "G", ("VALUE", "63")),
    "CRC full-width": (GOOD[:-1] + "７", ("VALUE", "63")),
    "CRC wrong": (GOOD[:-4] + "0000", ("CRC_MISMATCH", "63")),
    "half a surrogate pair": (GOOD.replace("5802VN", "5802VN8001\ud800"), ("NOT_UNICODE", "")),
    # as a whole
    "empty": ("", ("EMPTY", "")),
    "white space": (" \r\n", ("EMPTY", "")),
    "only a BOM": ("\ufeff", ("EMPTY", "")),
    "a web address": ("https://example.org/pay", ("TAG_NOT_DIGITS", "")),
}

OK = {
    "dynamic without an amount": payload(t01="12"),
    "card": payload(t38=transfer(account="9704" * 4, service="QRIBFTTC")),
    "account of 19 signs": payload(t38=transfer(account="!" + "~" * 18)),
    "cash": payload(t38=transfer(service="QRCASH")),
    "merchant payment": payload(
        t38=transfer(service="QRPUSH"), t52="5812", t59="QUAN COM", t60="VUNG TAU"
    ),
    "order of 38": payload(
        t38=tlv(("02", "QRIBFTTA"), ("01", tlv(("01", ACCOUNT), ("00", BIN))), ("00", "A000000727"))
    ),
    "order of the root": signed("000201" + tlv(*reversed(pairs(t00=None)))),
    "tip asked for": payload(t55="01"),
    "tip fixed": payload(t55="02", t56="5000."),
    "tip of 00.01 %": payload(t55="03", t57="00.01"),
    "tip of 99.99 %": payload(t55="03", t57="99.99"),
    "tip of 5 %": payload(t55="03", t57="5"),
    "texts at their limits": payload(t59="~" * 25, t60=" " * 15, t61="1" * 10, t52="0000"),
    "62 at its limits": payload(t62=tlv(("01", "a" * 25), ("05", "b" * 25), ("08", "c" * 25))),
    "62 with EMVCo's own": payload(t62=tlv(("04", "***"), ("06", "x"), ("09", "AME"), ("50", "é"))),
    "64 in Vietnamese": payload(t64=tlv(("00", "vi"), ("01", "Đ" * 25), ("02", "ũ" * 15))),
    "64 with a sign beyond 16 bits": payload(t64=tlv(("00", "VI"), ("01", "Cô 😀"))),
    "64 with more": payload(t64=tlv(("00", "VI"), ("01", "Cô"), ("03", "x"))),
    "VNPAY beside it": payload(t26=VNPAY),
    "ZaloPay before it": payload(t26=tlv(("00", "vn.zalopay"), ("01", "x"))),
    "something unreadable beside it": payload(t26="nothing", t02="4000"),
}

LENIENT = {
    "BOM": ("\ufeff" + GOOD, "LEADING_BOM"),
    "line end": (GOOD + "\r\n", "TRAILING_SPACE"),
    "spaces": (GOOD + "  ", "TRAILING_SPACE"),
    "ideographic space": (GOOD + "\u3000", "TRAILING_SPACE"),
    "CRC in lower case": (GOOD[:-4] + GOOD[-4:].lower(), "CRC_LOWER_CASE"),
    "static with an amount": (payload(t54="10000"), "AMOUNT_IN_STATIC"),
    "long purpose": (payload(t62=tlv(("08", "x" * 26))), "PURPOSE_LONG"),
    "longest purpose": (payload(t62=tlv(("08", "x" * 95))), "PURPOSE_LONG"),
    "more in 38": (payload(t38=transfer() + tlv(("03", "x"))), "UNKNOWN_TAG"),
}

OTHER = {
    "VNPAY": payload(t26=VNPAY, t38=None),
    "only ZaloPay": payload(t38=None, t26=tlv(("00", "vn.zalopay"), ("01", "x"))),
    "a foreign owner in 38": payload(t38=tlv(("00", "com.example"), ("01", "x"))),
    "an unreadable one and a good one": payload(t38=None, t26="nothing", t27=VNPAY),
    "a card network": payload(t38=None, t02="4000123412341234"),
    "another country": payload(t38=None, t29=VNPAY, t53="764", t58="TH", t54="10.50", t01="12"),
    "lenient besides": payload(t26=VNPAY, t38=None) + "\n",
}
