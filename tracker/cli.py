"""The command line. Each command reads its flags, calls one use case, and prints.

Errors are one line on stderr that says what to do; the exit code is 1 for a refusal, 2 for wrong
usage. Heavy modules are imported where a command needs them, so `--help` is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tracker.cli_access import keys, people
from tracker.cli_backup import backup, drill, restore, upgrade
from tracker.cli_doctor import doctor
from tracker.cli_parts import option as _option
from tracker.cli_parts import place as _place
from tracker.cli_parts import show_json as _json
from tracker.cli_parts import with_store as _with_store
from tracker.cli_pull import pull
from tracker.cli_vietqr import vietqr
from tracker.domain.errors import TrackerError
from tracker.settings import Settings

if TYPE_CHECKING:
    from tracker.services.context import Tracker

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def _fail(message: str) -> None:
    click.echo(f"tracker: {message}", err=True)
    sys.exit(1)


def _logged(process: str, given: dict[str, Any]) -> Settings:
    """The settings of a process that runs for long; from now on it logs as they say."""
    from tracker.observe import logs

    settings = Settings.read(**given)
    logs.configure(settings.log_level, process)
    return settings


def _watched(process: str, given: dict[str, Any]) -> Settings:
    """The same, of a process that counts."""
    from tracker.observe import tallies

    settings = _logged(process, given)
    tallies.begin(settings.data, process)
    return settings


class _Commands(click.Group):
    """Turns refusals into one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TrackerError as refused:
            faults = "".join(f" {fault.pointer}: {fault.detail}" for fault in refused.faults)
            _fail(f"{refused.detail}{faults} [{refused.code}]")
        except (ConnectionError, TimeoutError) as away:
            _fail(f"The store does not answer ({type(away).__name__}). Is `tracker up` running?")
        return None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cashless-market-tracker", prog_name="tracker")
def main() -> None:
    """Cashless payment adoption in public markets: service, workers, tools.

    Every setting can also be given in the environment (TRACKER_…); flags win.
    """


# ── processes ────────────────────────────────────────────────────────────────────────────────


@main.command()
@_place
def up(**given: Any) -> None:
    """Run everything: store, service, workers, schedule. Ctrl-C stops it cleanly."""
    from tracker.processes import running

    settings = _watched("up", given)
    with running(settings) as processes:
        click.echo(f"Service  {processes.url}   (API reference: {processes.url}/docs)")
        click.echo(f"Data     {settings.data.absolute()}")
        click.echo(
            f"A first key: tracker keys create --data {settings.data} --role admin --name me"
        )
        processes.wait()


@main.command()
@_place
@click.option("--exit", "exit_", is_flag=True, help="use a temporary directory, and end.")
def demo(exit_: bool, **given: Any) -> None:
    """The city of Vũng Tàu's four markets, from the offices' files to 168/542."""
    from tracker.demo import show

    show(given, exit_=exit_)


@main.command()
@_place
@_option("--processes", setting="processes", type=click.IntRange(1, 64))
@click.option("--gate", type=int, hidden=True, help="of `tracker up`: begins when this is closed")
def serve(gate: int | None, **given: Any) -> None:
    """Run the HTTP service alone."""
    from tracker import collector
    from tracker.child import await_gate

    with collector.loading():
        from tracker.server import serve as serve_http

    serve_http(_logged("serve", given), ready=lambda: await_gate(gate))


@main.command()
@_place
@click.option("--queue", required=True, type=click.Choice(["imports", "snapshots", "sheets"]))
def work(queue: str, **given: Any) -> None:
    """Run one worker on one queue."""
    from tracker import collector

    with collector.loading():
        from workers.worker import run_worker

    run_worker(_watched(f"worker:{queue}", given), queue)


@main.command()
@_place
def schedule(**given: Any) -> None:
    """Run the clock: closing days, revisions, jobs that a queue lost."""
    from tracker import collector

    with collector.loading():
        from workers.schedule import run_schedule

    run_schedule(_watched("schedule", given))


@main.command()
@_place
def metrics(**given: Any) -> None:
    """Give this machine's measurements to Prometheus, on TRACKER_METRICS_PORT.

    `tracker up` starts it by itself where that port is set.
    """
    from tracker.exporter import run_exporter

    run_exporter(_logged("metrics", given))


# ── personal data ────────────────────────────────────────────────────────────────────────────


@main.group("master-key")
def master_key() -> None:
    """The key that seals all personal data: replace it, see what it seals. Output is JSON."""


@master_key.command("rotate")
@_place
def master_key_rotate(**given: Any) -> None:
    """Replace the master key, also while the service runs; may be stopped and run again.

    A new key is put into the key file, everything is wrapped under it, and the old one is taken
    out. With TRACKER_MASTER_KEY: put the new key before the old one there, restart every process,
    then run this. Exit code 1 where it is not finished.
    """
    from tracker.commands_privacy import rotate_master

    async def work_(tracker: Tracker) -> bool:
        told, finished = await rotate_master(tracker)
        _json(told)
        return finished

    if not _with_store(given, work_):
        sys.exit(1)


@master_key.command("status")
@_place
def master_key_status(**given: Any) -> None:
    """How much is sealed under each master key, by the key's id."""
    from tracker.services.rotation import held

    async def work_(tracker: Tracker) -> None:
        _json({"master_key": tracker.keyring.current_id.hex(), "sealed": await held(tracker)})

    _with_store(given, work_)


@main.group()
def erased() -> None:
    """The list of the erased, for restores: keep it beside the backups. Output is JSON."""


@erased.command("list")
@_place
def erased_list(**given: Any) -> None:
    """The codes of the vendors whose personal data were erased; nothing personal."""
    from tracker.commands_privacy import erased_list as listed

    async def work_(tracker: Tracker) -> None:
        _json(await listed(tracker))

    _with_store(given, work_)


@erased.command("apply")
@_place
@click.argument("file", type=click.File("rb"))
def erased_apply(file: Any, **given: Any) -> None:
    """Erase again whom a list names: after a restore of an older copy. Safe to repeat."""
    from tracker.commands import OFFICE
    from tracker.commands_privacy import erased_apply as apply_

    async def work_(tracker: Tracker) -> None:
        _json(await apply_(tracker, OFFICE.id, file))

    _with_store(given, work_)


# ── work on the registry ─────────────────────────────────────────────────────────────────────


@main.command("import")
@_place
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", required=True, type=click.Choice(["roster", "attachments"]))
@click.option("--market", help="the market's id; a bank's file may name it in each row")
@click.option("--effective-on", type=click.DateTime(["%Y-%m-%d"]), help="day the facts happened")
@click.option("--dry-run", is_flag=True, help="check everything, write nothing")
def import_(
    file: Path,
    kind: str,
    market: str | None,
    effective_on: datetime | None,
    dry_run: bool,
    **given: Any,
) -> None:
    """Import an office's roster or a bank's file; prints each row that was not accepted."""
    from tracker.commands import import_file

    on = None if effective_on is None else effective_on.date()

    async def work_(tracker: Tracker) -> None:
        await import_file(tracker, file, kind=kind, market=market, effective_on=on, dry_run=dry_run)

    _with_store(given, work_, alone=False)


@main.command()
@_place
@click.option("--from", "first", required=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="the same day if not given")
@click.option("--market", "markets", multiple=True, help="ids of markets; all if not given")
def snapshot(
    first: datetime, last: datetime | None, markets: tuple[str, ...], **given: Any
) -> None:
    """Close or recompute days; a day whose figures did not change gets no new revision."""
    from tracker.commands import run_snapshots

    days: tuple[date, date] = (first.date(), (last or first).date())

    async def work_(tracker: Tracker) -> None:
        await run_snapshots(tracker, *days, markets=list(markets) or None)

    _with_store(given, work_, alone=False)


@main.command()
@_place
@click.option("--market", "markets", multiple=True, help="ids of markets; all if not given")
def verify(markets: tuple[str, ...], **given: Any) -> None:
    """Recompute every view from the ledger and name each difference; exit code 1 if any.

    The account index is not compared (it holds keyed hashes); `rebuild` has it made anew.
    """
    from tracker.commands import verify_store

    async def work_(tracker: Tracker) -> bool:
        return await verify_store(tracker, list(markets) or None)

    if not _with_store(given, work_):
        sys.exit(1)


@main.command()
@_place
@click.option("--market", "markets", multiple=True, help="ids of markets; all if not given")
def rebuild(markets: tuple[str, ...], **given: Any) -> None:
    """Make every view anew from the ledger."""
    from tracker.commands import rebuild_store

    async def work_(tracker: Tracker) -> bool:
        return await rebuild_store(tracker, list(markets) or None)

    if not _with_store(given, work_):
        sys.exit(1)


main.add_command(keys)
main.add_command(people)
main.add_command(doctor)
main.add_command(vietqr)
main.add_command(pull)
for _command in (backup, restore, drill, upgrade):
    main.add_command(_command)


@main.command()
@_place
@click.option(
    "--part",
    type=click.Choice(["contract", "structure", "context"]),
    default="contract",
    show_default=True,
    help="contract (YAML), SDMX structure or JSON-LD context (JSON)",
)
def openapi(part: str, **_given: Any) -> None:
    """Print the API's contract (OpenAPI 3.1), or what its feed follows."""
    from tracker.api.contract import export
    from tracker.app import create
    from tracker.formats import ngsi_context, structure

    if part == "contract":
        click.echo(export(create()), nl=False)
    else:
        _json(structure.message() if part == "structure" else ngsi_context.document())


if __name__ == "__main__":
    main()
