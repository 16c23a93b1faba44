"""What may be reported of an indicator, and the state that its facts come to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tracker.domain.facts import IndicatorDefined, IndicatorReported
from tracker.domain.indicators import (
    Stated,
    definitions,
    faults,
    hundredths,
    is_bare,
    item,
    latest,
    rate_of,
    reported,
    same_definition,
    same_value,
)

WHEN = (1_795_000_000_000, 1_795_000_000_500, "key")
COUNTS = st.integers(0, 10**9)


def found(stated: Stated, unit: str = "percent") -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in faults(stated, unit)]


def value(**more: Any) -> IndicatorReported:
    given_: dict[str, Any] = {
        "indicator": "digital-signatures",
        "version": "1",
        "area": "26506",
        "area_from": 20_270,
        "day": 20_757,
        "revision": 1,
        "source": "the city",
        "numerator": 81_691,
        "denominator": 277_975,
        "rate": None,
    }
    return IndicatorReported(*WHEN, **{**given_, **more})


def test_a_rate_that_its_two_numbers_contradict_is_refused_with_the_right_one() -> None:
    (fault,) = faults(Stated(81_691, 277_975, 4_146), "percent")
    assert (fault.pointer, fault.code) == ("/rate", "RATE_CONTRADICTS")
    assert "81691 of 277975 is 29.39, not 41.46" in fault.detail
    assert found(Stated(81_691, 277_975, 2_939)) == []
    assert found(Stated(81_691, 277_975)) == []


@given(COUNTS, st.integers(1, 10**9), st.integers(0, 10_000))
def test_only_the_rate_rounded_half_up_passes(numerator: int, more: int, said: int) -> None:
    denominator = numerator + more
    right = (numerator * 20_000 + denominator) // (2 * denominator)
    assert hundredths(numerator, denominator) == right
    refused = ("/rate", "RATE_CONTRADICTS") in found(Stated(numerator, denominator, said))
    assert refused == (said != right)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (Stated(), [("/numerator", "MISSING"), ("/denominator", "MISSING")]),
        (Stated(1), [("/denominator", "MISSING")]),
        (Stated(-1, -2), [("/numerator", "OUT_OF_RANGE"), ("/denominator", "OUT_OF_RANGE")]),
        (Stated(3, 2), [("/numerator", "OUT_OF_RANGE")]),
        (Stated(3, 2, 1), [("/numerator", "OUT_OF_RANGE"), ("/rate", "RATE_CONTRADICTS")]),
        (Stated(1, 2, comparator="gt"), [("/comparator", "NOT_ALLOWED")]),
        (Stated(0, 0), []),
        (Stated(0, 0, 0), [("/rate", "RATE_CONTRADICTS")]),
        (Stated(rate=8_000, bare=True, comparator="gt"), []),
        (Stated(rate=10_000, bare=True, comparator="ge"), []),
        (Stated(rate=10_000, bare=True, comparator="gt"), [("/rate", "OUT_OF_RANGE")]),
        (Stated(rate=10_001, bare=True), [("/rate", "OUT_OF_RANGE")]),
        (Stated(rate=-1, bare=True), [("/rate", "OUT_OF_RANGE")]),
        (Stated(bare=True), [("/rate", "MISSING")]),
        (
            Stated(1, 2, 5_000, bare=True),
            [("/numerator", "NOT_ALLOWED"), ("/denominator", "NOT_ALLOWED")],
        ),
    ],
)
def test_every_fault_is_named(stated: Stated, expected: list[tuple[str, str]]) -> None:
    assert found(stated) == expected


def test_what_is_no_share_may_be_more_than_its_denominator() -> None:
    assert found(Stated(3, 2, 15_000), "per_hundred") == []
    assert found(Stated(rate=25_000, bare=True), "per_hundred") == []


def test_an_item_says_what_was_reported() -> None:
    assert item(value()) == {
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
        "published_at": "2026-11-18T18:06:40.500+07:00",
    }
    over = item(value(numerator=None, denominator=None, rate=8_000, comparator="gt"))
    assert (over["rate"], over["bare"], over["comparator"]) == (80, True, "gt")
    assert item(value(numerator=0, denominator=0))["rate"] is None


@given(st.integers(0, 10**6))
def test_a_rate_is_written_with_at_most_two_decimals(said: int) -> None:
    written = rate_of(said)
    assert written is not None
    assert round(written * 100) == said
    assert isinstance(written, int) == (said % 100 == 0)


def test_the_latest_revision_of_each_day_stands() -> None:
    values = [value(), value(day=20_758), value(revision=2, numerator=5)]
    assert latest(reported(values)) == {20_757: values[2], 20_758: values[1]}


def test_the_same_value_is_the_same_whoever_reports_it() -> None:
    stated = Stated(81_691, 277_975, 2_939)
    assert same_value(value(), stated, "1", "the city")
    assert same_value(value(), Stated(81_691, 277_975), "1", "the city")
    assert not same_value(value(), Stated(81_692, 277_975), "1", "the city")
    assert not same_value(value(), stated, "2", "the city")
    assert not same_value(value(), stated, "1", "the province")
    bare = value(numerator=None, denominator=None, rate=8_000, comparator="gt")
    assert is_bare(bare)
    assert same_value(bare, Stated(rate=8_000, bare=True, comparator="gt"), "1", "the city")
    assert not same_value(bare, Stated(rate=8_000, bare=True), "1", "the city")
    assert not same_value(bare, Stated(rate=8_001, bare=True, comparator="gt"), "1", "the city")


def test_a_definition_is_the_same_whenever_it_was_stated() -> None:
    first = IndicatorDefined(
        *WHEN, "x", "1", "Chữ ký số", "Signatures", "n", "d", "percent", "P1Y", ("area",)
    )
    later = replace(first, recorded=1, by="other")
    assert same_definition(first, later)
    assert not same_definition(first, replace(first, denominator="other"))
    second = replace(first, version="2")
    assert list(definitions([first, second])) == ["1", "2"]
