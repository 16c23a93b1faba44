"""One machine's measurements for Prometheus: what its processes counted, and what the store says.

A process of its own, so that it tells what is wrong when the others cannot. It gives out numbers
and short names (routes, codes of problems, queues), never a market, a trader or a key; still it
listens on this machine alone unless it is told otherwise.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import suppress
from typing import Any, Final, TypeVar

import structlog
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from tracker.bootstrap import queue_url, store_url
from tracker.clock import wall_clock
from tracker.domain.errors import Invalid, TrackerError
from tracker.exposition import counter, gauge, histogram, of_queue, of_servers, waits
from tracker.observe import tallies
from tracker.services import readings
from tracker.settings import Settings, variable
from tracker.store import failures
from tracker.store.client import connect
from tracker.store.queue import QueueClient
from tracker.store.server_state import read_servers

T = TypeVar("T")

ANSWER_S: Final = 5.0
"""A part that has not answered by then is told as down: Prometheus itself waits ten seconds."""

MARKETS_EVERY_S: Final = 15.0
"""All markets are looked at no more often than that, however many scrapers there are."""

log = structlog.stdlib.get_logger("tracker.metrics")


def run_exporter(settings: Settings) -> None:
    """Answers on `metrics_host`:`metrics_port` until SIGTERM or SIGINT.

    Raises `Invalid` where no port is set or it cannot be listened on.
    """
    if not settings.metrics_port:
        raise Invalid(
            f"Set {variable('metrics_port')} to the port that the measurements are given out on.",
            code="SETTING_INVALID",
        )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Counted(settings))
    registry.register(Asked(settings))
    try:
        server, thread = start_http_server(
            settings.metrics_port, settings.metrics_host, registry=registry
        )
    except OSError as error:
        raise Invalid(
            f"{settings.metrics_host}:{settings.metrics_port} cannot be listened on "
            f"({error.strerror}): set another {variable('metrics_port')}.",
            code="SETTING_INVALID",
        ) from error
    log.info("metrics", host=settings.metrics_host, port=settings.metrics_port)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(1.0):
        pass
    server.shutdown()
    thread.join()
    server.server_close()


class Counted(Collector):
    """What the processes of this machine counted, the dead ones' too, and the living ones."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        """All families, and a line for each living process."""
        found = list(tallies.read_all(self._settings.data))
        for family in tallies.summed([told for _, told, _ in found]).values():
            yield histogram(family) if family.bounds else counter(family)
        living = [(slot, told.process) for slot, told, lives in found if lives]
        labels = ("process", "slot")
        resident = GaugeMetricFamily(
            "tracker_process_resident_bytes", "Memory of a process.", labels=labels
        )
        spent = CounterMetricFamily(
            "tracker_process_cpu_seconds", "Processor time of a process.", labels=labels
        )
        began = GaugeMetricFamily(
            "tracker_process_start_seconds", "When a process began (epoch).", labels=labels
        )
        for slot, process in living:
            its = (process.name, slot)
            resident.add_metric(its, process.resident_bytes)
            spent.add_metric(its, process.cpu_s)
            began.add_metric(its, process.began)
        yield from (resident, spent, began)


class Asked(Collector):
    """What the store, the queue, the markets and the disk say now."""

    def __init__(self, settings: Settings, *, answer_s: float = ANSWER_S) -> None:
        self._settings = settings
        self._answer_s = answer_s
        self._guard = threading.Lock()
        self._markets: readings.MarketsState | None = None
        self._markets_at = -MARKETS_EVERY_S

    def collect(self) -> Iterator[Metric]:
        """Asks each part; of one that does not answer there is only that it is down."""
        with self._guard:  # two scrapers at once ask one after the other
            began = time.monotonic()
            found = asyncio.run(self._ask())
            found.append(
                gauge("scrape_seconds", "This look at everything.", time.monotonic() - began)
            )
        yield from found

    async def _ask(self) -> list[Metric]:
        settings = self._settings
        found = list(self._disk())
        client: Any = None
        queue: QueueClient | None = None
        try:
            client = connect(store_url(settings), max_connections=4, timeout_s=self._answer_s)
            queue = QueueClient(queue_url(settings), timeout_s=self._answer_s)
        except TrackerError as error:
            log.warning("metrics without a store", code=error.code)
        servers = None if client is None else await self._part("store", read_servers(client))
        found.append(gauge("store_up", "1 where the store answers.", float(servers is not None)))
        found += of_servers(servers or {})
        state = None if queue is None else await self._part("queue", readings.read_queue(queue))
        found.append(gauge("queue_up", "1 where the queue answers.", float(state is not None)))
        if state is not None:
            found += of_queue(state)
        if client is not None and servers is not None:
            found += await self._of_work(client)
        if queue is not None:
            queue.close()
        if client is not None:
            await client.aclose()
        return found

    async def _of_work(self, client: Any) -> list[Metric]:
        now, found = wall_clock(), list[Metric]()
        jobs = await self._part("jobs", readings.read_jobs(client, now))
        if jobs is not None:
            found += waits("jobs_open", "Jobs not ended", jobs.open, "queue")
        beat = await self._part("schedule", readings.read_beat(client))
        if beat is not None:
            age = max(0, now - beat.at) / 1000
            found.append(
                gauge("schedule_tick_age_seconds", "Since the last look at the clock.", age)
            )
            found.append(
                gauge("schedule_whole", "1 where all its parts worked.", float(beat.whole))
            )
        if time.monotonic() - self._markets_at >= MARKETS_EVERY_S:
            look = readings.read_markets(client, self._settings, now)
            self._markets = await self._part("markets", look)
            self._markets_at = time.monotonic()
        if (its := self._markets) is not None:
            found.append(gauge("markets", "Markets there are.", its.markets))
            found += waits(
                "markets_outdated", "Published days overtaken by facts", {"": its.outdated}
            )
            found += waits(
                "feed_waiting", "Publications the feed lacks, by market", {"": its.unfed}
            )
            if its.unclosed is not None:
                found.append(
                    gauge("days_unclosed", "Days that are over and not closed.", its.unclosed)
                )
        return found

    def _disk(self) -> Iterator[Metric]:
        with suppress(OSError):
            usage = shutil.disk_usage(self._settings.data)
            yield gauge("disk_free_bytes", "Free where the data directory lies.", usage.free)
            yield gauge("disk_bytes", "The disk where the data directory lies.", usage.total)

    async def _part(self, name: str, work: Awaitable[T]) -> T | None:
        try:
            async with asyncio.timeout(self._answer_s):
                return await work
        except TimeoutError:
            log.warning("metrics: no answer", part=name)
        except Exception as error:
            if failures.refusal(error) is None:
                raise
            log.warning("metrics: no answer", part=name, error=type(error).__name__)
        return None
