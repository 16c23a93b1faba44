"""A dry run says what the real run will say, and leaves nothing behind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.integration.imports.files import bank_lines, roster_lines
from tests.integration.imports.office import (
    BANK_HEADING,
    MARKET,
    ROSTER_HEADING,
    VCB,
    Office,
    csv,
)
from tests.integration.imports.test_properties import FILES, PEOPLE, SINCE, afresh


def said(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
    """What the two runs must agree on: all but the ids of what is not there yet."""
    return [(row["row"], row["status"], row["field"], row["code"]) for row in rows]


@FILES
@given(lines=roster_lines)
def test_any_roster(office: Office, lines: list[str]) -> None:
    afresh(office)
    before = office.state()
    dry = office.roster(*lines, effective_on=SINCE, dry_run=True)
    assert office.state() == before
    real = office.roster(*lines, effective_on=SINCE)
    assert said(dry.rows) == said(real.rows)
    assert all(row["id"] is None for row in dry.rows)  # nobody must print a code that is not
    again = office.roster(*lines, effective_on=SINCE, dry_run=True)
    assert {row["id"] for row in again.rows} <= {row["id"] for row in real.rows}


@FILES
@given(lines=bank_lines)
def test_any_bank_file(office: Office, lines: list[str]) -> None:
    afresh(office)
    office.roster(*PEOPLE, effective_on=SINCE)
    before = office.state()
    dry = office.bank(*lines, dry_run=True)
    assert office.state() == before
    real = office.bank(*lines)
    assert said(dry.rows) == said(real.rows)
    assert all(row["id"] is None for row in dry.rows)


def test_ids_of_what_is_there_are_told(office: Office) -> None:
    first = office.roster("1,Lan,A1,,,", effective_on=SINCE)
    outcome = office.roster("1,Lan,A1,,,0912345678", "2,Mai,A1,,,", "3,Hoa,A3,,,", dry_run=True)
    lan = first.rows[0]["id"]
    assert [row["id"] for row in outcome.rows] == [lan, lan, None]
    issued = office.bank(f",A1,{VCB},1001,LAN,,,R1", effective_on=SINCE)
    hung = office.bank(f",A1,{VCB},1001,LAN,,2023-05-02,R1", dry_run=True)
    assert (hung.said, hung.rows[0]["id"]) == (["accepted"], issued.rows[0]["id"])


def long_roster() -> list[str]:
    """Rows of the third and fourth chunk that depend on rows of the first."""
    lines = [f"{n},Người {n},A{n},Khu {n % 9},,,R{n}" for n in range(1, 1_201)]
    lines += ["1,Người 1,A1,,,", "2,Ai,A2,,,", "3,Người 3,A3,,,0912345678", "4,Ai,B1,,,,R4"]
    return lines + [f"{n},Người {n},B{n},,," for n in range(1, 501)] + ["9,Ai,B2,,,"]


def test_across_chunks(office: Office) -> None:
    before = office.state()
    dry = office.roster(*long_roster(), dry_run=True)
    assert office.state() == before
    assert dry.said[1200:1204] == ["duplicate", "STALL_TAKEN", "accepted", "PARTNER_REF_TAKEN"]
    assert dry.said[-1] == "STALL_TAKEN"
    assert said(office.roster(*long_roster()).rows) == said(dry.rows)


@FILES
@given(lines=roster_lines, chunk=st.integers(1, 5))
def test_what_a_roster_forgets_between_chunks_is_not_missed(
    office: Office, lines: list[str], chunk: int
) -> None:
    afresh(office)
    known = ["1,Lan,A1,Khu A,,,R1", "2,Mai,A2,,,,"]
    office.roster(*known, effective_on=SINCE)
    content = csv(ROSTER_HEADING, lines)
    dry = office.accept("roster", content, market=MARKET, dry_run=True)
    said_before = said(office.work(dry, chunk=chunk).rows)
    real = office.accept("roster", content, market=MARKET)
    assert said(office.work(real, chunk=chunk).rows) == said_before


@FILES
@given(lines=bank_lines, chunk=st.integers(1, 5))
def test_what_a_bank_file_forgets_between_chunks_is_not_missed(
    office: Office, lines: list[str], chunk: int
) -> None:
    afresh(office)
    office.roster(*PEOPLE, effective_on=SINCE)
    content = csv(BANK_HEADING, lines)
    dry = office.accept("attachments", content, market=MARKET, dry_run=True)
    said_before = office.work(dry, chunk=chunk).rows
    real = office.accept("attachments", content, market=MARKET)
    assert said(office.work(real, chunk=chunk).rows) == said(said_before)
    assert all(row["id"] is None for row in said_before)  # its codes are not there yet


def test_a_dry_run_that_was_stopped_imagines_anew(office: Office) -> None:
    content = csv(ROSTER_HEADING, long_roster())
    job = office.accept("roster", content, market=MARKET, dry_run=True)
    whole = office.work(job)
    assert office.work(job).rows == whole.rows
