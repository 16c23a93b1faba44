"""How fast a store is backed up and restored, and how large the backup is.

    python -m benchmarks.backup [--vendors 100000] [--markets 167] [--json FILE]

Markets whose vendors have data keys, ciphertext that does not shrink, 90 days of three banks'
reports and a week of published days. Backup, then restore into another store: load and views made
anew apart, and `verify` of what came out.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from pathlib import Path
from random import Random
from typing import Any, Final

from msgspec.structs import replace

from benchmarks import close_day, common
from benchmarks.common import Result
from tracker.bootstrap import open_tracker, store_url
from tracker.commands_backup import master_keys, opener
from tracker.domain.bitmaps import bitmap, members
from tracker.domain.days import day_of, start_of
from tracker.domain.facts import AccountLinked, ActivityReported, Registered, VendorFact
from tracker.domain.vendor import History
from tracker.services import audit, seals, snapshots
from tracker.services.activity import set_mark
from tracker.services.backup import Progress, backup
from tracker.services.context import Tracker
from tracker.services.restore import restore
from tracker.services.restore_reading import Given
from tracker.settings import Settings
from tracker.store.activity import BankDay, put_day, put_report
from tracker.store.client import connect
from tracker.store.commit import Commit
from tracker.store.embedded import EmbeddedServer
from tracker.store.keys import Space

DAYS: Final = 90
PUBLISHED: Final = 7
MIB: Final = 1 << 20


def sealed(facts: list[VendorFact]) -> list[VendorFact]:
    """The facts with ciphertext that is as random as a real one."""
    return [
        replace(f, personal=os.urandom(90)) if isinstance(f, Registered | AccountLinked) else f
        for f in facts
    ]


async def write(tracker: Tracker, market: str, vendors: int, today: int) -> None:
    """A market's vendors with their data keys, and the banks' reports."""
    random, space = Random(market), Space(market)
    place, keys = await tracker.market(market), tracker.keyring
    for start in range(1, vendors + 1, 500):
        commits = []
        for number in range(start, min(start + 500, vendors + 1)):
            commit = Commit(space)
            history = History(place.prefix, number)
            commit.vendor(history, sealed(close_day.facts(random, number, today)))
            wrapped = keys.wrap(keys.new_data_key())
            commit.record(space.data_keys, str(number), wrapped, new=True)
            commits.append(commit)
        await tracker.committer.commit_many(commits)
    await tracker.client.set(space.numbers, vendors)
    reports = []
    for day in range(today - DAYS, today):
        banks, commit = dict[str, BankDay](), Commit(space)
        for bank in close_day.BANKS:
            paid = bitmap(n for n in range(1, vendors + 1) if random.random() < 0.2)
            count, at = len(members(paid)), start_of(day + 1) + 3_600_000
            banks[bank] = BankDay(count * 3, count * 150_000, paid)
            mark = set_mark(keys, market, day, bank, paid)
            report = ActivityReported(
                *(at, at, "bank"), day, bank, count * 3, count * 150_000, count, mark, mark
            )
            commit.entry("0", report)
            put_report(commit, space, report, None)
        put_day(commit, space, day, None, banks)
        reports.append(commit)
    await tracker.committer.commit_many(reports)


async def measure(settings: Settings, target: Settings, markets: int, vendors: int) -> Result:
    """Fills the one store, backs it up, restores into the other."""
    result, each = Result("backup"), vendors // markets
    figures: dict[str, Any] = {"vendors": each * markets, "markets": markets}
    folder: Path = settings.data.with_name("backup")
    async with open_tracker(settings) as tracker:
        today = day_of(tracker.now())
        names = [f"market-{n}" for n in range(markets)]
        await close_day.found(tracker, names, today - 500)
        for name in names:
            await write(tracker, name, each, today)
        days = range(today - PUBLISHED, today)
        for start in range(0, markets, 50):
            await snapshots.publish_days(tracker, names[start : start + 50], days)
        async for _ in audit.rebuild(tracker):
            pass  # what was written here by hand is now what the service would have
        await seals.seal(tracker)
        await close_day.rewritten(tracker)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, cpu = time.perf_counter(), time.process_time()
        made = await backup(tracker, folder)
        figures["backup_s"] = time.perf_counter() - began
        figures["backup_cpu_s"] = time.process_time() - cpu
        figures["backup_peak_more_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
        keys = tracker.keyring
    figures["entries"] = made.entries
    figures["bytes"] = {name: seal.bytes for name, seal in made.files.items()}
    client = connect(store_url(target))
    loaded = began = time.perf_counter()
    cpu = time.process_time()

    def seen(progress: Progress) -> None:
        nonlocal loaded
        loaded = time.perf_counter()

    opened = opener(settings, client)
    await restore(client, Given(folder, master_keys(settings)), opened, seen=seen)
    ended = time.perf_counter()
    figures |= {"load_s": loaded - began, "restore_s": ended - began}
    figures["restore_cpu_s"] = time.process_time() - cpu
    found = [one.text() async for one in audit.verify(opened(keys))]
    assert not found, found[:3]
    figures["verify_s"] = time.perf_counter() - ended
    await client.aclose()
    count, size = figures["vendors"], sum(figures["bytes"].values())
    result.figures = figures
    rows = {"backup": "backup_s", "restore": "restore_s", "  of it loading": "load_s"}
    for what, name in {**rows, "verify of it": "verify_s"}.items():
        seconds = figures[name]
        result.told(what, f"{seconds:.1f} s, {count / seconds:,.0f} vendors/s")
    entries = made.entries
    result.told("size", f"{size / MIB:.1f} MiB, {size / count:.0f} B a vendor, {entries} entries")
    for name, bytes_ in figures["bytes"].items():
        result.told(f"  {name}", f"{bytes_ / count:.1f} B a vendor")
    result.told("memory more at the backup", f"{figures['backup_peak_more_kib'] / 1024:.1f} MiB")
    return result


def main() -> int:
    """Measures and prints."""
    parser = common.options(__doc__)
    parser.add_argument("--vendors", type=int, default=100_000)
    parser.add_argument("--markets", type=int, default=167)
    chosen = parser.parse_args()
    with common.scratch() as directory:
        settings, target = Settings(data=directory / "data"), Settings(data=directory / "other")
        with EmbeddedServer(settings.data), EmbeddedServer(target.data):
            ran = asyncio.run(measure(settings, target, chosen.markets, chosen.vendors))
    return common.finish(ran, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
