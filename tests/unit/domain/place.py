"""A market for tests that show a single rule: Chợ Vũng Tàu, open since 2023."""

from __future__ import annotations

from datetime import date

from tests.unit.domain.life import at
from tracker.domain.days import day_number
from tracker.domain.facts import CensusDeclared, MarketFact, MarketOpened
from tracker.domain.market import Market, market_of

UNIT_FROM = day_number(date(2025, 7, 1))
OPENED = MarketOpened(
    at("2023-01-01 00:00"), 0, "key", "Chợ Vũng Tàu", "CVT", "26506", UNIT_FROM, ("A", "B")
)


def market(*facts: MarketFact) -> Market:
    """The market after these facts."""
    found = market_of("cho-vung-tau", (OPENED, *facts))
    assert found is not None
    return found


def census(moment: str, vendors: int) -> CensusDeclared:
    """A census that is effective from that moment."""
    return CensusDeclared(at(moment), at("2023-12-01 09:00"), "key", vendors, "office")


def on(text: str) -> int:
    """A day from its date."""
    return day_number(date.fromisoformat(text))
