"""What is counted: in the right bucket, under labels that are bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.observe import meters
from tracker.observe.meters import OTHER, SERIES_MAX, Family

BOUNDS = (0.1, 1.0, 10.0)


@given(st.lists(st.floats(0, 100)))
def test_each_value_falls_into_the_first_bucket_that_holds_it(values: list[float]) -> None:
    family = Family("f", "", ("a",), BOUNDS)
    for value in values:
        family.observe(("x",), value)
    total, *counts = family.series.get(("x",), [0.0] * 5)
    below = [sum(value <= bound for value in values) for bound in BOUNDS]
    assert [sum(counts[: n + 1]) for n in range(3)] == below
    assert sum(counts) == len(values)
    assert abs(total - sum(values)) < 1e-6


def test_labels_beyond_the_limit_are_counted_together() -> None:
    family = Family("f", "", ("a", "b"))
    for n in range(SERIES_MAX + 50):
        family.inc((str(n), "x"))
    assert len(family.series) == SERIES_MAX + 1
    assert family.series[OTHER, OTHER] == [50.0]


def test_a_series_of_another_shape_is_left_out() -> None:
    family = Family("f", "", ("a",), BOUNDS)
    family.add(("x",), [1.0, 2.0])
    family.add(("x", "y"), [0.0] * 5)
    assert family.series == {}


def test_a_request_is_counted_by_template_known_method_and_class() -> None:
    before = dict(meters.REQUESTS.series)
    for method, status in (("GET", 304), ("BREW", 418), ("POST", 0), ("PUT", 999)):
        meters.answered(method, "/test/{only}", status, 0.2)
    new = set(meters.REQUESTS.series) - set(before)
    assert new == {
        ("GET", "/test/{only}", "3xx"),
        ("other", "/test/{only}", "4xx"),
        ("POST", "/test/{only}", "none"),
        ("PUT", "/test/{only}", "5xx"),
    }
    for labels in new:
        del meters.REQUESTS.series[labels]
