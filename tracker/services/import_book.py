"""The part of a market that some rows of a file are about, read at once and changed row by row.

Rows are decided in the order of the file, each against what stands and what the rows before it
add. A job that goes on after a stop meets facts that its own rows recorded before: each row sees
the vendor as it stood when the row came, so it is counted as what it was.
"""

from __future__ import annotations

from asyncio import gather
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import NamedTuple

from msgspec.structs import replace

from tracker.access.vault import Keyring, VendorVault
from tracker.domain.decide import Stated
from tracker.domain.errors import NotFound
from tracker.domain.facts import VendorFact, ZoneAdded, decode_vendor, encode
from tracker.domain.limits import require_groups
from tracker.domain.market import Market
from tracker.domain.rows import groups_of
from tracker.domain.vendor import History, Vendor
from tracker.domain.views import Views, views_of
from tracker.services.context import Tracker
from tracker.services.import_repeats import Repeats
from tracker.store.commit import MARKET, Commit, header
from tracker.store.jobs import Job, RowResult
from tracker.store.keys import Space
from tracker.tables.rows import WARNINGS, BankRow, RosterRow

MARKETS_AT_ONCE = 4
"""Markets read at once, for rows of a bank's file are about many; each on a connection."""

DRY_NUMBERS_FROM = 1_000_000_000
"""Numbers of the vendors that a dry run imagines; nobody gets to see them."""


class Plan(NamedTuple):
    """What becomes of a row, and the commit that makes it so (None where nothing is new)."""

    result: RowResult
    commit: Commit | None = None


def accepted(row: RosterRow | BankRow, id_: str | None) -> RowResult:
    """The result of a row that stands, with its first doubt, if any."""
    warning = next((fault for fault in row.faults if fault[1] in WARNINGS), (None, None))
    return RowResult(row.row, "accepted", id_, *warning)


def duplicate(row: RosterRow | BankRow, id_: str | None) -> Plan:
    """The plan of a row that says nothing new."""
    return Plan(RowResult(row.row, "duplicate", id_))


def rejected(
    row: RosterRow | BankRow, field: str | None, code: str, id_: str | None = None
) -> Plan:
    """The plan of a row that is refused."""
    return Plan(RowResult(row.row, "rejected", id_, field, code))


class Entry:
    """A vendor as it stands after the rows so far."""

    def __init__(
        self,
        history: History,
        keyring: Keyring,
        wrapped: bytes | None,
        vault: VendorVault | None = None,
    ) -> None:
        self.history = history
        self.code = history.vendor_code
        self.stated = 0
        """The row that recorded something here before a stop, of those reached the latest."""
        self.ahead: tuple[VendorFact, ...] = ()
        """What rows that have not come yet recorded before a stop."""
        self._keyring = keyring
        self._wrapped = wrapped
        self._vault = vault
        self._views: Views | None = None

    @property
    def vault(self) -> VendorVault:
        """Raises `NotFound` `ERASED` where the personal data are gone."""
        if self._vault is None:
            if self._wrapped is None:
                raise NotFound("The personal data of this vendor were erased.", code="ERASED")
            self._vault = VendorVault(self.code, self._keyring.unwrap(self._wrapped))
        return self._vault

    @property
    def vendor(self) -> Vendor:
        """The vendor's state."""
        return self.history.replay()

    def record(
        self, commit: Commit, facts: Sequence[VendorFact], after: History | None = None
    ) -> None:
        """Adds facts to the vendor and to the commit that carries them.

        `after` is the history with them, where the caller has it already.
        """
        seen = self._views or (views_of(self.history) if self.history.facts else None)
        self._views = commit.vendor(self.history, facts, seen)
        self.history = after or self.history.then(*facts)

    @property
    def names(self) -> Iterable[str]:
        """The unique names that it holds; none where nothing was recorded since it was read."""
        return () if self._views is None else self._views.names

    @property
    def document(self) -> bytes:
        """Its facts, as the store keeps them."""
        return header(self.history.version) + b"".join(map(encode, self.history.facts))

    def rewind(self, job: str, row: int) -> None:
        """Back to before the job's row `row` where it, or one after it, recorded something."""
        facts = self.history.facts
        for place, fact in enumerate(facts):
            if _row_of(job, fact) >= row:
                self.ahead = facts[place:]
                self.history = History(self.history.prefix, self.history.number, facts[:place])
                return

    def reach(self, job: str, row: int) -> None:
        """Forward to where the job's row `row` left the vendor."""
        facts = self.ahead
        taken = 0
        while taken < len(facts) and (stated := _row_of(job, facts[taken])) <= row:
            self.stated = stated or self.stated
            taken += 1
        self.ahead = facts[taken:]
        self.history = self.history.then(*facts[:taken])

    def imagine(self, history: History) -> None:
        """Goes on from where a dry run left it."""
        self._views = views_of(history)
        self.history = history


def _row_of(job: str, fact: VendorFact) -> int:
    """The row of the job that recorded the fact; 0 where somebody else did."""
    who, _, row = fact.by.rpartition(".")
    return int(row) if who == job else 0


class Book:
    """One market's names and vendors, as far as some rows of a job need them."""

    def __init__(self, tracker: Tracker, place: Market, job: str, *, dry: bool) -> None:
        self.place = place
        self._tracker = tracker
        self._space = Space(place.id)
        self._now = tracker.now()
        self._job = job
        self._dry = dry
        self._names: dict[str, str] = {}
        self._entries: dict[int, Entry] = {}
        self._groups: set[str] = set()
        self._spare: list[int] = []
        self._imagined = count(DRY_NUMBERS_FROM)
        self._imagined_key = tracker.keyring.wrap(tracker.keyring.new_data_key()) if dry else b""
        self._touched: set[str] = set()
        self._kept: dict[int, bytes] = {}
        self._made: dict[int, set[str]] = {}

    async def load(self, names: Sequence[str], since: int | None = None) -> None:
        """Reads who holds these names, as they stood before the job's row `since` if given."""
        reader, market = self._tracker.reader, self.place.id
        self._groups |= await reader.groups(market)
        unknown = [name for name in dict.fromkeys(names) if name not in self._names]
        for name, holder in zip(unknown, await reader.holders(market, unknown), strict=True):
            if holder is not None:
                self._names[name] = holder
        self._touched.update(names)
        held = [self._names[name] for name in names if name in self._names]
        wanted = sorted({int(holder.partition(".")[0]) for holder in held} - self._entries.keys())
        there = [number for number in wanted if number < DRY_NUMBERS_FROM]
        histories = await reader.histories(market, self.place.prefix, there)
        keys = await reader.data_keys(market, there)
        for history, key in zip(histories, keys, strict=True):
            entry = self._entries[history.number] = Entry(history, self._tracker.keyring, key)
            if since is not None:
                entry.rewind(self._job, since)
        for number in wanted:
            self._recall(number)

    def _recall(self, number: int) -> None:
        """Takes up again what a dry run imagined of a vendor."""
        document = self._kept.pop(number, None)
        if document is not None:
            history = History(self.place.prefix, number, decode_vendor(document))
            new = Entry(history, self._tracker.keyring, self._imagined_key)
            self._entries.setdefault(number, new).imagine(history)

    def forget(self, comes: Callable[[str], bool]) -> None:
        """Keeps only what a dry run imagined and names that still come are about, as documents.

        All else is read again when it comes, or never comes.
        """
        for number, entry in self._entries.items():
            if any(map(comes, entry.names)):
                self._kept[number] = entry.document
            else:
                self._made.pop(number, None)
        self._entries = {}
        for name in self._touched:
            if not comes(name):
                self._names.pop(name, None)
        self._touched = set()

    async def reserve(self, names: Sequence[str]) -> None:
        """Reserves a vendor number for each of these names that nobody holds."""
        free = len(set(names) - self._names.keys())
        if free and not self._dry:
            reader = self._tracker.reader
            self._spare = await reader.reserve_numbers(self.place.id, self.place.prefix, free)

    def holder(self, name: str, row: int) -> tuple[Entry, int] | None:
        """The vendor that holds a unique name when row `row` comes, and the ordinal held there."""
        held = self._names.get(name)
        if held is None:
            return None
        number, _, ordinal = held.partition(".")
        entry = self._entries[int(number)]
        if entry.ahead:
            entry.reach(self._job, row)
            if not entry.history.facts:
                return None
        return entry, int(ordinal or 0)

    def hold(self, name: str, entry: Entry, ordinal: int | None = None) -> None:
        """The vendor (or one of its codes) holds the name from now on."""
        number = str(entry.history.number)
        self._names[name] = number if ordinal is None else f"{number}.{ordinal}"
        self._touched.add(name)

    def commit(self) -> Commit:
        """A commit on this market."""
        return Commit(self._space)

    def newcomer(self, commit: Commit) -> Entry:
        """A vendor with a fresh number and a data key of its own."""
        keyring = self._tracker.keyring
        if self._dry:
            history = History(self.place.prefix, next(self._imagined))
            entry = Entry(history, keyring, self._imagined_key)
        else:
            history = History(self.place.prefix, self._spare.pop(0))
            vault = self._tracker.new_vault(commit, self._space.data_keys, history)
            entry = Entry(history, keyring, None, vault)
        self._entries[history.number] = entry
        return entry

    def require_groups(self, zone: str | None, category: str | None) -> None:
        """Passes zones and categories in use, or new ones that fit.

        Raises `Conflict` `TOO_MANY_GROUPS`, before anything of the row is in the book.
        """
        for name in groups_of(zone, category):
            if name not in self._groups:
                require_groups(len(self._groups))
                self._groups.add(name)

    def add_zone(self, commit: Commit, zone: str, when: Stated) -> None:
        """A zone that the market's list does not have joins it in the same commit."""
        if zone and zone not in self.place.zones:
            commit.append(MARKET, self.place.version, [ZoneAdded(*when, zone=zone)])
            zones = (*self.place.zones, zone)
            self.place = replace(self.place, zones=zones, version=self.place.version + 1)

    def make(self, id_: str) -> None:
        """Something new of a vendor (a code, an approval) has this id."""
        if self._dry:
            self._made.setdefault(number_in(id_), set()).add(id_)

    def shown(self, id_: str) -> str | None:
        """An id for a row's result; None for what a dry run only imagines."""
        if not self._dry:
            return id_
        number = number_in(id_)
        imagined = number >= DRY_NUMBERS_FROM or id_ in self._made.get(number, ())
        return None if imagined else id_

    def now(self, row: int) -> Stated:
        """The times of a fact that happens as a row states it."""
        return self.stated(self._now, row)

    def stated(self, at: int, row: int) -> Stated:
        """The times of a fact that happened at `at` (ms), stated by a row."""
        return Stated(at, self._now, f"{self._job}.{row}")


def number_in(id_: str) -> int:
    """The vendor's number in an id of ours: of a vendor, or of something of a vendor."""
    return int(id_.split("-", 2)[1])


class Shelf:
    """The books that the rows of a job need."""

    def __init__(self, tracker: Tracker, job: Job) -> None:
        self._tracker = tracker
        self._job = job
        self._books: dict[str, Book] = {}
        self._dry = bool(job.params["dry_run"])
        self._repeats = Repeats()

    def foresee(self, names: Mapping[str, Sequence[str]], row: int) -> None:
        """Row `row` of a dry run will be about these names of these markets; in order."""
        for market, some in names.items():
            for name in some:
                self._repeats.note(market, name, row)

    async def open(self, names: Mapping[str, Sequence[str]], since: int) -> None:
        """Books of these markets with these names, as they stood before the row `since`.

        What stands is read anew each time; a dry run goes on with what it imagined before, as
        far as names of it still come.
        """
        if not self._dry:
            self._books = {}
        for market, book in self._books.items():
            book.forget(partial(self._repeats.since, market, row=since))
        markets = list(names)
        for start in range(0, len(markets), MARKETS_AT_ONCE):
            some = markets[start : start + MARKETS_AT_ONCE]
            await gather(*(self._load(market, names[market], since) for market in some))

    async def _load(self, market: str, names: Sequence[str], since: int) -> None:
        if market not in self._books:
            place = await self._tracker.market(market)
            self._books[market] = Book(self._tracker, place, self._job.id, dry=self._dry)
        await self._books[market].load(names, since)

    def __getitem__(self, market: str) -> Book:
        return self._books[market]
