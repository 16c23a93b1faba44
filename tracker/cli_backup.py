"""Backup, restore, drill, upgrade. Output is JSON; heavy modules are imported where needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli_parts import place as _place
from tracker.cli_parts import show_json, with_store
from tracker.domain.errors import Invalid
from tracker.settings import Settings

if TYPE_CHECKING:
    from tracker.services.context import Tracker

_PATH = click.Path(path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@_place
@click.argument("folder", type=_PATH)
def backup(folder: Path, **given: Any) -> None:
    """Back the whole store up into a new FOLDER, while the service runs.

    Names and accounts stay encrypted; the wrapped keys to them are in keys.jsonl.gz, which may be
    kept apart. The master key is not in it: keep a copy of that somewhere else.
    """
    from tracker.commands_backup import back_up

    async def work(tracker: Tracker) -> None:
        show_json(await back_up(tracker, folder))

    with_store(given, work, older=True)


@click.command()
@_place
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--to",
    "points",
    multiple=True,
    help="a moment (2026-11-20T10:00): nothing recorded later; or MARKET:POSITION, several times",
)
@click.option("--erased", type=_FILE, help="the newest list of the erased (`tracker erased list`)")
@click.option("--no-newer-erased", is_flag=True, help="there is no newer list than the backup's")
@click.option("--keys", "keys_file", type=_FILE, help="keys.jsonl.gz, where it was kept apart")
@click.option("--check", is_flag=True, help="read and check the backup alone; no store is needed")
def restore(
    folder: Path,
    points: tuple[str, ...],
    erased: Path | None,
    no_newer_erased: bool,
    keys_file: Path | None,
    check: bool,
    **given: Any,
) -> None:
    """Restore the backup in FOLDER into an empty store.

    Without TRACKER_STORE_URL into a new data directory, in which only master.key lies.
    """
    import asyncio

    from tracker.commands_backup import erased_in, master_keys, put_back
    from tracker.processes import embedded_server
    from tracker.services.backup_reading import read_manifest
    from tracker.services.restore_point import point_of
    from tracker.services.restore_reading import Given, check_ledgers
    from tracker.store.embedded import socket_of

    settings = Settings.read(**given)
    point = point_of(points)
    if check:
        made = check_ledgers(Given(folder, (), point, keys_file))
        show_json({"checked": str(folder), "entries": made.entries, "digest": made.digest})
        return
    if (erased is None) != no_newer_erased:
        raise Invalid(
            "Whoever was erased since this backup must stay erased. Give the newest list of the "
            "erased with --erased FILE, or say --no-newer-erased: the backup's own is then used.",
            code="ERASED_LIST",
        )
    read_manifest(folder)  # else a store is started for something that is no backup
    what = Given(folder, master_keys(settings), point, keys_file, erased_in(erased))
    if settings.store_url is not None or socket_of(settings.data) is not None:
        show_json(asyncio.run(put_back(settings, what)))
        return
    with embedded_server(settings):
        show_json(asyncio.run(put_back(settings, what)))


@click.command()
@_place
@click.option("--in", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def drill(folder: Path | None, **given: Any) -> None:
    """Back the running store up, restore it aside, verify and compare; exit code 1 if it fails.

    Needs free room for the backup and a second store in the directory for temporary files, or
    below the one given with --in, and as much memory as the running store has.
    """
    from tracker.commands_backup import drill as run
    from tracker.commands_backup import master_keys

    masters = master_keys(Settings.read(**given))

    async def work(tracker: Tracker) -> dict[str, Any]:
        return await run(tracker, masters, folder)

    told = with_store(given, work)
    show_json(told)
    if told["differences"]:
        sys.exit(1)


@click.command()
@_place
def upgrade(**given: Any) -> None:
    """Bring a store of an older form forward: stop every process first.

    Views are made anew from the ledger, which stays as it is; may be stopped and run again.
    `tracker up` does it by itself for the store that it starts.
    """
    from tracker.upgrading import run

    async def work(tracker: Tracker) -> None:
        await run(tracker, lambda rebuilt: click.echo(rebuilt.text()))

    with_store(given, work, older=True)
