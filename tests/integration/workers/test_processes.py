"""The supervision of all processes of one machine, with a stand-in for the command line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.integration.workers.conftest import until
from tests.integration.workers.fake_cli import PROGRAM
from tracker.child import Limits
from tracker.processes import NotStarted, Processes, told
from tracker.settings import Settings
from tracker.store.embedded import EmbeddedServer, StoreNotStarted, socket_of

UP: Final = (sys.executable, "-m", "tests.integration.workers.fake_up")
QUICK: Final = Limits(ready_s=10, backoff_first_s=0.05, backoff_max_s=0.1)
NAMES: Final = [
    "serve",
    "work---queue-imports",
    "work---queue-snapshots",
    "work---queue-sheets",
    "schedule",
]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", port=free_port())


@pytest.fixture
def processes(settings: Settings) -> Iterator[Processes]:
    with Processes(settings, program=PROGRAM, limits=QUICK) as processes:
        yield processes


def pids(settings: Settings, name: str) -> list[int]:
    """All processes so far that ran under a name."""
    return [int(path.suffix[1:]) for path in settings.data.glob(f"{name}.*[0-9]")]


def alive(settings: Settings, name: str) -> list[int]:
    """Those of them that live."""
    found = []
    for pid in pids(settings, name):
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


def test_everything_runs_and_stops_in_order(settings: Settings, processes: Processes) -> None:
    assert processes.ready()
    assert processes.url == f"http://127.0.0.1:{settings.port}"
    until(lambda: all(alive(settings, name) for name in NAMES))
    assert socket_of(settings.data) is not None
    notes = [path for name in NAMES for path in settings.data.glob(f"{name}.*[0-9]")]
    until(lambda: {path.read_text() for path in notes} == {"began"})
    processes.stop()
    assert (settings.data / "ended").read_text().split()[:2] == ["serve", "schedule"]
    assert sorted((settings.data / "ended").read_text().split()) == sorted(NAMES)
    assert not any(alive(settings, name) for name in [*NAMES, "child"])
    assert socket_of(settings.data) is None


def test_each_process_that_is_killed_is_started_again(
    settings: Settings, processes: Processes
) -> None:
    until(lambda: all(alive(settings, name) for name in NAMES))
    killed = {name: alive(settings, name)[0] for name in NAMES}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    until(lambda: all(alive(settings, name) not in ([], [killed[name]]) for name in NAMES))
    until(processes.ready)
    assert len(alive(settings, "child")) == 1  # what the old one had started is gone


def test_all_end_with_the_process_that_started_them(settings: Settings) -> None:
    up = subprocess.Popen([*UP, "bare"], env=told(settings, os.environ))
    try:
        everything = [*NAMES, "child"]
        until(lambda: all(alive(settings, name) for name in everything))
    finally:
        up.kill()
        up.wait()
    until(lambda: not any(alive(settings, name) for name in everything))
    until(lambda: socket_of(settings.data) is None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_body_and_stops_everything(
    settings: Settings, number: signal.Signals
) -> None:
    environ = told(settings, os.environ)
    up = subprocess.Popen(UP, env=environ, stdout=subprocess.PIPE)
    try:
        assert up.stdout is not None
        assert up.stdout.readline() == b"up\n"
        up.send_signal(number)
        assert up.communicate(timeout=20)[0] == b"down\n"
    finally:
        up.kill()
        up.wait()
    assert up.returncode == 0
    assert not any(alive(settings, name) for name in [*NAMES, "child"])
    assert (settings.data / "processes.log").exists()


def test_a_service_that_ends_at_its_start_is_told_and_nothing_is_left(settings: Settings) -> None:
    settings.data.mkdir()
    (settings.data / "broken").touch()
    with pytest.raises(NotStarted, match="ends at its start"):
        Processes(settings, program=PROGRAM, limits=QUICK).start()
    assert not any(alive(settings, name) for name in NAMES)
    assert socket_of(settings.data) is None


def test_a_store_that_does_not_start_takes_the_service_with_it(settings: Settings) -> None:
    settings.data.mkdir()
    with EmbeddedServer(settings.data), pytest.raises(StoreNotStarted, match="in use"):
        Processes(settings, program=PROGRAM, limits=QUICK).start()
    assert not any(pids(settings, name) for name in NAMES), "it was held back"


def test_a_port_in_use_is_told_before_anything_starts(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port))
        other.listen()
        with pytest.raises(NotStarted, match=r"cannot be listened on .*--port"):
            Processes(settings, program=PROGRAM).start()
    assert not settings.data.exists()


def test_children_are_told_every_setting(tmp_path: Path) -> None:
    settings = Settings(data=Path("here"), processes=3, accept_volatile_store=True, tick_s=0.5)
    environ = told(settings, {"TRACKER_STORE_URL": "redis://stale", "TRACKER_MASTER_KEY": "k"})
    assert Settings.read(environ) == Settings(
        data=Path("here").absolute(), processes=3, accept_volatile_store=True, tick_s=0.5
    )
    assert environ["TRACKER_MASTER_KEY"] == "k"
