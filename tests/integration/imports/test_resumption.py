"""A job that was stopped goes on as if it had not been, and two runs at once are one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.integration.imports.files import bank_lines, roster_lines
from tests.integration.imports.office import (
    BANK_HEADING,
    MARKET,
    ROSTER_HEADING,
    VCB,
    Office,
    OfficeTracker,
    csv,
)
from tests.integration.imports.test_properties import FILES, PEOPLE, SINCE, afresh
from tracker.services import imports
from tracker.store.commit import Commit, Committer, Outcome


class Stopped(Exception):
    """The worker was killed."""


class Mortal(Committer):
    """Sends so many commits and dies."""

    def __init__(self, office: Office, commits: int) -> None:
        super().__init__(office.store)
        self._left = commits

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        """Some of the commits; then the end."""
        some = commits[: self._left]
        self._left -= len(some)
        outcomes = await super().commit_many(some) if some else []
        if len(some) < len(commits):
            raise Stopped
        return outcomes


def stopped_after(office: Office, commits: int) -> OfficeTracker:
    """A tracker whose worker dies after so many commits."""
    return OfficeTracker(office.store, office.clock, Mortal(office, commits))


def stop_and_go(office: Office, kind: str, content: str, stops: Sequence[int]) -> None:
    """Runs one file in one go, and in pieces on a store of its own: nothing may differ."""
    whole = office.work(office.accept(kind, content, market=MARKET, effective_on=SINCE))
    facts, counts = office.position(), office.counts()
    afresh(office)
    if kind == "attachments":
        office.roster(*PEOPLE, effective_on=SINCE)
    job = office.accept(kind, content, market=MARKET, effective_on=SINCE)
    for commits in stops:
        try:
            office.work(job, stopped_after(office, commits))
        except Stopped:
            office.clock.ms += 60_000
    pieces = office.work(job)
    assert pieces.said == whole.said
    assert [row["code"] for row in pieces.rows] == [row["code"] for row in whole.rows]
    assert pieces.result["totals"] == whole.result["totals"]
    assert (office.position(), office.counts()) == (facts, counts)


@FILES
@given(lines=roster_lines, stops=st.lists(st.integers(0, 5), max_size=3))
@example(
    lines=["1,Lan,A1,,,0912345678,", "2,Lan,A1,,,0912345678,", "3,Lan,A1,,,0987654321,"],
    stops=[2],
)
@example(lines=["1,Lan,A1,,,,", "2,Mai,A1,,,,R1", "3,Mai,A2,,,,R1"], stops=[2])
def test_any_roster_stopped_anywhere(office: Office, lines: list[str], stops: list[int]) -> None:
    afresh(office)
    stop_and_go(office, "roster", csv(ROSTER_HEADING, lines), stops)


@FILES
@given(lines=bank_lines, stops=st.lists(st.integers(0, 5), max_size=3))
def test_any_bank_file_stopped_anywhere(office: Office, lines: list[str], stops: list[int]) -> None:
    afresh(office)
    office.roster(*PEOPLE, effective_on=SINCE)
    stop_and_go(office, "attachments", csv(BANK_HEADING, lines), stops)


@pytest.mark.parametrize("commits", [0, 1, 130, 499, 500, 777])
def test_a_long_roster(office: Office, commits: int) -> None:
    lines = [f"{n},Người {n},A{n},Khu {n % 7},," for n in range(1, 801)]
    lines[600:600] = ["9,Người 1,A1,,,0912345678", "9,Ai,A2,,,", ",Tổng cộng: 800,,,,"]
    job = office.accept("roster", csv(ROSTER_HEADING, lines), market=MARKET)
    with pytest.raises(Stopped):
        office.work(job, stopped_after(office, commits))
    assert office.position() == 1 + commits + min(commits, 7)  # zones come with their vendors
    outcome = office.work(job)
    assert outcome.totals == {"accepted": 801, "duplicate": 0, "rejected": 2}
    assert outcome.result["not_listed"] == []
    assert office.counts()[0] == 800
    assert office.position() == 1 + 800 + 7 + 1  # opened, vendors, zones, one phone
    assert office.work(job).rows == outcome.rows


def test_two_runs_at_once(office: Office) -> None:
    lines = [f"{n},Người {n},A{n % 700},Khu {n % 3},,091234{n % 10}678" for n in range(1, 1_001)]
    job = office.accept("roster", csv(ROSTER_HEADING, lines), market=MARKET, effective_on=SINCE)

    async def both() -> None:
        first, second = OfficeTracker(office.store, office.clock), office.tracker
        results = await asyncio.gather(imports.run(first, job), imports.run(second, job))
        assert results[0] == results[1]

    office.run(both())
    rows = office.rows(job)
    assert [row["status"] for row in rows[:700]] == ["accepted"] * 700
    assert {row["code"] for row in rows[700:]} == {"STALL_TAKEN"}
    assert office.counts()[0] == 700
    assert office.position() == 1 + 700 + 3


def test_two_runs_at_once_of_a_bank_file(office: Office) -> None:
    people = [f"{n},Người {n},A{n},,," for n in range(1, 301)]
    office.roster(*people, effective_on=SINCE)
    lines = [f",A{n},{VCB},{1000 + n},X,,2023-05-02,R{n}" for n in range(1, 301)]
    position = office.position()
    job = office.accept("attachments", csv(BANK_HEADING, lines), market=MARKET)

    async def both() -> None:
        first, second = OfficeTracker(office.store, office.clock), office.tracker
        results = await asyncio.gather(imports.run(first, job), imports.run(second, job))
        assert results[0] == results[1]
        assert results[0]["totals"]["accepted"] == 300

    office.run(both())
    assert office.position() == position + 3 * 300
    assert office.counts() == (300, 300, 300)


def test_a_key_takes_a_file_once(office: Office) -> None:
    content = csv(ROSTER_HEADING, ["1,Lan,A1,,,"])
    jobs = {office.accept("roster", content, market=MARKET, key="k1").id for _ in range(3)}
    assert len(jobs) == 1
    assert office.run(office.tracker.jobs.open_ids()) == list(jobs)
    assert len(office.files()) == 1
