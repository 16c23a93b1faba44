"""Failed jobs are found by an index of their own, the latest of them, as long as they are kept."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import Clock, tracker_on
from tracker.services import job_list
from tracker.services.context import Tracker
from tracker.store.jobs import KEPT_MS, Job, JobProblem, Jobs, failed, finished
from tracker.store.keys import JOBS_FAILED, job

BAD = JobProblem("BAD_FILE", "It is a picture.")


@pytest.fixture
def tracker(store: Redis) -> Tracker:
    return tracker_on(store, Clock())


def made(id_: str, created: int) -> Job:
    return Job(id=id_, kind="import", by="key-1", created=created, params={})


async def fail(jobs: Jobs, *some: Job) -> None:
    for one in some:
        await jobs.create(one)
        await jobs.save(failed(one, BAD))


def test_the_latest_come_first_and_others_not_at_all(run: Run, tracker: Tracker) -> None:
    jobs = tracker.jobs
    run(fail(jobs, made("i1", 5), made("i2", 9), made("i3", 7)))
    run(jobs.create(made("i4", 11)))
    run(jobs.create(made("i5", 12)))
    run(jobs.save(finished(made("i5", 12), {})))
    assert [one.id for one in run(job_list.failed(tracker))] == ["i2", "i3", "i1"]
    assert [one.id for one in run(job_list.open_jobs(tracker))] == ["i4"]


def test_no_more_are_held_than_somebody_reads(run: Run, store: Redis) -> None:
    client: Any = store
    jobs = Jobs(store, failed_max=2)
    run(fail(jobs, *(made(f"i{n}", n) for n in range(1, 5))))
    assert [one.id for one in run(jobs.failed())] == ["i4", "i3"]
    assert run(client.zcard(JOBS_FAILED)) == 2
    assert 0 < run(client.pttl(JOBS_FAILED)) <= KEPT_MS
    assert run(jobs.get("i1")) == failed(made("i1", 1), BAD)


def test_one_whose_record_is_gone_is_left_out(run: Run, tracker: Tracker) -> None:
    run(fail(tracker.jobs, made("i1", 1), made("i2", 2)))
    run(tracker.client.delete(job("i2")))
    assert [one.id for one in run(job_list.failed(tracker))] == ["i1"]


def test_a_twin_that_fails_later_than_its_worker_ended_is_not_among_them(
    run: Run, tracker: Tracker
) -> None:
    run(tracker.jobs.create(made("i1", 1)))
    run(tracker.jobs.save(finished(made("i1", 1), {})))
    run(tracker.jobs.save(failed(made("i1", 1), BAD)))
    assert run(job_list.failed(tracker)) == []
