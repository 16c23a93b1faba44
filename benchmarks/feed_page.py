"""How close a page of the feed comes to the least that such an answer takes.

    python -m benchmarks.feed_page [--seconds 30] [--connections 8] [--json FILE]

A page of 1 000 published snapshots, and the answer that nothing of it changed, of the service as
it ships; beside them R0 and R1 as in `benchmarks.live_adoption`, with the same bytes.
"""

from __future__ import annotations

import sys
from typing import Final

from benchmarks import answers, common
from benchmarks.answers import Bar
from benchmarks.close_day import prepare as make_markets
from benchmarks.load import Burst
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE
from tracker.domain.days import day_of
from tracker.services import keys, snapshots
from tracker.settings import Settings

PAGE: Final = 1_000
MARKETS: Final = 10
VENDORS: Final = 300
PATH: Final = f"/v1/snapshots?limit={PAGE}"
BARS: Final = {"200": Bar(0.50), "304": Bar(0.70)}


async def prepare(settings: Settings) -> str:
    """Markets with more than a page of published days; a key for the city's screen."""
    async with open_tracker(settings) as tracker:
        today = day_of(tracker.now())
        names = await make_markets(tracker, "market", MARKETS, VENDORS, today)
        days = PAGE // MARKETS + 1
        job = await snapshots.start_run(
            tracker, OFFICE.id, first=today - days, last=today - 1, markets=names
        )
        await snapshots.run(tracker, job)
        made = await keys.create(tracker, OFFICE.id, name="screen", role="ioc")
        return made.secret or ""


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
        )
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
