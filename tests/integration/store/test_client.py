"""Our clients send a command once, whatever happens to the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, InvalidResponse, ResponseError

from tests.integration.conftest import Run
from tracker.store.client import connect, connect_sync
from tracker.store.embedded import EmbeddedServer, Limits


class Counter:
    """A server that counts increments, and then hangs up, before its answer or after.

    `silent`: it neither answers nor hangs up. `gone` is set when it has hung up.
    """

    def __init__(self, *, silent: bool = False, polite: bool = False) -> None:
        self.silent = silent
        self.polite = polite
        self.gone = asyncio.Event()
        self.seen = 0
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(size + 2))[:-2])
                if words[0] == b"INCRBY":  # what redis-py makes of incr
                    self.seen += 1
                    if self.polite:
                        writer.write(b":1\r\n")
                    if not self.silent:
                        return
                elif words[0] not in {b"MULTI", b"EXEC"}:
                    writer.write(b"+PONG\r\n" if words[0] == b"PING" else b"+OK\r\n")
        except ConnectionError:
            pass
        finally:
            writer.close()
            await writer.wait_closed()
            self.gone.set()


@asynccontextmanager
async def counting(*, silent: bool = False, polite: bool = False) -> AsyncIterator[Counter]:
    counter = Counter(silent=silent, polite=polite)
    server = await asyncio.start_server(counter.talk, "127.0.0.1", 0)
    async with server:
        counter.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield counter


def test_a_write_whose_connection_breaks_is_sent_once(run: Run) -> None:
    async def scene() -> None:
        async with counting() as counter, connect(counter.url) as client:
            with pytest.raises(redis.ConnectionError):
                await client.incr("n")
            assert counter.seen == 1
            pipe = client.pipeline(transaction=False)
            pipe.incr("n")
            with pytest.raises(redis.ConnectionError):
                await pipe.execute()
            assert counter.seen == 2

    run(scene())


def test_with_one_retry_the_same_server_sees_it_twice(run: Run) -> None:
    """Shows that the test above can fail: this is what the library does if it is let."""

    async def scene() -> None:
        retrying = Retry(NoBackoff(), 1)
        async with (
            counting() as counter,
            redis.asyncio.Redis.from_url(counter.url, retry=retrying) as client,
        ):
            with pytest.raises(redis.ConnectionError):
                await client.incr("n")
            assert counter.seen == 2

    run(scene())


def test_a_write_that_is_not_answered_is_sent_once(run: Run) -> None:
    async def scene() -> None:
        async with counting(silent=True) as counter, connect(counter.url, timeout_s=0.1) as client:
            with pytest.raises(redis.TimeoutError):
                await client.incr("n")
            assert counter.seen == 1

    run(scene())


@pytest.mark.parametrize("silent", [False, True])
def test_the_blocking_client_sends_once(run: Run, silent: bool) -> None:
    def incr(url: str) -> None:
        with connect_sync(url, timeout_s=0.1) as client:
            client.incr("n")

    async def scene() -> None:
        async with counting(silent=silent) as counter:
            with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
                await asyncio.to_thread(incr, counter.url)
            assert counter.seen == 1

    run(scene())


@pytest.mark.parametrize("option", ["protocol=3", "retry_on_timeout=true"])
def test_an_option_in_the_url_does_not_bring_retries_back(run: Run, option: str) -> None:
    async def scene() -> None:
        async with counting() as counter, connect(f"{counter.url}?{option}") as client:
            with pytest.raises(redis.ConnectionError):
                await client.incr("n")
            assert counter.seen == 1

    run(scene())


@pytest.mark.parametrize("protocol", ["2", "3"])
def test_a_dead_connection_is_noticed_before_anything_is_sent(run: Run, protocol: str) -> None:
    async def scene() -> None:
        async with (
            counting(polite=True) as counter,
            connect(f"{counter.url}?protocol={protocol}") as client,
        ):
            for _ in range(3):
                counter.gone.clear()
                await client.incr("n")
                await counter.gone.wait()
                await asyncio.sleep(0)  # the end is in the client's socket: let the loop read it
                await asyncio.sleep(0)
            assert counter.seen == 3

    run(scene())


@pytest.mark.parametrize("loop_saw_it", [True, False])
@pytest.mark.parametrize("protocol", ["2", "3"])
def test_after_a_restart_nothing_is_lost_or_doubled(
    tmp_path: Path, run: Run, loop_saw_it: bool, protocol: str
) -> None:
    """Pooled connections from before are noticed dead before anything is sent on them.

    A loop that was too busy to hear of the end sends the first command on each into the void:
    that fails cleanly, and is not repeated.
    """
    quick = Limits(backoff_first_s=0.01)

    async def scene(server: EmbeddedServer) -> None:
        async with connect(f"{server.url()}&protocol={protocol}") as client:
            await asyncio.gather(*(client.incr("n") for _ in range(8)))  # 8 connections
            assert server.pid is not None
            psutil.Process(server.pid).kill()
            if loop_saw_it:
                await asyncio.to_thread(server.wait_for, "ready", timeout_s=10, restarts=1)
            else:
                server.wait_for("ready", timeout_s=10, restarts=1)
            answers = await asyncio.gather(
                *(client.incr("n") for _ in range(16)), return_exceptions=True
            )
            numbers = [answer for answer in answers if isinstance(answer, int)]
            errors = [answer for answer in answers if not isinstance(answer, int)]
            assert all(isinstance(error, redis.ConnectionError) for error in errors)
            if loop_saw_it:
                assert not errors
            assert sorted(numbers) == list(range(9, 9 + len(numbers)))
            assert await client.get("n") == str(8 + len(numbers)).encode()

    with EmbeddedServer(tmp_path, limits=quick) as server:
        run(scene(server))


def test_the_blocking_client_goes_on_after_a_restart(tmp_path: Path) -> None:
    with (
        EmbeddedServer(tmp_path, limits=Limits(backoff_first_s=0.01)) as server,
        connect_sync(server.url(db=1)) as client,
    ):
        assert client.incr("n") == 1
        assert server.pid is not None
        psutil.Process(server.pid).kill()
        assert server.wait_for("ready", timeout_s=10, restarts=1)
        assert client.incr("n") == 2


def test_more_callers_than_connections_wait_their_turn(store_url: str, run: Run) -> None:
    async def scene() -> None:
        async with connect(store_url, max_connections=2) as client:
            await client.delete("n")
            await asyncio.gather(*(client.incr("n") for _ in range(200)))
            assert await client.get("n") == b"200"
            assert len(await client.client_list()) <= 4

    run(scene())


def test_a_pop_may_block_longer_than_a_command_may_take(store_url: str) -> None:
    with connect_sync(store_url, timeout_s=0.05, longest_pop_s=1) as client:
        assert client.blpop(["nothing"], timeout=0.2) is None
    with (
        connect_sync(store_url, timeout_s=0.05) as client,
        pytest.raises(redis.TimeoutError),
    ):
        client.blpop(["nothing"], timeout=0.2)


def test_another_kind_of_url_is_refused() -> None:
    with pytest.raises(ValueError, match="unix://"):
        connect("http://127.0.0.1:6379")


@asynccontextmanager
async def saying(replies: bytes) -> AsyncIterator[str]:
    """A server that answers a PING, the first commands with these bytes, each later one with OK."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while asked := await reader.read(1 << 16):
            ping = b"PING" in asked
            writer.write(b"+PONG\r\n" if ping else said.pop() if said else b"+OK\r\n")
            await writer.drain()
        writer.close()

    said = [replies]
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        (b"+OK\r\n?what\r\n+OK\r\n", InvalidResponse),
        (b"+OK\r\n-LOADING Redis is loading\r\n+OK\r\n", BusyLoadingError),
        (b"+OK\r\n-ERR no such thing\r\n+OK\r\n", ResponseError),
    ],
)
def test_a_reply_that_is_an_error_or_none_among_others_is_told_and_mixes_up_no_later_one(
    run: Run, replies: bytes, error: type[Exception]
) -> None:
    async def once() -> None:
        async with saying(replies) as url, connect(url, max_connections=1) as client:
            pipeline = client.pipeline(transaction=False)
            for n in range(3):
                pipeline.set("a", n)
            with pytest.raises(error):
                await pipeline.execute()
            assert await client.set("b", 1)

    run(once())
