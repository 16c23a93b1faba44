"""How fast a country is loaded, what it takes of the store's memory, and how long that restarts.

    python -m benchmarks.country [--markets 24] [--vendors 600] [--national] [--json FILE]

Rosters of all markets, and the files of three banks for every 24 of them (as many rows a vendor as
in the sample, ordered by market), go the way that an office's file goes: accepted, queued, and
imported by one worker process. Memory is looked at after the first four markets and at the end,
when the schedule has done what follows from the facts. Then four of the markets get 90 days of the
banks' reports and as many published days. At last the server is killed and loads its log: as the
load left it, and once it was written anew. `--national` is 8 500 markets; at fewer, what is said
of the country is computed from what was measured, and told as that.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from benchmarks import close_day, common, import_rows, memory
from benchmarks.common import TRACKER, Line, Result, Running
from benchmarks.country_files import Loader, bank_of, stalls
from benchmarks.country_restart import restart, tell
from benchmarks.memory import Memory
from tracker.bootstrap import open_tracker, queue_url
from tracker.domain.days import day_of
from tracker.domain.views import stall_name
from tracker.services import account_index, findings, seals
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.client import connect
from tracker.store.embedded import EmbeddedServer

COUNTRY_MARKETS: Final = 8_500
COUNTRY_VENDORS: Final = 600
FEW: Final = 4
DAYS: Final = 90
LOAD_S_MAX: Final = 1_800.0
VENDOR_BYTES_MAX: Final = 900
FLAT_MAX: Final = 1.1
REPORT_BYTES_MAX: Final = 250
SNAPSHOT_BYTES_MAX: Final = 600
COUNTRY_BYTES_MAX: Final = 8 << 30
GIB: Final = 1 << 30
MARK: Final = "∼ "
"""Before what was computed, not measured."""


async def follow(tracker: Tracker) -> None:
    """What the schedule makes of new facts: the account index, findings and seals."""
    await account_index.complete_all(tracker)
    while (await findings.find(tracker)).entries:
        pass
    while (await seals.seal(tracker)).unfinished:
        pass


class Country:
    """The run: figures and lines of what was seen so far."""

    def __init__(self, settings: Settings, store: EmbeddedServer, count: int, vendors: int) -> None:
        self.result = Result("country")
        self.figures: dict[str, Any] = {"markets": count, "vendors_a_market": vendors}
        self._settings, self._store = settings, store
        self._count, self._vendors = count, vendors
        self._whole = count >= COUNTRY_MARKETS and vendors >= COUNTRY_VENDORS
        times = COUNTRY_MARKETS * COUNTRY_VENDORS / (count * vendors)
        self.scale = 1.0 if self._whole else times

    def _of_country(self) -> str:
        return "the country" if self._whole else f"{MARK}the country, computed"

    async def run(self, worker: Running) -> None:
        """Loads, and looks at the memory."""
        names = [f"market-{number}" for number in range(self._count + 1)]
        async with AsyncExitStack() as stack:
            tracker = await stack.enter_async_context(open_tracker(self._settings))
            queue: Any = connect(queue_url(self._settings))
            stack.push_async_callback(queue.aclose)
            databases = tracker.client, queue
            today = day_of(tracker.now())
            await close_day.found(tracker, names, today - 500)
            loader = Loader(tracker, self._vendors, today - 500)
            await loader.all(names[:1])  # everything is warm
            seen = [await memory.look(*databases)]
            few, rest = names[1 : FEW + 1], names[FEW + 1 :]
            await loader.rosters(few)
            await loader.end()
            await follow(tracker)
            seen.append(await memory.look(*databases))
            await loader.banks(few)
            await loader.end()
            await follow(tracker)
            seen.append(await memory.look(*databases))
            await self._timed(loader, tracker, rest, worker)
            began, cpu = time.perf_counter(), time.process_time()
            await follow(tracker)
            took = time.perf_counter() - began, time.process_time() - cpu
            each = len(rest) * self._vendors
            self.figures["follow_us_a_vendor"] = took[0] / each * 1e6
            self.result.told(
                "what follows from the facts (index, findings, seals): time · processor, a vendor",
                "{:.0f} µs · {:.0f} µs".format(*(part / each * 1e6 for part in took)),
            )
            seen.append(await memory.look(*databases))
            self._told_vendors(seen, len(rest))
            await self._days(tracker, few, today, databases)

    async def _timed(
        self, loader: Loader, tracker: Tracker, names: Sequence[str], worker: Running
    ) -> None:
        store = self._store.pid or 0
        before = worker.cpu_with_ended_s(), common.cpu_s(store), time.process_time(), loader.rows
        began = time.perf_counter()
        await loader.all(names)
        took = time.perf_counter() - began
        spent = worker.cpu_with_ended_s() - before[0], common.cpu_s(store) - before[1]
        service = time.process_time() - before[2]
        vendors, rows = len(names) * self._vendors, loader.rows - before[3]
        self.figures |= {
            "load_vendors_per_s": vendors / took,
            "load_rows_per_s": rows / took,
            "load_cpu_us_a_vendor": {
                "worker": spent[0] / vendors * 1e6,
                "store": spent[1] / vendors * 1e6,
                "service": service / vendors * 1e6,
            },
        }
        self.result.told(
            "loaded by one worker: vendors · files' rows a second",
            f"{vendors / took:,.0f} · {rows / took:,.0f}",
        )
        self.result.told(
            "  processor time a vendor: worker · store · who takes the files",
            " · ".join(f"{part / vendors * 1e6:.0f} µs" for part in (*spent, service)),
        )
        country = took * COUNTRY_MARKETS * COUNTRY_VENDORS / vendors
        self.result.at_most(f"{self._of_country()}: loaded by one worker", country, LOAD_S_MAX)
        busy = spent[0] / vendors * COUNTRY_MARKETS * COUNTRY_VENDORS
        self.result.told("  of it processor time of the worker", f"{busy:.0f} s")

    def _told_vendors(self, seen: Sequence[Memory], rest: int) -> None:
        empty, registered, few, end = seen
        each = FEW * self._vendors
        one, bank = registered.since(empty), few.since(registered)
        banked = sum(bank_of(row) is not None for row in range(self._vendors)) * FEW
        first, others = few.since(empty).lasting / each, end.since(few).lasting
        late = others / (rest * self._vendors)
        parts = end.since(few)
        per = {
            kind: size / (rest * self._vendors)
            for kind, size in parts.kinds.most_common()
            if abs(size) > rest * self._vendors
        }
        per["beside the keys"] = (parts.data - parts.kinds.total()) / (rest * self._vendors)
        self.figures["vendor_bytes"] = {
            "all": late,
            "registered": one.lasting / each,
            "with a bank's row, more": bank.lasting / banked,
            "parts": per,
        }
        self.result.bytes_at_most(
            "a vendor with its whole ledger, as in the sample", late, VENDOR_BYTES_MAX
        )
        self.result.told("  registered", f"{one.lasting / each:.0f} B")
        self.result.told(
            "  account, code and sticker of a bank's row, more", f"{bank.lasting / banked:.0f} B"
        )
        for kind, size in per.items():
            passing = ", for 7 days" if kind in memory.PASSING else ""
            self.result.told(f"  of it {kind}{passing}", f"{size:.0f} B")
        self.result.times_at_most(
            f"a vendor among {self._count:,} markets against {FEW}", late / first, FLAT_MAX
        )
        self.figures["flat"] = late / first

    async def _days(
        self, tracker: Tracker, names: Sequence[str], today: int, databases: tuple[Any, Any]
    ) -> None:
        """90 days of reports and published days of these markets."""
        wanted = [stall_name(stall) for stall, _ in stalls(import_rows.roster(self._vendors))]
        days = range(today - DAYS, today)
        before = await memory.look(*databases)
        reports = 0
        for name in names:
            found = await tracker.reader.holders(name, wanted)
            numbers = [int(holder) for holder in found if holder is not None]
            assert len(numbers) == len(wanted)
            its: list[list[int]] = [[] for _ in close_day.BANKS]
            for row, number in enumerate(numbers):
                bank = bank_of(row)
                if bank is not None:
                    its[bank].append(number)
            reports += await memory.report_days(tracker, name, its, days)
        reported = await memory.look(*databases)
        revisions = await memory.publish(tracker, names, days)
        published = await memory.look(*databases)
        activity = reported.since(before).kinds
        snapshots = published.since(reported).kinds
        entry = activity["ledger"] / reports
        report = activity.total() / reports - entry
        body = snapshots["bodies"] / revisions
        snapshot = snapshots.total() / revisions
        of_activity = {kind: size / reports for kind, size in activity.items() if size}
        of_snapshot = {kind: size / revisions for kind, size in snapshots.items() if size}
        self.figures |= {"report_bytes": of_activity, "snapshot_bytes": of_snapshot}
        self.result.bytes_at_most("a market-bank-day of activity", report, REPORT_BYTES_MAX)
        self.result.told("  its ledger entry besides, for ever", f"{entry:.0f} B")
        self.result.bytes_at_most("a stored snapshot, its body", body, SNAPSHOT_BYTES_MAX)
        self.result.told("  with ledger entry, feed and the rest", f"{snapshot:.0f} B")
        vendor = self.figures["vendor_bytes"]["all"]
        whole = COUNTRY_MARKETS * (
            COUNTRY_VENDORS * vendor
            + DAYS * len(close_day.BANKS) * (report + entry)
            + DAYS * snapshot
        )
        self.figures["country_bytes"] = whole
        what = f"{MARK}the country with {DAYS} days, computed from the parts"
        fits = whole <= COUNTRY_BYTES_MAX
        self.result.lines.append(Line(what, f"{whole / GIB:.1f} GiB", "≤ 8 GiB", fits))


def main() -> int:
    """Measures and prints; 0 where the bars are reached."""
    parser = common.options(__doc__)
    parser.add_argument("--markets", type=int, default=24, help="at least 8")
    parser.add_argument("--vendors", type=int, default=COUNTRY_VENDORS)
    parser.add_argument("--national", action="store_true", help="8 500 markets of 600 vendors")
    chosen = parser.parse_args()
    count = COUNTRY_MARKETS if chosen.national else max(chosen.markets, 2 * FEW)
    with common.scratch() as directory:
        settings = Settings(data=directory / "data")
        with EmbeddedServer(settings.data) as store:
            country = Country(settings, store, count, chosen.vendors)
            empty = restart(store)
            command = [*TRACKER, "work", "--queue", "imports", "--data", str(settings.data)]
            with Running(command, directory / "worker.log") as worker:
                asyncio.run(country.run(worker))
            country.result.figures = country.figures
            tell(country.result, empty, store, country.scale)
    return common.finish(country.result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
