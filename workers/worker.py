"""One worker process on one queue.

One queue, because RQ's worker on several lost jobs for ever when it was killed. Imports and sheets
are run in a forked process each, so that what a large file takes is given back; snapshots and what
was queued as light in the worker itself, because a fork costs four times what a small job does. A
job that is tried again was queued by the schedule, and not as light: it gets a process of its own.

RQ's remote commands (a channel on which anybody could have it killed) are left out. With them
goes the one thread of the worker, so it forks with none.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from rq import Queue, SimpleWorker, Worker
from rq.exceptions import DeserializationError, StopRequested
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from tracker import collector
from tracker.bootstrap import queue_url
from tracker.observe import tallies
from tracker.settings import Settings
from tracker.store.client import connect_sync
from tracker.store.launch import PR_SET_PDEATHSIG
from tracker.store.queue import RUN, RUN_LIGHT
from tracker.store.queues import QUEUES
from workers import jobs
from workers.allowed import AllowedJob, allowing

if TYPE_CHECKING:
    from rq.executions import Execution
    from rq.job import Job

WORKER_TTL_S: Final = 25
MAINTENANCE_S: Final = 15
POP_S: Final = WORKER_TTL_S - 15  # how long RQ waits in one command for a job
PAUSE_FIRST_S, PAUSE_MAX_S = 0.2, 5.0
STEADY_S: Final = 30.0  # a worker that lived this long: the next pause is the first again

log = logging.getLogger(__name__)


class Stopped(BaseException):
    """SIGTERM or SIGINT came while no job was running."""


class _Steady(BaseWorker):
    """What both kinds of worker have of ours."""

    max_connection_wait_time = PAUSE_MAX_S
    stopped = False

    def subscribe(self) -> None:
        """Listen to no commands."""

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Say that the worker lives, to RQ and to whoever reads the measurements."""
        super().heartbeat(timeout, pipeline)
        tallies.flush(now=False)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop as soon as no job runs."""
        self.stopped = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # rq leaves it open


class InProcess(_Steady, SimpleWorker):
    """Runs jobs in its own process."""


class Forking(_Steady, Worker):
    """Runs each job that is not light in a process of its own, which dies with it."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job to its end."""
        kind: Any = SimpleWorker if _is_light(job) else Worker
        kind.execute_job(self, job, queue)

    def setup_work_horse_signals(self) -> None:
        """Set up a job's process: Ctrl-C is not for it, and it does not outlive the worker."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]  # rq leaves it open
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
            if os.getppid() != self.pid:
                os._exit(1)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Tell RQ that the job runs; where the store is away, the next time."""
        try:
            super().maintain_heartbeats(job, execution)
        except jobs.AWAY as error:
            log.warning("no heartbeat (%s)", type(error).__name__)


def _is_light(job: Job) -> bool:
    try:
        return job.func_name == RUN_LIGHT
    except DeserializationError:  # RQ says so, where it runs the job
        return False


KINDS: Final[dict[str, type[InProcess] | type[Forking]]] = {
    "imports": Forking,
    "snapshots": InProcess,
    "sheets": Forking,
}


def run_worker(settings: Settings, queue: str, *, cases: jobs.UseCases | None = None) -> None:
    """Works on a queue (`imports`, `snapshots` or `sheets`) until SIGTERM or SIGINT.

    A running job is finished first; a second signal, a second later, ends it. Outlives the store:
    connects anew, and finds its address anew, for as long as it takes. Raises ValueError for
    another name of a queue.
    """
    if queue not in QUEUES.values():
        raise ValueError(f"there is no queue {queue!r}: give {' or '.join(QUEUES.values())}")
    cases = jobs.use_cases(queue) if cases is None else cases  # loaded once, before any fork
    run = partial(jobs.run, settings=settings, cases=cases)
    allowed = allowing({RUN: run, RUN_LIGHT: run})
    level = "DEBUG" if settings.log_level == "debug" else "WARNING"
    pause_s = PAUSE_FIRST_S
    with _stopping():
        while True:
            began = time.monotonic()
            try:
                if _work(settings, queue, allowed, level):
                    return
            except jobs.AWAY as error:
                log.warning("worker of %s waits for the store (%s)", queue, type(error).__name__)
            _take_signals()
            pause_s = PAUSE_FIRST_S if time.monotonic() - began > STEADY_S else pause_s
            Event().wait(pause_s)
            pause_s = min(pause_s * 2, PAUSE_MAX_S)


def _work(settings: Settings, queue: str, allowed: type[AllowedJob], level: str) -> bool:
    """The life of one RQ worker; whether it ended because it was told to."""
    with closing(connect_sync(queue_url(settings), longest_pop_s=POP_S)) as client:
        worker = KINDS[queue](
            [Queue(queue, connection=client, job_class=allowed, serializer=JSONSerializer)],
            connection=client,
            job_class=allowed,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_S,
            maintenance_interval=MAINTENANCE_S,
            log_job_description=False,
        )
        collector.settle()
        try:
            worker.work(logging_level=level)
        except jobs.AWAY:  # saying goodbye to a store that is away
            if not worker.stopped:
                raise
        return worker.stopped


@contextmanager
def _stopping() -> Iterator[None]:
    """Ends its body quietly at SIGTERM or SIGINT, wherever RQ's own handlers are not set."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    _take_signals()
    try:
        yield
    except (Stopped, StopRequested):
        log.info("stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _take_signals() -> None:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)


def _stop(*_: Any) -> NoReturn:
    raise Stopped
