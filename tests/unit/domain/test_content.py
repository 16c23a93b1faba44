"""The content of snapshots: of whole worlds, day by day, against the oracle and against itself.

Each seed is a market of up to four vendors over some 130 days with its banks' reports; every day
of it, and a few before and after, is computed from what the store keeps, as the service does.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any, Final

import pytest

from tests.unit.domain.long_worlds import LONG, kept, world
from tests.unit.domain.oracle import since_1970
from tests.unit.domain.published import equations, single
from tracker.domain.days import start_of
from tracker.domain.figures import FIGURES, WINDOW_DAYS, content, dormant
from tracker.domain.lines import REASONS
from tracker.domain.rows import ACCOUNT
from tracker.domain.withholding import withhold

SEEDS: Final = range(36)
Content = dict[str, Any]

ONE_BY_ONE: Final = 13
"""Every so many days the grounds are those of that one day."""


def now(day: int) -> int:
    """When the day's figures are made: while it lasts, when it is over, before and when final."""
    return (start_of(day) + 1, start_of(day + 1), start_of(day + 7) - 1, start_of(day + 7))[day % 4]


@cache
def contents(seed: int) -> list[Content]:
    """What the code makes of every day of a world."""
    store = kept(world(seed))
    whole = store.grounds(LONG.start, LONG.stop - 1)
    return [content(whole, day, now(day)) for day in LONG]


def count(told: Content, figure: str) -> int:
    found: int = told["figures"][figure]["count"]
    return found


every_seed = pytest.mark.parametrize("seed", SEEDS)


class TestAgainstTheOracle:
    @every_seed
    def test_the_content_of_every_day_is_what_the_definitions_say(self, seed: int) -> None:
        defined = world(seed).told()
        for day, told in zip(LONG, contents(seed), strict=True):
            assert told == defined.content(since_1970(day), now(day))

    @every_seed
    def test_a_day_needs_no_more_than_the_grounds_of_that_day(self, seed: int) -> None:
        store = kept(world(seed))
        for day in LONG[seed % ONE_BY_ONE :: ONE_BY_ONE]:
            alone = content(store.grounds(day, day), day, now(day))
            assert alone == contents(seed)[day - LONG.start]

    @every_seed
    def test_the_dormant_are_named_once_a_bank_reported_a_day_of_the_window(
        self, seed: int
    ) -> None:
        defined, store = world(seed).told(), kept(world(seed))
        for day in LONG[seed % ONE_BY_ONE :: ONE_BY_ONE]:
            named = dormant(store.grounds(day, day), day)
            window = since_1970(day - WINDOW_DAYS + 1), since_1970(day)
            expected = defined.figures(window[1])["dormant"] if defined.reports(*window) else ()
            assert named == sorted(expected)

    @every_seed
    def test_what_is_withheld_of_any_day_has_no_single_solution(self, seed: int) -> None:
        for told in contents(seed)[seed % ONE_BY_ONE :: ONE_BY_ONE]:
            assert single(equations(withhold(told)[0])) == {}

    def test_the_worlds_bring_about_all_that_a_content_can_say(self) -> None:
        """Else the comparison with the oracle would prove less than it seems to."""
        said = {what for seed in SEEDS for told in contents(seed) for what in _said(told)}
        assert said >= {
            *FIGURES,
            *("attached_line", "reattached_line", "left_line", *REASONS_SEEN),
            *("census", "roster", "final", "not final", "unassigned", "26500", "26501", "26506"),
            *(f"{f} {by}" for f in ("attached", "active_30d") for by in OUTLOOKS),
            *("no_census", "registered_exceeds_census", "activity_missing"),
            *("activity_without_attachment", "duplicate_account", "swap_suspected"),
            *("stale_verification", "partner_ref_reused"),
            *("zone A", "zone B", "zone None", "category fish", "category fruit", "category None"),
        }
        assert set(REASONS_SEEN) < set(REASONS)

    def test_the_worlds_have_vendors_with_many_banks(self) -> None:
        steps = (s for seed in SEEDS for some in kept(world(seed)).steps.values() for s in some)
        assert any(sum(name.startswith(ACCOUNT) for name in s.sets) > 3 for s in steps)


REASONS_SEEN: Final = ("closed", "fraud", "revoked", "superseded", "tax_worry")
OUTLOOKS: Final = ("reached", "pace_30d", "not_growing", "out_of_sight")


def _said(told: Content) -> set[str]:
    fall, breakdowns = told["waterfall"], told["breakdowns"]
    return {
        *(name for name in FIGURES if count(told, name)),
        *(f"{line}_line" for line in ("attached", "reattached", "left") if fall[line]),
        *fall["removed"],
        told["denominator"]["basis"],
        "final" if told["completeness"]["final"] else "not final",
        told["area_code"] or "unassigned",
        *(f"{target['figure']} {target['projected_by']}" for target in told["targets"]),
        *(flag["code"] for flag in told["flags"]),
        *(f"{by} {row['key']}" for by in ("zone", "category") for row in breakdowns[by]),
    }


@every_seed
class TestInvariants:
    """What holds of every day of every world."""

    def test_the_waterfall_balances_to_the_vendor_on_every_day_and_over_every_period(
        self, seed: int
    ) -> None:
        falls = [told["waterfall"] for told in contents(seed)]
        gained = [fall["attached"] + fall["reattached"] for fall in falls]
        lost = [sum(fall["removed"].values()) + fall["left"] for fall in falls]
        for first in (0, 1, 31, 90):
            for last in range(first, len(falls)):
                change = sum(gained[first : last + 1]) - sum(lost[first : last + 1])
                assert falls[first]["opening"] + change == falls[last]["closing"]

    def test_a_day_opens_as_the_day_before_closed(self, seed: int) -> None:
        told = contents(seed)
        for before, after in pairwise(told):
            assert before["waterfall"]["closing"] == after["waterfall"]["opening"]
            ends = before["waterfall"]["denominator"], after["waterfall"]["denominator"]
            assert ends[0]["closing"] == ends[1]["opening"] == before["denominator"]["value"]
            assert ends[0]["opening"] + ends[0]["change"] == ends[0]["closing"]

    def test_who_is_further_on_is_counted_before_too(self, seed: int) -> None:
        for told in contents(seed):
            assert count(told, "verified_30d") <= count(told, "attached")
            assert count(told, "attached") <= count(told, "issued") <= count(told, "registered")
            assert count(told, "active_30d") <= count(told, "active_90d")
            assert count(told, "regular_90d") <= count(told, "active_90d")
            assert count(told, "active_90d") <= count(told, "transacting")
            assert count(told, "transacting") <= count(told, "registered")

    def test_nobody_is_dormant_and_active(self, seed: int) -> None:
        for told in contents(seed):
            assert count(told, "dormant") <= count(told, "attached")
            both = count(told, "dormant") + count(told, "active_90d")
            assert both <= count(told, "registered")

    def test_zones_and_categories_part_the_market(self, seed: int) -> None:
        for told in contents(seed):
            for by in ("zone", "category"):
                for figure in ("registered", "issued", "attached", "active_30d"):
                    parts = [row[figure]["count"] for row in told["breakdowns"][by]]
                    assert sum(parts) == count(told, figure)

    def test_the_money_of_the_banks_is_the_markets(self, seed: int) -> None:
        for told in contents(seed):
            for name in ("payments", "amount_vnd"):
                whole, parts = told["activity"], told["breakdowns"]["bank"]
                assert (whole[name] or 0) == sum(row[name] or 0 for row in parts)
                to_date = whole["month_to_date"][name] or 0
                assert to_date == sum(row["month_to_date"][name] or 0 for row in parts)

    def test_each_bank_has_no_more_vendors_than_the_market_and_all_have_as_many(
        self, seed: int
    ) -> None:
        for told in contents(seed):
            for figure in ("issued", "attached", "active_30d"):
                parts = [row[figure]["count"] for row in told["breakdowns"]["bank"]]
                assert max(parts, default=0) <= count(told, figure) <= sum(parts)

    def test_nothing_that_says_nothing_is_listed(self, seed: int) -> None:
        for told in contents(seed):
            assert all(flag["count"] > 0 for flag in told["flags"])
            assert all(n > 0 for n in told["waterfall"]["removed"].values())
            tables = told["breakdowns"]
            assert all(row["registered"]["count"] for row in tables["zone"] + tables["category"])
