"""Requests of the service beside the references' of the same bytes, in bursts that take turns."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from benchmarks import common
from benchmarks.common import PYTHON, TRACKER, Result, Running
from benchmarks.load import Burst, Generator
from benchmarks.reference import BODY, STORE_URL
from tracker.access.keys import ROLES
from tracker.bootstrap import open_tracker
from tracker.settings import REQUESTS_PER_MIN_MAX, Settings, variable
from tracker.store.embedded import EmbeddedServer

ROUNDS_MIN: Final = 5
RATE_LIMITS: Final = variable("rate_limits")


class Bar(Struct, frozen=True):
    """The share of the reference that an answer must reach, and one day reach."""

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


def limits() -> str:
    """The setting that gives each key the highest limit that there is."""
    return ",".join(f"{role}={REQUESTS_PER_MIN_MAX}" for role in ROLES)


async def put_body(settings: Settings, body: bytes) -> None:
    """Puts the bytes where the reference reads them."""
    async with open_tracker(settings) as tracker:
        await tracker.client.set(BODY, body)


class Servers(Struct, frozen=True):
    """The service and the reference while they run, their ports, the headers of the key."""

    service: Running
    port: int
    reference: Running
    port_reference: int
    key: dict[str, str]
    body: bytes
    etag: str


@contextmanager
def serving(
    data: Path, prepare: Callable[[Settings], Awaitable[str]], path: str
) -> Iterator[Servers]:
    """Starts the store, the service and the reference, which sends the same bytes as `path`.

    `prepare` fills the store and gives the key. Keys have the highest limit that there is, so that
    each request is counted and none refused.
    """
    port, port_reference = common.free_port(), common.free_port()
    with EmbeddedServer(data) as store:
        key = {"Authorization": f"Bearer {asyncio.run(_secret(prepare, Settings(data=data)))}"}
        serve = [*TRACKER, "serve", "--data", str(data), "--port", str(port)]
        reference = [PYTHON, "-m", "benchmarks.reference", str(port_reference)]
        with Running(serve, data.with_name("service.log"), {RATE_LIMITS: limits()}) as service:
            service.await_status(port, path, key)
            _, body, etag = common.fetch(port, path, key)
            asyncio.run(put_body(Settings(data=data), body))
            environ = {STORE_URL: store.url()}
            with Running(reference, data.with_name("reference.log"), environ) as other:
                other.await_status(port_reference, "/r1")
                yield Servers(service, port, other, port_reference, key, body, etag)


def measure(
    name: str,
    data: Path,
    path: str,
    prepare: Callable[[Settings], Awaitable[str]],
    bars: dict[str, Bar],
    *,
    seconds: float,
    burst: Burst,
    of: str = "R1",
    first: Callable[[Servers, Result], None] | None = None,
) -> Result:
    """GETs of the service and of the references, in turn.

    `bars` are those of the answer (`200`) and of the unchanged one (`304`), as shares of the
    reference `of`. `first` is called before, with a result whose rows are told too.
    """
    before = Result(name)
    with serving(data, prepare, path) as its:
        if first is not None:
            first(its, before)
        whole = replace(burst, port=its.port, path=path, headers=its.key)
        known = {**its.key, "If-None-Match": its.etag}
        plain = replace(burst, port=its.port_reference)
        subjects = {
            "200": Subject(its.service, whole),
            "304": Subject(its.service, replace(whole, headers=known, status=304)),
            "R1L": Subject(its.reference, replace(plain, path="/r1l")),
            "R1": Subject(its.reference, replace(plain, path="/r1")),
            "R0": Subject(its.reference, replace(plain, path="/r0")),
        }
        times = rounds(subjects, seconds, len(its.body))
        result = _told(name, times, bars, len(its.body), whole.requests, of)
    return Result(name, before.lines + result.lines, before.figures | result.figures)


def measure_posts(
    name: str,
    data: Path,
    path: str,
    prepare: Callable[[Settings], Awaitable[str]],
    bar: Bar,
    *,
    seconds: float,
    burst: Burst,
    like: str,
) -> Result:
    """POSTs of `burst` to the service, and of the same bodies to the references, in turn.

    `like` is a path whose answer is as long as the one to the POST.
    """
    with serving(data, prepare, like) as its:
        headers = {"Content-Type": "application/json", **burst.headers, **its.key}
        whole = replace(burst, port=its.port, path=path, headers=headers)
        plain = replace(whole, port=its.port_reference)
        subjects = {
            "201": Subject(its.service, whole),
            "W1L": Subject(its.reference, replace(plain, path="/w1l")),
            "W1": Subject(its.reference, replace(plain, path="/w1")),
        }
        times = rounds(subjects, seconds, None)
        return _told(name, times, {"201": bar}, len(its.body), whole.requests, "W1L")


async def _secret(prepare: Callable[[Settings], Awaitable[str]], settings: Settings) -> str:
    return await prepare(settings)


def rounds(
    subjects: dict[str, Subject], seconds: float, body_bytes: int | None
) -> dict[str, Times]:
    """Bursts in turn until the time is up; nobody always comes after the same one.

    `body_bytes` is how long the answers must be, None where they differ.
    """
    times: dict[str, Times] = defaultdict(Times)
    names = list(subjects)
    with Generator() as generator:
        for subject in subjects.values():  # connections are made and everything is warm
            generator.send(subject.burst)
        end = time.monotonic() + seconds
        done = 0
        while done < ROUNDS_MIN or time.monotonic() < end:
            for name in names:
                subject, its = subjects[name], times[name]
                before = subject.server.cpu_s()
                took = generator.send(subject.burst)
                its.cpu_s += subject.server.cpu_s() - before
                if body_bytes is not None:
                    wanted = 0 if subject.burst.status == 304 else body_bytes
                    assert took.body_bytes == wanted, name
                its.bursts.append(took.seconds)
                its.spans += took.spans
            done += 1
            names = names[1:] + names[:1]
    return times


def _told(
    name_: str,
    times: dict[str, Times],
    bars: dict[str, Bar],
    body_bytes: int,
    requests: int,
    of_: str,
) -> Result:
    result = Result(name_)
    figures: dict[str, Any] = {"body_bytes": body_bytes, "rounds": len(times[of_].bursts)}
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
    of = times[of_]
    for name, bar in bars.items():
        its = times[name]
        ratios = [theirs / ours for theirs, ours in zip(of.bursts, its.bursts, strict=True)]
        figures[f"{name}_to_{of_}"] = common.spread(ratios)
        result.at_least(f"{name} to {of_}", median(ratios), bar.now, bar.later)
        result.told(f"{name} to {of_}, by processor time", f"{of.cpu_s / its.cpu_s:.1%}")
        figures[f"{name}_to_{of_}_by_cpu"] = of.cpu_s / its.cpu_s
    result.figures = figures
    return result
