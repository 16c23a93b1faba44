"""Sums over markets: numerators over the sum of denominators, and what was left out of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.long_worlds import kept, world
from tests.unit.domain.place import census, market, on
from tests.unit.domain.standing import HANGING, ISSUED, REGISTERED, roster
from tests.unit.domain.worlds import FIRST, examples
from tracker.domain.days import start_of
from tracker.domain.figures import FIGURES, Grounds, content, figures, rate
from tracker.domain.lines import Falls
from tracker.domain.roll_up import roll_up
from tracker.domain.rows import Row
from tracker.domain.withholding import withhold

Body = dict[str, Any]
VCB, BIDV = "970436", "970418"
NOTHING = {"payments": None, "amount_vnd": None}


def part(
    counts: Sequence[int], declared: int | None = None, removed: dict[str, int] | None = None
) -> Body:
    """The content of a market's day with these counts, of which some were removed that day."""
    day, (registered, issued, attached) = on("2023-05-31"), counts
    gone = removed or {}
    left = attached - sum(gone.values())
    stages = [HANGING] * left + [ISSUED] * (issued - left) + [REGISTERED] * (registered - issued)
    roster_ = roster(*((Row(since=day - 1), sets) for sets in stages))
    falls = Falls({(day, f"-{reason}"): n for reason, n in gone.items()})
    facts = () if declared is None else (census("2023-03-01 00:00", declared),)
    return content(Grounds(market(*facts), falls, roster_), day, start_of(day + 1))


def row(key: str | None, registered: int, active: int = 0) -> Body:
    """A category's row."""
    return {
        "key": key,
        "registered": {"count": registered},
        **{name: {"count": 0, "rate": 0} for name in ("issued", "attached")},
        "active_30d": {"count": active, "rate": rate(active, registered)},
    }


def with_categories(*table: Body) -> Body:
    told = part((20, 0, 0))
    return {**told, "breakdowns": {**told["breakdowns"], "category": list(table)}}


def money(payments: int | None, **more: Any) -> Body:
    amount = None if payments is None else 1000 * payments
    return {"payments": payments, "amount_vnd": amount, "vendors": payments, **more}


def with_bank(key: str, day: Body, month: Body) -> Body:
    told = part((9, 0, 0))
    counts = {name: {"count": 2} for name in ("registered", "issued", "attached", "active_30d")}
    bank = {"key": key, **counts, **day, "month_to_date": month}
    activity = {**day, "month_to_date": month}
    return {**told, "activity": activity, "breakdowns": {**told["breakdowns"], "bank": [bank]}}


class TestFigures:
    def test_are_the_sum_of_numerators_over_the_sum_of_denominators(self) -> None:
        city = roll_up([part((10, 5, 1), 10), part((300, 200, 150), 400), part((90, 80, 17), 132)])
        assert city["denominator"] == {"value": 542, "basis": "census"}
        told = {name: city["figures"][name] for name in ("registered", "issued", "attached")}
        assert told == {
            "registered": {"count": 400},
            "issued": {"count": 285, "rate": rate(285, 542)},
            "attached": {"count": 168, "rate": 31},
        }

    def test_are_no_mean_of_rates(self) -> None:
        small, large = part((1, 1, 1), 1), part((99, 0, 0), 99)
        assert roll_up([small, large])["figures"]["attached"]["rate"] == 1

    def test_say_where_the_bases_differ(self) -> None:
        counted, listed = part((1, 1, 1), 5), part((3, 1, 1))
        assert roll_up([counted, counted])["denominator"] == {"value": 10, "basis": "census"}
        assert roll_up([listed])["denominator"] == {"value": 3, "basis": "roster"}
        assert roll_up([counted, listed])["denominator"] == {"value": 8, "basis": "mixed"}

    @examples(100)
    @given(
        st.lists(
            st.tuples(
                st.tuples(*[st.integers(0, 50)] * 3).map(lambda c: sorted(c, reverse=True)),
                st.none() | st.integers(0, 60),
            ),
            max_size=5,
        )
    )
    def test_of_any_markets_sum_every_number(
        self, wanted: list[tuple[list[int], int | None]]
    ) -> None:
        whole = roll_up([part(counts, declared) for counts, declared in wanted])
        base = sum(max(counts[0], declared or 0) for counts, declared in wanted)
        sums = dict.fromkeys(FIGURES, 0)
        for n, name in enumerate(("registered", "issued", "attached")):
            sums[name] = sum(counts[n] for counts, _ in wanted)
        assert whole["denominator"]["value"] == base
        assert whole["figures"] == figures(sums, base)

    def test_of_no_market_are_nothing_of_nothing(self) -> None:
        whole = roll_up([])
        assert whole["denominator"] == {"value": 0, "basis": "roster"}
        assert whole["figures"]["attached"] == {"count": 0, "rate": None}
        assert whole["activity"] == {
            **NOTHING,
            "left_out": 0,
            "month_to_date": {**NOTHING, "left_out": 0},
        }
        assert whole["breakdowns"] == {"bank": [], "category": []}
        assert whole["left_out"] == {"category": 0}


class TestWaterfall:
    def test_adds_up_waterfalls_and_flags(self) -> None:
        one = part((9, 9, 9), None, {"tax_worry": 2, "fraud": 1})
        other = part((9, 9, 9), 4, {"tax_worry": 1, "closed": 1})
        whole = roll_up([one, other, one])
        assert whole["waterfall"] == {
            "opening": 27,
            "attached": 0,
            "reattached": 0,
            "removed": {"closed": 1, "fraud": 2, "tax_worry": 5},
            "left": 0,
            "closing": 19,
            "denominator": {"opening": 27, "change": 0, "closing": 27},
        }
        found = {flag["code"]: flag["count"] for flag in whole["flags"]}
        assert (found["no_census"], found["registered_exceeds_census"]) == (2, 5)
        assert list(found) == sorted(found)


class TestCompleteness:
    def told(self, expected: list[str], reported: list[str], final: bool) -> Body:
        done = {"expected": expected, "reported": reported, "final": final}
        return {**part((1, 0, 0)), "completeness": done}

    def test_a_bank_has_reported_where_it_did_so_for_every_market_that_expects_it(self) -> None:
        here, there = self.told([VCB, BIDV], [VCB, BIDV], True), self.told([VCB], [], False)
        assert roll_up([here, there])["completeness"] == {
            "expected": [BIDV, VCB],
            "reported": [BIDV],
            "final": False,
        }

    def test_is_final_when_every_market_is(self) -> None:
        done = self.told([VCB], [VCB], True)
        assert roll_up([done, done])["completeness"]["final"] is True

    def test_a_bank_that_nobody_expects_has_reported_all_the_same(self) -> None:
        assert roll_up([self.told([], [VCB], True)])["completeness"]["reported"] == [VCB]


class TestMoney:
    def test_is_summed_by_bank_for_the_day_and_the_month(self) -> None:
        one = with_bank(VCB, money(7), money(20))
        other = with_bank(VCB, money(5), money(6))
        whole = roll_up([one, other, with_bank(BIDV, money(1), money(2))])
        assert whole["activity"] == {
            "payments": 13,
            "amount_vnd": 13_000,
            "left_out": 0,
            "month_to_date": {"payments": 28, "amount_vnd": 28_000, "left_out": 0},
        }
        bidv, vcb = whole["breakdowns"]["bank"]
        assert (bidv["key"], vcb["key"]) == (BIDV, VCB)
        assert (vcb["registered"], vcb["payments"]) == ({"count": 4}, 12)
        assert vcb["month_to_date"]["amount_vnd"] == 26_000

    def test_of_which_nothing_was_reported_is_not_zero(self) -> None:
        silent = with_bank(VCB, money(None), money(3))
        whole = roll_up([silent, silent])
        assert whole["activity"]["payments"] is None
        assert whole["activity"]["left_out"] == 0
        assert whole["activity"]["month_to_date"]["payments"] == 6

    def test_that_a_market_withholds_is_left_out_and_said_to_be(self) -> None:
        hidden = {"payments": None, "amount_vnd": None, "vendors": None, "withheld": True}
        whole = roll_up([with_bank(VCB, money(7), money(9)), with_bank(VCB, hidden, money(2))])
        assert (whole["activity"]["payments"], whole["activity"]["left_out"]) == (7, 1)
        assert whole["activity"]["month_to_date"]["payments"] == 11
        assert whole["activity"]["month_to_date"]["left_out"] == 0
        (vcb,) = whole["breakdowns"]["bank"]
        assert (vcb["payments"], vcb["left_out"]) == (7, 1)


class TestCategories:
    def test_of_several_markets_are_summed_by_name_and_without_one_come_last(self) -> None:
        one = with_categories(row("fish", 12, 3), row(None, 8))
        other = with_categories(row("fruit", 15, 1), row("fish", 5, 2))
        table = roll_up([one, other])["breakdowns"]["category"]
        assert [r["key"] for r in table] == ["fish", "fruit", None]
        assert table[0]["registered"] == {"count": 17}
        assert table[0]["active_30d"] == {"count": 5, "rate": rate(5, 17)}

    def test_with_a_row_withheld_are_summed_without_it_and_the_market_is_counted(self) -> None:
        hides = with_categories(row("fish", 12), {"key": "fruit", "withheld": True})
        shows = with_categories(row("fish", 20))
        whole = roll_up([hides, shows])
        assert [r["registered"]["count"] for r in whole["breakdowns"]["category"]] == [32]
        assert whole["left_out"] == {"category": 1}

    def test_of_a_market_whose_table_was_left_out_are_missing_and_it_is_counted(self) -> None:
        assert roll_up([with_categories()])["left_out"] == {"category": 1}

    def test_of_a_market_without_vendors_are_not_missing(self) -> None:
        assert roll_up([part((0, 0, 0))])["left_out"] == {"category": 0}


@cache
def markets_of(day: int) -> list[Body]:
    """The contents of many markets, all of one day."""
    found = []
    for seed in range(200, 212):
        grounds = kept(world(seed)).grounds(day, day)
        found.append(content(grounds, day, start_of(day + 8)))
    return found


class TestOfWorlds:
    @examples(30)
    @given(st.sampled_from((FIRST, FIRST + 40, FIRST + 95, FIRST + 128)), st.data())
    def test_every_count_is_the_sum_and_every_market_is_summed_once(
        self, day: int, data: st.DataObject
    ) -> None:
        every = markets_of(day)
        cut = data.draw(st.integers(0, len(every)))
        one, other, whole = roll_up(every[:cut]), roll_up(every[cut:]), roll_up(every)
        for name in FIGURES:
            counts = [told["figures"][name]["count"] for told in (one, other, whole)]
            assert counts[0] + counts[1] == counts[2]
        for name in ("payments", "amount_vnd"):
            parts = [told["activity"][name] or 0 for told in (one, other, whole)]
            assert parts[0] + parts[1] == parts[2]
            assert parts[2] == sum(r[name] or 0 for r in whole["breakdowns"]["bank"])
        registered = sum(r["registered"]["count"] for r in whole["breakdowns"]["category"])
        assert registered == whole["figures"]["registered"]["count"]
        fall = whole["waterfall"]
        gained = fall["attached"] + fall["reattached"]
        lost = sum(fall["removed"].values()) + fall["left"]
        assert fall["opening"] + gained - lost == fall["closing"]

    def test_of_published_bodies_leaves_out_what_they_withhold(self) -> None:
        for day in (FIRST + 40, FIRST + 95):
            full = markets_of(day)
            shown, whole = roll_up([withhold(told)[0] for told in full]), roll_up(full)
            assert shown["figures"] == whole["figures"]
            assert shown["waterfall"] == whole["waterfall"]
            some = sum(told["activity"]["payments"] is not None for told in full)
            assert 0 <= shown["activity"]["left_out"] <= some
            assert (shown["activity"]["payments"] or 0) <= (whole["activity"]["payments"] or 0)
            assert shown["left_out"]["category"] > 0
