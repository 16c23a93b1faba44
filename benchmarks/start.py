"""How long `tracker up` takes to its first answers, and `tracker --help` to its text.

    python -m benchmarks.start [--size 5] [--json FILE]

`tracker up` on a fresh data directory and on one that holds the demo's data, in turn: from the
start of the process to the first 200 of /health/ready, and on to the first 200 of a GET with a key
(on a fresh directory the key is made in between). An empty Python process is timed along with
`--help`, for what the machine itself takes. The program is compiled before, as pip compiles what it
installs: a source tree may have been kept from it (PYTHONDONTWRITEBYTECODE). Bars are held against
medians; beside them the processor time of all processes that start, for a busy machine makes any
start longer.
"""

from __future__ import annotations

import asyncio
import compileall
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import tracker
import workers
from benchmarks import common
from benchmarks.common import PYTHON, TRACKER, Result, Running
from tracker.bootstrap import open_tracker
from tracker.services import keys
from tracker.settings import Settings

BAR_S: Final = 2.0
HELP_BAR_S: Final = 0.4
HELP_ROUNDS: Final = 9
PROCESSOR: Final = "processor time of all processes till then"
READY: Final = "/health/ready"
READ: Final = "/v1/adoption"
DEMO_KEY: Final = re.compile(r"^ +admin +(\S+)$", re.MULTILINE)

Times = dict[str, list[float]]


async def new_key(data: Path) -> str:
    """A key, as `tracker keys create` makes it."""
    async with open_tracker(Settings(data=data)) as tracker:
        made = await keys.create(tracker, "bench", name="bench", role="ioc")
        return made.secret or ""


def demo(data: Path) -> str:
    """Fills the directory with the demo's data; the admin's key."""
    port = common.free_port()
    command = [*TRACKER, "demo", "--data", str(data), "--port", str(port)]
    with Running(command, data.with_name("demo.log")) as running:
        running.await_words("Ctrl-C")
        found = DEMO_KEY.search(running.said())
        assert found is not None, running.said()
        return found[1]


def up(data: Path, secret: str | None) -> tuple[float, float, float]:
    """Seconds to the first answer and to the first one to a key; processor time to the first."""
    port = common.free_port()
    command = [*TRACKER, "up", "--data", str(data), "--port", str(port)]
    with Running(command, data.with_name("up.log")) as running:
        ready = running.await_status(port, READY)
        cpu = running.cpu_s()
        secret = secret or asyncio.run(new_key(data))
        read = running.await_status(port, READ, {"Authorization": f"Bearer {secret}"})
    return ready, read, cpu


def run_s(command: Sequence[str]) -> float:
    """Seconds that a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def help_command() -> list[str]:
    """`tracker --help` as it was installed, or as a module where it was not."""
    script = Path(PYTHON).with_name("tracker")
    return [*([str(script)] if script.exists() else TRACKER), "--help"]


def compile_program() -> None:
    """Leaves the program's bytecode beside it, as an installation has it."""
    for package in (tracker, workers):
        for folder in package.__path__:
            compileall.compile_dir(folder, quiet=1)


def measure(directory: Path, rounds: int) -> Times:
    """Seconds of each start, by what was started."""
    compile_program()
    times: Times = defaultdict(list)
    filled = directory / "demo" / "data"
    filled.parent.mkdir()
    key = demo(filled)
    for number in range(rounds):
        place = directory / str(number)
        place.mkdir()
        for name, data, secret in (("fresh", place / "data", None), ("demo data", filled, key)):
            ready, read, cpu = up(data, secret)
            times[f"{name}: {READY}"].append(ready)
            times[f"{name}: GET with a key"].append(read)
            times[f"{name}: {PROCESSOR}"].append(cpu)
    for _ in range(HELP_ROUNDS):
        times["tracker --help"].append(run_s(help_command()))
        times["python -c pass"].append(run_s([PYTHON, "-c", "pass"]))
    return times


def main() -> int:
    """Measures and prints; 0 where the bars are reached."""
    parser = common.options(__doc__)
    parser.add_argument("--size", type=int, default=5, help="starts of each kind")
    chosen = parser.parse_args()
    with common.scratch() as directory:
        times = measure(directory, chosen.size)
    result = Result("start", figures={name: common.spread(its) for name, its in times.items()})
    for name, its in times.items():
        if name == "python -c pass" or name.endswith(PROCESSOR):
            result.told(name, f"{median(its):.2f} s")
        elif name == "tracker --help":
            result.at_most(name, median(its), HELP_BAR_S)
        else:
            result.at_most(f"tracker up, {name}", median(its), BAR_S)
    return common.finish(result, chosen.json)


if __name__ == "__main__":
    sys.exit(main())
