"""Import an office's roster or a bank's file: take it, work through it, say what became of it.

A file is taken as sealed chunks under a key of its job. The job works through it in chunks of
`CHUNK` rows; the results of a chunk are stored when all its rows are committed. A job that was
stopped goes on with the first chunk that has no results; rows of it that were committed before
the stop are known by the job and row that their facts name, and count as what they were.
"""

from __future__ import annotations

from asyncio import sleep, to_thread
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import IO, Any, TypeVar

from msgspec import convert
from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.access.roles import Permission, require
from tracker.domain.days import day_date, day_of, start_of
from tracker.domain.errors import Invalid
from tracker.domain.market import require_open
from tracker.domain.rows import ON_ROSTER
from tracker.services import activity_files, doubt_list, job_rows
from tracker.services.activity import check_bank, check_day
from tracker.services.context import Tracker
from tracker.services.import_accounts import Accounts
from tracker.services.import_files import opened, receive, take
from tracker.services.import_roster import Roster
from tracker.services.import_work import Rules, Work, batched
from tracker.services.job_ids import principal_of
from tracker.services.row_details import detail
from tracker.store.jobs import Job
from tracker.tables.reading import Matched, Table, read_activity, read_bank, read_roster
from tracker.tables.rows import BankRow, RosterRow

R = TypeVar("R", bound=RosterRow | BankRow)

CHUNK = 500
"""Rows read, decided and reported as one."""

_PERMISSIONS = {
    "roster": Permission.IMPORTS_ROSTER,
    "attachments": Permission.IMPORTS_ATTACHMENTS,
    "activity": Permission.IMPORTS_ACTIVITY,
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
    params = await terms(
        tracker, principal, kind=kind, market=market, effective_on=effective_on, dry_run=dry_run
    )
    file = await receive(tracker, chunks)
    rows = await to_thread(count, params, file)
    given = "" if effective_on is None else str(effective_on)
    said = (kind, market or "", given, str(dry_run))
    return await take(tracker, principal, file, params, rows=rows, said=said, key=key)


async def terms(
    tracker: Tracker,
    principal: Principal,
    *,
    kind: str,
    market: str | None,
    effective_on: int | None,
    dry_run: bool,
) -> dict[str, Any]:
    """What is to be done with a file, as the params of its job; raises where that may not be."""
    permission = _PERMISSIONS.get(kind)
    if permission is None:
        raise Invalid("`kind` is roster, attachments or activity.", code="KIND_UNKNOWN")
    require(principal, permission, market)
    today = day_of(tracker.now())
    if effective_on is not None and effective_on > today:
        raise Invalid("`effective_on` lies in the future. Correct the date.", code="IN_FUTURE")
    return {
        "kind": kind,
        "market": market,
        "effective_on": await _effective_on(tracker, kind, market, effective_on, today),
        "today": today,
        "dry_run": dry_run,
    }


async def accept_day(
    tracker: Tracker,
    principal: Principal,
    *,
    day: int,
    bin_: str,
    chunks: AsyncIterator[bytes],
) -> Job:
    """Takes a bank's whole day for all its markets; see `tracker.services.activity_files`."""
    require(principal, Permission.ACTIVITY_WRITE, bin=bin_)
    check_bank(bin_)
    check_day(tracker, day)
    file = await receive(tracker, chunks)
    params = {
        "kind": "activity",
        "market": None,
        "effective_on": day,
        "bin": bin_,
        "whole": True,
        "dry_run": False,
    }
    rows = await to_thread(count, params, file)
    return await take(tracker, principal, file, params, rows=rows)


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
    day = today
    if given is not None:
        day = given
    elif not (await tracker.reader.roster(market)).where(ON_ROSTER):
        day = min(place.opened_on, today)
    require_open(place, start_of(day))
    return day


def count(params: Mapping[str, Any], file: IO[bytes]) -> int:
    """Rows of a file, which is read to its end for that: one that cannot be is refused here."""
    return table(params, file).total_rows


def table(params: Mapping[str, Any], file: IO[bytes], *, checked: bool = False) -> Table[Any]:
    """A job's file as the table that its params say it is; `checked` where it was counted."""
    if params["kind"] == "activity":
        return read_activity(file)
    given = params.get("matched")
    matched = None if given is None else convert(given, Matched)
    read = read_roster if params["kind"] == "roster" else read_bank
    return read(file, matched=matched, checked=checked)


# ── the job ──────────────────────────────────────────────────────────────────────────────────


async def run(tracker: Tracker, job: Job, chunk: int = CHUNK) -> dict[str, Any]:
    """The job itself, so many rows at a time; safe to run twice and at once."""
    file = await opened(tracker, job)
    if job.params["kind"] == "roster":
        roster = await to_thread(table, job.params, file, checked=True)
        return await _import(tracker, job, roster, Roster(tracker, job), chunk)
    principal = principal_of(job)
    if job.params["kind"] == "activity":
        return await activity_files.run(tracker, job, principal, file)
    listed = await to_thread(table, job.params, file, checked=True)
    return await _import(tracker, job, listed, Accounts(tracker, job, principal), chunk)


async def _import(
    tracker: Tracker, job: Job, listed: Table[R], rules: Rules[R], chunk: int
) -> dict[str, Any]:
    dry = bool(job.params["dry_run"])
    work = Work(tracker, rules, dry=dry)
    job = replace(job, state="running", total=job.total or listed.total_rows, done=0)
    totals: Counter[str] = Counter(accepted=0, duplicate=0, rejected=0)
    codes: Counter[str] = Counter()
    if dry:
        for rows in batched(listed, chunk):
            await rules.foresee(rows)
            await sleep(0)  # a long file is no reason to stop everything else here
    for number, rows in enumerate(batched(listed, chunk)):
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
    result["ignored"] = {"columns": list(listed.ignored), "sheets": list(listed.ignored_sheets)}
    market = job.params["market"]
    if market is not None and not dry:
        result["doubts"] = await doubt_list.open_in(tracker, market)
    not_listed = await rules.not_listed()
    return result if not_listed is None else {**result, "not_listed": not_listed}


# ── reading ──────────────────────────────────────────────────────────────────────────────────


async def rows(
    tracker: Tracker, principal: Principal, id_: str, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """What became of the rows after row number `after`; and the row to go on after, if any."""
    job = await job_rows.get_job(tracker, principal, id_)
    found, more = await job_rows.page(tracker, job, after, limit)
    page = [
        {
            "row": result.row,
            "status": result.status,
            "id": result.id,
            "field": result.field,
            "code": result.code,
            "detail": detail(result.code),
        }
        for result in found
    ]
    return page, found[-1].row if more else None
