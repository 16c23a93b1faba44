"""Who was paid long ago is read as each day's union, or from the day itself where it has none."""

from __future__ import annotations

from typing import Any

from tests.integration.activity.bank import MARKET, NUMBERS, TODAY, Desk
from tests.integration.registry import BIDV
from tracker.domain.days import start_of
from tracker.domain.figures import BANKS_DAYS, WINDOW_DAYS, content
from tracker.store.activity import union_field
from tracker.store.keys import Space

A, B, C, *_ = NUMBERS
PAID = Space(MARKET).paid
OLD = (TODAY - WINDOW_DAYS, TODAY - WINDOW_DAYS + 1, TODAY - BANKS_DAYS - 1, TODAY - BANKS_DAYS)


def figures(desk: Desk) -> dict[str, Any]:
    """The market's content of yesterday, as the worker that closes the day makes it."""
    (look,) = desk.run(desk.tracker.looks.at([MARKET], TODAY - 1, TODAY - 1))
    assert look.grounds is not None
    return content(look.grounds, TODAY - 1, start_of(TODAY))


def test_a_store_without_unions_has_the_same_figures(desk: Desk) -> None:
    for day in (*OLD, TODAY - 1):
        desk.report([A, B], day)
        desk.report([B, C], day, BIDV)
    with_all = figures(desk)
    assert with_all["figures"]["active_90d"]["count"] == 3
    for some in (OLD[1:2], OLD):
        desk.run(desk.store.hdel(PAID, *map(union_field, some)))
        assert figures(desk) == with_all


def test_the_oldest_day_of_the_window_is_the_first_that_counts(desk: Desk) -> None:
    desk.report([A], TODAY - WINDOW_DAYS - 1)
    assert figures(desk)["figures"]["active_90d"]["count"] == 0
    desk.report([A], TODAY - WINDOW_DAYS)
    assert figures(desk)["figures"]["active_90d"]["count"] == 1
