"""`/v1/sheets`: ordered, drawn by a job, fetched by who ordered it."""

from __future__ import annotations

from typing import Any

import httpx

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, City, problem
from tests.integration.registry import BIDV
from tracker.services import sheets

ORDER: dict[str, Any] = {"market": MARKET}


def issued(market: City, **more: Any) -> None:
    """Hoa with a code, or who is given."""
    market.register("admin", **{"issue_code": True, **more})


def drawn(market: City, started: httpx.Response) -> dict[str, Any]:
    """The job of an order after a worker did it."""
    return market.worked(started.json()["id"], sheets.run)


def test_ordered_drawn_and_fetched(market: City) -> None:
    issued(market)
    started = market.post("manager", "/v1/sheets", ORDER)
    assert started.status_code == 202, started.text
    id_ = started.json()["id"]
    assert started.headers["location"] == f"/v1/jobs/{id_}"
    assert started.json()["kind"] == "sheets"
    problem(market.get("manager", f"/v1/sheets/{id_}"), 409, "SHEET_NOT_READY")
    job = drawn(market, started)
    assert job["state"] == "done"
    assert job["progress"] == {"done": 1, "total": 1}
    assert job["result"] == {
        "stickers": 1,
        "left_out": [],
        "sheet": f"/v1/sheets/{id_}",
        "kept_until": "2023-05-03T08:00:00+07:00",
    }
    fetched = market.get("manager", job["result"]["sheet"])
    assert fetched.status_code == 200
    assert fetched.headers["content-type"] == "application/pdf"
    assert fetched.headers["cache-control"] == "no-store"
    disposition = fetched.headers["content-disposition"]
    assert disposition == f'attachment; filename="stickers-{id_}.pdf"'
    assert fetched.content.startswith(b"%PDF")
    assert market.get("admin", f"/v1/sheets/{id_}").content == fetched.content
    for other, status, code in (("bank", 404, "NOT_FOUND"), ("auditor", 403, "FORBIDDEN")):
        problem(market.get(other, f"/v1/sheets/{id_}"), status, code)
    market.run(market.tracker.jobs.drop_file(id_))
    problem(market.get("manager", f"/v1/sheets/{id_}"), 404, "SHEET_GONE")
    problem(market.get("bank", f"/v1/sheets/{id_}"), 404, "NOT_FOUND")


def test_the_code_says_that_it_was_printed(market: City) -> None:
    issued(market)
    drawn(market, market.post("bank", "/v1/sheets", ORDER))
    assert market.get("bank", f"/v1/codes/{FIRST}.c1").json()["prints"] == 1
    problem(market.post("bank", "/v1/sheets", ORDER), 400, "NOTHING_TO_PRINT")
    again = market.post("bank", "/v1/sheets", {**ORDER, "printed": "before", "vendors": [FIRST]})
    drawn(market, again)
    assert market.get("bank", f"/v1/codes/{FIRST}.c1").json()["prints"] == 2


def test_a_key_of_a_sheet_is_its_job(market: City) -> None:
    issued(market)
    first = market.post("bank", "/v1/sheets", ORDER, key="k")
    drawn(market, first)
    again = market.post("bank", "/v1/sheets", {**ORDER, "printed": "never"}, key="k")
    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = market.post("bank", "/v1/sheets", {**ORDER, "printed": "any"}, key="k")
    problem(other, 422, "IDEMPOTENCY_KEY_REUSED")


def test_all_faults_of_an_order(market: City) -> None:
    issued(market)
    order = {**ORDER, "printed": "twice", "bin": "12", "columns": 5, "rows": 0, "stall": "B12"}
    said = problem(market.post("manager", "/v1/sheets", order), 400, "INVALID_BODY")
    assert {f["pointer"]: f["code"] for f in said["errors"]} == {
        "/printed": "NOT_ALLOWED",
        "/bin": "PATTERN",
        "/columns": "OUT_OF_RANGE",
        "/rows": "OUT_OF_RANGE",
        "/stall": "UNKNOWN_FIELD",
    }
    order = {**ORDER, "vendors": [FIRST, "CVT-0001-X"]}
    said = problem(market.post("manager", "/v1/sheets", order), 400, "INVALID_BODY")
    assert [(f["pointer"], f["code"]) for f in said["errors"]] == [("/vendors/1", "VENDOR_UNKNOWN")]
    none = problem(
        market.post("manager", "/v1/sheets", {**ORDER, "vendors": []}), 400, "INVALID_BODY"
    )
    assert none["errors"][0]["code"] == "TOO_SHORT"


def test_who_may_order_what(market: City) -> None:
    market.open_market(OTHER, "CP7")
    issued(market)
    issued(market, stall="B13", account={**HOA["account"], "bin": BIDV})  # type: ignore[dict-item]
    problem(market.post("field", "/v1/sheets", ORDER), 403, "FORBIDDEN")
    problem(market.post("ioc", "/v1/sheets", ORDER), 404, "NOT_FOUND")
    problem(market.post("manager", "/v1/sheets", {"market": OTHER}), 404, "NOT_FOUND")
    problem(market.post("bank", "/v1/sheets", {**ORDER, "bin": BIDV}), 404, "NOT_FOUND")
    problem(market.post("admin", "/v1/sheets", {**ORDER, "bin": "000000"}), 400, "BIN_UNKNOWN")
    for as_, codes in (("bank", 1), ("manager", 2)):
        order = {**ORDER, "printed": "any"}
        job = drawn(market, market.post(as_, "/v1/sheets", order))
        assert job["result"]["stickers"] == codes
