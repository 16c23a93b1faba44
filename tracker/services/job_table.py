"""The results of an import beside the rows of the file: what an office corrects and sends again.

The file is kept, sealed, as long as its job. It is given back to the one who sent it and to nobody
else: others see the results alone, and so does the sender of a file that is gone.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final, NamedTuple

from tracker.access.keys import Principal
from tracker.services import imports, job_rows
from tracker.services.context import Tracker
from tracker.services.import_files import opened
from tracker.services.row_details import detail
from tracker.store.jobs import Job, RowResult, RowStatus
from tracker.tables.cells import Cell, text
from tracker.tables.reading import Table
from tracker.tables.writing import OutCell

ALONE: Final = ("row", "status", "id", "field", "code", "detail")
BESIDE: Final = tuple(
    f"import_{name}" for name in ("status", "code", "detail", "field", "id", "row")
)
"""The columns of the results where they stand before the row's own cells: the fault first.

No import reads a column of these names: the file may be corrected and sent as it is.
"""

_BESIDE_OF: Final = frozenset({"roster", "attachments"})
"""Kinds of files whose own cells are given back."""

Pieces = AsyncIterator[list[list[OutCell]]]


class Sheet(NamedTuple):
    """A table on its way out."""

    columns: list[str]
    rows: Pieces


async def sheet(
    tracker: Tracker, principal: Principal, id_: str, only: RowStatus | None = None
) -> Sheet:
    """All rows of a job's file that were worked through, or those of one status.

    Raises `NotFound`.

    Rows of an activity file come market by market, without the file's own cells: what one trader
    was paid is never given out.
    """
    job = await job_rows.get_job(tracker, principal, id_)
    if not await keeps_file(tracker, principal, job):
        return Sheet(list(ALONE), _alone(tracker, job, only))
    listed = await to_thread(imports.table, job.params, await opened(tracker, job))
    headings = await to_thread(lambda: listed.headings)
    return Sheet([*BESIDE, *headings], _beside(tracker, job, listed, len(headings), only))


async def keeps_file(tracker: Tracker, principal: Principal, job: Job) -> bool:
    """Whether this principal sent the job's file, of a kind that is given back, and it is there."""
    own = job.by == principal.id and job.params.get("kind") in _BESIDE_OF
    return own and await tracker.jobs.has_file(job.id)


async def _alone(tracker: Tracker, job: Job, only: RowStatus | None) -> Pieces:
    async for results in job_rows.chunks(tracker, job):
        yield [
            [r.row, r.status, r.id, r.field, r.code, detail(r.code)]
            for r in sorted(results, key=lambda result: result.row)
            if only in {None, r.status}
        ]


async def _beside(
    tracker: Tracker, job: Job, listed: Table[Any], width: int, only: RowStatus | None
) -> Pieces:
    written = listed.written()
    async for results in job_rows.chunks(tracker, job):
        wanted = [result for result in results if only in {None, result.status}]
        yield _joined(wanted, written, width)


def _joined(
    results: list[RowResult], written: Iterator[tuple[int, list[Cell]]], width: int
) -> list[list[OutCell]]:
    """The results with the cells of their rows; both are in the order of the file."""
    found: list[list[OutCell]] = []
    for result in results:
        said = [result.status, result.code, detail(result.code), result.field, result.id]
        cells = next((cells for number, cells in written if number == result.row), [])
        own = [text(cell) for cell in cells]
        found.append([*said, result.row, *own, *[""] * (width - len(own))])
    return found
