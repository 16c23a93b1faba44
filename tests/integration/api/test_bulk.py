"""Many registrations in one call: every row for itself, and the same answer however often."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec import json

from tests.integration.api.city import MARKET, City, problem
from tests.integration.registry import BIDV, VCB
from tracker.domain.codes import vendor_code
from tracker.domain.facts import CodeIssued, Registered
from tracker.services import audit
from tracker.store.bulk_calls import AT_IT_MS
from tracker.store.commit import Commit, Committer, Outcome

VENDORS = f"/v1/markets/{MARKET}/vendors"
BULK = f"{VENDORS}/bulk"


def row(n: int, **more: Any) -> dict[str, Any]:
    account = {"bin": VCB, "number": f"{n:010d}"}
    return {"stall": f"A{n}", "name": f"Lê Thị {n}", "account": account, "issue_code": True, **more}


def send(city: City, rows: Any, *, key: str = "k", as_: str = "bank", query: str = "") -> Any:
    return city.post(as_, BULK + query, rows, key=key)


def told(answer: Any) -> list[tuple[int, str, str | None]]:
    assert answer.status_code == 207, answer.text
    return [(item["row"], item["status"], item["code"]) for item in answer.json()["items"]]


def facts(city: City, kind: type) -> int:
    async def count() -> int:
        entries = city.tracker.reader.ledger(MARKET)
        return len([entry async for entry in entries if isinstance(entry.fact, kind)])

    return city.run(count())


def clean(city: City) -> None:
    async def differences() -> list[str]:
        return [found.text() async for found in audit.verify(city.tracker)]

    assert city.run(differences()) == []


def test_every_row_is_for_itself(market: City) -> None:
    market.register("manager", stall="A3")  # Hoa
    rows = [
        row(1),
        row(2, phone="12", name=None, acount={}),
        row(3),
        row(4, account={"bin": BIDV, "number": "1"}),
        row(1),
        row(1, name="LÊ THỊ 1"),
        {"stall": "A3", "name": "dang thi hoa", "account": {"bin": VCB, "number": "0123456789"}},
        row(5, account=None),
        "no row",
    ]
    answer = send(market, rows)
    assert told(answer) == [
        (1, "accepted", None),
        (2, "rejected", "INVALID_BODY"),
        (3, "rejected", "STALL_TAKEN"),
        (4, "rejected", "BIN_OUT_OF_SCOPE"),
        (5, "duplicate", None),
        (6, "duplicate", None),
        (7, "duplicate", None),
        (8, "rejected", "ACCOUNT_MISSING"),
        (9, "rejected", "TYPE"),
    ]
    said = answer.json()
    assert said["totals"] == {"accepted": 1, "duplicate": 3, "rejected": 5}
    hoa, new = vendor_code("CVT", 1), said["items"][0]["id"]
    assert [item["id"] for item in said["items"]] == [
        *(new, None, hoa, None, new, new, hoa, None, None)
    ]
    places = {fault["pointer"] for fault in said["items"][1]["errors"]}
    assert places == {"/phone", "/name", "/acount"}
    assert "errors" not in said["items"][0]
    assert all(item["detail"] for item in said["items"] if item["status"] == "rejected")
    assert facts(market, Registered) == 2
    clean(market)


def test_a_match_brings_account_and_code_to_the_vendor(market: City) -> None:
    hoa = market.register("manager", account=None)
    there = {"stall": "B12", "name": "DANG THI HOA", "partner_ref": "r1"}
    account = {"account": {"bin": VCB, "number": "1"}, "issue_code": True}
    answer = send(market, [{**there, **account}, {**row(9), "partner_ref": "r1"}])
    assert told(answer) == [(1, "accepted", None), (2, "rejected", "PARTNER_REF_TAKEN")]
    assert answer.json()["items"][1]["id"] == hoa["vendor"]
    assert facts(market, CodeIssued) == 1
    clean(market)


def test_a_new_zone_is_added_once(market: City) -> None:
    rows = [row(n, zone="Khu mới") for n in range(1, 4)]
    assert {status for _, status, _ in told(send(market, rows))} == {"accepted"}
    assert market.get("manager", f"/v1/markets/{MARKET}").json()["zones"] == ["Khu mới"]
    clean(market)


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("stall", "name", "bin", "account", "issue_code"))
    for one in rows:
        bin_, number = one["account"]["bin"], one["account"]["number"]
        writer.writerow((one["stall"], one["name"], bin_, number, "true"))
    return out.getvalue()


def test_json_lines_and_csv_say_the_same_as_json(market: City) -> None:
    rows = [row(1), row(2), row(2, name="Khác")]
    lines = "\n\n".join(json.encode(one).decode() for one in rows) + "\n{no\n"
    forms = {
        "application/jsonl": (lines, [(1, 2), (3, 2), (5, 1), (6, 3)]),
        "text/csv": (as_csv(rows), [(2, 2), (3, 2), (4, 1)]),
    }
    first = told(send(market, rows))
    assert [status for _, status, _ in first] == ["accepted", "accepted", "rejected"]
    for kind, (content, _) in forms.items():
        headers = {"Content-Type": kind}
        answer = market.call("bank", "POST", BULK, content=content, headers=headers, key=kind)
        statuses = [status for _, status, _ in told(answer)]
        assert statuses[:3] == ["duplicate", "duplicate", "rejected"]
        numbers = [number for number, _, _ in told(answer)]
        assert numbers == ([1, 3, 5, 6] if kind == "application/jsonl" else [2, 3, 4])
    assert told(answer)[2][2] == "STALL_TAKEN"
    assert facts(market, Registered) == 2


def test_csv_as_a_spreadsheet_spoils_it(market: City) -> None:
    text = "Số sạp,Họ và tên,BIN,Số tài khoản,Cấp mã\nA1,Lê A,970436,1.23E+10,có\n3-May,Lê B,,,\n"
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    answer = market.call("bank", "POST", BULK, content=text.encode(), headers=headers, key="k")
    assert told(answer) == [(2, "rejected", "ACCOUNT_MANGLED"), (3, "rejected", "STALL_MANGLED")]


def test_what_is_no_list_of_rows_is_refused_whole(market: City) -> None:
    problem(send(market, []), 400, "INVALID_BODY")
    problem(send(market, {"stall": "A1"}), 400, "INVALID_BODY")
    many = problem(send(market, [{}] * 501), 413, "TOO_MANY_ROWS")
    assert "/v1/imports" in many["detail"]
    for kind, content, status, code in (
        ("application/json", b"[", 400, "MALFORMED_JSON"),
        ("text/csv", b"a,b\n1,2\n", 400, "HEADER_NOT_FOUND"),
        ("text/plain", b"x", 415, "MEDIA_TYPE"),
    ):
        headers = {"Content-Type": kind}
        answer = market.call("bank", "POST", BULK, content=content, headers=headers, key="k")
        problem(answer, status, code)
    bare = market.post("bank", BULK, [row(1)])
    problem(bare, 400, "IDEMPOTENCY_KEY_MISSING")
    elsewhere = market.post("bank", "/v1/markets/cho-phuong-7/vendors/bulk", [row(1)], key="k")
    problem(elsewhere, 404, "NOT_FOUND")


def test_a_dry_run_says_all_of_it_and_writes_nothing(market: City) -> None:
    market.register("manager", stall="A3", account=None)
    before = market.run(market.tracker.reader.position(MARKET))
    rows = [row(1), row(1), row(1, name="Khác"), row(3)]
    dry = send(market, rows, query="?dry_run=true")
    kinds = ["accepted", "duplicate", "rejected", "rejected"]
    assert [status for _, status, _ in told(dry)] == kinds
    hoa = vendor_code("CVT", 1)
    assert [item["id"] for item in dry.json()["items"]] == [None, None, None, hoa]
    assert market.run(market.tracker.reader.position(MARKET)) == before
    assert "idempotency-replayed" not in send(market, rows, query="?dry_run=true").headers
    real = send(market, rows)  # the key was not used up
    assert told(real) == told(dry)
    assert market.run(market.tracker.reader.position(MARKET)) > before


def test_a_retry_gives_the_same_bytes_and_a_key_is_for_one_request(market: City) -> None:
    rows = [*(row(n) for n in range(1, 251)), row(1), row(2, name="Khác"), {"stall": ""}]
    first = send(market, rows)
    entries = market.run(market.tracker.reader.position(MARKET))
    for _ in range(2):
        again = send(market, rows)
        assert (again.status_code, again.content) == (207, first.content)
        assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    problem(send(market, rows[:-1]), 422, "IDEMPOTENCY_KEY_REUSED")
    problem(send(market, [row(9)]), 422, "IDEMPOTENCY_KEY_REUSED")
    assert market.run(market.tracker.reader.position(MARKET)) == entries
    natural = send(market, rows, key="another")
    assert natural.json()["totals"] == {"accepted": 0, "duplicate": 251, "rejected": 2}
    assert (facts(market, Registered), facts(market, CodeIssued)) == (250, 250)
    clean(market)


class Dying(Committer):
    """Writes some commits more and then is no more."""

    def __init__(self, client: Any, left: int) -> None:
        super().__init__(client)
        self.left = left

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        some = commits[: self.left]
        self.left -= len(some)
        done = await super().commit_many(some) if some else []
        if len(some) < len(commits):
            raise ConnectionAbortedError
        return done


@pytest.mark.parametrize("written", [0, 1, 99, 130, 249, 251])
def test_a_call_that_dies_in_the_middle_is_finished_by_its_retry(
    market: City, written: int
) -> None:
    rows = [*(row(n) for n in range(1, 251)), row(1), row(2, name="Khác")]
    whole = market.tracker.committer
    market.tracker.committer = Dying(market.tracker.client, written)
    assert send(market, rows).status_code == 500
    assert facts(market, Registered) == min(written, 250)
    market.tracker.committer = whole
    retry = send(market, rows)
    kinds = [*("accepted" for _ in range(250)), "duplicate", "rejected"]
    assert [status for _, status, _ in told(retry)] == kinds
    assert send(market, rows).content == retry.content
    assert (facts(market, Registered), facts(market, CodeIssued)) == (250, 250)
    clean(market)


def test_while_its_twin_is_at_it_a_call_is_asked_to_wait(market: City) -> None:
    rows = [row(n) for n in range(1, 200)]
    calls = [market.acall("bank", "POST", BULK, rows, key="k") for _ in range(20)]
    answers = market.together(calls)
    done = [answer for answer in answers if answer.status_code == 207]
    assert done
    assert len({answer.content for answer in done}) == 1
    for answer in answers:
        if answer.status_code != 207:
            problem(answer, 409, "BULK_IN_PROGRESS")
    assert send(market, rows).content == done[0].content
    assert facts(market, Registered) == 199
    clean(market)


def test_who_died_at_it_is_waited_for_no_longer_than_said(market: City) -> None:
    store, calls = market.tracker.client, market.tracker.bulk_calls

    async def begin(token: str, fingerprint: bytes = b"f") -> str:
        return await calls.begin(MARKET, "c", fingerprint, token)

    assert market.run(begin("dies")) == "begun"
    assert market.run(begin("waits")) == "running"
    assert market.run(begin("waits", b"another")) == "other"
    (name,) = market.run(store.keys("*:call"))
    ends = int(market.run(store.hget(name, "until")))
    seconds, micros = market.run(store.time())
    assert 0 < ends - (seconds * 1000 + micros // 1000) <= AT_IT_MS
    market.run(store.hset(name, "until", 1))  # as if that time had passed
    assert market.run(begin("waits")) == "begun"
    market.run(calls.end(MARKET, "c", "dies"))
    assert market.run(begin("late")) == "running"
    market.run(calls.end(MARKET, "c", "waits"))
    assert market.run(begin("late")) == "begun"


def test_calls_without_a_twin_that_want_the_same_stalls(market: City) -> None:
    mine = [row(n, account=None, issue_code=False) for n in range(1, 120)]
    theirs = [{**one, "name": "Phan Văn Tư"} for one in mine]
    calls = [
        market.acall("bank", "POST", BULK, mine, key="mine"),
        market.acall("bidv", "POST", BULK, theirs, key="theirs"),
    ]
    answers = [told(answer) for answer in market.together(calls)]
    for one, other in zip(*answers, strict=True):
        assert {one[1], other[1]} == {"accepted", "rejected"}
        assert {one[2], other[2]} == {None, "STALL_TAKEN"}
    assert facts(market, Registered) == 119
    clean(market)


def test_nothing_personal_lies_in_the_store(market: City) -> None:
    from tests.integration.registry import dump

    send(market, [row(7, name="Nguyễn Thị Xuân Quỳnh", phone="0912345678"), {"stall": "A3"}])
    for value in market.run(dump(market.tracker.client)).values():
        for text in ("Quỳnh", "0912345678", f"{7:010d}"):
            assert text.encode() not in value
