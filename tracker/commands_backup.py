"""What the commands about backups do and print."""

from __future__ import annotations

import errno
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from os import environ
from pathlib import Path
from typing import Any

import click
from msgspec import DecodeError, ValidationError, json

from tracker.access.master_key import MASTER_KEY_ENV, MasterKey, load_master_keys
from tracker.access.vault import Keyring
from tracker.bootstrap import open_store
from tracker.clock import wall_clock
from tracker.domain.errors import Invalid, Unavailable
from tracker.services.backup import Progress, Seen, backup
from tracker.services.backup_lines import ErasedLine
from tracker.services.context import Tracker
from tracker.services.drill import Compared, compare
from tracker.services.restore import restore
from tracker.services.restore_reading import Given
from tracker.services.restore_writing import Written, erased_of
from tracker.settings import Settings
from tracker.store.client import connect
from tracker.store.embedded import EmbeddedServer

MIB = 1024 * 1024
_DISK = {
    errno.ENOSPC,
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EDQUOT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EIO,
}


def shown(what: str) -> Seen:
    """Shows how far it is, on a terminal."""

    def seen(progress: Progress) -> None:
        if sys.stderr.isatty():
            end = "\n" if progress.done == progress.spaces else ""
            told = f"{what}  {progress.done}/{progress.spaces} ledgers, {progress.entries} entries"
            click.echo(f"\r{told}{end}", err=True, nl=False)

    return seen


def master_keys(settings: Settings) -> tuple[MasterKey, ...]:
    """The master keys of the data directory or the environment; none is ever made here."""
    return load_master_keys(settings.data, environ.get(MASTER_KEY_ENV), create=False)


def erased_in(file: Path | None) -> dict[str, int]:
    """A list of the erased from a file. Raises `Invalid` `BAD_FILE`."""
    if file is None:
        return {}
    try:
        return erased_of(json.decode(file.read_bytes(), type=list[ErasedLine]))
    except (DecodeError, ValidationError, ValueError):
        raise Invalid(
            f"{file} is not a list of the erased. Give the output of `tracker erased list`.",
            code="BAD_FILE",
        ) from None


async def back_up(tracker: Tracker, place: Path) -> dict[str, Any]:
    """Makes a backup; what it is, in numbers."""
    began = time.monotonic()
    try:
        made = await backup(tracker, place, seen=shown("backup"))
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise Unavailable(
            f"{place} cannot be written ({error.strerror}). Nothing is left of this backup; make "
            "room there, or give another place.",
            code="BACKUP_NOT_WRITTEN",
        ) from None
    size = sum(seal.bytes for seal in made.files.values())
    return {
        "backup": str(place),
        "ledgers": len(made.ledgers),
        "entries": made.entries,
        "vendors": made.vendors,
        "publications": made.publications,
        "mib": round(size / MIB, 1),
        "seconds": round(time.monotonic() - began, 1),
        "master_keys": made.master_keys,
        "digest": made.digest,
    }


async def put_back(settings: Settings, given: Given) -> dict[str, Any]:
    """Restores into the store of these settings; what came of it, in numbers."""
    began = time.monotonic()
    async with open_store(settings) as client:
        done = await restore(client, given, opener(settings, client), seen=shown("restore"))
    return _restored(done, time.monotonic() - began)


def opener(
    settings: Settings, client: Any, now: Callable[[], int] = wall_clock
) -> Callable[[Keyring], Tracker]:
    """Makes a tracker on a store whose jobs nobody runs yet."""

    async def nowhere(job_id: str, *, light: bool = False) -> None:
        """The schedule of the restored service finds open jobs by itself."""

    def opened(keyring: Keyring) -> Tracker:
        return Tracker(settings=settings, client=client, keyring=keyring, now=now, dispatch=nowhere)

    return opened


def _restored(done: Written, seconds: float) -> dict[str, Any]:
    told: dict[str, Any] = {
        "markets": done.markets,
        "entries": done.entries,
        "left_out": done.left_out,
        "sets_of_vendors_paid_lost": done.sets_lost,
        "erased_again": done.erased_again,
        "seconds": round(seconds, 1),
    }
    if done.sets_lost:
        told["next"] = "`tracker verify` names the banks' days to be reported again."
    return told


@asynccontextmanager
async def thrown_away(folder: Path | None) -> AsyncIterator[tuple[Path, Any]]:
    """A directory with an empty store of our own, and a client of it; both gone at the end."""
    with tempfile.TemporaryDirectory(prefix="tracker-drill-", dir=folder) as name:
        data = Path(name) / "data"
        with EmbeddedServer(data) as server:
            client = connect(server.url())
            try:
                yield Path(name), client
            finally:
                await client.aclose()


async def drill(
    tracker: Tracker, masters: tuple[MasterKey, ...], folder: Path | None
) -> dict[str, Any]:
    """Backup of the running store, restore into one that is thrown away, comparison."""
    steps, last = dict[str, float](), time.monotonic()

    def done(step: str) -> None:
        nonlocal last
        steps[step], last = round(time.monotonic() - last, 1), time.monotonic()

    async with thrown_away(folder) as (place, client):
        made = await back_up(tracker, place / "backup")
        done("backup")
        opened = opener(tracker.settings, client, tracker.now)
        given = Given(place / "backup", masters)
        await restore(client, given, opened, seen=shown("restore"))
        done("restore")
        compared = await compare(tracker, opened(tracker.keyring))
        done("verify and compare")
    return _drilled(made, compared, steps)


def _drilled(made: dict[str, Any], compared: Compared, steps: dict[str, float]) -> dict[str, Any]:
    counts = {name: getattr(compared, name) for name in ("entries", "vendors", "publications")}
    counted = {name: made[name] for name in counts}
    if counts != counted:
        compared.differences.append(f"restored {counts}, backed up {counted}")
    return {
        "result": "failed" if compared.differences else "passed",
        "markets": compared.markets,
        "moved_on_meanwhile": compared.moved_on,
        "live_figures_compared": compared.markets - compared.moved_on,
        "snapshots_compared": compared.snapshots,
        **counts,
        "backup_mib": made["mib"],
        "seconds": steps,
        "differences": compared.differences,
    }
