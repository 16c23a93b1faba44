"""What fails beneath a running service: refused clearly, reads go on, and back without hands."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from redis.exceptions import ConnectionError as StoreAway

from tests.e2e.conftest import Running, until
from tests.integration.api.city import HOA, MARKET, City
from tests.integration.registry import Clock
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.services import audit, markets
from tracker.services.context import Tracker
from tracker.store import rundir
from tracker.store.binary import find_binary
from tracker.store.client import connect, connect_sync
from tracker.store.embedded import EmbeddedServer, Limits, StoreNotStarted, socket_of, url_of

T = TypeVar("T")
MIB = 1 << 20
DISK_MIB = 96
FREE_MIB = 48
QUICK = Limits(start_s=20, stop_s=10, backoff_first_s=0.01, backoff_max_s=0.05, look_s=0.02)


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    """Something mounted on a directory; skips where nothing can be."""
    command = ["mount", *options, str(place)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def small_disk(place: Path, mib: int) -> Iterator[None]:
    """A file system of its own."""
    place.mkdir()
    with mounted(place, "-t", "tmpfs", "-o", f"size={mib}m,mode=700", "tmpfs"):
        yield


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """A directory in which nothing can be opened for writing; what is open stays so."""
    with mounted(place, "--bind", "-o", "ro", str(place)):
        yield


class Town:
    """A running service with a market, an admin, and its disk."""

    def __init__(self, up: Running) -> None:
        self.up = up
        self.client = up.client(up.key("admin"))
        self.acknowledged: set[str] = set()
        self._next = 0

    def register(self) -> httpx.Response:
        """One trader at a stall of their own; what was answered with 201 is kept in mind."""
        self._next += 1
        stall = f"A{self._next}"
        answer = self.client.post(
            f"/v1/markets/{MARKET}/vendors", json={"stall": stall, "name": f"Trader {stall}"}
        )
        if answer.status_code == 201:
            self.acknowledged.add(stall)
        return answer

    def read(self) -> int:
        """The status of a read that is counted at the door."""
        return self.client.get(f"/v1/markets/{MARKET}/adoption").status_code

    def server(self) -> int:
        """The store's process; 0 where there is none."""
        found = self.up.children("valkey-server")
        return found[0].pid if found else 0

    def store_log(self) -> str:
        """What the store says of itself."""
        return (self.up.data / rundir.LOG).read_text()

    def fill(self, leave_mib: int) -> Path:
        """Leaves so much free on the disk."""
        filler = self.up.data / "filler"
        with filler.open("wb") as file:
            for _ in range(shutil.disk_usage(self.up.data).free // MIB - leave_mib):
                file.write(bytes(MIB))
        return filler

    def check(self) -> None:
        """All that was acknowledged stands, once, and every view follows from the ledger."""

        async def standing(tracker: Tracker) -> tuple[list[str], list[str]]:
            histories = await tracker.reader.all_histories(MARKET, "CVT")
            stalls = [history.replay().stall or "" for history in histories.values()]
            return stalls, [found.text() async for found in audit.verify(tracker)]

        stalls, differences = self.up.inside(standing)
        assert differences == []
        assert len(stalls) == len(set(stalls))
        assert self.acknowledged <= set(stalls)


def refused(answer: httpx.Response, code: str) -> bool:
    """Whether it is the refusal with this code; any must be a problem that says when to return."""
    if answer.status_code == 201:
        return False
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    return bool(answer.json()["code"] == code)


def rewriting(info: Any) -> bool:
    """Whether the log is being written anew."""
    return bool(info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A service on a small disk."""
    data = tmp_path_factory.mktemp("failures") / "data"
    with small_disk(data, DISK_MIB):
        up = Running(data, TRACKER_STORE_FREE_BYTES_MIN=str(FREE_MIB * MIB))

        async def found(tracker: Tracker) -> None:
            opened = day_number(date(2020, 1, 1))
            new = markets.NewMarket(MARKET, "Chợ Vũng Tàu", "CVT", None, opened)
            await markets.create(tracker, OFFICE, new)

        try:
            up.inside(found)
            town = Town(up)
            yield town
            town.client.close()
        finally:
            up.stop()


def test_a_disk_that_fills_up_is_refused_before_the_store_would_die(town: Town) -> None:
    assert town.register().status_code == 201
    server = town.server()
    filler = town.fill(FREE_MIB // 2)
    until("writes are refused", lambda: refused(town.register(), "STORE_DISK_LOW"))
    assert town.read() == 200
    assert int(town.register().headers["retry-after"]) >= 30
    filler.unlink()
    until("writes are taken again", lambda: town.register().status_code == 201)
    assert town.server() == server  # it never ended
    town.check()


def test_a_disk_that_becomes_read_only(town: Town) -> None:
    assert town.register().status_code == 201
    with read_only(town.up.data / "appendonlydir"):
        assert town.up.kill("valkey-server")  # which goes on with what it has open
        until("it cannot start again", lambda: "Read-only" in town.store_log())
        assert refused(town.register(), "STORE_AWAY")
        assert town.read() == 503
    until("the service is ready again", town.up.ready)
    assert town.register().status_code == 201
    town.check()


def test_a_store_at_its_limit_of_memory(town: Town) -> None:
    place = socket_of(town.up.data)
    assert place is not None
    with connect_sync(url_of(place)) as store:
        info: Any = store.info("memory")
        store.config_set("maxmemory", info["used_memory"])
        until("writes are refused", lambda: refused(town.register(), "STORE_FULL"))
        assert town.read() == 200
        store.config_set("maxmemory", 0)
    assert town.register().status_code == 201
    town.check()


def test_a_disk_that_fills_up_at_once_ends_the_store_until_there_is_room(tmp_path: Path) -> None:
    limit_mib = 32
    with small_disk(tmp_path / "disk", limit_mib):
        data = tmp_path / "disk" / "data"
        limits = Limits(free_bytes_min=8 * MIB, backoff_first_s=0.01, look_s=60)
        with EmbeddedServer(data, limits=limits) as server:
            url = server.url()
            filler = data / "filler"
            with pytest.raises(OSError, match="No space left"):
                filler.write_bytes(bytes(limit_mib * MIB))
            written = 0
            with connect_sync(url) as store, suppress(StoreAway):
                while store.set(f"fact{written}", "x" * 1_000):
                    written += 1
            assert server.wait_for("no_space", timeout_s=10)
            filler.unlink()
            assert server.wait_for("ready", timeout_s=10, restarts=1)
            with connect_sync(url) as store:
                assert all(store.get(f"fact{n}") for n in range(written))
                assert store.get(f"fact{written}") is None  # neither answered nor half there


def test_a_read_only_disk_at_the_start_is_named(tmp_path: Path) -> None:
    with (
        read_only(tmp_path),
        pytest.raises(StoreNotStarted, match="Read-only file system"),
    ):
        EmbeddedServer(tmp_path / "data").start()


def test_a_store_that_restarts_and_loads(tmp_path: Path) -> None:
    slowly = tmp_path / "slowly"
    slowly.touch()
    server_file = tmp_path / "server"
    server_file.write_text(f'#!/bin/sh\nexec {find_binary(tmp_path)} "$@" $(cat {slowly})\n')
    server_file.chmod(0o700)
    data = tmp_path / "data"
    with (
        EmbeddedServer(data, binary=server_file, limits=QUICK) as server,
        asyncio.Runner() as runner,
    ):

        async def whole(work: Awaitable[T]) -> T:
            return await work

        def run(work: Awaitable[T]) -> T:
            return runner.run(whole(work))

        store = connect(server.url())
        city = City(run, store, Clock())
        city.open_market()
        run(store.mset({f"more:{n}": n for n in range(2_000)}))
        run(store.bgrewriteaof())  # loaded key by key, and questions are answered in between
        until("the log is written anew", lambda: not rewriting(run(store.info())))
        slowly.write_text("--key-load-delay 500 --loading-process-events-interval-bytes 1024")
        place = socket_of(data)
        assert place is not None
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        until("it loads", lambda: b"-LOADING" in rundir.ping(place))
        path = f"/v1/markets/{MARKET}/vendors"
        assert refused(city.post("manager", path, HOA, key="k"), "STORE_AWAY")
        assert refused(city.get("manager", path), "STORE_AWAY")
        assert server.wait_for("ready", timeout_s=20, restarts=1)
        assert city.post("manager", path, HOA, key="k").status_code == 201
        run(city.http.aclose())
        run(store.aclose())
