"""Reported values of indicators in the wire formats: the cells, observations and entity of one.

They come in the feed between the snapshots, as the feed's JSON has them. A value has no market; a
bare rate has no two numbers, and its comparator stays beside it: "over 80 %" is not 80 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tracker.formats.structure import NO_MARKET, REPORTED
from tracker.tables.writing import OutCell

COLUMNS: Final = (
    "indicator",
    "indicator_area_valid_from",
    "indicator_numerator",
    "indicator_denominator",
    "indicator_rate",
    "indicator_bare",
    "indicator_comparator",
)
"""Of the flat table, beside `area_code`, `date`, `revision` and `published_at`."""

_NUMBERS: Final = ("numerator", "denominator")


def is_value(body: Mapping[str, Any]) -> bool:
    """Whether an item of the feed is a reported value."""
    return "indicator" in body


def cells(item: Mapping[str, Any]) -> dict[str, OutCell]:
    """A value's cells of the flat table, by column."""
    return {
        "area_code": item["area"],
        **{name: item[name] for name in ("date", "revision", "published_at")},
        "indicator": item["indicator"],
        "indicator_area_valid_from": item["area_valid_from"],
        **{f"indicator_{name}": item[name] for name in (*_NUMBERS, "rate", "bare", "comparator")},
    }


def observations(item: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The rate of a value and, where it has them, its two numbers, each an SDMX observation."""
    share, id_ = item["rate"], item["indicator"]
    told = "NaN" if share is None else f"{share:.2f}"
    yield _observation(item, id_, told, "PERCENT", "2", item["comparator"])
    for name in _NUMBERS:
        if item[name] is not None:
            yield _observation(item, f"{id_}_{name.upper()}", str(item[name]), "COUNT", "0", "eq")


def _observation(
    item: Mapping[str, Any], indicator: str, value: str, unit: str, decimals: str, comparator: str
) -> tuple[str, ...]:
    return (
        *("dataflow", REPORTED, "R"),
        *("D", item["area"], NO_MARKET, indicator, item["date"]),
        *(value, unit, "0", decimals),
        *("M" if value == "NaN" else "A", "F", item["published_at"], comparator),
    )


def entity(item: Mapping[str, Any], standing: str | None) -> dict[str, Any]:
    """A value as a KeyPerformanceIndicator but for `updatedAt`; what nobody reported is absent."""
    id_, area, day = item["indicator"], item["area"], item["date"]
    made: dict[str, Any] = {
        "id": f"urn:ngsi-ld:KeyPerformanceIndicator:{id_}:{area}.{item['area_valid_from']}:{day}",
        "type": "KeyPerformanceIndicator",
        "name": f"{area}: {id_}",
        "organization": area,
        "process": "cashless payment adoption",
        "category": ["quantitative", "output"],
        "calculationMethod": "manual",
        "calculationFormula": None if item["bare"] else "100 * numerator / denominator",
        "calculationPeriod": {"from": day, "to": day},
        "kpiValue": item["rate"],
        "currentStanding": standing,
        **{name: item[name] for name in (*_NUMBERS, "comparator", "revision")},
        "area": area,
        "areaValidFrom": item["area_valid_from"],
    }
    return {key: part for key, part in made.items() if part is not None}
