"""A sheet by way of the processes as they ship: ordered, its worker killed, polled, fetched."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pypdfium2 as pdfium

from tests.e2e.conftest import Running, until
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.services import audit, markets, vendors
from tracker.services.context import Tracker

MARKET, PREFIX = "cho-lon", "CLN"
TRADERS = 1_000


async def _open(tracker: Tracker) -> None:
    new = markets.NewMarket(MARKET, "Chợ Lớn", PREFIX, None, day_number(date(2020, 1, 1)))
    await markets.create(tracker, OFFICE, new)
    for n in range(TRADERS):
        account = vendors.NewAccount("970436", f"{n:010d}")
        trader = vendors.NewVendor(
            stall=f"A{n}", name="Nguyễn Thị Gấm", account=account, issue_code=True
        )
        await vendors.register(tracker, OFFICE, MARKET, trader)


async def _prints(tracker: Tracker) -> list[int]:
    histories = (await tracker.reader.all_histories(MARKET, PREFIX)).values()
    return [code.prints for h in histories for code in h.replay().codes.values()]


async def _differences(tracker: Tracker) -> list[str]:
    return [found.text() async for found in audit.verify(tracker)]


def _job(client: httpx.Client, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def test_a_sheet_whose_worker_is_killed_while_it_draws(up: Running) -> None:
    up.inside(_open)
    with up.client(up.key("manager", markets=(MARKET,))) as client:
        order = {"market": MARKET, "columns": 3, "rows": 3}
        begun = client.post("/v1/sheets", json=order, headers={"Idempotency-Key": "market-day"})
        assert begun.status_code == 202, begun.text
        path = begun.headers["location"]
        sheet = f"/v1/sheets/{begun.json()['id']}"
        until("it is being drawn", lambda: _job(client, path)["progress"]["done"] > 0)
        assert client.get(sheet).json()["code"] == "SHEET_NOT_READY"
        assert up.kill("work", "sheets")
        until(
            "the sheet is drawn", lambda: _job(client, path)["state"] not in {"queued", "running"}
        )
        job = _job(client, path)
        assert job["state"] == "done", job
        assert job["result"]["sheet"] == sheet
        assert (job["result"]["stickers"], job["result"]["left_out"]) == (TRADERS, [])
        fetched = client.get(sheet)
        assert fetched.headers["content-type"] == "application/pdf"
        document = pdfium.PdfDocument(fetched.content)
        assert len(document) == -(-TRADERS // 9)
        document.close()

    async def _attempts(tracker: Tracker) -> int:
        drawn = await tracker.jobs.get(job["id"])
        return 0 if drawn is None else drawn.attempts

    assert up.inside(_attempts) == 2
    assert set(up.inside(_prints)) == {1}
    assert up.inside(_differences) == []
