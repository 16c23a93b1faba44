"""A bank's day replaces the one before; two banks on one day both stand; first days follow."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.activity.bank import MARKET, NUMBERS, OPENED, TODAY, Desk
from tests.integration.registry import BIDV, VCB
from tracker.domain.activity import Line
from tracker.domain.bitmaps import bitmap
from tracker.domain.errors import Invalid
from tracker.services.activity import oldest_day

A, B, C, *_ = NUMBERS


def test_a_report_stands_with_its_totals_and_who_was_paid(desk: Desk) -> None:
    said = desk.report([A, B])
    assert said.recorded
    assert said.standing is not None
    assert (said.standing.payments, said.standing.vendors) == (4, 2)
    assert desk.bank_day() == (4, 20_000 + A + B, bitmap([A, B]))
    assert desk.first() == {A: TODAY, B: TODAY}
    assert desk.run(desk.tracker.reader.marks([MARKET]))[MARKET][0] <= TODAY
    assert desk.differences() == []


def test_the_same_lines_again_in_any_order_write_nothing(desk: Desk) -> None:
    desk.report([A, B])
    position = desk.position()
    desk.clock.ms += 60_000
    again = desk.report([], lines=desk.lines([A, B])[::-1])
    assert again.recorded
    assert desk.position() == position


def test_other_numbers_of_the_same_vendors_are_another_report(desk: Desk) -> None:
    desk.report([A])
    said = desk.report([], lines=[desk.lines([A])[0]._replace(amount_vnd=9)])
    assert said.standing is not None
    assert said.standing.amount_vnd == 9
    assert desk.differences() == []


def test_no_lines_are_a_day_without_payments(desk: Desk) -> None:
    desk.report([A])
    assert desk.report([]).recorded
    assert desk.bank_day() == (0, 0, b"")
    assert desk.first() == {}
    assert desk.differences() == []


def test_lines_of_which_none_counts_leave_the_day_as_it_was(desk: Desk) -> None:
    desk.report([A])
    position = desk.position()
    said = desk.report([], lines=[Line(1, "nobody", 1, 1)])
    assert not said.recorded
    assert said.standing is not None
    assert desk.position() == position
    assert desk.paid() == [A]


def test_a_replaced_day_lowers_and_raises_first_days(desk: Desk) -> None:
    desk.report([A, B], TODAY - 1)
    desk.report([B, C], TODAY - 5)
    assert desk.first() == {A: TODAY - 1, B: TODAY - 5, C: TODAY - 5}
    desk.report([C], TODAY - 5)
    assert desk.first() == {A: TODAY - 1, B: TODAY - 1, C: TODAY - 5}
    desk.report([], TODAY - 5)
    assert desk.first() == {A: TODAY - 1, B: TODAY - 1}
    assert desk.differences() == []


def test_a_day_of_another_bank_keeps_a_first_day(desk: Desk) -> None:
    desk.report([A], TODAY - 2)
    desk.report([A, B], TODAY - 2, BIDV)
    desk.report([], TODAY - 2)
    assert desk.first() == {A: TODAY - 2, B: TODAY - 2}
    assert desk.differences() == []


def test_many_banks_days_at_once_all_stand(desk: Desk) -> None:
    async def both() -> None:
        await asyncio.gather(
            desk.areport([A, B]),
            desk.areport([B, C], TODAY, BIDV),
            desk.areport([A, C], TODAY - 1),
            desk.areport([B], TODAY - 1, BIDV),
        )

    desk.run(both())
    assert (desk.paid(), desk.paid(bin_=BIDV)) == ([A, B], [B, C])
    assert desk.first() == {A: TODAY - 1, B: TODAY - 1, C: TODAY - 1}
    assert desk.differences() == []


def test_a_first_day_that_goes_while_another_comes(desk: Desk) -> None:
    """One takes the first day away, the other adds a later one that changes no first day."""
    for _ in range(10):
        desk.report([A], TODAY - 5)
        desk.report([], TODAY - 3, BIDV)

        async def both() -> None:
            await asyncio.gather(desk.areport([], TODAY - 5), desk.areport([A], TODAY - 3, BIDV))

        desk.run(both())
        assert desk.first() == {A: TODAY - 3}
        assert desk.differences() == []


@pytest.mark.parametrize(
    ("day", "code"),
    [(TODAY + 1, "IN_FUTURE"), (TODAY - 732, "TOO_OLD"), (OPENED - 1, "TOO_OLD")],
)
def test_a_day_that_cannot_be_reported(desk: Desk, day: int, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        desk.report([A], day)
    assert refused.value.code == code


def test_today_and_the_oldest_kept_day_can_be_reported(desk: Desk) -> None:
    assert desk.report([A]).recorded
    assert desk.report([A], oldest_day(desk.tracker)).recorded


def test_what_was_stated_later_stands_whatever_is_worked_on_first(desk: Desk) -> None:
    early = desk.clock()
    desk.clock.ms += 1_000
    desk.report([A])
    said = desk.report([B], stated=early)
    assert (said.recorded, said.overtaken) == (False, True)
    assert desk.paid() == [A]
    assert desk.report([B], stated=desk.clock()).recorded


days = st.lists(
    st.tuples(
        st.integers(TODAY - 4, TODAY),
        st.sampled_from([VCB, BIDV]),
        st.sets(st.sampled_from(NUMBERS)),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days)
def test_whatever_is_reported_the_ledger_says_the_same(
    desk: Desk, days: list[tuple[int, str, set[int]]]
) -> None:
    for day, bin_, paid in days:
        desk.report(sorted(paid), day, bin_)
    assert desk.differences() == []
