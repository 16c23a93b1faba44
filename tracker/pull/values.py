"""What a reader can verify about a reported value: that it is whole, and its rate its own.

Values carry no digest. That no revision is missing or changed the folder finds, from its files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tracker.pull.checks import Untrue

_FIELDS: Final = {
    *("indicator", "area", "area_valid_from", "date", "revision", "numerator", "denominator"),
    *("rate", "bare", "comparator", "published_at"),
}
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_AREA: Final = re.compile(r"[0-9]{2,5}", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def is_value(item: Mapping[str, Any]) -> bool:
    """Whether an item of the feed is a reported value, with all that one has."""
    return item.keys() >= _FIELDS


def value_name(value: Mapping[str, Any]) -> str:
    """`<indicator>/<area>.<its first day>/<date>.r<revision>`, safe as a path.

    Raises `Untrue` where it would not be.
    """
    texts = (("indicator", _SLUG), ("area", _AREA), ("area_valid_from", _DATE), ("date", _DATE))
    revision = value["revision"]
    if (
        not all(isinstance(value[key], str) and form.fullmatch(value[key]) for key, form in texts)
        or type(revision) is not int
        or revision < 1
    ):
        raise Untrue("A reported value has no proper indicator, area, date and revision.")
    return _name(value, revision)


def name_before(value: Mapping[str, Any]) -> str | None:
    """The name of the revision before it, None of the first."""
    return None if value["revision"] == 1 else _name(value, value["revision"] - 1)


def check_value(value: Mapping[str, Any]) -> str:
    """The value's name, once all that it says of itself holds; raises `Untrue`."""
    name = value_name(value)
    numerator, denominator = value["numerator"], value["denominator"]
    if value["bare"]:
        holds = numerator is None and denominator is None and value["rate"] is not None
    else:
        whole = type(numerator) is int and type(denominator) is int
        holds = whole and _rate(numerator, denominator) == value["rate"]
    if not holds:
        raise Untrue(f"{name}: the rate is not that of its two numbers.")
    return name


def _rate(numerator: int, denominator: int) -> float | None:
    """100 × numerator / denominator, two decimals, half up: the reader computes it anew."""
    if denominator <= 0:
        return None
    hundredths = (20_000 * numerator + denominator) // (2 * denominator)
    return hundredths / 100 if hundredths % 100 else hundredths // 100


def _name(value: Mapping[str, Any], revision: int) -> str:
    area = f"{value['area']}.{value['area_valid_from']}"
    return f"{value['indicator']}/{area}/{value['date']}.r{revision}"
