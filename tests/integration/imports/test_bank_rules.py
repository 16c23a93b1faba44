"""What decides a row of a bank's file, one test a line of the table in the definitions."""

from __future__ import annotations

from datetime import date

import pytest

from tests.integration.imports.office import AGRIBANK, MARKET, VCB, Office
from tracker.access.keys import Principal
from tracker.domain import decide
from tracker.domain.facts import Removed
from tracker.services import four_eyes

ISSUED = f",A1,{VCB},1001,LAN,,,R1"
HUNG = f",A1,{VCB},1001,LAN,,2023-05-02,R1"
MANAGER = Principal("manager1", "the office", "manager", markets=frozenset({MARKET}))
NO_REF = f",A1,{VCB},1001,LAN,,,"


@pytest.fixture(autouse=True)
def roster(office: Office) -> None:
    """Lan at A1 and Mai at A2, since 2023-01-01."""
    lines = ("1,Nguyễn Thị Lan,A1,,,", "2,Trần Mai,A2,,,")
    office.roster(*lines, effective_on=date(2023, 1, 1))


def refused(office: Office, line: str, code: str, field: str | None) -> None:
    """The row is rejected with this code and writes nothing."""
    before = office.state()
    outcome = office.bank(line)
    assert outcome.said == [code]
    assert outcome.rows[0]["field"] == field
    assert outcome.rows[0]["detail"] != code
    assert office.state() == before


def test_a_row_links_issues_and_attaches(office: Office) -> None:
    outcome = office.bank(HUNG, f",A2,{VCB},2002,TRAN MAI,,,R2")
    assert outcome.said == ["accepted", "accepted"]
    code = office.codes("A1")[0]
    assert outcome.rows[0]["id"] == office.history("A1").code_id(code.ordinal)
    assert (code.ref, code.version, code.live) == ("R1", 1, True)
    assert office.counts() == (2, 2, 1)


def test_unknown_stall(office: Office) -> None:
    refused(office, f",A9,{VCB},1001,LAN,,,R1", "STALL_UNKNOWN", "stall")


@pytest.mark.parametrize("line", [ISSUED, HUNG, NO_REF])
def test_known_and_nothing_new(office: Office, line: str) -> None:
    first = office.bank(line)
    before = office.state()
    again = office.bank(line, line)
    assert again.said == ["duplicate", "duplicate"]
    assert again.rows[0]["id"] == first.rows[0]["id"]
    assert office.state() == before


def test_known_ref_with_attached_on_now_given(office: Office) -> None:
    office.bank(ISSUED, effective_on=date(2023, 2, 1))
    assert office.bank(HUNG).said == ["accepted"]
    assert office.bank(HUNG, ISSUED).said == ["duplicate", "duplicate"]
    assert len(office.codes("A1")) == 1
    assert office.counts(date(2023, 5, 1)) == (2, 1, 0)
    assert office.counts(date(2023, 5, 2)) == (2, 1, 1)


def test_a_sticker_taken_down_does_not_hang_again_by_the_same_row(office: Office) -> None:
    office.bank(HUNG)
    now = office.clock()
    office.write("A1", Removed(now, now, "field", code=1, reason="tax_worry"))
    position = office.position()
    assert office.bank(HUNG).said == ["duplicate"]
    assert office.position() == position
    office.clock.set(date(2026, 11, 21))
    assert office.bank(f",A1,{VCB},1001,LAN,,2026-11-21,R1").said == ["accepted"]
    assert office.counts() == (2, 1, 1)


def test_without_ref_stall_bin_and_account_stand_for_it(office: Office) -> None:
    office.bank(NO_REF, effective_on=date(2023, 2, 1))
    again = office.bank(NO_REF, f",A1,{VCB},1001,LAN,,2023-05-02,", f",A1,{AGRIBANK},1001,LAN,,,")
    assert again.said == ["duplicate", "accepted", "accepted"]
    assert [code.bin for code in office.codes("A1")] == [VCB, AGRIBANK]


@pytest.mark.parametrize("line", [ISSUED, NO_REF])
def test_a_revoked_code_is_still_known(office: Office, line: str) -> None:
    office.bank(line)
    office.revoke("A1", 1)
    position = office.position()
    assert office.bank(line).said == ["duplicate"]
    assert office.position() == position
    assert office.counts() == (2, 0, 0)


def test_a_row_without_ref_means_the_code_whose_sticker_it_recorded(office: Office) -> None:
    hung = f",A1,{VCB},1001,LAN,,2023-05-02,"
    first = office.bank(hung)
    office.revoke("A1", 1)
    office.bank(f",A1,{VCB},1001,LAN,{office.clock.today},,R2")
    again = office.bank(hung, NO_REF)
    assert again.said == ["duplicate", "duplicate"]
    assert again.rows[0]["id"] == first.rows[0]["id"]


def test_a_new_ref_after_a_revocation_is_a_new_code(office: Office) -> None:
    office.bank(ISSUED)
    office.revoke("A1", 1)
    assert office.bank(f",A1,{VCB},1001,LAN,{office.clock.today},,R2").said == ["accepted"]
    assert [(code.ref, code.live) for code in office.codes("A1")] == [("R1", False), ("R2", True)]


def test_known_ref_at_another_stall(office: Office) -> None:
    office.bank(ISSUED)
    refused(office, f",A2,{VCB},2002,MAI,,,R1", "PARTNER_REF_TAKEN", "partner_ref")
    assert office.bank(f",A2,{AGRIBANK},2002,MAI,,,R1").said == ["accepted"]  # a bank's own refs


def test_known_ref_at_another_stall_of_the_same_file(office: Office) -> None:
    outcome = office.bank(ISSUED, f",A2,{VCB},2002,MAI,,,R1", f",A2,{VCB},2002,MAI,,,R2")
    assert outcome.said == ["accepted", "PARTNER_REF_TAKEN", "accepted"]


def test_a_ref_that_was_not_written_binds_nobody(office: Office) -> None:
    office.bank(NO_REF, effective_on=date(2023, 2, 1))
    outcome = office.bank(
        f",A1,{VCB},1001,LAN,,2023-05-02,R7",  # the code is there: only its sticker is new
        f",A2,{VCB},2002,MAI,,,R7",
    )
    assert outcome.said == ["accepted", "accepted"]


def test_another_account_behind_a_live_code(office: Office) -> None:
    office.bank(ISSUED)
    other = f",A1,{VCB},9999,LAN,,,R9"
    dry = office.bank(other, other, dry_run=True)
    assert (dry.said, dry.rows[0]["id"]) == (["NEEDS_APPROVAL"] * 2, None)
    first = office.bank(other, f",A2,{VCB},2002,MAI,,,R2")
    assert first.said == ["NEEDS_APPROVAL", "accepted"]
    approval = f"{office.history('A1').vendor_code}.e4"
    assert (first.rows[0]["id"], first.rows[0]["field"]) == (approval, "account")
    assert "see `id`" in first.rows[0]["detail"]
    position = office.position()
    again = office.bank(other, f",A1,{VCB},9999,Lan,,2023-05-02,")
    assert [row["id"] for row in again.rows] == [approval, approval]
    assert office.position() == position
    assert [code.live for code in office.codes("A1")] == [True]
    assert office.bank(f",A1,{VCB},8888,LAN,,,R9").rows[0]["id"] != approval


def test_after_the_approval_the_row_is_about_the_new_code(office: Office) -> None:
    office.bank(HUNG)
    other = f",A1,{VCB},9999,LAN,{office.clock.today},,R9"
    approval = office.bank(other).rows[0]["id"]
    decided = four_eyes.decide(
        office.tracker, MANAGER, approval, outcome="approved", reason="đã gọi"
    )
    assert office.run(decided).state == "approved"
    assert [(code.live, code.version) for code in office.codes("A1")] == [(False, 1), (True, 2)]
    assert office.counts() == (2, 1, 0)
    again = office.bank(other)
    assert (again.said, again.rows[0]["id"]) == (
        ["duplicate"],
        office.history("A1").code_id(2),
    )
    assert office.bank(HUNG).said == ["duplicate"]  # its code is known, and superseded
    assert office.counts() == (2, 1, 0)


def test_another_account_without_a_live_code(office: Office) -> None:
    office.bank(ISSUED)
    office.revoke("A1", 1)
    other = f",A1,{VCB},9999,LAN,{office.clock.today},,R9"
    assert office.bank(other).said == ["accepted"]
    assert [code.version for code in office.codes("A1")] == [1, 2]
    position = office.position()
    assert office.bank(other, ISSUED).said == ["duplicate", "duplicate"]
    assert office.position() == position


@pytest.mark.parametrize(
    ("holder", "owner"),
    [
        ("NGUYEN THI LAN", "own"),
        ("nguyễn thị lan", "own"),
        ("", "own"),
        ("TRAN VAN BA", "family"),
    ],
)
def test_the_holder(office: Office, holder: str, owner: str) -> None:
    assert office.bank(f",A1,{VCB},1001,{holder},,,R1").said == ["accepted"]
    account = office.vendor("A1").accounts[VCB]
    assert account.owner == owner
    vault = office.run(office.tracker.vault(MARKET, office.history("A1")))
    assert decide.details_of(account.details, vault).number == "1001"


def test_one_account_at_two_stalls_is_no_fault_of_a_row(office: Office) -> None:
    assert office.bank(ISSUED, f",A2,{VCB},1001,LAN,,,R2").said == ["accepted", "accepted"]
    assert office.vendor("A2").accounts[VCB].owner == "family"


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        (f",,{VCB},1001,LAN,,,R1", "STALL_MISSING", "stall"),
        (",A1,,1001,LAN,,,R1", "BIN_MISSING", "bin"),
        (",A1,97043,1001,LAN,,,R1", "BIN_UNREADABLE", "bin"),
        (",A1,000000,1001,LAN,,,R1", "BIN_UNKNOWN", "bin"),
        (f",A1,{VCB},,LAN,,,R1", "ACCOUNT_MISSING", "account"),
        (f",A1,{VCB},1.23E+11,LAN,,,R1", "ACCOUNT_MANGLED", "account"),
        (f",A1,{VCB},số 5,LAN,,,R1", "ACCOUNT_UNREADABLE", "account"),
        (f",A1,{VCB},1001,LAN,,04/16/2023,R1", "DATE_UNREADABLE", "attached_on"),
        (",,,,Tổng cộng: 12,,,", "TOTAL_LINE", None),
        ("Tổng cộng,,,12,,,,", "TOTAL_LINE", None),
    ],
)
def test_rows_that_cannot_be_used(office: Office, line: str, code: str, field: str | None) -> None:
    refused(office, line, code, field)


def test_an_erased_vendor_refuses_its_row_only(office: Office) -> None:
    office.forget("A1")
    assert office.bank(ISSUED, f",A2,{VCB},2002,MAI,,,R2").said == ["ERASED", "accepted"]
