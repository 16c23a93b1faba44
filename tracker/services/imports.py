"""Import an office's roster or a bank's file: take it, work through it, say what became of it.

A file is taken as sealed chunks under a key of its job. The job works through it in chunks of
`CHUNK` rows; the results of a chunk are stored when all its rows are committed. A job that was
stopped goes on with the first chunk that has no results; rows of it that were committed before
the stop are known by the job and row that their facts name, and count as what they were.
"""

from __future__ import annotations

import hashlib
import io
from asyncio import to_thread
from collections import Counter
from collections.abc import AsyncIterator
from typing import IO, Any, TypeVar

from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.access.roles import Permission, hidden, require
from tracker.access.vault import UploadCipher
from tracker.domain.days import day_date, day_of
from tracker.domain.errors import Invalid, KeyReused, TooLarge
from tracker.services.context import Tracker
from tracker.services.import_accounts import Accounts
from tracker.services.import_roster import Roster
from tracker.services.import_work import Rules, Work, batched
from tracker.services.job_ids import new_job, principal_of, speaking
from tracker.services.row_details import detail
from tracker.store.jobs import FILE_CHUNK_BYTES, Job, RowResult
from tracker.tables.reading import Table, read_bank, read_roster
from tracker.tables.rows import BankRow, RosterRow

R = TypeVar("R", bound=RosterRow | BankRow)

CHUNK = 500
"""Rows read, decided and reported as one."""

_PERMISSIONS = {
    "roster": Permission.IMPORTS_ROSTER,
    "attachments": Permission.IMPORTS_ATTACHMENTS,
}


async def accept(
    tracker: Tracker,
    principal: Principal,
    *,
    kind: str,
    market: str | None,
    effective_on: int | None,
    dry_run: bool,
    chunks: AsyncIterator[bytes],
    key: str | None = None,
) -> Job:
    """Takes a file and asks the workers to import it.

    A file that cannot be read at all is refused here (`BadFile`, `TooLarge`); everything else is
    said of its rows. `effective_on` is a day; the same `key` with the same file is the same job.
    """
    permission = _PERMISSIONS.get(kind)
    if permission is None:
        raise Invalid("`kind` is roster or attachments.", code="KIND_UNKNOWN")
    require(principal, permission, market)
    today = day_of(tracker.now())
    if effective_on is not None and effective_on > today:
        raise Invalid("`effective_on` lies in the future. Correct the date.", code="IN_FUTURE")
    fixed = await _effective_on(tracker, kind, market, effective_on, today)
    file = await _receive(tracker, chunks)
    rows = await to_thread(_count, kind, file)
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    given = "" if effective_on is None else str(effective_on)
    fingerprint = tracker.keyring.lookup("import", kind, market or "", given, str(dry_run), digest)
    job = new_job(tracker, "import", principal.id, {})
    cipher, wrapped = UploadCipher.create(tracker.keyring, job.id)
    parts = iter(lambda: file.read(FILE_CHUNK_BYTES), b"")
    for number, sealed in enumerate(cipher.seal_all(parts)):
        await tracker.jobs.put_chunk(job.id, number, sealed)
    params = {
        "kind": kind,
        "market": market,
        "effective_on": fixed,
        "today": today,
        "dry_run": dry_run,
        "key": wrapped,
        **speaking(principal),
    }
    job = replace(job, params=params, total=rows)
    known = await tracker.jobs.create(job, key, fingerprint)
    if known.job == job.id:
        await tracker.dispatch(job.id)
        return job
    await tracker.jobs.drop_file(job.id)
    if known.fingerprint != fingerprint:
        raise KeyReused(
            "This Idempotency-Key was used for another import. Use a new key for a new file."
        )
    return await tracker.jobs.get(known.job) or job


async def _effective_on(
    tracker: Tracker, kind: str, market: str | None, given: int | None, today: int
) -> int | None:
    """The day on which the file's facts happened, fixed once."""
    place = None if market is None else await tracker.market(market)
    if kind != "roster":
        return given
    if market is None or place is None:
        raise Invalid("A roster needs `market`: whose roster is it?", code="MARKET_MISSING")
    if given is not None and given < place.opened_on:
        raise Invalid(
            f"The market opened on {day_date(place.opened_on).isoformat()}; its roster cannot "
            "be older. Correct `effective_on`.",
            code="BEFORE_OPENING",
        )
    if given is not None:
        return given
    empty = not (await tracker.reader.stage_bits(market))["registered"]
    return min(place.opened_on, today) if empty else today


async def _receive(tracker: Tracker, chunks: AsyncIterator[bytes]) -> io.BytesIO:
    file = io.BytesIO()
    async for chunk in chunks:
        if file.write(chunk) and file.tell() > tracker.settings.upload_bytes_max:
            size = tracker.settings.upload_bytes_max // (1024 * 1024)
            raise TooLarge(
                f"Files up to {size} MiB are taken. Split the file.", code="FILE_TOO_LARGE"
            )
    return file


def _count(kind: str, file: IO[bytes]) -> int:
    """Rows of a file, which is read to its end for that: one that cannot be is refused here."""
    return (read_roster(file) if kind == "roster" else read_bank(file)).total_rows


# ── the job ──────────────────────────────────────────────────────────────────────────────────


async def run(tracker: Tracker, job: Job) -> dict[str, Any]:
    """The job itself; safe to run twice and at once."""
    file = await _file(tracker, job)
    if job.params["kind"] == "roster":
        roster = await to_thread(read_roster, file)
        return await _import(tracker, job, roster, Roster(tracker, job))
    principal = principal_of(job)
    listed = await to_thread(read_bank, file)
    return await _import(tracker, job, listed, Accounts(tracker, job, principal))


async def _import(tracker: Tracker, job: Job, table: Table[R], rules: Rules[R]) -> dict[str, Any]:
    dry = bool(job.params["dry_run"])
    work = Work(tracker, rules, dry=dry)
    job = replace(job, state="running", total=table.total_rows, done=0)
    totals: Counter[str] = Counter(accepted=0, duplicate=0, rejected=0)
    codes: Counter[str] = Counter()
    for number, rows in enumerate(batched(table, CHUNK)):
        job = replace(job, done=job.done + len(rows))
        # A dry run that goes on must imagine again what it imagined before it was stopped.
        results = None if dry else await tracker.jobs.rows(job.id, number)
        if results is None:
            results = await work.chunk(rows)
            await tracker.jobs.put_rows(job, number, results)
        rules.saw(rows, results)
        totals.update(result.status for result in results)
        codes.update(r.code for r in results if r.status == "rejected" and r.code is not None)
    result: dict[str, Any] = {"totals": dict(totals), "rejected": dict(sorted(codes.items()))}
    result["ignored"] = {"columns": list(table.ignored), "sheets": list(table.ignored_sheets)}
    not_listed = await rules.not_listed()
    return result if not_listed is None else {**result, "not_listed": not_listed}


async def _file(tracker: Tracker, job: Job) -> IO[bytes]:
    cipher = UploadCipher.resume(tracker.keyring, job.id, job.params["key"])
    sealed = [chunk async for chunk in tracker.jobs.chunks(job.id)]
    file = io.BytesIO()
    file.writelines(cipher.open_all(sealed))
    return file


# ── reading ──────────────────────────────────────────────────────────────────────────────────


async def get_job(tracker: Tracker, principal: Principal, id_: str) -> Job:
    """A job that the principal asked for; admin and auditor see all. Raises `NotFound`."""
    job = await tracker.jobs.get(id_)
    if job is None or (job.by != principal.id and principal.role not in {"admin", "auditor"}):
        raise hidden()
    return job


async def rows(
    tracker: Tracker, principal: Principal, id_: str, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """What became of the rows after row number `after`; and the row to go on after, if any."""
    job = await get_job(tracker, principal, id_)
    found: list[RowResult] = []
    for results in (await tracker.jobs.row_chunks(job.id)).values():
        found += [result for result in results if result.row > after]
    page = [
        {
            "row": result.row,
            "status": result.status,
            "id": result.id,
            "field": result.field,
            "code": result.code,
            "detail": detail(result.code),
        }
        for result in found[:limit]
    ]
    return page, found[limit - 1].row if len(found) > limit else None
