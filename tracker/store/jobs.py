"""Jobs: what was asked for, how far it is, what came of it.

A job's record is ours, not the queue's: the queue may lose a job, the record stays among the open
ones until it is done or failed, and the schedule puts it into the queue again. All keys of jobs
share one slot. Records are kept `KEPT_MS`, uploaded files and row results likewise; a file that a
job made is kept as long as its maker says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from importlib.resources import files
from typing import Any, Final, Literal

from msgspec import Struct, msgpack
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.store.keys import JOBS_FAILED, JOBS_OPEN, job, job_file, job_key, job_rows

KEPT_MS: Final = 7 * 86_400_000
FILE_CHUNK_BYTES: Final = 512 * 1024

FAILED_MAX: Final = 1_000
"""Failed jobs that are found again, the latest of them: more than anybody reads through. Records of
others are kept as long, and found by their id."""

Kind = Literal["import", "snapshots", "sheets"]
State = Literal["queued", "running", "done", "failed"]
RowStatus = Literal["accepted", "duplicate", "rejected"]


class JobProblem(Struct, frozen=True):
    """Why a job failed: the code and the sentence of a problem, never anything personal."""

    code: str
    detail: str


class Job(Struct, frozen=True, kw_only=True):
    """One job. `params` are ids and primitives; `by` is the principal that asked for it."""

    id: str
    kind: Kind
    by: str
    created: int
    params: dict[str, Any]
    state: State = "queued"
    done: int = 0
    total: int = 0
    attempts: int = 0
    result: dict[str, Any] | None = None
    problem: JobProblem | None = None

    @property
    def ended(self) -> bool:
        """Done or failed: nothing will change it any more."""
        return self.state in ("done", "failed")


class _Maker(Struct, frozen=True):
    """What of a job's record says whose it is."""

    by: str


class RowResult(Struct, frozen=True, array_like=True):
    """What became of one row of a file; the sentence is made from the code on reading."""

    row: int
    status: RowStatus
    id: str | None = None
    field: str | None = None
    code: str | None = None


class KnownKey(Struct, frozen=True, array_like=True):
    """What an idempotency key of a job stands for."""

    fingerprint: bytes
    job: str


class Jobs:
    """Records, files and row results of jobs."""

    def __init__(self, client: Redis, failed_max: int = FAILED_MAX) -> None:
        self._client: Any = client
        self._failed_max = failed_max
        scripts = files("tracker.store")
        self._create = AsyncScript(client, scripts.joinpath("job.lua").read_text())
        self._save = AsyncScript(client, scripts.joinpath("job_save.lua").read_text())

    async def create(self, new: Job, key: str | None = None, fingerprint: bytes = b"") -> KnownKey:
        """Adds a job to the open ones, at most once a `key`.

        Returns what the key stands for: the job given, or the one that it created before.
        """
        known = KnownKey(fingerprint, new.id)
        keys = [job(new.id), JOBS_OPEN, job_key(key or "")]
        args: list[bytes] = [
            new.id.encode(),
            str(new.created).encode(),
            str(KEPT_MS).encode(),
            msgpack.encode(new),
            b"" if key is None else msgpack.encode(known),
        ]
        before = await self._create(keys=keys, args=args)
        return known if before is None else msgpack.decode(before, type=KnownKey)

    async def known(self, key: str) -> KnownKey | None:
        """What an idempotency key stands for, if it was used."""
        raw = await self._client.get(job_key(key))
        return None if raw is None else msgpack.decode(raw, type=KnownKey)

    async def get(self, id_: str) -> Job | None:
        """A job's record."""
        raw = await self._client.get(job(id_))
        return None if raw is None else msgpack.decode(raw, type=Job)

    async def save(self, changed: Job) -> None:
        """Writes a record; one that has ended leaves the open ones in the same step.

        A job that has ended already stays as it is: a twin of its worker was slower.
        """
        await self._write(changed)

    async def _write(self, changed: Job, chunk: str = "", rows: bytes = b"") -> None:
        args: list[bytes | int] = [
            changed.id.encode(),
            msgpack.encode(changed),
            KEPT_MS,
            {"done": 1, "failed": 2}.get(changed.state, 0),
            chunk.encode(),
            rows,
            changed.created,
            self._failed_max,
        ]
        keys = [job(changed.id), JOBS_OPEN, job_rows(changed.id), JOBS_FAILED]
        await self._save(keys=keys, args=args)

    async def open_ids(self, limit: int = 1_000) -> list[str]:
        """Ids of jobs that have not ended, oldest first."""
        return [id_.decode() for id_ in await self._client.zrange(JOBS_OPEN, 0, limit - 1)]

    async def open_since(self, limit: int = 1_000) -> dict[str, int]:
        """Ids of jobs that have not ended, oldest first, each with when it was made (ms)."""
        found = await self._client.zrange(JOBS_OPEN, 0, limit - 1, withscores=True)
        return {id_.decode(): int(made) for id_, made in found}

    async def failed(self) -> list[Job]:
        """The latest jobs that failed and whose records are kept, newest first.

        In two round trips, however many jobs there are.
        """
        latest: Any = {"byscore": True, "desc": True, "offset": 0, "num": self._failed_max}
        return await self.some(await self._client.zrange(JOBS_FAILED, "+inf", "-inf", **latest))

    async def some(self, ids: Sequence[str | bytes]) -> list[Job]:
        """The records of these jobs, those that there are, in one round trip."""
        names = [id_.decode() if isinstance(id_, bytes) else id_ for id_ in ids]
        raws = await self._client.mget([job(id_) for id_ in names]) if names else []
        return [msgpack.decode(raw, type=Job) for raw in raws if raw is not None]

    async def open_makers(self, limit: int) -> list[str]:
        """Who asked for each of the jobs that have not ended, oldest first."""
        ids = await self.open_ids(limit)
        raws = await self._client.mget([job(id_) for id_ in ids]) if ids else []
        return [msgpack.decode(raw, type=_Maker).by for raw in raws if raw is not None]

    async def forget(self, id_: str) -> None:
        """Takes an id whose record is gone (kept its time) out of the open ones."""
        await self._client.zrem(JOBS_OPEN, id_)

    # ── files ────────────────────────────────────────────────────────────────────────────────

    async def put_chunk(self, id_: str, number: int, sealed: bytes) -> None:
        """One sealed chunk of the job's file."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hset(job_file(id_), str(number), sealed)
        pipeline.pexpire(job_file(id_), KEPT_MS)
        await pipeline.execute()

    async def put_file(self, id_: str, sealed: Sequence[bytes], *, kept_ms: int) -> None:
        """The job's whole file in one step, in place of one that was there."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.unlink(job_file(id_))
        pipeline.hset(job_file(id_), mapping={str(n): chunk for n, chunk in enumerate(sealed)})
        pipeline.pexpire(job_file(id_), kept_ms)
        await pipeline.execute()

    async def file(self, id_: str) -> list[bytes]:
        """All sealed chunks of the job's file at one moment; none where it is gone."""
        found = await self._client.hgetall(job_file(id_))
        return [found[number] for number in sorted(found, key=int)]

    async def has_file(self, id_: str) -> bool:
        """Whether the job's file is there."""
        return bool(await self._client.exists(job_file(id_)))

    async def drop_file(self, id_: str) -> None:
        """Deletes the job's file: its twin has it."""
        await self._client.unlink(job_file(id_))

    async def chunks(self, id_: str) -> AsyncIterator[bytes]:
        """The sealed chunks of the job's file in order."""
        count = await self._client.hlen(job_file(id_))
        for number in range(count):
            chunk = await self._client.hget(job_file(id_), str(number))
            if chunk is None:
                raise LookupError(f"The file of job {id_} lacks chunk {number}.")
            yield chunk

    # ── row results ──────────────────────────────────────────────────────────────────────────

    async def put_rows(self, changed: Job, chunk: int, rows: Sequence[RowResult]) -> None:
        """The results of one chunk of rows and the job's progress, in one step; safe to repeat."""
        await self._write(changed, str(chunk), msgpack.encode(rows))

    async def row_chunk_numbers(self, id_: str) -> list[int]:
        """The numbers of the chunks of row results that are there, in order."""
        return sorted(int(number) for number in await self._client.hkeys(job_rows(id_)))

    async def rows(self, id_: str, chunk: int) -> list[RowResult] | None:
        """One chunk of row results."""
        raw = await self._client.hget(job_rows(id_), str(chunk))
        return None if raw is None else msgpack.decode(raw, type=list[RowResult])


def finished(running: Job, result: dict[str, Any]) -> Job:
    """The job, done."""
    return replace(running, state="done", result=result, done=running.total)


def failed(running: Job, problem: JobProblem) -> Job:
    """The job, failed for good."""
    return replace(running, state="failed", problem=problem)
