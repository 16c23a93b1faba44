"""A file that somebody looks at before it is imported: tried first, matched anew, then applied.

Each try is a job of its own, a dry run over the same sealed file; a file whose columns were not
understood is kept too, so that its sender can say which is which.
"""

from __future__ import annotations

import io
from asyncio import to_thread
from collections.abc import AsyncIterator
from typing import Any, Final

from msgspec import Struct, to_builtins

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.errors import BadFile
from tracker.services import imports, job_rows
from tracker.services.context import Tracker
from tracker.services.import_files import opened, receive, take
from tracker.services.job_table import keeps_file
from tracker.store.jobs import Job, JobProblem, RowResult
from tracker.tables.cells import text
from tracker.tables.headers import BANK, ROSTER
from tracker.tables.reading import Matched, Peek, Table, peek

MATCHABLE: Final = frozenset({"HEADER_NOT_FOUND", "COLUMN_MISSING", "SAME_COLUMN_TWICE"})
"""What is wrong with a file that its sender can mend by saying which column is which."""

PEEK_ROWS: Final = 8

PLACE: Final = "place"
"""The param of a job that says at which market's pages its file was sent."""


class Understood(Struct, frozen=True):
    """What was understood of a file: heading by field, what is not read, and its first rows."""

    source: str
    columns: dict[str, str]
    ignored: tuple[str, ...]
    ignored_sheets: tuple[str, ...]
    header_row: int


class Fault(Struct, frozen=True):
    """A row that was refused, with its cells as they stand in the file."""

    result: RowResult
    cells: list[str]


def place_of(job: Job) -> str | None:
    """The market at whose pages a file was sent."""
    place: str | None = job.params.get(PLACE, job.params.get("market"))
    return place


async def begin(
    tracker: Tracker,
    principal: Principal,
    *,
    kind: str,
    market: str,
    effective_on: int | None,
    chunks: AsyncIterator[bytes],
) -> Job:
    """Tries a file. One whose columns are not understood is kept as a job that failed with that.

    Raises `BadFile`, `TooLarge` for a file that is no table at all.
    """
    params = await imports.terms(
        tracker, principal, kind=kind, market=market, effective_on=effective_on, dry_run=True
    )
    return await _try(tracker, principal, await receive(tracker, chunks), params)


async def again(tracker: Tracker, principal: Principal, job: Job, matched: Matched) -> Job:
    """Tries the file of a job anew, with its columns as they are matched here.

    Raises `BadFile` `COLUMNS_MATCHED_WRONG` where these do not fit the file.
    """
    params = {**await _params(tracker, principal, job), "matched": to_builtins(matched)}
    return await _try(tracker, principal, await opened(tracker, job), params)


async def apply(tracker: Tracker, principal: Principal, job: Job) -> Job:
    """Imports the file of a try as it was tried; asked for twice it is the same job."""
    params = {**await _params(tracker, principal, job), "dry_run": False}
    file = await opened(tracker, job)
    rows = await to_thread(imports.count, params, file)
    key = tracker.keyring.lookup("apply", job.id).hex()
    return await take(tracker, principal, file, params, rows=rows, key=key)


async def understood(tracker: Tracker, principal: Principal, job: Job) -> Understood | None:
    """What was understood of a job's file; None where its columns are not, or it is gone."""
    listed = await _table(tracker, principal, job)
    if listed is None:
        return None
    return Understood(
        listed.source,
        dict(listed.columns),
        listed.ignored,
        listed.ignored_sheets,
        listed.header_rows[-1] if listed.header_rows else 0,
    )


async def first_rows(tracker: Tracker, principal: Principal, job: Job) -> Peek | None:
    """The first rows of a job's file, to match its columns by; None where it is gone."""
    if not await keeps_file(tracker, principal, job):
        return None
    kind = ROSTER if job.params["kind"] == "roster" else BANK
    return await to_thread(peek, await opened(tracker, job), kind, PEEK_ROWS)


async def faults(tracker: Tracker, principal: Principal, job: Job, most: int) -> list[Fault]:
    """The first rows that were refused, with their cells where the file is still there."""
    found: list[RowResult] = []
    async for results in job_rows.chunks(tracker, job):
        found += (result for result in results if result.status == "rejected")
        if len(found) >= most:
            break
    found = found[:most]
    listed = await _table(tracker, principal, job) if found else None
    cells = {} if listed is None else await to_thread(_cells, listed, {r.row for r in found})
    return [Fault(result, cells.get(result.row, [])) for result in found]


def _cells(listed: Table[Any], wanted: set[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for number, cells in listed.written():
        if number in wanted:
            found[number] = [text(cell) for cell in cells]
            if len(found) == len(wanted):
                break
    return found


async def _table(tracker: Tracker, principal: Principal, job: Job) -> Table[Any] | None:
    if not await keeps_file(tracker, principal, job):
        return None
    try:
        return await to_thread(imports.table, job.params, await opened(tracker, job))
    except BadFile:
        return None


async def _params(tracker: Tracker, principal: Principal, job: Job) -> dict[str, Any]:
    """The terms of a job whose file is tried or applied again, as they stand today."""
    if not await keeps_file(tracker, principal, job):
        raise hidden()
    known = job.params
    terms = await imports.terms(
        tracker,
        principal,
        kind=known["kind"],
        market=known["market"],
        effective_on=known["effective_on"],
        dry_run=True,
    )
    return {**terms, "matched": known.get("matched"), PLACE: place_of(job)}


async def _try(
    tracker: Tracker, principal: Principal, file: io.BytesIO, params: dict[str, Any]
) -> Job:
    """Tries a file; a bank's that names the market of each row is of all these markets."""
    params = {PLACE: params["market"], **params}
    try:
        listed = await to_thread(imports.table, params, file)
        if params["kind"] == "attachments":
            named = "market" in listed.columns
            params = {**params, "market": None if named else params[PLACE]}
        rows = listed.total_rows
    except BadFile as wrong:
        if wrong.code not in MATCHABLE:
            raise
        problem = JobProblem(wrong.code, wrong.detail)
        return await take(tracker, principal, file, params, rows=0, failed=problem)
    return await take(tracker, principal, file, params, rows=rows)
