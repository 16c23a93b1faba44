"""How numbers become metrics: names, units, and one line of help each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from tracker.observe.meters import Family
from tracker.services import readings
from tracker.services.readings import Waiting
from tracker.store.server_state import ServerState


def counter(family: Family) -> Metric:
    """A family of counters as Prometheus takes it."""
    made = CounterMetricFamily(family.name, family.help, labels=family.labels)
    for labels, (count,) in family.series.items():
        made.add_metric(labels, count)
    return made


def histogram(family: Family) -> Metric:
    """A family of histograms: buckets hold what is at most their bound."""
    made = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    bounds = [*(str(bound) for bound in family.bounds or ()), "+Inf"]
    for labels, (total, *counts) in family.series.items():
        below, buckets = 0.0, []
        for bound, count in zip(bounds, counts, strict=True):
            below += count
            buckets.append((bound, below))
        made.add_metric(labels, buckets, sum_value=total)
    return made


def gauge(name: str, help_: str, value: float) -> Metric:
    """One number."""
    return GaugeMetricFamily(f"tracker_{name}", help_, value=value)


def waits(name: str, what: str, waiting: Any, label: str = "") -> Iterable[Metric]:
    """How many wait and since when, by a label where there is one."""
    labels = (label,) if label else ()
    count = GaugeMetricFamily(f"tracker_{name}", f"{what}.", labels=labels)
    oldest = GaugeMetricFamily(f"tracker_{name}_oldest_seconds", f"{what}: oldest.", labels=labels)
    of: Waiting
    for its, of in waiting.items():
        count.add_metric((its,) if label else (), of.count)
        oldest.add_metric((its,) if label else (), of.oldest_s)
    return count, oldest


def of_queue(state: readings.QueueState) -> Iterator[Metric]:
    """The queue's side of jobs, by queue."""
    depth = GaugeMetricFamily("tracker_queue_jobs", "Jobs that wait.", labels=("queue",))
    alive = GaugeMetricFamily("tracker_queue_workers", "Living workers.", labels=("queue",))
    for name, count in state.depths.items():
        depth.add_metric((name,), count)
    for name, count in state.workers.items():
        alive.add_metric((name,), count)
    yield from (depth, alive)


_GAUGES: Final[dict[str, str]] = {
    "memory_used": "Memory that the data take.",
    "memory_max": "Memory limit; 0 is none, 1 says that writes are refused for want of disk.",
    "log_bytes": "Size of the log on disk.",
    "log_base_bytes": "Size of the log after it was last written anew.",
    "log_write_ok": "1 where the last write to the log worked.",
    "log_rewrite_ok": "1 where the last rewrite of the log worked.",
    "log_rewriting": "1 while the log is written anew.",
    "connections": "Connections that are open.",
    "connections_max": "Connections that there may be.",
    "uptime_s": "Since the server began.",
    "round_trip_s": "A question and its answer, without a write.",
}
_COUNTERS: Final[dict[str, str]] = {
    "sync_s": "Time spent writing and syncing the log.",
    "loops": "Rounds of the event loop: at most one sync each.",
    "delayed_syncs": "Writes that waited for a sync of the log in the background.",
    "commands": "Commands executed.",
    "connections_refused": "Connections refused for want of room.",
    "evicted": "Keys evicted: must stay 0.",
}
_UNITS: Final = {"memory_used": "memory_used_bytes", "memory_max": "memory_max_bytes"}


def of_servers(servers: dict[str, ServerState]) -> Iterator[Metric]:
    """The store's servers, by name."""
    kinds = ((_GAUGES, GaugeMetricFamily), (_COUNTERS, CounterMetricFamily))
    for names, kind in kinds:
        for field, help_ in names.items():
            name = _UNITS.get(field, field.removesuffix("_s") + "_seconds" * field.endswith("_s"))
            made: Any = kind(f"tracker_store_{name}", help_, labels=("server",))
            for server, state in servers.items():
                value = getattr(state, field)
                if value is not None:
                    made.add_metric((server,), float(value))
            yield made
    info = GaugeMetricFamily(
        "tracker_store_info", "Always 1.", labels=("server", "name", "version", "role", "policy")
    )
    for server, state in servers.items():
        info.add_metric((server, state.name, state.version, state.role, state.policy), 1)
    yield info
