"""Other writers while a file is worked on: one stall, one vendor, and the row says which."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date

import pytest

from tests.integration.imports.office import (
    ADMIN,
    BANK_HEADING,
    MARKET,
    ROSTER_HEADING,
    VCB,
    Office,
    OfficeTracker,
    csv,
)
from tracker.domain.errors import Conflict, Unavailable
from tracker.services import imports
from tracker.services.context import ATTEMPTS_MAX
from tracker.services.markets import declare_census
from tracker.services.vendors import NewAccount, NewVendor, Written, link_account, register
from tracker.store.commit import Commit, Committer, Outcome


class Overtaken(Committer):
    """Lets somebody else write first, so many times, whenever it is about to send commits."""

    def __init__(self, office: Office, first: Callable[[], Awaitable[object]], times: int) -> None:
        super().__init__(office.store)
        self._first = first
        self._times = times

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        """The others' write, then ours."""
        if self._times:
            self._times -= 1
            await self._first()
        return await super().commit_many(commits)


def overtaken(
    office: Office, first: Callable[[], Awaitable[object]], times: int = 1
) -> OfficeTracker:
    """A tracker whose import is overtaken by `first`."""
    return OfficeTracker(office.store, office.clock, Overtaken(office, first, times))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Lan", ["duplicate", "duplicate", "STALL_TAKEN", "accepted"]),
        ("Mai", ["STALL_TAKEN", "STALL_TAKEN", "duplicate", "accepted"]),
        ("Hoa", ["STALL_TAKEN", "STALL_TAKEN", "STALL_TAKEN", "accepted"]),
    ],
)
def test_the_api_is_faster(office: Office, name: str, said: list[str]) -> None:
    """Rows that were decided after the overtaken one are decided anew with it."""

    async def first() -> Written:
        return await register(office.tracker, ADMIN, MARKET, NewVendor(stall="A1", name=name))

    lines = ["1,Lan,A1,,,", "2,lan,A1,,,", "3,Mai,A1,,,", "4,Cúc,A2,,,"]
    job = office.accept("roster", csv(ROSTER_HEADING, lines), market=MARKET)
    outcome = office.work(job, overtaken(office, first))
    assert outcome.said == said
    assert {row["id"] for row in outcome.rows[:3]} == {office.history("A1").vendor_code}
    assert office.counts()[0] == 2


def test_a_ref_that_was_not_written_after_all_is_free(office: Office) -> None:
    async def first() -> Written:
        return await register(office.tracker, ADMIN, MARKET, NewVendor(stall="A1", name="Ai"))

    job = office.accept(
        "roster", csv(ROSTER_HEADING, ["1,Lan,A1,,,,R1", "2,Mai,A2,,,,R1"]), market=MARKET
    )
    assert office.work(job, overtaken(office, first)).said == ["STALL_TAKEN", "accepted"]


def test_a_census_while_zones_are_added(office: Office) -> None:
    async def first() -> object:
        return await declare_census(
            office.tracker, ADMIN, MARKET, effective_on=19_000, vendors=9, source="đếm"
        )

    lines = [f"{n},Người {n},A{n},Khu {n},," for n in range(1, 6)]
    job = office.accept("roster", csv(ROSTER_HEADING, lines), market=MARKET)
    assert office.work(job, overtaken(office, first)).said == ["accepted"] * 5
    place = office.run(office.tracker.market(MARKET))
    assert (sorted(place.zones), len(place.censuses)) == ([f"Khu {n}" for n in range(1, 6)], 1)


def test_an_account_that_was_linked_meanwhile(office: Office) -> None:
    office.roster("1,Lan,A1,,,", "2,Mai,A2,,,", effective_on=date(2023, 1, 1))
    code = office.history("A1").vendor_code

    async def first() -> object:
        return await link_account(office.tracker, ADMIN, code, NewAccount(VCB, "1001", "LAN"))

    lines = [f",A1,{VCB},1001,LAN,,2023-05-02,R1", f",A2,{VCB},2002,MAI,,2023-05-02,R2"]
    job = office.accept("attachments", csv(BANK_HEADING, lines), market=MARKET)
    assert office.work(job, overtaken(office, first)).said == ["accepted", "accepted"]
    assert office.counts() == (2, 2, 2)
    assert len(office.history("A1").facts) == 4  # registered, linked once, issued, attached


def test_a_row_that_is_always_overtaken_is_given_up_and_can_go_on(office: Office) -> None:
    office.roster("1,Lan,A1,,,", effective_on=date(2023, 1, 1))
    code, number = office.history("A1").vendor_code, 0

    async def first() -> object:
        nonlocal number
        number += 1
        return await link_account(office.tracker, ADMIN, code, NewAccount(VCB, str(number)))

    lines = ["1,Lan,A1,,,0912345678"]
    job = office.accept("roster", csv(ROSTER_HEADING, lines), market=MARKET)
    with pytest.raises(Unavailable):
        office.work(job, overtaken(office, first, ATTEMPTS_MAX))
    assert office.work(job, overtaken(office, first, ATTEMPTS_MAX - 1)).said == ["accepted"]


def test_a_race_in_earnest(office: Office) -> None:
    """Twenty API calls and an import go for the same stalls."""
    lines = [f"{n},Người {n},A{n},,," for n in range(1, 41)]
    job = office.accept("roster", csv(ROSTER_HEADING, lines), market=MARKET)

    async def call(n: int) -> str:
        name = f"Người {n}" if n % 2 else f"Ai {n}"
        try:
            written = await register(
                office.tracker, ADMIN, MARKET, NewVendor(stall=f"A{n}", name=name)
            )
        except Conflict as refused:
            return refused.code
        return "created" if written.created else "match"

    async def everybody() -> list[str]:
        calls = [call(n) for n in range(1, 41, 2)] + [call(n) for n in range(2, 41, 2)]
        _, *answers = await asyncio.gather(imports.run(office.tracker, job), *calls)
        return [str(answer) for answer in answers]

    answers = office.run(everybody())
    by_stall = dict(zip([*range(1, 41, 2), *range(2, 41, 2)], answers, strict=True))
    assert office.counts()[0] == 40
    for row in office.rows(job):
        n = row["row"] - 1
        said = row["code"] or row["status"]
        expected = {
            "created": "duplicate" if n % 2 else "STALL_TAKEN",
            "match": "accepted",
            "STALL_TAKEN": "accepted",
        }
        assert said == expected[by_stall[n]]
        assert row["id"] == office.history(f"A{n}").vendor_code
