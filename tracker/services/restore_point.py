"""To which point a ledger is restored, and what of the other records is from after it.

A ledger is kept up to, and without, the first entry that was recorded after the point: what is kept
is always a beginning of it, without gaps. What comes later is read all the same, for it tells which
records are not what they were: a set of vendors paid that was replaced since is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from msgspec import DecodeError, Struct

from tracker.domain.days import VIETNAM, moment_of
from tracker.domain.errors import Invalid
from tracker.domain.facts import (
    ActivityReported,
    AnyFact,
    FirstPaid,
    MarketFounded,
    Published,
    decode_fact,
)
from tracker.services.backup_lines import Entry
from tracker.store.publications import body_name, details_name

_RECORDED: Final = 2
"""The place of `recorded` in every fact: kind, at, recorded, by."""


class Point(Struct, frozen=True):
    """A moment (ms, None = the backup's own) for all ledgers, and positions for single ones."""

    at: int | None = None
    positions: dict[str, int] = {}

    @property
    def whole(self) -> bool:
        """Whether everything is kept."""
        return self.at is None and not self.positions

    def cuts(self, space: str) -> bool:
        """Whether something of this ledger may be left out."""
        return self.at is not None or space in self.positions

    def without(self, space: str) -> Point:
        """As this, and nothing of that ledger is kept."""
        return Point(self.at, {**self.positions, space: 0})


def point_of(texts: Collection[str]) -> Point:
    """What `--to` says: `MARKET:POSITION`, several times, or once a moment (RFC 3339).

    A moment without an offset is Vietnam's time. Raises `Invalid`.
    """
    at: int | None = None
    positions: dict[str, int] = {}
    for text in texts:
        market, _, position = text.partition(":")
        if position.isdecimal() and not market[:4].isdecimal():
            positions[market] = int(position)
            continue
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise _unknown(text) from None
        if at is not None:
            raise _unknown(text)
        at = moment_of(moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM))
    return Point(at, positions)


def _unknown(text: str) -> Invalid:
    return Invalid(
        f"{text} is no point to restore to. Give one moment such as 2026-11-20T10:00, or MARKET:"
        "POSITION, which may be given for several markets."
    )


class Kept:
    """One ledger as its entries go by, and what of it lies before the point."""

    def __init__(self, space: str, point: Point) -> None:
        self.space = space
        self.position = 0
        self.publications = 0
        self.bodies: set[str] = set()
        self.earliest_published: int | None = None
        self.first_closed_later: int | None = None
        self.subjects: set[str] = set()
        self.founded: set[str] = set()
        self.cut = False
        self._cuts = point.cuts(space)
        self._at = point.at
        self._last = point.positions.get(space)
        self._reports: dict[tuple[int, str], ActivityReported] = {}
        self._replaced: set[tuple[int, str]] = set()
        self._dropped: set[int] = set()

    def add(self, entry: Entry, raw: bytes) -> bool:
        """Whether the next entry is kept."""
        if not self._cuts:
            self.position = entry.position
            return True
        self.cut = self.cut or self._is_later(entry)
        try:
            fact = decode_fact(raw)
        except (DecodeError, UnicodeDecodeError):
            fact = None  # kept as it is: `verify` names it
        if self.cut:
            self._later(fact)
            return False
        self.position = entry.position
        self.subjects.add(entry.subject)
        match fact:
            case MarketFounded():
                self.founded.add(fact.market)
            case Published():
                self.publications += 1
                self.bodies |= {body_name(fact), details_name(fact.day, fact.revision)}
                days = (self.earliest_published, fact.day)
                self.earliest_published = min(day for day in days if day is not None)
            case ActivityReported():
                self._reports[fact.day, fact.bin] = fact
        return True

    def _is_later(self, entry: Entry) -> bool:
        if self._last is not None and entry.position > self._last:
            return True
        return (
            self._at is not None
            and entry.fact is not None
            and len(entry.fact) > _RECORDED
            and entry.fact[_RECORDED] > self._at
        )

    def _later(self, fact: AnyFact | None) -> None:
        match fact:
            case Published(revision=1):
                days = (self.first_closed_later, fact.day)
                self.first_closed_later = min(day for day in days if day is not None)
            case ActivityReported():
                self._replaced.add((fact.day, fact.bin))
            case FirstPaid():
                self._dropped.add(fact.day)

    def paid(
        self, day: int, banks: Mapping[str, tuple[int, int, bytes | None]]
    ) -> tuple[dict[str, tuple[int, int, bytes | None]], int]:
        """The banks' sets of a day as they are still true, and how many are lost.

        A set that was replaced, or dropped, after the point is not the one of before: number and
        sum are what the ledger says, the set is gone.
        """
        if not self.cut:
            return dict(banks), 0
        made: dict[str, tuple[int, int, bytes | None]] = {}
        lost = 0
        for bin_, bank in banks.items():
            report = self._reports.get((day, bin_))
            if report is None:
                continue  # reported after the point
            if (day, bin_) in self._replaced or day in self._dropped:
                made[bin_] = (report.payments, report.amount_vnd, None)
                lost += 1
            else:
                made[bin_] = bank
        return made, lost
