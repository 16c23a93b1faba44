"""A backup of the whole store while others write to it.

What it holds is consistent by the order in which it is read (`tracker.store.dump`): first what
names publications, facts or progress, then the ledgers. A space's end and records are read in one
step; of its ledger, and of what its publications stand for, everything up to that end goes into the
backup and nothing after it. So a restore with views made anew is a store that could have been: each
market as it stood at one moment, no answer, job or line of the feed without its facts.

The ledgers are checked as they go by, gaps and seals: a copy of a damaged ledger restores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from msgspec import DecodeError, Struct, json

from tracker.access.master_key import KEY_ID_BYTES
from tracker.domain.days import moment_text
from tracker.domain.facts import MarketFounded, Published, decode_fact
from tracker.services import erasure
from tracker.services.backup_check import LedgerCheck, seals_of
from tracker.services.backup_files import FORMAT, LedgerEnd, Manifest, NewBackup
from tracker.services.backup_lines import (
    AnswerLine,
    BodyLine,
    ErasedLine,
    FeedLine,
    JobLine,
    KeysLine,
    LedgerBegins,
    LedgerEnds,
    PaidLine,
    ServiceLine,
    SpaceLine,
    entry_line,
)
from tracker.services.context import Tracker
from tracker.store.activity import decode_day
from tracker.store.dump import Dump
from tracker.store.dump_shapes import Damaged, Early, People, SpaceRecords
from tracker.store.keys import SERVICE
from tracker.store.publications import body_name, details_name
from tracker.store.schema_version import SchemaVersion
from tracker.store.views import ViewStore

LEDGERS, BODIES, PAID = "ledgers.jsonl.gz", "bodies.jsonl.gz", "paid.jsonl.gz"
KEYS, SPACES, SERVICE_RECORDS = "keys.jsonl.gz", "spaces.jsonl.gz", "service.jsonl.gz"
FEED, ANSWERS, JOBS, ERASED = "feed.jsonl.gz", "answers.jsonl.gz", "jobs.jsonl.gz", "erased.json"
_NAMING = frozenset(kind.__struct_config__.tag for kind in (MarketFounded, Published))
SECRETS = ".secrets"
"""Stands for a space in the file of keys: the installation's wrapped secrets, in the first line."""


class Progress(Struct):
    """How far a backup or a restore is: `done` of `spaces` (markets and service), entries."""

    spaces: int = 0
    done: int = 0
    entries: int = 0


Seen = Callable[[Progress], None]


async def backup(tracker: Tracker, place: Path, *, seen: Seen = lambda _: None) -> Manifest:
    """Writes a backup to a folder that is not there yet; safe beside any writers.

    Memory is bounded by the largest market's records. Raises `Conflict` `BACKUP_EXISTS` where the
    place is taken, `Damaged` where a ledger has a gap or does not fit its seals; nothing is left.
    """
    began = tracker.now()
    found = await SchemaVersion(tracker.client).read()
    with NewBackup(place) as new:
        work = _Backup(tracker, new, seen)
        early = await work.before_ledgers()
        await work.ledgers(early)
        await work.erased()
        return new.finish(
            Manifest(
                format=FORMAT,
                schema=found.version,
                program=version("cashless-market-tracker"),
                began_at=moment_text(began),
                ended_at=moment_text(tracker.now()),
                master_keys=sorted(work.master_keys),
                vendors=work.vendors,
                publications=work.publications,
                entries=work.progress.entries,
                ledgers=work.ends,
                files=new.close(),
            )
        )


class _Backup:
    """One backup at work."""

    def __init__(self, tracker: Tracker, new: NewBackup, seen: Seen) -> None:
        self.progress = Progress()
        self.master_keys: set[str] = set()
        self.ends: dict[str, LedgerEnd] = {}
        self.vendors = self.publications = 0
        self._tracker = tracker
        self._dump = Dump(tracker.client)
        self._views = ViewStore(tracker.client)
        self._new = new
        self._seen = seen
        self._erasing: dict[str, int] = {}
        for name in (LEDGERS, BODIES, PAID, KEYS, SPACES, SERVICE_RECORDS, FEED, ANSWERS, JOBS):
            new.lines(name)

    async def before_ledgers(self) -> Early:
        """What must not name anything that the ledgers, read later, lack."""
        early = await self._dump.early()
        feed, jobs, answers = (self._new.lines(name) for name in (FEED, JOBS, ANSWERS))
        async for entry in self._dump.feed():
            feed.add(FeedLine(*entry))
        async for stored in self._dump.jobs():
            jobs.add(JobLine(*stored))
        async for answer in self._dump.answers():
            self._sealed_by(answer.sealed)
            answers.add(AnswerLine(*answer))
        return early

    async def ledgers(self, early: Early) -> None:
        """Every ledger and what belongs to it: the service's first, which names the markets."""
        records, people, secrets = await self._dump.service()
        self._keys(SECRETS, secrets)
        markets = await self._space(SERVICE, records)
        self._new.lines(SERVICE_RECORDS).add(_service_line(early, people))
        self.progress.spaces = 1 + len(markets)
        self._told()
        for market in sorted(markets):
            await self._space(market, await self._dump.space(market))
            self._told()

    async def erased(self) -> None:
        """The list of the erased, last: who was forgotten meanwhile is on it."""
        known = self._erasing | await erasure.listed(self._tracker)
        rows = [ErasedLine(vendor, moment_text(at)) for vendor, at in sorted(known.items())]
        self._new.plain(ERASED, json.format(json.encode(rows), indent=1) + b"\n")

    async def _space(self, name: str, records: SpaceRecords) -> list[str]:
        """One space; returns the markets that its ledger founded."""
        self._new.lines(SPACES).add(SpaceLine(name, records.numbers, records.mark))
        self._keys(name, records.data_keys)
        self.vendors += len(records.data_keys) if name != SERVICE else 0
        self._erasing |= {pending.vendor: pending.at for pending in records.erasing}
        for day, raw in sorted(records.paid.items()):
            try:
                banks = {bin_: (*bank,) for bin_, bank in sorted(decode_day(raw).items())}
            except DecodeError:
                raise Damaged(f"The sets of vendors paid of {name}, day {day}, are none.") from None
            self._new.lines(PAID).add(PaidLine(name, day, banks))
        founded, published = await self._ledger(name, records)
        await self._bodies(name, published)
        return founded

    async def _ledger(self, name: str, records: SpaceRecords) -> tuple[list[str], list[Published]]:
        file = self._new.lines(LEDGERS)
        file.add(LedgerBegins(name))
        check = LedgerCheck(name)
        seals = iter(seals_of(name, records.seals))
        seal = next(seals, None)
        founded, published = list[str](), list[Published]()
        async for page in self._dump.entries(name, records.position):
            for position, subject, stored in page:
                if subject is None or stored is None:
                    raise Damaged(f"Entry {position} of the ledger {name} is none.")
                check.add(position, subject, stored)
                try:
                    line, kind = entry_line(position, subject, stored)
                    fact = decode_fact(stored) if kind in _NAMING else None
                except (DecodeError, UnicodeDecodeError):
                    raise Damaged(f"Entry {position} of the ledger {name} is none.") from None
                file.add(line)
                if isinstance(fact, MarketFounded):
                    founded.append(fact.market)
                elif isinstance(fact, Published):
                    published.append(fact)
                while seal is not None and seal.last == position:
                    check.seal(seal)
                    file.add(seal)
                    seal = next(seals, None)
            self.progress.entries += len(page)
        if check.position != records.position or seal is not None:
            raise Damaged(f"The ledger {name} lacks what comes after entry {check.position}.")
        end = LedgerEnds(check.position, check.digest)
        file.add(end)
        self.ends[name] = LedgerEnd(end.position, end.digest)
        self.publications += len(published)
        return founded, published

    async def _bodies(self, name: str, published: Sequence[Published]) -> None:
        wanted = [body_name(fact) for fact in published]
        wanted += [details_name(f.day, f.revision) for f in published if f.details_digest]
        async for body, text in self._views.bodies(name, wanted):
            if not text:
                raise Damaged(f"The published body {body} of {name} is lost.")
            self._new.lines(BODIES).add(BodyLine(name, body, text.decode()))

    def _keys(self, space: str, keys: Mapping[str, bytes]) -> None:
        for wrapped in keys.values():
            self._sealed_by(wrapped)
        self._new.lines(KEYS).add(KeysLine(space, dict(keys)))

    def _sealed_by(self, sealed: bytes) -> None:
        self.master_keys.add(sealed[:KEY_ID_BYTES].hex())

    def _told(self) -> None:
        self.progress.done += 1
        self._seen(self.progress)


def _service_line(early: Early, people: People) -> ServiceLine:
    return ServiceLine(*early, *people)
