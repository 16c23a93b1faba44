"""`verify` names what is not as it was reported; `rebuild` makes the views of it anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.activity.bank import MARKET, NUMBERS, TODAY, Desk
from tests.integration.registry import BIDV, VCB
from tracker.domain.bitmaps import bitmap
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_date
from tracker.domain.facts import ActivityReported
from tracker.services import audit
from tracker.store.activity import BankDay, decode_day, encode_day, union_field
from tracker.store.bank_reports import report_field
from tracker.store.keys import Space

A, B, C, *_ = NUMBERS
SPACE = Space(MARKET)
DATE = day_date(TODAY).isoformat()
EARLIER = day_date(TODAY - 1).isoformat()


@pytest.fixture
def reported(desk: Desk) -> Desk:
    """Two banks, two days, one of them replaced."""
    desk.report([A, B], TODAY - 1)
    desk.report([B, C], TODAY - 1, BIDV)
    desk.report([A])
    desk.report([A, C])
    return desk


def whole(desk: Desk) -> dict[str, Any]:
    return {
        key: desk.run(desk.store.hgetall(key)) for key in (SPACE.paid, SPACE.reports, SPACE.docs)
    }


def put(desk: Desk, change: Callable[[dict[str, BankDay]], None], day: int = TODAY) -> None:
    banks = decode_day(desk.run(desk.store.hget(SPACE.paid, str(day))))
    change(banks)
    desk.run(desk.store.hset(SPACE.paid, str(day), encode_day(banks)))


def test_a_rebuild_changes_nothing_where_nothing_is_wrong(reported: Desk) -> None:
    before = whole(reported)
    reported.rebuild()
    assert whole(reported) == before


def test_the_facts_do_not_go_into_the_markets_document(reported: Desk) -> None:
    before = whole(reported)
    assert reported.run(reported.tracker.market(MARKET)).version == 2  # opened, one zone
    reported.run(reported.store.delete(SPACE.docs))
    reported.rebuild()
    assert whole(reported) == before


def test_lost_reports_and_first_days_are_made_anew(reported: Desk) -> None:
    before = whole(reported)
    reported.run(reported.store.delete(SPACE.reports))
    reported.run(reported.store.hdel(SPACE.paid, "first"))
    assert {d.split()[1] for d in reported.differences()} == {"report", "first"}
    reported.rebuild()
    assert whole(reported) == before
    assert reported.report([B]).recorded  # the version stands again


def test_reports_of_an_older_form_are_named_and_made_anew(reported: Desk) -> None:
    """Up to form 2 the view repeated the ledger's entry."""
    before = whole(reported)

    async def older() -> None:
        async for entry in reported.tracker.reader.ledger(MARKET):
            if isinstance(fact := entry.fact, ActivityReported):
                field = report_field(fact.day, fact.bin)
                await reported.store.hset(SPACE.reports, field, entry.raw)

    reported.run(older())
    assert {d.split()[1] for d in reported.differences()} == {"report"}
    reported.rebuild()
    assert whole(reported) == before


def test_a_key_of_another_type_is_named_and_the_view_is_made_anew(reported: Desk) -> None:
    reported.run(reported.store.delete(SPACE.reports))
    reported.run(reported.store.set(SPACE.reports, "?"))
    (said,) = reported.differences()
    assert "report all" in said
    reported.rebuild()
    assert reported.differences() == []


def moved(banks: dict[str, BankDay]) -> None:
    banks[VCB] = banks[VCB]._replace(paid=bitmap([B, C]))


def fewer(banks: dict[str, BankDay]) -> None:
    banks[VCB] = banks[VCB]._replace(paid=bitmap([A]))


def richer(banks: dict[str, BankDay]) -> None:
    banks[VCB] = banks[VCB]._replace(amount_vnd=banks[VCB].amount_vnd + 1)


def dropped(banks: dict[str, BankDay]) -> None:
    banks[VCB] = banks[VCB]._replace(paid=None)


def gone(banks: dict[str, BankDay]) -> None:
    del banks[VCB]


def invented(banks: dict[str, BankDay]) -> None:
    banks["970405"] = BankDay(1, 1, bitmap([A]))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (moved, f"{DATE}.{VCB}: expected the set of vendors that was reported, found another one"),
        (fewer, f"{DATE}.{VCB}: expected 2 vendors, found 1 vendors"),
        (
            richer,
            f"{DATE}.{VCB}: expected 4 payments of {20_000 + A + C} dong, "
            f"found 4 payments of {20_001 + A + C} dong",
        ),
        (dropped, f"{DATE}.{VCB}: expected a set of vendors, found none"),
        (gone, f"{DATE}.{VCB}: expected 4 payments of {20_000 + A + C} dong, found none"),
        (invented, f"{DATE}.970405: expected none, found a day that no ledger entry states"),
    ],
)
def test_a_set_that_is_not_what_was_reported_is_named_and_not_mended(
    reported: Desk, spoil: Callable[[dict[str, BankDay]], None], expected: str
) -> None:
    put(reported, spoil)
    assert reported.differences() == [f"{MARKET}: paid {expected}"]
    reported.rebuild()
    assert reported.differences() == [f"{MARKET}: paid {expected}"]


def test_bytes_that_are_no_day(reported: Desk) -> None:
    reported.run(reported.store.hset(SPACE.paid, str(TODAY - 1), b"\xff"))
    assert reported.differences() == [
        f"{MARKET}: paid {EARLIER}: expected a day's reports, found bytes that are none"
    ]


def test_a_wrong_first_day_is_named_by_vendor(reported: Desk) -> None:
    raw = bytearray(reported.run(reported.store.hget(SPACE.paid, "first")))
    raw[2 * A : 2 * A + 2] = (TODAY - 9).to_bytes(2, "little")
    reported.run(reported.store.hset(SPACE.paid, "first", bytes(raw)))
    nine = day_date(TODAY - 9).isoformat()
    vendor = vendor_code("CBN", A)
    assert reported.differences() == [
        f"{MARKET}: first paid {vendor}: expected {EARLIER}, found {nine}"
    ]
    reported.rebuild()
    assert reported.differences() == []


def union(desk: Desk, day: int = TODAY) -> bytes | None:
    found: bytes | None = desk.run(desk.store.hget(SPACE.paid, union_field(day)))
    return found


def test_a_days_union_is_of_all_its_banks(reported: Desk) -> None:
    assert union(reported) == bitmap([A, C])
    assert union(reported, TODAY - 1) == bitmap([A, B, C])


def test_a_wrong_union_is_named_and_made_anew(reported: Desk) -> None:
    before = whole(reported)
    wrong = {union_field(TODAY): bitmap([A]), union_field(TODAY - 2): bitmap([A])}
    reported.run(reported.store.hset(SPACE.paid, mapping=wrong))
    nothing = day_date(TODAY - 2).isoformat()
    assert reported.differences() == [
        f"{MARKET}: union {nothing}: expected none, found another one",
        f"{MARKET}: union {DATE}: expected the union of its sets, found another one",
    ]
    reported.rebuild()
    assert whole(reported) == before


def test_a_store_of_before_there_were_unions_is_whole_and_gets_them(reported: Desk) -> None:
    before = whole(reported)
    reported.run(reported.store.hdel(SPACE.paid, union_field(TODAY), union_field(TODAY - 1)))
    assert reported.differences() == []
    reported.rebuild()
    assert whole(reported) == before


def test_without_a_key_the_sets_are_counted_and_the_rest_is_said(reported: Desk) -> None:
    put(reported, moved)
    last = audit.Progress()

    def seen(progress: audit.Progress) -> None:
        nonlocal last
        last = progress

    async def verify() -> list[str]:
        tracker = reported.tracker
        tracker.keyring = None  # type: ignore[assignment]
        return [d.text() async for d in audit.verify(tracker, seen=seen)]

    said = reported.run(verify())
    assert said == [f"{MARKET}: union {DATE}: expected the union of its sets, found another one"]
    assert last.unkeyed == 3


def test_a_forged_entry_shows(reported: Desk) -> None:
    """A report that somebody wrote into the view alone."""
    field = f"{TODAY}.{VCB}"
    other = reported.run(reported.store.hget(SPACE.reports, f"{TODAY - 1}.{VCB}"))
    reported.run(reported.store.hset(SPACE.reports, field, other))
    (said,) = reported.differences()
    assert said.startswith(f"{MARKET}: report {DATE}.{VCB}: expected 2 vendors")
