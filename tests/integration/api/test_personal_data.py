"""A trader's own data over HTTP: the export, its trace, and erasure with what it must not leave."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, STRANGER, City, problem
from tests.integration.registry import VCB
from tracker.services import imports

VENDOR = f"/v1/vendors/{FIRST}"
PERSONAL = f"{VENDOR}/personal-data"
VENDORS = f"/v1/markets/{MARKET}/vendors"
NAME, PHONE, NUMBER = "Đặng Thị Hoa", "0912345678", "0123456789"
ANY = {"If-Match": "*"}


@pytest.fixture
def hoa(market: City) -> City:
    """Hoa at B12, registered by her bank, corrected once; a stranger's code hung there."""
    market.register("bank", issue_code=True)
    patch = {"name": "Đặng Thị Hòa", "phone": "0912 345 679"}
    assert market.call("manager", "PATCH", VENDOR, patch, headers=ANY).status_code == 200
    market.found_stranger()
    return market


def leave(city: City) -> None:
    """Her code ends, and she leaves."""
    ended = city.post("admin", f"/v1/codes/{FIRST}.c1/revocation", {"reason": "Nghỉ bán"})
    assert ended.status_code == 201, ended.text
    status = {"status": "left", "reason": "Nghỉ bán"}
    assert city.call("admin", "PUT", f"{VENDOR}/status", status, headers=ANY).status_code == 200


def erase(city: City, as_: str = "admin", **headers: str) -> Any:
    return city.call(as_, "DELETE", PERSONAL, headers=headers or ANY)


class TestTheExport:
    def test_says_everything_with_when_and_by_whom(self, hoa: City) -> None:
        answer = hoa.get("manager", PERSONAL)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        held = answer.json()
        bank = hoa.get("bank", "/v1/me").json()["id"]
        manager = hoa.get("manager", "/v1/me").json()["id"]
        assert [(n["name"], n["phone"], n["by"]) for n in held["names"]] == [
            (NAME, PHONE, bank),
            ("Đặng Thị Hòa", "0912345679", manager),
        ]
        (account,) = held["accounts"]
        assert (account["bin"], account["number"], account["holder"]) == (VCB, NUMBER, NAME)
        assert account["occurred_at"] == account["recorded_at"]
        assert NUMBER in held["codes"][0]["payload"]
        (incident,) = held["incidents"]
        assert incident["account"] == "•••• 2223"
        assert STRANGER not in answer.text  # that is somebody else's
        assert {"registered", "account_linked", "code_issued", "scanned"} <= {
            event["kind"] for event in held["events"]
        }

    def test_is_itself_in_the_vendors_ledger(self, hoa: City) -> None:
        before = hoa.get("manager", f"{VENDOR}/events").json()["items"]
        held = hoa.get("manager", PERSONAL).json()
        after = hoa.get("auditor", f"{VENDOR}/events").json()["items"]
        assert len(after) == len(before) + 1
        assert (after[-1]["id"], after[-1]["kind"]) == (held["access"], "personal_data_read")
        assert after[-1]["by"] == hoa.get("manager", "/v1/me").json()["id"]
        told = hoa.get("bank", f"{VENDOR}/events").json()["items"]
        assert held["access"] not in {event["id"] for event in told}
        void = hoa.post("admin", f"/v1/events/{held['access']}/void", {"reason": "x"})
        problem(void, 409, "EVENT_NOT_VOIDABLE")

    def test_says_on_which_days_a_bank_paid(self, hoa: City) -> None:
        path = f"/v1/markets/{MARKET}/activity/2023-05-02/{VCB}"
        lines = [{"vendor": FIRST, "payments": 3, "amount_vnd": 90_000}]
        assert hoa.call("bank", "PUT", path, {"lines": lines}).status_code == 200
        held = hoa.get("manager", PERSONAL).json()
        assert held["paid"] == [{"bin": VCB, "days": ["2023-05-02"]}]

    def test_is_not_there_for_those_who_do_not_need_it(self, hoa: City) -> None:
        before = hoa.get("admin", VENDOR).headers["etag"]
        for role in ("bank", "bidv", "field", "ioc", "auditor"):
            problem(hoa.get(role, PERSONAL), 404, "NOT_FOUND")
        hoa.open_market(OTHER, "CP7")
        hoa.post("admin", f"/v1/markets/{OTHER}/vendors", HOA)
        problem(hoa.get("manager", "/v1/vendors/CP7-0001-U/personal-data"), 404, "NOT_FOUND")
        assert hoa.get("admin", VENDOR).headers["etag"] == before

    def test_elsewhere_an_account_is_masked_for_people(self, hoa: City) -> None:
        for role in ("admin", "manager", "field", "auditor"):
            assert hoa.get(role, VENDOR).json()["accounts"][0]["number"] == "•••• 6789"
            assert NUMBER not in hoa.get(role, VENDORS).text


class TestErasure:
    def test_needs_the_state_that_was_decided_on(self, hoa: City) -> None:
        leave(hoa)
        problem(hoa.call("admin", "DELETE", PERSONAL), 428, "PRECONDITION_REQUIRED")
        problem(erase(hoa, **{"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
        tag = hoa.get("admin", PERSONAL).headers["etag"]
        assert erase(hoa, **{"If-Match": tag}).status_code == 200

    def test_is_refused_while_a_code_is_live_or_she_trades(self, hoa: City) -> None:
        assert problem(erase(hoa), 409, "HAS_LIVE_CODES")["vendor"] == FIRST
        hoa.post("admin", f"/v1/codes/{FIRST}.c1/revocation", {"reason": "x"})
        problem(erase(hoa), 409, "STILL_ON_ROSTER")
        assert hoa.get("admin", VENDOR).json()["name"]

    def test_is_the_admins(self, hoa: City) -> None:
        leave(hoa)
        problem(erase(hoa, "manager"), 403, "FORBIDDEN")
        for role in ("bank", "field", "ioc", "auditor"):
            problem(erase(hoa, role), 404, "NOT_FOUND")

    def test_twice_is_once(self, hoa: City) -> None:
        leave(hoa)
        first = erase(hoa)
        again = erase(hoa, **{"If-Match": '"1"'})
        assert (again.status_code, again.json()) == (200, first.json())
        problem(hoa.get("admin", PERSONAL), 404, "ERASED")
        problem(hoa.call("admin", "DELETE", PERSONAL), 428, "PRECONDITION_REQUIRED")

    def test_leaves_no_name_in_any_answer(self, hoa: City) -> None:
        leave(hoa)
        erase(hoa)
        paths = [
            VENDOR,
            f"{VENDOR}/events",
            f"{VENDOR}/codes",
            f"/v1/codes/{FIRST}.c1",
            f"/v1/codes/{FIRST}.c1/image",
            VENDORS,
            "/v1/incidents",
            f"/v1/incidents/{FIRST}.e6",
            PERSONAL,
        ]
        for role in ("admin", "manager", "bank", "field", "auditor"):
            for path in paths:
                text = hoa.get(role, path).text
                for secret in ("Hoa", "Hòa", "HOA", PHONE, NUMBER, "6789", STRANGER):
                    assert secret not in text, (role, path)

    def test_the_stall_is_free_for_the_same_and_for_others(self, hoa: City) -> None:
        leave(hoa)
        erase(hoa)
        again = hoa.post("bank", VENDORS, HOA, key="anew")
        assert again.status_code == 201
        assert again.json()["vendor"] != FIRST
        body = {"status": "trading"}
        back = hoa.call("admin", "PUT", f"{VENDOR}/status", body, headers=ANY)
        problem(back, 404, "ERASED")

    def test_a_stored_answer_says_then_what_it_would_say_now(self, hoa: City) -> None:
        """The retry of a registration neither tells the name nor registers once more."""
        body = {**HOA, "issue_code": True}
        before = hoa.post("bank", VENDORS, body, key="hoa")
        assert (before.headers["idempotency-replayed"], before.json()["name"]) == ("true", NAME)
        leave(hoa)
        erase(hoa)
        after = hoa.post("bank", VENDORS, body, key="hoa")
        assert (after.status_code, after.headers["idempotency-replayed"]) == (201, "true")
        assert int(after.headers["content-length"]) == len(after.content)
        told = after.json()
        assert (told["vendor"], told["name"], told["phone"]) == (FIRST, None, None)
        assert [(a["number"], a["holder"]) for a in told["accounts"]] == [(None, None)]
        for secret in ("Hoa", PHONE, NUMBER):
            assert secret not in after.text
        other = {**body, "stall": "B13"}
        problem(hoa.post("bank", VENDORS, other, key="hoa"), 422, "IDEMPOTENCY_KEY_REUSED")
        assert hoa.get("admin", VENDORS).json() == {"items": []}

    def test_answers_of_codes_invoices_and_scans_are_cleared_too(self, hoa: City) -> None:
        code = f"/v1/codes/{FIRST}.c1"
        payload = hoa.get("bank", code).json()["payload"]
        invoice = {"amount_vnd": 5_000, "purpose": "Chi Hoa mua rau"}
        sent: list[tuple[str, str, Any]] = [
            ("bank", f"{VENDOR}/codes", {"bin": VCB}),
            ("bank", f"{code}/invoices", invoice),
            ("admin", "/v1/scans", {"market": MARKET, "stall": "B12", "payload": payload}),
        ]
        for n, (role, path, body) in enumerate(sent):
            assert hoa.post(role, path, body, key=f"k{n}").status_code in {200, 201}
        leave(hoa)
        erase(hoa)
        for n, (role, path, body) in enumerate(sent):
            again = hoa.post(role, path, body, key=f"k{n}")
            assert again.headers["idempotency-replayed"] == "true", again.text
            for secret in (NUMBER, "6789", "Hoa", PHONE):
                assert secret not in again.text, again.text

    def test_files_of_ended_jobs_about_the_market_are_gone(self, hoa: City) -> None:
        roster = "Số sạp,Họ tên\nC01,Lê Thị Na\n".encode()
        path = f"/v1/imports?kind=roster&market={MARKET}"
        made = hoa.call(
            "manager", "POST", path, content=roster, headers={"Content-Type": "text/csv"}
        )
        assert made.status_code == 202, made.text
        job = made.json()["id"]
        leave(hoa)
        assert hoa.run(hoa.tracker.jobs.file(job))
        hoa.worked(job, imports.run)
        erase(hoa)
        assert not hoa.run(hoa.tracker.jobs.file(job))
        assert hoa.get("manager", f"/v1/jobs/{job}/rows").json()["items"][0]["status"] == "accepted"
