"""After 24 months nobody needs to know which traders were paid on a day: the sets are dropped.

Before that the ledger gets, for each such day, who was paid for the first time on it, so that
`transacting` can be recomputed for ever. Numbers and sums stay.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracker.domain.activity import FirstDays
from tracker.domain.bitmaps import bitmap
from tracker.domain.facts import FirstPaid
from tracker.services.activity import oldest_day
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.store.activity import decode_day, put_day, put_fact
from tracker.store.commit import Commit, Done
from tracker.store.keys import Space

MARKETS_PER_RUN = 200
"""Markets looked at in one run: some thousand markets take a minute of ticks, once a day."""

DAYS_PER_RUN = 31
"""Days dropped of one market in one run: bounds what a tick writes after a long outage."""

BY = "retention"


async def drop_old_sets(tracker: Tracker) -> int:
    """Drops sets of the next markets; the number of market days dropped. Safe to run at any time.

    A process that has gone through all markets does nothing until the next day.
    """
    oldest = oldest_day(tracker)
    until, after = tracker.schedule_state.sets_dropped
    if until != oldest:
        after = ""  # a new day: all markets again
    if after is None:
        return 0
    rest = [market for market in sorted(await tracker.reader.markets()) if market > after]
    dropped = 0
    known = await tracker.activity.known_days(rest[:MARKETS_PER_RUN])
    for market, days in known.items():
        old = [day for day in days if day < oldest]
        count, whole = await _drop(tracker, market, old) if old else (0, True)
        dropped += count
        if not whole:
            break  # the next run goes on with this market
        after = market
    through = not rest or after == rest[-1]
    tracker.schedule_state.sets_dropped = (oldest, None if through else after)
    return dropped


async def _drop(tracker: Tracker, market: str, days: Sequence[int]) -> tuple[int, bool]:
    """Drops a market's sets of the first of these days; how many, and whether of all."""
    dropped = 0
    _, _, stored = await tracker.activity.days(market)
    held = [day for day in days if day in stored and _has_sets(stored[day])]
    for day in held[:DAYS_PER_RUN]:
        dropped += await _drop_day(tracker, market, day)
    return dropped, len(held) <= DAYS_PER_RUN


def _has_sets(raw: bytes) -> bool:
    return any(bank.paid is not None for bank in decode_day(raw).values())


async def _drop_day(tracker: Tracker, market: str, day: int) -> bool:
    space = Space(market)
    for _ in range(ATTEMPTS_MAX):
        state = await tracker.activity.day(market, day, "")
        if state.raw_day is None or not _has_sets(state.raw_day):
            return False  # another process was faster
        now = tracker.now()
        first = FirstDays(state.raw_first or b"")
        commit = Commit(space)
        fact = FirstPaid(now, now, BY, day=day, vendors=bitmap(first.since(day)))
        put_fact(commit, space, fact, state.version)
        after = {bin_: bank._replace(paid=None) for bin_, bank in state.banks.items()}
        put_day(commit, space, day, state.raw_day, after)
        if isinstance(await tracker.commit(commit), Done):
            return True
    raise busy()
