"""How much memory the import of one file takes: of the process that takes it and of the worker's.

    python -m benchmarks.import_memory [--rows 20000] [--xlsx] [--json FILE]

The file is written as it is read, so this process holds none of it. A child process takes it (what
the service does), a second one works through it (what a worker does), over one store; the figure
is the highest resident set of each, as the kernel knows it at the end. What Python and the modules
take before the first byte is part of it, and told beside it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import AsyncIterator, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final

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


def traders(rows: int) -> Iterator[tuple[str, ...]]:
    """The cells of a roster of so many traders, one in nine without a phone."""
    draw = random.Random(rows)
    for n in range(1, rows + 1):
        name = " ".join(draw.choice(part) for part in (SURNAMES, MIDDLES, GIVEN))
        phone = f"09{draw.randrange(10**8):08d}" if n % 9 else ""
        zone = "ABCDEFGH"[n % 8]
        yield str(n), name, f"{zone}{n:07d}", draw.choice(GOODS), f"Khu {zone}", phone


async def csv_file(rows: int) -> AsyncIterator[bytes]:
    """The roster as CSV, as it comes in."""
    held = bytearray((";".join(HEADINGS) + "\n").encode("utf-8-sig"))
    for cells in traders(rows):
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


def take(data: Path, rows: int, xlsx: bool, told: Connection) -> None:
    """The service's part: the file is received, looked through, sealed and kept."""

    async def work() -> dict[str, Any]:
        before = peak_mib()
        async with open_tracker(Settings(data=data)) as tracker:
            await found(tracker)
            with TemporaryFile() as file:
                if xlsx:
                    write_xlsx(file, HEADINGS, traders(rows))
                    file.seek(0)
                    before = peak_mib()
                start = time.perf_counter()
                job = await imports.accept(
                    tracker,
                    OFFICE,
                    kind="roster",
                    market=MARKET,
                    effective_on=OPENED,
                    dry_run=False,
                    chunks=read(file) if xlsx else csv_file(rows),
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


def measure(directory: Path, rows: int, *, xlsx: bool) -> Result:
    """Both parts of one import, each in a process of its own."""
    result = Result("import_memory")
    data = directory / "data"
    with EmbeddedServer(data):
        taken = alone(take, data, rows, xlsx)
        worked = alone(work_through, data, taken["job"])
    assert worked["totals"] == {"accepted": rows, "duplicate": 0, "rejected": 0}, worked
    form = "XLSX" if xlsx else "CSV"
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
    chosen = parser.parse_args()
    with common.scratch() as directory:
        result = measure(directory, chosen.rows, xlsx=chosen.xlsx)
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
