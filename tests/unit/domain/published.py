"""Contents of snapshots to withhold from, and a reader who solves what a body says of the rest.

The reader knows the definitions: that zones and categories part the market, that the money of its
banks is the market's, that a month on its first day is that day. All of a body's numbers go into
linear equations, what is withheld are the unknowns, and Gauss-Jordan elimination over fractions
tells which of them have a single solution.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from tracker.domain.figures import rate

COUNTS: Final = ("registered", "issued", "attached", "active_30d")
MONEY: Final = ("payments", "amount_vnd")
BANKS: Final = ("970405", "970415", "970418", "970436")
ZONES: Final = ("A", "B", "C", "D", None)
CATEGORIES: Final = ("cá", "rau", "thịt", None)
MARKET: Final = "market"

Trader = tuple[str | None, str | None, int, bool]
"""Zone, category, stage (1 issued, 2 and more attached) and whether active."""

Unknown = tuple[str, str | None, str, str]
"""Table, key of the row, period (or nothing) and measure."""


class Equation(NamedTuple):
    """The unknowns, times their factors, add up to `value`."""

    factors: dict[Unknown, Fraction]
    value: Fraction


# Contents


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """The content of a small market's snapshot: all its tables add up."""
    zones = ZONES[-draw(st.integers(1, len(ZONES))) :]
    categories = CATEGORIES[-draw(st.integers(1, len(CATEGORIES))) :]
    one = st.tuples(
        st.sampled_from(zones), st.sampled_from(categories), st.integers(0, 3), st.booleans()
    )
    least, most = draw(st.sampled_from(((0, 5), (0, 20), (20, 40))))
    vendors = draw(st.lists(one, min_size=least, max_size=most))
    empty = draw(st.sampled_from(((), ("E",), ("E", "F"))))
    first = draw(st.booleans())
    activity, banks = _money(draw, first)
    counts = _counts(vendors)
    return {
        "market": "cho-thu",
        "area_code": None,
        "date": "2026-10-01" if first else "2026-10-17",
        "definition_version": "2026-11",
        "denominator": {"value": counts["registered"]["count"], "basis": "roster"},
        "figures": counts,
        "activity": activity,
        "waterfall": {"opening": 0, "attached": counts["attached"]["count"]},
        "completeness": {"expected": [], "reported": [], "final": True},
        "targets": [],
        "flags": [{"code": "no_census", "count": 1}],
        "breakdowns": {
            "bank": banks,
            "zone": _table(vendors, 0, ZONES, empty),
            "category": _table(vendors, 1, CATEGORIES, ()),
        },
    }


def _counts(vendors: Iterable[Trader]) -> dict[str, Any]:
    mine = list(vendors)
    return {
        "registered": {"count": len(mine)},
        **{
            name: {"count": found, "rate": rate(found, len(mine))}
            for name, found in (
                ("issued", sum(v[2] >= 1 for v in mine)),
                ("attached", sum(v[2] >= 2 for v in mine)),
                ("active_30d", sum(v[3] for v in mine)),
            )
        },
    }


def _table(
    vendors: list[Trader], column: int, keys: tuple[Any, ...], empty: tuple[str, ...]
) -> list[Any]:
    rows = [{"key": k, **_counts(v for v in vendors if v[column] == k)} for k in (*keys, *empty)]
    return [row for row in rows if row["registered"]["count"] or row["key"] in empty]


def _money(draw: st.DrawFn, first: bool) -> tuple[dict[str, Any], list[Any]]:
    """Vendors paid are sets, for one may be paid through several banks; a day may be unreported."""
    who = st.none() | st.sets(st.integers(0, 8), max_size=9)
    days: dict[str, list[Any]] = {}
    for bin_ in BANKS[: draw(st.integers(0, 4))]:
        days[bin_] = [None if first else _paid(draw, who), _paid(draw, who)]
    banks = [
        {
            "key": bin_,
            **{name: {"count": draw(st.integers(0, 9))} for name in COUNTS},
            **_block([day]),
            "month_to_date": _block([before, day]),
        }
        for bin_, (before, day) in days.items()
    ]
    activity = {
        **_block(day for _, day in days.values()),
        "month_to_date": _block(part for parts in days.values() for part in parts),
    }
    return activity, banks


def _paid(draw: st.DrawFn, who: st.SearchStrategy[Any]) -> tuple[set[int], int, int] | None:
    vendors = draw(who)
    if vendors is None:
        return None
    payments = len(vendors) and len(vendors) + draw(st.integers(0, 40))
    return vendors, payments, payments * draw(st.integers(1, 90_000))


def _block(parts: Iterable[Any]) -> dict[str, Any]:
    told = [part for part in parts if part is not None]
    if not told:
        return {"payments": None, "amount_vnd": None, "vendors": None}
    return {
        "payments": sum(payments for _, payments, _ in told),
        "amount_vnd": sum(amount for *_, amount in told),
        "vendors": len(set[int]().union(*(vendors for vendors, *_ in told))),
    }


# The reader


def equations(body: dict[str, Any]) -> list[Equation]:
    """All that a body says."""
    return [*_of_rows(body), *_of_money(body)]


def unknowns(said: Iterable[Equation]) -> set[Unknown]:
    """What the equations speak of and do not name."""
    return {unknown for equation in said for unknown in equation.factors}


def single(said: list[Equation]) -> dict[Unknown, Fraction]:
    """The unknowns that have a single solution, and which."""
    solved: dict[Unknown, Equation] = {}
    for equation in said:
        left = equation
        for unknown in [u for u in equation.factors if u in solved]:
            left = _less(left, solved[unknown], left.factors[unknown])
        if not left.factors:
            assert left.value == 0, "the body contradicts itself"
            continue
        pivot = next(iter(left.factors))
        left = _times(left, 1 / left.factors[pivot])
        for unknown, other in solved.items():
            if pivot in other.factors:
                solved[unknown] = _less(other, left, other.factors[pivot])
        solved[pivot] = left
    return {unknown: eq.value for unknown, eq in solved.items() if len(eq.factors) == 1}


def _times(equation: Equation, factor: Fraction) -> Equation:
    return Equation({u: f * factor for u, f in equation.factors.items()}, equation.value * factor)


def _less(equation: Equation, other: Equation, times: Fraction) -> Equation:
    factors = dict(equation.factors)
    for unknown, factor in other.factors.items():
        factors[unknown] = factors.get(unknown, Fraction(0)) - factor * times
    return Equation({u: f for u, f in factors.items() if f}, equation.value - other.value * times)


class _Sum:
    """An equation in the making: numbers, some of them unknown, that come to nothing."""

    def __init__(self) -> None:
        self._factors: dict[Unknown, Fraction] = {}
        self._value = Fraction(0)

    def add(self, number: Unknown | int, factor: int = 1) -> None:
        if isinstance(number, int):
            self._value -= number * factor
        else:
            self._factors[number] = Fraction(factor)

    def equation(self) -> Equation:
        return Equation(self._factors, self._value)


def _of_rows(body: dict[str, Any]) -> Iterator[Equation]:
    """Zones and categories part the market's vendors."""
    for table in ("zone", "category"):
        rows = body["breakdowns"][table]
        for name in COUNTS if rows else ():
            parts = _Sum()
            for row in rows:
                withheld = row.get("withheld", False)
                parts.add((table, row["key"], "", name) if withheld else row[name]["count"])
            parts.add(body["figures"][name]["count"], -1)
            yield parts.equation()


def _of_money(body: dict[str, Any]) -> Iterator[Equation]:
    """Banks part the market's money; without vendors paid there is none; a first day is a month."""
    holders = [(MARKET, body["activity"]), *((r["key"], r) for r in body["breakdowns"]["bank"])]
    for name in MONEY:
        for period in ("day", "month"):
            parts = _Sum()
            for key, holder in holders:
                number = _amount(key, holder, period, name)
                parts.add(number, -1 if key == MARKET else 1)
                if not isinstance(number, int) and _part(holder, period)["vendors"] == 0:
                    yield Equation({number: Fraction(1)}, Fraction(0))
            yield parts.equation()
        for key, holder in holders if body["date"].endswith("-01") else ():
            same = _Sum()
            same.add(_amount(key, holder, "day", name))
            same.add(_amount(key, holder, "month", name), -1)
            yield same.equation()


def _part(holder: dict[str, Any], period: str) -> dict[str, Any]:
    part: dict[str, Any] = holder if period == "day" else holder["month_to_date"]
    return part


def _amount(key: str, holder: dict[str, Any], period: str, name: str) -> Unknown | int:
    block = _part(holder, period)
    if block.get("withheld", False):
        return ("money", key, period, name)
    return int(block[name] or 0)
