"""What the banks reported, compared with what the ledger says of it.

Reports and first paid days are views: they can be made again. The sets of vendors paid are
records: number and sum, how many vendors, and a keyed hash of each stand in the ledger; what
differs is named, and only a backup has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import DecodeError

from tracker.access.vault import Keyring
from tracker.domain.activity import FirstDays, first_days
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_date
from tracker.domain.facts import ActivityReported, FirstPaid
from tracker.domain.paid import union_of
from tracker.services.activity import set_mark
from tracker.services.audit_difference import NONE, Difference, Kind
from tracker.store.activity import (
    FIRST,
    VERSION,
    BankDay,
    Everything,
    decode_day,
    is_union,
    reports_of,
    union_field,
)
from tracker.store.bank_reports import decode_report

_DAY_MAX = 65_535  # what 16 bits hold
_WRONG_TYPE = "a key of another type"
_WRITTEN = "what the service writes"


class Checks:
    """One market's activity as it is stored, against the facts of its ledger in their order.

    `reports` is the view as it should be, `views` those within the record of the sets, as far as
    the sets that they are made of are what was reported. `unkeyed` (after `differences`) counts the
    sets that were compared by their size alone, because there was no key.
    """

    def __init__(
        self,
        space: str,
        prefix: str,
        facts: Sequence[ActivityReported | FirstPaid],
        kept: Everything,
    ) -> None:
        self.unkeyed = 0
        self.reports = reports_of(facts)
        self._space, self._prefix, self._kept = space, prefix, kept
        latest = [fact for fact in facts if isinstance(fact, ActivityReported)]
        self._latest = {(fact.day, fact.bin): fact for fact in latest}
        self._dropped = {fact.day: fact.vendors for fact in facts if isinstance(fact, FirstPaid)}
        self._banks, self._faults = self._read()
        self._unions = self._union_views()

    @property
    def views(self) -> dict[str, bytes | None]:
        """What the views beside the sets should be: field → bytes, None = absent.

        Since when each vendor has been paid, by the sets and by what the ledger kept; and the
        union of each day's sets.
        """
        made = dict[str, bytes | None](self._unions)
        if not self._faults:
            made[FIRST] = self._first().encoded() or None
        return made

    @property
    def stale(self) -> bool:
        """Whether a view is not what it should be."""
        paid = self._kept.paid or {}
        made = self.views
        return self._kept.reports != self.reports or {f: paid.get(f) for f in made} != made

    def differences(self, keyring: Keyring | None) -> Iterator[Difference]:
        """Every difference; without a keyring the sets are compared by their size alone."""
        yield from self._reports()
        yield from self._faults
        keyed = list(self._keyed(keyring))
        yield from keyed
        if not self._faults and not keyed:
            yield from self._firsts()
        wrong = {fault.subject.partition(".")[0] for fault in keyed}
        for field, made in sorted(self._unions.items()):
            found = (self._kept.paid or {}).get(field, made)  # from before there were any: none
            if found != made and _dated(field[:-1]) not in wrong:
                texts = NONE if made is None else "the union of its sets", "another one"
                yield self._difference("union", _dated(field[:-1]), *texts)

    def _difference(self, kind: Kind, subject: str, expected: str, found: str) -> Difference:
        return Difference(self._space, kind, subject, expected, found)

    def _reports(self) -> Iterator[Difference]:
        found = self._kept.reports
        if found is None:
            yield self._difference("report", "all", _WRITTEN, _WRONG_TYPE)
            return
        for field in sorted(self.reports.keys() | found.keys()):
            should, is_ = self.reports.get(field), found.get(field)
            if should != is_:
                texts = _text(field, should), _text(field, is_)
                yield self._difference("report", _dated(field), *texts)

    def _read(self) -> tuple[dict[tuple[int, str], BankDay], list[Difference]]:
        """The banks' days as they are stored, and what is wrong with them, keyed hashes aside."""
        if self._kept.paid is None:
            return {}, [self._difference("paid", "all", _WRITTEN, _WRONG_TYPE)]
        banks: dict[tuple[int, str], BankDay] = {}
        faults: list[Difference] = []
        unread: set[int] = set()
        for field, raw in sorted(self._kept.paid.items()):
            if field == FIRST or is_union(field):
                continue
            try:
                day = int(field)
                unread.add(day)
                banks.update({(day, bin_): bank for bin_, bank in decode_day(raw).items()})
                unread.discard(day)
            except (DecodeError, UnicodeDecodeError, ValueError):
                found = "bytes that are none"
                faults.append(self._difference("paid", _dated(field), "a day's reports", found))
        for day, bin_ in sorted(banks.keys() | self._latest.keys()):
            if day not in unread:
                fault = self._fault(day, self._latest.get((day, bin_)), banks.get((day, bin_)))
                if fault is not None:
                    faults.append(self._difference("paid", _dated(f"{day}.{bin_}"), *fault))
        return banks, faults

    def _fault(
        self, day: int, fact: ActivityReported | None, bank: BankDay | None
    ) -> tuple[str, str] | None:
        if fact is None:
            return NONE, "a day that no ledger entry states"
        totals = f"{fact.payments} payments of {fact.amount_vnd} dong"
        if bank is None:
            return totals, NONE
        if (bank.payments, bank.amount_vnd) != (fact.payments, fact.amount_vnd):
            return totals, f"{bank.payments} payments of {bank.amount_vnd} dong"
        if (bank.paid is None) != (day in self._dropped):
            texts = "a set of vendors", "none"
            return texts if bank.paid is None else (texts[1], texts[0])
        if bank.paid is not None and (count := _size(bank.paid)) != fact.vendors:
            return f"{fact.vendors} vendors", f"{count} vendors"
        return None

    def _keyed(self, keyring: Keyring | None) -> Iterator[Difference]:
        for (day, bin_), fact in sorted(self._latest.items()):
            bank = self._banks.get((day, bin_))
            if bank is None or bank.paid is None:
                continue
            if keyring is None:
                self.unkeyed += 1
            elif set_mark(keyring, self._space, day, bin_, bank.paid) != fact.paid:
                subject = _dated(f"{day}.{bin_}")
                if all(fault.subject != subject for fault in self._faults):
                    texts = "the set of vendors that was reported", "another one"
                    yield self._difference("paid", subject, *texts)

    def _union_views(self) -> dict[str, bytes | None]:
        """The unions as they should be, of days whose sets are what was reported."""
        days: dict[int, list[bytes | None]] = {}
        for (day, _), bank in self._banks.items():
            days.setdefault(day, []).append(bank.paid)
        stored = filter(is_union, self._kept.paid or ())
        made = dict[str, bytes | None](dict.fromkeys(stored))
        made |= {union_field(day): union_of(sets) for day, sets in days.items()}
        wrong = {fault.subject.partition(".")[0] for fault in self._faults}
        return {f: union for f, union in made.items() if _dated(f[:-1]) not in wrong}

    def _first(self) -> FirstDays:
        sets = [(day, bank.paid) for (day, _), bank in self._banks.items() if bank.paid is not None]
        return first_days([*sets, *self._dropped.items()])

    def _firsts(self) -> Iterator[Difference]:
        stored = (self._kept.paid or {}).get(FIRST, b"")
        made, found = self._first(), FirstDays(stored)
        before = made.encoded()
        if before == stored:
            return
        for number in range(max(len(before), len(stored) + 1) // 2):
            if made[number] != found[number]:
                vendor = vendor_code(self._prefix, number)
                texts = _since(made[number]), _since(found[number])
                yield self._difference("first_paid", vendor, *texts)


def _size(paid: bytes) -> int:
    return int.from_bytes(paid).bit_count()


def _since(day: int) -> str:
    return day_date(day).isoformat() if 0 < day <= _DAY_MAX else NONE


def _text(field: str, raw: bytes | None) -> str:
    if raw is None:
        return NONE
    if field == VERSION:
        return raw.decode(errors="backslashreplace")[:20]
    try:
        its = decode_report(raw)
    except (DecodeError, UnicodeDecodeError):
        return f"{len(raw)} bytes that are no report"
    return f"{its.vendors} vendors, recorded at {its.recorded}, lines {its.lines.hex()[:8]}"


def _dated(field: str) -> str:
    """A day's number as its date, with the BIN behind it; anything else as it is."""
    day, sign, bin_ = field.partition(".")
    try:
        return f"{day_date(int(day)).isoformat()}{sign}{bin_}"
    except (ValueError, OverflowError):
        return field
