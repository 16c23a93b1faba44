"""How long one worker takes to close a day of a whole country.

    python -m benchmarks.close_day [--markets 8500] [--vendors 600] [--big 120] [--bare]
        [--json FILE]

Markets with 90 days of three banks' reports (`--bare`: with none), written by the service's own
commits for a few of them and copied within the store for the rest. The job that the schedule
starts at midnight computes and publishes the day for all, in one process. Before that, markets
with ten times the vendors in turn with as many ordinary ones: the cost is to follow the number of
markets, not of vendors; and four markets at a time, for a market costs the same among many.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from random import Random
from statistics import median
from string import ascii_uppercase, digits
from typing import Any, Final

from benchmarks import common
from benchmarks.common import Result
from tracker import collector
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE
from tracker.domain.days import day_of, start_of
from tracker.domain.facts import (
    AccountLinked,
    ActivityReported,
    Attached,
    CodeIssued,
    Registered,
    Scanned,
    VendorFact,
)
from tracker.domain.vendor import History
from tracker.services import markets, snapshots
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.activity import BankDay, put_day, put_first, put_report
from tracker.store.commit import Commit
from tracker.store.embedded import EmbeddedServer
from tracker.store.keys import Space

BAR_S: Final = 10.0
BARE_BAR_S: Final = 5.0
GROWTH_BAR: Final = 1.5
FLAT_BAR: Final = 1.2
TEMPLATES: Final = 4
"""Markets that are written fact by fact; the others are copies of them."""

BANKS: Final = ("970436", "970418", "970405")
ZONES: Final = tuple(f"Khu {letter}" for letter in "ABCDEF")
CATEGORIES: Final = ("cá", "rau", "thịt", "vải", "ăn uống")
DAYS: Final = 90
ROUNDS: Final = 5
FEW: Final = 4
BLOB: Final = bytes(90)
"""As long as a name or an account under its seal."""


def facts(random: Random, number: int, today: int) -> list[VendorFact]:
    """A vendor's life: registered months ago, most with a code, a third attached, some scanned."""
    day = today - random.randint(100, 400)
    bank = random.choice(BANKS)

    def when(later: int = 0) -> tuple[int, int, str]:
        at = start_of(day + later) + 28_800_000
        return at, at, "office"

    life: list[VendorFact] = [
        Registered(
            *when(),
            stall=f"S{number}",
            personal=BLOB,
            zone=random.choice(ZONES),
            category=random.choice(CATEGORIES),
        ),
        AccountLinked(*when(), bin=bank, owner="own", personal=BLOB),
    ]
    if random.random() < 0.6:
        life.append(CodeIssued(*when(3), code=1, bin=bank, account=2, version=1))
        if random.random() < 0.6:
            life.append(Attached(*when(random.randint(4, 300)), code=1, evidence="declared"))
            if random.random() < 0.5:
                life.append(Scanned(*when(random.randint(300, 400)), verdict="matched", code=1))
    return [fact for fact in life if fact.at < start_of(today - 10)]


async def write(tracker: Tracker, market: str, vendors: int, today: int, days: int) -> None:
    """A market's vendors and the banks' reports of the last days, one commit after the other."""
    random, space = Random(market), Space(market)
    place = await tracker.market(market)
    for start in range(1, vendors + 1, 500):
        commits = []
        for number in range(start, min(start + 500, vendors + 1)):
            commit = Commit(space)
            commit.vendor(History(place.prefix, number), facts(random, number, today))
            commits.append(commit)
        await tracker.committer.commit_many(commits)
    await tracker.client.set(space.numbers, vendors)
    await tracker.client.delete(space.unindexed)
    wide = vendors // 8 + 1
    first = (today - DAYS).to_bytes(2, "little") * (vendors + 1)
    for version, day in enumerate(range(today - days, today)):
        banks = {}
        commit = Commit(space)
        for bank in BANKS:
            paid = bytes(random.getrandbits(8) & random.getrandbits(8) for _ in range(wide))
            count = sum(map(int.bit_count, paid))
            banks[bank] = BankDay(count * 3, count * 150_000, paid)
            at = start_of(day + 1) + 3_600_000
            report = ActivityReported(
                *(at, at, "bank"),
                day,
                bank,
                count * 3,
                count * 150_000,
                count,
                BLOB[:32],
                BLOB[:32],
            )
            commit.entry("0", report)
            put_report(commit, space, report, None)
        put_day(commit, space, day, None, banks)
        if version == 0:
            put_first(commit, space, None, first)
        await tracker.committer.commit(commit)


async def copy(tracker: Tracker, source: str, targets: Sequence[str]) -> None:
    """The same market once more, under other names."""
    client, of = tracker.client, Space(source)
    keys = [of.ledger, of.docs, of.names, of.deltas, of.rows, of.sets, of.paid, of.reports]
    keys += [of.numbers, *(of.set(name.decode()) for name in await client.smembers(of.sets))]
    found = {key: await client.dump(key) for key in keys}
    stored = {key: raw for key, raw in found.items() if raw is not None}
    for target in targets:
        pipeline = client.pipeline(transaction=False)
        for key, raw in stored.items():
            pipeline.restore(key.replace(source, target), 0, raw, replace=True)
        await pipeline.execute()


async def found(tracker: Tracker, names: Sequence[str], opened: int) -> None:
    """Sets up markets, all of them open."""
    there = len(await tracker.reader.markets())
    for number, name in enumerate(names, there):
        new = markets.NewMarket(name, f"Chợ {name}", _prefix(number), None, opened)
        await markets.create(tracker, OFFICE, new)


async def prepare(
    tracker: Tracker, kind: str, count: int, vendors: int, today: int, days: int = DAYS
) -> list[str]:
    """So many markets of one size; their names."""
    names = [f"{kind}-{number}" for number in range(count)]
    await found(tracker, names, today - 500)
    for first in range(min(TEMPLATES, count)):
        await write(tracker, names[first], vendors, today, days)
        await copy(tracker, names[first], names[first + TEMPLATES :: TEMPLATES])
    return names


async def rewritten(tracker: Tracker) -> None:
    """Waits until the store has rewritten its log, which seeding has made it do."""
    while True:
        info = await tracker.client.info("persistence")
        if not (info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"]):
            return
        await asyncio.sleep(0.2)


async def close(tracker: Tracker, names: Sequence[str], day: int) -> float:
    """Closes a day of these markets with the job of the schedule; seconds."""
    job = await snapshots.start_run(tracker, OFFICE.id, first=day, last=day, markets=names)
    began = time.perf_counter()
    result = await snapshots.run(tracker, job)
    took = time.perf_counter() - began
    assert result["published"] == len(names), result
    return took


async def measure(settings: Settings, count: int, vendors: int, big: int, *, bare: bool) -> Result:
    """Seeds the store, closes the day for all, then compares the sizes in turn."""
    result, figures = Result("close_day"), dict[str, Any]()
    days, bar = (0, BARE_BAR_S) if bare else (DAYS, BAR_S)
    async with open_tracker(settings) as tracker:
        today = day_of(tracker.now())
        ordinary = await prepare(tracker, "market", count, vendors, today, days)
        large = await prepare(tracker, "large", big, 10 * vendors, today, days)
        await rewritten(tracker)
        collector.settle()
        as_many, ratios = ordinary[:big], []
        for day in range(today - 2 - ROUNDS, today - 1):
            small_s = await close(tracker, as_many, day)
            ratios.append(await close(tracker, large, day) / small_s)
        del ratios[0]  # then everything was warm
        fours = [ordinary[start : start + FEW] for start in range(0, 5 * FEW, FEW)]
        day = today - 3 - ROUNDS
        few = median([await close(tracker, four, day) / len(four) for four in fours if four])
        cpu = time.process_time()
        took = await close(tracker, ordinary, today - 1)
        figures["worker_cpu_s"] = time.process_time() - cpu
    growth = median(ratios) * len(as_many) / max(len(large), 1)
    figures |= {"seconds": took, "growth": common.spread(ratios), "markets": count}
    result.figures = figures
    reports = "without activity" if bare else f"{DAYS} days × {len(BANKS)} banks"
    result.at_most(f"a day of {count:,} markets × {vendors} vendors, {reports}", took, bar)
    result.told("of it processor time of the worker", f"{figures['worker_cpu_s']:.2f} s")
    result.told("a market", f"{took / count * 1e3:.2f} ms")
    figures["a_market_of_few_ms"] = few * 1e3
    result.lines += [
        _times("ten times the vendors in a market", growth, GROWTH_BAR),
        _times(f"a market of {count:,} against one of {FEW}", took / count / few, FLAT_BAR),
    ]
    return result


def _times(what: str, ratio: float, bar: float) -> common.Line:
    return common.Line(what, f"{ratio:.2f} ×", f"≤ {bar:g} ×", ratio <= bar)


def _prefix(number: int) -> str:
    signs = ascii_uppercase + digits
    return signs[number // 36**2] + signs[number // 36 % 36] + signs[number % 36]


def main() -> int:
    """Measures and prints; 0 where the bars are reached."""
    parser = common.options(__doc__)
    parser.add_argument("--markets", type=int, default=8_500)
    parser.add_argument("--vendors", type=int, default=600)
    parser.add_argument("--big", type=int, default=120, help="markets with ten times the vendors")
    parser.add_argument("--bare", action="store_true", help="no bank has reported anything")
    chosen = parser.parse_args()
    with common.scratch() as directory:
        settings = Settings(data=directory / "data")
        with EmbeddedServer(settings.data):
            sizes = chosen.markets, chosen.vendors, chosen.big
            ran = asyncio.run(measure(settings, *sizes, bare=chosen.bare))
    return common.finish(ran, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
