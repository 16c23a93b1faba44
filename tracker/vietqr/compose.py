"""Writing VietQR payloads (NAPAS VietQR v1.0, EMVCo QRCPS MPM v1.0).

Only what `parse` calls ok is written: what readers tolerate (an amount in a reusable code, a long
purpose, 500 million dong and more) is refused here, and nothing of our own goes inside, since not
every banking app is known to put up with it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from msgspec import Struct

from tracker.domain.errors import Fault, Invalid
from tracker.domain.text import nfc, squeeze
from tracker.vietqr import rules
from tracker.vietqr.text import clamp, is_ans, payload_name
from tracker.vietqr.text import fold_ascii as fold
from tracker.vietqr.tlv import crc, field

_TEMPLATE_LENGTH_MAX = 99
_CARD_LENGTH_MIN = 8  # ISO/IEC 7812-1: an issuer's number, an account part, a check digit


class LocalName(Struct, frozen=True):
    """Name, and perhaps city, in another script (tag 64): `LocalName("vi", "Cô Bảy Đặng")`.

    `language`: two letters of ISO 639-1. Longer names than 25 characters and cities than 15 are
    clamped. Vietnamese letters stand only here, and a symbol that carries them needs ECI 26.
    """

    language: str
    name: str
    city: str | None = None


class _Faults:
    """Faults found so far; every check returns the value to write, or "" where there is none."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, name: str, code: str, detail: str) -> str:
        self.found.append(Fault(pointer=f"/{name}", code=code, detail=detail))
        return ""

    def exact(self, name: str, value: str | None, fits: Callable[[str], bool], rule: str) -> str:
        if value is None:
            return ""
        return value if fits(value) else self.add(name, "VALUE", f"{name} must be {rule}")

    def label(self, name: str, value: str | None) -> str:
        rule = f"1 to {rules.ADDITIONAL_LENGTH_MAX} printable ASCII characters"
        return self.exact(name, value, _is_label, rule)

    def name(self, name: str, value: str | None, limit: int) -> str:
        if value is None:
            return ""
        rule = f"{name} has no character that a payload can carry"
        return payload_name(value, limit) or self.add(name, "VALUE", rule)


def compose(
    bin_: str,
    account: str,
    terminal: str | None = None,
    *,
    card: bool = False,
    amount_vnd: int | None = None,
    single_use: bool | None = None,
    bill: str | None = None,
    purpose: str | None = None,
    store: str | None = None,
    reference: str | None = None,
    merchant_name: str | None = None,
    city: str | None = None,
    mcc: str | None = None,
    local: LocalName | None = None,
) -> str:
    """The payload of a transfer to an account (QRIBFTTA) or, with `card`, to a card (QRIBFTTC).

    `bin_`: six digits; a BIN without VietQR transfers is written all the same (see
    `banks.warning`). `account`: 1-19 printable ASCII characters without space; a card number:
    8-19 digits. `amount_vnd`: whole dong, 1 to 499 999 999. `single_use`: dynamic (12) or static
    (11); by default dynamic if there is an amount, which a static code must not carry.
    `terminal` (the vendor code), `bill`, `store`, `reference`: 1-25 printable ASCII characters,
    written as they are. `purpose`: folded to ASCII, then at most 25. `merchant_name`, `city`:
    folded to ASCII capitals and clamped to 25 and 15. `mcc`: four digits (ISO 18245).

    Raises `Invalid` (code `PAYLOAD_INVALID`) with every fault; pointers are `/` and the name of
    the argument, `/bin` for the first.
    """
    faults = _Faults()
    exact = faults.exact
    bin_ = exact("bin", bin_, lambda v: bool(rules.BIN.fullmatch(v)), "6 digits")
    if card:
        account = exact("account", account, _is_card, "a card number of 8 to 19 digits")
    else:
        rule = "1 to 19 printable ASCII characters without a space"
        account = exact("account", account, _is_account, rule)
    mcc = exact("mcc", mcc, lambda v: bool(rules.MCC.fullmatch(v)), "4 digits")
    amount = _amount(faults, amount_vnd, single_use)
    if purpose is not None:
        purpose = fold(purpose)
    additional = "".join(
        field(tag, value)
        for tag, value in (
            ("01", faults.label("bill", bill)),
            ("03", faults.label("store", store)),
            ("05", faults.label("reference", reference)),
            ("07", faults.label("terminal", terminal)),
            ("08", faults.label("purpose", purpose)),
        )
        if value
    )
    if len(additional) > _TEMPLATE_LENGTH_MAX:
        detail = "bill, store, reference, terminal and purpose are too long together"
        faults.add("purpose", "TOO_LONG_TOGETHER", detail)
    name = faults.name("merchant_name", merchant_name, 25)
    town = faults.name("city", city, 15)
    template = _language(faults, local) if local else ""
    if faults.found:
        raise Invalid(
            "The payment payload cannot be written; see the faults.",
            code="PAYLOAD_INVALID",
            faults=tuple(faults.found),
        )
    service = rules.CARD_SERVICE if card else rules.ACCOUNT_SERVICE
    beneficiary = field("00", bin_) + field("01", account)
    dynamic = amount_vnd is not None if single_use is None else single_use
    parts = (
        ("00", "01"),
        ("01", "12" if dynamic else "11"),
        ("38", field("00", rules.GUID) + field("01", beneficiary) + field("02", service)),
        ("52", mcc),
        ("53", "704"),
        ("54", amount),
        ("58", "VN"),
        ("59", name),
        ("60", town),
        ("62", additional),
        ("64", template),
    )
    text = "".join(field(tag, value) for tag, value in parts if value) + "6304"
    return text + crc(text)


def _is_label(value: str) -> bool:
    return 0 < len(value) <= rules.ADDITIONAL_LENGTH_MAX and is_ans(value) and not value.isspace()


def _is_account(value: str) -> bool:
    return 0 < len(value) <= rules.ACCOUNT_LENGTH_MAX and is_ans(value) and " " not in value


def _is_card(value: str) -> bool:
    return _is_account(value) and value.isdigit() and len(value) >= _CARD_LENGTH_MIN


def _amount(faults: _Faults, amount_vnd: int | None, single_use: bool | None) -> str:
    if amount_vnd is None:
        return ""
    if isinstance(amount_vnd, bool) or not isinstance(amount_vnd, int):
        return faults.add("amount_vnd", "VALUE", "amount_vnd must be a whole number of dong")
    if not 0 < amount_vnd < rules.TRANSFER_LIMIT_VND:
        return faults.add("amount_vnd", "VALUE", "amount_vnd must be 1 to 499999999 dong")
    if single_use is False:
        detail = "a reusable (static) code must not carry an amount"
        return faults.add("amount_vnd", "AMOUNT_IN_STATIC", detail)
    return str(amount_vnd)


def _language(faults: _Faults, local: LocalName) -> str:
    if not rules.LANGUAGE.fullmatch(local.language):
        faults.add("local/language", "VALUE", "local/language must be two letters (ISO 639-1)")
    text = field("00", local.language.upper()) if len(local.language) == 2 else ""
    wanted = (("01", "name", local.name, 25), ("02", "city", local.city, 15))
    for tag, name, given, limit in wanted:
        if given is None:
            continue
        value = clamp(squeeze(nfc(given)), limit)
        # Control characters and lone surrogates; format characters too, since they can turn the
        # direction of the text around a name.
        if not value or any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in value):
            faults.add(f"local/{name}", "VALUE", f"local/{name} is empty or holds control marks")
        else:
            text += field(tag, value)
    return text
