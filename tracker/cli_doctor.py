"""`tracker doctor`: one finding a line, the worst first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from tracker.cli_parts import place, show_json
from tracker.settings import Settings

if TYPE_CHECKING:
    from tracker.services.context import Tracker
    from tracker.services.doctor import Finding


@click.command()
@place
@click.option("--json", "as_json", is_flag=True, help="findings as one JSON array")
def doctor(as_json: bool, **given: Any) -> None:
    """Say what is wrong with this installation and what to do, in plain words.

    Looks at settings, data directory, store, queue, workers, schedule, markets and keys; changes
    nothing. Also while the service is down: then only at the settings and the directory. Exit code
    0: well (notes at most), 1: warnings, 2: errors.
    """
    import asyncio

    from tracker.services.doctor import exit_code, sort

    settings = Settings.read(**given)
    findings = sort(asyncio.run(examine(settings)))
    if as_json:
        show_json(findings)
    else:
        for finding in findings:
            click.echo(finding.line)
        worst = exit_code(findings)
        said = ("well", "warnings: see above", "errors: see above")
        click.echo(said[worst])
    sys.exit(exit_code(findings))


async def examine(settings: Settings) -> list[Finding]:
    """All looks, one after the other: a store in trouble is not asked everything at once."""
    from tracker.bootstrap import queue_url, store_url
    from tracker.domain.errors import Unavailable
    from tracker.services import doctor_looks
    from tracker.store.client import connect
    from tracker.store.queue import QueueClient

    found = doctor_looks.look_around(settings)
    try:
        url, queue_at = store_url(settings), queue_url(settings)
    except Unavailable:
        return [*found, _is_down(settings)]
    client = connect(url, max_connections=8, timeout_s=10.0)
    queue = QueueClient(queue_at)
    try:
        return found + await _ask(settings, client, queue)
    finally:
        queue.close()
        await client.aclose()


async def _ask(settings: Settings, client: Any, queue: Any) -> list[Finding]:
    from tracker.services import doctor_looks

    found, answers = await doctor_looks.look_at_store(settings, client)
    if not answers:
        return found
    return found + await doctor_looks.look_within(_watching(settings, client, queue))


def _watching(settings: Settings, client: Any, queue: Any) -> Tracker:
    """A tracker that only looks: its keys open nothing, so a wrong master key hinders no look."""
    from tracker.access.vault import Keyring, MasterKey
    from tracker.clock import wall_clock
    from tracker.services.context import Tracker

    return Tracker(
        settings=settings,
        client=client,
        keyring=Keyring([MasterKey(bytes(32))]),
        now=wall_clock,
        dispatch=queue.dispatch,
        queue=queue,
    )


def _is_down(settings: Settings) -> Finding:
    """No store runs on the data directory: what its server said last may be why."""
    from tracker.services.doctor import error
    from tracker.store.rundir import LOG, last_words

    said = last_words(settings.data) if settings.data.is_dir() else "there is no such directory"
    says = (
        f"The service is down: no store runs on {settings.data}, so only settings and directory "
        f"were looked at. The last line of {LOG} there: {said}"
    )
    return error("SERVICE_DOWN", says, "Start it: `tracker up`; it says in one line why it cannot.")
