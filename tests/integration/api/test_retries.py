"""Idempotency keys: one key, one effect, one answer, whatever happens on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import FIRST, HOA, MARKET, City, problem
from tracker.domain.facts import Registered

VENDORS = f"/v1/markets/{MARKET}/vendors"


def registered(city: City) -> int:
    """How many registrations the market's ledger holds."""

    async def count() -> int:
        entries = city.tracker.reader.ledger(MARKET)
        return len([entry async for entry in entries if isinstance(entry.fact, Registered)])

    return city.run(count())


def test_two_hundred_retries_at_once_are_one_vendor_and_one_answer(market: City) -> None:
    calls = [market.acall("bank", "POST", VENDORS, HOA, key="one") for _ in range(200)]
    answers = market.together(calls)
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert len({(a.headers["location"], a.headers["etag"]) for a in answers}) == 1
    assert sum("idempotency-replayed" not in a.headers for a in answers) == 1
    assert registered(market) == 1
    assert len(market.get("manager", VENDORS).json()["items"]) == 1


def test_two_banks_race_for_one_stall(market: City) -> None:
    for n in range(5):
        stall = {**HOA, "stall": f"C{n}", "account": None}
        calls = [
            market.acall("bank", "POST", VENDORS, {**stall, "name": "Lê Thị Ba"}, key=f"a{n}"),
            market.acall("bidv", "POST", VENDORS, {**stall, "name": "Phan Văn Tư"}, key=f"b{n}"),
        ]
        first, second = sorted(market.together(calls), key=lambda a: a.status_code)
        assert first.status_code == 201
        assert problem(second, 409, "STALL_TAKEN")["vendor"] == first.json()["vendor"]
    assert registered(market) == 5


def test_the_stored_answer_stands_whatever_came_after(market: City) -> None:
    first = market.post("bank", VENDORS, HOA, key="k")
    market.post("bank", f"/v1/vendors/{FIRST}/codes", {"bin": "970436"}, key="c")
    again = market.post("bank", VENDORS, HOA, key='"k"')
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


def test_another_spelling_of_the_same_request_is_the_same_request(market: City) -> None:
    market.post("bank", VENDORS, HOA, key="k")
    spelled = {**HOA, "stall": "B12", "phone": "0912345678", "category": None, "issue_code": None}
    assert market.post("bank", VENDORS, spelled, key="k").headers["idempotency-replayed"] == "true"


def test_the_same_key_with_another_request_is_422(market: City) -> None:
    market.post("bank", VENDORS, HOA, key="k")
    other = {**HOA, "stall": "B13"}
    problem(market.post("bank", VENDORS, other, key="k"), 422, "IDEMPOTENCY_KEY_REUSED")
    assert registered(market) == 1


def test_a_key_belongs_to_its_caller_method_and_path(market: City) -> None:
    market.open_market("cho-phuong-7", "CP7")
    market.post("manager", VENDORS, HOA, key="k")
    same = market.post("admin", VENDORS, HOA, key="k")
    assert same.status_code == 200
    assert "idempotency-replayed" not in same.headers
    assert market.post("admin", "/v1/markets/cho-phuong-7/vendors", HOA, key="k").status_code == 201


def test_a_refusal_is_not_kept(market: City) -> None:
    market.register()
    body = {"stall": "B12", "name": "Trần Văn Tám"}
    problem(market.post("bank", VENDORS, body, key="k"), 409, "STALL_TAKEN")
    other = {**body, "stall": "B14"}
    assert market.post("bank", VENDORS, other, key="k").status_code == 201


@pytest.mark.parametrize("key", ["", '""', "a" * 256, "a b", 'a"b', "Hoá", '"a" "b"'])
def test_keys_that_are_none(market: City, key: str) -> None:
    headers: Any = {b"Idempotency-Key": key.encode()}
    answer = market.call("bank", "POST", VENDORS, HOA, headers=headers)
    problem(answer, 400, "IDEMPOTENCY_KEY_INVALID")


def test_a_bank_must_send_a_key_where_the_contract_says_so(market: City) -> None:
    market.register(issue_code=True)
    code = f"/v1/codes/{FIRST}.c1"
    for path, body in (
        (VENDORS, HOA),
        (f"/v1/vendors/{FIRST}/codes", {"bin": "970436"}),
        (f"{code}/attachments", {}),
        (f"{code}/removals", {"reason": "other"}),
    ):
        problem(market.post("bank", path, body), 400, "IDEMPOTENCY_KEY_MISSING")
        assert market.post("manager", path, body).status_code in {200, 201}
    problem(market.call("bank", "POST", "/v1/imports"), 400, "IDEMPOTENCY_KEY_MISSING")


def test_every_post_takes_a_key(market: City) -> None:
    """Where a secret is shown, the repeat is without it: see `test_keys` and `test_people`."""
    market.register(issue_code=True)
    code = f"/v1/codes/{FIRST}.c1"
    steps: list[tuple[str, Any]] = [
        ("/v1/areas", {"code": "26506", "name": "P. Vũng Tàu", "valid_from": "2025-07-01"}),
        ("/v1/markets", {"id": "m", "name": "M", "prefix": "MMM", "opened_on": "2020-01-01"}),
        (f"/v1/markets/{MARKET}/census",
         {"effective_on": "2023-01-01", "vendors": 3, "source": "s"}),
        (f"/v1/vendors/{FIRST}/codes", {"bin": "970436"}),
        (f"{code}/attachments", {}),
        (f"{code}/removals", {"reason": "other"}),
        (f"{code}/prints", None),
        (f"{code}/invoices", {"amount_vnd": 1000}),
        ("/v1/scans", {"market": MARKET, "stall": "B12", "payload": "?"}),
        (f"{code}/revocation", {"reason": "x"}),
        ("/v1/people", {"name": "n", "login": "n@example.vn", "role": "ioc"}),
        ("/v1/snapshots/runs", {"from": "2020-06-01", "to": "2020-06-01"}),
    ]  # fmt: skip
    for path, body in steps:
        first = market.post("admin", path, body, key="k")
        again = market.post("admin", path, body, key="k")
        assert first.status_code in {200, 201, 202}, first.text
        assert (again.status_code, again.content) == (first.status_code, first.content), path
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers.get("location") == first.headers.get("location")
    changed = {"from": "2020-06-01", "to": "2020-06-02"}
    answer = market.post("admin", "/v1/snapshots/runs", changed, key="k")
    problem(answer, 422, "IDEMPOTENCY_KEY_REUSED")


def test_a_stored_answer_is_not_to_be_read_in_the_store(market: City) -> None:
    market.post("bank", VENDORS, HOA, key="k")
    store: Any = market.tracker.client

    async def answers() -> list[bytes]:
        return [await store.get(key) async for key in store.scan_iter(match="*:answer:*")]

    (stored,) = market.run(answers())
    assert b"Hoa" not in stored
    assert b"0123456789" not in stored
