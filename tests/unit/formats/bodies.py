"""Published bodies made as the service makes them, with figures that a test chooses."""

from __future__ import annotations

from typing import Any

from tracker.domain.figures import DEFINITION_VERSION, figures
from tracker.domain.snapshot import GENESIS, canonical, publish, sha256
from tracker.domain.withholding import withhold

NAMES = {"cho-vung-tau": "Chợ Vũng Tàu", "cho-la": "=HYPERLINK(1)"}
MONTH = {"payments": 18_120, "amount_vnd": 2_034_000_000, "vendors": 41}


def money(vendors: int | None) -> dict[str, Any]:
    """What so many vendors were paid; None: no bank reported."""
    if vendors is None:
        return {"payments": None, "amount_vnd": None, "vendors": None}
    return {"payments": 3 * vendors, "amount_vnd": 70_001 * vendors, "vendors": vendors}


def published(
    market: str = "cho-vung-tau",
    date: str = "2026-10-31",
    *,
    attached: int = 74,
    base: int = 214,
    area: str | None = "26506",
    paid: int | None = 30,
    final: bool = False,
    revision: int = 1,
    previous: str = GENESIS,
) -> dict[str, Any]:
    """A body, with everything that one has; `paid` vendors were paid on the day.

    `previous` is the digest of the market's publication before it.
    """
    counts = {
        "registered": min(base, 200),
        "issued": attached,
        "attached": attached,
        "verified_30d": attached // 2,
        "transacting": attached // 2,
        "active_30d": attached // 3,
        "active_90d": attached // 2,
        "regular_90d": attached // 4,
        "dormant": attached // 5,
    }
    content: dict[str, Any] = {
        "market": market,
        "area_code": area,
        "date": date,
        "definition_version": DEFINITION_VERSION,
        "denominator": {"value": base, "basis": "census"},
        "figures": figures(counts, base),
        "activity": {**money(paid), "month_to_date": MONTH},
        "waterfall": {
            "opening": 71,
            "attached": 5,
            "reattached": 1,
            "removed": {"tax_worry": 2, "superseded": 1},
            "left": 0,
            "closing": attached,
            "denominator": {"opening": base + 1, "change": -1, "closing": base},
        },
        "completeness": {"expected": ["970405", "970436"], "reported": ["970436"], "final": final},
        "targets": [],
        "flags": [
            {"code": "no_census", "count": 1},
            {"code": "activity_missing", "count": 1},
            {"code": "stale_verification", "count": 7},
        ],
        "breakdowns": {"bank": [], "zone": [], "category": []},
    }
    shown, _ = withhold(content)
    return sealed(shown, revision=revision, previous=previous)


def sealed(
    content: dict[str, Any], *, revision: int = 1, previous: str = GENESIS
) -> dict[str, Any]:
    """A content, published."""
    return publish(
        content,
        digest=bytes.fromhex(sha256(canonical(content)).removeprefix("sha256:")),
        revision=revision,
        position=17,
        published_at=1_793_466_311_000,
        previous=previous,
    )


def of_old(**more: Any) -> dict[str, Any]:
    """A body of the time when three figures were all that there was."""
    body = published(**more)
    late = ("activity", "completeness", "targets", "breakdowns")
    left = {key: part for key, part in body.items() if key not in late}
    few = {name: body["figures"][name] for name in ("registered", "issued", "attached")}
    return {**left, "figures": few, "flags": [{"code": "no_census", "count": 1}]}


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
