"""Jobs: made once a key, among the open ones until they end, their files and rows in chunks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tracker.store.jobs import (
    KEPT_MS,
    Job,
    JobProblem,
    Jobs,
    KnownKey,
    RowResult,
    failed,
    finished,
)
from tracker.store.keys import JOBS_OPEN, job, job_file, job_rows


def a_job(id_: str = "i1", created: int = 5) -> Job:
    """A job that was just asked for."""
    return Job(id=id_, kind="import", by="key-1", created=created, params={"day": 3})


@pytest.fixture
def jobs(store: Redis) -> Jobs:
    return Jobs(store)


def test_a_job_is_kept_and_open_until_it_ends(run: Run, jobs: Jobs, store: Redis) -> None:
    client: Any = store
    run(jobs.create(a_job("i2", created=7)))
    run(jobs.create(a_job("i1", created=5)))
    assert run(jobs.get("i1")) == a_job("i1")
    assert run(jobs.open_ids()) == ["i1", "i2"]
    assert run(jobs.open_ids(1)) == ["i1"]
    assert 0 < run(client.pttl(job("i1"))) <= KEPT_MS
    running = replace(a_job("i1"), state="running", total=9, done=4)
    run(jobs.save(running))
    assert run(jobs.open_ids()) == ["i1", "i2"]
    run(jobs.save(finished(running, {"accepted": 9})))
    run(jobs.save(failed(a_job("i2"), JobProblem("BAD_FILE", "It is a picture."))))
    assert run(jobs.open_ids()) == []
    done, gone = run(jobs.get("i1")), run(jobs.get("i2"))
    assert done is not None
    assert (done.state, done.done, done.result, done.ended) == ("done", 9, {"accepted": 9}, True)
    assert gone is not None
    assert gone.problem == JobProblem("BAD_FILE", "It is a picture.")
    assert run(jobs.get("i3")) is None


def test_a_key_makes_one_job(run: Run, jobs: Jobs) -> None:
    assert run(jobs.create(a_job("i1"), "key", b"print")) == KnownKey(b"print", "i1")
    assert run(jobs.create(a_job("i2"), "key", b"print")) == KnownKey(b"print", "i1")
    assert run(jobs.create(a_job("i3"), "key", b"other")) == KnownKey(b"print", "i1")
    assert run(jobs.create(a_job("i4"), "another", b"print")) == KnownKey(b"print", "i4")
    assert run(jobs.create(a_job("i5"))) == KnownKey(b"", "i5")
    assert run(jobs.open_ids()) == ["i1", "i4", "i5"]
    assert run(jobs.get("i2")) is None
    assert run(jobs.known("key")) == KnownKey(b"print", "i1")
    assert run(jobs.known("nobody's")) is None


def test_of_many_at_once_one_makes_the_job(run: Run, jobs: Jobs) -> None:
    async def scene() -> list[KnownKey]:
        return await asyncio.gather(*(jobs.create(a_job(f"i{n}"), "key") for n in range(10)))

    winners = {known.job for known in run(scene())}
    assert len(winners) == 1
    assert run(jobs.open_ids()) == sorted(winners)


def test_an_id_whose_record_is_gone_can_be_forgotten(run: Run, jobs: Jobs, store: Redis) -> None:
    run(jobs.create(a_job()))
    run(store.delete(job("i1")))
    assert run(jobs.open_ids()) == ["i1"]
    run(jobs.forget("i1"))
    assert run(jobs.open_ids()) == []


def test_a_store_that_is_damaged_gets_no_half_job(run: Run, jobs: Jobs, store: Redis) -> None:
    run(store.set(JOBS_OPEN, "no set"))
    with pytest.raises(Exception, match="WRONGTYPE"):
        run(jobs.create(a_job(), "key"))
    assert run(jobs.get("i1")) is None
    assert run(jobs.known("key")) is None


def test_the_chunks_of_a_file_come_in_order(run: Run, jobs: Jobs, store: Redis) -> None:
    async def read() -> list[bytes]:
        return [chunk async for chunk in jobs.chunks("i1")]

    client: Any = store
    for number in (2, 0, 11, 1, *range(3, 11)):
        run(jobs.put_chunk("i1", number, b"chunk %d" % number))
    assert run(read()) == [b"chunk %d" % n for n in range(12)]
    assert 0 < run(client.pttl(job_file("i1"))) <= KEPT_MS
    run(client.hdel(job_file("i1"), "4"))
    with pytest.raises(LookupError, match="chunk 4"):
        run(read())
    run(jobs.drop_file("i1"))
    assert run(read()) == []


def test_row_chunks_are_written_with_the_progress(run: Run, jobs: Jobs, store: Redis) -> None:
    client: Any = store
    rows = [RowResult(1, "accepted", "CVT-0001-A"), RowResult(2, "rejected", None, "stall", "NO")]
    more = [RowResult(3, "duplicate", "CVT-0001-A")]
    run(jobs.create(a_job()))
    run(jobs.put_rows(replace(a_job(), state="running", done=3), 1, more))
    run(jobs.put_rows(replace(a_job(), state="running", done=2), 0, rows))
    run(jobs.put_rows(replace(a_job(), state="running", done=2), 0, rows))
    assert run(jobs.row_chunk_numbers("i1")) == [0, 1]
    assert [run(jobs.rows("i1", number)) for number in (0, 1)] == [rows, more]
    assert run(jobs.rows("i1", 1)) == more
    assert run(jobs.rows("i1", 2)) is None
    running = run(jobs.get("i1"))
    assert running is not None
    assert (running.state, running.done) == ("running", 2)
    assert 0 < run(client.pttl(job_rows("i1"))) <= KEPT_MS
