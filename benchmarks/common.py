"""What the benchmarks share: how a result is told, and the processes that are measured.

Absolute times of a shared machine drift. So whatever is compared is measured in turn, in rounds of
one run, and a bar is held against the median of the rounds' ratios; the processor time that each
side used, which drifts less, is told beside it.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import psutil
from msgspec import Struct, field, json, structs

PYTHON: Final = sys.executable
TRACKER: Final = [PYTHON, "-m", "tracker.cli"]
LOCALHOST: Final = "127.0.0.1"
DEADLINE_S: Final = 60.0
POLL_S: Final = 0.005
CORES: Final = os.cpu_count() or 1


# ── options and results ──────────────────────────────────────────────────────────────────────


class Line(Struct, frozen=True):
    """A row of the table; `holds` is None where there is no bar."""

    what: str
    measured: str
    bar: str = ""
    holds: bool | None = None


class Result(Struct):
    """What a run measured: the table's rows, and the figures behind them."""

    benchmark: str
    lines: list[Line] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def told(self, what: str, measured: str) -> None:
        """A row without a bar."""
        self.lines.append(Line(what, measured))

    def at_least(self, what: str, ratio: float, bar: float, later: float | None = None) -> None:
        """A share that must reach a bar, and one day a higher one."""
        wish = "" if later is None else f" (later {later:.0%})"
        self.lines.append(Line(what, f"{ratio:.1%}", f"≥ {bar:.0%}{wish}", ratio >= bar))

    def at_most(
        self, what: str, seconds: float, bar_s: float, later_s: float | None = None
    ) -> None:
        """A time that must not be longer than a bar, and one day than a shorter one."""
        wish = "" if later_s is None else f" (later {later_s:g} s)"
        self.lines.append(Line(what, f"{seconds:.2f} s", f"≤ {bar_s:g} s{wish}", seconds <= bar_s))

    def bytes_at_most(self, what: str, size: float, bar: int) -> None:
        """A size that must not be larger than a bar."""
        self.lines.append(Line(what, f"{size:.0f} B", f"≤ {bar} B", size <= bar))

    def times_at_most(self, what: str, ratio: float, bar: float) -> None:
        """So many times something else, and not more than a bar."""
        self.lines.append(Line(what, f"{ratio:.2f} ×", f"≤ {bar:g} ×", ratio <= bar))


def options(doc: str | None) -> argparse.ArgumentParser:
    """A parser with what all benchmarks take, under the module's docstring."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


def finish(result: Result, file: Path | None) -> int:
    """Prints the table, writes the file; the exit code: 1 where a bar was missed."""
    width = max(len(line.what) for line in result.lines)
    measured = max(len(line.measured) for line in result.lines)
    for line in result.lines:
        verdict = {None: "", True: "  ok", False: "  MISSED"}[line.holds]
        told = f"{line.what:{width}}  {line.measured:>{measured}}  {line.bar}{verdict}"
        print(told.rstrip())
    where = machine()
    print("machine: " + ", ".join(f"{name} {value}" for name, value in where.items()))
    if file is not None:
        whole = {**structs.asdict(result), "machine": where}
        file.write_bytes(json.format(json.encode(whole), indent=2) + b"\n")
    return 1 if any(line.holds is False for line in result.lines) else 0


def machine() -> dict[str, Any]:
    """What the figures were measured on; nothing that names it."""
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    return {
        "cores": CORES,
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load": load,
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and extremes of some rounds."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


# ── what is measured ─────────────────────────────────────────────────────────────────────────


@contextmanager
def scratch() -> Iterator[Path]:
    """A directory for the time of a run."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        return int(probe.getsockname()[1])


def until(what: str, holds: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
    """Waits until something holds. Raises `TimeoutError` with `what` after a deadline."""
    end = time.monotonic() + deadline_s
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {deadline_s:g} s in vain: {what}")
        time.sleep(POLL_S)


def fetch(port: int, path: str, headers: Mapping[str, str]) -> tuple[int, bytes, str]:
    """Status (0: nobody answers), body and ETag of a GET."""
    connection = http.client.HTTPConnection(LOCALHOST, port, timeout=10)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.read(), response.getheader("etag") or ""
    except (OSError, http.client.HTTPException):
        return 0, b"", ""
    finally:
        connection.close()


class Running:
    """A process of ours that runs while it is measured; stopped with SIGINT at the end."""

    def __init__(
        self, command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self.began = time.perf_counter()
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, env={**os.environ, **(environ or {})}
            )

    def await_status(self, port: int, path: str, headers: Mapping[str, str] | None = None) -> float:
        """Waits for a 200; seconds since the start of the process."""
        wanted = headers or {}
        until(f"200 from {path}", lambda: self._alive() and fetch(port, path, wanted)[0] == 200)
        return time.perf_counter() - self.began

    def await_words(self, words: str) -> None:
        """Waits until it has written these words."""
        until(words, lambda: self._alive() and words in self.said())

    def said(self) -> str:
        """What it wrote so far."""
        return self._log.read_text("utf-8", "replace")

    def _alive(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"ended with {self._process.returncode}: {self.said()[-2_000:]}")
        return True

    def cpu_s(self) -> float:
        """Processor time of the process and all below it so far."""
        return cpu_s(self._process.pid)

    def cpu_with_ended_s(self) -> float:
        """The same, with what processes below it used that have ended."""
        return cpu_s(self._process.pid, ended=True)

    def stop(self) -> None:
        """Ends it in good order."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def cpu_s(pid: int | None, *, ended: bool = False) -> float:
    """Processor time of a process and all that live below it, in seconds; or that ended there."""
    if pid is None:
        return 0.0
    first = psutil.Process(pid)
    total = 0.0
    for process in (first, *first.children(recursive=True)):
        times = process.cpu_times()
        total += float(times.user + times.system)
        if ended:
            total += float(times.children_user + times.children_system)
    return total


def others_cpu_s() -> float:
    """Processor time, on all cores, of what is neither this process nor below it, in seconds."""
    times = psutil.cpu_times()
    kinds = ("user", "nice", "system", "irq", "softirq", "steal")
    return float(sum(getattr(times, kind, 0.0) for kind in kinds)) - cpu_s(os.getpid())
