"""Register many vendors in one call: each row is a commit, and a retry gives the rows' answers.

Rows are decided in their order (`services.bulk_rows`), their commits go out `PIPELINE` at a time.
Under an idempotency key every row has one of its own, and its result is stored in the same step as
its facts: whoever repeats a call that died half-way decides only the rows without one.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from tracker.access.keys import Principal
from tracker.access.roles import Permission, require
from tracker.domain.errors import Conflict
from tracker.services.bulk_rows import Item, Plan, Row, Rules
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy, reused
from tracker.services.import_work import PIPELINE, batched
from tracker.store.commit import Commit, Done, Outcome, Replayed
from tracker.store.keys import Space

ROWS_MAX: Final = 500
"""Rows of one call; more go through an import."""


class Kept(Protocol):
    """Where the results of a call's rows are kept, under its idempotency key."""

    key: str
    fingerprint: bytes

    def name(self, row: int) -> str:
        """The idempotency key of one row."""
        ...

    def seal(self, item: Item) -> bytes:
        """A row's result as it is stored."""
        ...

    def open(self, row: int, stored: bytes) -> Item:
        """A row's stored result; raises `KeyReused` where it belongs to another request."""
        ...


class Results(NamedTuple):
    """What became of all rows, in their order; `replayed` where all had been said before."""

    items: list[Item]
    replayed: bool


async def register_all(
    tracker: Tracker,
    principal: Principal,
    market: str,
    rows: Sequence[Row],
    *,
    dry_run: bool = False,
    kept: Kept | None = None,
) -> Results:
    """Registers the vendors of the rows; nothing at all is written in a dry run.

    Raises `Conflict` `BULK_IN_PROGRESS` while the same call is at work elsewhere, `KeyReused`
    where the key was used for another, `Unavailable` where a race has no end: rows that were
    written by then are written, and told by the next attempt.
    """
    require(principal, Permission.VENDORS_WRITE, market)
    if kept is None or dry_run:
        call = _Call(tracker, principal, market, dry=dry_run)
        return Results(await call.all(rows), replayed=False)
    call = _Call(tracker, principal, market, kept=kept)
    if await call.recall(rows):
        return Results(await call.all(rows), replayed=True)
    token = secrets.token_hex(8)
    match await tracker.bulk_calls.begin(market, kept.key, kept.fingerprint, token):
        case "other":
            raise reused()
        case "running":
            raise Conflict(
                "The same call, under the same Idempotency-Key, is at work. Send it again in a "
                "few seconds: its answer will be given.",
                code="BULK_IN_PROGRESS",
            )
        case "begun":
            pass
    try:
        replayed = await call.recall(rows)  # the twin may have ended since
        return Results(await call.all(rows), replayed)
    finally:
        await tracker.bulk_calls.end(market, kept.key, token)


class _Call:
    """One attempt at a call, and the results that it knows."""

    def __init__(
        self,
        tracker: Tracker,
        principal: Principal,
        market: str,
        *,
        dry: bool = False,
        kept: Kept | None = None,
    ) -> None:
        self._tracker = tracker
        self._principal = principal
        self._market = market
        self._dry = dry
        self._kept = kept
        self._items: dict[int, Item] = {}

    async def recall(self, rows: Sequence[Row]) -> bool:
        """Takes the results that are stored; whether those are all."""
        kept = self._kept
        if kept is not None:
            names = [kept.name(row.row) for row in rows]
            stored = await self._tracker.reader.answers(self._market, names)
            for row, answer in zip(rows, stored, strict=True):
                if answer is not None:
                    self._items[row.row] = kept.open(row.row, answer)
        return len(self._items) == len(rows)

    async def all(self, rows: Sequence[Row]) -> list[Item]:
        """The results of all rows, in their order; those without one are decided."""
        for _ in range(ATTEMPTS_MAX):
            rest = [row for row in rows if row.row not in self._items]
            if not rest:
                return [self._items[row.row] for row in rows]
            await self._round(rest)
        raise busy()

    async def _round(self, rows: Sequence[Row]) -> None:
        """Decides rows and writes what they come to; some may have to be decided anew.

        Where another writer overtakes a row, what was decided after it may be wrong. A row with
        facts is then not written, for it expects what was not written either; one without facts
        stands only where all before it do, and its result is stored only when that is known.
        """
        rules = await Rules.read(self._tracker, self._principal, self._market, rows, dry=self._dry)
        overtaken = False
        silent: list[Item] = []
        for row, plan, outcome in await self._written(rules, rows):
            match outcome:
                case Done():
                    self._items[row.row] = plan.item
                case Replayed(answer=stored) if self._kept is not None:  # a twin was faster
                    self._items[row.row] = self._kept.open(row.row, stored)
                    overtaken = True
                case None if not overtaken:
                    self._items[row.row] = plan.item
                    silent.append(plan.item)
                case _:
                    overtaken = True
        await self._keep(silent)

    async def _written(
        self, rules: Rules, rows: Sequence[Row]
    ) -> list[tuple[Row, Plan, Outcome | None]]:
        """Each row, what was planned for it, and what became of its commit, if it had one."""
        plans: list[Plan] = []
        outcomes: list[Outcome | None] = []
        sent: asyncio.Task[list[Outcome | None]] | None = None
        for some in batched(rows, PIPELINE):
            planned = [rules.plan(row) for row in some]
            plans += planned
            if sent is not None:
                outcomes += await sent
            sent = asyncio.create_task(self._commit(planned))
            await asyncio.sleep(0)  # it leaves now, not when the next rows are decided
        if sent is not None:
            outcomes += await sent
        return list(zip(rows, plans, outcomes, strict=True))

    async def _commit(self, plans: Sequence[Plan]) -> list[Outcome | None]:
        commits: list[Commit] = []
        for item, commit in plans:
            if commit is not None and not self._dry:
                if self._kept is not None:
                    commit.answer(self._kept.name(item.row), self._kept.seal(item))
                commits.append(commit)
        outcomes = iter(await self._tracker.committer.commit_many(commits) if commits else ())
        return [None if self._dry or plan.commit is None else next(outcomes) for plan in plans]

    async def _keep(self, items: Sequence[Item]) -> None:
        """Stores the results of rows that wrote nothing; what a twin has said of one stands."""
        kept = self._kept
        if kept is None or not items:
            return
        commits = []
        for item in items:
            commit = Commit(Space(self._market))
            commit.answer(kept.name(item.row), kept.seal(item))
            commits.append(commit)
        outcomes = await self._tracker.committer.commit_many(commits)
        for item, outcome in zip(items, outcomes, strict=True):
            if isinstance(outcome, Replayed):
                self._items[item.row] = kept.open(item.row, outcome.answer)
