"""The results of an import beside the rows of the file: what an office corrects and sends again.

The file is kept, sealed, as long as its job. It is given back to the one who sent it and to nobody
else: others see the results alone, and so does the sender of a file that is gone.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import IO, Any, Final, NamedTuple

from tracker.access.keys import Principal
from tracker.services import job_rows
from tracker.services.context import Tracker
from tracker.services.import_files import opened
from tracker.services.row_details import detail
from tracker.store.jobs import Job, RowResult
from tracker.tables.cells import Cell, text
from tracker.tables.reading import Table, read_bank, read_roster
from tracker.tables.writing import OutCell

ALONE: Final = ("row", "status", "id", "field", "code", "detail")
BESIDE: Final = tuple(
    f"import_{name}" for name in ("status", "code", "detail", "field", "id", "row")
)
"""The columns of the results where they stand before the row's own cells: the fault first.

No import reads a column of these names: the file may be corrected and sent as it is.
"""

_READERS: Final[Mapping[str, Callable[[IO[bytes]], Table[Any]]]] = {
    "roster": read_roster,
    "attachments": read_bank,
}

Pieces = AsyncIterator[list[list[OutCell]]]


class Sheet(NamedTuple):
    """A table on its way out."""

    columns: list[str]
    rows: Pieces


async def sheet(tracker: Tracker, principal: Principal, id_: str) -> Sheet:
    """All rows of a job's file that were worked through; raises `NotFound`.

    Rows of an activity file come market by market, without the file's own cells: what one trader
    was paid is never given out.
    """
    job = await job_rows.get_job(tracker, principal, id_)
    reader = _READERS.get(str(job.params.get("kind")))
    if job.by != principal.id or reader is None or not await tracker.jobs.has_file(job.id):
        return Sheet(list(ALONE), _alone(tracker, job))
    file = await opened(tracker, job)
    table: Table[Any] = await to_thread(reader, file)
    headings = await to_thread(lambda: table.headings)
    return Sheet([*BESIDE, *headings], _beside(tracker, job, table, len(headings)))


async def _alone(tracker: Tracker, job: Job) -> Pieces:
    async for results in job_rows.chunks(tracker, job):
        yield [
            [r.row, r.status, r.id, r.field, r.code, detail(r.code)]
            for r in sorted(results, key=lambda result: result.row)
        ]


async def _beside(tracker: Tracker, job: Job, table: Table[Any], width: int) -> Pieces:
    written = table.written()
    async for results in job_rows.chunks(tracker, job):
        yield _joined(results, written, width)


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
