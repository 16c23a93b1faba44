"""The figures of one market for one day (definition version `2026-11`).

Vendors are counted by their rows, payments by the banks' reports, changes by the day lines; what
each figure means is said in `docs/definitions.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tracker.domain import lines, rows
from tracker.domain.bitmaps import Who, members, packed
from tracker.domain.days import day_date, day_of
from tracker.domain.facts import TargetFigure
from tracker.domain.lines import Falls
from tracker.domain.market import Denominator, Market, denominator
from tracker.domain.paid import NOTHING, Money, Paid
from tracker.domain.roster import NOBODY, Bank, Counts, Group, Roster
from tracker.domain.rows import Step
from tracker.domain.targets import PACE_DAYS, outlook

DEFINITION_VERSION = "2026-11"

FIGURES = (
    "registered",
    "issued",
    "attached",
    "verified_30d",
    "transacting",
    "active_30d",
    "active_90d",
    "regular_90d",
    "dormant",
)
"""Every figure of a snapshot, in the order in which people read them."""

ACTIVE_DAYS = 30
VERIFIED_DAYS = 30
WINDOW_DAYS = 90
"""The stretches of days that end with the day itself, it included (the GSMA convention)."""

BANKS_DAYS = 31
"""Of so many days, the day itself included, it counts which bank reported what: a month is no
longer, and those active at a bank are so in 30 days."""

REGULAR_TIMES = 10
"""Paid on so many different days of the window: a regular."""

FINAL_AFTER_DAYS = 7
"""So many days after the day its figures are final, whoever has not reported."""


class Grounds(NamedTuple):
    """All that a market's figures are made of, as it stood at one ledger position.

    `falls` has the lines of the days asked for. `past` has the steps of the vendors whose present
    rows do not tell of every day asked for (`Roster.unsaid`); where the market has a target, of 30
    days earlier too. `paid` reaches at least from 89 days before the first day asked for to the
    last.
    """

    market: Market
    falls: Falls
    roster: Roster = NOBODY
    past: Mapping[int, Sequence[Step]] = {}
    paid: Paid = NOTHING


def content(on: Grounds, day: int, now: int) -> dict[str, Any]:
    """The content of the market's snapshot of a day, before anything is withheld from it.

    `now` (ms) decides whether the day is over, and whether it is final.
    """
    market, paid = on.market, on.paid
    roster = on.roster.on(day, on.past)
    stands = roster.counts(
        verified_from=day - VERIFIED_DAYS + 1, stale_before=day - WINDOW_DAYS + 1
    )
    census = market.census_on(day)
    base = denominator(census, stands.registered)
    area = market.area_on(day)
    active = _active(roster, paid, day)
    counts = _counts(stands, roster, paid, active, day)
    banks = roster.banks()
    moneys = _Moneys(paid.money(day, day), paid.money(first_of_month(day), day))
    done = _completeness(banks, paid, day, now)
    over = day_of(now) > day
    return {
        "market": market.id,
        "area_code": None if area is None else area.code,
        "date": day_date(day).isoformat(),
        "definition_version": DEFINITION_VERSION,
        "denominator": {"value": base.value, "basis": base.basis},
        "figures": figures(counts, base.value),
        "activity": moneys.of(None),
        "waterfall": _waterfall(on.falls, day, stands, market),
        "completeness": done,
        "targets": [
            outlook(target, day, counts[target.figure], _before(on, target.figure, day))
            for target in market.targets_on(day)
        ],
        "flags": flags(census, base, _findings(stands, roster, paid, day, done if over else None)),
        "breakdowns": {
            "bank": _banks(banks, roster, paid, moneys, day),
            "zone": [_group_row(group) for group in roster.groups(rows.ZONE, active)],
            "category": [_group_row(group) for group in roster.groups(rows.CATEGORY, active)],
        },
    }


def rate(numerator: int, denominator_: int) -> float | int | None:
    """`100 × numerator / denominator`, two decimals, half up; None where there is no denominator.

    Whole rates are integers, so that their canonical JSON (RFC 8785) is what an encoder writes.
    """
    if denominator_ == 0:
        return None
    hundredths = (20_000 * numerator + denominator_) // (2 * denominator_)
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def figures(counts: Mapping[str, int], base: int) -> dict[str, Any]:
    """Each figure with its count and, but for the roster itself, its rate of the denominator."""
    return {
        name: {"count": counts[name]}
        if name == "registered"
        else {"count": counts[name], "rate": rate(counts[name], base)}
        for name in FIGURES
    }


def flags(
    census: int | None, base: Denominator, findings: Mapping[str, int]
) -> list[dict[str, Any]]:
    """The findings of the closed list that hold, each with its count."""
    found: list[dict[str, Any]] = []
    if census is None:
        found.append({"code": "no_census", "count": 1})
    elif base.overrun:
        found.append({"code": "registered_exceeds_census", "count": base.value - census})
    return found + [{"code": code, "count": n} for code, n in findings.items() if n]


def _waterfall(falls: Falls, day: int, stands: Counts, market: Market) -> dict[str, Any]:
    """How the attached came from the end of D-1 to the end of D, to the vendor."""
    attached, reattached, left = (
        falls.on(day, line) for line in (lines.ATTACHED, lines.REATTACHED, lines.LEFT)
    )
    removed = falls.removed(day)
    opening = stands.attached - attached - reattached + sum(removed.values()) + left
    registered = stands.registered - falls.on(day, lines.REGISTERED)
    before = denominator(market.census_on(day - 1), registered).value
    after = denominator(market.census_on(day), stands.registered).value
    return {
        "opening": opening,
        "attached": attached,
        "reattached": reattached,
        "removed": removed,
        "left": left,
        "closing": stands.attached,
        "denominator": {"opening": before, "change": after - before, "closing": after},
    }


def _active(roster: Roster, paid: Paid, day: int) -> Who:
    return paid.paid(day - ACTIVE_DAYS + 1, day) & roster.who(rows.ON_ROSTER)


def _counts(stands: Counts, roster: Roster, paid: Paid, active: Who, day: int) -> dict[str, int]:
    since, on_roster = day - WINDOW_DAYS + 1, roster.who(rows.ON_ROSTER)
    in_window = paid.paid(since, day)
    return {
        "registered": stands.registered,
        "issued": stands.issued,
        "attached": stands.attached,
        "verified_30d": stands.verified,
        "transacting": (paid.ever(day) & on_roster).bit_count(),
        "active_30d": active.bit_count(),
        "active_90d": (in_window & on_roster).bit_count(),
        "regular_90d": (paid.often(since, day, REGULAR_TIMES) & on_roster).bit_count(),
        "dormant": _dormant(roster, in_window, since).bit_count(),
    }


def dormant(on: Grounds, day: int) -> list[int]:
    """The numbers of the dormant vendors, none where no bank reported any day of the window."""
    since = day - WINDOW_DAYS + 1
    if not on.paid.known(since, day):
        return []
    return members(packed(_dormant(on.roster.on(day, on.past), on.paid.paid(since, day), since)))


def _dormant(roster: Roster, paid: Who, since: int) -> Who:
    return roster.attached_since(since) & ~paid


def _before(on: Grounds, figure: TargetFigure, day: int) -> int:
    """A target's figure 30 days earlier: what its pace is measured from."""
    earlier = day - PACE_DAYS
    roster = on.roster.on(earlier, on.past)
    if figure == "attached":
        return roster.attached.bit_count()
    return _active(roster, on.paid, earlier).bit_count()


class _Moneys(NamedTuple):
    """What was reported for the day and for the month up to it, by bank; of all banks by None."""

    day: Mapping[str | None, Money]
    month: Mapping[str | None, Money]

    def of(self, bin_: str | None) -> dict[str, Any]:
        """As a holder of money has it."""
        return {**_money(self.day.get(bin_)), "month_to_date": _money(self.month.get(bin_))}


def first_of_month(day: int) -> int:
    """The first day of the month that a day lies in."""
    return day - day_date(day).day + 1


def _money(money: Money | None) -> dict[str, Any]:
    """What was reported; nothing reported is not zero."""
    if money is None:
        return dict.fromkeys(Money._fields)
    return money._asdict()


def _completeness(banks: Mapping[str, Bank], paid: Paid, day: int, now: int) -> dict[str, Any]:
    expected = [bin_ for bin_, bank in banks.items() if bank.registered]
    reported = paid.reported(day)
    complete = set(expected) <= set(reported)
    final = complete or day_of(now) - day >= FINAL_AFTER_DAYS
    return {"expected": expected, "reported": reported, "final": final}


def _findings(
    stands: Counts, roster: Roster, paid: Paid, day: int, done: Mapping[str, Any] | None
) -> dict[str, int]:
    """What needs attention. `done`, the day's completeness, is None before the day is over."""
    missing = set(done["expected"]) - set(done["reported"]) if done else ()
    unattached = roster.who(rows.ON_ROSTER) & ~roster.attached
    return {
        "activity_missing": len(missing),
        "activity_without_attachment": (paid.paid(day, day) & unattached).bit_count(),
        "duplicate_account": stands.duplicate_account,
        "swap_suspected": stands.incidents,
        "stale_verification": stands.stale,
        "partner_ref_reused": stands.partner_ref_reused,
    }


def _banks(
    banks: Mapping[str, Bank], roster: Roster, paid: Paid, moneys: _Moneys, day: int
) -> list[dict[str, Any]]:
    on_roster = roster.who(rows.ON_ROSTER)
    active = {
        bin_: (vendors & on_roster).bit_count()
        for bin_, vendors in paid.by_bank(day - ACTIVE_DAYS + 1, day).items()
    }
    found = []
    for bin_ in sorted({*banks, *paid.banks}):
        bank = banks.get(bin_, _NO_VENDORS)
        if any(bank) or active.get(bin_) or bin_ in moneys.month:
            found.append(
                {
                    "key": bin_,
                    **{name: {"count": count} for name, count in bank._asdict().items()},
                    "active_30d": {"count": active.get(bin_, 0)},
                    **moneys.of(bin_),
                }
            )
    return found


_NO_VENDORS = Bank(0, 0, 0)


def _group_row(group: Group) -> dict[str, Any]:
    base = group.registered
    return {
        "key": group.key,
        "registered": {"count": base},
        "issued": {"count": group.issued, "rate": rate(group.issued, base)},
        "attached": {"count": group.attached, "rate": rate(group.attached, base)},
        "active_30d": {"count": group.active, "rate": rate(group.active, base)},
    }
