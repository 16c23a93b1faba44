"""Plays ``tracker up`` with the processes of `fake_cli`; ``bare`` has it deaf to signals."""

from __future__ import annotations

import sys

from tests.integration.workers.fake_cli import PROGRAM
from tracker.processes import Processes, running
from tracker.settings import Settings


def main(args: list[str]) -> None:
    """Run everything until a signal."""
    if "bare" in args:
        Processes(Settings.read(), program=PROGRAM).start().wait()
    with running(Settings.read(), quiet=True, program=PROGRAM) as processes:
        print("up", flush=True)
        processes.wait()
    print("down")


if __name__ == "__main__":
    main(sys.argv[1:])
