"""The processes as they ship: `tracker up` in a data directory of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TypeVar

import httpx
import psutil
import pytest

from tracker.access.keys import Role
from tracker.bootstrap import open_tracker
from tracker.commands import OFFICE
from tracker.services import keys
from tracker.services.context import Tracker
from tracker.settings import Settings

T = TypeVar("T")
DEADLINE_S = 60.0
TRACKER = [sys.executable, "-m", "tracker.cli"]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: str, holds: Callable[[], T], deadline_s: float = DEADLINE_S) -> T:
    """Waits until a condition holds and returns its value; fails with `what` after a deadline."""
    end = time.monotonic() + deadline_s
    pause = 0.005
    while True:
        value = holds()
        if value:
            return value
        assert time.monotonic() < end, f"waited {deadline_s:g} s in vain: {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


class Running:
    """A running `tracker up`, its address, its keys and its processes."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / "up.log"
        quick = {"TRACKER_REVISION_QUIET_S": "1", "TRACKER_TICK_S": "0.2"}
        environ = {**os.environ, **quick, **settings}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*TRACKER, "up", "--data", str(data), "--port", str(self.port)],
                stdout=log,
                stderr=log,
                env=environ,
            )
        until("the service answers", self.ready)

    def ready(self) -> bool:
        """Whether the service says that all its parts work."""
        assert self.process.poll() is None, self.log.read_text()
        asked = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            asked.request("GET", "/health/ready")
            return asked.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            asked.close()

    def key(self, role: Role, *, bins: tuple[str, ...] = (), markets: tuple[str, ...] = ()) -> str:
        """A new key's secret."""

        async def make(tracker: Tracker) -> str:
            made = await keys.create(
                tracker, OFFICE.id, name=role, role=role, bins=bins, markets=markets
            )
            return made.secret or ""

        return self.inside(make)

    def client(self, key: str) -> httpx.Client:
        """A client that speaks with a key."""
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=30
        )

    def inside(self, work: Callable[[Tracker], Awaitable[T]]) -> T:
        """Runs a use case on the same store."""

        async def run() -> T:
            async with open_tracker(Settings(data=self.data)) as tracker:
                return await work(tracker)

        return asyncio.run(run())

    def children(self, *words: str) -> list[psutil.Process]:
        """The running processes below `tracker up` whose command line holds all these words."""
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            if all(word in line for word in words):
                found.append(child)
        return found

    def kill(self, *words: str) -> int:
        """kill -9 of the processes that match; how many there were."""
        matching = self.children(*words)
        for child in matching:
            try:
                child.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        return len(matching)

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Running]:
    """`tracker up` on a fresh data directory, stopped at the end."""
    running = Running(tmp_path / "data")
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()
