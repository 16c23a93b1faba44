"""A bank's whole day over a connection that drops every tenth answer: nothing lost or doubled.

The proxy passes a request on, lets the service do its work, and cuts the connection in place of
every tenth answer: the client cannot know whether it was heard, and sends it again.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import date
from itertools import count
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Running, until
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.services import audit, markets
from tracker.services.context import Tracker

MARKET = "cho-lon"
TRADERS = 300
DROPS = 10
BULK_ROWS = 40


class Dropping:
    """A proxy that cuts every tenth connection once the service has answered on it."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._numbers = count(1)
        self._lock = threading.Lock()
        self.dropped = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        """One request, one answer: the client asks for no more on a connection."""
        with self._lock:
            drops = next(self._numbers) % DROPS == 0
        answer = b""
        with closing(client), suppress(OSError), socket.create_connection(self._target) as service:
            threading.Thread(target=_pump, args=(client, service), daemon=True).start()
            with suppress(OSError):  # the service was killed
                while part := service.recv(65_536):
                    answer += part
            with suppress(OSError):
                if drops and answer:
                    with self._lock:
                        self.dropped += 1
                else:
                    client.sendall(answer)
                client.shutdown(socket.SHUT_RDWR)  # closing alone would wait for the pump

    def close(self) -> None:
        """Takes no more connections."""
        self._server.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            sink.sendall(part)


@pytest.fixture
def line(up: Running) -> Iterator[Dropping]:
    """The bad line to the service."""
    proxy = Dropping(up.port)
    yield proxy
    proxy.close()


def _market(up: Running) -> None:
    async def found(tracker: Tracker) -> None:
        new = markets.NewMarket(MARKET, "Chợ Lớn", "CLN", None, day_number(date(2020, 1, 1)))
        await markets.create(tracker, OFFICE, new)

    up.inside(found)


def _trader(n: int) -> dict[str, Any]:
    return {
        "stall": f"A{n}",
        "name": f"Tiểu thương {n}",
        "partner_ref": f"VCB-{n:06d}",
        "account": {"bin": "970436", "number": f"{n:010d}"},
        "issue_code": True,
    }


class Bank:
    """A partner's program: sends with one key until an answer comes."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}", "Connection": "close"},
            timeout=30,
        )
        self._lock = threading.Lock()
        self.retries = 0

    def send(self, path: str, body: Any, key: str) -> httpx.Response:
        """The answer at last."""

        def sent() -> httpx.Response | None:
            try:
                answer = self._client.post(path, json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                with self._lock:
                    self.retries += 1
                return None
            waits = answer.status_code in {429, 503} or (
                answer.status_code == 409 and answer.json()["code"] == "BULK_IN_PROGRESS"
            )
            return None if waits else answer

        answer = until(f"{path} is answered", sent)
        assert answer is not None
        return answer


def _state(up: Running) -> tuple[int, int, int, int]:
    """Vendors, accounts and codes of the market, and entries of its ledger."""

    async def read(tracker: Tracker) -> tuple[int, int, int, int]:
        histories = await tracker.reader.all_histories(MARKET, "CLN")
        states = [history.replay() for history in histories.values()]
        entries = [entry async for entry in tracker.reader.ledger(MARKET)]
        about_vendors = [entry for entry in entries if entry.subject != "0"]
        return (
            len(states),
            sum(len(vendor.accounts) for vendor in states),
            sum(len(vendor.codes) for vendor in states),
            len(about_vendors),
        )

    return up.inside(read)


def _clean(up: Running) -> None:
    async def differences(tracker: Tracker) -> list[str]:
        return [found.text() async for found in audit.verify(tracker)]

    assert up.inside(differences) == []


@pytest.mark.timeout(180)
def test_three_hundred_registrations_over_a_line_that_drops_answers(
    up: Running, line: Dropping
) -> None:
    _market(up)
    bank = Bank(line.url, up.key("bank", bins=("970436",)))
    path = f"/v1/markets/{MARKET}/vendors"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: bank.send(path, _trader(n), f"k{n}"), range(TRADERS)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["vendor"] for answer in answers}) == TRADERS
    assert line.dropped == bank.retries >= TRADERS // DROPS
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == line.dropped
    assert _state(up) == (TRADERS, TRADERS, TRADERS, 3 * TRADERS)
    _clean(up)


@pytest.mark.timeout(180)
def test_the_same_in_bulk_with_the_service_killed_in_the_middle(
    up: Running, line: Dropping
) -> None:
    """What is killed comes back; every call is sent again until it is answered whole."""
    _market(up)
    bank = Bank(line.url, up.key("bank", bins=("970436",)))
    path = f"/v1/markets/{MARKET}/vendors/bulk"
    calls = [
        [_trader(n) for n in range(start, min(start + BULK_ROWS, TRADERS))]
        for start in range(0, TRADERS, BULK_ROWS)
    ]
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(bank.send, path, rows, f"b{n}") for n, rows in enumerate(calls)]
        until("the day has begun", lambda: _state(up)[0] > 0)
        assert up.kill("granian") or up.kill("serve")
        answers = [future.result() for future in futures]
    for answer, rows in zip(answers, calls, strict=True):
        assert answer.status_code == 207, answer.text
        assert answer.json()["totals"] == {"accepted": len(rows), "duplicate": 0, "rejected": 0}
    again = [bank.send(path, rows, f"b{n}") for n, rows in enumerate(calls)]
    assert [answer.content for answer in again] == [answer.content for answer in answers]
    assert _state(up) == (TRADERS, TRADERS, TRADERS, 3 * TRADERS)
    _clean(up)
