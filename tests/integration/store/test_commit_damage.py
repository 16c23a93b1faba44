"""A commit that cannot be done whole is not done at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from tests.integration.conftest import Run
from tests.integration.registry import dump
from tests.integration.store.commits import (
    BANK,
    DAY,
    SPACE,
    Shop,
    attached,
    issued,
    moved,
    new,
    plan,
    registered,
    when,
)
from tracker.domain.facts import ZoneAdded
from tracker.domain.vendor import History
from tracker.store.client import connect
from tracker.store.commit import Commit, Done
from tracker.store.embedded import EmbeddedServer


@pytest.fixture
def shop(store: Redis) -> Shop:
    return Shop(store)


def everything(known: History) -> Commit:
    """A commit that has a part of every kind."""
    commit = plan(known, attached(), moved("B99"))
    commit.append("0", 0, [ZoneAdded(*when(), zone="Khu A")])
    commit.entry("0", ZoneAdded(*when(), zone="Khu B"))
    commit.record(SPACE.data_keys, "1", b"wrapped", new=True)
    commit.record(SPACE.published, "head", b"head", new=True)
    commit.record(SPACE.bodies, "1.1", b"body", new=True)
    commit.answer("key-1", b"answer")
    commit.settled(0)
    return commit


STRING, LIST = "a string", ["a list"]
CORRUPT: dict[str, tuple[str, Any]] = {
    "ledger": (SPACE.ledger, STRING),
    "docs": (SPACE.docs, STRING),
    "names": (SPACE.names, STRING),
    "deltas": (SPACE.deltas, STRING),
    "marks": (SPACE.marks, STRING),
    "mark without a number": (SPACE.marks, {"day": "today", "position": "1"}),
    "mark without a position": (SPACE.marks, {"day": "1", "position": "here"}),
    "day line without a number": (SPACE.deltas, {f"{DAY + 2}:+": "many"}),
    "answer": (SPACE.answers + "key-1", LIST),
    "rows": (SPACE.rows, LIST),
    "sets": (SPACE.sets, STRING),
    "a set": (SPACE.set(f"attached:{BANK}"), LIST),
    "data keys": (SPACE.data_keys, STRING),
    "published": (SPACE.published, STRING),
    "bodies": (SPACE.bodies, STRING),
    "ledger with foreign ids": (SPACE.ledger, None),
}


class TestDamage:
    @pytest.mark.parametrize("what", CORRUPT)
    def test_a_key_of_a_wrong_type_lets_nothing_be_written(
        self, run: Run, shop: Shop, store: Redis, what: str
    ) -> None:
        run(shop.write(new(), registered("B12"), *issued()))
        known = run(shop.history())
        key, instead = CORRUPT[what]
        run(_put(shop, key, instead))
        before = run(dump(store))
        with pytest.raises(ResponseError):
            run(shop.committer.commit(everything(known)))
        assert run(dump(store)) == before

    def test_the_same_commit_is_done_where_nothing_is_damaged(self, run: Run, shop: Shop) -> None:
        run(shop.write(new(), registered("B12"), *issued()))
        assert run(shop.committer.commit(everything(run(shop.history())))) == Done(7)


def test_a_store_without_memory_refuses_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    async def scene(url: str) -> None:
        store = connect(url)
        shop = Shop(store)
        await shop.write(new(), registered("B12"), *issued())
        known, before = await shop.history(), await dump(store)
        await shop.client.config_set("maxmemory", "1")
        for attempt in (everything, lambda h: plan(h, attached())):
            with pytest.raises(OutOfMemoryError):
                await shop.committer.commit(attempt(known))
        assert await dump(store) == before
        await shop.client.config_set("maxmemory", "0")
        assert await shop.committer.commit(everything(known)) == Done(7)
        await store.aclose()

    with EmbeddedServer(tmp_path / "data") as server:
        run(scene(server.url()))


async def _put(shop: Shop, key: str, value: Any) -> None:
    if value is None:
        await shop.client.xadd(key, {"n": "1", "e": b""}, id="7-1")
        return
    put: dict[type, Callable[..., Any]] = {
        str: shop.client.set,
        list: lambda key, value: shop.client.rpush(key, *value),
        dict: lambda key, value: shop.client.hset(key, mapping=value),
    }
    if not isinstance(value, dict):
        await shop.client.delete(key)
    await put[type(value)](key, value)
