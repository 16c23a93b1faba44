"""GETs of the service beside the references' of the same bytes, in bursts that take turns."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from benchmarks import common
from benchmarks.common import PYTHON, TRACKER, Result, Running
from benchmarks.load import Burst, Generator
from benchmarks.reference import BODY, STORE_URL
from tracker.bootstrap import open_tracker
from tracker.settings import Settings
from tracker.store.embedded import EmbeddedServer

ROUNDS_MIN: Final = 5


class Bar(Struct, frozen=True):
    """The share of R1 that an answer must reach, and one day reach."""

    now: float
    later: float | None = None


class Subject(Struct, frozen=True):
    """What is loaded, and the process that answers."""

    server: Running
    burst: Burst


class Times(Struct):
    """What one subject took: seconds a burst, each request's seconds, processor time in all."""

    bursts: list[float] = []
    spans: list[float] = []
    cpu_s: float = 0.0


async def put_body(settings: Settings, body: bytes) -> None:
    """Puts the bytes where the reference reads them."""
    async with open_tracker(settings) as tracker:
        await tracker.client.set(BODY, body)


def measure(
    name: str,
    data: Path,
    path: str,
    prepare: Callable[[Settings], Awaitable[str]],
    bars: dict[str, Bar],
    *,
    seconds: float,
    burst: Burst,
) -> Result:
    """Starts the store, the service and the reference, and measures all subjects in turn.

    `prepare` fills the store and gives the key that reads `path`. `bars` are those of the answer
    (`200`) and of the unchanged one (`304`).
    """
    port, port_reference = common.free_port(), common.free_port()
    settings = Settings(data=data)
    with EmbeddedServer(data) as store:
        key = {"Authorization": f"Bearer {asyncio.run(_secret(prepare, settings))}"}
        serve = [*TRACKER, "serve", "--data", str(data), "--port", str(port)]
        reference = [PYTHON, "-m", "benchmarks.reference", str(port_reference)]
        with Running(serve, data.with_name("service.log")) as service:
            service.await_status(port, path, key)
            _, body, etag = common.fetch(port, path, key)
            asyncio.run(put_body(settings, body))
            environ = {STORE_URL: store.url()}
            with Running(reference, data.with_name("reference.log"), environ) as other:
                other.await_status(port_reference, "/r1")
                whole = replace(burst, port=port, path=path, headers=key)
                known = {**key, "If-None-Match": etag}
                times = _rounds(
                    {
                        "200": Subject(service, whole),
                        "304": Subject(service, replace(whole, headers=known, status=304)),
                        "R1": Subject(
                            other, replace(whole, port=port_reference, path="/r1", headers={})
                        ),
                        "R0": Subject(
                            other, replace(whole, port=port_reference, path="/r0", headers={})
                        ),
                    },
                    seconds,
                    len(body),
                )
    return _told(name, times, bars, len(body), whole.requests)


async def _secret(prepare: Callable[[Settings], Awaitable[str]], settings: Settings) -> str:
    return await prepare(settings)


def _rounds(subjects: dict[str, Subject], seconds: float, body_bytes: int) -> dict[str, Times]:
    """Bursts in turn until the time is up; nobody always comes after the same one."""
    times: dict[str, Times] = defaultdict(Times)
    names = list(subjects)
    with Generator() as generator:
        for subject in subjects.values():  # connections are made and everything is warm
            generator.send(subject.burst)
        end = time.monotonic() + seconds
        rounds = 0
        while rounds < ROUNDS_MIN or time.monotonic() < end:
            for name in names:
                subject, its = subjects[name], times[name]
                before = subject.server.cpu_s()
                took = generator.send(subject.burst)
                its.cpu_s += subject.server.cpu_s() - before
                assert took.body_bytes == (0 if subject.burst.status == 304 else body_bytes), name
                its.bursts.append(took.seconds)
                its.spans += took.spans
            rounds += 1
            names = names[1:] + names[:1]
    return times


def _told(
    name_: str, times: dict[str, Times], bars: dict[str, Bar], body_bytes: int, requests: int
) -> Result:
    result = Result(name_)
    figures: dict[str, Any] = {"body_bytes": body_bytes, "rounds": len(times["R1"].bursts)}
    for name, its in times.items():
        rate = requests / median(its.bursts)
        cpu_us = its.cpu_s / len(its.spans) * 1e6
        p99_ms = quantiles(its.spans, n=100)[98] * 1e3
        figures[name] = {
            "rate_per_s": round(rate),
            "server_cpu_us": round(cpu_us),
            "p50_ms": round(median(its.spans) * 1e3, 2),
            "p99_ms": round(p99_ms, 2),
        }
        result.told(
            f"{name}: answers · server's processor time each", f"{rate:,.0f}/s · {cpu_us:.0f} µs"
        )
    of = times["R1"]
    for name, bar in bars.items():
        its = times[name]
        ratios = [theirs / ours for theirs, ours in zip(of.bursts, its.bursts, strict=True)]
        figures[f"{name}_to_R1"] = common.spread(ratios)
        result.at_least(f"{name} to R1", median(ratios), bar.now, bar.later)
        result.told(f"{name} to R1, by processor time", f"{of.cpu_s / its.cpu_s:.1%}")
        figures[f"{name}_to_R1_by_cpu"] = of.cpu_s / its.cpu_s
    result.figures = figures
    return result
