"""kill -9 of store, service and workers at random points: nothing acknowledged is lost or doubled.

Five rounds by default; `ROUNDS=50` in the environment makes fifty.
"""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import httpx
import pytest
from redis.exceptions import RedisError

from tests.e2e.conftest import Running, until
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.domain.errors import Unavailable
from tracker.services import audit, imports, markets, snapshots
from tracker.services.context import Tracker
from tracker.store.jobs import Job

OPENED = day_number(date(2020, 1, 1))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
TRADERS = 120
LISTED = 600
"""Traders registered by a bank, and rows of an office's file, in each round."""

KILLS_EACH = 2
VICTIMS = (("valkey-server",), ("tracker.cli", "serve"), ("tracker.cli", "work", "imports"))
"""Words of the command lines of the store, the service and the worker."""

ROWS = 6_000
MARKETS = 60


async def _market(tracker: Tracker, market: str, prefix: str) -> None:
    new = markets.NewMarket(market, market, prefix, None, OPENED)
    await markets.create(tracker, OFFICE, new)


def _clean(up: Running) -> None:
    async def differences(tracker: Tracker) -> list[str]:
        return [found.text() async for found in audit.verify(tracker)]

    assert up.inside(differences) == []


def _job(up: Running, id_: str) -> Job:
    async def get(tracker: Tracker) -> Job:
        job = await tracker.jobs.get(id_)
        assert job is not None
        return job

    return up.inside(get)


async def _import(tracker: Tracker, market: str, numbers: range) -> str:
    """A roster with a trader for each number, on its way; the job's id."""

    async def roster() -> AsyncIterator[bytes]:
        yield b"stt,ho ten,so sap\n"
        for n in numbers:
            yield f"{n},Nguyen Van {n},A{n}\n".encode()

    job = await imports.accept(
        tracker,
        OFFICE,
        kind="roster",
        market=market,
        effective_on=None,
        dry_run=False,
        chunks=roster(),
    )
    return job.id


def test_worker_killed_in_the_middle_of_an_import(up: Running) -> None:
    async def accept(tracker: Tracker) -> str:
        await _market(tracker, "cho-lon", "CLN")
        return await _import(tracker, "cho-lon", range(ROWS))

    id_ = up.inside(accept)
    for share in (0.1, 0.4, 0.7):
        _until_done(up, id_, int(share * ROWS))
        if _job(up, id_).ended:
            break
        assert up.kill("work", "imports")
    until("the import ends", lambda: _job(up, id_).ended, 100)
    job = _job(up, id_)
    assert job.state == "done", job.problem
    assert job.result is not None
    assert job.result["totals"] == {"accepted": ROWS, "duplicate": 0, "rejected": 0}

    async def registered(tracker: Tracker) -> int:
        return len(await tracker.reader.all_histories("cho-lon", "CLN"))

    assert up.inside(registered) == ROWS
    _clean(up)


def test_worker_killed_in_the_middle_of_a_snapshot_run(up: Running) -> None:
    first, last = day_number(date(2026, 1, 1)), day_number(date(2026, 2, 28))

    async def start(tracker: Tracker) -> str:
        for n in range(MARKETS):
            await _market(tracker, f"cho-{n}", f"M{n:02d}")
        return (await snapshots.start_run(tracker, "test", first=first, last=last)).id

    id_ = up.inside(start)
    dice = random.Random(5)
    kills = 0
    while not _job(up, id_).ended and kills < 3:
        until("the run is going", lambda: _job(up, id_).state != "queued")
        point = _job(up, id_).done + dice.randint(0, 3)
        _until_done(up, id_, point)
        kills += bool(up.kill("work", "snapshots"))
    until("the run ends", lambda: _job(up, id_).ended, 100)
    assert _job(up, id_).state == "done"
    days = last - first + 1

    async def feed(tracker: Tracker) -> list[tuple[str, int, int]]:
        page = await tracker.publications.feed_page(0, 10 * MARKETS * days)
        return [(entry.market, entry.day, entry.revision) for entry in page]

    published = up.inside(feed)
    assert len(published) == len(set(published)) == MARKETS * days
    assert {revision for _, _, revision in published} == {1}
    _clean(up)


def _until_done(up: Running, id_: str, done: int) -> None:
    def far_enough() -> bool:
        job = _job(up, id_)
        return job.done >= done or job.ended

    until(f"the job has done {done}", far_enough)


@pytest.mark.timeout(200 + 60 * ROUNDS)
def test_store_service_and_worker_killed_under_load(up: Running) -> None:
    async def found(tracker: Tracker) -> None:
        await _market(tracker, "cho-lon", "CLN")
        await _market(tracker, "cho-nho", "CNH")

    up.inside(found)
    key = up.key("bank", bins=("970436",))
    dice = random.Random(11)
    acknowledged: dict[str, str] = {}

    def register(n: int) -> None:
        """One trader, sent with one idempotency key until the service has answered."""
        body = {
            "stall": f"A{n}",
            "name": f"Trader {n}",
            "account": {"bin": "970436", "number": f"{n:010d}"},
            "issue_code": True,
        }

        def sent() -> str:
            try:
                answer = client.post(
                    "/v1/markets/cho-lon/vendors", json=body, headers={"Idempotency-Key": f"k{n}"}
                )
            except httpx.TransportError:
                return ""
            if answer.status_code in {429, 503}:
                assert int(answer.headers["retry-after"]) > 0
                return ""
            assert answer.status_code in {200, 201}, answer.text
            return str(answer.json()["vendor"])

        acknowledged[f"A{n}"] = until(f"trader {n} is acknowledged", sent)

    with up.client(key) as client, ThreadPoolExecutor(8) as pool:
        for round_ in range(ROUNDS):
            listed = range(round_ * LISTED, (round_ + 1) * LISTED)
            job = up.inside(lambda tracker, numbers=listed: _import(tracker, "cho-nho", numbers))  # type: ignore[misc]
            first = round_ * TRADERS
            sending = [pool.submit(register, n) for n in range(first, first + TRADERS)]
            points = sorted(dice.sample(range(2, TRADERS - 10), KILLS_EACH))
            for point, victim in zip(points, dice.sample(VICTIMS, KILLS_EACH), strict=True):
                _until_acknowledged(acknowledged, first + point)
                until(f"{victim} is there and dies", lambda words=victim: up.kill(*words))  # type: ignore[misc]
            for future in sending:
                future.result()
            until("the service is ready again", up.ready)
            until("the import ends", lambda id_=job: _ended(up, id_), 100)  # type: ignore[misc]
            result = _job(up, job).result
            assert result is not None
            assert result["totals"] == {"accepted": LISTED, "duplicate": 0, "rejected": 0}
    assert len(set(acknowledged.values())) == ROUNDS * TRADERS

    async def standing(tracker: Tracker) -> tuple[dict[str, str], int, int]:
        histories = await tracker.reader.all_histories("cho-lon", "CLN")
        states = {history.vendor_code: history.replay() for history in histories.values()}
        codes = sum(len(state.codes) for state in states.values())
        imported = await tracker.reader.all_histories("cho-nho", "CNH")
        return {state.stall or "": code for code, state in states.items()}, codes, len(imported)

    assert up.inside(standing) == (acknowledged, ROUNDS * TRADERS, ROUNDS * LISTED)
    _clean(up)


def _until_acknowledged(acknowledged: dict[str, str], count: int) -> None:
    until("the load runs", lambda: len(acknowledged) >= count)


def _ended(up: Running, id_: str) -> bool:
    """Whether a job has ended; the store may be about to come back."""
    try:
        return _job(up, id_).ended
    except (RedisError, Unavailable):
        return False
