"""A bank's latest report of a day, as it is kept beside the day: what the day's map does not say.

Number and sum stand in the map of the day already (`tracker.store.activity`), day and bank in the
field's name, the rest in the ledger. What is left is short enough for the server to pack many in
one piece of memory.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, msgpack

from tracker.domain.facts import ActivityReported


class Standing(Struct, frozen=True, kw_only=True):
    """The report of a bank's day that stands; times in ms, `lines` the keyed hash of its lines."""

    day: int
    bin: str
    payments: int
    amount_vnd: int
    vendors: int
    at: int
    recorded: int
    lines: bytes


class Kept(Struct, frozen=True, array_like=True, gc=False):
    """What is stored of it; `late` is how much later than it was stated it was recorded (ms)."""

    recorded: int
    late: int
    vendors: int
    lines: bytes


encode_report: Final = msgpack.Encoder().encode
decode_report: Final = msgpack.Decoder(Kept).decode
"""The inverse of `encode_report`; raises `msgspec.DecodeError`."""


def report_field(day: int, bin_: str) -> str:
    """The field of a day and bank's latest report."""
    return f"{day}.{bin_}"


def kept(fact: ActivityReported) -> bytes:
    """What is stored of a report."""
    late = fact.recorded - fact.at
    return encode_report(Kept(fact.recorded, late, fact.vendors, fact.lines))


def of_fact(fact: ActivityReported) -> Standing:
    """A report that has just been written."""
    return Standing(
        day=fact.day,
        bin=fact.bin,
        payments=fact.payments,
        amount_vnd=fact.amount_vnd,
        vendors=fact.vendors,
        at=fact.at,
        recorded=fact.recorded,
        lines=fact.lines,
    )


def of_stored(raw: bytes, day: int, bin_: str, payments: int, amount_vnd: int) -> Standing:
    """A report that was read, with what the day's map says of it."""
    its = decode_report(raw)
    return Standing(
        day=day,
        bin=bin_,
        payments=payments,
        amount_vnd=amount_vnd,
        vendors=its.vendors,
        at=its.recorded - its.late,
        recorded=its.recorded,
        lines=its.lines,
    )
