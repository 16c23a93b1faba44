"""Start, stop, death and return of the embedded server. Every wait is for a condition."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from tests.integration.store.fake import fake
from tracker.store import rundir
from tracker.store.binary import Tie
from tracker.store.client import connect_sync
from tracker.store.embedded import EmbeddedServer, Limits, StoreNotStarted, socket_of, url_of

QUICK = Limits(start_s=20, stop_s=10, backoff_first_s=0.01, backoff_max_s=0.05)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's rlimits or prctl")


def put(url: str, key: str, value: str) -> None:
    with connect_sync(url) as client:
        assert client.set(key, value)


def get(url: str, key: str) -> Any:
    with connect_sync(url) as client:
        return client.get(key)


def server_process(server: EmbeddedServer, tie: Tie = "kernel") -> psutil.Process:
    assert server.pid is not None
    process = psutil.Process(server.pid)
    return process if tie == "kernel" else process.children()[0]


@pytest.mark.parametrize("tie", [pytest.param("kernel", marks=on_linux), "pipe"])
def test_what_was_written_is_there_after_a_stop(tmp_path: Path, tie: Tie) -> None:
    data = tmp_path / "data"
    with EmbeddedServer(data, tie=tie, limits=QUICK) as server:
        put(server.url(), "a", "1")
        put(server.url(db=1), "b", "2")
        process = server_process(server, tie)
        place = socket_of(data)
        assert place is not None
        assert place.stat().st_mode & 0o077 == 0
        assert place.parent.stat().st_mode & 0o077 == 0
        assert url_of(place) == server.url()
    assert server.state == "stopped"
    assert not process.is_running()
    assert socket_of(data) is None
    assert not place.parent.exists()
    assert "ready to exit" in (data / rundir.LOG).read_text()  # a clean end, not a kill
    with EmbeddedServer(data, tie=tie, limits=QUICK) as server:
        assert get(server.url(), "a") == b"1"
        assert get(server.url(db=1), "b") == b"2"


def test_one_object_starts_again_after_its_stop(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path, limits=QUICK)
    with server:
        put(server.url(), "a", "1")
        with pytest.raises(StoreNotStarted, match="started already"):
            server.start()
    server.stop()  # twice is no fault
    with pytest.raises(StoreNotStarted, match="start it first"):
        server.url()
    with server:
        assert get(server.url(), "a") == b"1"


def test_a_second_start_on_the_directory_is_refused(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path, limits=QUICK) as server:
        with pytest.raises(
            StoreNotStarted, match=r"is in use by process \d+: stop that one"
        ) as refused:
            EmbeddedServer(tmp_path, limits=QUICK).start()
        assert "\n" not in refused.value.detail
        put(server.url(), "a", "1")  # the first one is not disturbed


def test_the_lock_waits_for_the_server_of_a_dead_owner_and_then_gives_up(tmp_path: Path) -> None:
    held = rundir.lock(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / rundir.LOCK).write_text(str(gone.pid))  # the owner is dead, the lock is held
    ticks = iter(range(100))
    with pytest.raises(StoreNotStarted, match="in use by a valkey-server that was left"):
        rundir.lock(tmp_path, wait_s=3, clock=lambda: float(next(ticks)))
    os.close(held)
    os.close(rundir.lock(tmp_path))


@pytest.mark.parametrize("tie", [pytest.param("kernel", marks=on_linux), "pipe"])
def test_killed_it_comes_back_with_everything_acknowledged(tmp_path: Path, tie: Tie) -> None:
    with EmbeddedServer(tmp_path, tie=tie, limits=QUICK) as server:
        url = server.url()
        for round_ in range(1, 4):
            put(url, f"round{round_}", "kept")
            server_process(server, tie).kill()
            assert server.wait_for("ready", timeout_s=10, restarts=round_)
            assert server.url() == url
            assert get(url, f"round{round_}") == b"kept"
        assert server.restarts == 3


@pytest.mark.parametrize("tie", [pytest.param("kernel", marks=on_linux), "pipe"])
def test_it_dies_with_its_parent(tmp_path: Path, tie: Tie) -> None:
    data = tmp_path / "data"
    program = (
        "import sys, pathlib\n"
        "from tracker.store.embedded import EmbeddedServer\n"
        f"server = EmbeddedServer(pathlib.Path(sys.argv[1]), tie={tie!r}).start()\n"
        "print(server.url(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, data], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().decode().strip()
        put(url, "a", "1")
        children = psutil.Process(parent.pid).children(recursive=True)
        assert any("valkey" in child.name() for child in children)
        parent.kill()
        parent.wait()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive
    assert socket_of(data) is None  # a note is left, and not taken for a server
    with EmbeddedServer(data, limits=QUICK) as server:
        assert server.url() == url  # the private directory is used again
        assert get(url, "a") == b"1"


def test_a_server_that_outlived_everybody_keeps_the_directory_locked(tmp_path: Path) -> None:
    """Only ``pipe`` lets one: where the launcher and the supervisor are both killed."""
    program = (
        "import sys, pathlib\n"
        "from tracker.store.embedded import EmbeddedServer\n"
        "server = EmbeddedServer(pathlib.Path(sys.argv[1]), tie='pipe').start()\n"
        "print(server.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        launcher = psutil.Process(int(parent.stdout.readline()))
        left = launcher.children()[0]
        psutil.Process(parent.pid).suspend()  # it shall not restart
        launcher.kill()
        parent.kill()
    try:
        assert left.is_running()
        with pytest.raises(StoreNotStarted, match="left over"):
            rundir.lock(tmp_path, wait_s=0)
    finally:
        left.kill()
        left.wait(10)
    with EmbeddedServer(tmp_path, limits=QUICK):
        pass


def test_a_path_longer_than_a_socket_may_have(tmp_path: Path) -> None:
    data = tmp_path / "chợ Bến Thành 'quận 1'" / ("d" * 120)
    with EmbeddedServer(data, limits=QUICK) as server:
        put(server.url(), "a", "1")
        place = socket_of(data)
        assert place is not None
        assert len(str(place)) <= rundir.SOCKET_PATH_BYTES_MAX
    assert (data / "appendonlydir").is_dir()


def test_a_copy_of_a_running_directory_is_not_taken_for_it(tmp_path: Path) -> None:
    first, copy = tmp_path / "first", tmp_path / "copy"
    with EmbeddedServer(first, limits=QUICK) as server:
        put(server.url(), "a", "1")
        shutil.copytree(first, copy)
        assert (copy / rundir.WHERE).exists()
        assert socket_of(copy) is None
        with EmbeddedServer(copy, limits=QUICK) as other:
            assert other.url() != server.url()
            put(other.url(), "a", "2")
        assert get(server.url(), "a") == b"1"


@on_linux
def test_after_a_write_error_it_waits_for_room(tmp_path: Path) -> None:
    free = QUICK.free_bytes_min
    limits = Limits(backoff_first_s=0.01, backoff_max_s=0.05, look_s=60)  # it fills up faster
    server = EmbeddedServer(tmp_path, limits=limits, free_space=lambda _: free)
    with server:
        put(server.url(), "a", "1")
        free = 0
        log = next((tmp_path / "appendonlydir").glob("*.incr.aof"))
        size = log.stat().st_size + 10  # the disk is full 10 bytes from here
        server_process(server).rlimit(psutil.RLIMIT_FSIZE, (size, size))
        with connect_sync(server.url()) as client, pytest.raises(redis.ConnectionError):
            client.set("b", "x" * 100)
        assert server.wait_for("no_space", timeout_s=10)
        assert server.restarts == 0
        free = QUICK.free_bytes_min
        assert server.wait_for("ready", timeout_s=10, restarts=1)
        assert get(server.url(), "a") == b"1"
        assert get(server.url(), "b") is None  # never acknowledged, not half there


@on_linux
def test_a_kill_with_a_full_disk_is_no_write_error(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path, limits=QUICK, free_space=lambda _: 0) as server:
        server_process(server).kill()
        assert server.wait_for("ready", timeout_s=10, restarts=1)


@pytest.mark.parametrize("tie", [pytest.param("kernel", marks=on_linux), "pipe"])
def test_one_that_ignores_sigterm_is_killed(tmp_path: Path, tie: Tie) -> None:
    deaf = fake(tmp_path, ["deaf pong"])
    server = EmbeddedServer(tmp_path, binary=deaf, limits=Limits(stop_s=0.4), tie=tie).start()
    process = server_process(server, tie)
    server.stop()
    assert not process.is_running()


def test_a_damaged_log_is_named_at_the_start(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path, limits=QUICK) as server:
        put(server.url(), "a", "1")
    log = next((tmp_path / "appendonlydir").glob("*.incr.aof"))
    log.write_bytes(b"no log at all\r\n" + log.read_bytes())
    with pytest.raises(StoreNotStarted, match="Bad file format"):
        EmbeddedServer(tmp_path, limits=QUICK).start()
    assert socket_of(tmp_path) is None


def test_the_log_is_bounded_and_leftovers_go(tmp_path: Path) -> None:
    (tmp_path / rundir.LOG).write_bytes(b"x" * 2000)
    (tmp_path / "appendonlydir").mkdir()
    left = tmp_path / "appendonlydir" / "temp-rewriteaof-bg-1.aof"
    left.touch()
    with EmbeddedServer(tmp_path, limits=Limits(log_bytes_max=1000)):
        assert (tmp_path / f"{rundir.LOG}.1").stat().st_size == 2000
        assert b"xxx" not in (tmp_path / rundir.LOG).read_bytes()
        assert not left.exists()
        for path in [tmp_path / rundir.LOG, *(tmp_path / "appendonlydir").iterdir()]:
            assert path.stat().st_mode & 0o077 == 0
