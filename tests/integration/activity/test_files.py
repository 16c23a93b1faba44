"""A bank's file for all its markets, and imports of activity: rows, parts, stops, repeats."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from tests.integration.activity.bank import MARKET, NUMBERS, PREFIX, TODAY, Desk, stream
from tests.integration.registry import ADMIN, BIDV, VCB, tracker_on
from tracker.access.keys import Principal
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_date
from tracker.domain.errors import BadFile, Forbidden, Invalid, NotFound
from tracker.services import imports
from tracker.services.context import Tracker
from tracker.store.commit import Commit, Committer, Outcome
from tracker.store.jobs import Job

A, B, C, *_ = NUMBERS
SECOND, THIRD = "cho-hai", "cho-ba"
VCB_KEY = Principal("vcbkey01", "VCB", "bank", bins=frozenset({VCB}))
HEAD = "vendor,payments,amount_vnd\n"
CODE = {n: vendor_code(PREFIX, n) for n in NUMBERS}


@pytest.fixture
def city(desk: Desk) -> Desk:
    """Three markets; the bank has accounts in the first two."""
    desk.second = desk.open_market(SECOND, "HAI")  # type: ignore[attr-defined]
    desk.open_market(THIRD, "BAA", traders=0)
    return desk


def second(city: Desk, n: int = 0) -> str:
    code: str = city.second[n]  # type: ignore[attr-defined]
    return code


def send(desk: Desk, content: str, by: Principal = VCB_KEY, day: int = TODAY) -> Job:
    chunks = stream(content.encode())
    return desk.run(imports.accept_day(desk.tracker, by, day=day, bin_=VCB, chunks=chunks))


def take(desk: Desk, content: str, *, by: Principal = VCB_KEY, **more: Any) -> Job:
    given = {"market": None, "effective_on": None, "dry_run": False, **more}
    chunks = stream(content.encode())
    return desk.run(imports.accept(desk.tracker, by, kind="activity", chunks=chunks, **given))


def work(desk: Desk, job: Job, tracker: Tracker | None = None) -> dict[str, Any]:
    return desk.run(imports.run(tracker or desk.tracker, job))


def said(desk: Desk, job: Job) -> list[tuple[int, str, str | None]]:
    rows, after = desk.run(imports.rows(desk.tracker, ADMIN, job.id, 0, 1_000))
    assert after is None
    return [(row["row"], row["code"] or row["status"], row["id"]) for row in rows]


def test_one_file_reports_every_market_of_the_bank(city: Desk) -> None:
    job = send(city, f"{HEAD}{second(city)},1,5000\n{CODE[A]},2,9000\n{CODE[B]},1,1.000\n")
    result = work(city, job)
    assert result["totals"] == {"accepted": 3, "duplicate": 0, "rejected": 0}
    assert result["without_payments"] == []
    assert city.bank_day() is not None
    assert city.paid() == [A, B]
    there = city.bank_day(market=SECOND)
    assert there is not None
    assert (there.payments, there.amount_vnd) == (1, 5_000)
    assert city.bank_day(market=THIRD) is None
    assert said(city, job) == [
        (2, "accepted", second(city)),
        (3, "accepted", CODE[A]),
        (4, "accepted", CODE[B]),
    ]
    assert city.differences() == []


def test_json_lines_say_the_same(city: Desk) -> None:
    work(city, send(city, f'{{"vendor":"{CODE[A]}","payments":2,"amount_vnd":9000}}\n'))
    assert city.paid() == [A]


def test_a_market_without_a_line_had_no_payments(city: Desk) -> None:
    work(city, send(city, f"{HEAD}{CODE[A]},2,9000\n{second(city)},1,5000\n"))
    result = work(city, send(city, f"{HEAD}{CODE[A]},2,9000\n"))
    assert result["without_payments"] == [SECOND]
    assert city.bank_day(market=SECOND) == (0, 0, b"")
    assert city.bank_day(market=THIRD) is None  # nobody has an account there
    assert city.differences() == []


@pytest.mark.parametrize(
    "line", ["{},-1,5", "{},1,?", "{}X,1,5", "HAI-9999-9,1,5"], ids=["rule", "cell", "code", "who"]
)
def test_a_market_whose_lines_are_all_refused_keeps_its_day(city: Desk, line: str) -> None:
    work(city, send(city, f"{HEAD}{second(city)},1,5000\n"))
    result = work(city, send(city, f"{HEAD}{line.format(second(city))}\n{CODE[A]},1,1\n"))
    assert result["without_payments"] == []
    there = city.bank_day(market=SECOND)
    assert there is not None
    assert there.payments == 1


def test_rows_that_belong_to_no_day_of_the_bank(city: Desk) -> None:
    other = (day_date(TODAY - 1)).isoformat()
    lines = [
        "vendor,payments,amount_vnd,bin,date",
        "nobody,1,1,,",
        f"{vendor_code('ZZZ', 3)},1,1,,",
        f"{CODE[A]},1,1,{BIDV},",
        f"{CODE[A]},1,1,,{other}",
        f"{CODE[A]},,1,,",
        "Tổng cộng,5,5,,",
        f"{CODE[B]},1,1,{VCB},{day_date(TODAY).isoformat()}",
    ]
    job = send(city, "\n".join(lines))
    result = work(city, job)
    assert [code for _, code, _ in said(city, job)] == [
        "VENDOR_CODE_INVALID",
        "VENDOR_UNKNOWN",
        "BIN_OUT_OF_SCOPE",
        "OTHER_DAY",
        "NUMBER_MISSING",
        "TOTAL_LINE",
        "accepted",
    ]
    assert result["totals"] == {"accepted": 1, "duplicate": 0, "rejected": 6}


def test_a_key_bound_to_a_market_reports_that_market_alone(city: Desk) -> None:
    bound = Principal("vcbkey02", "VCB", "bank", frozenset({VCB}), frozenset({SECOND}))
    job = send(city, f"{HEAD}{CODE[A]},1,1\n", bound)
    assert work(city, job)["without_payments"] == [SECOND]
    assert [code for _, code, _ in said(city, job)] == ["VENDOR_UNKNOWN"]
    assert city.bank_day() is None


def test_who_may_send_it_and_what_is_refused_at_once(city: Desk) -> None:
    bidv = Principal("bidvkey1", "BIDV", "bank", bins=frozenset({BIDV}))
    manager = Principal("manager1", "M", "manager", markets=frozenset({MARKET}))
    with pytest.raises(NotFound):
        send(city, HEAD, bidv)
    with pytest.raises(Forbidden):
        send(city, HEAD, manager)
    with pytest.raises(Invalid, match="future"):
        send(city, HEAD, day=TODAY + 1)
    with pytest.raises(BadFile):
        send(city, "vendor,payments\nx,1\n")


def test_a_day_reported_anew_while_the_job_waits_is_not_overwritten(city: Desk) -> None:
    job = send(city, f"{HEAD}{CODE[A]},1,1\n")
    city.clock.ms += 60_000
    city.report([B])
    work(city, job)
    assert said(city, job) == [(2, "OVERTAKEN", None)]
    assert city.paid() == [B]


class Stopped(Exception):
    """The worker was killed."""


class Mortal(Committer):
    """Sends so many commits and dies."""

    def __init__(self, desk: Desk, commits: int) -> None:
        super().__init__(desk.store)
        self._left = commits

    async def commit(self, commit: Commit) -> Outcome:
        """One of the commits that are left; then the end."""
        if not self._left:
            raise Stopped
        self._left -= 1
        return await super().commit(commit)


def content(city: Desk) -> str:
    return f"{HEAD}{CODE[A]},2,9000\nnobody,1,1\n{second(city)},1,5000\n{CODE[B]},-1,4\n"


@pytest.mark.parametrize("commits", [0, 1])
def test_a_job_that_was_stopped_ends_as_if_it_had_not_been(city: Desk, commits: int) -> None:
    job = send(city, content(city))
    mortal = tracker_on(city.store, city.clock)
    mortal.committer = Mortal(city, commits)
    with pytest.raises(Stopped):
        work(city, job, mortal)
    city.clock.ms += 60_000
    positions = city.position(), city.position(SECOND)
    result = work(city, job)
    assert (city.position(), city.position(SECOND)) != positions
    assert result["totals"] == {"accepted": 2, "duplicate": 0, "rejected": 2}
    assert [code for _, code, _ in said(city, job)] == [
        "accepted",
        "VENDOR_CODE_INVALID",
        "accepted",
        "NEGATIVE",
    ]
    positions = city.position(), city.position(SECOND)
    assert work(city, job) == result
    assert work(city, send(city, content(city)))["totals"] == result["totals"]
    assert (city.position(), city.position(SECOND)) == positions
    assert city.differences() == []


def test_two_runs_at_once_are_one(city: Desk) -> None:
    job = send(city, content(city))
    before = city.position(), city.position(SECOND)

    async def both() -> None:
        other = tracker_on(city.store, city.clock)
        results = await asyncio.gather(imports.run(other, job), imports.run(city.tracker, job))
        assert results[0] == results[1]

    city.run(both())
    assert (city.position(), city.position(SECOND)) == (before[0] + 1, before[1] + 1)


# ── imports ──────────────────────────────────────────────────────────────────────────────────


def test_an_import_names_days_and_replaces_only_those(city: Desk) -> None:
    work(city, send(city, f"{HEAD}{second(city)},1,5000\n"))
    rows = [
        "Mã tiểu thương;Số giao dịch;Số tiền;Ngày",
        f"{CODE[A]};1;1.000;{date(2024, 10, 2):%d/%m/%Y}",
        f"{CODE[A]};2;2.000;{date(2024, 10, 3):%d/%m/%Y}",
        f"{CODE[B]};2;2.000;",
    ]
    job = take(city, "\n".join(rows), effective_on=TODAY - 3)
    result = work(city, job)
    assert result["totals"] == {"accepted": 3, "duplicate": 0, "rejected": 0}
    assert "without_payments" not in result
    first, later = 19_998, 19_999
    assert (city.paid(first), city.paid(later), city.paid(TODAY - 3)) == ([A], [A], [B])
    there = city.bank_day(market=SECOND)
    assert there is not None
    assert there.payments == 1
    assert city.differences() == []


def test_an_import_of_a_month_of_one_market(city: Desk) -> None:
    days = [day_date(TODAY - n).isoformat() for n in range(30)]
    lines = [f"{CODE[n]},1,1,{day}" for day in days for n in NUMBERS]
    job = take(city, "\n".join(["vendor,payments,amount_vnd,date", *lines]))
    assert work(city, job)["totals"]["accepted"] == 30 * len(NUMBERS)
    assert city.first() == dict.fromkeys(NUMBERS, TODAY - 29)
    assert city.differences() == []


def test_an_import_of_many_banks_names_the_bank(city: Desk) -> None:
    lines = ["vendor,payments,amount_vnd,bin", f"{CODE[A]},1,1,{VCB}", f"{CODE[A]},1,1,{BIDV}"]
    job = take(city, "\n".join([*lines, f"{CODE[B]},1,1,"]), by=ADMIN, effective_on=TODAY)
    work(city, job)
    assert [code for _, code, _ in said(city, job)] == ["accepted", "accepted", "BIN_MISSING"]
    assert (city.paid(), city.paid(bin_=BIDV)) == ([A], [A])


def test_rows_without_a_day_or_with_one_that_cannot_be(city: Desk) -> None:
    lines = ["vendor,payments,amount_vnd,date", f"{CODE[A]},1,1,", f"{CODE[A]},1,1,2030-01-01"]
    job = take(city, "\n".join([*lines, f"{CODE[A]},1,1,2021-01-01"]))
    work(city, job)
    assert [code for _, code, _ in said(city, job)] == ["DAY_MISSING", "IN_FUTURE", "TOO_OLD"]


def test_a_dry_run_writes_nothing(city: Desk) -> None:
    position = city.position()
    job = take(city, f"{HEAD}{CODE[A]},1,1\n{CODE[B]},-1,1\n", effective_on=TODAY, dry_run=True)
    assert work(city, job)["totals"] == {"accepted": 1, "duplicate": 0, "rejected": 1}
    assert city.position() == position
    assert city.bank_day() is None
