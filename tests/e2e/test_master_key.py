"""The master key is replaced under the running service, by the command, while others register."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event
from typing import Any

from msgspec import json

from tests.e2e.conftest import TRACKER, Running, until
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.services import audit, markets
from tracker.services.context import Tracker

MARKET = "cho-lon"
VENDORS = f"/v1/markets/{MARKET}/vendors"
OPENED = day_number(date(2020, 1, 1))


def test_registrations_go_on_and_every_name_opens_afterwards(up: Running) -> None:
    async def market(tracker: Tracker) -> None:
        await markets.create(
            tracker, OFFICE, markets.NewMarket(MARKET, MARKET, "CLN", None, OPENED)
        )

    up.inside(market)
    secret = up.key("admin")
    rotated, registered = Event(), list[str]()

    def registering() -> None:
        with up.client(secret) as http:
            after = 3
            while after:  # some more once the old key is gone
                after -= rotated.is_set()
                name = f"Trần Thị {len(registered)}"
                body = {"stall": f"A{len(registered)}", "name": name}
                key = {"Idempotency-Key": f"k{len(registered)}"}
                answer = http.post(VENDORS, json=body, headers=key)
                assert answer.status_code == 201, answer.text
                registered.append(answer.json()["vendor"])
                rotated.wait(0.05)  # a key has its limit of requests a minute

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(registering)
        try:
            until("somebody is registered", lambda: len(registered) > 5)
            command = [*TRACKER, "master-key", "rotate", "--data", str(up.data)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        finally:
            rotated.set()
        working.result(timeout=60)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.decode(done.stdout)
    assert told["finished"]
    assert "," not in (up.data / "master.key").read_text()
    with up.client(secret) as http:
        for number, vendor in enumerate(registered):
            shown = http.get(f"/v1/vendors/{vendor}").json()
            assert shown["name"] == f"Trần Thị {number}"
        body = {"stall": "A0", "name": "Trần Thị 0"}
        again = http.post(VENDORS, json=body, headers={"Idempotency-Key": "k0"})
        assert again.headers["idempotency-replayed"] == "true"

    async def differences(tracker: Tracker) -> list[str]:
        return [found.text() async for found in audit.verify(tracker)]

    assert up.inside(differences) == []  # by a process that has the new key alone
