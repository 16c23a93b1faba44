"""The clock of facts never goes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.clock import BACK_MAX_MS, SteadyClock
from tracker.domain.errors import Unavailable

NOON = 1_700_000_000_000


class Machine:
    """Two clocks: one that may be set, one that counts."""

    def __init__(self) -> None:
        self.wall = NOON
        self.passed = 5_000

    def runs(self, ms: int) -> None:
        """Time goes by."""
        self.wall += ms
        self.passed += ms

    def clock(self, floor: int = 0) -> SteadyClock:
        """A process that starts now."""
        return SteadyClock(floor, wall=lambda: self.wall, elapsed=lambda: self.passed)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(-86_400_000, 86_400_000))))
def test_it_never_goes_back_and_never_stands_still(steps: list[tuple[int, int]]) -> None:
    machine = Machine()
    clock = machine.clock()
    last = clock()
    for ms, jump in steps:
        machine.runs(ms)
        machine.wall += jump
        now = clock()
        assert now >= last + ms
        assert now >= machine.wall
        last = now


def test_it_follows_the_machine_again_once_that_has_caught_up() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall -= 60_000
    machine.runs(1_000)
    assert clock() == NOON + 1_000
    machine.wall += 90_000
    assert clock() == machine.wall == NOON + 31_000


def test_processes_of_one_machine_go_on_alike() -> None:
    machine = Machine()
    busy, idle = machine.clock(), machine.clock()
    machine.runs(600_000)
    before = busy()
    machine.wall -= 30_000  # the idle one has not looked for ten minutes
    assert idle() == busy() == before


def test_one_that_starts_goes_on_where_the_store_was() -> None:
    machine = Machine()
    clock = machine.clock(floor=NOON + BACK_MAX_MS)
    machine.runs(7)
    assert clock() == NOON + BACK_MAX_MS + 7


def test_one_that_is_far_behind_does_not_start() -> None:
    with pytest.raises(Unavailable, match="Set the clock right") as refused:
        Machine().clock(floor=NOON + BACK_MAX_MS + 1)
    assert refused.value.code == "CLOCK_BACK"
