"""What Prometheus reads: numbers of the store, the queue and the markets, and no names."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import MARKETS, Clock, build, tracker_on
from tests.unit.observe.test_tallies import counting, ended
from tracker.exporter import Asked, Counted
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.jobs import Job
from tracker.store.keys import FEED_LAST


def told(settings: Settings, *, answer_s: float = 5.0) -> dict[str, float]:
    """All samples, by name and labels as they are written."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Counted(settings))
    registry.register(Asked(settings, answer_s=answer_s))
    text = generate_latest(registry).decode()
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_store_and_its_log(settings: Settings, store: Redis, run: Run) -> None:
    run(store.set("k", "v" * 1000))
    found = told(settings)
    assert found["tracker_store_up"] == found["tracker_queue_up"] == 1
    assert found["tracker_store_memory_used_bytes "] > 500_000
    assert found["tracker_store_log_bytes "] > 1000
    assert found["tracker_store_log_write_ok "] == 1
    assert found["tracker_store_sync_seconds_total "] > 0
    assert found["tracker_store_connections "] >= 2
    assert found["tracker_store_evicted_total "] == 0


def test_syncs_are_told_as_time(settings: Settings, store: Redis, run: Run) -> None:
    before = told(settings)["tracker_store_sync_seconds_total "]

    async def write() -> None:
        for n in range(200):
            await store.set("k", n)

    run(write())
    assert told(settings)["tracker_store_sync_seconds_total "] > before


def test_jobs_and_workers(settings: Settings, tracker: Tracker, run: Run) -> None:
    waiting = Job(id="s1", kind="snapshots", by="test", created=1_000, params={})
    run(tracker.jobs.create(waiting))
    assert tracker.queue is not None
    run(tracker.queue.dispatch("s1"))
    found = told(settings)
    assert found["tracker_queue_jobs snapshots"] == 1
    assert found["tracker_queue_workers snapshots"] == 0
    assert found["tracker_jobs_open snapshots"] == 1
    assert found["tracker_jobs_open_oldest_seconds snapshots"] > 1e9
    assert "tracker_schedule_tick_age_seconds" not in found  # it never ran


def test_markets_and_feed(settings: Settings, store: Redis, run: Run) -> None:
    clock = Clock()
    tracker = tracker_on(store, clock)
    run(build(tracker, clock))
    run(tracker.schedule_state.close(clock.ms // 86_400_000 + 1))
    found = told(settings)
    assert found["tracker_markets"] == len(MARKETS)
    assert found["tracker_feed_waiting"] == 0
    assert found["tracker_days_unclosed"] > 1000  # of today's clock
    run(store.hdel(FEED_LAST, "cho-vung-tau"))
    found = told(settings)
    assert found["tracker_feed_waiting"] == 1
    assert found["tracker_feed_waiting_oldest_seconds"] > 1e6


def test_no_series_names_a_market_a_trader_or_a_key(
    settings: Settings, store: Redis, run: Run
) -> None:
    clock = Clock()
    run(build(tracker_on(store, clock), clock))
    assert not any("cho-" in name or "CVT" in name for name in told(settings))


def test_a_store_that_is_away_or_hangs_is_told_and_ends_nothing(
    settings: Settings, nobody: str, hanging: str, tmp_path: Path
) -> None:
    ended(counting(tmp_path, 2, "end"))
    for url in (nobody, hanging):
        found = told(replace(settings, store_url=url, queue_url=url), answer_s=0.3)
        assert found["tracker_store_up"] == found["tracker_queue_up"] == 0
        assert found["tracker_refusals_total TEST"] == 2


def test_without_any_store_the_machine_is_still_told(tmp_path: Path) -> None:
    found = told(Settings(data=tmp_path))
    assert found["tracker_store_up"] == 0
    assert found["tracker_disk_free_bytes"] > 0


def test_living_processes_are_told_by_slot(
    settings: Settings, store: Redis, tmp_path: Path
) -> None:
    process = counting(tmp_path, 1, "wait")
    try:
        assert told(settings)["tracker_process_resident_bytes wait 0"] > 1_000_000
    finally:
        process.kill()
        process.communicate()
    assert "tracker_process_resident_bytes wait 0" not in told(settings)
