"""What the longer commands print while they work: a bar on a terminal, lines in a pipe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from datetime import date
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from tracker.access.keys import Principal
from tracker.domain.days import day_number
from tracker.domain.errors import Unavailable
from tracker.services import audit, imports, snapshots
from tracker.services.context import Tracker
from tracker.store.jobs import Job

OFFICE = Principal(id="cli", name="command line", role="admin")
"""Whoever has the data directory and its master key may do everything."""

POLL_S = 0.1
CHUNK_BYTES = 1024 * 1024


async def read_chunks(file: Path | Traversable) -> AsyncIterator[bytes]:
    """A file's bytes, a MiB at a time."""
    with file.open("rb") as opened:
        while chunk := await asyncio.to_thread(opened.read, CHUNK_BYTES):
            yield chunk


async def ended(tracker: Tracker, job: Job, show: Callable[[Job], None]) -> Job:
    """Waits until the workers have ended a job, showing each state it passes through."""
    while not job.ended:
        show(job)
        await asyncio.sleep(POLL_S)
        job = await tracker.jobs.get(job.id) or job
    show(job)
    return job


class Progress:
    """Shows how far a job is: a bar on a terminal, a line a tenth in a pipe."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._said = -1
        self._tty = sys.stderr.isatty()

    def __call__(self, job: Job) -> None:
        """Shows the job's progress, if it got on."""
        tenth = 10 * job.done // job.total if job.total else 0
        if self._tty:
            bar = "#" * tenth + "." * (10 - tenth)
            end = "\n" if job.ended else ""
            line = f"\r{self._label}  [{bar}] {job.done}/{job.total} {job.state:8}{end}"
            click.echo(line, err=True, nl=False)
        elif tenth > self._said or job.ended:
            click.echo(f"{self._label}  {job.done}/{job.total} {job.state}", err=True)
        self._said = max(self._said, tenth)


async def import_file(
    tracker: Tracker,
    file: Path,
    *,
    kind: str,
    market: str | None,
    effective_on: date | None,
    dry_run: bool,
) -> None:
    """Has the workers import a file; prints totals and every row that was not accepted."""
    job = await imports.accept(
        tracker,
        OFFICE,
        kind=kind,
        market=market,
        effective_on=None if effective_on is None else day_number(effective_on),
        dry_run=dry_run,
        chunks=read_chunks(file),
    )
    job = _result(await ended(tracker, job, Progress(file.name)))
    after: int | None = 0
    while after is not None:
        rows, after = await imports.rows(tracker, OFFICE, job.id, after, 1_000)
        for row in rows:
            if row["status"] != "accepted":
                told = f"  {row['code']}: {row['detail']}" if row["code"] else ""
                click.echo(f"row {row['row']:>6}  {row['status']}  {row['id'] or '-'}{told}")
    totals = (job.result or {})["totals"]
    click.echo("  ".join(f"{status} {count}" for status, count in totals.items()))
    missing = (job.result or {}).get("not_listed") or []
    if missing:
        click.echo(f"on the roster, not in the file: {', '.join(missing)}")


async def run_snapshots(
    tracker: Tracker, first: date, last: date, *, markets: list[str] | None
) -> None:
    """Has the workers close or recompute days; prints how many revisions were published."""
    job = await snapshots.start_run(
        tracker,
        OFFICE.id,
        first=day_number(first),
        last=day_number(last),
        markets=markets,
    )
    job = _result(await ended(tracker, job, Progress("snapshots")))
    result = job.result or {}
    told = "{markets} markets, {days} days, {published} revisions published"
    click.echo(told.format(**result))


def _result(job: Job) -> Job:
    if job.problem is not None:
        raise Unavailable(f"Job {job.id} failed: {job.problem.detail}", code=job.problem.code)
    return job


async def verify_store(tracker: Tracker, markets: list[str] | None) -> bool:
    """Prints every difference between ledger and views; whether there was none."""
    found = unkeyed = 0

    def seen(progress: audit.Progress) -> None:
        nonlocal unkeyed
        unkeyed = progress.unkeyed
        _checked(progress)

    async for difference in audit.verify(tracker, markets, seen=seen):
        click.echo(difference.text())
        found += 1
    if unkeyed:
        click.echo(f"{unkeyed} sets of vendors paid were not compared: there is no key for that")
    click.echo("clean" if not found else f"{found} differences")
    return not found


async def rebuild_store(tracker: Tracker, markets: list[str] | None) -> bool:
    """Makes every view anew and prints what became of each space; whether all could be made."""
    refused = False
    async for rebuilt in audit.rebuild(tracker, markets, seen=_checked):
        click.echo(rebuilt.text())
        refused = refused or bool(rebuilt.refused)
    return not refused


def _checked(progress: audit.Progress) -> None:
    if sys.stderr.isatty():
        end = "\n" if progress.done == progress.spaces else ""
        told = f"{progress.done}/{progress.spaces} ledgers, {progress.entries} entries"
        click.echo(f"\r{told}{end}", err=True, nl=False)
