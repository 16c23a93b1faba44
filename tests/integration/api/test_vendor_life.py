"""A vendor after registration: corrections, moves, status, accounts, and races for a stall."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import FIRST, HOA, MARKET, City, problem
from tests.integration.registry import BIDV, VCB
from tracker.services import audit
from tracker.settings import Settings

VENDOR = f"/v1/vendors/{FIRST}"
STATUS = f"{VENDOR}/status"
MOVES = f"{VENDOR}/moves"
ACCOUNT = f"{VENDOR}/accounts/{VCB}"
CODE = f"/v1/codes/{FIRST}.c1"
LAN: dict[str, Any] = {"name": "Trần Thị Lan", "phone": None, "account": None}


def etag(city: City, as_: str = "manager", path: str = VENDOR) -> dict[str, str]:
    """The header that a change needs."""
    return {"If-Match": city.get(as_, path).headers["etag"]}


def patch(city: City, body: Any, as_: str = "manager", path: str = VENDOR) -> Any:
    """A correction of what stands."""
    return city.call(as_, "PATCH", path, body, headers=etag(city, as_, path))


def put_status(city: City, status: str, as_: str = "manager", **more: Any) -> Any:
    """Sets the status of Hoa as she stands."""
    return city.call(as_, "PUT", STATUS, {"status": status, **more}, headers=etag(city, as_))


def differences(city: City) -> list[Any]:
    """What `tracker verify` finds."""

    async def look() -> list[Any]:
        return [one async for one in audit.verify(city.tracker)]

    return city.run(look())


@pytest.fixture
def hoa(market: City) -> City:
    """Hoa at B12 with an account, registered by the market's manager."""
    market.register()
    return market


class TestACorrection:
    def test_changes_what_is_given_and_clears_by_null(self, hoa: City) -> None:
        body = {"name": "Đặng Thị Hòa", "phone": None, "zone": "Khu C"}
        shown = patch(hoa, body)
        assert shown.status_code == 200, shown.text
        vendor = shown.json()
        assert (vendor["name"], vendor["phone"], vendor["zone"]) == ("Đặng Thị Hòa", None, "Khu C")
        assert shown.headers["etag"] == hoa.get("manager", VENDOR).headers["etag"]
        assert hoa.get("manager", VENDOR).json() == {**vendor, "doubts": []}
        assert hoa.get("admin", f"/v1/markets/{MARKET}").json()["zones"] == ["Khu B", "Khu C"]
        same = patch(hoa, body)
        assert (same.status_code, same.json()) == (200, vendor)
        assert patch(hoa, {}).json() == vendor
        assert patch(hoa, {"zone": "", "category": "Cá"}).json()["zone"] is None
        assert patch(hoa, {"phone": "0912 000 111"}).json()["phone"] == "0912000111"

    def test_keeps_the_marks_of_a_merge_patch(self, hoa: City) -> None:
        wrong = problem(patch(hoa, {"name": None, "stall": "C1"}), 400, "INVALID_BODY")
        found = {f["pointer"]: f["code"] for f in wrong["errors"]}
        assert found == {"/name": "EMPTY", "/stall": "UNKNOWN_FIELD"}
        for empty in ("", "  "):
            wrong = problem(patch(hoa, {"name": empty, "phone": "12"}), 400, "INVALID_BODY")
            found = {f["pointer"]: f["code"] for f in wrong["errors"]}
            assert found == {"/name": "EMPTY", "/phone": "PHONE_UNREADABLE"}

    def test_says_what_it_was_decided_on(self, hoa: City) -> None:
        old = etag(hoa)
        problem(hoa.call("manager", "PATCH", VENDOR, {"zone": "C"}), 428, "PRECONDITION_REQUIRED")
        assert patch(hoa, {"zone": "C"}).status_code == 200
        stale = hoa.call("manager", "PATCH", VENDOR, {"zone": "D"}, headers=old)
        problem(stale, 412, "PRECONDITION_FAILED")
        assert hoa.get("manager", VENDOR).json()["zone"] == "C"

    def test_by_many_at_once_is_made_by_the_one_who_was_first(self, hoa: City) -> None:
        seen = etag(hoa)
        calls = [
            hoa.acall("manager", "PATCH", VENDOR, {"zone": f"Khu {n}"}, headers=seen)
            for n in range(5)
        ]
        answers = hoa.together(calls)
        assert sorted(a.status_code for a in answers) == [200, 412, 412, 412, 412]
        zones = hoa.get("admin", f"/v1/markets/{MARKET}").json()["zones"]
        assert len(zones) == 2
        assert differences(hoa) == []

    def test_of_a_bank_is_for_the_vendors_that_it_registered(self, hoa: City) -> None:
        problem(patch(hoa, {"name": "Khác"}, "bank"), 403, "FORBIDDEN")
        theirs = hoa.register(
            "bank", **{**LAN, "stall": "B13", "account": {"bin": VCB, "number": "77"}}
        )
        path = f"/v1/vendors/{theirs['vendor']}"
        assert patch(hoa, {"name": "Trần Lan"}, "bank", path).json()["name"] == "Trần Lan"
        problem(patch(hoa, {"name": "Khác"}, "bidv", path), 403, "FORBIDDEN")

    def test_finds_the_vendor_by_the_new_name(self, hoa: City) -> None:
        patch(hoa, {"name": "Lê Thị Mai"})
        again = {**HOA, "name": "LE THI MAI"}
        assert hoa.post("manager", f"/v1/markets/{MARKET}/vendors", again).status_code == 200
        old = hoa.post("manager", f"/v1/markets/{MARKET}/vendors", HOA)
        assert problem(old, 409, "STALL_TAKEN")["vendor"] == FIRST


class TestAMove:
    def test_takes_the_new_stall_and_frees_the_old(self, hoa: City) -> None:
        hoa.clock.next_day()
        body = {"stall": " c 1", "occurred_at": "2023-05-03T07:00:00+07:00"}
        moved = hoa.post("manager", MOVES, body, key="move")
        assert moved.status_code == 201, moved.text
        event = moved.json()
        assert (event["event"], event["occurred_at"]) == (f"{FIRST}.e3", body["occurred_at"])
        assert event["vendor"]["stall"] == "C1"
        assert moved.headers["etag"] == hoa.get("manager", VENDOR).headers["etag"]
        again = hoa.post("manager", MOVES, body, key="move")
        assert (again.json(), again.headers["idempotency-replayed"]) == (event, "true")
        anew = hoa.post("manager", MOVES, body)
        assert (anew.status_code, anew.json()) == (200, event)
        assert hoa.register(**{**LAN, "stall": "B12"})["vendor"] != FIRST
        back = hoa.post("manager", MOVES, {"stall": "B12"})
        assert problem(back, 409, "STALL_TAKEN")["vendor"] != FIRST
        assert hoa.scan("x", "C1").json()["expected"]["vendor"] == FIRST
        assert differences(hoa) == []

    def test_onto_the_own_stall_is_nothing_new(self, hoa: City) -> None:
        stays = hoa.post("manager", MOVES, {"stall": "B12"}, key="stay")
        assert (stays.status_code, stays.json()["event"]) == (200, f"{FIRST}.e1")
        assert hoa.get("manager", VENDOR).json()["version"] == 2
        again = hoa.post("manager", MOVES, {"stall": "B12"}, key="stay")
        assert again.json() == stays.json()

    def test_of_many_onto_one_stall_is_won_by_exactly_one(self, market: City) -> None:
        codes = [market.register(**{**LAN, "stall": f"A{n}"})["vendor"] for n in range(6)]
        answers = market.together(
            [
                market.acall("manager", "POST", f"/v1/vendors/{code}/moves", {"stall": "Z1"})
                for code in codes
            ]
        )
        assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409, 409]
        won = next(a.json()["vendor"]["vendor"] for a in answers if a.status_code == 201)
        for answer in answers:
            if answer.status_code == 409:
                assert problem(answer, 409, "STALL_TAKEN")["vendor"] == won
        assert differences(market) == []

    def test_and_a_registration_for_one_stall_is_won_by_one(self, hoa: City) -> None:
        new = {**HOA, **LAN, "stall": "Z1"}
        answers = hoa.together(
            [
                hoa.acall("manager", "POST", MOVES, {"stall": "Z1"}),
                hoa.acall("admin", "POST", f"/v1/markets/{MARKET}/vendors", new),
            ]
        )
        assert sorted(a.status_code for a in answers) == [201, 409]
        assert differences(hoa) == []

    def test_is_not_for_banks_and_field_teams(self, hoa: City) -> None:
        for role in ("bank", "field"):
            problem(hoa.post(role, MOVES, {"stall": "C1"}), 403, "FORBIDDEN")
            changed = hoa.call(role, "PUT", STATUS, {"status": "left"})
            problem(changed, 403, "FORBIDDEN")


class TestAStatus:
    def test_left_frees_the_stall_and_coming_back_takes_it(self, hoa: City) -> None:
        left = put_status(hoa, "left", reason="closed")
        assert (left.status_code, left.json()["status"]) == (200, "left")
        assert hoa.get("manager", f"/v1/markets/{MARKET}/vendors").json() == {"items": []}
        assert put_status(hoa, "trading").json()["status"] == "trading"
        put_status(hoa, "left")
        lan = hoa.register(**{**LAN, "stall": "B12"})["vendor"]
        assert problem(put_status(hoa, "trading"), 409, "STALL_TAKEN")["vendor"] == lan
        hoa.register(**{**LAN, "stall": "B13"})
        problem(hoa.post("manager", MOVES, {"stall": "B13"}), 409, "STALL_TAKEN")
        assert hoa.post("manager", MOVES, {"stall": "B14"}).status_code == 201
        assert put_status(hoa, "trading").json()["stall"] == "B14"
        assert differences(hoa) == []

    def test_that_stands_is_200_whatever_the_if_match(self, hoa: City) -> None:
        wanted = {"status": "suspended", "reason": "Nghỉ bán"}
        problem(hoa.call("manager", "PUT", STATUS, wanted), 428, "PRECONDITION_REQUIRED")
        old = etag(hoa)
        first = hoa.call("manager", "PUT", STATUS, wanted, headers=old)
        assert first.status_code == 200
        for headers in (old, {}, {"If-Match": '"x"'}):
            same = hoa.call("manager", "PUT", STATUS, wanted, headers=headers)
            assert (same.status_code, same.json()) == (200, first.json())
        other = hoa.call("manager", "PUT", STATUS, {"status": "trading"}, headers=old)
        problem(other, 412, "PRECONDITION_FAILED")
        assert put_status(hoa, "trading").json()["status"] == "trading"

    def test_has_its_day(self, hoa: City) -> None:
        hoa.clock.next_day()
        for at, code in (
            ("2023-05-01T08:00:00+07:00", "BEFORE_REGISTRATION"),
            ("2023-05-04T08:00:00+07:00", "IN_FUTURE"),
        ):
            problem(put_status(hoa, "left", occurred_at=at), 400, code)
            wrong = hoa.post("manager", MOVES, {"stall": "C1", "occurred_at": at})
            problem(wrong, 400, code)
        problem(put_status(hoa, "gone"), 400, "INVALID_BODY")


class TestAnAccount:
    def test_that_is_there_is_replaced_by_who_has_seen_it(self, hoa: City) -> None:
        same = hoa.call("bank", "PUT", ACCOUNT, {"number": "0123456789"})
        assert same.status_code == 200
        other = {"number": "9876543210"}
        problem(hoa.call("bank", "PUT", ACCOUNT, other), 428, "PRECONDITION_REQUIRED")
        stale = hoa.call("bank", "PUT", ACCOUNT, other, headers={"If-Match": '"1"'})
        problem(stale, 412, "PRECONDITION_FAILED")
        done = hoa.call("bank", "PUT", ACCOUNT, other, headers=etag(hoa, "bank"))
        assert (done.status_code, done.json()["accounts"][0]["number"]) == (200, "9876543210")
        new = hoa.call("bidv", "PUT", f"{VENDOR}/accounts/{BIDV}", {"number": "55"})
        assert new.status_code == 201

    def test_goes_when_no_code_over_it_is_live(self, hoa: City) -> None:
        hoa.post("bank", f"{VENDOR}/codes", {"bin": VCB}, key="c")
        gone = hoa.call("bank", "DELETE", ACCOUNT, headers=etag(hoa, "bank"))
        problem(gone, 409, "ACCOUNT_HAS_LIVE_CODE")
        hoa.post("bank", f"{CODE}/revocation", {"reason": "x"})
        problem(hoa.call("bank", "DELETE", ACCOUNT), 428, "PRECONDITION_REQUIRED")
        old = etag(hoa, "bank")
        gone = hoa.call("bank", "DELETE", ACCOUNT, headers=old)
        assert (gone.status_code, gone.json()["accounts"]) == (200, [])
        problem(hoa.call("bank", "DELETE", ACCOUNT, headers=old), 404, "NOT_FOUND")
        problem(hoa.call("bidv", "DELETE", ACCOUNT, headers=old), 404, "NOT_FOUND")
        again = hoa.post("bank", f"{VENDOR}/codes", {"bin": VCB}, key="d")
        problem(again, 409, "NO_ACCOUNT_AT_BANK")
        assert differences(hoa) == []


class TestHowFarBack:
    def test_each_role_dates_a_fact(self, market: City) -> None:
        codes = {}
        for n, role in enumerate(("bank", "field", "manager", "admin")):
            account: dict[str, Any] = {"bin": VCB, "number": f"100{n}"}
            vendor = market.register(
                **{**LAN, "stall": f"A{n}", "account": account, "issue_code": True}
            )
            codes[role] = vendor["codes"][0]["id"]
        market.clock.ms += 500 * 86_400_000  # 13 September 2024
        earliest = {"bank": "2024-06-15", "field": "2024-08-14", "manager": "2023-09-13"}
        for role, code in codes.items():
            path, day = f"/v1/codes/{code}/attachments", earliest.get(role, "2023-05-02")
            late = {"occurred_at": f"{day}T08:00:00+07:00", "evidence": {"kind": "photo"}}
            if role in earliest:
                early = {**late, "occurred_at": "2023-06-01T08:00:00+07:00"}
                wrong = problem(market.post(role, path, early, key="e"), 400, "TOO_FAR_BACK")
                assert day in wrong["detail"]
            assert market.post(role, path, late, key="l").status_code == 201, role
        assert differences(market) == []

    def test_holds_for_every_dated_fact(self, hoa: City) -> None:
        hoa.post("admin", f"{VENDOR}/codes", {"bin": VCB})
        hoa.clock.ms += 500 * 86_400_000
        long_ago = {"occurred_at": "2023-06-01T08:00:00+07:00"}
        problem(put_status(hoa, "left", **long_ago), 400, "TOO_FAR_BACK")
        for path, body in (
            (MOVES, {"stall": "C1"}),
            (f"{CODE}/revocation", {"reason": "x"}),
            (f"{CODE}/removals", {"reason": "fraud"}),
            ("/v1/scans", {"market": MARKET, "stall": "B12", "payload": "x"}),
        ):
            problem(hoa.post("manager", path, {**body, **long_ago}), 400, "TOO_FAR_BACK")
        assert hoa.post("admin", MOVES, {"stall": "C1", **long_ago}).status_code == 201

    def test_is_a_setting(self, hoa: City) -> None:
        hoa.tracker.settings = Settings(backdate_days="admin=1")
        hoa.clock.ms += 40 * 86_400_000
        long_ago = {"stall": "C1", "occurred_at": "2023-06-01T08:00:00+07:00"}
        problem(hoa.post("admin", MOVES, long_ago), 400, "TOO_FAR_BACK")
        assert hoa.post("manager", MOVES, long_ago).status_code == 201
