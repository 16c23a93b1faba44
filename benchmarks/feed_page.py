"""How close a page of the feed comes to the least that such an answer takes.

    python -m benchmarks.feed_page [--seconds 30] [--connections 8] [--json FILE]

First as many snapshots as a country has in a day, 8 500 of 85 markets, pulled page after page: the
first time, when the service reads and unpacks all bodies, and once more. Then a page of 1 000, and
the answer that nothing of it changed, of the service as it ships; beside them R0 and R1 as in
`benchmarks.live_adoption`, with the same bytes.
"""

from __future__ import annotations

import sys
import time
from statistics import median
from typing import Final

from msgspec import Raw, Struct, json

from benchmarks import answers, common
from benchmarks.answers import Bar, Servers
from benchmarks.close_day import prepare as make_markets
from benchmarks.common import Result
from benchmarks.load import Burst
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE
from tracker.domain.days import day_of
from tracker.services import keys, snapshots
from tracker.settings import Settings

PAGE: Final = 1_000
MARKETS: Final = 85
VENDORS: Final = 300
DAY_OF_COUNTRY: Final = 8_500
PULL_S_MAX: Final = 1.0
PULLS: Final = 5
PATH: Final = f"/v1/snapshots?limit={PAGE}"
BARS: Final = {"200": Bar(0.50), "304": Bar(0.70)}


class Page(Struct):
    """What of a page a reader needs to go on."""

    items: list[Raw]
    next: str = ""


async def prepare(settings: Settings) -> str:
    """Markets with more than a page of published days; a key for the city's screen."""
    async with open_tracker(settings) as tracker:
        today = day_of(tracker.now())
        names = await make_markets(tracker, "market", MARKETS, VENDORS, today)
        days = DAY_OF_COUNTRY // MARKETS
        job = await snapshots.start_run(
            tracker, OFFICE.id, first=today - days, last=today - 1, markets=names
        )
        await snapshots.run(tracker, job)
        made = await keys.create(tracker, OFFICE.id, name="screen", role="ioc")
        return made.secret or ""


def pull(its: Servers, limit: int) -> float:
    """All there is, in pages of so many; seconds."""
    path, pulled = f"/v1/snapshots?limit={limit}", 0
    began = time.perf_counter()
    while path:
        status, body, _ = common.fetch(its.port, path, its.key)
        assert status == 200, body
        page = json.decode(body, type=Page)
        pulled += len(page.items)
        path = page.next and f"/v1/snapshots?limit={limit}&after={page.next}"
    assert pulled == DAY_OF_COUNTRY, pulled
    return time.perf_counter() - began


def pulls(its: Servers, result: Result) -> None:
    """A country's day, in pages that nobody asked for before, and the same once more."""
    before = its.service.cpu_s()
    firsts = [pull(its, PAGE - number) for number in range(1, PULLS + 1)]  # each time other pages
    cpu = (its.service.cpu_s() - before) / PULLS
    agains = [pull(its, PAGE - PULLS) for _ in range(PULLS)]
    result.figures |= {"pull_s": common.spread(firsts), "pull_again_s": common.spread(agains)}
    result.figures["pull_server_cpu_s"] = cpu
    result.at_most(f"a country's day, {DAY_OF_COUNTRY:,} snapshots", median(firsts), PULL_S_MAX)
    result.told("  of it processor time of the service", f"{cpu:.2f} s")
    result.told("  the same once more", f"{median(agains):.2f} s")


def main() -> int:
    """Measures and prints; 0 where the bars are reached."""
    parser = common.options(__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of measuring, for all")
    parser.add_argument("--connections", type=int, default=8)
    chosen = parser.parse_args()
    with common.scratch() as directory:
        result = answers.measure(
            "feed_page",
            directory / "data",
            PATH,
            prepare,
            BARS,
            seconds=chosen.seconds,
            burst=Burst(port=0, path="", headers={}, connections=chosen.connections, requests=40),
            first=pulls,
        )
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
