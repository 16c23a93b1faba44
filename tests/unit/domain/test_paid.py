"""The banks' reports, asked for stretches of days and for vendors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.domain.standing import numbers
from tests.unit.domain.worlds import examples
from tracker.domain.activity import first_days
from tracker.domain.bitmaps import NONE, bitmap
from tracker.domain.paid import NOTHING, Money, Paid, Reports, union_of

VCB, BIDV = "970436", "970418"
MANY = 300


def who(paid: Paid, first: int, last: int, bank: str | None = None) -> list[int]:
    """The numbers of the vendors paid (by one bank)."""
    return numbers(paid.paid(first, last) if bank is None else paid.by_bank(first, last)[bank])


def money(paid: Paid, first: int, last: int, bank: str | None = None) -> Money | None:
    """The money of (one bank of) all banks."""
    return paid.money(first, last).get(bank)


@pytest.fixture
def paid() -> Paid:
    """Sets of one, two and no bytes; day 12 was reported by nobody."""
    reports = {
        10: {VCB: (3, 30, bitmap([1, 9])), BIDV: (2, 20, bitmap([1]))},
        11: {VCB: (0, 0, b"")},
        13: {BIDV: (5, 50, bitmap([2, 3]))},
    }
    sets = [(day, raw) for day, told in reports.items() for _, _, raw in told.values()]
    return Paid(reports, first_days(sets).encoded())


class TestNothing:
    def test_reported_is_nobody_paid_and_no_money(self) -> None:
        assert NOTHING.banks == NOTHING.reported(10) == []
        assert NOTHING.whole(0, 20_000)
        assert NOTHING.money(0, 20_000) == {}
        assert not NOTHING.known(0, 20_000)
        assert NOTHING.by_bank(0, 20_000) == {}
        assert NOTHING.paid(0, 99) == NOTHING.often(0, 99, 1) == NOTHING.ever(99) == NONE

    def test_but_empty_sets_is_nobody_paid(self) -> None:
        empty = Paid({10: {VCB: (0, 0, b"")}, 11: {VCB: (0, 0, b""), BIDV: (0, 0, b"")}})
        assert who(empty, 10, 11) == []
        assert empty.often(10, 11, 1) == NONE
        assert money(empty, 10, 11) == Money(0, 0, 0)


class TestPaid:
    def test_are_the_vendors_in_a_set_of_these_days_both_ends_included(self, paid: Paid) -> None:
        assert who(paid, 10, 13) == [1, 2, 3, 9]
        assert who(paid, 11, 12) == who(paid, 14, 99) == who(paid, 0, 9) == []
        assert who(paid, 10, 10) == [1, 9]
        assert who(paid, 13, 13) == [2, 3]

    def test_by_one_bank_are_those_of_its_sets(self, paid: Paid) -> None:
        assert who(paid, 10, 13, bank=BIDV) == [1, 2, 3]
        assert who(paid, 10, 13, bank=VCB) == [1, 9]

    def test_days_may_be_told_in_any_order(self) -> None:
        reports = {n: {VCB: (1, 1, bitmap([n]))} for n in (7, 3, 5)}
        assert who(Paid(reports), 3, 5) == [3, 5]


class TestOften:
    def test_counts_days_not_banks(self, paid: Paid) -> None:
        assert numbers(paid.often(10, 13, 1)) == [1, 2, 3, 9]
        assert paid.often(10, 13, 2) == NONE

    def test_counts_to_the_day(self) -> None:
        every = Paid({day: {VCB: (1, 1, bitmap([0]))} for day in range(100, 190)})
        assert [numbers(every.often(100, 189, n)) for n in (90, 91)] == [[0], []]
        assert numbers(every.often(100, 108, 10)) == []
        assert numbers(every.often(100, 109, 10)) == [0]


class TestEver:
    def test_is_from_the_first_paid_day_on_also_when_its_set_is_gone(self) -> None:
        gone = Paid({50: {VCB: (1, 10, None)}}, first_days([(9, bitmap([1, 4]))]).encoded())
        assert numbers(gone.ever(8)) == []
        assert numbers(gone.ever(9)) == [1, 4]

    def test_a_number_that_is_broken_off_is_none(self) -> None:
        assert numbers(Paid({}, b"\x05\x00\x07").ever(9)) == [0]


class TestMoney:
    def test_sums_payments_and_counts_each_vendor_once(self, paid: Paid) -> None:
        assert money(paid, 10, 13) == Money(10, 100, 4)
        assert money(paid, 10, 10) == Money(5, 50, 2)
        assert money(paid, 10, 13, BIDV) == Money(7, 70, 3)

    def test_nothing_reported_is_not_zero(self, paid: Paid) -> None:
        assert money(paid, 12, 12) is None
        assert money(paid, 11, 11) == money(paid, 11, 11, VCB) == Money(0, 0, 0)
        assert money(paid, 11, 11, BIDV) is None


class TestReports:
    def test_are_known_by_bank_and_day(self, paid: Paid) -> None:
        assert paid.banks == [BIDV, VCB]
        assert paid.reported(10) == [BIDV, VCB]
        assert paid.reported(12) == []

    def test_are_whole_unless_a_set_of_these_days_was_dropped(self) -> None:
        parted = Paid(
            {10: {VCB: (1, 10, None)}, 11: {VCB: (1, 10, b""), BIDV: (1, 1, bitmap([1]))}}
        )
        assert not parted.whole(10, 11)
        assert parted.whole(11, 20)
        assert parted.whole(0, 9)
        assert money(parted, 10, 11) == Money(3, 21, 1)
        assert parted.known(11, 20)
        assert not parted.known(12, 20)


class TestUnions:
    def test_count_for_whom_and_how_often_and_not_for_banks(self) -> None:
        reports: Reports = {10: {VCB: (1, 10, bitmap([1, 30]))}}
        paid = Paid(reports, unions={8: bitmap([1, 2]), 9: bitmap([1])})
        assert who(paid, 8, 10) == [1, 2, 30]
        assert who(paid, 8, 9) == [1, 2]
        assert numbers(paid.often(8, 10, 2)) == [1]
        assert paid.known(8, 8)
        assert who(paid, 8, 10, VCB) == [1, 30]

    def test_of_dropped_sets_are_not_whole(self) -> None:
        paid = Paid({}, unions={8: None, 9: b""})
        assert not paid.whole(8, 9)
        assert paid.whole(9, 10)
        assert who(paid, 8, 9) == []

    def test_stand_for_days_before_the_reports(self) -> None:
        with pytest.raises(ValueError, match="before all reports"):
            Paid({10: {VCB: (1, 10, b"")}}, unions={10: b""})

    def test_are_of_all_the_sets_or_of_none(self) -> None:
        assert union_of([]) == union_of([b"", b""]) == b""
        assert union_of([bitmap([1]), bitmap([30]), b""]) == bitmap([1, 30])
        assert union_of([bitmap([1]), None]) is None

    @examples(100)
    @given(
        some.lists(
            some.dictionaries(
                some.sampled_from([VCB, BIDV]), some.frozensets(some.integers(0, 20)), min_size=1
            ),
            max_size=6,
        ),
        some.integers(0, 6),
    )
    def test_say_the_same_as_the_reports_of_their_days(
        self, told: list[dict[str, frozenset[int]]], since: int
    ) -> None:
        reports = {
            day: {bank: (1, 1, bitmap(numbers)) for bank, numbers in banks.items()}
            for day, banks in enumerate(told)
        }
        unions = {
            day: union_of(raw for *_, raw in banks.values())
            for day, banks in reports.items()
            if day < since
        }
        whole = Paid(reports)
        parted = Paid({day: b for day, b in reports.items() if day >= since}, unions=unions)
        for first in range(7):
            assert who(parted, first, 6) == who(whole, first, 6)
            assert parted.known(first, 6) == whole.known(first, 6)
            for times in (1, 2, 6):
                assert parted.often(first, 6, times) == whole.often(first, 6, times)
            if first >= since:
                assert parted.money(first, 6) == whole.money(first, 6)
