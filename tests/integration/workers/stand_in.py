"""The processes as they ship, with use cases that a test can hold, break and count.

``python -m tests.integration.workers.stand_in worker QUEUE`` or ``… schedule``; settings come
from the environment.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Any

from tracker.domain.errors import Conflict
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.jobs import Job
from workers.jobs import UseCases
from workers.schedule import run_schedule
from workers.worker import run_worker

PERSONAL = "Nguyễn Văn Tèo 0912345678"


async def case(tracker: Tracker, job: Job) -> dict[str, Any]:
    """Does what the job's parameter `what` says, after noting that it was begun, and by whom."""
    await tracker.client.rpush(begun(job.id), os.getpid())
    match job.params.get("what"):
        case "hold first" if job.attempts == 1:
            await asyncio.Event().wait()
        case "hold":
            await tracker.client.blpop("test:go", 8)
        case "refuse":
            raise Conflict("The stall is taken.", code="STALL_TAKEN")
        case "break":
            raise ValueError(PERSONAL)
    return {"attempt": job.attempts}


CASES: UseCases = {"import": case, "snapshots": case, "sheets": case}


def begun(job_id: str) -> str:
    """The key of the list of processes that began a job."""
    return f"test:begun:{job_id}"


async def nothing(_: Tracker) -> None:
    """A tick without a clock."""


def main(args: list[str]) -> None:
    """Be the process that the arguments name."""
    logging.basicConfig(level=logging.INFO)
    if args[0] == "worker":
        run_worker(Settings.read(), args[1], cases=CASES)
    else:
        run_schedule(Settings.read(), tick=nothing)


if __name__ == "__main__":
    main(sys.argv[1:])
