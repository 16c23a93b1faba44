"""Sums over markets: numerators over the sum of denominators, never a mean of rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.domain.figures import FIGURES, figures, rate

Body = Mapping[str, Any]

_MONEY = ("payments", "amount_vnd")
_ROW = ("registered", "issued", "attached", "active_30d")


def roll_up(parts: Sequence[Body]) -> dict[str, Any]:
    """One body of many markets' contents or published bodies, of one day.

    Money and rows of categories that a part withholds are not in the sums; `left_out` says how
    many markets' are not. Zones are each market's own and are not summed, nor are targets.
    """
    base = sum(part["denominator"]["value"] for part in parts)
    bases = {part["denominator"]["basis"] for part in parts}
    counts = {name: sum(p["figures"][name]["count"] for p in parts) for name in FIGURES}
    found: Counter[str] = Counter()
    for part in parts:
        found.update({flag["code"]: flag["count"] for flag in part["flags"]})
    return {
        "denominator": {
            "value": base,
            "basis": bases.pop() if len(bases) == 1 else "mixed" if bases else "roster",
        },
        "figures": figures(counts, base),
        "activity": _activity([part["activity"] for part in parts]),
        "waterfall": _waterfall([part["waterfall"] for part in parts]),
        "completeness": _completeness([part["completeness"] for part in parts]),
        "flags": [{"code": code, "count": count} for code, count in sorted(found.items())],
        "breakdowns": {
            "bank": _banks([row for part in parts for row in part["breakdowns"]["bank"]]),
            "category": _categories([part["breakdowns"]["category"] for part in parts]),
        },
        "left_out": {"category": sum(_hides_categories(part) for part in parts)},
    }


def _activity(blocks: Sequence[Body]) -> dict[str, Any]:
    return {**_money(blocks), "month_to_date": _money([b["month_to_date"] for b in blocks])}


def _money(blocks: Sequence[Body]) -> dict[str, Any]:
    """Sums of what is shown; vendors of different markets are different vendors."""
    shown = [b for b in blocks if not b.get("withheld") and b["payments"] is not None]
    summed = {name: sum(b[name] for b in shown) if shown else None for name in _MONEY}
    return {**summed, "left_out": sum(bool(b.get("withheld")) for b in blocks)}


def _waterfall(falls: Sequence[Body]) -> dict[str, Any]:
    removed: Counter[str] = Counter()
    for fall in falls:
        removed.update(fall["removed"])
    return {
        **{
            end: sum(fall[end] for fall in falls)
            for end in ("opening", "attached", "reattached", "left", "closing")
        },
        "removed": dict(sorted(removed.items())),
        "denominator": {
            end: sum(fall["denominator"][end] for fall in falls)
            for end in ("opening", "change", "closing")
        },
    }


def _completeness(parts: Sequence[Body]) -> dict[str, Any]:
    """A bank has reported where it did so for every market that expects it."""
    expected = {bin_ for part in parts for bin_ in part["expected"]}
    missing = {b for part in parts for b in part["expected"] if b not in part["reported"]}
    reported = {bin_ for part in parts for bin_ in part["reported"]} - missing
    return {
        "expected": sorted(expected),
        "reported": sorted(reported),
        "final": all(part["final"] for part in parts),
    }


def _banks(rows: Sequence[Body]) -> list[dict[str, Any]]:
    found = []
    for key in sorted({row["key"] for row in rows}):
        own = [row for row in rows if row["key"] == key]
        counts = {name: {"count": sum(row[name]["count"] for row in own)} for name in _ROW}
        found.append({"key": key, **counts, **_activity(own)})
    return found


def _categories(tables: Sequence[Sequence[Body]]) -> list[dict[str, Any]]:
    shown = [row for table in tables for row in table if not row.get("withheld")]
    found = []
    for key in sorted({row["key"] for row in shown}, key=lambda key: (key is None, key or "")):
        own = [row for row in shown if row["key"] == key]
        counts = {name: sum(row[name]["count"] for row in own) for name in _ROW}
        base = counts["registered"]
        found.append(
            {
                "key": key,
                **{
                    name: {"count": n}
                    if name == "registered"
                    else {"count": n, "rate": rate(n, base)}
                    for name, n in counts.items()
                },
            }
        )
    return found


def _hides_categories(part: Body) -> bool:
    """Whether a market's vendors are not all in its table of categories."""
    table = part["breakdowns"]["category"]
    return any(row.get("withheld") for row in table) or (
        not table and part["figures"]["registered"]["count"] > 0
    )
