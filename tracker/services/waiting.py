"""Which markets a tick asks, and what waits for the schedule in them.

A country has 8 500 markets, and to ask each of them takes longer than a tick has time for. So a
tick asks those that commits name (`tracker.store.news`) and those in which something is still to
be done; of a mark whose market has not been quiet for long enough it knows when that will be. All
of them are asked at the start, when a day was closed, and again and again, the less often the more
there are: that finds what a killed process did not name, and what was overlooked for whatever
reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from tracker.services.context import Tracker
from tracker.store.errands import Errands
from tracker.store.schedule_state import Agenda

FEW: Final = 200
"""Markets that are simply all asked, each time."""

MARKET_MS: Final = 5
ALL_MS_MAX: Final = 60_000
"""Between two looks at all markets, for each of them, and at most: how late a change is seen that
nobody told of, 43 s in a country. To ask one takes some 0.05 ms, so that is a hundredth of the
time."""


class Waiting(Struct, frozen=True):
    """What is to be done now.

    `behind`: markets with ledger entries that findings do not know, after which one and up to
    which, the shortest first, so that one long backlog holds no other market up; `prefixes`: those
    of all markets. `unsealed`: all whose ledgers are not sealed to their end, as far as is known.
    `damaged` are those that could not be asked, and why.
    """

    outdated: Sequence[str] = ()
    unindexed: Sequence[str] = ()
    unfed: Sequence[str] = ()
    erasing: Sequence[str] = ()
    behind: Mapping[str, tuple[int, int]] = {}
    prefixes: Mapping[str, str] = {}
    unsealed: Collection[str] = ()
    damaged: Mapping[str, Exception] = {}


async def look(tracker: Tracker, few: int = FEW) -> Waiting:
    """Asks whom it is time to ask; a few round trips where nothing happened.

    Until what is found was done, each further look finds it again. Up to `few` markets are all
    asked.
    """
    agenda, now = tracker.schedule_state.agenda, tracker.now()
    await tracker.news.flush()
    closed = await tracker.schedule_state.closed_until()
    await _hear(tracker, agenda)
    all_ = _is_time_for_all(agenda, now, closed, few)
    if all_:
        agenda.prefixes = await tracker.reader.markets()
        agenda.due = dict.fromkeys(agenda.prefixes, now)
    found, damaged = await tracker.errands.of([m for m, at in agenda.due.items() if at <= now])
    if all_:
        agenda.walked_at, agenda.closed, agenda.unsealed = now, closed, set()
    outdated = []
    quiet_ms = tracker.settings.revision_quiet_s * 1000
    for one in found:
        at = _outdated_at(one, closed, quiet_ms)
        if at is not None and at <= now:
            outdated.append(one.market)
        _put_down(agenda, one, now if _is_waiting(one) else at)
    agenda.unsealed |= damaged.keys()
    behind = {one.market: one.behind for one in found if one.behind[0] < one.behind[1]}
    return Waiting(
        outdated=outdated,
        unindexed=[one.market for one in found if one.unindexed],
        unfed=[one.market for one in found if one.unfed],
        erasing=[one.market for one in found if one.erasing],
        behind=dict(sorted(behind.items(), key=lambda item: item[1][1] - item[1][0])),
        prefixes=agenda.prefixes,
        unsealed=agenda.unsealed,
        damaged=damaged,
    )


def _put_down(agenda: Agenda, one: Errands, later: int | None) -> None:
    """When the market is to be asked again, if ever, and whether it is to be sealed."""
    if later is None:
        del agenda.due[one.market]
    else:
        agenda.due[one.market] = later
    if one.unsealed:
        agenda.unsealed.add(one.market)
    else:
        agenda.unsealed.discard(one.market)


async def _hear(tracker: Tracker, agenda: Agenda) -> None:
    """Puts down whom the news name; all are to be asked where some of the news may be missing."""
    heard = await tracker.news.since(agenda.heard)
    agenda.due |= dict.fromkeys(heard.markets, 0)
    agenda.heard = heard.reached
    if not heard.whole or not agenda.prefixes.keys() >= set(heard.markets):  # a new market
        agenda.walked_at = None


def _is_time_for_all(agenda: Agenda, now: int, closed: int | None, few: int) -> bool:
    if agenda.walked_at is None or closed != agenda.closed or len(agenda.prefixes) <= few:
        return True
    pause_ms = min(len(agenda.prefixes) * MARKET_MS, ALL_MS_MAX)
    return not 0 <= now - agenda.walked_at < pause_ms


def _outdated_at(one: Errands, closed: int | None, quiet_ms: int) -> int | None:
    """When the market's closed days may be computed anew; None where none is outdated."""
    if one.mark is None or closed is None or one.mark[0] > closed:
        return None
    return one.mark[1] + quiet_ms


def _is_waiting(one: Errands) -> bool:
    return bool(one.unindexed or one.erasing or one.unfed or one.behind[0] < one.behind[1])
