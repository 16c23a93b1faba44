"""Reported indicators: what others count and report, with the one rule that keeps them honest.

A value is a numerator and a denominator, or a bare rate ("over 80 %": comparator `gt`). A rate
that its own two numbers contradict is refused with the computed one beside it: 81 691 of 277 975
is 29.39 %, not 41.46 %. A rate is `100 × numerator / denominator`, two decimals, half up; none
where the denominator is 0. It is held in hundredths, an integer, never as a float.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from msgspec import Struct

from tracker.domain.days import day_date, moment_text
from tracker.domain.errors import Fault
from tracker.domain.facts import IndicatorDefined, IndicatorReported, ServiceFact
from tracker.domain.figures import rate

Unit = Literal["percent", "per_hundred"]
"""Both are per hundred; of a percentage the numerator is a part of the denominator."""

Comparator = Literal["eq", "gt", "ge"]

UNITS: tuple[Unit, ...] = get_args(Unit)
RATE_CONTRADICTS = "RATE_CONTRADICTS"
WHOLE = 10_000
"""100 % in hundredths."""


class Stated(Struct, frozen=True):
    """What a body states of one area and day: two numbers, or a bare rate; `rate` in hundredths."""

    numerator: int | None = None
    denominator: int | None = None
    rate: int | None = None
    bare: bool = False
    comparator: Comparator = "eq"


def hundredths(numerator: int, denominator: int) -> int | None:
    """The computed rate in hundredths of a percent; None where the denominator is 0."""
    computed = rate(numerator, denominator)
    return None if computed is None else round(computed * 100)


def rate_of(value: int | None) -> int | float | None:
    """A rate in hundredths as it is written; whole ones are integers, as those of figures are."""
    if value is None:
        return None
    return value // 100 if value % 100 == 0 else value / 100


def faults(stated: Stated, unit: str) -> Iterator[Fault]:
    """Everything that is wrong with what was stated, whatever its place."""
    if stated.bare:
        yield from _bare_faults(stated, unit)
        return
    numerator, denominator = stated.numerator, stated.denominator
    numbers = (("numerator", numerator), ("denominator", denominator))
    for name, number in numbers:
        if number is None:
            yield Fault(f"/{name}", "MISSING", "Give both numbers, or `bare: true` and the rate.")
        elif number < 0:
            yield _negative(name)
    if stated.comparator != "eq":
        yield Fault("/comparator", "NOT_ALLOWED", "Only a bare rate is more or at least.")
    if numerator is None or denominator is None or numerator < 0 or denominator < 0:
        return
    if unit == "percent" and numerator > denominator:
        yield Fault(
            "/numerator",
            "OUT_OF_RANGE",
            f"{numerator} is more than its denominator {denominator}; a part is not.",
        )
    computed = hundredths(numerator, denominator)
    if stated.rate is not None and stated.rate != computed:
        yield Fault("/rate", RATE_CONTRADICTS, contradiction(numerator, denominator, stated.rate))


def contradiction(numerator: int, denominator: int, said: int) -> str:
    """What is wrong with a rate, and the right one."""
    computed = hundredths(numerator, denominator)
    if computed is None:
        return f"{numerator} of 0 has no rate; leave {_text(said)} out."
    return (
        f"{numerator} of {denominator} is {_text(computed)}, not {_text(said)}. "
        "Correct the numbers, or leave the rate out."
    )


def _bare_faults(stated: Stated, unit: str) -> Iterator[Fault]:
    for name, number in (("numerator", stated.numerator), ("denominator", stated.denominator)):
        if number is not None:
            yield Fault(f"/{name}", "NOT_ALLOWED", "A bare rate comes without its two numbers.")
    if stated.rate is None:
        yield Fault("/rate", "MISSING", "A bare rate needs its rate.")
    elif stated.rate < 0:
        yield _negative("rate")
    elif unit == "percent" and stated.rate > WHOLE - (stated.comparator == "gt"):
        yield Fault("/rate", "OUT_OF_RANGE", "A percentage is at most 100, and never over it.")


def _negative(name: str) -> Fault:
    return Fault(f"/{name}", "OUT_OF_RANGE", "At least 0.")


def _text(value: int) -> str:
    return f"{value // 100}.{value % 100:02d}"


# ── state from facts ─────────────────────────────────────────────────────────────────────────


def definitions(facts: Iterable[ServiceFact]) -> dict[str, IndicatorDefined]:
    """Version → definition of one indicator, in the order in which they were made."""
    found: dict[str, IndicatorDefined] = {}
    for fact in facts:
        if isinstance(fact, IndicatorDefined):
            found[fact.version] = fact
    return found


def same_definition(one: IndicatorDefined, other: IndicatorDefined) -> bool:
    """Whether two definitions say the same, whoever stated them when."""
    return _content(one) == _content(other)


def _content(fact: IndicatorDefined) -> tuple[object, ...]:
    return (
        *(fact.indicator, fact.version, fact.name_vi, fact.name_en),
        *(fact.numerator, fact.denominator, fact.unit, fact.period, fact.disaggregations),
    )


def reported(facts: Iterable[ServiceFact]) -> list[IndicatorReported]:
    """The values among facts, in the order in which they were published."""
    return [fact for fact in facts if isinstance(fact, IndicatorReported)]


def latest(values: Iterable[IndicatorReported]) -> dict[int, IndicatorReported]:
    """Day → its latest revision, of the values of one indicator and area."""
    return {value.day: value for value in sorted(values, key=lambda v: (v.day, v.revision))}


def same_value(fact: IndicatorReported, stated: Stated, version: str, source: str) -> bool:
    """Whether a revision says just this already."""
    return (
        (fact.version, fact.source, is_bare(fact), fact.comparator)
        == (version, source, stated.bare, stated.comparator)
        and (fact.numerator, fact.denominator) == (stated.numerator, stated.denominator)
        and (not stated.bare or fact.rate == stated.rate)
    )


def is_bare(fact: IndicatorReported) -> bool:
    """Whether a value came as a rate alone."""
    return fact.denominator is None


def rate_in(fact: IndicatorReported) -> int | float | None:
    """A value's rate: the bare one, or the computed one."""
    if fact.numerator is None or fact.denominator is None:
        return rate_of(fact.rate)
    return rate(fact.numerator, fact.denominator)


def item(fact: IndicatorReported) -> dict[str, Any]:
    """A reported value as the feed hands it out."""
    return {
        "indicator": fact.indicator,
        "area": fact.area,
        "area_valid_from": day_date(fact.area_from).isoformat(),
        "date": day_date(fact.day).isoformat(),
        "revision": fact.revision,
        "numerator": fact.numerator,
        "denominator": fact.denominator,
        "rate": rate_in(fact),
        "bare": is_bare(fact),
        "comparator": fact.comparator,
        "published_at": moment_text(fact.recorded),
    }
