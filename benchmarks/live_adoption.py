"""How close the live adoption GET comes to the least that such an answer takes.

    python -m benchmarks.live_adoption [--seconds 30] [--connections 32] [--json FILE]

The service as it ships (granian, key checked, access log on) on a market of the sample, beside two
references on the same server settings that send the same bytes: R0 a Litestar handler with a
constant, R1 one that reads the bytes with one EVALSHA. The same generator sends bursts of 300
requests to all in turn; a ratio is the median of the rounds' ratios to R1.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from benchmarks import common
from benchmarks.common import PYTHON, TRACKER, Result, Running
from benchmarks.load import Burst, Generator
from benchmarks.reference import BODY, STORE_URL
from tracker import sample
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE, read_chunks
from tracker.demo import EFFECTIVE_ON, OPENED_ON
from tracker.domain.days import day_number
from tracker.services import imports, keys, markets
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.embedded import EmbeddedServer

MARKET: Final = "cho-thang-nhat"
PATH: Final = f"/v1/markets/{MARKET}/adoption"
BAR: Final = 0.40
BAR_LATER: Final = 0.60
ROUNDS_MIN: Final = 5


class Subject(Struct, frozen=True):
    """What is loaded, and the process that answers."""

    server: Running
    burst: Burst


class Times(Struct):
    """What one subject took: seconds a burst, each request's seconds, processor time in all."""

    bursts: list[float] = []
    spans: list[float] = []
    cpu_s: float = 0.0


async def prepare(settings: Settings) -> str:
    """One market with its roster and the banks' codes and stickers; a key for the city's screen."""
    async with open_tracker(settings) as tracker:
        its = sample.expected().markets[MARKET]
        new = markets.NewMarket(MARKET, its.name, its.prefix, None, day_number(OPENED_ON))
        await markets.create(tracker, OFFICE, new)
        await _import(tracker, "roster", MARKET, sample.roster_files()[MARKET])
        for file in sample.bank_files().values():
            await _import(tracker, "attachments", None, file)
        made = await keys.create(tracker, OFFICE.id, name="screen", role="ioc")
        return made.secret or ""


async def _import(tracker: Tracker, kind: str, market: str | None, file: Any) -> None:
    job = await imports.accept(
        tracker,
        OFFICE,
        kind=kind,
        market=market,
        effective_on=day_number(EFFECTIVE_ON),
        dry_run=False,
        chunks=read_chunks(file),
    )
    await imports.run(tracker, job)


async def put_body(settings: Settings, body: bytes) -> None:
    """Puts the bytes where the reference reads them."""
    async with open_tracker(settings) as tracker:
        await tracker.client.set(BODY, body)


def measure(data: Path, *, seconds: float, connections: int) -> Result:
    """Starts the store, the service and the reference, and measures all subjects in turn."""
    port, port_reference = common.free_port(), common.free_port()
    settings = Settings(data=data)
    with EmbeddedServer(data) as store:
        key = {"Authorization": f"Bearer {asyncio.run(prepare(settings))}"}
        serve = [*TRACKER, "serve", "--data", str(data), "--port", str(port)]
        reference = [PYTHON, "-m", "benchmarks.reference", str(port_reference)]
        with Running(serve, data.with_name("service.log")) as service:
            service.await_status(port, PATH, key)
            _, body, etag = common.fetch(port, PATH, key)
            asyncio.run(put_body(settings, body))
            environ = {STORE_URL: store.url()}
            with Running(reference, data.with_name("reference.log"), environ) as other:
                other.await_status(port_reference, "/r1")
                live = Burst(port=port, path=PATH, headers=key, connections=connections)
                known = {**key, "If-None-Match": etag}
                times = _rounds(
                    {
                        "live": Subject(service, live),
                        "304": Subject(service, replace(live, headers=known, status=304)),
                        "R1": Subject(
                            other, replace(live, port=port_reference, path="/r1", headers={})
                        ),
                        "R0": Subject(
                            other, replace(live, port=port_reference, path="/r0", headers={})
                        ),
                    },
                    seconds,
                    len(body),
                )
    return _told(times, len(body), live.requests)


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


def _told(times: dict[str, Times], body_bytes: int, requests: int) -> Result:
    result = Result("live_adoption")
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
    for name in ("live", "304"):
        its = times[name]
        ratios = [theirs / ours for theirs, ours in zip(of.bursts, its.bursts, strict=True)]
        figures[f"{name}_to_R1"] = common.spread(ratios)
        result.at_least(f"{name} GET to R1", median(ratios), BAR, BAR_LATER)
        result.told(f"{name} GET to R1, by processor time", f"{of.cpu_s / its.cpu_s:.1%}")
        figures[f"{name}_to_R1_by_cpu"] = of.cpu_s / its.cpu_s
    result.figures = figures
    return result


def main() -> int:
    """Measures and prints; 0 where the bar is reached."""
    parser = common.options(__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of measuring, for all")
    parser.add_argument("--connections", type=int, default=32)
    chosen = parser.parse_args()
    with common.scratch() as directory:
        result = measure(directory / "data", seconds=chosen.seconds, connections=chosen.connections)
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
