"""How close the import of a roster comes to a bare client that pipelines the same commits.

    python -m benchmarks.import_rows [--size 20000] [--profile] [--json FILE]

The import is what a worker does, in this one process: the file is accepted (read, counted, sealed)
and the job is run. The very EVALSHA calls that it sends, keys and arguments, are sent again by a
bare client in pipelines of 500 to a second, fresh store of the same configuration (each answer
synced to disk first). They take turns: after every 2 500 rows the import pauses at the end of a
chunk, and the bare client catches up. The bar is held against all of the import's time, reading
the file and looking for vendors not listed included.
"""

from __future__ import annotations

import asyncio
import cProfile
import hashlib
import pstats
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from msgspec import Struct
from redis.asyncio import Redis

from benchmarks import common
from benchmarks.common import Result
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE
from tracker.services import imports, markets
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.commit import SCRIPT, Commit, Committer, Outcome
from tracker.store.embedded import EmbeddedServer
from tracker.store.jobs import Job, Jobs, RowResult
from tracker.store.keys import Space

BAR: Final = 0.25
BAR_LATER: Final = 0.40
PIPELINE: Final = 500
CHUNKS_A_TURN: Final = 5
MARKET: Final = "cho-ben-thanh"
OPENED: Final = 19_000
COSTS_SHOWN: Final = 45
SURNAMES: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi")
MIDDLES: Final = ("Thị", "Văn", "Ngọc", "Thị Kim", "Minh", "Thị Mỹ", "Hữu", "Thanh")
GIVEN: Final = ("Hoa", "Lan", "Hường", "Tuấn", "Bảy", "Ánh", "Phượng", "Dũng", "Yến", "Sơn", "Tư")
GOODS: Final = ("rau củ", "thịt heo", "cá biển", "vải vóc", "tạp hóa", "giày dép", "ăn uống")


# ── what is imported ─────────────────────────────────────────────────────────────────────────


def roster(size: int) -> bytes:
    """A roster as an office keeps it: a CSV of so many traders in eight zones; one in nine lacks
    a phone."""
    draw = random.Random(size)
    lines = ["Stt;Họ và tên;Số sạp;Ngành hàng;Khu;Số điện thoại"]
    for n in range(1, size + 1):
        name = " ".join(draw.choice(part) for part in (SURNAMES, MIDDLES, GIVEN))
        phone = f"09{draw.randrange(10**8):08d}" if n % 9 else ""
        zone = "ABCDEFGH"[n % 8]
        lines.append(f"{n};{name};{zone}{n:06d};{draw.choice(GOODS)};Khu {zone};{phone}")
    return "\n".join(lines).encode("utf-8-sig")


async def chunked(content: bytes) -> AsyncIterator[bytes]:
    """The file as it comes in, 64 kB at a time."""
    for start in range(0, len(content), 1 << 16):
        yield content[start : start + (1 << 16)]


class Recording(Committer):
    """Keeps what it commits."""

    def __init__(self, client: Redis) -> None:
        super().__init__(client)
        self._kept: list[Commit] = []

    async def commit(self, commit: Commit) -> Outcome:
        """Commits, and keeps."""
        self._kept.append(commit)
        return await super().commit(commit)

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        """As `commit`."""
        self._kept += commits
        return await super().commit_many(commits)

    def take(self) -> list[tuple[Any, ...]]:
        """The EVALSHA calls kept so far (number of keys, keys, arguments), which are dropped."""
        kept, self._kept = self._kept, []
        parts = [commit.arguments() for commit in kept]
        return [(len(keys), *keys, *args) for keys, args in parts]


class Pausing(Jobs):
    """Calls back at the end of each chunk of rows, when all its commits are written."""

    def __init__(self, client: Redis, ended: Callable[[], Awaitable[None]]) -> None:
        super().__init__(client)
        self._ended = ended

    async def put_rows(self, changed: Job, chunk: int, rows: Sequence[RowResult]) -> None:
        """Stores the results, and calls back."""
        await super().put_rows(changed, chunk, rows)
        await self._ended()


# ── the two sides ────────────────────────────────────────────────────────────────────────────


class Side(Struct):
    """What one side took: seconds, processor time of this process and of its store, turns."""

    store_pid: int
    seconds: float = 0.0
    client_s: float = 0.0
    store_s: float = 0.0
    turns: list[float] = []
    _before: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def go_on(self) -> None:
        """This side's turn begins."""
        store = common.cpu_s(self.store_pid)
        self._before = time.perf_counter(), time.process_time(), store

    def pause(self) -> None:
        """This side's turn is over."""
        wall, client, store = self._before
        turn = time.perf_counter() - wall
        self.client_s += time.process_time() - client
        self.store_s += common.cpu_s(self.store_pid) - store
        self.seconds += turn
        self.turns.append(turn)


class Bare:
    """The client that only sends: it knows no row, no market and no rule."""

    def __init__(self, url: str) -> None:
        self._client: Any = Redis.from_url(url, protocol=2)
        self._sha = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

    async def load(self) -> None:
        """Makes the script known."""
        assert await self._client.script_load(SCRIPT) in (self._sha, self._sha.encode())

    async def send(self, calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """All calls, in pipelines; the replies."""
        replies: list[Any] = []
        for start in range(0, len(calls), PIPELINE):
            pipeline = self._client.pipeline(transaction=False)
            for call in calls[start : start + PIPELINE]:
                pipeline.evalsha(self._sha, *call)
            replies += await pipeline.execute()
        return replies

    async def entries(self) -> int:
        """Entries of the market's ledger."""
        return int(await self._client.xlen(Space(MARKET).ledger))

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


async def found(tracker: Tracker) -> None:
    """The market that the roster belongs to."""
    new = markets.NewMarket(MARKET, "Chợ Bến Thành", "CBT", None, OPENED)
    await markets.create(tracker, OFFICE, new)


async def take(tracker: Tracker, content: bytes) -> Job:
    """The file, accepted as a job."""
    return await imports.accept(
        tracker,
        OFFICE,
        kind="roster",
        market=MARKET,
        effective_on=OPENED,
        dry_run=False,
        chunks=chunked(content),
    )


async def compare(data: Path, url: str, content: bytes, ours: Side, bare: Side) -> int:
    """Imports the file, with the bare client in turn; how many commits there were."""
    other = Bare(url)
    await other.load()
    async with open_tracker(Settings(data=data)) as tracker:
        recorder = tracker.committer = Recording(tracker.client)
        await found(tracker)
        await other.send(recorder.take())
        chunks = count = 0

        async def bare_turn() -> None:
            nonlocal count
            ours.pause()
            calls = recorder.take()
            if calls:  # after the last chunk there may be none
                bare.go_on()
                replies = await other.send(calls)
                bare.pause()
                assert all(reply[0] == b"done" for reply in replies)
            count += len(calls)

        async def chunk_ended() -> None:
            nonlocal chunks
            chunks += 1
            if chunks % CHUNKS_A_TURN == 0:
                await bare_turn()
                ours.go_on()

        tracker.jobs = Pausing(tracker.client, chunk_ended)
        ours.go_on()
        result = await imports.run(tracker, await take(tracker, content))
        await bare_turn()
        assert result["totals"]["accepted"] == content.count(b"\n"), result["totals"]
        assert await other.entries() == await tracker.reader.position(MARKET)
    await other.close()
    return count


async def profiled(data: Path, content: bytes) -> pstats.Stats:
    """The import alone, under a profiler."""
    async with open_tracker(Settings(data=data)) as tracker:
        await found(tracker)
        profile = cProfile.Profile()
        profile.enable()
        await imports.run(tracker, await take(tracker, content))
        profile.disable()
    return pstats.Stats(profile)


def measure(directory: Path, size: int) -> Result:
    """Both sides on fresh stores; rows a second, processor time a row, and the ratio."""
    content = roster(size)
    with EmbeddedServer(directory / "ours") as store, EmbeddedServer(directory / "bare") as second:
        ours, bare = Side(store.pid or 0), Side(second.pid or 0)
        commits = asyncio.run(compare(directory / "ours", second.url(), content, ours, bare))
    result = Result("import_rows")
    for name, side in (("import", ours), ("bare client", bare)):
        a_row = [spent / size * 1e6 for spent in (side.seconds, side.client_s, side.store_s)]
        result.figures[name] = dict(
            zip(("us", "client_cpu_us", "store_cpu_us"), a_row, strict=True)
        )
        told = "{:.0f} µs · {:.0f} µs · {:.0f} µs".format(*a_row)
        result.told(f"{name}: time a row · processor, client · store", told)
        result.told(f"{name}: rows a second", f"{size / side.seconds:,.0f}")
    # What comes after the last chunk is a turn of the import alone.
    turns = [b / o for o, b in zip(ours.turns, bare.turns, strict=False)]
    ratio = bare.seconds / ours.seconds
    by_cpu = (bare.client_s + bare.store_s) / (ours.client_s + ours.store_s)
    result.told("import to bare client, median of turns", f"{median(turns):.1%}")
    result.told("import to bare client, by processor time", f"{by_cpu:.1%}")
    result.at_least(f"import of {size:,} rows to bare client", ratio, BAR, BAR_LATER)
    result.figures |= {
        "rows": size,
        "commits": commits,
        "ratio": ratio,
        "ratio_of_turns": common.spread(turns),
        "ratio_by_cpu": by_cpu,
    }
    return result


def main() -> int:
    """Measures and prints; 0 where the bar is reached."""
    parser = common.options(__doc__)
    parser.add_argument("--size", type=int, default=20_000, help="rows")
    parser.add_argument("--profile", action="store_true", help="show where an import spends time")
    chosen = parser.parse_args()
    with common.scratch() as directory:
        if chosen.profile:
            with EmbeddedServer(directory / "profiled"):
                stats = asyncio.run(profiled(directory / "profiled", roster(chosen.size)))
            stats.sort_stats("tottime").print_stats(COSTS_SHOWN)
            stats.sort_stats("cumulative").print_stats(r"tracker/|redis/", COSTS_SHOWN)
            return 0
        result = measure(directory, chosen.size)
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
