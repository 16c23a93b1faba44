"""A process that counts so many refusals, and then ends, waits, forks or fills its disk.

``python -m tests.unit.observe.counting DATA COUNT end|wait|fork|full``
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

from tracker.observe import logs, tallies
from tracker.observe.meters import REFUSALS


def main(args: list[str]) -> None:
    """Be that process; says "counted" once it has written."""
    data, count, then = Path(args[0]), int(args[1]), args[2]
    logs.configure("info", "test")
    tallies.begin(data, then)
    if then == "full":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
    REFUSALS.inc(("TEST",), count)
    tallies.flush()
    if then == "fork":
        child = os.fork()
        if not child:
            REFUSALS.inc(("TEST",), count)
            tallies.flush()
            os._exit(0)
        os.waitpid(child, 0)
        REFUSALS.inc(("TEST",), count)
        tallies.flush()
    tallies.flush()
    print("counted", flush=True)
    if then == "wait":
        signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
