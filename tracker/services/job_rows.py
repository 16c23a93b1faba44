"""Jobs for those who asked for them, and what became of an import's rows, a chunk at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from heapq import merge
from itertools import islice

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.services.context import Tracker
from tracker.store.jobs import Job, RowResult


async def get_job(tracker: Tracker, principal: Principal, id_: str) -> Job:
    """A job that the principal asked for; admin and auditor see all. Raises `NotFound`."""
    job = await tracker.jobs.get(id_)
    if job is None or (job.by != principal.id and principal.role not in {"admin", "auditor"}):
        raise hidden()
    return job


async def page(tracker: Tracker, job: Job, after: int, limit: int) -> tuple[list[RowResult], bool]:
    """What became of the rows after row number `after`, and whether more follow."""
    if _by_market(job):
        found: list[RowResult] = []
        async for results in chunks(tracker, job):
            rest = sorted((r for r in results if r.row > after), key=_row)
            found = list(islice(merge(found, rest, key=_row), limit + 1))
    else:
        found = []
        async for results in _from(tracker, job, after):
            found += (result for result in results if result.row > after)
            if len(found) > limit:
                break
    return found[:limit], len(found) > limit


async def chunks(tracker: Tracker, job: Job) -> AsyncIterator[list[RowResult]]:
    """The results of all rows, chunk by chunk: of an activity file, market by market."""
    for number in await tracker.jobs.row_chunk_numbers(job.id):
        results = await tracker.jobs.rows(job.id, number)
        if results:
            yield results


async def _from(tracker: Tracker, job: Job, after: int) -> AsyncIterator[list[RowResult]]:
    """The chunks in the order of the file, from the one that holds the row after `after`."""
    numbers = await tracker.jobs.row_chunk_numbers(job.id)
    first, last = 0, len(numbers) - 1
    while first < last:  # the chunk whose rows end after `after`; few are looked at
        middle = (first + last) // 2
        results = await tracker.jobs.rows(job.id, numbers[middle])
        if results and results[-1].row > after:
            last = middle
        else:
            first = middle + 1
    for number in numbers[first:]:
        results = await tracker.jobs.rows(job.id, number)
        if results:
            yield results


def _by_market(job: Job) -> bool:
    """Whether the rows were worked through by market and day, not in the order of the file."""
    return job.params.get("kind") == "activity"


def _row(result: RowResult) -> int:
    return result.row
