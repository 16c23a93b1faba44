"""`…/activity/{date}/{bin}`: who may report and see which day, and what is said of the lines."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.integration.api.city import FIRST, MARKET, OTHER, City, problem
from tests.integration.registry import BIDV, VCB
from tracker.domain.activity import LINES_MAX
from tracker.domain.codes import vendor_code
from tracker.services import imports

TODAY = "2023-05-02"
DAY = f"/v1/markets/{MARKET}/activity/{TODAY}"
MINE = f"{DAY}/{VCB}"


@pytest.fixture
def customer(market: City) -> City:
    """The market with one customer of VCB."""
    assert market.register()["vendor"] == FIRST
    return market


def put(city: City, lines: list[Any], as_: str = "bank", path: str = MINE) -> Any:
    return city.call(as_, "PUT", path, {"lines": lines})


def line(payments: int = 3, amount: int = 450_000, vendor: str = FIRST) -> dict[str, Any]:
    return {"vendor": vendor, "payments": payments, "amount_vnd": amount}


def test_a_day_is_reported_and_read(customer: City) -> None:
    answer = put(customer, [line()])
    said = {"market": MARKET, "date": TODAY, "bin": VCB, "payments": 3, "amount_vnd": 450_000}
    assert (answer.status_code, answer.json()) == (200, {**said, "vendors": 1})
    for role in ("bank", "manager", "admin", "auditor"):
        day = customer.get(role, MINE).json()
        assert day == {
            **said,
            "vendors": 1,
            "paid": [FIRST],
            "reported_at": "2023-05-02T08:00:00+07:00",
        }


def test_the_figures_follow(customer: City) -> None:
    put(customer, [line()])
    now = customer.get("manager", f"/v1/markets/{MARKET}/adoption").json()
    assert now["figures"]["transacting"]["count"] == 1
    assert now["figures"]["active_30d"]["count"] == 1
    assert now["activity"]["amount_vnd"] == 450_000
    assert now["completeness"] == {"expected": [VCB], "reported": [VCB], "final": True}
    put(customer, [])
    now = customer.get("manager", f"/v1/markets/{MARKET}/adoption").json()
    assert now["figures"]["transacting"]["count"] == 0


def test_the_same_again_is_the_same_answer_and_no_new_state(customer: City) -> None:
    first = put(customer, [line()])
    tag = customer.get("bank", MINE).headers["etag"]
    customer.clock.ms += 60_000
    again = put(customer, [line()])
    assert (again.status_code, again.content) == (first.status_code, first.content)
    same = customer.get("bank", MINE, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    put(customer, [line(4)])
    assert customer.get("bank", MINE, headers={"If-None-Match": tag}).status_code == 200


def test_lines_that_do_not_count_are_told_and_the_others_stand(customer: City) -> None:
    stranger = vendor_code("CP7", 1)
    lines = [line(), line(-1), line(1, 1, "nobody"), line(1, 1, stranger)]
    answer = put(customer, lines)
    assert answer.status_code == 207
    body = answer.json()
    assert body["recorded"] is True
    assert body["day"]["payments"] == 3
    assert body["totals"] == {"accepted": 1, "duplicate": 0, "rejected": 3}
    assert [(i["row"], i["id"], i["code"]) for i in body["items"]] == [
        (2, FIRST, "DUPLICATE_LINE"),
        (3, None, "VENDOR_CODE_INVALID"),
        (4, None, "VENDOR_UNKNOWN"),
    ]
    assert all(item["detail"] for item in body["items"])
    assert put(customer, lines).content == answer.content


def test_no_account_at_the_bank(customer: City) -> None:
    answer = put(customer, [line()], "admin", f"{DAY}/{BIDV}")
    assert answer.status_code == 207
    assert answer.json()["items"][0]["code"] == "NO_ACCOUNT_AT_BANK"
    assert (answer.json()["recorded"], answer.json()["day"]) == (False, None)
    problem(customer.get("admin", f"{DAY}/{BIDV}"), 404, "NOT_FOUND")


def test_a_report_of_mistakes_does_not_empty_a_day_and_an_empty_one_does(customer: City) -> None:
    put(customer, [line()])
    wrong = put(customer, [line(-1)]).json()
    assert (wrong["recorded"], wrong["day"]["payments"]) == (False, 3)
    assert customer.get("bank", MINE).json()["payments"] == 3
    assert put(customer, []).json()["vendors"] == 0
    assert customer.get("bank", MINE).json()["paid"] == []


def test_a_bank_reports_and_sees_its_own_days_alone(customer: City) -> None:
    put(customer, [line()])
    problem(customer.get("bidv", MINE), 404, "NOT_FOUND")
    problem(put(customer, [line()], "bidv"), 404, "NOT_FOUND")
    problem(put(customer, [line()], "bank", f"{DAY}/{BIDV}"), 404, "NOT_FOUND")
    for role in ("ioc", "field"):
        problem(customer.get(role, MINE), 404, "NOT_FOUND")
        problem(put(customer, [line()], role), 404, "NOT_FOUND")
    for role in ("manager", "auditor"):
        problem(put(customer, [line()], role), 403, "FORBIDDEN")
    customer.open_market(OTHER, "CP7")
    path = f"/v1/markets/{OTHER}/activity/{TODAY}/{VCB}"
    problem(put(customer, [], "bank", path), 404, "NOT_FOUND")
    assert put(customer, [], "admin", path).status_code == 200


@pytest.mark.parametrize(
    ("day", "code"),
    [("2023-05-03", "IN_FUTURE"), ("2021-04-30", "TOO_OLD"), ("May", "INVALID_PARAMETER")],
)
def test_days_that_cannot_be_reported(customer: City, day: str, code: str) -> None:
    path = f"/v1/markets/{MARKET}/activity/{day}/{VCB}"
    problem(put(customer, [line()], path=path), 400, code)


def test_a_bin_that_no_bank_has(customer: City) -> None:
    problem(put(customer, [], "admin", f"{DAY}/999999"), 400, "BIN_UNKNOWN")


def test_every_fault_of_a_body_is_told(customer: City) -> None:
    lines = [{"vendor": FIRST, "payments": "3", "amount_vnd": 1.5}, {"vendor": 7, "sum": 1}]
    said = problem(put(customer, lines), 400, "INVALID_BODY")
    assert {fault["pointer"] for fault in said["errors"]} == {
        "/lines/0/payments",
        "/lines/0/amount_vnd",
        "/lines/1/vendor",
        "/lines/1/sum",
        "/lines/1/payments",
        "/lines/1/amount_vnd",
    }
    problem(customer.call("bank", "PUT", MINE, {}), 400, "INVALID_BODY")


def test_more_lines_than_any_market_has_stalls(customer: City) -> None:
    short = {"vendor": "x", "payments": 0, "amount_vnd": 0}
    answer = put(customer, [short] * (LINES_MAX + 1))
    assert problem(answer, 400, "INVALID_BODY")["errors"][0]["code"] == "TOO_LONG"


EVERYWHERE = f"/v1/activity/{TODAY}/{VCB}"
TABLE = f"vendor,payments,amount_vnd\n{FIRST},3,450000\nnobody,1,1\n".encode()


def send(city: City, as_: str = "bank", content: bytes = TABLE, **more: Any) -> Any:
    return city.call(as_, "PUT", EVERYWHERE, content=content, **more)


def test_one_file_for_all_markets_is_a_job_with_rows(customer: City) -> None:
    started = send(customer, content=gzip.compress(TABLE), headers={"Content-Encoding": "gzip"})
    assert started.status_code == 202, started.text
    job = started.json()
    assert started.headers["location"] == f"/v1/jobs/{job['id']}"
    done = customer.worked(job["id"], imports.run)
    assert done["progress"] == {"done": 2, "total": 2}
    assert done["result"]["totals"] == {"accepted": 1, "duplicate": 0, "rejected": 1}
    rows = customer.get("bank", f"/v1/jobs/{job['id']}/rows").json()["items"]
    assert [(row["row"], row["status"], row["id"], row["code"]) for row in rows] == [
        (2, "accepted", FIRST, None),
        (3, "rejected", None, "VENDOR_CODE_INVALID"),
    ]
    assert customer.get("bank", MINE).json()["amount_vnd"] == 450_000
    again = send(customer).json()["id"]
    assert customer.worked(again, imports.run)["result"] == done["result"]


def test_who_may_not_send_a_file_and_what_is_no_table(customer: City) -> None:
    problem(send(customer, "bidv"), 404, "NOT_FOUND")
    problem(send(customer, "field"), 404, "NOT_FOUND")
    problem(send(customer, "manager"), 403, "FORBIDDEN")
    problem(send(customer, content=b"vendor,payments\nx,1\n"), 400, "COLUMN_MISSING")
    problem(send(customer, content=b"[]"), 400, "BAD_JSON")
    problem(send(customer, content=b""), 400, "EMPTY_FILE")
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    problem(send(customer, headers=form), 415, "MEDIA_TYPE")
    old = customer.call("bank", "PUT", f"/v1/activity/2020-01-01/{VCB}", content=TABLE)
    problem(old, 400, "TOO_OLD")
