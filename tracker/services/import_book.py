"""The part of a market that some rows of a file are about, read at once and written as one.

Rows are decided in the order of the file, each against what stands and what the rows before it
add; all their commits go in one pipeline. A row whose commit another writer overtook is read and
decided anew by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tracker.access.vault import VendorVault
from tracker.domain.decide import Stated
from tracker.domain.facts import VendorFact
from tracker.domain.market import Market
from tracker.domain.vendor import History, Vendor
from tracker.domain.views import Views, views_of
from tracker.services.context import Tracker
from tracker.store.commit import Commit
from tracker.store.jobs import RowResult
from tracker.store.keys import Space


class Plan(NamedTuple):
    """What becomes of a row, and the commit that makes it so (None where nothing is new)."""

    result: RowResult
    commit: Commit | None


class Entry:
    """A vendor as it stands after the rows so far."""

    def __init__(self, history: History, vault: VendorVault) -> None:
        self.history = history
        self.vault = vault
        self._vendor: Vendor | None = None
        self._views: Views | None = None

    @property
    def vendor(self) -> Vendor:
        """The vendor's state."""
        if self._vendor is None:
            self._vendor = self.history.replay()
        return self._vendor

    def record(self, commit: Commit, facts: Sequence[VendorFact]) -> None:
        """Adds facts to the vendor and to the commit that carries them."""
        seen = self._views or (views_of(self.history) if self.history.facts else None)
        self._views = commit.vendor(self.history, facts, seen)
        self.history = self.history.then(*facts)
        self._vendor = None

    def stated_by(self, by: str) -> bool:
        """Whether a row recorded something here already: a job that goes on after a stop."""
        return any(fact.by == by for fact in self.history.facts)


class Book:
    """One market's names and vendors, as far as some rows need them."""

    def __init__(self, tracker: Tracker, place: Market, now: int) -> None:
        self.tracker = tracker
        self.place = place
        self.now = now
        self.names: dict[str, str] = {}
        self.entries: dict[int, Entry] = {}
        self.spare: list[int] = []

    async def load(self, names: Sequence[str], fresh: int = 0) -> None:
        """Reads who holds these names, their histories and keys, and reserves vendor numbers."""
        unknown = [name for name in names if name not in self.names]
        reader, market = self.tracker.reader, self.place.id
        for name, holder in zip(unknown, await reader.holders(market, unknown), strict=True):
            if holder is not None:
                self.names[name] = holder
        numbers = {number_of(self.names[name]) for name in names if name in self.names}
        wanted = sorted(numbers - self.entries.keys())
        histories = await reader.histories(market, self.place.prefix, wanted)
        vaults = await self.tracker.vaults(market, histories)
        for history, vault in zip(histories, vaults, strict=True):
            self.entries[history.number] = Entry(history, vault)
        if fresh > len(self.spare):
            missing = fresh - len(self.spare)
            self.spare += await reader.reserve_numbers(market, self.place.prefix, missing)

    def commit(self) -> Commit:
        """A commit on this market."""
        return Commit(Space(self.place.id))

    def newcomer(self, commit: Commit) -> Entry:
        """A vendor with the next fresh number and a data key of its own."""
        history = History(self.place.prefix, self.spare.pop(0))
        vault = self.tracker.new_vault(commit, Space(self.place.id).data_keys, history)
        entry = self.entries[history.number] = Entry(history, vault)
        return entry

    def holder(self, name: str) -> Entry | None:
        """The vendor that holds a unique name."""
        held = self.names.get(name)
        return None if held is None else self.entries[number_of(held)]

    def stated(self, at: int, by: str) -> Stated:
        """The times of a fact that happened at `at` (ms)."""
        return Stated(at, self.now, by)


def number_of(holder: str) -> int:
    """The vendor's number in the holder of a name: `42` or `42.1`."""
    return int(holder.partition(".")[0])
