"""What a backup holds, put into an empty store as far as it lies before the point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from msgspec import Struct, json
from msgspec.structs import astuple

from tracker.domain.days import moment_of
from tracker.services import backup
from tracker.services.backup import Progress, Seen
from tracker.services.backup_files import Manifest
from tracker.services.backup_lines import (
    AnswerLine,
    BodyLine,
    ErasedLine,
    FeedLine,
    JobLine,
    KeysLine,
    PaidLine,
    SealLine,
    ServiceLine,
    SpaceLine,
)
from tracker.services.backup_reading import Lines
from tracker.services.restore_point import Kept
from tracker.services.restore_reading import Given, Ledger, ledgers_of
from tracker.store import dump_shapes as dump
from tracker.store.activity import BankDay
from tracker.store.keys import SERVICE
from tracker.store.load import Load
from tracker.store.people import subject
from tracker.store.seals import Seal

T = TypeVar("T")

BATCH: Final = 500
"""Entries, answers or lines of the feed a round trip: some hundred kB."""

JOBS_BATCH: Final = 8
"""Lines of jobs a round trip: one may have 4 MiB of a file."""

BODIES_BATCH: Final = 100

PAID_BATCH: Final = 100
"""Days a round trip: some hundred kB."""


class Written(Struct, kw_only=True):
    """What a restore wrote. `left_out` is how many entries lie after the point, `sets_lost` how
    many sets of vendors paid were replaced after it.
    """

    markets: int = 0
    entries: int = 0
    left_out: int = 0
    sets_lost: int = 0
    erased_again: list[str] = []


class Writing:
    """One restore at work.

    `now` (ms): what ended before is left out, and what is outdated is so since then.
    """

    def __init__(self, load: Load, given: Given, manifest: Manifest, now: int, seen: Seen) -> None:
        self.done = Written()
        self._load = load
        self._given = given
        self._manifest = manifest
        self._now = now
        self._seen = seen
        self._progress = Progress(len(manifest.ledgers))
        self._service = Kept(SERVICE, given.point)
        self._most: dict[str, int] = {}  # publications that are kept of a ledger that is cut
        self._closed_later: int | None = None

    async def all(self) -> Written:
        """Writes everything but the views."""
        await self._spaces()
        await self._feed()
        for record in self._lines(backup.SERVICE_RECORDS, ServiceLine):
            await self._service_records(record)
        if self._given.point.whole:  # else they may tell of facts that are left out
            await self._jobs_and_answers()
        return self.done

    def erased(self) -> dict[str, int]:
        """Everybody who is to be forgotten, by the backup's list and the newer one."""
        rows = json.decode(self._given.path(backup.ERASED).read_bytes(), type=list[ErasedLine])
        return erased_of(rows) | dict(self._given.erased)

    def _lines(self, name: str, type_: type[T]) -> Lines[T]:
        return Lines(self._given.path(name), type_)

    # ── space by space: the files have the same order ────────────────────────────────────────

    async def _spaces(self) -> None:
        spaces, keys = self._lines(backup.SPACES, SpaceLine), self._lines(backup.KEYS, KeysLine)
        paid, bodies = self._lines(backup.PAID, PaidLine), self._lines(backup.BODIES, BodyLine)
        for line in keys.take(backup.SECRETS):
            await self._load.secrets(line.keys)
        for ledger in ledgers_of(self._given, self._manifest):
            kept = await self._ledger(ledger)
            for record in spaces.take(ledger.name):
                if kept.position or not kept.cut:
                    mark = self._mark(kept, record.mark)
                    await self._load.space(ledger.name, record.numbers, mark)
            for line in keys.take(ledger.name):
                await self._load.data_keys(ledger.name, _keys(kept, line.keys))
            await self._paid(kept, paid.take(ledger.name))
            for some in _some(bodies.take(ledger.name), BODIES_BATCH):
                texts = {b.body: b.text for b in some if not kept.cut or b.body in kept.bodies}
                await self._load.bodies(ledger.name, texts)
            self._progress.done += 1
            self._seen(self._progress)

    async def _ledger(self, ledger: Ledger) -> Kept:
        point = self._given.point
        if self._service.cut and ledger.name not in self._service.founded:
            point = point.without(ledger.name)  # the market did not exist yet
        kept = Kept(ledger.name, point)
        seals, parts = dict[int, Seal](), list[bytes]()
        first = 1
        for line in ledger.lines():
            if not isinstance(line, SealLine):
                entry, raw = line
                self._progress.entries += 1
                if kept.add(entry, raw):
                    parts += (entry.subject.encode(), raw)
                if len(parts) >= 2 * BATCH:
                    await self._load.entries(ledger.name, first, parts)
                    first, parts = kept.position + 1, []
            elif line.last <= kept.position:
                seals[line.number] = Seal(line.first, line.last, bytes.fromhex(line.digest))
        if parts:
            await self._load.entries(ledger.name, first, parts)
        await self._load.seals(ledger.name, seals)
        self.done.entries += kept.position
        self.done.left_out += self._manifest.ledgers[ledger.name].position - kept.position
        if kept.cut:
            most = kept.position if ledger.name == SERVICE else kept.publications
            self._most[ledger.name] = most
        if ledger.name == SERVICE:
            self._service = kept
        else:
            self.done.markets += bool(kept.position)
            days = [d for d in (self._closed_later, kept.first_closed_later) if d is not None]
            self._closed_later = min(days, default=None)
        return kept

    def _mark(self, kept: Kept, stored: Mapping[str, str]) -> Mapping[str, str]:
        """Since when figures may be outdated: after a cut nobody knows, so since the first day."""
        if not kept.cut:
            return stored
        if kept.earliest_published is None:
            return {}
        mark = {"day": kept.earliest_published, "position": kept.position, "ms": self._now}
        return {name: str(value) for name, value in mark.items()}

    async def _paid(self, kept: Kept, lines: Iterable[PaidLine]) -> None:
        for some in _some(lines, PAID_BATCH):
            days = dict[str, dict[str, BankDay]]()
            for line in some:
                banks, lost = kept.paid(int(line.day), line.banks)
                self.done.sets_lost += lost
                if banks:
                    days[line.day] = {bin_: BankDay(*bank) for bin_, bank in banks.items()}
            await self._load.paid(kept.space, days)

    # ── what spans markets ───────────────────────────────────────────────────────────────────

    async def _feed(self) -> None:
        reached: dict[str, int] = {}
        last = 0
        for some in _some(self._lines(backup.FEED, FeedLine), BATCH):
            kept = []
            for line in some:
                last = line.position
                number = reached.get(line.market, 0) + 1
                if line.market == SERVICE:
                    number = int(line.body)
                if self._holds(line.market, number):
                    reached[line.market] = number
                    kept.append(dump.FeedLine(*astuple(line)))
            await self._load.feed(kept)
        await self._load.end_feed(reached, last)

    def _holds(self, market: str, number: int) -> bool:
        """Whether a publication (of the service: an entry) with this number is kept."""
        most = self._most.get(market)
        return most is None or number <= most

    async def _service_records(self, record: ServiceLine) -> None:
        early = dump.Early(record.closed_until, record.examined, record.used)
        if not self._given.point.whole:
            closed = record.closed_until
            if closed is not None and self._closed_later is not None:
                closed = min(closed, self._closed_later - 1)
            early = dump.Early(closed, {}, {})
        known = self._knows
        people = dump.People(
            {k: v for k, v in record.logins.items() if not v or known(v)},
            {k: v for k, v in record.passwords.items() if known(k)},
            {k: v for k, v in record.invitations.items() if known(k)},
        )
        await self._load.service(early, people)

    def _knows(self, person: str) -> bool:
        return not self._service.cut or subject(person) in self._service.subjects

    async def _jobs_and_answers(self) -> None:
        for jobs in _some(self._lines(backup.JOBS, JobLine), JOBS_BATCH):
            lasting = [job for job in jobs if job.until is None or job.until > self._now]
            await self._load.jobs([dump.Stored(*astuple(job)) for job in lasting])
        for answers in _some(self._lines(backup.ANSWERS, AnswerLine), BATCH):
            kept = [answer for answer in answers if answer.until > self._now]
            await self._load.answers([dump.Answer(*astuple(answer)) for answer in kept])


def erased_of(rows: Iterable[ErasedLine]) -> dict[str, int]:
    """A list of the erased: vendor code → when (ms). Raises ValueError."""
    return {row.vendor: moment_of(datetime.fromisoformat(row.erased_at)) for row in rows}


def _keys(kept: Kept, keys: Mapping[str, bytes]) -> Mapping[str, bytes]:
    if not kept.cut:
        return keys
    named = (lambda field: field) if kept.space != SERVICE else subject
    return {field: key for field, key in keys.items() if named(field) in kept.subjects}


def _some(lines: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(lines)
    while batch := list(islice(rest, size)):
        yield batch
