"""`tracker pull` against the service as it ships: cron's view of the feed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import TRACKER, Running, until
from tests.integration.registry import Clock, build
from tracker.services import snapshots
from tracker.services.context import Tracker


def pull(url: str, key: str, out: Path) -> subprocess.CompletedProcess[str]:
    """One run, with the key in the environment."""
    return subprocess.run(
        [*TRACKER, "pull", "--url", url, "--out", str(out)],
        env={**os.environ, "TRACKER_PULL_KEY": key},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def calm(tracker: Tracker) -> bool:
    """Whether the running schedule has nothing left to publish.

    It tells each market of the accounts that the other has too, and recomputes what that and a
    writer of another time (the test's clock stands in 2023) left to be revised: days that were
    published as not final are final by now.
    """
    every = list(await tracker.reader.markets())
    if await tracker.schedule_state.closed_until() is None or await tracker.examined.behind(every):
        return False
    return not (await tracker.reader.marks(every) or await tracker.jobs.open_ids())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "pulled"


def test_pull_follows_a_running_service(up: Running, out: Path) -> None:
    clock = Clock()

    async def first(tracker: Tracker) -> None:
        tracker.now = clock
        await build(tracker, clock)

    async def later(tracker: Tracker) -> None:
        await snapshots.publish_days(tracker, ["cho-vung-tau"], [19_600, 19_601])

    up.inside(first)
    until("the schedule has worked off what `build` left", lambda: up.inside(calm))
    key = up.key("ioc")
    done = pull(up.url, key, out)
    assert (done.returncode, done.stderr) == (0, "")
    count = len(list(out.rglob("*.r*.json")))
    assert done.stdout == f"{count} new\n"
    assert count >= 8
    assert pull(f"{up.url}/", key, out).stdout == "0 new\n"
    up.inside(later)
    assert pull(up.url, key, out).stdout == "2 new\n"
    table = (out / "snapshots.csv").read_text("utf-8-sig").splitlines()
    assert len(table) == 1 + count + 2
    assert any("Chợ CVT" in line for line in table)

    refused = pull(up.url, f"ctk_{'a' * 8}_{'b' * 43}", out)
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("tracker: /v1/snapshots: 401 UNAUTHENTICATED")
    state = out / "state.json"
    state.write_text(
        state.read_text().replace('"cho-vung-tau":"sha256:', '"cho-vung-tau":"sha256:x')
    )
    up.inside(lambda tracker: snapshots.publish_days(tracker, ["cho-vung-tau"], [19_602]))
    untrue = pull(up.url, key, out)
    assert untrue.returncode == 3
    (line,) = untrue.stderr.splitlines()
    assert "chain is broken" in line


def test_nobody_there_is_one_line(out: Path) -> None:
    done = pull("http://127.0.0.1:1", "key", out)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("tracker: http://127.0.0.1:1 does not answer")
