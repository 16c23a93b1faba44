"""Each resource as banks, managers and the city's office call it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, City, problem

VENDORS = f"/v1/markets/{MARKET}/vendors"
CODE = f"/v1/codes/{FIRST}.c1"


def test_markets_and_censuses(city: City) -> None:
    area = {"code": "26506", "name": "Phường Vũng Tàu", "parent": "79", "valid_from": "2025-07-01"}
    assert city.post("admin", "/v1/areas", area).status_code == 201
    assert city.post("admin", "/v1/areas", area).status_code == 200
    body = {
        "id": MARKET,
        "name": "Chợ Vũng Tàu",
        "prefix": "CVT",
        "area_code": "26506",
        "opened_on": "2020-01-01",
        "zones": ["Khu A"],
    }
    made = city.post("admin", "/v1/markets", body)
    assert (made.status_code, made.headers["location"]) == (201, f"/v1/markets/{MARKET}")
    assert city.post("admin", "/v1/markets", body).status_code == 200
    shown = city.get("ioc", f"/v1/markets/{MARKET}").json()
    assert shown["areas"] == [{"area_code": "26506", "from": "2025-07-01", "to": None}]
    other = {**body, "prefix": "CVU"}
    problem(city.post("admin", "/v1/markets", other), 409, "MARKET_EXISTS")
    problem(city.post("admin", "/v1/markets", {**body, "id": "m2"}), 409, "PREFIX_TAKEN")
    nowhere = {**body, "id": "m3", "prefix": "MMM", "area_code": "99999"}
    problem(city.post("admin", "/v1/markets", nowhere), 400, "AREA_UNKNOWN")
    census = {"effective_on": "2023-01-01", "vendors": 214, "source": "Ban quản lý chợ"}
    first = city.post("manager", f"/v1/markets/{MARKET}/census", census)
    again = city.post("manager", f"/v1/markets/{MARKET}/census", census)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert city.get("ioc", f"/v1/markets/{MARKET}/census").json()["items"] == [first.json()]
    assert city.get("ioc", f"/v1/markets/{MARKET}/adoption").json()["denominator"] == {
        "value": 214,
        "basis": "census",
    }


def test_a_bank_registers_a_trader(market: City) -> None:
    body = {**HOA, "partner_ref": "VCB-1", "issue_code": True}
    made = market.post("bank", VENDORS, body, key="k1")
    assert made.status_code == 201
    assert made.headers["location"] == f"/v1/vendors/{FIRST}"
    vendor = made.json()
    assert vendor["vendor"] == FIRST
    assert (vendor["stall"], vendor["phone"]) == ("B12", "0912345678")
    assert vendor["accounts"][0]["number"] == "0123456789"
    assert [c["id"] for c in vendor["codes"]] == [f"{FIRST}.c1"]
    repeat = market.post("bank", VENDORS, body, key="k2")
    assert (repeat.status_code, repeat.json()) == (200, vendor)
    assert repeat.headers["etag"] == made.headers["etag"]
    match = {"stall": "B12", "name": "dang thi hoa", "account": {"bin": "970418", "number": "77"}}
    linked = market.post("bidv", VENDORS, match, key="k3")
    assert linked.status_code == 200
    assert set(linked.json()) == {"vendor", "market", "stall", "accounts", "codes", "version"}
    assert [a["bin"] for a in linked.json()["accounts"]] == ["970418"]
    moved = {**body, "stall": "B13"}
    said = problem(market.post("bank", VENDORS, moved, key="k4"), 409, "PARTNER_REF_TAKEN")
    assert said["vendor"] == FIRST


def test_who_sees_what_of_a_trader(market: City) -> None:
    market.register("bank", issue_code=True)
    shown = {
        role: market.get(role, f"/v1/vendors/{FIRST.lower()}").json()
        for role in ("bank", "manager", "auditor")
    }
    assert shown["bank"]["name"] == "Đặng Thị Hoa"
    assert shown["manager"]["accounts"][0]["number"] == "•••• 6789"
    assert shown["auditor"]["name"] == "Đ. T. H."
    problem(market.get("ioc", f"/v1/vendors/{FIRST}"), 404, "NOT_FOUND")


def test_accounts(market: City) -> None:
    market.register(account=None)
    path = f"/v1/vendors/{FIRST}/accounts/970436"
    body = {"number": "314 100", "holder": "Nguyễn Văn Chồng"}
    made = market.call("bank", "PUT", path, body)
    assert made.status_code == 201
    assert made.json()["accounts"][0] | {"linked_at": ""} == {
        "bin": "970436",
        "number": "314100",
        "holder": "Nguyễn Văn Chồng",
        "owner": "family",
        "linked_at": "",
    }
    assert market.call("bank", "PUT", path, body).status_code == 200
    seen = {"If-Match": market.get("bank", f"/v1/vendors/{FIRST}").headers["etag"]}
    assert market.call("bank", "PUT", path, {"number": "315"}, headers=seen).status_code == 200
    market.post("bank", f"/v1/vendors/{FIRST}/codes", {"bin": "970436"}, key="c")
    problem(market.call("bank", "PUT", path, {"number": "316"}), 428, "PRECONDITION_REQUIRED")
    live = market.call("bank", "PUT", path, {"number": "316"}, headers={"If-Match": "*"})
    assert (live.status_code, live.json()["account"]["replaces"]) == (202, "•••• 5")
    unknown = f"/v1/vendors/{FIRST}/accounts/000000"
    problem(market.call("manager", "PUT", unknown, {"number": "1"}), 400, "BIN_UNKNOWN")


def test_codes_and_their_pictures(market: City) -> None:
    market.register()
    made = market.post("manager", f"/v1/vendors/{FIRST}/codes", {"bin": "970436"})
    assert (made.status_code, made.headers["location"]) == (201, CODE)
    assert market.get("manager", CODE).json() == made.json()
    again = market.post("manager", f"/v1/vendors/{FIRST}/codes", {"bin": "970436"})
    assert (again.status_code, again.json()) == (200, made.json())
    listed = market.get("field", f"/v1/vendors/{FIRST}/codes").json()["items"]
    assert [c["id"] for c in listed] == [f"{FIRST}.c1"]
    assert "payload" not in listed[0]
    none = market.post("manager", f"/v1/vendors/{FIRST}/codes", {"bin": "970418"})
    problem(none, 409, "NO_ACCOUNT_AT_BANK")


@pytest.mark.parametrize("query", ["", "?size_mm=40", "?size_mm=40&dpi=600"])
def test_a_picture_reads_back_as_the_payload(market: City, query: str) -> None:
    import io

    import zxingcpp
    from PIL import Image

    market.register(issue_code=True)
    png = market.get("field", f"{CODE}/image{query}")
    assert png.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(png.content)) as picture:
        read = zxingcpp.read_barcode(picture.convert("L"))
    assert read is not None
    assert read.text == market.get("field", CODE).json()["payload"]


def test_pictures_that_cannot_be_drawn(market: City) -> None:
    market.register(issue_code=True)
    svg = market.get("field", f"{CODE}/image?format=svg&size_mm=25")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert 'width="25mm"' in svg.text
    problem(market.get("field", f"{CODE}/image?size_mm=2&dpi=72"), 400, "INVALID")
    problem(market.get("field", f"{CODE}/image?format=gif"), 400, "INVALID_PARAMETER")
    problem(market.get("field", f"/v1/codes/{FIRST}.c9/image"), 404, "NOT_FOUND")


def test_stickers_hang_and_are_taken_down(market: City) -> None:
    market.register(issue_code=True)
    market.clock.next_day()
    at = "2023-05-02T09:30:00+07:00"
    body = {"occurred_at": at, "evidence": {"kind": "photo"}}
    hung = market.post("field", f"{CODE}/attachments", body)
    assert hung.status_code == 201
    assert hung.json()["occurred_at"] == at
    assert hung.json()["event"].startswith(f"{FIRST}.e")
    assert hung.json()["code"]["attached"] is True
    again = market.post("field", f"{CODE}/attachments", body)
    assert (again.status_code, again.json()) == (200, hung.json())
    early = {"reason": "fraud", "occurred_at": "2023-05-02T09:00:00+07:00"}
    problem(market.post("field", f"{CODE}/removals", early), 400, "BEFORE_ATTACHMENT")
    late = {"reason": "fraud", "occurred_at": "2023-06-01T00:00:00+07:00"}
    problem(market.post("field", f"{CODE}/removals", late), 400, "IN_FUTURE")
    down = market.post("bank", f"{CODE}/removals", {"reason": "tax_worry"}, key="r")
    assert down.status_code == 201
    assert down.json()["code"]["attached"] is False
    twice = market.post("field", f"{CODE}/removals", {"reason": "fraud"})
    problem(twice, 409, "NOT_ATTACHED")


def test_keys_and_me(city: City) -> None:
    body = {"name": "VCB", "role": "bank", "bins": ["970436", "970436"]}
    made = city.post("admin", "/v1/keys", body)
    assert made.status_code == 201
    secret = made.json()["secret"]
    me = city.get(secret, "/v1/me").json()
    assert (me["role"], me["bins"], me["markets"]) == ("bank", ["970436"], [])
    assert "vendors.write" in me["permissions"]
    assert "keys.manage" not in me["permissions"]
    listed = city.get("admin", "/v1/keys?limit=1000")
    assert secret not in listed.text
    assert made.json()["id"] in [key["id"] for key in listed.json()["items"]]
    bare: dict[str, Any] = {"name": "M", "role": "manager"}
    said = problem(city.post("admin", "/v1/keys", bare), 400, "SCOPE")
    assert [f["pointer"] for f in said["errors"]] == ["/markets"]
    problem(city.call("admin", "DELETE", "/v1/keys/aaaaaaaa"), 404, "NOT_FOUND")


def test_nobody_gives_a_key_more_scope_than_their_own(city: City) -> None:
    bounded = city.new_key("admin", markets=(MARKET,))
    wide = {"name": "x", "role": "admin"}
    said = problem(city.post(bounded, "/v1/keys", wide), 400, "INVALID_BODY")
    assert [f["code"] for f in said["errors"]] == ["OUT_OF_SCOPE"]
    narrow = {"name": "x", "role": "manager", "markets": [MARKET]}
    assert city.post(bounded, "/v1/keys", narrow).status_code == 201


def test_runs_become_jobs_of_those_who_asked(market: City) -> None:
    market.open_market(OTHER, "CP7")
    body = {"from": "2020-06-01", "to": "2020-06-30"}
    started = market.post("manager", "/v1/snapshots/runs", body)
    assert started.status_code == 202
    path = started.headers["location"]
    job = market.get("manager", path).json()
    assert job == started.json()
    assert job["state"] == "queued"
    assert job["progress"] == {"done": 0, "total": 0}
    known = market.run(market.tracker.jobs.get(job["id"]))
    assert known is not None
    assert known.params["markets"] == [MARKET]
    assert market.get("auditor", path).status_code == 200
    problem(market.get("bank", path), 404, "NOT_FOUND")
    problem(market.get("ioc", path), 404, "NOT_FOUND")
    today = {"from": "2023-05-02", "to": "2023-05-02"}
    problem(market.post("admin", "/v1/snapshots/runs", today), 400, "DAY_NOT_OVER")
    foreign = {**body, "markets": [OTHER]}
    problem(market.post("manager", "/v1/snapshots/runs", foreign), 400, "INVALID_BODY")


def test_health(city: City) -> None:
    assert city.get(None, "/health/live").json()["status"] == "ok"
    ready = city.get(None, "/health/ready").json()
    assert ready["status"] == "degraded"  # nothing runs beside it
    assert ready["parts"] | {"schedule": ""} == {"store": "ok", "durability": "ok", "schedule": ""}
    store: Any = city.tracker.client

    async def weaken(value: str) -> None:
        await store.config_set("appendfsync", value)

    city.run(weaken("everysec"))
    try:
        said = problem(city.get(None, "/health/ready"), 503, "NOT_READY")
    finally:
        city.run(weaken("always"))
    assert said["errors"] == [
        {
            "pointer": "/parts/durability",
            "code": "STORE_VOLATILE",
            "detail": "appendfsync is everysec: set it to always",
        }
    ]
