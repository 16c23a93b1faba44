"""Numbers and days as people read them."""

from __future__ import annotations

from datetime import date

import pytest

from tracker.web import values
from tracker.web.charts import WIDTH, Aim, Point, bar, trend
from tracker.web.view import own_path


def test_vietnamese_swaps_point_and_comma() -> None:
    assert values.number("vi", 1_234_567) == "1.234.567"
    assert values.number("en", 1_234_567) == "1,234,567"
    assert values.percent("vi", 31.0) == "31,00 %"
    assert values.percent("en", 31.0) == "31.00%"
    assert values.money("vi", 112_300_000) == "112.300.000 ₫"
    assert values.points("vi", -1.5) == "−1,50"
    assert (values.signed("vi", 12), values.signed("vi", -3), values.signed("vi", 0)) == (
        "+12",
        "−3",
        "0",
    )


def test_nothing_known_is_not_zero() -> None:
    none = "Chưa có dữ liệu"
    assert values.number("vi", None) == values.percent("vi", None) == none
    assert values.money("vi", None) == values.day("vi", None) == values.moment("vi", None) == none
    assert values.number("vi", 0) == "0"


def test_days_and_moments_are_vietnams() -> None:
    assert values.day("vi", date(2026, 7, 31)) == values.day("vi", "2026-07-31") == "31/07/2026"
    assert values.day("en", "2026-07-01") == "1 Jul 2026"
    assert values.moment("vi", "2026-07-31T20:30:00+00:00") == "01/08/2026 03:30"


def test_a_trend_says_its_ends_and_stays_within_its_frame() -> None:
    points = [Point(date(2026, 7, n), 10 * n) for n in range(1, 31)]
    drawn = str(trend("vi", points, "một câu <b>", Aim(date(2027, 1, 1), 500), "Chỉ tiêu"))
    assert "<title>một câu &lt;b&gt;</title>" in drawn
    assert ">300</text>" in drawn
    assert ">10</text>" in drawn
    assert "Chỉ tiêu 500" in drawn
    line = drawn.partition('class="line" points="')[2].partition('"')[0]
    xs = [float(place.partition(",")[0]) for place in line.split()]
    assert xs == sorted(xs)
    assert 0 <= xs[0] < xs[-1] <= WIDTH
    assert "style=" not in drawn
    one = trend("vi", points[:1], "một ngày")
    assert ">10</text>" in str(one)


@pytest.mark.parametrize(
    ("part", "whole", "width"), [(1, 2, "50.00"), (3, 2, "100.00"), (1, 0, "0.00")]
)
def test_a_bar_is_its_share(part: int, whole: int, width: str) -> None:
    assert f'class="fill" width="{width}"' in str(bar(part, whole))


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "x", "", None],
)
def test_nobody_is_sent_to_another_site(elsewhere: str | None) -> None:
    assert own_path(elsewhere) == "/"


def test_our_own_paths_are_kept() -> None:
    assert own_path("/markets/cho-ben?days=7#trend") == "/markets/cho-ben?days=7#trend"
