"""Charts as SVG drawn on the server: a line over time and a bar. No scripts, no inline styles.

What a chart shows stands in numbers beside or under it; the picture itself has one sentence for
who does not see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from markupsafe import Markup, escape
from msgspec import Struct

from tracker.web import values
from tracker.web.texts import Language

WIDTH: Final = 360
HEIGHT: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 62, 18, 24


class Point(Struct, frozen=True):
    """One day's value."""

    day: date
    value: int


class Aim(Struct, frozen=True):
    """A target: so many by a day."""

    due_on: date
    value: int


def trend(
    language: Language,
    points: Sequence[Point],
    label: str,
    aim: Aim | None = None,
    aim_label: str = "",
) -> Markup:
    """A line over days from zero up, its ends labelled, with the target as a dashed line.

    `label` is the sentence that tells the chart. At least one point.
    """
    first, last = points[0], points[-1]
    until = (
        max(
            last.day,
            min(aim.due_on, date.fromordinal(2 * last.day.toordinal() - first.day.toordinal())),
        )
        if aim
        else last.day
    )
    top = max([1, *(point.value for point in points), *([aim.value] if aim else [])])
    span = max(1, (until - first.day).days)

    def x(day: date) -> float:
        share = min((day - first.day).days / span, 1.0)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(value: int) -> float:
        return round(HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM), 1)

    floor = HEIGHT - _BOTTOM
    line = " ".join(f"{x(point.day)},{y(point.value)}" for point in points)
    parts = [
        f'<line class="axis" x1="{_LEFT}" y1="{floor}" x2="{WIDTH - _RIGHT}" y2="{floor}"/>',
    ]
    if aim is not None:
        high = y(aim.value)
        near = abs(high - y(last.value)) < 14
        parts += [
            f'<line class="aim" x1="{x(last.day)}" y1="{y(last.value)}" x2="{x(until)}"'
            f' y2="{high}"/>',
            f'<circle class="aim-dot" cx="{x(until)}" cy="{high}" r="4"/>',
            f'<text class="aim-text" x="{WIDTH - _RIGHT + 6}" y="{high + (-6 if near else 4)}">'
            f"{escape(aim_label)} {values.number(language, aim.value)}</text>",
        ]
    parts += [
        f'<polygon class="area" points="{x(first.day)},{floor} {line} {x(last.day)},{floor}"/>',
        f'<polyline class="line" points="{line}"/>',
        f'<circle class="dot" cx="{x(last.day)}" cy="{y(last.value)}" r="4"/>',
        f'<text class="last" x="{x(last.day) + 6}" y="{y(last.value) + 5}">'
        f"{values.number(language, last.value)}</text>",
        f'<text class="first" x="{_LEFT}" y="{max(12.0, y(first.value) - 7)}">'
        f"{values.number(language, first.value)}</text>",
        f'<text class="tick" x="{_LEFT}" y="{HEIGHT - 8}">{values.day(language, first.day)}</text>',
        f'<text class="tick end" x="{WIDTH - _RIGHT}" y="{HEIGHT - 8}">'
        f"{values.day(language, until)}</text>",
    ]
    return Markup(  # noqa: S704  # numbers, and texts that are escaped
        f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(label)}</title>{''.join(parts)}</svg>"
    )


def bar(part: float, whole: float, kind: str = "") -> Markup:
    """A horizontal bar, so much of the whole; the numbers stand beside it. `kind` is a class."""
    share = 0.0 if whole <= 0 else max(0.0, min(100.0, 100 * part / whole))
    return Markup(  # noqa: S704  # numbers, and texts that are escaped
        f'<svg class="bar {escape(kind)}" viewBox="0 0 100 8" preserveAspectRatio="none"'
        ' aria-hidden="true"><rect class="rail" width="100" height="8"/>'
        f'<rect class="fill" width="{share:.2f}" height="8"/></svg>'
    )
