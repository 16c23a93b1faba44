"""The door of the store: windows that slide by its clock, exact for all that count in them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tracker.domain.facts import KeyCreated, encode
from tracker.store.client import connect
from tracker.store.commit import Commit, Committer
from tracker.store.doorkeeper import UNKNOWN, WINDOW_US, Counted, Document, Doorkeeper
from tracker.store.keys import SERVICE, Space, window

SUBJECT = "key:abcdefgh"
FACT = KeyCreated(1, 1, "test", "abcdefgh", "a bank", "bank", (), (), None, b"d" * 32)
SECOND = 1_000_000


class Door:
    """A key at the door, and what is in its window."""

    def __init__(self, run: Run, store: Redis) -> None:
        self.run = run
        self.store: Any = store
        self.keeper = Doorkeeper(store)
        commit = Commit(Space(SERVICE))
        commit.append(SUBJECT, 0, [FACT])
        run(Committer(store).commit(commit))
        found = run(self.keeper.ask(SUBJECT, b"", 5))
        assert isinstance(found, Document)
        self.found = found

    def ask(self, requests_max: int) -> Counted:
        """One request."""
        counted = self.run(self.keeper.ask(SUBJECT, self.found.raw, requests_max))
        assert isinstance(counted, Counted)
        return counted

    def now(self) -> int:
        """The store's clock in µs."""
        seconds, us = self.run(self.store.time())
        return int(seconds) * SECOND + int(us)

    def came(self, *ago_us: int) -> None:
        """Requests were made so long ago, oldest first."""
        now = self.now()
        self.run(self.store.rpush(window(SUBJECT), *[now - ago for ago in ago_us]))

    def times(self) -> list[int]:
        """What is in the window."""
        return [int(time) for time in self.run(self.store.lrange(window(SUBJECT), 0, -1))]


@pytest.fixture
def door(run: Run, store: Redis) -> Door:
    """A key with no request yet."""
    return Door(run, store)


@pytest.fixture
def others(run: Run, store_url: str) -> Iterator[list[Redis]]:
    """Clients of other processes."""
    clients = [connect(store_url) for _ in range(4)]
    yield clients
    for client in clients:
        run(client.aclose())


def test_what_is_not_known_comes_back_and_is_not_counted(door: Door) -> None:
    assert door.found.facts == (FACT,)
    assert door.found.raw.endswith(encode(FACT))
    assert door.times() == []
    assert door.run(door.keeper.ask("key:nobodyyy", b"", 5)) == UNKNOWN
    assert door.run(door.keeper.ask("key:nobodyyy", door.found.raw, 5)) == UNKNOWN
    assert isinstance(door.run(door.keeper.ask(SUBJECT, door.found.raw + b"x", 5)), Document)
    assert door.times() == []


def test_of_many_at_once_from_many_processes_just_the_limit_passes(
    door: Door, others: list[Redis]
) -> None:
    keepers = [Doorkeeper(client) for client in others]

    async def storm() -> list[Counted | Document]:
        asked = [keepers[n % 4].ask(SUBJECT, door.found.raw, 100) for n in range(400)]
        return await asyncio.gather(*asked)

    answers = [one for one in door.run(storm()) if isinstance(one, Counted)]
    assert sum(one.passes for one in answers) == 100
    assert sorted(one.left for one in answers if one.passes) == list(range(100))
    assert all(0 < one.wait_us <= WINDOW_US for one in answers)
    assert len(door.times()) == 100


def test_a_request_leaves_the_window_after_60_seconds_and_not_before(door: Door) -> None:
    door.came(60 * SECOND + 1, 58 * SECOND, 30 * SECOND, 10 * SECOND, 0)
    counted = door.ask(5)
    assert counted.passes
    assert counted.left == 0
    refused = door.ask(5)
    assert not refused.passes
    assert SECOND < refused.wait_us <= 2 * SECOND
    assert len(door.times()) == 5


def test_refused_requests_are_not_counted_and_the_window_goes_by_itself(door: Door) -> None:
    for _ in range(9):
        door.ask(3)
    assert len(door.times()) == 3
    assert 0 < door.run(door.store.pttl(window(SUBJECT))) <= 60_001


def test_a_lowered_limit_waits_until_enough_have_left(door: Door) -> None:
    door.came(50 * SECOND, 40 * SECOND, 30 * SECOND, 20 * SECOND)
    refused = door.ask(2)
    assert not refused.passes
    assert 29 * SECOND < refused.wait_us <= 30 * SECOND


def test_a_clock_that_was_set_back_blocks_nobody(door: Door) -> None:
    door.came(*[-3_600 * SECOND] * 3)
    assert door.ask(3) == Counted(True, 2, WINDOW_US)
    door.run(door.store.delete(window(SUBJECT)))
    door.came(-5 * SECOND, -5 * SECOND)
    assert door.ask(3).left == 0
    times = door.times()
    assert times[-1] == times[0]  # time stands, so that no window has more than its limit
    assert not door.ask(3).passes


def test_no_limit_is_not_counted(door: Door) -> None:
    assert door.ask(0) == Counted(True, 0, 0)
    assert door.times() == []


def test_counting_writes_nothing_to_the_disk(door: Door) -> None:
    def written() -> int:
        return int(door.run(door.store.info("persistence"))["aof_current_size"])

    before = written()
    for _ in range(50):
        door.ask(100)
    assert written() == before
    door.run(door.store.set("x", "y"))
    assert written() > before
