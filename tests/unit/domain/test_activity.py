"""Which lines of a bank's day count, sets as bitmaps, and since when each vendor was paid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.activity import (
    AMOUNT_MAX,
    PAYMENTS_MAX,
    FirstDays,
    Line,
    decide,
    first_days,
    not_any_more,
    numbers_of,
    raise_first,
)
from tracker.domain.bitmaps import bitmap, members
from tracker.domain.codes import check_character, vendor_code
from tracker.domain.days import DAY_MS, start_of
from tracker.domain.facts import (
    AccountLinked,
    AccountUnlinked,
    Registered,
    StatusChanged,
    VendorFact,
)
from tracker.domain.vendor import History

VCB, BIDV = "970436", "970418"
DAY = 20_000
NUMBERS = [n for n in range(1, 40) if check_character("CVT", n) != "*"]
ONE, TWO = vendor_code("CVT", 1), vendor_code("CVT", 2)


def registered(day: int) -> Registered:
    at = start_of(day)
    return Registered(at, at, "k", "A1", b"")


def linked(day: int, bin_: str = VCB) -> AccountLinked:
    at = start_of(day)
    return AccountLinked(at, at, "k", bin_, "own", b"")


def history(*facts: VendorFact, number: int = 1) -> History:
    return History("CVT", number, facts)


CUSTOMER = history(registered(DAY - 9), linked(DAY - 8))


def refusals(*lines: Line, of: History = CUSTOMER) -> list[tuple[int, str]]:
    made = decide("CVT", {of.number: of}, lines, day=DAY, bin_=VCB)
    return [(one.row, one.code) for one in made.refused]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (Line(1, "hello", 1, 1), "VENDOR_CODE_INVALID"),
        (Line(1, ONE[:-1] + ("B" if ONE[-1] != "B" else "C"), 1, 1), "VENDOR_CODE_INVALID"),
        (Line(1, vendor_code("CP7", 1), 1, 1), "VENDOR_UNKNOWN"),
        (Line(1, TWO, 1, 1), "VENDOR_UNKNOWN"),
        (Line(1, ONE, -1, 1), "NEGATIVE"),
        (Line(1, ONE, 1, -1), "NEGATIVE"),
        (Line(1, ONE, 0, 1), "AMOUNT_WITHOUT_PAYMENTS"),
        (Line(1, ONE, PAYMENTS_MAX + 1, 1), "OUT_OF_RANGE"),
        (Line(1, ONE, 1, AMOUNT_MAX + 1), "OUT_OF_RANGE"),
    ],
)
def test_a_line_that_does_not_count(line: Line, code: str) -> None:
    assert refusals(line) == [(1, code)]


def test_zero_payments_count_and_pay_nobody() -> None:
    made = decide("CVT", {1: CUSTOMER}, [Line(1, ONE, 0, 0)], day=DAY, bin_=VCB)
    assert (made.refused, made.paid, len(made.accepted)) == ([], b"", 1)


def test_a_code_is_read_as_people_type_it() -> None:
    assert refusals(Line(1, ONE.lower().replace("-", ""), 1, 5)) == []


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ([registered(DAY + 1)], "BEFORE_REGISTRATION"),
        ([registered(DAY - 1)], "NO_ACCOUNT_AT_BANK"),
        ([registered(DAY - 1), linked(DAY - 1, BIDV)], "NO_ACCOUNT_AT_BANK"),
        ([registered(DAY - 1), linked(DAY + 1)], "NO_ACCOUNT_AT_BANK"),
        (
            [registered(DAY - 3), linked(DAY - 2), AccountUnlinked(start_of(DAY), 0, "k", VCB)],
            "NO_ACCOUNT_AT_BANK",
        ),
    ],
)
def test_the_account_at_the_end_of_the_day_decides(facts: list[VendorFact], code: str) -> None:
    assert refusals(Line(1, ONE, 1, 1), of=history(*facts)) == [(1, code)]


@pytest.mark.parametrize("status", ["left", "suspended"])
def test_who_left_or_was_suspended_that_day_may_have_been_paid(status: str) -> None:
    noon = start_of(DAY) + DAY_MS // 2
    changed = StatusChanged(noon, noon, "k", status)  # type: ignore[arg-type]
    assert refusals(Line(1, ONE, 1, 1), of=CUSTOMER.then(changed)) == []


def test_an_account_linked_late_on_the_day_counts() -> None:
    last = start_of(DAY + 1) - 1
    late = history(registered(DAY - 1), AccountLinked(last, last, "k", VCB, "own", b""))
    assert refusals(Line(1, ONE, 1, 1), of=late) == []


def test_of_two_lines_for_one_vendor_the_second_is_refused_whatever_the_first_was() -> None:
    good, bad = Line(1, ONE, 1, 1), Line(1, ONE, -1, 1)
    second = Line(2, ONE, 2, 2)
    assert refusals(good, second) == [(2, "DUPLICATE_LINE")]
    assert refusals(bad, second) == [(1, "NEGATIVE"), (2, "DUPLICATE_LINE")]


lines = st.lists(
    st.builds(
        Line,
        st.integers(1, 99),
        st.sampled_from([vendor_code("CVT", n) for n in NUMBERS] + ["?", vendor_code("CP7", 3)]),
        st.integers(-2, 5),
        st.integers(-2, 10**6),
    ),
    max_size=30,
).map(lambda some: [line._replace(row=n) for n, line in enumerate(some, 1)])


@given(lines=lines, order=st.randoms(use_true_random=False))
def test_every_line_counts_or_is_refused_and_the_sums_are_those_that_count(
    lines: list[Line], order: object
) -> None:
    known = {n: history(registered(1), linked(2), number=n) for n in NUMBERS}
    made = decide("CVT", known, lines, day=DAY, bin_=VCB)
    rows = sorted([one.row for one in made.accepted] + [one.row for one in made.refused])
    assert rows == [line.row for line in lines]
    counted = {one.row for one in made.accepted}
    assert made.amount_vnd == sum(line.amount_vnd for line in lines if line.row in counted)
    assert made.payments == sum(line.payments for line in lines if line.row in counted)
    numbers = [one.number for one in made.accepted]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) <= set(numbers_of("CVT", lines))
    assert members(made.paid) == sorted(one.number for one in made.accepted if one.payments)
    turned = decide("CVT", known, [x for x in lines if x.row in counted][::-1], day=DAY, bin_=VCB)
    assert turned.canonical() == made.canonical()


@given(st.sets(st.integers(1, 5_000), max_size=60))
def test_a_set_is_a_bitmap_from_the_left_without_zeros_at_its_end(numbers: set[int]) -> None:
    raw = bitmap(numbers)
    assert members(raw) == sorted(numbers)
    assert not raw.endswith(b"\0")
    bits = "".join(f"{byte:08b}" for byte in raw)
    assert {n for n, bit in enumerate(bits) if bit == "1"} == numbers


def test_bit_one_is_vendor_one() -> None:
    assert bitmap([1]) == b"\x40"


def test_first_days_are_two_bytes_a_vendor() -> None:
    first = FirstDays()
    first[2] = 20_000
    assert first.encoded() == b"\0\0\0\0" + (20_000).to_bytes(2, "little")
    first[2] = 0
    assert first.encoded() == b""
    assert FirstDays(b"")[7] == 0


step = st.tuples(
    st.integers(1, 6),
    st.sampled_from([VCB, BIDV]),
    st.sets(st.sampled_from(NUMBERS[:6]), max_size=6),
)


@given(st.lists(step, max_size=12))
def test_replacing_days_in_any_order_gives_the_first_days_of_what_stands(
    steps: list[tuple[int, str, set[int]]],
) -> None:
    first = FirstDays()
    standing: dict[tuple[int, str], bytes] = {}
    for day, bank, numbers in steps:
        new, old = bitmap(numbers), standing.get((day, bank), b"")
        others = [raw for (d, b), raw in standing.items() if d == day and b != bank]
        gone = not_any_more(first, day, old, new, others)
        raise_first(first, gone, [(d, raw) for (d, _), raw in standing.items() if d > day])
        first.paid(members(new), day)
        standing[day, bank] = new
        whole = first_days((d, raw) for (d, _), raw in standing.items())
        assert first.encoded() == whole.encoded()
