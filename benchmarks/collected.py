"""The service with one or the other collector, which notes what that takes.

    BENCH_PAUSES=FILE python -m benchmarks.collected PORT settled|unsettled

For `benchmarks.tail`, with settings in the environment, on the server of the references.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import Final

from litestar import Litestar

from benchmarks import reference
from tracker.app import create as create_service

DEFAULT_COLLECTOR: Final = (700, 10, 10)
"""What CPython starts with."""

PAUSES: Final = "BENCH_PAUSES"
"""The file in which a server notes what its collector took."""


def settled() -> Litestar:
    """The service as it ships."""
    return _noting(create_service())


def unsettled() -> Litestar:
    """The service with Python's own settings of the collector."""
    app = create_service()
    gc.unfreeze()
    gc.set_threshold(*DEFAULT_COLLECTOR)
    return _noting(app)


def _noting(app: Litestar) -> Litestar:
    """Has the processor time of each round of the collector written down (µs)."""
    file = os.open(os.environ[PAUSES], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    began = 0.0

    def note(phase: str, _: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = time.thread_time()
        else:
            os.write(file, b"%d\n" % ((time.thread_time() - began) * 1e6))

    gc.callbacks.append(note)
    return app


if __name__ == "__main__":
    reference.serve(int(sys.argv[1]), f"benchmarks.collected:{sys.argv[2]}")
