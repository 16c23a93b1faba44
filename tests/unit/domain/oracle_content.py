"""The whole content of a snapshot once more, by brute force, from the text of the domain page.

As `oracle`: of the domain it takes the structs of the facts, nothing else. Sets are sets of vendor
numbers, and each figure is a look at every vendor; only what was found of a vendor's past is kept,
since most days bring nothing new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from tests.unit.domain import oracle
from tests.unit.domain.oracle import Line
from tracker.domain.facts import Fact, TargetSet

DAY = timedelta(days=1)
CENTURY = 36_525


class Report(NamedTuple):
    """A bank's report of a day: the number and sum of all payments, and who was paid."""

    payments: int
    amount_vnd: int
    vendors: frozenset[int]


class Seen(NamedTuple):
    """A vendor at the end of a day."""

    on_roster: bool
    issued: bool
    attached: bool
    zone: str | None
    category: str | None
    accounts: set[str]
    issued_at: set[str]
    attached_at: set[str]
    matched: date | None
    incidents: int
    findings: set[str]


class Whole:
    """All facts of a market, of its vendors by number, and all reports by day and bank."""

    def __init__(
        self,
        market: Sequence[Fact],
        vendors: Mapping[int, Sequence[Fact]],
        reports: Mapping[date, Mapping[str, Report]],
    ) -> None:
        self._market = market
        self._told = {number: oracle.standing(facts) for number, facts in vendors.items()}
        self._reports = reports
        self._by_past: dict[tuple[int, int], Seen] = {}
        self._by_day: dict[tuple[int, date], Seen] = {}
        self._attached_on: dict[date, set[int]] = {}
        self._paid_on = {
            day: {n for report in by_bank.values() for n in report.vendors}
            for day, by_bank in reports.items()
        }

    def _past(self, number: int, day: date) -> list[tuple[int, Fact]]:
        end = oracle.end(day)
        return [(n, fact) for n, fact in self._told[number] if fact.at < end]

    def seen(self, number: int, day: date) -> Seen:
        """A vendor at the end of a day."""
        if (number, day) not in self._by_day:
            numbered = self._past(number, day)
            key = number, len(numbered)
            if key not in self._by_past:
                self._by_past[key] = _seen(numbered)
            self._by_day[number, day] = self._by_past[key]
        return self._by_day[number, day]

    def vendors(self, day: date, **wanted: Any) -> set[int]:
        """The vendors on the roster at the end of a day of whom this is true."""
        return {
            number
            for number in self._told
            if (seen := self.seen(number, day)).on_roster
            and all(getattr(seen, name) == value for name, value in wanted.items())
        }

    def line(self, number: int, day: date) -> Line | None:
        """The line of the day's waterfall that a vendor is on."""
        opening, closing = self._past(number, day - DAY), self._past(number, day)
        if opening == closing:
            return None
        return oracle.line_between([f for _, f in opening], [f for _, f in closing])

    def paid(self, first: date, last: date, bank: str | None = None) -> set[int]:
        """Who was paid, through one bank or any, on one of these days."""
        return {n for report in self.reports(first, last, bank) for n in report.vendors}

    def reports(self, first: date, last: date, bank: str | None = None) -> list[Report]:
        """The reports of one bank or all, for these days."""
        days = (first + n * DAY for n in range((last - first).days + 1))
        return [
            report
            for day in days
            for bin_, report in self._reports.get(day, {}).items()
            if bank in {None, bin_}
        ]

    # ── the content ──────────────────────────────────────────────────────────────────────────

    def content(self, day: date, now: int) -> dict[str, Any]:
        """The content of the day's snapshot, made at a moment (ms)."""
        base = self.denominator(day)
        return {
            "market": "cho-vung-tau",
            "area_code": oracle.area_on(self._market, day),
            "date": day.isoformat(),
            "definition_version": "2026-11",
            "denominator": base,
            "figures": {
                name: {"count": len(who)}
                if name == "registered"
                else {"count": len(who), "rate": percent(len(who), base["value"])}
                for name, who in self.figures(day).items()
            },
            "activity": self.money(day, None),
            "waterfall": self.waterfall(day),
            "completeness": self.completeness(day, now),
            "targets": [self.target(t, day) for t in oracle.targets_on(self._market, day)],
            "flags": self.flags(day, now),
            "breakdowns": {
                "bank": self.banks(day),
                "zone": self.groups("zone", day),
                "category": self.groups("category", day),
            },
        }

    def denominator(self, day: date) -> dict[str, Any]:
        """The census if there is one and it is not below registered, else registered."""
        census, registered = oracle.census_on(self._market, day), len(self.vendors(day))
        if census is None or census < registered:
            return {"value": registered, "basis": "roster"}
        return {"value": census, "basis": "census"}

    def figures(self, day: date) -> dict[str, set[int]]:
        """Who is counted for each figure."""
        roster, attached = self.vendors(day), self._attached(day)
        window = [day - n * DAY for n in range(90)]
        by_day = [self._paid_on[on] for on in window if on in self._paid_on]
        active_90d = roster & set[int]().union(*by_day)
        always = set[int].intersection(*(self._attached(on) for on in window))
        return {
            "registered": roster,
            "issued": self.vendors(day, issued=True),
            "attached": attached,
            "verified_30d": {n for n in attached if self._matched(n, day, 30)},
            "transacting": roster & self.paid(min(self._reports, default=day), day),
            "active_30d": self.active(day),
            "active_90d": active_90d,
            "regular_90d": {n for n in roster if sum(n in paid for paid in by_day) >= 10},
            "dormant": always - active_90d,
        }

    def _attached(self, day: date) -> set[int]:
        if day not in self._attached_on:
            self._attached_on[day] = self.vendors(day, attached=True)
        return self._attached_on[day]

    def _matched(self, number: int, day: date, days: int) -> bool:
        matched = self.seen(number, day).matched
        return matched is not None and matched > day - days * DAY

    def active(self, day: date, bank: str | None = None) -> set[int]:
        """The roster's vendors paid, through one bank or any, in the 30 days up to it."""
        return self.vendors(day) & self.paid(day - 29 * DAY, day, bank)

    def money(self, day: date, bank: str | None) -> dict[str, Any]:
        """Payments of the day and of the month to date, of one bank or all."""
        today, to_date = (
            self._sum(first, day, bank) for first in (day, date(day.year, day.month, 1))
        )
        return {**today, "month_to_date": to_date}

    def _sum(self, first: date, last: date, bank: str | None) -> dict[str, Any]:
        reports = self.reports(first, last, bank)
        if not reports:
            return {"payments": None, "amount_vnd": None, "vendors": None}
        return {
            "payments": sum(report.payments for report in reports),
            "amount_vnd": sum(report.amount_vnd for report in reports),
            "vendors": len(self.paid(first, last, bank)),
        }

    def waterfall(self, day: date) -> dict[str, Any]:
        """From the attached at the end of the day before to those at the end of the day."""
        lines = Counter(line for n in self._told if (line := self.line(n, day)) is not None)
        opening, closing = (self.denominator(on)["value"] for on in (day - DAY, day))
        return {
            "opening": len(self._attached(day - DAY)),
            "attached": lines[Line("attached")],
            "reattached": lines[Line("reattached")],
            "removed": {line.reason: n for line, n in lines.items() if line.name == "removed"},
            "left": lines[Line("left")],
            "closing": len(self._attached(day)),
            "denominator": {"opening": opening, "change": closing - opening, "closing": closing},
        }

    def completeness(self, day: date, now: int) -> dict[str, Any]:
        """The banks with accounts in the market, who of all banks reported, and whether that is it.

        No bank with accounts is no bank that has not reported.
        """
        expected, reported = self._banks_with_accounts(day), set(self._reports.get(day, {}))
        return {
            "expected": sorted(expected),
            "reported": sorted(reported),
            "final": not expected - reported or oracle.local_day(now) >= day + 7 * DAY,
        }

    def _banks_with_accounts(self, day: date) -> set[str]:
        return {bin_ for n in self.vendors(day) for bin_ in self.seen(n, day).accounts}

    def target(self, target: TargetSet, day: date) -> dict[str, Any]:
        """How far a target is reached, what it takes, and where the last 30 days lead."""
        ends = [
            len(self.active(on) if target.figure == "active_30d" else self._attached(on))
            for on in (day - 30 * DAY, day)
        ]
        due, pace = oracle.since_1970(target.due_on), ends[1] - ends[0]
        left, days_left = max(0, target.vendors - ends[1]), (due - day).days
        projected, why = None, "reached" if left == 0 else "not_growing"
        if left > 0 and pace > 0:
            days = int((Decimal(left) * 30 / pace).to_integral_value(ROUND_CEILING))
            why = "pace_30d" if days <= CENTURY else "out_of_sight"
            projected = (day + days * DAY).isoformat() if days <= CENTURY else None
        return {
            "figure": target.figure,
            "due_on": due.isoformat(),
            "vendors": target.vendors,
            "count": ends[1],
            "progress": percent(ends[1], target.vendors),
            "remaining": left,
            "days_left": days_left,
            "pace_needed": percent(Decimal(left) * 30 / 100, days_left) if days_left > 0 else None,
            "pace_30d": pace,
            "projected_on": projected,
            "projected_by": why,
        }

    def flags(self, day: date, now: int) -> list[dict[str, Any]]:
        """The closed list, in its order."""
        census, roster = oracle.census_on(self._market, day), self.vendors(day)
        attached = self._attached(day)
        seen = [self.seen(n, day) for n in roster]
        missing = self._banks_with_accounts(day) - set(self._reports.get(day, {}))
        counts = {
            "no_census": int(census is None),
            "registered_exceeds_census": max(0, len(roster) - census) if census is not None else 0,
            "activity_missing": len(missing) if now >= oracle.end(day) else 0,
            "activity_without_attachment": len((roster & self.paid(day, day)) - attached),
            "duplicate_account": sum("duplicate_account" in one.findings for one in seen),
            "swap_suspected": sum(one.incidents for one in seen),
            "stale_verification": sum(not self._matched(n, day, 90) for n in attached),
            "partner_ref_reused": sum("partner_ref_reused" in one.findings for one in seen),
        }
        return [{"code": code, "count": count} for code, count in counts.items() if count]

    def banks(self, day: date) -> list[dict[str, Any]]:
        """Banks with accounts or live codes, active vendors, or reports in the month to date."""
        found, roster = [], [self.seen(n, day) for n in self.vendors(day)]
        known = {bin_ for one in roster for bin_ in one.accounts | one.issued_at}
        known.update(bin_ for by_bank in self._reports.values() for bin_ in by_bank)
        for bin_ in sorted(known):
            money, active = self.money(day, bin_), self.active(day, bin_)
            its = any(bin_ in one.accounts | one.issued_at for one in roster)
            if its or active or money["month_to_date"]["payments"] is not None:
                row = {
                    "registered": sum(bin_ in one.accounts for one in roster),
                    "issued": sum(bin_ in one.issued_at for one in roster),
                    "attached": sum(bin_ in one.attached_at for one in roster),
                    "active_30d": len(active),
                }
                found.append({"key": bin_, **{k: {"count": n} for k, n in row.items()}, **money})
        return found

    def groups(self, column: str, day: date) -> list[dict[str, Any]]:
        """The roster by zone or category, those without one last; rates are of the row."""
        roster = {n: self.seen(n, day) for n in self.vendors(day)}
        rows = []
        for key in _named_first({getattr(one, column) for one in roster.values()}):
            mine = {n for n, one in roster.items() if getattr(one, column) == key}
            further = {
                "issued": sum(roster[n].issued for n in mine),
                "attached": sum(roster[n].attached for n in mine),
                "active_30d": len(mine & self.active(day)),
            }
            rows.append(
                {
                    "key": key,
                    "registered": {"count": len(mine)},
                    **{k: {"count": n, "rate": percent(n, len(mine))} for k, n in further.items()},
                }
            )
        return rows


def _seen(numbered: Sequence[tuple[int, Fact]]) -> Seen:
    past = [fact for _, fact in numbered]
    return Seen(
        on_roster=oracle.on_roster(past),
        issued=oracle.is_issued(past),
        attached=oracle.is_attached(past),
        zone=oracle.group_of(past, "zone"),
        category=oracle.group_of(past, "category"),
        accounts=oracle.banks(past),
        issued_at={oracle.bank_of(past, code) for code in oracle.live_codes(past)},
        attached_at={oracle.bank_of(past, code) for code in oracle.hanging_codes(past)},
        matched=oracle.last_match(past),
        incidents=oracle.unresolved_incidents(numbered),
        findings=oracle.open_findings(past),
    )


def _named_first(keys: Iterable[str | None]) -> list[str | None]:
    named = {key for key in keys if key is not None}
    return [*sorted(named), *([None] if None in set(keys) else [])]


def percent(part: int | Decimal, whole: int) -> float | None:
    """100 × part / whole, two decimals, half up; None of nothing."""
    if whole == 0:
        return None
    exact = 100 * Decimal(part) / Decimal(whole)
    return float(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
