"""A backup does not care where it came from: one server's into a cluster, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import MARKETS, Clock, build, dispatch, tracker_on
from tracker.access.master_key import MasterKey
from tracker.access.vault import Keyring
from tracker.services import audit, backup
from tracker.services import restore as restoring
from tracker.services.adoption import LiveFigures
from tracker.services.context import Tracker
from tracker.services.restore_reading import Given
from tracker.store.client import connect
from tracker.store.embedded import EmbeddedServer
from tracker.store.schema_version import SchemaVersion
from tracker.store.secrets import LOOKUP, Secrets


async def copied(source: Tracker, target: Any, folder: Path) -> Tracker:
    """A backup of one store in the other, and a tracker on that; `verify` found nothing there."""
    await backup.backup(source, folder)

    def opened(keyring: Keyring) -> Tracker:
        return Tracker(
            settings=source.settings,
            client=target,
            keyring=keyring,
            now=source.now,
            dispatch=dispatch,
        )

    given = Given(folder, (MasterKey(bytes(range(32))),))
    await restoring.restore(target, given, opened)
    tracker = opened(source.keyring)
    assert [found.text() async for found in audit.verify(tracker)] == []
    return tracker


async def figures(tracker: Tracker) -> dict[str, bytes]:
    """Every market's live figures."""
    standing = await LiveFigures(tracker).standing(list(MARKETS))
    return {market: kept.content for market, kept in standing.items()}


def test_one_servers_backup_goes_into_a_cluster_and_the_clusters_back(
    store: Redis, run: Run, tmp_path: Path
) -> None:
    with EmbeddedServer(tmp_path / "data") as server:
        alone = connect(server.url())
        try:
            clock = Clock()
            tracker = tracker_on(alone, clock)

            async def fill() -> None:
                await SchemaVersion(alone).read()
                secrets = Secrets(alone)
                await secrets.put_once(LOOKUP, tracker.keyring.wrap(bytes(range(32))))
                await build(tracker, clock)

            run(fill())
            there = run(copied(tracker, store, tmp_path / "one"))
            assert run(figures(there)) == run(figures(tracker))
            run(alone.flushall())
            back = run(copied(there, alone, tmp_path / "two"))
            assert run(figures(back)) == run(figures(there))
        finally:
            run(alone.aclose())
