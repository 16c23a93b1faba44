"""Works through the rows of a file: decide, commit, and decide anew what was overtaken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, Protocol, TypeVar

from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.services.import_book import Plan
from tracker.store.commit import Done
from tracker.store.jobs import RowResult
from tracker.tables.rows import BankRow, RosterRow

T = TypeVar("T")
R = TypeVar("R", bound=RosterRow | BankRow)
R_contra = TypeVar("R_contra", bound=RosterRow | BankRow, contravariant=True)

PIPELINE = 100
"""Commits of one round trip: the store writes them while the next rows are decided."""

BREATH = 3
"""Rows decided at a stretch. In between commits leave, which takes redis-py some turns of the loop:
else they left when the next hundred rows were decided, and the worker waited for the store."""


class Rules(Protocol[R_contra]):
    """What decides rows of one kind of file."""

    async def foresee(self, rows: Sequence[R_contra]) -> None:
        """Takes note of what some rows will be about: all rows of a dry run, before the first."""

    async def open(self, rows: Sequence[R_contra]) -> None:
        """Reads what these rows are about, anew."""

    def plan(self, row: R_contra) -> Plan:
        """The row's outcome after the rows before it; in the order of the file."""
        ...

    def saw(self, rows: Sequence[R_contra], results: Sequence[RowResult]) -> None:
        """Takes note of what became of some rows."""

    async def not_listed(self) -> list[str] | None:
        """Codes of the vendors whom the file should have listed; None where that says nothing."""
        ...


class Work(Generic[R]):
    """Rows in, results out; nothing is written in a dry run."""

    def __init__(self, tracker: Tracker, rules: Rules[R], *, dry: bool) -> None:
        self._tracker = tracker
        self._rules = rules
        self._dry = dry

    async def chunk(self, rows: Sequence[R]) -> list[RowResult]:
        """Decides and commits some rows.

        Where another writer overtook a row, it and what was decided after it without a commit of
        its own (a duplicate of it, say) is decided anew. Raises `Unavailable` where that has no
        end.
        """
        results: dict[int, RowResult] = {}
        rest = list(rows)
        for _ in range(ATTEMPTS_MAX):
            await self._rules.open(rest)
            left: list[R] = []
            for row, plan, written in await self._round(rest):
                if written and not (left and plan.commit is None):
                    results[row.row] = plan.result
                else:
                    left.append(row)
            if not left:
                return [results[row.row] for row in rows]
            rest = left
        raise busy()

    async def _round(self, rows: Sequence[R]) -> list[tuple[R, Plan, bool]]:
        plans: list[Plan] = []
        written: list[bool] = []
        sent: asyncio.Task[list[bool]] | None = None
        for some in batched(rows, PIPELINE):
            planned: list[Plan] = []
            for number, row in enumerate(some):
                if number % BREATH == 0:
                    await asyncio.sleep(0)
                planned.append(self._rules.plan(row))
            plans += planned
            if sent is not None:
                written += await sent
            sent = asyncio.create_task(self._commit(planned))
        if sent is not None:
            written += await sent
        return list(zip(rows, plans, written, strict=True))

    async def _commit(self, plans: Sequence[Plan]) -> list[bool]:
        """Whether each plan stands: there was nothing to write, or it is written."""
        commits = [plan.commit for plan in plans if plan.commit is not None]
        if self._dry or not commits:
            return [True] * len(plans)
        outcomes = iter(await self._tracker.committer.commit_many(commits))
        return [plan.commit is None or isinstance(next(outcomes), Done) for plan in plans]


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """The items in groups of `size`, the last one smaller."""
    rest = iter(items)
    while some := tuple(islice(rest, size)):
        yield some
