"""The clock of facts: the machine's, which never goes back.

Facts that happened at the same moment follow the order of the ledger, so a moment given twice does
no harm; one before the last would turn what happened around: a sticker taken down before it hung.
A clock that is set back is therefore not followed. Time goes on at its own rate, by the clock that
counts since the machine was started, until the other has caught up. The same count is shown to
every process of a machine, so all of them go on alike.

A process that starts knows from the store how late it was (the schedule's last look, at most some
seconds before the newest fact). Where the machine's clock is behind that by more than
`BACK_MAX_MS`, one of the two is wrong and nobody here can say which: it does not start.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tracker.domain.days import moment_text
from tracker.domain.errors import Unavailable

BACK_MAX_MS: Final = 3_600_000
"""An hour: more than any correction of a clock that was right, less than what a wrong time zone or
an empty battery does to one."""


def wall_clock() -> int:
    """The machine's time now, in ms since the epoch."""
    return time.time_ns() // 1_000_000


def elapsed() -> int:
    """Ms since some moment before this process was; never goes back."""
    return time.monotonic_ns() // 1_000_000


class SteadyClock:
    """Gives ms since the epoch, never before `floor` (ms) nor before what it gave last.

    Raises `Unavailable` `CLOCK_BACK` where the machine's clock is too far behind `floor`.
    """

    def __init__(
        self,
        floor: int = 0,
        *,
        wall: Callable[[], int] = wall_clock,
        elapsed: Callable[[], int] = elapsed,
    ) -> None:
        self._wall = wall
        self._elapsed = elapsed
        now = wall()
        if now < floor - BACK_MAX_MS:
            raise Unavailable(
                f"The clock of this machine says {moment_text(now)}, and the store was at work at "
                f"{moment_text(floor)}. Set the clock right; nothing is written before.",
                code="CLOCK_BACK",
            )
        self._start = max(now, floor) - elapsed()

    def __call__(self) -> int:
        """Now."""
        passed = self._elapsed()
        self._start = max(self._start, self._wall() - passed)
        return passed + self._start
