"""kill -9 of the worker in the middle of a bank's day for all its markets."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tests.e2e.conftest import Running, until
from tracker.commands import OFFICE
from tracker.domain.days import day_of
from tracker.services import audit, imports, markets, vendors
from tracker.services.context import Tracker
from tracker.services.vendors import NewAccount, NewVendor
from tracker.store.jobs import Job

BANK = "970436"
MARKETS = 80
SILENT = 5
"""Markets of these whose traders were not paid."""


def _job(up: Running, id_: str) -> Job:
    async def get(tracker: Tracker) -> Job:
        job = await tracker.jobs.get(id_)
        assert job is not None
        return job

    return up.inside(get)


async def _customer(tracker: Tracker, n: int, opened: int) -> str:
    """A market with one trader who has an account at the bank; the vendor code."""
    market = f"cho-{n}"
    await markets.create(
        tracker, OFFICE, markets.NewMarket(market, market, f"M{n:02d}", None, opened)
    )
    account = NewAccount(BANK, f"{n:010d}")
    new = NewVendor(stall="A1", name=f"Trader {n}", account=account)
    return (await vendors.register(tracker, OFFICE, market, new)).vendor.vendor


def test_a_day_of_all_markets_is_reported_once_in_each(up: Running) -> None:
    async def accept(tracker: Tracker) -> tuple[str, int]:
        day = day_of(tracker.now())
        codes = [await _customer(tracker, n, day - 1) for n in range(MARKETS)]

        async def table() -> AsyncIterator[bytes]:
            yield b"vendor,payments,amount_vnd\n"
            for code in codes[SILENT:]:
                yield f"{code},2,30000\n".encode()

        job = await imports.accept_day(tracker, OFFICE, day=day, bin_=BANK, chunks=table())
        return job.id, day

    id_, day = up.inside(accept)
    kills = 0
    for share in (0.1, 0.4, 0.7):
        point = int(share * (MARKETS - SILENT))
        _until_reported(up, id_, point)
        if _job(up, id_).ended:
            break
        kills += bool(up.kill("work", "imports"))
    assert kills, "the job was over before it could be stopped"
    until("the job ends", lambda: _job(up, id_).ended, 100)
    job = _job(up, id_)
    assert (job.state, job.done) == ("done", MARKETS - SILENT), job.problem
    assert job.result is not None
    assert job.result["totals"] == {"accepted": MARKETS - SILENT, "duplicate": 0, "rejected": 0}
    assert job.result["without_payments"] == [f"cho-{n}" for n in range(SILENT)]

    async def standing(tracker: Tracker) -> tuple[set[tuple[int, int]], list[str]]:
        found = set()
        for n in range(MARKETS):
            state = await tracker.activity.day(f"cho-{n}", day, BANK)
            found.add((state.version, state.banks[BANK].payments))
        return found, [d.text() async for d in audit.verify(tracker)]

    assert up.inside(standing) == ({(1, 2), (1, 0)}, [])


def _until_reported(up: Running, id_: str, done: int) -> None:
    def far_enough() -> bool:
        job = _job(up, id_)
        return job.done >= done or job.ended

    until(f"{done} markets are reported", far_enough)
