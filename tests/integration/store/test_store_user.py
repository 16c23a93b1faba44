"""The store users of `docs/operations.md`: enough for everything, and for nothing beyond."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from tests.integration import everything
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tracker.bootstrap import queue_url
from tracker.settings import Settings
from tracker.store.client import connect, connect_sync
from tracker.store.durability import check
from tracker.store.queue import QueueClient
from tracker.store.queues import QUEUES

DOCS = Path(__file__).parents[3] / "docs" / "operations.md"
SECRET = "a-secret-of-the-test"
REFUSED: list[tuple[object, ...]] = [
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("KEYS", "*"),
    ("CONFIG", "SET", "appendfsync", "no"),
    ("DEBUG", "SLEEP", "0"),
    ("SHUTDOWN",),
    ("REPLICAOF", "NO", "ONE"),
    ("ACL", "LIST"),
    ("MIGRATE", "h", "1", "k", "0", "1"),
    ("SCRIPT", "FLUSH"),
    ("SET", "elsewhere", "1"),
    ("EVAL", "return redis.call('GET', 'elsewhere')", "0"),
    ("EVAL", "return redis.call('FLUSHALL')", "0"),
]


def rules(user: str) -> list[str]:
    """What the docs give a user."""
    found = re.search(rf"^user {user} on (.+)$", DOCS.read_text("utf-8"), re.MULTILINE)
    assert found, user
    return found[1].replace(">PASSWORD", f">{SECRET}").split()


@pytest.fixture
def as_user(store: Redis, run: Run, store_url: str) -> Iterator[Any]:
    """The URL for a user, who is made as the docs say."""
    client: Any = store
    made = []

    def make(user: str) -> str:
        run(client.execute_command("ACL", "SETUSER", user, "reset", "on", *rules(user)))
        made.append(user)
        return f"{store_url}&username={user}&password={SECRET}"

    yield make
    for user in made:
        run(client.execute_command("ACL", "DELUSER", user))


def test_the_services_user_can_do_everything(run: Run, store: Redis, as_user: Any) -> None:
    client = connect(as_user("tracker"))
    try:
        assert run(check(client)) == []
        everything.sample(run, client)
        run(store.flushall())
        everything.service(run, client, Clock())
    finally:
        run(client.aclose())


@pytest.mark.parametrize("command", REFUSED, ids=lambda command: " ".join(map(str, command[:2])))
def test_and_nothing_beyond(run: Run, store: Redis, as_user: Any, command: Any) -> None:
    for user in ("tracker", "queue"):
        client: Any = connect(as_user(user))
        try:
            with pytest.raises(redis.ResponseError, match=r"permission|not allowed"):
                run(client.execute_command(*command))
        finally:
            run(client.aclose())
    assert run(store.exists("elsewhere")) == 0


def test_the_queues_user_can_queue_and_work(run: Run, as_user: Any, tmp_path: Path) -> None:
    url = queue_url(Settings(data=tmp_path, store_url=as_user("queue")))
    assert "?db=1" in url
    with closing(QueueClient(url)) as queue, connect_sync(url) as client:
        run(queue.dispatch("iabcdefg"))
        assert run(queue.state("iabcdefg")) != "none"
        name = QUEUES["i"]
        worker = SimpleWorker([name], connection=client, serializer=JSONSerializer)
        worker.work(burst=True, logging_level="CRITICAL")
