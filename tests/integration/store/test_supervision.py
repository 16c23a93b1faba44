"""The supervision of the embedded server, tried with a program that plays the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.store.fake import fake
from tracker.store.embedded import EmbeddedServer, Limits, StoreNotStarted

QUICK = Limits(start_s=20, stop_s=10, backoff_first_s=0.01, backoff_max_s=0.05)


def test_stop_while_it_waits_for_room(tmp_path: Path) -> None:
    plan = ["pong exit 1", "pong"]
    server = EmbeddedServer(
        tmp_path, binary=fake(tmp_path, plan), limits=QUICK, free_space=lambda _: 0
    ).start()
    assert server.wait_for("no_space", timeout_s=10)
    server.stop()
    assert server.state == "stopped"


def test_start_waits_while_it_loads(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path, binary=fake(tmp_path, ["loading loading pong"]), limits=QUICK):
        assert (tmp_path / "answers").read_text().split() == ["loading", "loading", "pong"]


def test_start_gives_up_on_one_that_never_ends_loading(tmp_path: Path) -> None:
    slow = fake(tmp_path, ["loading"])  # the last word is said for ever
    server = EmbeddedServer(tmp_path, binary=slow, limits=Limits(start_s=0.5, stop_s=10))
    with pytest.raises(StoreNotStarted, match=r"not ready after 0\.5 s"):
        server.start()
    assert server.state == "stopped"
    assert server.pid is None


def test_a_full_disk_at_the_start_is_named(tmp_path: Path) -> None:
    broken = fake(tmp_path, ["exit 1"])
    server = EmbeddedServer(tmp_path, binary=broken, limits=QUICK, free_space=lambda _: 0)
    with pytest.raises(StoreNotStarted, match="the disk is nearly full"):
        server.start()


def test_a_stable_time_resets_the_back_off(tmp_path: Path) -> None:
    seconds = iter(range(0, 3600 * 10_000, 3600))  # each life looks an hour long
    limits = Limits(backoff_first_s=0.01, backoff_max_s=600, stable_s=600)
    program = fake(tmp_path, ["pong exit 3"] * 16 + ["pong"])
    with EmbeddedServer(
        tmp_path, binary=program, limits=limits, clock=lambda: float(next(seconds))
    ) as server:  # without the reset the pauses would add up to more than 5 minutes
        assert server.wait_for("ready", timeout_s=20, restarts=16)


def test_the_store_sees_no_secret_of_ours_and_not_our_terminal(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, os\n"
        "from tracker.store.embedded import EmbeddedServer\n"
        "data, binary = map(pathlib.Path, sys.argv[1:])\n"
        "with EmbeddedServer(data, binary=binary) as server:\n"
        "    print(os.getsid(server.pid) != os.getsid(0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path, fake(tmp_path, ["pong"])],
        env={"TRACKER_MASTER_KEY": "secret", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True"
    names = (tmp_path / "environ").read_text().splitlines()
    assert "PATH" in names
    assert "TRACKER_MASTER_KEY" not in names
