"""Ready says which part is not, tells what counts from what comes late, and never hangs."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from typing import Any

from msgspec.structs import replace
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import Clock, tracker_on
from tracker.services.context import Tracker
from tracker.services.readiness import TICK_LATE_S, Part, Readiness
from tracker.store.beats import Beat
from tracker.store.client import connect
from tracker.store.queue import QueueClient


def wrong(run: Run, tracker: Tracker, **more: Any) -> dict[str, Part]:
    """The parts that are not ready."""
    parts = run(Readiness(tracker, **more).parts())
    return {part.name: part for part in parts if not part.ready}


def test_what_runs_beside_the_service_is_told_and_not_needed(
    tracker: Tracker, clock: Clock, run: Run
) -> None:
    found = wrong(run, tracker)
    assert {name: part.code for name, part in found.items()} == {
        "workers": "NO_WORKER",
        "schedule": "SCHEDULE_LATE",
    }
    assert not any(part.needed for part in found.values())
    run(tracker.beats.ticked(Beat(clock.ms, 5, whole=True)))
    assert wrong(run, tracker).keys() == {"workers"}
    clock.ms += (TICK_LATE_S + 1) * 1000
    assert "121 seconds ago" in wrong(run, tracker)["schedule"].said
    run(tracker.beats.ticked(Beat(clock.ms, 5, whole=False)))
    assert wrong(run, tracker)["schedule"].code == "SCHEDULE_FAILS"


def test_a_store_that_is_away_is_needed(nobody: str, clock: Clock, run: Run) -> None:
    client = connect(nobody, timeout_s=1)
    found = wrong(run, tracker_on(client, clock))
    assert (found["store"].code, found["store"].needed) == ("STORE_AWAY", True)
    run(client.aclose())


def test_a_store_that_hangs_is_told_in_time_however_many_ask(
    hanging: str, clock: Clock, run: Run
) -> None:
    client = connect(hanging, max_connections=4, timeout_s=30)
    ready = Readiness(tracker_on(client, clock), answer_s=0.3)

    async def many() -> list[list[Part]]:
        return await asyncio.gather(*(ready.parts() for _ in range(50)))

    began = time.monotonic()
    answers = run(many())
    assert time.monotonic() - began < 2
    assert all(parts[0].code == "STORE_SILENT" and parts[0].needed for parts in answers)
    run(client.aclose())


def test_a_queue_that_hangs_or_is_away_is_late_only(
    store: Redis, hanging: str, nobody: str, clock: Clock, run: Run
) -> None:
    for url, code, answer_s in ((nobody, "STORE_AWAY", 20), (hanging, "STORE_SILENT", 0.3)):
        with closing(QueueClient(url, timeout_s=1)) as queue:
            tracker = tracker_on(store, clock)
            tracker.queue = queue
            found = wrong(run, tracker, answer_s=answer_s)
            assert (found["queue"].code, found["queue"].needed) == (code, False)


def test_a_full_disk_is_late_only(store: Redis, clock: Clock, run: Run, tmp_path: Any) -> None:
    tracker = tracker_on(store, clock)
    tracker.settings = replace(tracker.settings, data=tmp_path, store_free_bytes_min=1 << 60)
    assert wrong(run, tracker)["disk"].code == "DISK_LOW"
