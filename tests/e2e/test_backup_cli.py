"""Backup, restore, drill and upgrade by the command line, on the processes as they ship."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from tests.e2e.conftest import TRACKER, Running
from tracker.commands import OFFICE
from tracker.services import audit, markets, vendors
from tracker.services.context import Tracker
from tracker.services.markets import NewMarket
from tracker.services.vendors import NewAccount, NewVendor
from tracker.store.keys import SCHEMA_VERSION, Space
from tracker.store.schema_version import SCHEMA

MARKET = "cho-lon"
OPENED = 19_000


def tracker(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end."""
    command = [*TRACKER, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def told(*words: str | Path) -> dict[str, Any]:
    """What a command that succeeds prints."""
    done = tracker(*words)
    assert done.returncode == 0, done.stderr
    return json.decode(done.stdout, type=dict[str, Any])


async def fill(tracker: Tracker) -> None:
    """A market with some traders."""
    await markets.create(tracker, OFFICE, NewMarket(MARKET, "Chợ Lớn", "CLN", None, OPENED))
    for n in range(20):
        account = NewAccount("970436", f"0071000{n:06d}")
        new = NewVendor(stall=f"A{n}", name=f"Trần Thị {n}", account=account, issue_code=True)
        await vendors.register(tracker, OFFICE, MARKET, new)


@pytest.fixture
def filled(up: Running) -> Running:
    """`tracker up` with a market."""
    up.inside(fill)
    return up


async def differences(tracker: Tracker) -> list[str]:
    """What `verify` says."""
    return [found.text() async for found in audit.verify(tracker)]


def test_a_backup_of_the_running_service_is_restored_into_a_new_directory_and_started(
    filled: Running, tmp_path: Path
) -> None:
    made = told("backup", tmp_path / "bk", "--data", filled.data)
    assert made["vendors"] == 20
    assert told("restore", tmp_path / "bk", "--check")["digest"] == made["digest"]
    nowhere = tracker("backup", tmp_path / "bk" / "manifest.json" / "x", "--data", filled.data)
    assert (nowhere.returncode, "[BACKUP_NOT_WRITTEN]" in nowhere.stderr) == (1, True)
    new = tmp_path / "new"
    new.mkdir()
    restore = ("restore", tmp_path / "bk", "--data", new)
    asked = tracker(*restore)
    assert (asked.returncode, "[ERASED_LIST]" in asked.stderr) == (1, True)
    keyless = tracker(*restore, "--no-newer-erased")
    assert (keyless.returncode, "[BAD_MASTER_KEY]" in keyless.stderr) == (1, True)
    shutil.copy(filled.data / "master.key", new)
    done = told(*restore, "--no-newer-erased")
    assert (done["markets"], done["entries"]) == (1, made["entries"])
    again = tracker(*restore, "--no-newer-erased")
    assert (again.returncode, "[STORE_NOT_EMPTY]" in again.stderr) == (1, True)
    assert tracker("verify", "--data", new).stdout == "clean\n"
    running = Running(new)
    try:
        with running.client(running.key("admin")) as http:
            page = http.get(f"/v1/markets/{MARKET}/vendors").json()
        assert {item["name"] for item in page["items"]} == {f"Trần Thị {n}" for n in range(20)}
    finally:
        running.stop()


def test_the_drill_is_one_command_and_leaves_nothing_behind(
    filled: Running, tmp_path: Path
) -> None:
    place = tmp_path / "drill"
    place.mkdir()
    done = told("drill", "--data", filled.data, "--in", place)
    assert (done["result"], done["vendors"], done["differences"]) == ("passed", 20, [])
    assert done["live_figures_compared"] == 1
    assert list(place.iterdir()) == []


def test_a_drill_of_a_store_whose_views_are_wrong_fails(filled: Running, tmp_path: Path) -> None:
    async def spoil(tracker: Tracker) -> None:
        await tracker.client.srem(Space(MARKET).sets, "roster")

    filled.inside(spoil)
    done = tracker("drill", "--data", filled.data, "--in", tmp_path)
    assert done.returncode == 1
    assert "live figures" in json.decode(done.stdout)["differences"][0]


def test_up_brings_its_own_older_store_forward_and_refuses_a_newer_one(
    filled: Running, tmp_path: Path
) -> None:
    async def older(tracker: Tracker) -> None:
        await tracker.client.delete(SCHEMA_VERSION, Space(MARKET).rows)

    filled.inside(older)
    filled.stop()
    refused = tracker("verify", "--data", filled.data)
    assert (refused.returncode, "[SCHEMA_OLDER]" in refused.stderr) == (1, True)
    again = Running(filled.data)
    try:
        assert again.inside(differences) == []
        assert f"version 1 to {SCHEMA}" in again.log.read_text()

        async def newer(tracker: Tracker) -> None:
            await tracker.client.set(SCHEMA_VERSION, SCHEMA + 1)

        again.inside(newer)
    finally:
        again.stop()
    refused = tracker("up", "--data", filled.data, "--port", str(again.port))
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith("[SCHEMA_NEWER]")


def test_an_older_store_is_upgraded_by_command_and_can_be_backed_up_before(
    filled: Running, tmp_path: Path
) -> None:
    async def older(tracker: Tracker) -> None:
        await tracker.client.delete(SCHEMA_VERSION)

    filled.inside(older)
    filled.stop()
    assert told("backup", tmp_path / "before", "--data", filled.data)["vendors"] == 20
    done = tracker("upgrade", "--data", filled.data)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)
    assert tracker("verify", "--data", filled.data).stdout == "clean\n"
