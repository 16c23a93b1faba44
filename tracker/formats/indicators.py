"""The indicators that a snapshot comes to where a format has one value a row.

Numerator and denominator stand beside each rate as indicators of their own, so that a reader can
check the rate and sum areas the right way: numerators over denominators.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

Unit = Literal["VENDOR", "PERCENT"]


class Indicator(NamedTuple):
    """An indicator: its code, its place in a body, its unit, and its name in two languages."""

    code: str
    place: tuple[str, ...]
    unit: Unit
    en: str
    vi: str

    def value(self, body: Mapping[str, Any]) -> int | float | None:
        """Its value in a published body; None where there is none."""
        found: Any = body
        for part in self.place:
            found = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):  # removals by reason: their sum
            return sum(found.values())
        return found if isinstance(found, int | float) else None


def _figure(name: str, part: str = "count") -> tuple[str, ...]:
    return ("figures", name, part)


INDICATORS: Final = (
    Indicator(
        "DENOMINATOR",
        ("denominator", "value"),
        "VENDOR",
        "Vendors that the rates are taken of",
        "Tổng số tiểu thương để tính tỷ lệ",
    ),
    Indicator(
        "REGISTERED",
        _figure("registered"),
        "VENDOR",
        "Vendors on the roster",
        "Tiểu thương có trong danh sách",
    ),
    Indicator(
        "ISSUED",
        _figure("issued"),
        "VENDOR",
        "Vendors with a live code",
        "Tiểu thương đã được cấp mã QR",
    ),
    Indicator(
        "ISSUED_RATE",
        _figure("issued", "rate"),
        "PERCENT",
        "Vendors with a live code, share of the denominator",
        "Tỷ lệ tiểu thương đã được cấp mã QR",
    ),
    Indicator(
        "ATTACHED",
        _figure("attached"),
        "VENDOR",
        "Vendors whose sticker hangs",
        "Tiểu thương đã gắn mã QR",
    ),
    Indicator(
        "ATTACHED_RATE",
        _figure("attached", "rate"),
        "PERCENT",
        "Vendors whose sticker hangs, share of the denominator",
        "Tỷ lệ tiểu thương đã gắn mã QR",
    ),
    Indicator(
        "CHANGE_ATTACHED",
        ("waterfall", "attached"),
        "VENDOR",
        "Attached on the day for the first time",
        "Gắn mã lần đầu trong ngày",
    ),
    Indicator(
        "CHANGE_REATTACHED",
        ("waterfall", "reattached"),
        "VENDOR",
        "Attached on the day once more",
        "Gắn mã lại trong ngày",
    ),
    Indicator(
        "CHANGE_REMOVED",
        ("waterfall", "removed"),
        "VENDOR",
        "No longer attached, whatever the reason",
        "Gỡ mã trong ngày",
    ),
    Indicator(
        "CHANGE_LEFT",
        ("waterfall", "left"),
        "VENDOR",
        "Attached the day before, left the roster",
        "Rời chợ trong ngày",
    ),
)
"""In the order in which they are written; new ones come at the end, with a new minor version."""
