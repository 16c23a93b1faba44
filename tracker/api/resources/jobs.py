"""`/v1/jobs/{id}`: what was asked of the workers, how far it is, what came of it."""

from __future__ import annotations

from typing import Any

from litestar import Controller, get
from litestar.params import FromPath
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api.conventions import replies, tables
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Cursor, Limit, Page, clamped, page
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.tables import TableFormatGiven
from tracker.api.operation import Answer, operation
from tracker.services import imports, job_rows, job_table
from tracker.store.jobs import Job, JobProblem, Kind, RowStatus, State


class Progress(Struct, frozen=True):
    """How far a job is: rows or markets."""

    done: int
    total: int


class JobOut(Struct, frozen=True):
    """A job."""

    id: str
    kind: Kind
    state: State
    progress: Progress
    result: dict[str, Any] | None
    problem: JobProblem | None


class RowOut(Struct, frozen=True):
    """What became of one row; `row` is the file's own line or sheet row."""

    row: int
    status: RowStatus
    id: str | None
    field: str | None
    code: str | None
    detail: str | None


class Jobs(Controller):
    """Jobs are kept for seven days."""

    tags = ("jobs",)

    @get(
        "/v1/jobs/{job:str}",
        summary="Get a job",
        opt=operation(Permission.JOBS_READ, {200: Answer("The job.", JobOut)}),
    )
    async def get_job(self, request: ApiRequest, job: FromPath[str]) -> Reply:
        """Your own jobs; admin and auditor see all."""
        found = await job_rows.get_job(request.tracker, request.principal, job)
        return replies.data(job_out(found))

    @get(
        "/v1/jobs/{job:str}/rows",
        summary="List what became of an import's rows",
        opt=operation(
            Permission.JOBS_READ,
            {200: Answer("Rows in the order of the file.", Page[RowOut], tables.ALL)},
            problems=("NOT_ACCEPTABLE", "TOO_MANY_ROWS"),
            query={"limit": 100},
        ),
    )
    async def list_rows(
        self,
        request: ApiRequest,
        job: FromPath[str],
        limit: Limit = LIMIT,
        after: After = None,
        as_: TableFormatGiven = None,
    ) -> Reply:
        """Every row of the file that is not blank, accepted, duplicate or rejected, and why.

        As CSV and XLSX (up to 100 000 rows) all of them at once, without `limit` and `after`. Of a
        roster or a file of attachments that you sent yourself, the fault stands beside the row:
        after `status`, `code`, `detail`, `field`, `id` and `row` follow the columns of your file.
        """
        format_ = tables.chosen(request, as_)
        if format_ != "json":
            sheet = await job_table.sheet(request.tracker, request.principal, job)
            return await tables.table(format_, f"{job}-rows", sheet.columns, sheet.rows)
        cursor = Cursor(request)
        start = int(cursor.read(after) or 0)
        found, reached = await imports.rows(
            request.tracker, request.principal, job, start, clamped(limit)
        )
        return replies.data(page(found, None if reached is None else cursor.write(str(reached))))


def job_out(job: Job) -> JobOut:
    """A job as everybody sees it: no parameters, nothing of the file."""
    progress = Progress(job.done, job.total)
    return JobOut(job.id, job.kind, job.state, progress, job.result, job.problem)


def accepted(job: Job) -> Reply:
    """202: the job as it began, so that a repeat is answered with the same bytes."""
    begun = JobOut(job.id, job.kind, "queued", Progress(0, 0), None, None)
    return replies.data(begun, 202, replies.location(f"/v1/jobs/{job.id}"))
