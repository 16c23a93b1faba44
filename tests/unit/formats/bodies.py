"""Published bodies made as the service makes them, with figures that a test chooses."""

from __future__ import annotations

from typing import Any

from tracker.domain.figures import DEFINITION_VERSION, rate
from tracker.domain.snapshot import GENESIS, canonical, publish, sha256

NAMES = {"cho-vung-tau": "Chợ Vũng Tàu", "cho-la": "=HYPERLINK(1)"}


def published(
    market: str = "cho-vung-tau",
    date: str = "2026-10-31",
    *,
    attached: int = 74,
    base: int = 214,
    area: str | None = "26506",
    revision: int = 1,
    previous: str = GENESIS,
) -> dict[str, Any]:
    """A body; `previous` is the digest of the market's publication before it."""
    content = {
        "market": market,
        "area_code": area,
        "date": date,
        "definition_version": DEFINITION_VERSION,
        "denominator": {"value": base, "basis": "census"},
        "figures": {
            "registered": {"count": min(base, 200)},
            "issued": {"count": attached, "rate": rate(attached, base)},
            "attached": {"count": attached, "rate": rate(attached, base)},
        },
        "waterfall": {
            "opening": 71,
            "attached": 5,
            "reattached": 1,
            "removed": {"tax_worry": 2, "superseded": 1},
            "left": 0,
            "closing": attached,
            "denominator": {"opening": base + 1, "change": -1, "closing": base},
        },
        "flags": [{"code": "no_census", "count": 1}],
    }
    return publish(
        content,
        digest=bytes.fromhex(sha256(canonical(content)).removeprefix("sha256:")),
        revision=revision,
        position=17,
        published_at=1_793_466_311_000,
        previous=previous,
    )


def value(**more: Any) -> dict[str, Any]:
    """A reported value as the feed hands it out."""
    return {
        "indicator": "digital-signatures",
        "area": "26506",
        "area_valid_from": "2025-07-01",
        "date": "2026-10-31",
        "revision": 1,
        "numerator": 81_691,
        "denominator": 277_975,
        "rate": 29.39,
        "bare": False,
        "comparator": "eq",
        "published_at": "2026-11-01T08:00:00+07:00",
        **more,
    }


def bare(**more: Any) -> dict[str, Any]:
    """Over 80 %, and nothing else is known."""
    said = {"rate": 80, "bare": True, "comparator": "gt", "numerator": None, "denominator": None}
    return value(**{"indicator": "telecom-cashless", **said, **more})


def chain(count: int, market: str = "cho-vung-tau") -> list[dict[str, Any]]:
    """The first publications of a market, a day each."""
    made: list[dict[str, Any]] = []
    for n in range(count):
        previous = made[-1]["digest"] if made else GENESIS
        made.append(published(market, f"2026-10-{n + 1:02d}", attached=n, previous=previous))
    return made
