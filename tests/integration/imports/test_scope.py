"""Whose markets and banks a file may speak of."""

from __future__ import annotations

from datetime import date

import pytest

from tests.integration.imports.office import (
    AGRIBANK,
    BANK_HEADING,
    MARKET,
    ROSTER_HEADING,
    VCB,
    Office,
    csv,
)
from tracker.access.keys import Principal
from tracker.domain.errors import Forbidden, Invalid, NotFound
from tracker.services.imports import rows

BANK = Principal("bank0001", "Vietcombank", "bank", bins=frozenset({VCB}))
MANAGER = Principal("manager1", "ban quản lý", "manager", markets=frozenset({MARKET}))
FIELD = Principal("field001", "tổ công nghệ số", "field", markets=frozenset({MARKET}))


@pytest.fixture(autouse=True)
def two_markets(office: Office) -> None:
    """The stall A1 in Chợ Thử and in Chợ Đông Ba."""
    office.open_market("cho-dong-ba", name="Chợ Đông Ba", prefix="DBA")
    for market in (MARKET, "cho-dong-ba"):
        office.roster("1,Lan,A1,,,", market=market, effective_on=date(2023, 1, 1))


@pytest.mark.parametrize(
    "written", ["cho-dong-ba", "CHO-DONG-BA", "Chợ Đông Ba", "chợ  đông ba", "CHO DONG BA"]
)
def test_a_market_by_slug_and_by_name(office: Office, written: str) -> None:
    assert office.bank(f"{written},A1,{VCB},1001,LAN,,,R1", market=None).said == ["accepted"]
    assert office.counts(market="cho-dong-ba")[1] == 1
    assert office.counts()[1] == 0


def test_unknown_and_missing_markets(office: Office) -> None:
    lines = (f"Chợ Bến Thành,A1,{VCB},1001,LAN,,,R1", f",A1,{VCB},1001,LAN,,,R1")
    assert office.bank(*lines, market=None).said == ["MARKET_UNKNOWN", "MARKET_MISSING"]
    assert office.bank(*lines).said == ["MARKET_UNKNOWN", "accepted"]


def test_a_row_of_another_market_than_the_job_is_about(office: Office) -> None:
    lines = [f"{market},A1,{VCB},1001,LAN,,,R1" for market in ("cho-dong-ba", "Chợ Thử")]
    assert office.bank(*lines).said == ["MARKET_UNKNOWN", "accepted"]


def test_a_name_that_two_markets_share_names_neither(office: Office) -> None:
    office.open_market("cho-dong-ba-2", name="CHỢ ĐÔNG BA", prefix="DB2")
    lines = (f"Chợ Đông Ba,A1,{VCB},1001,LAN,,,R1", f"cho-dong-ba,A1,{VCB},1001,LAN,,,R1")
    assert office.bank(*lines, market=None).said == ["MARKET_UNKNOWN", "accepted"]


def test_markets_out_of_scope_are_unknown(office: Office) -> None:
    lines = (f"Chợ Đông Ba,A1,{VCB},1001,LAN,,,R1", f"cho-thu,A1,{VCB},1001,LAN,,,R1")
    assert office.bank(*lines, market=None, by=MANAGER).said == ["MARKET_UNKNOWN", "accepted"]
    bound = Principal(
        "bank0002", "", "bank", bins=frozenset({VCB}), markets=frozenset({"cho-dong-ba"})
    )
    assert office.bank(*lines, market=None, by=bound).said == ["accepted", "MARKET_UNKNOWN"]


def test_a_bank_speaks_for_its_own_bins_only(office: Office) -> None:
    lines = (f",A1,{AGRIBANK},1001,LAN,,,R1", f",A1,{VCB},1001,LAN,,,R1")
    outcome = office.bank(*lines, by=BANK)
    assert outcome.said == ["BIN_OUT_OF_SCOPE", "accepted"]
    assert outcome.rows[0]["field"] == "bin"
    assert list(office.vendor("A1").accounts) == [VCB]


@pytest.mark.parametrize(
    ("by", "kind", "market", "error"),
    [
        (MANAGER, "roster", "cho-dong-ba", NotFound),
        (MANAGER, "attachments", "cho-dong-ba", NotFound),
        (BANK, "roster", MARKET, Forbidden),
        (FIELD, "roster", MARKET, NotFound),
        (MANAGER, "roster", None, Invalid),
        (MANAGER, "attachments", "cho-khong-co", NotFound),
        (MANAGER, "diary", MARKET, Invalid),
    ],
)
def test_files_that_are_not_taken(
    office: Office, by: Principal, kind: str, market: str | None, error: type[Exception]
) -> None:
    heading = ROSTER_HEADING if kind == "roster" else BANK_HEADING
    with pytest.raises(error):
        office.accept(kind, csv(heading, ["1,Lan,A1,,,"]), market=market, by=by)
    assert len(office.run(office.tracker.jobs.open_ids())) == 2  # the rosters of the fixture


def test_a_market_that_does_not_exist(office: Office) -> None:
    for kind, heading in (("roster", ROSTER_HEADING), ("attachments", BANK_HEADING)):
        with pytest.raises(NotFound):
            office.accept(kind, csv(heading, ["1,Lan,A1,,,"]), market="cho-khong-co")


def test_only_who_sent_a_file_and_those_who_check_see_its_rows(office: Office) -> None:
    job = office.bank(f",A1,{VCB},1001,LAN,,,R1", by=BANK).job
    with pytest.raises(NotFound):
        office.run(rows(office.tracker, MANAGER, job.id, 0, 10))
    assert office.run(rows(office.tracker, BANK, job.id, 0, 10))[0]
