"""`tracker demo`: four markets and five banks' files as their offices keep them, to 168/542.

Everything runs as it ships: the processes of `tracker up`, the import and the snapshot jobs in
the workers. What is printed is read from the published snapshots, not from the files.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import tempfile
from contextlib import nullcontext
from datetime import date, timedelta
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import click
from msgspec import json

from tracker import sample
from tracker.access.keys import Role
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE, Progress, ended, read_chunks
from tracker.domain.days import day_date, day_number, day_of
from tracker.domain.errors import Unavailable
from tracker.domain.figures import rate
from tracker.processes import Processes, running
from tracker.services import imports, invitations, keys, markets, people, published, snapshots
from tracker.services.context import Tracker
from tracker.services.people import NewPerson
from tracker.services.sign_in import SignIns
from tracker.settings import Settings
from tracker.store.jobs import Job

OPENED_ON = date(2000, 1, 1)
EFFECTIVE_ON = date(2023, 1, 1)
REPORTED_ON = date(2023, 5, 31)
"""The day of the city's published figure."""

KEYS: tuple[tuple[Role, str, tuple[str, ...]], ...] = (
    ("admin", "Sở Công Thương (demo)", ()),
    ("bank", "Vietcombank (demo)", ("970436",)),
    ("manager", "Ban quản lý chợ (demo)", ()),
    ("field", "Tổ công nghệ số (demo)", ()),
    ("ioc", "IOC (demo)", ()),
    ("auditor", "Kiểm toán (demo)", ()),
)

PEOPLE: tuple[tuple[Role, str, str], ...] = (
    ("admin", "Cán bộ quản trị (demo)", "admin@demo.example"),
    ("manager", "Ban quản lý chợ (demo)", "cho@demo.example"),
    ("field", "Tổ công nghệ số (demo)", "to@demo.example"),
    ("ioc", "IOC (demo)", "ioc@demo.example"),
)


def show(given: dict[str, Any], *, exit_: bool) -> None:
    """Runs the demo on the data directory, or with `exit_` on a temporary one, then ends."""
    directory = tempfile.TemporaryDirectory(prefix="tracker-") if exit_ else nullcontext()
    with directory as temporary:
        if temporary is not None:
            given = {**given, "data": Path(temporary) / "data"}
            given["port"] = given.get("port") or _free_port()
        settings = Settings.read(**given)
        with running(settings, quiet=True) as processes:
            total = asyncio.run(_fill(settings, processes, keys_wanted=not exit_))
            if not exit_:
                click.echo(f"Ctrl-C stops everything; the data stay in {settings.data}.")
                processes.wait()
        if exit_:
            click.echo(f"{total[0]}/{total[1]} ({_hundredths(*total, '.')}%)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _fill(settings: Settings, processes: Processes, *, keys_wanted: bool) -> tuple[int, int]:
    async with open_tracker(settings) as tracker:
        for market, its in sample.expected().markets.items():
            await markets.create(
                tracker,
                OFFICE,
                markets.NewMarket(
                    id=market,
                    name=its.name,
                    prefix=its.prefix,
                    area_code=its.area_code,
                    opened_on=day_number(OPENED_ON),
                ),
            )
        for market, file in sample.roster_files().items():
            await _import(tracker, file, "roster", market)
        for file in sample.bank_files().values():
            await _import(tracker, file, "attachments", None)
        yesterday = day_date(day_of(tracker.now())) - timedelta(days=1)
        for day in (REPORTED_ON, yesterday):
            job = await snapshots.start_run(
                tracker, OFFICE.id, first=day_number(day), last=day_number(day)
            )
            _check(await ended(tracker, job, Progress(f"closing {day}")))
        totals = [await _report(tracker, day) for day in (REPORTED_ON, yesterday)]
        if keys_wanted:
            await _print_keys(tracker, processes.url)
        return totals[-1]


async def _import(tracker: Tracker, file: Traversable, kind: str, market: str | None) -> None:
    job = await imports.accept(
        tracker,
        OFFICE,
        kind=kind,
        market=market,
        effective_on=day_number(EFFECTIVE_ON),
        dry_run=False,
        chunks=read_chunks(file),
    )
    job = _check(await ended(tracker, job, lambda _job: None))
    totals = (job.result or {})["totals"]
    told = "  ".join(f"{status} {count}" for status, count in totals.items())
    click.echo(f"{file.name:36} {told}")


def _check(job: Job) -> Job:
    if job.problem is not None:
        raise Unavailable(f"Job {job.id} failed: {job.problem.detail}", code=job.problem.code)
    return job


async def _report(tracker: Tracker, day: date) -> tuple[int, int]:
    """One line a market from its published snapshot, then the city's sum."""
    click.echo(f"\n{day:%d/%m/%Y}")
    attached = base = 0
    for market in await markets.listed(tracker, OFFICE):
        body = json.decode(await published.one(tracker, OFFICE, market.id, day_number(day)))
        count, of = body["figures"]["attached"]["count"], body["denominator"]["value"]
        click.echo(f"  {market.name:32} {count:>4}/{of:<4} ({_hundredths(count, of, ',')} %)")
        attached, base = attached + count, base + of
    click.secho(f"  {attached}/{base} ({_hundredths(attached, base, ',')} %)", bold=True)
    return attached, base


def _hundredths(count: int, of: int, comma: str) -> str:
    value = rate(count, of)
    return "–" if value is None else f"{value:.2f}".replace(".", comma)


async def _print_keys(tracker: Tracker, url: str) -> None:
    click.echo(f"\nAPI       {url}/v1\nReference {url}/docs\n")
    scope = tuple(sample.expected().markets)
    for role, name, bins in KEYS:
        where = scope if role in {"manager", "field"} else ()
        key = await keys.create(tracker, OFFICE.id, name=name, role=role, bins=bins, markets=where)
        click.echo(f"  {role:8} {key.secret}")
    await _print_people(tracker, url, scope)
    click.echo(f'\nTry: curl -H "Authorization: Bearer <key>" {url}/v1/adoption\n')


async def _print_people(tracker: Tracker, url: str, scope: tuple[str, ...]) -> None:
    """Who may open the pages; their password is chosen anew each time and kept nowhere."""
    password = secrets.token_urlsafe(9)
    doors = SignIns(tracker)
    click.echo(f"\nPages     {url}/   (password of all four: {password})\n")
    for role, name, login in PEOPLE:
        where = scope if role in {"manager", "field"} else ()
        new = NewPerson(name, login, role, (), where)
        person, _ = await people.add(tracker, OFFICE, new)
        invitation = await invitations.invite(tracker, OFFICE, person.id)
        await doors.accept(invitation.token or "", password)
        click.echo(f"  {role:8} {login}")
