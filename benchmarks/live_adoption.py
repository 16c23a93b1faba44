"""How close the live adoption GET comes to the least that such an answer takes.

    python -m benchmarks.live_adoption [--seconds 30] [--connections 32] [--json FILE]

The service as it ships (granian, key checked, request counted, access log on) on a market of the
sample, beside references on the same server settings that send the same bytes: R0 a Litestar
handler with a constant, R1 one that reads the bytes with one EVALSHA, R1L one that counts the
request in its key's window by another EVALSHA before that. The same generator sends bursts of 300
requests to all in turn; a ratio is the median of the rounds' ratios to R1L.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from benchmarks import answers, common
from benchmarks.answers import Bar
from benchmarks.load import Burst
from tracker import sample
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE, read_chunks
from tracker.demo import EFFECTIVE_ON, OPENED_ON
from tracker.domain.days import day_number
from tracker.services import imports, keys, markets
from tracker.services.context import Tracker
from tracker.settings import Settings

MARKET: Final = "cho-thang-nhat"
PATH: Final = f"/v1/markets/{MARKET}/adoption"
BARS: Final = {"200": Bar(0.60), "304": Bar(0.60)}


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


def main() -> int:
    """Measures and prints; 0 where the bar is reached."""
    parser = common.options(__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of measuring, for all")
    parser.add_argument("--connections", type=int, default=32)
    chosen = parser.parse_args()
    with common.scratch() as directory:
        result = answers.measure(
            "live_adoption",
            directory / "data",
            PATH,
            prepare,
            BARS,
            seconds=chosen.seconds,
            burst=Burst(port=0, path="", headers={}, connections=chosen.connections),
            of="R1L",
        )
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
