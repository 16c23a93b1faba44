"""The queue: RQ's side of a job, and whether anything is going to run it.

The truth of a job is its record (`tracker.store.jobs`); the queue only wakes a worker up. It may
lose a job at any time, by a worker's death or with its whole database, and nothing is lost: the
schedule asks `QueueClient.states` for each open job and dispatches it again where the answer is
"none". So RQ keeps nothing for us, retries nothing, and its own registries, which give a dead
worker's job back after minutes or an hour, are not waited for. What tells the living from the
dead is a **lease**: a worker that runs a job holds a lock under the job's id (`lease`).

Each attempt has an RQ id of its own, `<job>-<attempt>`: what is left of a dead one never blocks
the next, and two dispatchers at once make one (RQ's ``unique``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.job import Job as RqJob
from rq.job import JobStatus
from rq.serializers import JSONSerializer

from tracker.store.client import connect_sync
from tracker.store.jobs import KEPT_MS
from tracker.store.lock import LOCK_MS, Lock
from tracker.store.queues import QUEUES

RUN: Final = "workers.jobs.run"
"""The one function that is ever queued; its one argument is the id of a job."""

RUN_LIGHT: Final = "workers.jobs.run light"
"""The same, of a job that takes so little that a process of its own would cost more."""

RUN_S_MAX: Final = 3_600
"""The longest run of a job; after it the attempt counts as failed."""

STARTING_MS: Final = 1_500
"""A job that a worker took and has no lease for: so long it is thought to be starting.

Too short costs little: the second attempt finds the lease of the first, or the job ended."""

FAILURE_TTL_S: Final = 60

WORKER_LATE_S: Final = 60
"""A worker without a job says every ten seconds that it lives, one with a job every thirty."""

Live = Literal["queued", "starting", "running", "none"]
"""``queued``: waits for a worker. ``starting``: just taken by one. ``running``: under a lease, or
in the pause after a failed attempt. ``none``: nothing is going to run it."""

log = logging.getLogger(__name__)


def queue_of(job_id: str) -> str:
    """The name of a job's queue. Raises ValueError for what is no id of a job."""
    try:
        return QUEUES[job_id[:1]]
    except KeyError:
        raise ValueError(f"{job_id!r} is not the id of a job") from None


def lease(url: str, job_id: str, *, ms: int = LOCK_MS) -> Lock:
    """The lease under which a worker runs a job; `url` is the queue's."""
    return Lock(url, _lease_key(job_id), ms=ms)


class QueueClient:
    """Puts jobs into the queue and tells what became of them; to be closed.

    RQ's calls block, so all of them are made in a thread.
    """

    def __init__(
        self, url: str, *, starting_ms: int = STARTING_MS, timeout_s: float = 10.0
    ) -> None:
        self._starting_ms = starting_ms
        self._client: Any = connect_sync(
            url, timeout_s=timeout_s
        )  # redis-py types replies as unions that say nothing
        self._queues = {
            name: Queue(name, connection=self._client, serializer=JSONSerializer)
            for name in QUEUES.values()
        }

    async def dispatch(self, job_id: str, *, light: bool = False) -> None:
        """Wakes a worker up for a job; does nothing where one is awake or about to be.

        A `light` one may be run in the worker's own process.

        Where the queue is away nothing is lost: the schedule dispatches open jobs again. Raises
        ValueError for what is no id of a job.
        """
        try:
            await asyncio.to_thread(self._dispatch, job_id, light=light)
        except RedisError as error:
            log.warning("job %s waits for the queue (%s)", job_id, type(error).__name__)

    async def state(self, job_id: str) -> Live:
        """Whether anything is going to run the job. Raises `RedisError`."""
        return (await self.states([job_id]))[job_id]

    async def states(self, job_ids: Sequence[str]) -> dict[str, Live]:
        """The states of many jobs, in three round trips. Raises `RedisError`."""
        looked = await asyncio.to_thread(self._look, job_ids)
        return {job_id: state for job_id, (state, _) in looked.items()}

    async def depths(self) -> dict[str, int]:
        """How many jobs wait in each queue. Raises `RedisError`."""
        return await asyncio.to_thread(lambda: {n: len(q) for n, q in self._queues.items()})

    async def workers(self) -> dict[str, int]:
        """How many workers of each queue live: seen lately, or at a job under its lease.

        Raises `RedisError`.
        """
        return await asyncio.to_thread(self._workers)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _workers(self) -> dict[str, int]:
        seconds, _ = self._client.time()
        alive = dict.fromkeys(self._queues, 0)
        for name in self._queues:
            pipeline = self._client.pipeline(transaction=False)
            for key in self._client.smembers(f"rq:workers:{name}"):
                pipeline.hget(key, "last_heartbeat")
                pipeline.smembers(key + b":executions")
            replies = pipeline.execute()
            for seen, runs in zip(replies[::2], replies[1::2], strict=True):
                late = seconds - _moment_s(seen or b"") >= WORKER_LATE_S
                alive[name] += not late or any(map(self._is_leased, runs))
        return alive

    def _is_leased(self, run: bytes) -> bool:
        """A worker that runs a job in its own process is silent meanwhile; the lease is not."""
        job_id = run.decode().partition(":")[0].rpartition("-")[0]
        return bool(self._client.exists(_lease_key(job_id)))

    def _dispatch(self, job_id: str, *, light: bool) -> None:
        queue = self._queues[queue_of(job_id)]
        state, before = self._look([job_id])[job_id]
        if state != "none":
            return
        if before:
            self._drop(queue, _rq_id(job_id, before))
        try:
            queue.enqueue_call(
                RUN_LIGHT if light else RUN,
                args=(job_id,),
                job_id=_rq_id(job_id, before + 1),
                unique=True,
                description=job_id,
                timeout=RUN_S_MAX + 60,  # RQ's alarm, for a run that is deaf to our own limit
                result_ttl=0,
                failure_ttl=FAILURE_TTL_S,
            )
        except DuplicateJobError:
            log.debug("job %s was dispatched by another at the same time", job_id)
        self._client.set(_attempt_key(job_id), before + 1, px=KEPT_MS)

    def _drop(self, queue: Queue, rq_id: str) -> None:
        """Have RQ forget an attempt that was lost; its record may be half gone already."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.lrem(queue.intermediate_queue_key, 0, rq_id)
        pipeline.expire(RqJob.key_for(rq_id), FAILURE_TTL_S)
        pipeline.execute()

    def _look(self, job_ids: Sequence[str]) -> dict[str, tuple[Live, int]]:
        """The state of each job's latest attempt, and its number; 0 where there was none.

        Both from one reading, in this order: an attempt that is known was pushed before the lists
        are read, and one that another pushes meanwhile has a number that is not ours to drop.
        """
        job_ids = list(dict.fromkeys(job_ids))
        pipeline = self._client.pipeline(transaction=False)
        for job_id in job_ids:
            pipeline.get(_attempt_key(job_id))
            pipeline.exists(_lease_key(job_id))
        for queue in self._queues.values():
            pipeline.lrange(queue.key, 0, -1)
        replies = pipeline.execute()
        known, lists = replies[: 2 * len(job_ids)], replies[2 * len(job_ids) :]
        waiting = {rq_id.decode() for rq_ids in lists for rq_id in rq_ids}

        attempts = {id_: int(n or 0) for id_, n in zip(job_ids, known[::2], strict=True)}
        states: dict[str, Live] = {}
        taken: dict[str, str] = {}
        for (job_id, attempt), leased in zip(attempts.items(), known[1::2], strict=True):
            rq_id = _rq_id(job_id, attempt)
            if leased:
                states[job_id] = "running"
            elif rq_id in waiting:
                states[job_id] = "queued"
            else:
                states[job_id] = "none"
                taken[job_id] = rq_id
        states |= self._starting(taken)
        return {job_id: (states[job_id], attempt) for job_id, attempt in attempts.items()}

    def _starting(self, taken: dict[str, str]) -> dict[str, Live]:
        """Which of these RQ ids, neither waiting nor under a lease, a worker took just now."""
        pipeline = self._client.pipeline(transaction=False)
        for rq_id in taken.values():
            pipeline.hget(RqJob.key_for(rq_id), "status")
        alive = {JobStatus.QUEUED.value.encode(), JobStatus.STARTED.value.encode()}
        statuses = dict(zip(taken, pipeline.execute(), strict=True))
        maybe = [job_id for job_id, status in statuses.items() if status in alive]
        if not maybe:
            return {}
        seconds, micros = self._client.time()
        now = seconds * 1000 + micros // 1000
        for job_id in maybe:
            pipeline.set(_seen_key(taken[job_id]), now, nx=True, get=True, px=KEPT_MS)
        since = zip(maybe, pipeline.execute(), strict=True)
        return {id_: "starting" for id_, at in since if now - int(at or now) < self._starting_ms}


def _moment_s(text: bytes) -> float:
    """RQ's notation of a moment in s since the epoch; 0 for what is none."""
    try:
        return datetime.fromisoformat(text.decode()).timestamp()
    except ValueError:
        return 0.0


def _rq_id(job_id: str, attempt: int) -> str:
    return f"{job_id}-{attempt}"


def _lease_key(job_id: str) -> str:
    return f"tracker:lease:{job_id}"


def _attempt_key(job_id: str) -> str:
    return f"tracker:attempt:{job_id}"


def _seen_key(rq_id: str) -> str:
    return f"tracker:seen:{rq_id}"
