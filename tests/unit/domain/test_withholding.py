"""Withholding: what is taken out, that nothing of it can be solved for, and that it comes back."""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from tests.unit.domain.published import (
    BANKS,
    COUNTS,
    MARKET,
    contents,
    equations,
    single,
    unknowns,
)
from tests.unit.domain.worlds import examples
from tracker.domain.withholding import for_bank, restore, shown, withhold

Content = dict[str, Any]
NOTHING = {"payments": None, "amount_vnd": None, "vendors": None}


def row(key: str | None, registered: int, attached: int = 0) -> Content:
    counts = dict(zip(COUNTS, (registered, registered, attached, attached), strict=True))
    return {"key": key, **{name: {"count": count} for name, count in counts.items()}}


def paid(vendors: int | None) -> Content:
    if vendors is None:
        return dict(NOTHING)
    return {"payments": 3 * vendors, "amount_vnd": 70_001 * vendors, "vendors": vendors}


def bank(key: str, day: int | None, month: int | None = 9) -> Content:
    return {**row(key, 2), **paid(day), "month_to_date": paid(month)}


def content(
    *,
    zone: tuple[Content, ...] = (),
    category: tuple[Content, ...] = (),
    banks: tuple[Content, ...] = (),
    first: bool = False,
) -> Content:
    """A content around some rows; no two banks paid the same vendor."""
    rows = zone or category
    days = [b["vendors"] for b in banks if b["vendors"] is not None]
    months = [b["month_to_date"]["vendors"] for b in banks]
    return {
        "market": "cho-thu",
        "date": "2026-10-01" if first else "2026-10-17",
        "figures": {n: {"count": sum(r[n]["count"] for r in rows)} for n in COUNTS},
        "activity": {
            **paid(sum(days) if days else None),
            "month_to_date": paid(sum(m for m in months if m is not None)),
        },
        "breakdowns": {"bank": list(banks), "zone": list(zone), "category": list(category)},
    }


def content_of(table: str, *rows: Content) -> Content:
    return content(zone=rows) if table == "zone" else content(category=rows)


def hidden(body: Content, table: str = "zone") -> list[str | None]:
    return [r["key"] for r in body["breakdowns"][table] if not shown(r)]


class TestRows:
    def test_of_fewer_than_five_registered_are_withheld_whole(self) -> None:
        body, details = withhold(content(zone=(row("A", 4), row("B", 5), row("C", 0), row("D", 1))))
        assert body["breakdowns"]["zone"] == [
            {"key": "A", "withheld": True},
            row("B", 5),
            {"key": "C", "withheld": True},
            {"key": "D", "withheld": True},
        ]
        assert details == {"breakdowns": {"zone": [row("A", 4), row("C", 0), row("D", 1)]}}

    @pytest.mark.parametrize("table", ["zone", "category"])
    def test_one_alone_takes_the_next_fewest_along(self, table: str) -> None:
        body, _ = withhold(content_of(table, row("A", 30), row("B", 4), row("C", 9)))
        assert hidden(body, table) == ["B", "C"]

    def test_ties_go_by_name_and_no_name_comes_last(self) -> None:
        tied = content(zone=(row(None, 7), row("B", 7), row("A", 3), row("Â", 7)))
        assert hidden(withhold(tied)[0]) == ["B", "A"]
        tied = content(zone=(row(None, 7), row("A", 3), row("B", 9)))
        assert hidden(withhold(tied)[0]) == [None, "A"]

    def test_a_table_of_one_is_left_out(self) -> None:
        body, details = withhold(content(zone=(row(None, 40),)))
        assert body["breakdowns"]["zone"] == []
        assert details == {"breakdowns": {"zone": [row(None, 40)]}}

    def test_of_banks_keep_their_counts(self) -> None:
        body, _ = withhold(content(banks=(bank(BANKS[0], 1), bank(BANKS[1], 20))))
        counts = [{n: r[n] for n in COUNTS} for r in body["breakdowns"]["bank"]]
        assert counts == [{n: row(None, 2)[n] for n in COUNTS}] * 2


class TestMoney:
    """By banks' vendors paid on the day: whose money is withheld."""

    @pytest.mark.parametrize(
        ("vendors", "withheld"),
        [
            ((5, 6, 30), []),
            ((4, 3, 30), [0, 1]),
            ((4, 30, 6), [0, 2]),
            ((4, 6, 6), [0, 1]),
            ((0, 6, 30), []),
            ((0, 4, 30), [1, 2]),
            ((None, 4, 30), [1, 2]),
            ((2, 2, None), ["market", 0, 1]),
            ((4, 0, None), ["market", 0]),
            ((0, 0, None), []),
            ((None, None), []),
            ((), []),
        ],
    )
    def test_of_fewer_than_five_paid_is_withheld(
        self, vendors: tuple[int | None, ...], withheld: list[int | str]
    ) -> None:
        banks = tuple(bank(bin_, n) for bin_, n in zip(BANKS, vendors, strict=False))
        body, _ = withhold(content(banks=banks))
        rows = body["breakdowns"]["bank"]
        found: list[int | str] = [] if shown(body["activity"]) else ["market"]
        found += [n for n, r in enumerate(rows) if not shown(r)]
        assert found == withheld
        assert all(shown(r["month_to_date"]) for r in rows)

    def test_of_the_month_goes_by_the_vendors_of_the_month(self) -> None:
        banks = (bank(BANKS[0], 8, 8), bank(BANKS[1], 1, 1), bank(BANKS[2], 2, 20))
        body, details = withhold(content(banks=banks))
        first, second, third = body["breakdowns"]["bank"]
        assert first["payments"] == 24
        assert first["month_to_date"] == {**NOTHING, "vendors": 8, "withheld": True}
        assert second["payments"] is None
        assert not shown(second["month_to_date"])
        assert third["month_to_date"] == paid(20)
        assert details["breakdowns"]["bank"][2] == {
            "key": BANKS[2],
            "payments": 6,
            "amount_vnd": 140_002,
        }

    def test_of_one_bank_whose_money_would_be_the_rest_takes_the_markets_along(self) -> None:
        """The month of a bank that has no row any more is in the market's."""
        known = content(banks=(bank(BANKS[0], 3),))
        known["activity"].update(paid(9))
        assert not shown(withhold(known)[0]["activity"])


class TestReader:
    """The solver of these tests finds what a careless body gives away."""

    def test_finds_a_row_withheld_alone(self) -> None:
        body = content(zone=(row("A", 30), row("B", 4, 1)))
        body["breakdowns"]["zone"][1] = {"key": "B", "withheld": True}
        found = single(equations(body))
        assert found == {("zone", "B", "", n): v for n, v in zip(COUNTS, (4, 4, 1, 1), strict=True)}

    def test_finds_money_behind_a_bank_that_paid_nobody(self) -> None:
        """The letter of the rule, exactly two banks withheld, and no more."""
        body = content(banks=(bank(BANKS[0], 30), bank(BANKS[1], 3), bank(BANKS[2], 0)))
        for careless in body["breakdowns"]["bank"][1:]:
            careless.update(payments=None, amount_vnd=None, withheld=True)
        assert single(equations(body))["money", BANKS[1], "day", "payments"] == 9

    def test_finds_the_day_in_the_month_on_its_first(self) -> None:
        body = content(banks=(bank(BANKS[0], 6, 6), bank(BANKS[1], 3, 3)), first=True)
        for careless in body["breakdowns"]["bank"]:
            careless.update(payments=None, amount_vnd=None, withheld=True)
        assert single(equations(body))["money", BANKS[1], "day", "amount_vnd"] == 210_003

    def test_finds_nothing_in_two_rows(self) -> None:
        body, _ = withhold(content(zone=(row("A", 30), row("B", 4))))
        said = equations(body)
        assert len(unknowns(said)) == 8
        assert single(said) == {}


class TestSolving:
    @examples(400)
    @given(contents())
    def test_no_withheld_number_of_a_body_has_a_single_solution(self, full: Content) -> None:
        body, _ = withhold(full)
        assert single(equations(body)) == {}

    @examples(250)
    @given(contents(), st.sets(st.sampled_from(BANKS), min_size=1, max_size=2))
    def test_nor_another_banks_money_in_what_a_bank_gets(
        self, full: Content, bins: set[str]
    ) -> None:
        seen = for_bank(*withhold(full), bins)
        others = {*BANKS} - bins
        assert not [unknown for unknown in single(equations(seen)) if unknown[1] in others]

    @examples(100)
    @given(contents())
    def test_what_is_withheld_fits_the_equations(self, full: Content) -> None:
        """The unknowns are those that were taken out: the true numbers solve the system."""
        body, _ = withhold(full)
        tables = full["breakdowns"]
        rows = {(t, r["key"]): r for t in ("zone", "category") for r in tables[t]}
        holders = {MARKET: full["activity"], **{r["key"]: r for r in tables["bank"]}}

        def true(table: str, key: str | None, period: str, name: str) -> Fraction:
            if table != "money":
                return Fraction(rows[table, key][name]["count"])
            holder = holders[str(key)]
            return Fraction((holder if period == "day" else holder["month_to_date"])[name])

        for factors, value in equations(body):
            assert sum(factor * true(*u) for u, factor in factors.items()) == value


class TestBank:
    def test_sees_its_own_money_and_no_others(self) -> None:
        full = content(banks=(bank(BANKS[0], 3), bank(BANKS[1], 2), bank(BANKS[2], 1)))
        seen = for_bank(*withhold(full), {BANKS[1]})
        assert hidden(seen, "bank") == [BANKS[0], BANKS[2]]
        assert seen["breakdowns"]["bank"][1] == full["breakdowns"]["bank"][1]
        assert shown(seen["activity"])

    def test_loses_the_markets_where_its_own_would_leave_one_other_banks(self) -> None:
        full = content(banks=(bank(BANKS[0], 3), bank(BANKS[1], 20)))
        body, details = withhold(full)
        seen = for_bank(body, details, {BANKS[1]})
        assert seen["breakdowns"]["bank"][1] == full["breakdowns"]["bank"][1]
        assert seen["activity"] == {
            **NOTHING,
            "vendors": 23,
            "withheld": True,
            "month_to_date": paid(18),
        }

    def test_of_nothing_withheld_gets_the_body(self) -> None:
        body, details = withhold(content(banks=(bank(BANKS[0], 8), bank(BANKS[1], 20))))
        assert for_bank(body, details, {BANKS[0]}) == body
        assert for_bank({"market": "from before there was money"}, {}, {BANKS[0]}) == {
            "market": "from before there was money"
        }

    @examples(100)
    @given(contents(), st.sampled_from(BANKS))
    def test_gets_no_row_of_zones_or_categories(self, full: Content, bin_: str) -> None:
        body, details = withhold(full)
        seen = for_bank(body, details, {bin_})
        own = [r for r in full["breakdowns"]["bank"] if r["key"] == bin_]
        assert [r for r in seen["breakdowns"]["bank"] if r["key"] == bin_] == own
        assert {**seen["breakdowns"], "bank": 0} == {**body["breakdowns"], "bank": 0}


class TestParting:
    @examples(150)
    @given(contents())
    def test_restores_the_content(self, full: Content) -> None:
        before = copy.deepcopy(full)
        body, details = withhold(full)
        assert restore(body, details) == before
        stored = json.decode(json.encode((body, details)))
        assert restore(*stored) == before
        assert full == before

    @examples(100)
    @given(contents())
    def test_withholds_once(self, full: Content) -> None:
        body, _ = withhold(full)
        assert withhold(body) == (body, {})

    @examples(100)
    @given(contents())
    def test_never_withholds_counts_of_the_market_or_of_banks(self, full: Content) -> None:
        body, _ = withhold(full)
        outside = ("activity", "breakdowns")
        assert {k: v for k, v in body.items() if k not in outside} == {
            k: v for k, v in full.items() if k not in outside
        }
        kept = (*COUNTS, "key", "vendors")
        for after, before in zip(
            body["breakdowns"]["bank"], full["breakdowns"]["bank"], strict=True
        ):
            assert [after[n] for n in kept] == [before[n] for n in kept]

    @examples(100)
    @given(contents())
    def test_a_withheld_row_tells_its_key_alone(self, full: Content) -> None:
        body, _ = withhold(full)
        for table in ("zone", "category"):
            for found in body["breakdowns"][table]:
                assert shown(found) or found == {"key": found["key"], "withheld": True}
                assert not shown(found) or found["registered"]["count"] >= 5

    @examples(100)
    @given(contents())
    def test_goes_by_what_is_there_and_not_by_its_order(self, full: Content) -> None:
        turned = copy.deepcopy(full)
        for rows in turned["breakdowns"].values():
            rows.reverse()
        body, _ = withhold(turned)
        for rows in body["breakdowns"].values():
            rows.reverse()
        assert body == withhold(full)[0]

    def test_of_nothing_small_changes_nothing(self) -> None:
        full = content(
            zone=(row("A", 5), row(None, 60)), banks=(bank(BANKS[0], 5), bank(BANKS[1], None))
        )
        assert withhold(full) == (full, {})

    def test_of_an_empty_market_changes_nothing(self) -> None:
        assert withhold(content()) == (content(), {})

    def test_what_publication_adds_stays(self) -> None:
        full = content(zone=(row("A", 1), row("B", 1)))
        body, details = withhold(full)
        assert restore({**body, "revision": 3}, details) == {**full, "revision": 3}
