"""kill -9 of worker and store at random points: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import httpx
import pytest

from tests.e2e.conftest import Running, until
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.services import audit, imports, markets, snapshots
from tracker.services.context import Tracker
from tracker.store.jobs import Job

OPENED = day_number(date(2020, 1, 1))
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


def test_worker_killed_in_the_middle_of_an_import(up: Running) -> None:
    async def accept(tracker: Tracker) -> str:
        await _market(tracker, "cho-lon", "CLN")

        async def roster() -> AsyncIterator[bytes]:
            yield b"stt,ho ten,so sap\n"
            for n in range(ROWS):
                yield f"{n},Nguyen Van {n},A{n}\n".encode()

        job = await imports.accept(
            tracker,
            OFFICE,
            kind="roster",
            market="cho-lon",
            effective_on=None,
            dry_run=False,
            chunks=roster(),
        )
        return job.id

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


def _until_answered(answers: list[Future[str]], count: int) -> None:
    until("the load runs", lambda: sum(future.done() for future in answers) >= count)


def _until_done(up: Running, id_: str, done: int) -> None:
    def far_enough() -> bool:
        job = _job(up, id_)
        return job.done >= done or job.ended

    until(f"the job has done {done}", far_enough)


@pytest.mark.timeout(180)
def test_store_killed_under_load_five_rounds(up: Running) -> None:
    async def found(tracker: Tracker) -> None:
        await _market(tracker, "cho-lon", "CLN")

    up.inside(found)
    key = up.key("bank", "--bins", "970436")
    dice = random.Random(11)
    registered = 0

    def register(n: int) -> str:
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
                return ""
            assert answer.status_code in {200, 201}, answer.text
            return str(answer.json()["vendor"])

        return until(f"trader {n} is acknowledged", sent)

    with up.client(key) as client, ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            numbers = range(registered, registered + 120)
            answers = [pool.submit(register, n) for n in numbers]
            point = dice.randint(5, 100)
            _until_answered(answers, point)
            assert up.kill("valkey-server")
            vendors = {future.result() for future in answers}
            assert len(vendors) == len(numbers)
            registered += len(numbers)
            until("the service is ready again", up.ready)

    async def count(tracker: Tracker) -> tuple[int, int]:
        histories = await tracker.reader.all_histories("cho-lon", "CLN")
        return len(histories), sum(len(h.replay().codes) for h in histories.values())

    assert up.inside(count) == (registered, registered)
    _clean(up)
