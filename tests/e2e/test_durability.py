"""What is answered is on the disk: held against the store's own system calls."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from tests.e2e.conftest import Running
from tests.e2e.syscalls import Found, check, traced
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.services import markets
from tracker.services.context import Tracker
from tracker.store.client import connect_sync
from tracker.store.embedded import socket_of, url_of

MARKET = "cho-lon"
WRITERS = 32
TRADERS = 320
ROUNDS_MAX = 6


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A running service with a market, and a bank's key."""
    running = Running(tmp_path_factory.mktemp("durability") / "data", TRACKER_RATE_LIMITS="")

    async def found(tracker: Tracker) -> None:
        opened = day_number(date(2020, 1, 1))
        await markets.create(
            tracker, OFFICE, markets.NewMarket(MARKET, "Chợ Lớn", "CLN", None, opened)
        )

    try:
        running.inside(found)
        yield running, running.key("bank", bins=("970436",))
    finally:
        running.stop()


def registered_under_trace(
    bank: tuple[Running, str], trace: Path, first: int, **settings: str
) -> Found:
    """So many writers register traders at once while the store is traced."""
    running, key = bank
    (server,) = running.children("valkey-server")
    place = socket_of(running.data)
    assert place is not None

    def register(n: int) -> int:
        body = {"stall": f"A{n}", "name": f"Trader {n}"}
        return client.post(
            f"/v1/markets/{MARKET}/vendors", json=body, headers={"Idempotency-Key": f"k{n}"}
        ).status_code

    with connect_sync(url_of(place)) as store, running.client(key) as client:
        for name, value in settings.items():
            store.config_set(name, value)
        with traced(server.pid, trace), ThreadPoolExecutor(WRITERS) as pool:
            half = [pool.submit(register, n) for n in range(first, first + TRADERS // 2)]
            store.execute_command("BGREWRITEAOF")  # facts go into a new file from here on
            half += [pool.submit(register, n) for n in range(first + TRADERS // 2, first + TRADERS)]
            assert {future.result() for future in half} == {201}
    return check(trace, MARKET)


def test_no_answer_leaves_before_its_commit_is_synced(
    bank: tuple[Running, str], tmp_path: Path
) -> None:
    found = registered_under_trace(bank, tmp_path / "trace", 0)
    assert found.early == []
    assert found.unsynced == 0
    assert found.answers >= TRADERS
    assert found.syncs > 0


def test_the_check_finds_a_store_that_syncs_once_a_second(
    bank: tuple[Running, str], tmp_path: Path
) -> None:
    early = unsynced = 0
    for round_ in range(1, 1 + ROUNDS_MAX):
        # On a machine with much else to do a second's sync may fall before many answers.
        trace, first = tmp_path / f"trace-{round_}", round_ * TRADERS
        found = registered_under_trace(bank, trace, first, appendfsync="everysec")
        assert found.answers >= TRADERS
        early += len(found.early)
        unsynced += found.unsynced
        if min(early, unsynced) > TRADERS / 2:
            return
    pytest.fail(f"of {ROUNDS_MAX * TRADERS} answers {early} were found early")
