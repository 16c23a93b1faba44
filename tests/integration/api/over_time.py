"""What tests of markets over time have in common."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.integration.api.city import MARKET, OTHER, City
from tracker.domain.days import day_number, start_of
from tracker.services.snapshots import publish_days

REASON = "Di dời theo quy hoạch"
THIRD = "cho-long-son"
MARKETS = {MARKET: "CVT", OTHER: "CP7", THIRD: "CLS"}
BEFORE, AFTER = "2025-06-30", "2025-07-01"
AREAS = {
    MARKET: ("26506", "26506"),  # Phường 1, then phường Vũng Tàu
    OTHER: ("26524", "26526"),  # Phường 7, then phường Tam Thắng
    THIRD: ("26545", "26545"),  # xã Long Sơn, and again
}


def on(city: City, day: str, hour: int = 8) -> None:
    """It is this hour of that day."""
    city.clock.ms = start_of(day_number(date.fromisoformat(day))) + hour * 3_600_000


def close(city: City, market: str = MARKET, **more: Any) -> Any:
    """The closure of a market."""
    body = {"closed_on": "2025-07-05", "reason": REASON, **more}
    return city.post("admin", f"/v1/markets/{market}/closure", body)


def assign(city: City, market: str, *, late: bool = True) -> None:
    """The market's units before and after the merger, or only after it."""
    old, new = AREAS[market]
    periods = [{"area_code": new, "from": AFTER}]
    if late:
        periods.insert(0, {"area_code": old, "from": "2014-12-16", "to": AFTER})
    path = f"/v1/markets/{market}"
    answer = city.call("admin", "PATCH", path, {"areas": periods}, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


def publish(city: City, *days: str) -> int:
    """Publishes these days of all three markets."""
    numbers = [day_number(date.fromisoformat(day)) for day in days]
    return city.run(publish_days(city.tracker, list(MARKETS), numbers))
