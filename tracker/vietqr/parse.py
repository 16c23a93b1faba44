"""Strict reading of payment payloads (NAPAS VietQR v1.0, EMVCo QRCPS MPM v1.0).

A valid checksum proves nothing about nesting, and says nothing about who is paid: every level is
read strictly here, and only the registry can tell whether the payee is the right one.

A payload without a VietQR transfer (tag 38) but with a well-formed object of another scheme is
held to EMVCo's rules alone: another country's code is no broken one. Beside a valid 38 the
objects of other schemes are not looked into: 38 decides.
"""

from __future__ import annotations

import re
from typing import Literal, cast

from msgspec import Struct

from tracker.vietqr import banks, rules
from tracker.vietqr.problems import RANK, Problem, problem
from tracker.vietqr.reading import Reading
from tracker.vietqr.tlv import Level

Verdict = Literal["ok", "lenient", "other_scheme", "reject"]

LENGTH_MAX = 512
"""Characters in a payload."""

_INITIATION = {"11": "static", "12": "dynamic"}
_TEXTS = (("59", 25), ("60", 15), ("61", 10))
_TIPS = frozenset({"55", "56", "57"})
_KNOWN = frozenset({"00", "01", "38"} | {str(tag) for tag in range(52, 65)})
_CURRENCY = re.compile(r"[0-9]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class Parsed(Struct, frozen=True):
    """What a payload says. What it does not say is None.

    After `reject` there are problems and no fields: nothing in such a text can be relied on.
    `initiation`: "static" or "dynamic". `amount`: whole dong. `others`: tag and value of the root
    objects that VietQR does not define (other schemes' templates, 65-99), kept and ignored.
    `problems`: worst first; after `ok` there may still be warnings.
    """

    verdict: Verdict
    bin: str | None = None
    account: str | None = None
    service: str | None = None
    initiation: str | None = None
    amount: int | None = None
    purpose: str | None = None
    merchant_name: str | None = None
    city: str | None = None
    mcc: str | None = None
    bill: str | None = None
    mobile: str | None = None
    store: str | None = None
    reference: str | None = None
    terminal: str | None = None
    language: str | None = None
    local_name: str | None = None
    local_city: str | None = None
    others: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


def rejected(code: str, limit: int = 0) -> Parsed:
    """The result for something that is no payload at all, with that one problem."""
    return Parsed(verdict="reject", problems=(problem(code, limit=limit),))


def parse(payload: str) -> Parsed:
    """Read a payload and say what it is worth. Raises nothing, whatever the text.

    Verdicts, the worst finding decides: `ok`; `lenient` (readable after mending, never written
    like that); `other_scheme` (well formed, no VietQR transfer); `reject`.
    """
    r = Reading(payload)
    if r.end <= r.start:
        return rejected("EMPTY")
    if r.end - r.start > LENGTH_MAX:
        return rejected("PAYLOAD_TOO_LONG", LENGTH_MAX)
    root = r.level(r.start, r.end)
    values = root.values
    _frame(r, root)
    transfer = rules.transfer(r, root) if "38" in values else None
    foreign = transfer is None and rules.other_scheme(r, root)
    if transfer is None and not foreign:
        r.missing(root, "38", "38", r.end)
    amount = _terms(r, root, transfer, foreign=foreign)
    additional = rules.additional(r, root).values
    language = rules.language(r, root).values

    verdict: Verdict = "ok"
    if transfer and transfer.bin and (doubt := banks.warning(transfer.bin)):
        r.add(doubt, transfer.bin_at, "38.01.00")
    if r.problems:
        r.problems.sort(key=lambda found: -RANK[found.severity])
        worst = r.problems[0].severity
        if worst == "reject":
            return Parsed(verdict="reject", problems=tuple(r.problems))
        if worst != "warning":
            verdict = cast(Verdict, worst)
    return Parsed(
        verdict=verdict,
        bin=transfer.bin if transfer else None,
        account=transfer.account if transfer else None,
        service=transfer.service if transfer else None,
        initiation=_INITIATION.get(values.get("01", "")),
        amount=amount,
        purpose=additional.get("08"),
        merchant_name=values.get("59"),
        city=values.get("60"),
        mcc=values.get("52"),
        bill=additional.get("01"),
        mobile=additional.get("02"),
        store=additional.get("03"),
        reference=additional.get("05"),
        terminal=additional.get("07"),
        language=language.get("00"),
        local_name=language.get("01"),
        local_city=language.get("02"),
        others=()
        if values.keys() <= _KNOWN
        else tuple((tag, value) for tag, value in values.items() if tag not in _KNOWN),
        problems=tuple(r.problems),
    )


def _frame(r: Reading, root: Level) -> None:
    """What opens and closes a payload: 00 first, 63 last, and a text that has bytes at all."""
    if not r.plain:
        try:
            r.text.encode()
        except UnicodeEncodeError as fault:
            r.add("NOT_UNICODE", fault.start, "")
    version = root.values.get("00")
    if version is None:
        r.missing(root, "00", "00", r.start)
    elif version != "01":
        r.add("VALUE", root.offsets["00"], "00")
    if root.offsets.get("00", r.start) != r.start:
        r.add("FORMAT_NOT_FIRST", root.offsets["00"], "00")
    rules.checksum(r, root)


def _terms(
    r: Reading, root: Level, transfer: rules.Transfer | None, *, foreign: bool
) -> int | None:
    """Tags 01 and 52-61; returns the amount in dong, None if there is none in dong."""
    values, at = root.values, root.offsets
    initiation = values.get("01")
    if initiation not in _INITIATION:
        if initiation is not None:
            r.add("VALUE", at["01"], "01")
        elif not foreign:  # optional in EMVCo
            r.missing(root, "01", "01", r.end)
    currency, country = values.get("53"), values.get("58")
    if currency is None:
        r.missing(root, "53", "53", r.end)
    elif currency != "704" and not (foreign and _CURRENCY.fullmatch(currency)):
        r.add("VALUE", at["53"], "53")
    if country is None:
        r.missing(root, "58", "58", r.end)
    elif country != "VN" and not (foreign and _COUNTRY.fullmatch(country)):
        r.add("VALUE", at["58"], "58")
    category = values.get("52")
    if category is not None and not rules.MCC.fullmatch(category):
        r.add("VALUE", at["52"], "52")
    for tag, limit in _TEXTS:
        if tag in values:
            r.ans(root, tag, tag, limit)
    dong = currency == "704" or not foreign
    amount = rules.money(r, root, "54", dong=dong)
    if not _TIPS.isdisjoint(at):
        rules.tips(r, root, dong=dong)
    if transfer:
        if transfer.service == rules.MERCHANT_SERVICE:
            for tag in ("52", "59", "60"):
                r.missing(root, tag, tag, r.end)
        elif amount is not None and amount >= rules.TRANSFER_LIMIT_VND:
            r.add("AMOUNT_OVER_LIMIT", at["54"], "54")
        if amount is not None and initiation == "11":
            r.add("AMOUNT_IN_STATIC", at["54"], "54")
    return amount
