"""The feed as NGSI-LD: one `KeyPerformanceIndicator` a market, figure and day.

The model is that of Smart Data Models, `dataModel.KeyPerformanceIndicator` v0.2.1: its schema
asks for `id` and `type` alone, its prose and older editions for the rest that is written here. Ours
are `numerator`, `denominator` and its basis (a rate never travels without both numbers), `final`,
`withheld` and `revision`. A later revision of a day is the same entity again: it replaces the
earlier one. The value is a percentage where the figure is a share (`unitCode` P1), a count (C62;
UN/CEFACT Recommendation 20) or a sum in dong (VND; Recommendation 9), and absent, never null, where
there is none: withheld, not reported, or a rate of nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from msgspec import json

from tracker.formats import Bodies, Names, parts, reported

MEDIA_TYPE: Final = "application/ld+json"
TYPE: Final = "KeyPerformanceIndicator"
PROCESS: Final = "cashless payment adoption"

FIGURES: Final = {
    "registered": "vendors on the roster",
    "issued": "100 * vendors with a live code / denominator",
    "attached": "100 * vendors whose sticker hangs / denominator",
    "verified_30d": "100 * attached vendors with a matched scan in 30 days / denominator",
    "transacting": "100 * vendors ever reported as paid / denominator",
    "active_30d": "100 * vendors paid in 30 days / denominator",
    "active_90d": "100 * vendors paid in 90 days / denominator",
    "regular_90d": "100 * vendors paid on 10 or more of 90 days / denominator",
    "dormant": "100 * vendors attached for 90 days and not paid in them / denominator",
}
"""The figures, and how each is computed."""

MONEY: Final = {
    "payments": ("C62", "payments that banks reported"),
    "amount_vnd": ("VND", "sum of the payments that banks reported"),
}
"""What was paid, on the day and from the first of its month: unit, and how it is computed."""

WINDOWS: Final = {
    "verified_30d": 30,
    "active_30d": 30,
    "active_90d": 90,
    "regular_90d": 90,
    "dormant": 90,
}
"""How many days, the day itself included, a figure looks at; the others tell of the day's end."""

STANDINGS: Final = ("veryBad", "bad", "fair", "good", "veryGood")
"""What a share in percent counts as: even fifths, no judgement of ours.

A figure without a share of its own (registered) is judged by its share of the denominator, dormant
by the share of all others. Sums are not judged.
"""

CLOSED_AFTER_DAYS: Final = 2
"""The next day's figure is computed when that day is over: two days after this one."""

_Made = dict[str, Any]


class Entity(NamedTuple):
    """What is an entity's own, what it shares with the others of its body, and its value's unit."""

    own: _Made
    shared: _Made
    unit: str


def encode(bodies: Bodies, names: Names, *, context: str, normalized: bool = False) -> bytes:
    """All entities as one JSON array; `context` is the address of the context that they follow.

    In the key-values form, or normalised (each value a Property with unit and time; ETSI GS CIM
    009 §4.5).
    """
    found: list[bytes] = []
    for body in bodies:
        rest, observed = b"", ""  # what the entities of a body share is encoded once
        for entity in entities(body, names):
            if not rest:
                shared = normal(entity.shared) if normalized else entity.shared
                rest = json.encode({**shared, "@context": context}).removeprefix(b"{")
                observed = _utc(body["published_at"])
            own = _normal_own(entity, observed) if normalized else entity.own
            found.append(json.encode(own).removesuffix(b"}") + b"," + rest)
    return b"[" + b",".join(found) + b"]"


def entities(body: Mapping[str, Any], names: Names) -> Iterator[Entity]:
    """The entities of one publication."""
    if reported.is_value(body):
        share = body["rate"]
        own = reported.entity(body, None if share is None else _standing(share))
        yield Entity(own, {"updatedAt": body["published_at"]}, "P1")
        return
    name = names.get(body["market"], body["market"])
    shared, starts = _shared(body, name), _starts(body["date"])
    for figure, formula in FIGURES.items():
        found = body["figures"].get(figure)
        if found is not None:
            own = _said(body, name, figure, formula, starts[WINDOWS.get(figure, 1)])
            own |= _figure(figure, found, body["denominator"])
            yield Entity(own, shared, "P1" if "rate" in found else "C62")
    first = f"{body['date'][:8]}01"
    yield from _sums(body, name, parts.day(body), "", body["date"], shared)
    yield from _sums(body, name, parts.month(body), "_month_to_date", first, shared)


def _sums(
    body: Mapping[str, Any], name: str, block: parts.Part, suffix: str, start: str, shared: _Made
) -> Iterator[Entity]:
    """What was paid in a period; nothing of a body without activity."""
    for measure, (unit, formula) in MONEY.items():
        if measure in block:
            own = _said(body, name, measure + suffix, formula, start)
            if block[measure] is not None:
                own["kpiValue"] = block[measure]
            elif block.get("withheld"):
                own["withheld"] = True
            yield Entity(own, shared, unit)


def _said(body: Mapping[str, Any], name: str, figure: str, formula: str, start: str) -> _Made:
    """Which figure of which days an entity is, and how it is computed."""
    market, day = body["market"], body["date"]
    return {
        "id": f"urn:ngsi-ld:{TYPE}:{market}:{figure}:{day}",
        "name": f"{name}: {figure}",
        "calculationFormula": formula,
        "calculationPeriod": {"from": start, "to": day},
    }


def _shared(body: Mapping[str, Any], name: str) -> _Made:
    following = date.fromisoformat(body["date"]) + timedelta(days=CLOSED_AFTER_DAYS)
    made: _Made = {
        "type": TYPE,
        "organization": name,
        "process": PROCESS,
        "category": ["quantitative", "output"],
        "calculationMethod": "automatic",
        "calculationFrequency": "daily",
        "revision": body["revision"],
        "updatedAt": body["published_at"],
        "dateNextCalculation": following.isoformat(),
        "area": body["area_code"],
        "final": body.get("completeness", {}).get("final"),
    }
    return {key: part for key, part in made.items() if part is not None}


def _starts(day: str) -> dict[int, str]:
    """The first day of each length of window that ends with the day."""
    ends = date.fromisoformat(day)
    return {days: (ends - timedelta(days=days - 1)).isoformat() for days in {1, *WINDOWS.values()}}


def _figure(figure: str, found: Mapping[str, Any], base: Mapping[str, Any]) -> _Made:
    """Value, numbers and standing of a figure."""
    count, of = found["count"], base["value"]
    made: _Made = {"numerator": count}
    if "rate" in found:
        made |= {"denominator": of, "denominatorBasis": base["basis"]}
    value = found.get("rate", count)
    if value is not None:
        made["kpiValue"] = value
    if of:
        share = found["rate"] if "rate" in found else 100 * count / of
        made["currentStanding"] = _standing(100 - share if figure == "dormant" else share)
    return made


def _standing(share: float) -> str:
    return STANDINGS[min(int(share) // 20, len(STANDINGS) - 1)]


def _normal_own(entity: Entity, observed: str) -> _Made:
    made = normal(entity.own)
    if "kpiValue" in made:
        made["kpiValue"] |= {"unitCode": entity.unit, "observedAt": observed}
    return made


def _utc(moment: str) -> str:
    """A moment as NGSI-LD has it: in UTC, with Z (ETSI GS CIM 009 §4.6.3)."""
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def normal(entity: Mapping[str, Any]) -> _Made:
    """Each value as a Property; an entity's id and type stay what they are."""
    return {
        key: value if key in {"id", "type"} else {"type": "Property", "value": value}
        for key, value in entity.items()
    }
