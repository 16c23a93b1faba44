"""The queue: what a dispatch writes, how often, and what is known of a job afterwards."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Iterator

import pytest
from redis import Redis
from rq.job import Job as RqJob

from tests.integration.conftest import Run
from tests.integration.workers.conftest import until
from tracker.bootstrap import queue_url
from tracker.settings import Settings
from tracker.store.client import connect_sync
from tracker.store.queue import RUN, RUN_LIGHT, QueueClient, lease


@pytest.fixture
def client(settings: Settings) -> Iterator[Redis]:
    client = connect_sync(queue_url(settings))
    yield client
    client.close()


def test_a_job_is_json_and_carries_its_id_only(queue: QueueClient, client: Redis, run: Run) -> None:
    run(queue.dispatch("iabc"))
    data = client.hget("rq:job:iabc-1", "data")
    assert isinstance(data, bytes)
    assert json.loads(zlib.decompress(data)) == [RUN, None, ["iabc"], {}]


def test_a_light_job_says_so(queue: QueueClient, client: Redis, run: Run) -> None:
    run(queue.dispatch("iabc", light=True))
    data = client.hget("rq:job:iabc-1", "data")
    assert isinstance(data, bytes)
    assert json.loads(zlib.decompress(data)) == [RUN_LIGHT, None, ["iabc"], {}]


def test_the_kind_names_the_queue(queue: QueueClient, run: Run) -> None:
    for job_id in ("i1", "i2", "s1", "p1"):
        run(queue.dispatch(job_id))
    assert run(queue.depths()) == {"imports": 2, "snapshots": 1, "sheets": 1}


def test_what_is_no_id_is_refused(queue: QueueClient, run: Run) -> None:
    with pytest.raises(ValueError, match="is not the id of a job"):
        run(queue.dispatch("x1"))


def test_dispatching_again_changes_nothing_while_the_job_lives(
    queue: QueueClient, client: Redis, settings: Settings, run: Run
) -> None:
    async def many() -> None:
        await asyncio.gather(*(queue.dispatch("s1") for _ in range(20)))

    run(many())
    run(queue.dispatch("s1"))
    assert run(queue.depths())["snapshots"] == 1
    assert run(queue.state("s1")) == "queued"

    held = lease(queue_url(settings), "s1")
    assert held.take()
    client.delete("rq:queue:snapshots")
    assert run(queue.state("s1")) == "running"
    run(queue.dispatch("s1"))
    assert run(queue.depths())["snapshots"] == 0
    held.release()
    held.close()


def test_a_finished_or_failed_attempt_does_not_block_the_next(
    queue: QueueClient, client: Redis, run: Run
) -> None:
    for attempt in (1, 2, 3):
        run(queue.dispatch("s1"))
        assert client.lrange("rq:queue:snapshots", 0, -1) == [f"s1-{attempt}".encode()]
        client.delete("rq:queue:snapshots")
        client.hset(f"rq:job:s1-{attempt}", "status", "failed")
        assert run(queue.state("s1")) == "none"


@pytest.mark.parametrize("status", ["queued", "started"])
def test_a_taken_job_is_starting_for_a_while_and_then_lost(
    queue: QueueClient, client: Redis, run: Run, status: str
) -> None:
    run(queue.dispatch("s1"))
    client.lmove("rq:queue:snapshots", "rq:queue:snapshots:intermediate")
    client.hset("rq:job:s1-1", "status", status)
    assert run(queue.state("s1")) == "starting"
    until(lambda: run(queue.state("s1")) == "none", limit_s=2)
    run(queue.dispatch("s1"))
    assert run(queue.state("s1")) == "queued"
    assert client.llen("rq:queue:snapshots:intermediate") == 0
    assert 0 < client.ttl(RqJob.key_for("s1-1")) <= 60


def test_many_states_at_once(queue: QueueClient, run: Run) -> None:
    run(queue.dispatch("s1"))
    assert run(queue.states(["s1", "i1", "s2"])) == {"s1": "queued", "i1": "none", "s2": "none"}
    assert run(queue.states([])) == {}


def test_a_queue_that_is_away_loses_no_request(run: Run) -> None:
    away = QueueClient("unix:///nowhere/s?db=1")
    run(away.dispatch("s1"))
    away.close()


def test_a_lease_keeps_others_away_until_it_is_given_back(settings: Settings) -> None:
    url = queue_url(settings)
    mine, other = lease(url, "s1", ms=300), lease(url, "s1", ms=300)
    assert mine.take()
    assert not other.take()
    until(lambda: not other.take(), limit_s=1)  # renewed: still there
    mine.release()
    assert other.take()
    other.release(after_ms=200)
    assert not mine.take()
    until(mine.take, limit_s=2)
    mine.close()  # as by a death: not given back
    until(other.take, limit_s=2)
    other.close()


def test_the_loss_of_a_lease_is_told(settings: Settings, client: Redis) -> None:
    lost: list[bool] = []
    mine = lease(queue_url(settings), "s1", ms=200)
    assert mine.take(on_lost=lambda: lost.append(True))
    client.set("tracker:lease:s1", "another")
    until(lambda: lost, limit_s=2)
    mine.release()
    assert client.get("tracker:lease:s1") == b"another"
    mine.close()
