"""Nothing grows without end: what is refused beyond a limit, and that the rest goes on."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from tests.integration.api.city import FIRST, HOA, MARKET, City, problem
from tests.integration.registry import VCB
from tracker.domain import limits
from tracker.domain.facts import Scanned
from tracker.services import imports
from tracker.services.job_ids import new_job
from tracker.services.known_groups import KnownGroups
from tracker.store.commit import Commit, Done
from tracker.store.jobs import JobProblem, failed
from tracker.store.keys import Space

VENDORS = f"/v1/markets/{MARKET}/vendors"
ROSTER = "STT,Họ tên,Số sạp,Khu\n1,Nguyễn Văn An,A01,Khu mới\n2,Lê Thị Bé,A02,Khu B\n"


def send_roster(city: City, as_: str = "manager", key: str | None = None) -> Any:
    path = f"/v1/imports?kind=roster&market={MARKET}"
    headers = {"Content-Type": "text/csv"}
    return city.call(as_, "POST", path, content=ROSTER.encode(), headers=headers, key=key)


def test_one_principal_does_not_fill_the_queue(market: City) -> None:
    tracker = market.tracker
    first = send_roster(market, key="first")
    me = market.get("manager", "/v1/me").json()["id"]
    for n in range(limits.JOBS_OPEN_EACH_MAX - 1):
        job = replace(new_job(tracker, "import", me, {}), id=f"i{n}")
        market.run(tracker.jobs.create(job))
    refused = send_roster(market)
    problem(refused, 429, "JOBS_WAITING")
    assert refused.headers["retry-after"] == "30"
    problem(market.post("manager", "/v1/sheets", {"market": MARKET}), 429, "JOBS_WAITING")
    assert send_roster(market, key="first").headers["location"] == first.headers["location"]
    assert send_roster(market, "admin").status_code == 202
    market.run(tracker.jobs.save(failed(job, JobProblem("INTERNAL", "It failed."))))
    assert send_roster(market).status_code == 202


def test_a_market_takes_no_new_zone_or_category_beyond_the_limit(market: City) -> None:
    market.register()
    zones = [f"zone:{n}" for n in range(limits.GROUPS_MAX)]
    market.run(market.tracker.client.sadd(Space(MARKET).sets, *zones))
    market.tracker.known_groups = KnownGroups(market.tracker.reader)  # another process
    new = {**HOA, "stall": "B13", "zone": "Khu mới"}
    problem(market.post("manager", VENDORS, new, key="1"), 409, "TOO_MANY_GROUPS")
    vendor = market.get("manager", f"/v1/vendors/{FIRST}")
    change = {"headers": {"If-Match": vendor.headers["etag"]}}
    patched = market.call("manager", "PATCH", f"/v1/vendors/{FIRST}", {"category": "Cá"}, **change)
    problem(patched, 409, "TOO_MANY_GROUPS")
    items = market.post("bank", f"{VENDORS}/bulk", [new, HOA], key="2").json()["items"]
    assert [item["code"] for item in items] == ["TOO_MANY_GROUPS", None]
    job = market.worked(send_roster(market).json()["id"], imports.run)
    assert job["result"]["rejected"] == {"TOO_MANY_GROUPS": 1}
    assert job["result"]["totals"]["accepted"] == 1  # in a zone that is in use
    assert market.post("manager", VENDORS, {**new, "zone": "Khu B"}, key="3").status_code == 201


def test_a_market_gives_out_no_number_beyond_the_limit(market: City) -> None:
    market.run(market.tracker.client.set(Space(MARKET).numbers, limits.VENDORS_MAX))
    problem(market.post("manager", VENDORS, HOA, key="1"), 409, "MARKET_FULL")
    assert market.get("manager", VENDORS).json() == {"items": []}


def test_a_full_history_takes_what_ends_something_and_nothing_else(market: City) -> None:
    market.register(issue_code=True)
    tracker = market.tracker
    history = market.run(tracker.reader.history(MARKET, "CVT", 1))
    scan = Scanned(tracker.now(), tracker.now(), "test", verdict="unreadable")
    more = [scan] * (limits.FACTS_MAX - history.version)
    commit = Commit(Space(MARKET))
    commit.append("1", history.version, more)
    assert isinstance(market.run(tracker.committer.commit(commit)), Done)
    code = f"/v1/codes/{FIRST}.c1"
    printed = market.post("manager", f"{code}/prints", {}, key="1")
    assert FIRST in problem(printed, 409, "HISTORY_FULL")["detail"]
    ended = market.post("manager", f"{code}/revocation", {"reason": "Mất thiết bị"}, key="2")
    assert ended.status_code == 201, ended.text


def test_only_so_many_changes_wait_for_a_second_person(market: City) -> None:
    market.register(issue_code=True)
    now = market.tracker.now()
    waiting = {f"9.{n}": str(now) for n in range(limits.APPROVALS_WAITING_MAX)}
    market.run(market.tracker.client.hset(Space(MARKET).asked, mapping=waiting))
    vendor = market.get("manager", f"/v1/vendors/{FIRST}")
    other = {"number": "9999999999"}
    path = f"/v1/vendors/{FIRST}/accounts/{VCB}"
    headers = {"If-Match": vendor.headers["etag"]}
    refused = market.call("manager", "PUT", path, other, headers=headers)
    problem(refused, 409, "APPROVALS_WAITING")
