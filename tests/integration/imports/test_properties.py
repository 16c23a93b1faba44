"""What must hold for every file: nothing goes unmentioned, and nothing happens twice."""

from __future__ import annotations

from collections import Counter
from datetime import date

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.imports.files import bank_lines, blank, roster_lines
from tests.integration.imports.office import VCB, Office, Outcome

SINCE = date(2023, 1, 1)
PEOPLE = ("1,Lan,A1,,,", "2,Ba,A2,,,")

FILES = settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""Each example empties the store itself."""


def afresh(office: Office) -> None:
    """An empty store with an open market."""
    office.run(office.store.flushall())
    office.open_market()


def all_said(outcome: Outcome, lines: list[str]) -> None:
    """Every line that is a row has one result, in order, and the totals add up."""
    wanted = [number for number, line in enumerate(lines, 2) if not blank(line)]
    assert [row["row"] for row in outcome.rows] == wanted
    assert outcome.totals == {
        "accepted": 0,
        "duplicate": 0,
        "rejected": 0,
        **Counter(row["status"] for row in outcome.rows),
    }
    codes = Counter(row["code"] for row in outcome.rows if row["status"] == "rejected")
    assert outcome.result["rejected"] == codes
    for row in outcome.rows:
        assert (row["status"] == "rejected") <= (row["code"] is not None)
        assert (row["status"] != "rejected") <= (row["id"] is not None)
        assert row["code"] is None or (row["detail"] and row["detail"] != row["code"])


@FILES
@given(lines=roster_lines)
def test_any_roster(office: Office, lines: list[str]) -> None:
    afresh(office)
    outcome = office.roster(*lines, effective_on=SINCE)
    all_said(outcome, lines)
    stalls = {row["id"] for row in outcome.rows if row["status"] == "accepted"}
    assert office.counts()[0] == len(stalls)


@FILES
@given(lines=bank_lines)
def test_any_bank_file(office: Office, lines: list[str]) -> None:
    afresh(office)
    office.roster(*PEOPLE, effective_on=SINCE)
    before = office.state()
    outcome = office.bank(*lines)
    all_said(outcome, lines)
    if not outcome.totals["accepted"]:
        assert office.state() == before
    assert office.counts()[2] <= office.counts()[1] <= 2


@FILES
@given(lines=bank_lines)
def test_a_bank_file_again_adds_nothing(office: Office, lines: list[str]) -> None:
    afresh(office)
    office.roster(*PEOPLE, effective_on=SINCE)
    first = office.bank(*lines)
    position = office.position()
    again = office.bank(*lines)
    assert office.position() == position
    assert again.said == ["duplicate" if word == "accepted" else word for word in first.said]
    assert [row["id"] for row in again.rows] == [row["id"] for row in first.rows]


@FILES
@given(lines=roster_lines)
def test_a_roster_again_adds_nothing(office: Office, lines: list[str]) -> None:
    """Where a roster contradicts itself (two phones for one person) its last word stays."""
    afresh(office)
    one_word = [line for line in lines if line.split(",")[2:3] != [""]]
    seen: dict[str, str] = {}
    for line in one_word:
        if line and not blank(line):
            seen.setdefault(line.split(",")[2].upper().replace(" ", ""), line)
    lines = list(seen.values())
    first = office.roster(*lines, effective_on=SINCE)
    position = office.position()
    again = office.roster(*lines, effective_on=SINCE)
    assert office.position() == position
    expected = ["duplicate" if said == "accepted" else said for said in first.said]
    assert again.said == expected


@FILES
@given(order=st.permutations(range(12)))
def test_the_order_of_independent_rows_changes_no_figure(office: Office, order: list[int]) -> None:
    afresh(office)
    roster = [f"{n},Người {n},A{n},Khu {n % 2},," for n in range(12)]
    hung = ["", "2023-05-02", "2023-06-01"]
    bank = [f",A{n},{VCB},{1000 + n},X,2023-02-01,{hung[n % 3]},R{n}" for n in range(12)]
    office.roster(*(roster[n] for n in order), effective_on=SINCE)
    office.bank(*(bank[n] for n in reversed(order)))
    days = [date(2022, 12, 31), SINCE, date(2023, 2, 1), date(2023, 5, 2), date(2023, 6, 1)]
    assert [office.counts(day) for day in days] == [
        (0, 0, 0),
        (12, 0, 0),
        (12, 12, 0),
        (12, 12, 4),
        (12, 12, 8),
    ]
