"""A bank's morning with the partners' client, over a line that drops every tenth answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.e2e.conftest import Running
from tests.e2e.test_bank_day import Dropping
from tracker.client import (
    Account,
    ActivityLine,
    Approval,
    Conflict,
    Forbidden,
    Invalid,
    NewVendor,
    NotFound,
    Retries,
    TrackerClient,
    Unauthenticated,
)
from tracker.commands import OFFICE
from tracker.domain.days import day_number
from tracker.services import markets
from tracker.services.context import Tracker

MARKET, VCB = "cho-lon", "970436"
SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
RETRIES = Retries(first_s=0.01, wait_s_max=0.1)


@pytest.fixture
def line(up: Running) -> Iterator[Dropping]:
    """The bad line to the service, which has one market."""

    async def found(tracker: Tracker) -> None:
        new = markets.NewMarket(MARKET, "Chợ Lớn", "CLN", None, day_number(date(2020, 1, 1)))
        await markets.create(tracker, OFFICE, new)

    up.inside(found)
    proxy = Dropping(up.port)
    yield proxy
    proxy.close()


class OneEach(httpx.HTTPTransport):
    """A connection a call, as the line takes them."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Connection"] = "close"
        return super().handle_request(request)


@pytest.fixture
def bank(up: Running, line: Dropping) -> Iterator[TrackerClient]:
    """A bank's program on that line."""
    key = up.key("bank", bins=(VCB,))
    with TrackerClient(line.url, key, retries=RETRIES, transport=OneEach()) as client:
        yield client


def trader(n: int) -> NewVendor:
    """A registration with account and code."""
    account = Account(VCB, f"{n:010d}")
    return NewVendor(
        f"A{n}", f"Tiểu thương {n}", partner_ref=f"VCB-{n}", account=account, issue_code=True
    )


@pytest.mark.timeout(180)
def test_a_banks_morning(bank: TrackerClient, line: Dropping) -> None:
    assert (bank.me().role, bank.me().bins) == ("bank", (VCB,))
    made = [bank.register(MARKET, trader(n)) for n in range(1, 31)]
    assert all(one.created for one in made)
    assert len({one.value.vendor for one in made}) == 30
    assert line.dropped >= 3
    assert sum(one.replayed for one in made) >= 1

    first = made[0].value
    again = bank.register(MARKET, trader(1))
    assert (again.created, again.value.vendor) == (False, first.vendor)
    same = bank.register(MARKET, trader(1), key=made[0].key)
    assert (same.replayed, same.value) == (True, first)

    with pytest.raises(Conflict) as taken:
        bank.register(MARKET, NewVendor("A1", "Ai khác"))
    assert (taken.value.code, taken.value.problem.vendor) == ("STALL_TAKEN", first.vendor)
    with pytest.raises(Invalid) as wrong:
        bank.register(MARKET, NewVendor("", "", phone="12"))
    assert {fault.pointer for fault in wrong.value.errors} == {"/stall", "/name", "/phone"}

    rows = [trader(n) for n in range(29, 61)]
    bulk = bank.register_many(MARKET, [*rows, NewVendor("A1", "Ai khác")])
    assert (bulk.totals.accepted, bulk.totals.duplicate, bulk.totals.rejected) == (30, 2, 1)
    assert bulk.items[-1].code == "STALL_TAKEN"
    assert len(list(bank.vendors(MARKET, bank=VCB))) == 60

    code = first.live_code(VCB)
    assert code is not None
    assert bank.code(code.id).payload
    assert bank.image(code.id, format_="png").startswith(b"\x89PNG")
    hung = bank.attach(code.id, occurred_at=datetime.now(SAIGON))
    assert (hung.created, hung.value.code.attached) == (True, True)
    down = bank.remove(code.id, "tax_worry")
    assert not down.value.code.attached

    account = Account(VCB, "42424242")
    with pytest.raises(Conflict) as stale:
        bank.put_account(first.vendor, account, if_match=first.etag)
    assert stale.value.code == "PRECONDITION_FAILED"
    waits = bank.put_account(first.vendor, account, if_match=bank.vendor(first.vendor).etag)
    assert isinstance(waits, Approval)
    assert bank.approval(waits.id).state == "waiting"


@pytest.mark.timeout(180)
def test_a_banks_reports(bank: TrackerClient) -> None:
    made = [bank.register(MARKET, trader(n)) for n in range(1, 6)]
    today = datetime.now(SAIGON).date()
    lines = [ActivityLine(one.value.vendor, 3, 90_000) for one in made]
    day = bank.put_activity(MARKET, today, VCB, [*lines, ActivityLine("CLN-9999-X", 1, 1)])
    assert day.day is not None
    assert (day.day.payments, day.day.amount_vnd) == (15, 450_000)
    assert [row.row for row in day.refused] == [6]
    job = bank.put_activity_of_all_markets(today, VCB, lines[:2])
    assert bank.wait(job.id, pause_s=0.05).totals.accepted == 2
    with pytest.raises((Invalid, Conflict)) as refused:
        bank.put_activity(MARKET, today + timedelta(days=2), VCB, lines)
    assert refused.value.code

    head = "stall,bin,account,attached_on"
    file = f"{head}\nA2,{VCB},0000000002,{today}\nZ9,{VCB},1,{today}\n".encode()
    done = bank.wait(bank.import_file("attachments", file, market=MARKET).id, pause_s=0.05)
    assert (done.totals.accepted, done.totals.rejected) == (1, 1)
    assert [(row.status, row.code) for row in bank.rows(done.id)] == [
        ("accepted", None),
        ("rejected", "STALL_UNKNOWN"),
    ]
    with pytest.raises(Forbidden):
        bank.import_file("roster", b"x", market=MARKET)
    with pytest.raises(NotFound):
        bank.vendor("CLN-0999-X")
    assert bank.adoption(MARKET)["figures"]["registered"]["count"] == 5
    assert [page.items for page in bank.feed()] == [()]


def test_a_wrong_key_is_told_at_once(up: Running) -> None:
    with TrackerClient(up.url, "cmt_wrong") as nobody, pytest.raises(Unauthenticated):
        nobody.me()
