"""The figures (definition version `2026-11`).

A vendor counts by its *standing* at the end of each day. `day_lines` turns a vendor's history
into what it adds to each day: changes of the three counts, and the line of the waterfall that it
is on. The sum of these over a market's vendors, day by day, is all that a snapshot needs: a count
at the end of D is the prefix sum to D, a waterfall line of D is the day's own sum. A late fact
changes a vendor's lines, and the difference of old and new is added to the market's sums.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tracker.domain.days import day_date, day_of, start_of
from tracker.domain.facts import VendorFact
from tracker.domain.market import Denominator, Market, denominator
from tracker.domain.vendor import History, Vendor

DEFINITION_VERSION = "2026-11"

REGISTERED = "r"
ISSUED = "i"
ATTACHED = "a"
LINE_ATTACHED = "+"
LINE_REATTACHED = "~"
LINE_LEFT = "x"
LINE_REMOVED = "-"
INCIDENTS = "s"
"""Kinds of day lines; a removal's reason follows its sign: `-tax_worry`."""

DayLines = Mapping[tuple[int, str], int]
"""(day, line) → count."""


def day_lines(history: History) -> Counter[tuple[int, str]]:
    """What one vendor adds to each day's sums; lines that come to nothing are absent."""
    return lines_through(history.states())


def lines_through(states: Iterable[tuple[VendorFact, Vendor]]) -> Counter[tuple[int, str]]:
    """`day_lines` from the states that a vendor went through."""
    lines: Counter[tuple[int, str]] = Counter()
    before = vendor = Vendor()
    day = None
    for fact, after in states:
        if day_of(fact.at) != day:
            if day is not None:
                _close(lines, day, before, vendor)
                before = vendor
            day = day_of(fact.at)
        vendor = after
    if day is not None:
        _close(lines, day, before, vendor)
    return lines


def _close(lines: Counter[tuple[int, str]], day: int, before: Vendor, vendor: Vendor) -> None:
    if vendor.incidents and (more := _unresolved(vendor) - _unresolved(before)):
        lines[day, INCIDENTS] = more
    opening, closing = before.standing, vendor.standing
    if closing == opening:
        return
    for line, was, is_ in zip((REGISTERED, ISSUED, ATTACHED), opening, closing, strict=True):
        if was != is_:
            lines[day, line] = is_ - was
    if closing.attached and not opening.attached:
        first = vendor.first_attached_at
        again = first is not None and first < start_of(day)
        lines[day, LINE_REATTACHED if again else LINE_ATTACHED] = 1
    elif opening.attached and not closing.attached:
        lines[day, LINE_REMOVED + vendor.last_end if vendor.on_roster else LINE_LEFT] = 1


def _unresolved(vendor: Vendor) -> int:
    """Open and confirmed incidents; those of who left the roster count no more."""
    if not vendor.on_roster:
        return 0
    return sum(incident.unresolved for incident in vendor.incidents.values())


class Counts(NamedTuple):
    """The three counts at the end of a day."""

    registered: int
    issued: int
    attached: int


class DaySums:
    """A market's day lines, summed up: counts at the end of any day in the time of a search."""

    def __init__(self, lines: DayLines) -> None:
        self._lines: dict[int, dict[str, int]] = {}
        for (day, line), count in lines.items():
            self._lines.setdefault(day, {})[line] = count
        self._days = sorted(self._lines)
        self._counts = [Counts(0, 0, 0)]
        for day in self._days:
            before, lines_of = self._counts[-1], self._lines[day]
            self._counts.append(
                Counts(
                    before.registered + lines_of.get(REGISTERED, 0),
                    before.issued + lines_of.get(ISSUED, 0),
                    before.attached + lines_of.get(ATTACHED, 0),
                )
            )

    def counts(self, day: int) -> Counts:
        """The counts at the end of a day."""
        return self._counts[bisect_right(self._days, day)]

    def incidents(self, day: int) -> int:
        """Incidents that nobody had resolved by the end of a day."""
        changes = [(on, lines.get(INCIDENTS, 0)) for on, lines in self._lines.items()]
        return sum(change for on, change in changes if on <= day)

    def lines(self, day: int) -> Mapping[str, int]:
        """The day's own lines."""
        return self._lines.get(day, {})


def rate(numerator: int, denominator_: int) -> float | int | None:
    """`100 × numerator / denominator`, two decimals, half up; None where there is no denominator.

    Whole rates are integers, so that their canonical JSON (RFC 8785) is what an encoder writes.
    """
    if denominator_ == 0:
        return None
    hundredths = (20_000 * numerator + denominator_) // (2 * denominator_)
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def waterfall(sums: DaySums, day: int, market: Market) -> dict[str, Any]:
    """How the attached came from the end of D-1 to the end of D, to the vendor."""
    opening, closing, lines = sums.counts(day - 1), sums.counts(day), sums.lines(day)
    removed = {
        line[1:]: count
        for line, count in sorted(lines.items())
        if line.startswith(LINE_REMOVED) and count
    }
    before = denominator(market.census_on(day - 1), opening.registered).value
    after = denominator(market.census_on(day), closing.registered).value
    return {
        "opening": opening.attached,
        "attached": lines.get(LINE_ATTACHED, 0),
        "reattached": lines.get(LINE_REATTACHED, 0),
        "removed": removed,
        "left": lines.get(LINE_LEFT, 0),
        "closing": closing.attached,
        "denominator": {"opening": before, "change": after - before, "closing": after},
    }


def figures(counts: Counts, base: int) -> dict[str, Any]:
    """Each figure with its count and, where it is a share, its rate of the denominator."""
    return {
        "registered": {"count": counts.registered},
        "issued": {"count": counts.issued, "rate": rate(counts.issued, base)},
        "attached": {"count": counts.attached, "rate": rate(counts.attached, base)},
    }


def flags(
    census: int | None, base: Denominator, counts: Counts, incidents: int = 0
) -> list[dict[str, Any]]:
    """The findings of the closed list that hold, each with its count."""
    found: list[dict[str, Any]] = []
    if census is None:
        found.append({"code": "no_census", "count": 1})
    elif base.overrun:
        over = counts.registered - census
        found.append({"code": "registered_exceeds_census", "count": over})
    if incidents:
        found.append({"code": "swap_suspected", "count": incidents})
    return found


def content(market: Market, sums: DaySums, day: int) -> dict[str, Any]:
    """The content of a market's snapshot of a day: what `content_digest` is taken over."""
    counts = sums.counts(day)
    census = market.census_on(day)
    base = denominator(census, counts.registered)
    area = market.area_on(day)
    return {
        "market": market.id,
        "area_code": None if area is None else area.code,
        "date": day_date(day).isoformat(),
        "definition_version": DEFINITION_VERSION,
        "denominator": {"value": base.value, "basis": base.basis},
        "figures": figures(counts, base.value),
        "waterfall": waterfall(sums, day, market),
        "flags": flags(census, base, counts, sums.incidents(day)),
    }


def roll_up(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Sums of numerators over the sum of denominators; never a mean of rates."""
    base = sum(p["denominator"]["value"] for p in parts)
    bases = {p["denominator"]["basis"] for p in parts}
    counts = Counts(*(sum(p["figures"][name]["count"] for p in parts) for name in Counts._fields))
    removed: Counter[str] = Counter()
    for part in parts:
        removed.update(part["waterfall"]["removed"])
    falls = [p["waterfall"] for p in parts]
    ends = ("opening", "attached", "reattached", "left", "closing")
    found: Counter[str] = Counter()
    for part in parts:
        found.update({flag["code"]: flag["count"] for flag in part["flags"]})
    return {
        "denominator": {
            "value": base,
            "basis": bases.pop() if len(bases) == 1 else "mixed" if bases else "roster",
        },
        "figures": figures(counts, base),
        "waterfall": {
            **{end: sum(f[end] for f in falls) for end in ends},
            "removed": dict(sorted(removed.items())),
            "denominator": {
                end: sum(f["denominator"][end] for f in falls)
                for end in ("opening", "change", "closing")
            },
        },
        "flags": [{"code": code, "count": count} for code, count in sorted(found.items())],
    }
