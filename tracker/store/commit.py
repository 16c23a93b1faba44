"""The commit: everything that one use case writes, as one atomic step on one market.

A use case builds a `Commit` from the history that it read and the facts that it decided on; the
difference of the views before and after goes along. `commit` sends one, `commit_many` pipelines
many, each still a step of its own. Nothing here is tried again silently: a `Stale` outcome means
that another writer was faster, and the use case reads and decides anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any, Final

from msgspec import Struct, msgpack
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

from tracker.domain.approvals import is_asked
from tracker.domain.days import day_of
from tracker.domain.facts import (
    Fact,
    VendorFact,
    Voided,
    encode,
)
from tracker.domain.findings import findable
from tracker.domain.limits import require_history
from tracker.domain.rows import ROW_BYTES
from tracker.domain.vendor import History
from tracker.domain.views import EMPTY, Views, views_of
from tracker.observe.meters import COMMITS
from tracker.store.keys import Space

SCRIPT: Final = files("tracker.store").joinpath("commit.lua").read_text("utf-8")
ANSWER_TTL_MS: Final = 7 * 86_400_000
"""How long a stored answer is kept: a partner's retries end long before."""

MARKET = "0"
"""The subject of facts about the market itself; vendors are named by their number."""


class Done(Struct, frozen=True):
    """Written; `position` is the ledger's position of its last entry."""

    position: int


class Replayed(Struct, frozen=True):
    """Nothing written: the same idempotency key has an answer already."""

    answer: bytes


class Stale(Struct, frozen=True):
    """Nothing written: `subject` changed since it was read."""

    subject: str


class Taken(Struct, frozen=True):
    """Nothing written: a unique name belongs to somebody else."""

    name: str
    holder: str


Outcome = Done | Replayed | Stale | Taken
_DONE, _REPLAYED, _STALE, _TAKEN, _FAILED = (
    (name,) for name in ("done", "replayed", "stale", "taken", "failed")
)


def header(version: int) -> bytes:
    """The first five bytes of a document: msgpack's array32 of so many facts, its version."""
    return b"" if version == 0 else b"\xdd" + version.to_bytes(4, "big")


class Commit:
    """A commit in the making; see `commit.lua` for what each part comes to."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._keys = [space.ledger, space.docs, space.names, space.deltas, space.marks]
        self._keys.append(space.ledger)
        self._places: dict[str, int] = {}
        self._args: list[bytes] = []
        self._answer: list[int] = []
        self._docs: list[list[Any]] = []
        self._entries: list[list[Any]] = []
        self._claims: list[list[str]] = []
        self._releases: list[list[str]] = []
        self._deltas: list[list[Any]] = []
        self._rows: list[list[int]] = []
        self._sets: dict[tuple[str, int], int] = {}
        self._records: dict[tuple[int, str], list[Any]] = {}
        self._seen: list[list[Any]] = []
        self._mark = -1
        self._settled = -1

    @property
    def space(self) -> str:
        """The name of the space that it writes to: a market's, or the service's."""
        return self._space.name

    def vendor(
        self, before: History, facts: Sequence[VendorFact], seen: Views | None = None
    ) -> Views:
        """A vendor's facts with the difference that they make to the views.

        `seen` is the views of `before` where the caller has them already; returns those after.
        """
        old = seen if seen is not None else views_of(before) if before.facts else EMPTY
        new = views_of(before.then(*facts))
        self.vendor_views(before.number, old, new)
        require_history(before.vendor_code, before.version, facts)
        self.append(str(before.number), before.version, facts)
        for fact in facts:
            self.mark(day_of(_first_moved(before, fact)))
        if any(map(findable, facts)):
            reached = header(before.version + len(facts))
            self.record(self._space.unindexed, str(before.number), reached, new=False)
        return new

    def vendor_views(self, number: int, old: Views, new: Views) -> None:
        """The difference between a vendor's old and new views."""
        for name, holder in new.names.items():
            if old.names.get(name) != holder:
                self._claims.append([name, holder, old.names.get(name, holder)])
        for name, holder in old.names.items():
            if name not in new.names:
                self._releases.append([name, holder])
        for (day, line), count in new.lines.items():
            if change := count - old.lines.get((day, line), 0):
                self._deltas.append([f"{day}:{line}", change])
        for (day, line), count in old.lines.items():
            if (day, line) not in new.lines:
                self._deltas.append([f"{day}:{line}", -count])
        if new.row != old.row:
            place = number * ROW_BYTES
            self._rows.append([self._key(self._space.rows), place, self._arg(new.row)])
        if new.sets != old.sets:
            self._sets.update({(name, number): 0 for name in old.sets - new.sets})
            self._sets.update({(name, number): 1 for name in new.sets - old.sets})

    def append(self, subject: str, version: int, facts: Iterable[Fact]) -> None:
        """Facts for the ledger and the document of a subject that was read at `version`."""
        places = []
        for ordinal, fact in enumerate(facts, version + 1):
            places.append(self._arg(encode(fact)))
            if is_asked(fact):
                when = str(fact.recorded).encode()
                self.record(self._space.asked, f"{subject}.{ordinal}", when, new=False)
        was, becomes = header(version), header(version + len(places))
        self._docs.append([subject, self._arg(was), self._arg(becomes), places])

    def expect(self, subject: str, version: int) -> None:
        """A document that was decided on, and is not written: it must still be of that version."""
        self._seen.append([subject, self._arg(header(version))])

    def entry(self, subject: str, fact: Fact) -> None:
        """A ledger entry that no document holds: a publication."""
        self._entries.append([subject, self._arg(encode(fact))])

    def claim(self, name: str, holder: str) -> None:
        """A unique name outside the vendors' views (market ids, prefixes)."""
        self._claims.append([name, holder, holder])

    def record(
        self, key: str, field: str, value: bytes, *, expected: bytes | None = None, new: bool
    ) -> None:
        """A field of a record hash.

        With `new` it must be absent, with `expected` it must be just that; else the commit is
        stale. A field given again (the chain's head, by each day published) is written once, with
        the last value; its condition stays the first, for that is what the store still holds.
        """
        place = self._key(key), field
        if place in self._records:
            self._records[place][3] = self._arg(value)
            return
        condition = 1 if new else 0 if expected is None else self._arg(expected)
        self._records[place] = [*place, condition, self._arg(value)]

    def drop(self, key: str, field: str) -> None:
        """A field of a record hash that is there no more; that it was is not asked for."""
        self._records[self._key(key), field] = [self._key(key), field, 0, 0]

    def answer(self, key: str, stored: bytes) -> None:
        """The answer to keep under an idempotency key, found again as `Replayed`."""
        self._keys[5] = self._space.answers + key
        self._answer = [ANSWER_TTL_MS, self._arg(stored)]

    def mark(self, day: int) -> None:
        """Figures from this day on may change."""
        self._mark = day if self._mark < 0 else min(self._mark, day)

    def settled(self, position: int) -> None:
        """Figures are published for all facts up to this position."""
        self._settled = position

    def _sets_changed(self) -> list[Any]:
        if not self._sets:
            return []
        changes = [
            (self._key(self._space.set(name)), name, number, becomes)
            for (name, number), becomes in self._sets.items()
        ]
        return [self._key(self._space.sets), *changes]

    def _arg(self, value: bytes) -> int:
        self._args.append(value)
        return len(self._args) + 1

    def _key(self, key: str) -> int:
        place = self._places.get(key)
        if place is None:
            self._keys.append(key)
            place = self._places[key] = len(self._keys)
        return place

    def arguments(self) -> tuple[list[str], list[bytes]]:
        """KEYS and ARGV of the script."""
        plan = (
            self._answer,
            self._docs,
            self._entries,
            self._claims,
            self._releases,
            self._deltas,
            self._rows,
            self._sets_changed(),
            list(self._records.values()),
            self._mark,
            self._settled,
            self._seen,
        )
        return self._keys, [_encode(plan), *self._args]


def _first_moved(before: History, fact: Fact) -> int:
    """The first moment that a fact may change: a void reaches back to what it voids, and so on."""
    moment = fact.at
    while isinstance(fact, Voided):
        fact = before.facts[fact.event - 1]
        moment = min(moment, fact.at)
    return moment


_encode = msgpack.Encoder().encode


class Committer:
    """Sends commits to the store."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._script = AsyncScript(client, SCRIPT)

    async def commit(self, commit: Commit) -> Outcome:
        """One commit. A script that the server does not know (a restart) ran nothing: loaded."""
        keys, args = commit.arguments()
        sha = self._script.sha
        try:
            reply = await self._client.evalsha(sha, len(keys), *keys, *args)
        except NoScriptError:
            await self._client.script_load(SCRIPT)
            reply = await self._client.evalsha(sha, len(keys), *keys, *args)
        return _outcome(reply)

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        """Many commits in one pipeline, in this order, each a step of its own.

        A failure of one (a corrupted view, the store out of memory) raises after all were sent;
        the others stand.
        """
        replies = await self._send(commits)
        if any(isinstance(reply, NoScriptError) for reply in replies):
            await self._client.script_load(SCRIPT)
            unknown = [n for n, r in enumerate(replies) if isinstance(r, NoScriptError)]
            again = await self._send([commits[n] for n in unknown])
            for n, reply in zip(unknown, again, strict=True):
                replies[n] = reply
        return [_outcome(reply) for reply in replies]

    async def _send(self, commits: Sequence[Commit]) -> list[Any]:
        sha = self._script.sha
        pipeline = self._client.pipeline(transaction=False)
        for commit in commits:
            keys, args = commit.arguments()
            pipeline.evalsha(sha, len(keys), *keys, *args)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies


def _outcome(reply: Any) -> Outcome:
    if isinstance(reply, Exception):
        COMMITS.inc(_FAILED)
        raise reply
    match reply:
        case [b"done", position]:
            COMMITS.inc(_DONE)
            return Done(position)
        case [b"replayed", answer]:
            COMMITS.inc(_REPLAYED)
            return Replayed(answer)
        case [b"stale", subject]:
            COMMITS.inc(_STALE)
            return Stale(subject.decode())
        case [b"taken", name, holder]:
            COMMITS.inc(_TAKEN)
            return Taken(name.decode(), holder.decode())
    raise TypeError("The commit script gave a reply that is none of its own.")
