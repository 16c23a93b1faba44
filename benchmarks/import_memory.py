"""How much memory the import of one file takes: of the process that takes it and of the worker's.

    python -m benchmarks.import_memory [--rows 20000] [--xlsx] [--dry-run [--twice]] [--json FILE]

The file is written as it is read, so this process holds none of it. A child process takes it (what
the service does), a second one works through it (what a worker does), over one store; the figure
is the highest resident set of each, as the kernel knows it at the end. What Python and the modules
take before the first byte is part of it, and told beside it.

A dry run has to remember what it imagined of those that a later row is about. `--twice` is the
worst of files for it: the second half says again what the first half said, in the same order.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

from msgspec import Struct

from benchmarks import common
from benchmarks.common import Line, Result
from benchmarks.import_rows import GIVEN, GOODS, MARKET, MIDDLES, OPENED, SURNAMES, found
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE
from tracker.services import imports
from tracker.settings import Settings
from tracker.store.embedded import EmbeddedServer
from tracker.tables.writing import write_xlsx

BAR_MIB: Final = 512
CHUNK_BYTES: Final = 64 * 1024
HEADINGS: Final = ("Stt", "Họ và tên", "Số sạp", "Ngành hàng", "Khu", "Số điện thoại")


class Wanted(Struct, frozen=True):
    """What is to be imported, and how."""

    rows: int
    xlsx: bool = False
    dry: bool = False
    twice: bool = False

    @property
    def totals(self) -> dict[str, int]:
        """What must become of the rows."""
        again = self.rows // 2 if self.twice else 0
        return {"accepted": self.rows - again, "duplicate": again, "rejected": 0}


def lines(wanted: Wanted) -> Iterator[tuple[str, ...]]:
    """The cells of the file."""
    if not wanted.twice:
        return traders(wanted.rows)
    return chain(traders(wanted.rows - wanted.rows // 2), traders(wanted.rows // 2))


def traders(rows: int) -> Iterator[tuple[str, ...]]:
    """The cells of a roster of so many traders, one in nine without a phone."""
    draw = random.Random(rows)
    for n in range(1, rows + 1):
        name = " ".join(draw.choice(part) for part in (SURNAMES, MIDDLES, GIVEN))
        phone = f"09{draw.randrange(10**8):08d}" if n % 9 else ""
        zone = "ABCDEFGH"[n % 8]
        yield str(n), name, f"{zone}{n:07d}", draw.choice(GOODS), f"Khu {zone}", phone


async def csv_file(wanted: Wanted) -> AsyncIterator[bytes]:
    """The roster as CSV, as it comes in."""
    held = bytearray((";".join(HEADINGS) + "\n").encode("utf-8-sig"))
    for cells in lines(wanted):
        held += (";".join(cells) + "\n").encode()
        if len(held) >= CHUNK_BYTES:
            yield bytes(held)
            held.clear()
    yield bytes(held)


async def read(file: IO[bytes]) -> AsyncIterator[bytes]:
    """A file as it comes in."""
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def peak_mib() -> float:
    """The highest resident set of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# ── what the children do ─────────────────────────────────────────────────────────────────────


def take(data: Path, wanted: Wanted, told: Connection) -> None:
    """The service's part: the file is received, looked through, sealed and kept."""

    async def work() -> dict[str, Any]:
        before = peak_mib()
        async with open_tracker(Settings(data=data)) as tracker:
            await found(tracker)
            with TemporaryFile() as file:
                if wanted.xlsx:
                    write_xlsx(file, HEADINGS, lines(wanted))
                    file.seek(0)
                    before = peak_mib()
                start = time.perf_counter()
                job = await imports.accept(
                    tracker,
                    OFFICE,
                    kind="roster",
                    market=MARKET,
                    effective_on=OPENED,
                    dry_run=wanted.dry,
                    chunks=read(file) if wanted.xlsx else csv_file(wanted),
                )
            seconds = time.perf_counter() - start
            return {"job": job.id, "before": before, "peak": peak_mib(), "seconds": seconds}

    told.send(asyncio.run(work()))


def work_through(data: Path, id_: str, told: Connection) -> None:
    """The worker's part: every row decided, committed and reported."""

    async def work() -> dict[str, Any]:
        before = peak_mib()
        async with open_tracker(Settings(data=data)) as tracker:
            job = await tracker.jobs.get(id_)
            assert job is not None
            start = time.perf_counter()
            result = await imports.run(tracker, job)
            seconds = time.perf_counter() - start
            return {
                "totals": result["totals"],
                "before": before,
                "peak": peak_mib(),
                "seconds": seconds,
            }

    told.send(asyncio.run(work()))


def alone(target: Any, *given: object) -> dict[str, Any]:
    """What a fresh process says that does nothing but this."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=target, args=(*given, theirs))
    child.start()
    theirs.close()
    try:
        said: dict[str, Any] = ours.recv()
    finally:
        child.join()
    return said


def measure(directory: Path, wanted: Wanted) -> Result:
    """Both parts of one import, each in a process of its own."""
    result = Result("import_memory")
    data = directory / "data"
    with EmbeddedServer(data):
        taken = alone(take, data, wanted)
        worked = alone(work_through, data, taken["job"])
    assert worked["totals"] == wanted.totals, worked
    form = f"{'XLSX' if wanted.xlsx else 'CSV'}{', dry run' if wanted.dry else ''}"
    rows = wanted.rows
    for part, said in (("taking the file", taken), ("working through it", worked)):
        result.told(f"{part}: MiB at the start", f"{said['before']:.0f}")
        result.told(f"{part}: rows a second", f"{rows / said['seconds']:,.0f}")
        what, peak = f"{part}: memory, {rows:,} rows of {form}", said["peak"]
        result.lines.append(Line(what, f"{peak:.0f} MiB", f"≤ {BAR_MIB} MiB", peak <= BAR_MIB))
        result.figures[part] = {k: said[k] for k in ("before", "peak", "seconds")}
    result.figures["rows"] = rows
    return result


def main() -> int:
    """Measures and prints; 0 where both stay below the bar."""
    parser = common.options(__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="rows of the file")
    parser.add_argument("--xlsx", action="store_true", help="a workbook in place of CSV")
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    parser.add_argument("--twice", action="store_true", help="each trader stands there twice")
    chosen = parser.parse_args()
    with common.scratch() as directory:
        wanted = Wanted(chosen.rows, chosen.xlsx, chosen.dry_run, chosen.twice)
        result = measure(directory, wanted)
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
