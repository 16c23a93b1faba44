"""The feed as NGSI-LD: one `KeyPerformanceIndicator` a market, figure and day.

The model is that of Smart Data Models, `dataModel.KeyPerformanceIndicator` v0.2.1: its schema
asks for `id` and `type` alone, its prose and older editions for the rest that is written here.
`revision`, `numerator` and `denominator` are ours: a rate never travels without both numbers. A
later revision of a day is the same entity again: it replaces the earlier one. The value is a
percentage where the figure is a share (`unitCode` P1), a count else (C62; UN/CEFACT
Recommendation 20), and absent, never null, where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from msgspec import json

from tracker.formats import Bodies, Names, reported

MEDIA_TYPE: Final = "application/ld+json"
TYPE: Final = "KeyPerformanceIndicator"
PROCESS: Final = "cashless payment adoption"

FIGURES: Final = {
    "registered": "vendors on the roster",
    "issued": "100 * vendors with a live code / denominator",
    "attached": "100 * vendors whose sticker hangs / denominator",
}
"""The figures, and how each is computed."""

STANDINGS: Final = ((80, "veryGood"), (60, "good"), (40, "fair"), (20, "bad"), (0, "veryBad"))
"""What a share in percent counts as, from this value up: even fifths, no judgement of ours.

A figure without a share of its own (registered) is judged by its share of the denominator.
"""

CLOSED_AFTER_DAYS: Final = 2
"""The next day's figure is computed when that day is over: two days after this one."""


def encode(bodies: Bodies, names: Names, *, context: str, normalized: bool = False) -> bytes:
    """All entities as one JSON array; `context` is the address of the context that they follow.

    In the key-values form, or normalised (each value a Property with unit and time).
    """
    found = (one for body in bodies for one in entities(body, names))
    made = (normal(one) if normalized else _without_units(one) for one in found)
    return json.encode([{**one, "@context": context} for one in made])


def entities(body: Mapping[str, Any], names: Names) -> list[dict[str, Any]]:
    """The entities of one publication; `unitCode` stands beside the value for the normal form."""
    if reported.is_value(body):
        share = body["rate"]
        return [reported.entity(body, None if share is None else _standing(share))]
    return [_entity(body, figure, names) for figure in FIGURES if figure in body["figures"]]


def _entity(body: Mapping[str, Any], figure: str, names: Names) -> dict[str, Any]:
    market, day = body["market"], body["date"]
    found, base = body["figures"][figure], body["denominator"]["value"]
    shared = "rate" in found
    value = found["rate"] if shared else found["count"]
    share = value if shared else (100 * value / base if base else None)
    name = names.get(market, market)
    following = date.fromisoformat(day) + timedelta(days=CLOSED_AFTER_DAYS)
    made: dict[str, Any] = {
        "id": f"urn:ngsi-ld:{TYPE}:{market}:{figure}:{day}",
        "type": TYPE,
        "name": f"{name}: {figure}",
        "organization": name,
        "process": PROCESS,
        "category": ["quantitative", "output"],
        "calculationMethod": "automatic",
        "calculationFrequency": "daily",
        "calculationFormula": FIGURES[figure],
        "calculationPeriod": {"from": day, "to": day},
        "kpiValue": value,
        "unitCode": "P1" if shared else "C62",
        "currentStanding": None if share is None else _standing(share),
        "numerator": found["count"],
        "denominator": base if shared else None,
        "revision": body["revision"],
        "updatedAt": body["published_at"],
        "dateNextCalculation": following.isoformat(),
        "area": body["area_code"],
    }
    return {key: part for key, part in made.items() if part is not None}


def _standing(share: float) -> str:
    return next(word for least, word in STANDINGS if share >= least)


def _without_units(entity: dict[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in entity.items() if key != "unitCode"}


def normal(entity: dict[str, Any]) -> dict[str, Any]:
    """The normalised form of an entity (NGSI-LD, ETSI GS CIM 009 §4.5)."""
    made: dict[str, Any] = {}
    for key, value in entity.items():
        if key in {"id", "type"}:
            made[key] = value
        elif key != "unitCode":
            made[key] = {"type": "Property", "value": value}
    if "kpiValue" in made:
        made["kpiValue"] |= {"unitCode": entity["unitCode"], "observedAt": entity["updatedAt"]}
    return made
