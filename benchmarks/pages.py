"""How close the two largest pages come to the least that such an answer takes.

    python -m benchmarks.pages [--national] [--seconds 20] [--connections 8] [--json FILE]

The first page of a market's roster and of the city, of the service as it ships, compressed as
browsers ask for it; beside them R1, a handler on the same server settings that reads the same
bytes with one EVALSHA. 500 vendors and 200 markets, with `--national` 5 000 and 8 500. A page may
take ten times as long as R1: what it shows is looked up, ordered, filled in and compressed for
whoever asks.
"""

from __future__ import annotations

import asyncio
import http.client
import sys
import time
from collections.abc import AsyncIterator
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from msgspec.structs import replace

from benchmarks import answers, close_day, common
from benchmarks.answers import Servers, Subject
from benchmarks.common import Line, Result
from benchmarks.import_rows import roster
from benchmarks.load import Burst
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE
from tracker.domain.days import day_date, day_of
from tracker.services import imports, keys, markets
from tracker.services.context import Tracker
from tracker.settings import Settings

BAR: Final = 10.0
MARKET: Final = "cho-lon-nhat"
PAGES: Final = {"roster": f"/markets/{MARKET}/roster", "city": "/city"}
SIZES: Final = {False: (500, 200), True: (5_000, 8_500)}
"""Vendors of the market and markets of the city, by `national`."""

SMALL: Final = 50
"""Vendors of the city's other markets: the page counts markets."""

FIRST_S_MAX: Final = 300.0
DAYS: Final = 7
BANKS: Final = ("970436", "970418", "970405")
GZIP: Final = {"Accept-Encoding": "gzip"}


async def prepare(vendors: int, others: int, settings: Settings) -> str:
    """A market with names that are read, two thirds with a code; other markets; an admin's key."""
    async with open_tracker(settings) as tracker:
        today = day_of(tracker.now())
        new = markets.NewMarket(MARKET, "Chợ lớn nhất", "XLN", None, today - 500)
        await markets.create(tracker, OFFICE, new)
        await _import(tracker, "roster", roster(vendors))
        await _import(tracker, "attachments", _codes(vendors, day_date(today - 30)))
        await close_day.prepare(tracker, "market", others, SMALL, today, DAYS)
        await close_day.rewritten(tracker)
        made = await keys.create(tracker, OFFICE.id, name="screen", role="admin")
        return made.secret or ""


def _codes(vendors: int, hung: date) -> bytes:
    """A bank's file: two thirds have a code, half of these a sticker."""
    stalls = [line.split(";")[2] for line in roster(vendors).decode().splitlines()[1:]]
    rows = [
        f"{stall},{BANKS[n % 3]},77{n:08d},{hung if n % 2 else ''}"
        for n, stall in enumerate(stalls)
        if n % 3
    ]
    return "\n".join(["stall,bin,account,attached_on", *rows, ""]).encode()


async def _import(tracker: Tracker, kind: str, file: bytes) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield file

    job = await imports.accept(
        tracker,
        OFFICE,
        kind=kind,
        market=MARKET,
        effective_on=None,
        dry_run=False,
        chunks=chunks(),
    )
    result = await imports.run(tracker, job)
    assert not result["totals"]["rejected"], result["totals"]


def measure(data: Path, vendors: int, others: int, *, seconds: float, connections: int) -> Result:
    """Each page beside R1 with its bytes, one after the other."""
    result = Result("pages")
    with answers.serving(data, partial(prepare, vendors, others), PAGES["roster"]) as its:
        result.told("the city's first page after a start", f"{_warm(its):.1f} s")
        for name, size in (("roster", vendors), ("city", others + 1)):
            burst = Burst(port=0, path=PAGES[name], connections=connections, requests=80)
            _page(result, its, data, name, size, seconds / len(PAGES), burst)
    return result


def _warm(its: Servers) -> float:
    """Seconds until the city's page is there for the first time: all markets are looked through."""
    connection = http.client.HTTPConnection(common.LOCALHOST, its.port, timeout=FIRST_S_MAX)
    began = time.perf_counter()
    connection.request("GET", PAGES["city"], headers=its.key)
    assert connection.getresponse().status == 200
    connection.close()
    return time.perf_counter() - began


def _page(
    result: Result,
    its: Servers,
    data: Path,
    name: str,
    size: int,
    seconds: float,
    burst: Burst,
) -> None:
    asked = {**its.key, **GZIP}
    status, body, _ = common.fetch(its.port, burst.path, asked)
    assert status == 200, burst.path
    _, plain, _ = common.fetch(its.port, burst.path, its.key)
    asyncio.run(answers.put_body(Settings(data=data), body))
    subjects = {
        "page": Subject(its.service, replace(burst, port=its.port, headers=asked)),
        "R1": Subject(its.reference, replace(burst, port=its.port_reference, path="/r1")),
    }
    # What a page says of the time makes its compressed length vary by a byte or two.
    times = answers.rounds(subjects, seconds, None)
    page, of = times["page"], times["R1"]
    ratios = [ours / theirs for ours, theirs in zip(page.bursts, of.bursts, strict=True)]
    cpu = page.cpu_s / of.cpu_s
    result.figures[name] = {
        "size": size,
        "bytes": len(plain),
        "bytes_sent": len(body),
        "to_R1": common.spread(ratios),
        "to_R1_by_cpu": cpu,
        "page_cpu_us": round(page.cpu_s / len(page.spans) * 1e6),
        "R1_cpu_us": round(of.cpu_s / len(of.spans) * 1e6),
        "page_p50_ms": round(median(page.spans) * 1e3, 2),
    }
    what = {"roster": f"the roster of {size:,} vendors", "city": f"the city of {size:,} markets"}
    sent = f"{len(body) / 1024:.1f} of {len(plain) / 1024:.1f} KiB"
    result.told(f"{what[name]}: sent · processor time", f"{sent} · {cpu_ms(page):.2f} ms")
    ratio = median(ratios)
    result.lines += [
        Line(f"{what[name]}, to R1", f"{ratio:.1f} ×", f"≤ {BAR:g} ×", ratio <= BAR),
        Line(f"{what[name]}, to R1, by processor time", f"{cpu:.1f} ×"),
    ]


def cpu_ms(times: answers.Times) -> float:
    """The server's processor time of one request."""
    return times.cpu_s / len(times.spans) * 1e3


def main() -> int:
    """Measures and prints; 0 where the bar is reached."""
    parser = common.options(__doc__)
    parser.add_argument("--national", action="store_true", help="5 000 vendors, 8 500 markets")
    parser.add_argument("--seconds", type=float, default=20.0, help="of measuring, for all")
    parser.add_argument("--connections", type=int, default=8)
    chosen = parser.parse_args()
    vendors, others = SIZES[chosen.national]
    with common.scratch() as directory:
        result = measure(
            directory / "data",
            vendors,
            others - 1,
            seconds=chosen.seconds,
            connections=chosen.connections,
        )
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
