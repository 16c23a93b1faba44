"""One client of many nodes: what goes where, what is sent again, and what never is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tests.integration.cluster.nodes import ClusterOfThree, Node, move, until
from tests.integration.conftest import Run
from tracker.bootstrap import lock_url, queue_url
from tracker.domain.errors import Invalid, Unavailable
from tracker.settings import Settings
from tracker.store.client import connect
from tracker.store.cluster import servers
from tracker.store.durability import check, require_durable
from tracker.store.failures import refusal
from tracker.store.slots import slot_of_key

TAGS = [f"{{m:{n}}}" for n in range(60)]


@pytest.fixture
def pair(cluster: ClusterOfThree) -> Iterator[tuple[int, Node, Node]]:
    """The slot of `{m:a}`, its node and another one, to which it may move."""
    slot = slot_of_key("{m:a}")
    source = cluster.owner(slot)
    target = next(node for node in cluster.nodes if node is not source)
    yield slot, source, target
    if cluster.owner(slot) is not source:
        move(slot, target, source)


def test_every_node_has_its_part_and_a_pipeline_reaches_all(
    run: Run, store: Redis, cluster: ClusterOfThree
) -> None:
    async def scene() -> None:
        pipeline: Any = store.pipeline(transaction=False)
        for n, tag in enumerate(TAGS):
            pipeline.set(f"{tag}:n", n)
            pipeline.get(f"{tag}:n")
        replies = await pipeline.execute()
        assert replies == [reply for n in range(60) for reply in (True, str(n).encode())]
        seen = {key async for key in store.scan_iter(count=10)}
        assert seen == {f"{tag}:n".encode() for tag in TAGS}
        assert len(await servers(store)) == 3

    run(scene())
    assert all(node.ask("DBSIZE") > 5 for node in cluster.nodes)


def test_a_transaction_is_about_one_slot(run: Run, store: Redis) -> None:
    async def scene() -> None:
        one: Any = store.pipeline(transaction=True)
        one.incr("{m:a}:x").incr("{m:a}:y").incr("{m:a}:x")
        assert await one.execute() == [1, 1, 2]
        two: Any = store.pipeline(transaction=True)
        two.incr("{m:a}:x").incr("{m:b}:x")
        with pytest.raises(redis.exceptions.ClusterCrossSlotError):
            await two.execute()
        assert await store.mget(["{m:a}:x", "{m:b}:x"][:1]) == [b"2"]

    run(scene())


def test_a_transaction_loads_the_scripts_that_its_node_lacks(run: Run, store: Redis) -> None:
    async def step() -> list[Any]:
        client: Any = store
        await client.script_flush()
        script = AsyncScript(store, "return redis.call('GET', KEYS[1])")
        one: Any = store.pipeline(transaction=True)
        one.set("{m:a}:x", 1)
        await script(keys=["{m:a}:x"], client=one)
        found: list[Any] = await one.execute()
        return found

    assert run(step()) == [True, b"1"]


def test_an_error_is_the_first_commands_own(run: Run, store: Redis) -> None:
    async def scene() -> None:
        await store.set("{m:b}:text", "none")
        pipeline: Any = store.pipeline(transaction=False)
        pipeline.incr("{m:a}:n").incr("{m:b}:text").incr("{m:c}:n")
        with pytest.raises(redis.ResponseError, match="Command # 2"):
            await pipeline.execute()
        assert await store.get("{m:c}:n") == b"1"

    run(scene())


def test_a_slot_that_moved_is_found_and_nothing_is_done_twice(
    run: Run, store: Redis, pair: tuple[int, Node, Node]
) -> None:
    slot, source, target = pair

    async def scene() -> None:
        assert await store.incr("{m:a}:n") == 1
        await asyncio.to_thread(move, slot, source, target)
        pipeline: Any = store.pipeline(transaction=False)
        pipeline.incr("{m:a}:n").incr("{m:b}:n").incr("{m:a}:n")
        assert await pipeline.execute() == [2, 1, 3]
        await asyncio.to_thread(move, slot, target, source)
        step: Any = store.pipeline(transaction=True)
        step.incr("{m:a}:n").incr("{m:a}:n")
        assert await step.execute() == [4, 5]
        await asyncio.to_thread(move, slot, source, target)
        client: Any = store
        async with client.pipeline(transaction=True) as watching:
            await watching.watch("{m:a}:n")
            assert await watching.get("{m:a}:n") == b"5"
            watching.multi()
            watching.incr("{m:a}:n")
            assert await watching.execute() == [6]

    run(scene())


def test_watched_keys_that_moved_have_changed(
    run: Run, store: Redis, pair: tuple[int, Node, Node]
) -> None:
    slot, source, target = pair

    async def scene() -> None:
        await store.set("{m:a}:n", 1)
        client: Any = store
        async with client.pipeline(transaction=True) as step:
            await step.watch("{m:a}:n")
            await asyncio.to_thread(move, slot, source, target)
            step.multi()
            step.incr("{m:a}:n")
            with pytest.raises(redis.WatchError):
                await step.execute()
        assert await store.get("{m:a}:n") == b"1"

    run(scene())


def test_writers_go_on_while_their_slot_moves(
    run: Run, store: Redis, pair: tuple[int, Node, Node]
) -> None:
    """Every answer is one increment: none lost, none doubled, in whatever order they came."""
    slot, source, target = pair
    keys = [f"{{m:a}}:{n}" for n in range(10)]
    ended = asyncio.Event()

    async def write(place: int) -> int:
        count = 0
        while not ended.is_set() or count < 50:
            pipeline: Any = store.pipeline(transaction=False)
            for key in keys:
                pipeline.incrby(key, 1)
            count += len(await pipeline.execute())
            count += 1
            await store.incr(keys[place])
        return count

    async def scene() -> None:
        writers = [asyncio.ensure_future(write(place)) for place in range(8)]
        try:
            for _ in range(3):
                await asyncio.to_thread(move, slot, source, target)
                await asyncio.to_thread(move, slot, target, source)
        finally:
            ended.set()
        written = sum(await asyncio.gather(*writers))
        assert sum(int(n or 0) for n in await store.mget(keys)) == written

    run(scene())


def test_a_hash_that_moves_while_it_is_read_is_not_read_by_halves(
    run: Run, store: Redis, pair: tuple[int, Node, Node]
) -> None:
    slot, source, target = pair

    async def scene() -> None:
        await store.hset("{m:a}:h", mapping={str(n): "x" * 70 for n in range(2_000)})
        assert len([1 async for _ in store.hscan_iter("{m:a}:h", count=100)]) == 2_000
        reading = store.hscan_iter("{m:a}:h", count=100)
        assert await anext(reading)
        await asyncio.to_thread(move, slot, source, target)
        with pytest.raises(redis.ResponseError, match="TRYAGAIN"):
            [one async for one in reading]
        assert len([1 async for _ in store.hscan_iter("{m:a}:h", count=100)]) == 2_000
        every = store.scan_iter(count=1)
        assert await anext(every)
        await asyncio.to_thread(move, slot, target, source)
        with pytest.raises(redis.ResponseError, match="TRYAGAIN"):
            [one async for one in every]

    run(scene())


def test_each_server_is_asked_whether_it_is_durable(
    run: Run, store: Redis, cluster: ClusterOfThree
) -> None:
    assert run(check(store)) == []
    second = cluster.nodes[1]
    second.ask("CONFIG SET", "appendfsync", "everysec")
    try:
        said = [f"127.0.0.1:{second.port}: appendfsync is everysec: set it to always"]
        assert run(require_durable(store, accept_volatile=True)) == said
    finally:
        second.ask("CONFIG SET", "appendfsync", "always")


def test_a_replica_takes_over_and_the_same_client_goes_on(run: Run, tmp_path: Path) -> None:
    """Until then commands are refused or fail; none is sent twice."""
    with ClusterOfThree(tmp_path) as own:
        dead = own.owner(slot_of_key("{m:a}"))
        replica = own.add("replica")
        own.nodes.append(replica)
        own.meet(replica)
        master = dead.ask("CLUSTER MYID").decode()
        until("met", lambda: _asked(replica, "CLUSTER REPLICATE", master))
        until("linked", lambda: replica.info("replication").get("master_link_status") == "up")
        until("known", lambda: all(_listed(node, replica) for node in own.nodes))

        async def scene() -> None:
            async with connect(own.url, timeout_s=1.0) as client:
                assert [server.primary for server in await servers(client)].count(False) == 1
                assert await check(client) == []
                assert await client.incr("{m:a}:n") == 1
                until("replicated", lambda: _offset(replica) == _offset(dead))
                dead.kill()
                refused: list[Unavailable | None] = []
                while True:
                    try:
                        number = await client.incr("{m:a}:n")
                        break
                    except redis.RedisError as error:
                        refused.append(refusal(error))
                        await asyncio.sleep(0.05)
                assert refused
                assert None not in refused
                assert number == 2

        run(scene())


def _listed(node: Node, replica: Node) -> bool:
    """Whether a node tells its clients of a replica."""
    ranges = node.ask("CLUSTER", "SLOTS")
    return any(server[1] == replica.port for _, _, _, *others in ranges for server in others)


def _offset(node: Node) -> object:
    """How far a server's stream of changes is."""
    return node.info("replication")["master_repl_offset"]


def _asked(node: Node, *command: object) -> bool:
    """Whether a node does it now."""
    try:
        node.ask(*command)
    except redis.ResponseError:
        return False
    return True


def test_the_url_says_what_the_store_is(run: Run, cluster: ClusterOfThree, tmp_path: Path) -> None:
    async def of(url: str) -> list[str]:
        async with connect(url) as client:
            return await check(client)

    (fault,) = run(of(f"redis://127.0.0.1:{cluster.nodes[0].port}"))
    assert "write cluster://" in fault
    single = Node(tmp_path)
    try:
        with pytest.raises(Invalid, match="write redis://"):
            run(of(f"cluster://127.0.0.1:{single.port}"))
    finally:
        single.close()
    with pytest.raises(redis.ConnectionError):
        run(of(f"cluster://127.0.0.1:{single.port}"))


def test_the_queue_of_a_cluster_is_a_server_of_its_own(tmp_path: Path) -> None:
    url = "cluster://a.example"
    with pytest.raises(Invalid, match="Set TRACKER_QUEUE_URL"):
        queue_url(Settings(data=tmp_path, store_url=url))
    with pytest.raises(Invalid, match="does not run on a cluster"):
        queue_url(Settings(data=tmp_path, store_url=url, queue_url=url))
    settings = Settings(data=tmp_path, store_url=url, queue_url="redis://q")
    assert queue_url(settings) == lock_url(settings) == "redis://q"


@pytest.mark.parametrize(
    ("store", "queue"),
    [
        ("redis://a", "redis://a/1"),
        ("redis://a:1/0", "redis://a:1/1"),
        ("rediss://u:p@a/2?ssl_ca_certs=/ca.pem", "rediss://u:p@a/3?ssl_ca_certs=/ca.pem"),
        ("unix:///s?db=0", "unix:///s?db=1"),
    ],
)
def test_without_an_address_the_queue_is_the_next_database(store: str, queue: str) -> None:
    settings = Settings(store_url=store)
    assert queue_url(settings) == queue
    assert lock_url(settings) == store
