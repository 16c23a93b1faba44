"""When imported facts happened: the days of a file, of its rows, and of its acceptance."""

from __future__ import annotations

from datetime import date

import pytest

from tests.integration.imports.office import (
    ADMIN,
    MARKET,
    OPENED,
    ROSTER_HEADING,
    TODAY,
    VCB,
    Office,
    csv,
    moment,
)
from tracker.domain.errors import Invalid
from tracker.domain.facts import Attached, ZoneAdded
from tracker.services.vendors import NewVendor, register
from tracker.store.commit import MARKET as MARKET_SUBJECT

SINCE = date(2023, 1, 1)
LAN = "1,Lan,A1,Khu A,,"


# ── rosters ──────────────────────────────────────────────────────────────────────────────────


def test_effective_on_given(office: Office) -> None:
    office.roster(LAN, effective_on=SINCE)
    assert office.vendor("A1").registered_at == moment(SINCE)
    assert office.counts(date(2022, 12, 31))[0] == 0
    assert office.counts(SINCE)[0] == 1


def test_without_it_an_empty_market_began_on_the_day_it_opened(office: Office) -> None:
    office.roster(LAN)
    assert office.vendor("A1").registered_at == moment(OPENED)
    entries = office.run(_zones(office))
    assert [entry.at for entry in entries] == [moment(OPENED)]


async def _zones(office: Office) -> list[ZoneAdded]:
    ledger = office.tracker.reader.ledger(MARKET)
    facts = [entry.fact async for entry in ledger if entry.subject == MARKET_SUBJECT]
    return [fact for fact in facts if isinstance(fact, ZoneAdded)]


def test_without_it_a_market_with_vendors_is_added_to_today(office: Office) -> None:
    office.roster(LAN)
    office.roster("1,Mai,A2,,,")
    assert office.vendor("A2").registered_at == moment(TODAY)


def test_the_day_is_fixed_when_the_job_is_accepted(office: Office) -> None:
    first = office.accept("roster", csv(ROSTER_HEADING, [LAN]), market=MARKET)
    second = office.accept("roster", csv(ROSTER_HEADING, ["2,Mai,A2,,,"]), market=MARKET)
    office.roster("3,Hoa,A3,,,")
    third = office.accept("roster", csv(ROSTER_HEADING, ["4,Cúc,A4,,,"]), market=MARKET)
    office.clock.set(date(2026, 11, 25))
    for job in (third, second, first):
        office.work(job)
    # When the first two came the market was empty, whatever had come in when they were worked on.
    assert office.vendor("A1").registered_at == moment(OPENED)
    assert office.vendor("A2").registered_at == moment(OPENED)
    assert office.vendor("A4").registered_at == moment(TODAY)


def test_an_update_moves_up_to_the_registration(office: Office) -> None:
    new = NewVendor(stall="A1", name="Lan")
    office.run(register(office.tracker, ADMIN, MARKET, new))
    at = office.clock()
    office.clock.set(date(2026, 11, 21))
    for effective_on in (SINCE, TODAY):
        outcome = office.roster(f"1,Lan,A1,Khu {effective_on},,", effective_on=effective_on)
        assert outcome.said == ["accepted"]
        assert office.history("A1").facts[-1].at == at  # on the same day: at that moment


def test_an_update_on_a_later_day_happened_at_its_start(office: Office) -> None:
    office.roster(LAN, effective_on=SINCE)
    office.roster("1,Lan,A1,Khu B,,", effective_on=date(2023, 3, 1))
    assert office.history("A1").facts[-1].at == moment(date(2023, 3, 1))


def test_effective_on_must_be_past_and_within_the_life_of_the_market(office: Office) -> None:
    for day, code in ((date(2026, 11, 21), "IN_FUTURE"), (date(2020, 2, 29), "BEFORE_OPENING")):
        with pytest.raises(Invalid) as refused:
            office.roster(LAN, effective_on=day)
        assert refused.value.code == code
    assert office.roster(LAN, effective_on=TODAY).said == ["accepted"]


# ── banks' files ─────────────────────────────────────────────────────────────────────────────


def bank_line(issued_on: str = "", attached_on: str = "", account: str = "1001") -> str:
    """A row for Lan's code."""
    return f",A1,{VCB},{account},LAN,{issued_on},{attached_on},R1"


@pytest.mark.parametrize(
    ("issued_on", "attached_on", "effective_on", "issued", "attached"),
    [
        ("2023-02-01", "2023-05-02", date(2023, 4, 1), date(2023, 2, 1), date(2023, 5, 2)),
        ("", "2023-05-02", date(2023, 4, 1), date(2023, 5, 2), date(2023, 5, 2)),
        ("2023-02-01", "", date(2023, 4, 1), date(2023, 2, 1), None),
        ("", "", date(2023, 4, 1), date(2023, 4, 1), None),
        ("", "", None, TODAY, None),
        ("2023-02-01", "", None, date(2023, 2, 1), None),
    ],
)
def test_the_day_of_issue_and_of_attachment(
    office: Office,
    issued_on: str,
    attached_on: str,
    effective_on: date | None,
    issued: date,
    attached: date | None,
) -> None:
    office.roster(LAN, effective_on=SINCE)
    line = bank_line(issued_on, attached_on)
    assert office.bank(line, effective_on=effective_on).said == ["accepted"]
    code = office.codes("A1")[0]
    assert code.issued_at == moment(issued)
    assert code.attached_at == (None if attached is None else moment(attached))
    assert office.vendor("A1").accounts[VCB].linked_at == moment(issued)


def test_today_is_the_day_of_acceptance(office: Office) -> None:
    office.roster(LAN, effective_on=SINCE)
    heading = "stall,bin,account,attached_on"
    job = office.accept("attachments", f"{heading}\nA1,{VCB},1001,\n", market=MARKET)
    late = office.accept("attachments", f"{heading}\nA1,{VCB},1001,2026-11-21\n", market=MARKET)
    office.clock.set(date(2026, 11, 25))
    assert office.work(job).said == ["accepted"]
    assert office.codes("A1")[0].issued_at == moment(TODAY)
    assert office.work(late).said == ["IN_FUTURE"]


def test_an_assumed_day_moves_up_to_the_registration(office: Office) -> None:
    office.run(register(office.tracker, ADMIN, MARKET, NewVendor(stall="A1", name="Lan")))
    at = office.clock()
    office.clock.set(date(2026, 11, 22))
    assert office.bank(bank_line(), effective_on=SINCE).said == ["accepted"]
    assert office.codes("A1")[0].issued_at == at


def test_a_stated_day_is_not_moved(office: Office) -> None:
    office.roster(LAN, effective_on=SINCE)
    before = office.state()
    for line, field in (
        (bank_line("2022-12-31"), "issued_on"),
        (bank_line("", "2022-12-31"), "attached_on"),
        (bank_line("2022-12-31", "2023-05-02"), "issued_on"),
        (bank_line("2023-02-01", "2022-12-31"), "attached_on"),
    ):
        outcome = office.bank(line, effective_on=SINCE)
        assert outcome.said == ["BEFORE_REGISTRATION"]
        assert outcome.rows[0]["field"] == field
    outcome = office.bank(bank_line("2023-05-02", "2023-05-01"))
    assert outcome.said == ["BEFORE_ISSUE"]
    assert outcome.rows[0]["field"] == "attached_on"
    assert office.state() == before
    # The refused rows left nothing behind in the file's own reckoning either.
    mixed = office.bank(bank_line("2023-05-02", "2023-05-01"), bank_line("2023-05-02"))
    assert mixed.said == ["BEFORE_ISSUE", "accepted"]


def test_a_known_code_cannot_hang_before_it_was_issued(office: Office) -> None:
    office.roster(LAN, effective_on=SINCE)
    office.bank(bank_line("2023-05-02"))
    before = office.state()
    assert office.bank(bank_line("", "2023-05-01")).said == ["BEFORE_ISSUE"]
    assert office.state() == before
    assert office.bank(bank_line("", "2023-05-02")).said == ["accepted"]


def test_a_row_that_was_refused_for_a_day_is_refused_again(office: Office) -> None:
    """Even where a later row of the file brought in the code that it is about."""
    office.roster(LAN, effective_on=SINCE)
    lines = (
        bank_line("2022-01-01", "2023-05-02"),
        bank_line("2023-05-02", "2023-05-01"),
        bank_line("2023-02-01", "2023-06-01"),
        bank_line("2023-02-01", "2023-01-31"),
    )
    for said in ("accepted", "duplicate"):
        outcome = office.bank(*lines)
        assert outcome.said == ["BEFORE_REGISTRATION", "BEFORE_ISSUE", said, "BEFORE_ISSUE"]


def test_on_the_day_of_registration_the_rest_happens_at_its_moment(office: Office) -> None:
    office.run(register(office.tracker, ADMIN, MARKET, NewVendor(stall="A1", name="Lan")))
    at = office.clock()
    assert at > moment(TODAY)
    assert office.bank(bank_line(str(TODAY), str(TODAY))).said == ["accepted"]
    code = office.codes("A1")[0]
    assert (code.issued_at, code.attached_at) == (at, at)
    facts = office.history("A1").facts
    assert isinstance(facts[-1], Attached)
    assert office.bank(bank_line(str(TODAY), str(TODAY))).said == ["duplicate"]


@pytest.mark.parametrize(
    ("issued_on", "attached_on", "field"),
    [("2026-11-21", "", "issued_on"), ("", "2026-11-21", "attached_on")],
)
def test_a_day_in_the_future(office: Office, issued_on: str, attached_on: str, field: str) -> None:
    office.roster(LAN, effective_on=SINCE)
    before = office.state()
    outcome = office.bank(bank_line(issued_on, attached_on))
    assert (outcome.said, outcome.rows[0]["field"]) == (["IN_FUTURE"], field)
    assert office.state() == before
