"""Every route × every role × own and foreign market."""

from __future__ import annotations

import re
from typing import Any

import pytest
from litestar import Litestar, Request, asgi, get
from litestar.exceptions import ImproperlyConfiguredException
from litestar.types import Receive, Scope, Send

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, City, problem
from tracker.access.keys import ROLES
from tracker.access.roles import PERMISSIONS, Level, Permission
from tracker.api import contract
from tracker.api.conventions.guard import PERMISSION, PUBLIC, check_routes, guard
from tracker.domain.codes import vendor_code
from tracker.services import indicators

# The role table says what a permission comes to; this says, a second time, which route is which.
ROUTES = {
    "GET /contexts/adoption-1.jsonld": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /health/live": PUBLIC,
    "GET /health/ready": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /problems": PUBLIC,
    "GET /problems/{name}": PUBLIC,
    "GET /v1/adoption": "adoption.read",
    "PUT /v1/activity/{date}/{bin}": "activity.write",
    "GET /v1/approvals": "approvals.read",
    "GET /v1/approvals/{approval}": "approvals.read",
    "POST /v1/approvals/{approval}/decision": "approvals.decide",
    "GET /v1/areas": "areas.read",
    "POST /v1/areas": "areas.write",
    "GET /v1/areas/{area}/snapshots/{date}": "snapshots.read",
    "GET /v1/banks": "banks.read",
    "GET /v1/codes/{code}": "codes.read",
    "POST /v1/codes/{code}/attachments": "attachments.write",
    "GET /v1/codes/{code}/image": "codes.payload",
    "POST /v1/codes/{code}/invoices": "invoices.write",
    "POST /v1/codes/{code}/prints": "codes.issue",
    "POST /v1/codes/{code}/removals": "removals.write",
    "POST /v1/codes/{code}/revocation": "codes.issue",
    "POST /v1/events/{event}/void": "events.void",
    "GET /v1/groups": "markets.read",
    "POST /v1/groups": "groups.write",
    "GET /v1/groups/{group}/snapshots/{date}": "snapshots.read",
    "POST /v1/imports": "imports.write",
    "GET /v1/incidents": "incidents.read",
    "GET /v1/incidents/{incident}": "incidents.read",
    "PATCH /v1/incidents/{incident}": "incidents.write",
    "GET /v1/indicators": "indicators.read",
    "POST /v1/indicators": "indicators.write",
    "GET /v1/indicators/{indicator}/values": "indicators.read",
    "POST /v1/indicators/{indicator}/values": "indicators.write",
    "GET /v1/jobs/{job}": "jobs.read",
    "GET /v1/jobs/{job}/rows": "jobs.read",
    "GET /v1/keys": "keys.manage",
    "POST /v1/keys": "keys.manage",
    "DELETE /v1/keys/{key}": "keys.manage",
    "POST /v1/keys/{key}/rotation": "keys.manage",
    "GET /v1/people": "people.manage",
    "POST /v1/people": "people.manage",
    "GET /v1/people/{person}": "people.manage",
    "PATCH /v1/people/{person}": "people.manage",
    "POST /v1/people/{person}/invitation": "people.manage",
    "DELETE /v1/people/{person}/sessions": "people.manage",
    "POST /v1/session": PUBLIC,
    "DELETE /v1/session": "session.own",
    "POST /v1/session/invitation": PUBLIC,
    "PUT /v1/session/password": "session.own",
    "GET /v1/sessions": "session.own",
    "DELETE /v1/sessions/{session}": "session.own",
    "GET /v1/ledger": "ledger.read",
    "GET /v1/markets": "markets.read",
    "POST /v1/markets": "markets.write",
    "GET /v1/markets/{market}": "markets.read",
    "PATCH /v1/markets/{market}": "markets.write",
    "GET /v1/markets/{market}/activity/{date}/{bin}": "activity.read",
    "PUT /v1/markets/{market}/activity/{date}/{bin}": "activity.write",
    "GET /v1/markets/{market}/adoption": "adoption.read",
    "GET /v1/markets/{market}/census": "census.read",
    "POST /v1/markets/{market}/census": "census.write",
    "GET /v1/markets/{market}/doubts": "doubts.read",
    "POST /v1/markets/{market}/doubts/{doubt}/decision": "doubts.decide",
    "GET /v1/markets/{market}/events": "vendors.read",
    "POST /v1/markets/{market}/closure": "markets.write",
    "GET /v1/markets/{market}/round": "round.read",
    "GET /v1/markets/{market}/snapshots": "snapshots.read",
    "GET /v1/markets/{market}/snapshots/{date}": "snapshots.read",
    "GET /v1/markets/{market}/targets": "markets.read",
    "POST /v1/markets/{market}/targets": "markets.write",
    "GET /v1/markets/{market}/vendors": "vendors.read",
    "POST /v1/markets/{market}/vendors": "vendors.write",
    "POST /v1/markets/{market}/vendors/bulk": "vendors.write",
    "GET /v1/me": "me.read",
    "GET /v1/snapshots": "snapshots.read",
    "GET /v1/snapshots/latest": "snapshots.read",
    "GET /v1/structure": "snapshots.read",
    "POST /v1/scans": "scans.write",
    "POST /v1/sheets": "sheets.write",
    "GET /v1/sheets/{sheet}": "sheets.read",
    "POST /v1/snapshots/runs": "snapshots.run",
    "GET /v1/vendors/{vendor}": "vendors.read",
    "PATCH /v1/vendors/{vendor}": "vendors.write",
    "PUT /v1/vendors/{vendor}/accounts/{bin}": "accounts.write",
    "DELETE /v1/vendors/{vendor}/accounts/{bin}": "accounts.write",
    "GET /v1/vendors/{vendor}/codes": "codes.read",
    "POST /v1/vendors/{vendor}/codes": "codes.issue",
    "GET /v1/vendors/{vendor}/events": "vendors.read",
    "POST /v1/vendors/{vendor}/moves": "vendors.manage",
    "GET /v1/vendors/{vendor}/personal-data": "personal.read",
    "DELETE /v1/vendors/{vendor}/personal-data": "personal.erase",
    "PUT /v1/vendors/{vendor}/status": "vendors.manage",
}
FOREIGN = vendor_code("CP7", 1)
OWN = {
    "market": MARKET,
    "vendor": FIRST,
    "code": f"{FIRST}.c1",
    "incident": f"{FIRST}.e4",
    "event": f"{FIRST}.e2",
    "approval": f"{FIRST}.e6",
    "date": "2022-06-01",
}
ELSEWHERE = {
    "market": OTHER,
    "vendor": FOREIGN,
    "code": f"{FOREIGN}.c1",
    "incident": f"{FOREIGN}.e4",
    "event": f"{FOREIGN}.e2",
    "approval": f"{FOREIGN}.e6",
    "date": "2022-06-01",
}
BOUNDED = re.compile(r"\{(market|vendor|code|incident|event|approval)\}")
REST = {
    "bin": "970436",
    "name": "stall-taken",
    "job": "sxxxx",
    "sheet": "pxxxx",
    "key": "xxxxxxxx",
    "doubt": f"family_account.{FIRST}.970436",
    "person": "pxxxxxxxx",
    "session": "0123456789abcdef",
    "area": "26506",
    "group": "cho-hai-san",
    "indicator": "digital-signatures",
}


@pytest.fixture
def both(market: City) -> City:
    """Two markets with a vendor, a code, a stranger's code and a snapshot each.

    A ward without markets and a group of the first market are within everybody's scope.
    """
    ward = {"code": "26506", "name": "Phường 1", "parent": "77", "valid_from": "2014-12-16"}
    group = {"id": "cho-hai-san", "name": "x", "markets": [MARKET], "effective_on": "2020-01-01"}
    for path, made in (("/v1/areas", ward), ("/v1/groups", group)):
        assert market.post("admin", path, made).status_code == 201
    market.open_market(OTHER, "CP7")
    body = {**HOA, "issue_code": True}
    for id_ in (MARKET, OTHER):
        assert market.post("admin", f"/v1/markets/{id_}/vendors", body).status_code == 201
        market.found_stranger(id_)
    any_ = {"If-Match": "*"}
    for vendor, bank in ((FIRST, "bank"), (FOREIGN, "admin")):
        path = f"/v1/vendors/{vendor}/accounts/970436"
        asked = market.call(bank, "PUT", path, {"number": "42424242"}, headers=any_)
        assert asked.headers["location"] == f"/v1/approvals/{vendor}.e6"
    market.publish("2022-06-01")
    day = f"/v1/markets/{MARKET}/activity/2022-06-01/970436"
    assert market.call("bank", "PUT", day, {"lines": []}).status_code == 200
    market.run(indicators.seed(market.tracker))
    return market


def filled(path: str, values: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: {**REST, **values}[name[1]], path)


def test_the_table_of_this_test_is_that_of_the_service(city: City) -> None:
    found = {f"{r.method.upper()} {r.path}": str(r.permission) for r in contract.routes(city.app)}
    assert found == ROUTES


@pytest.mark.parametrize("role", ROLES)
def test_each_route_answers_each_role_as_the_table_says(both: City, role: str) -> None:
    for route, permission in ROUTES.items():
        method, path = route.split()
        body: Any = {} if method in {"POST", "PUT", "PATCH"} else None
        own = both.call(role, method, filled(path, OWN), body)
        foreign = both.call(role, method, filled(path, ELSEWHERE), body)
        if permission == PUBLIC:
            assert own.status_code == (200 if method == "GET" else 400), route
            continue
        level = PERMISSIONS[Permission(permission)][role]  # type: ignore[index]
        bounded = role != "admin" and BOUNDED.search(path) is not None
        where = (route, role, own.text)
        if level is Level.NOTHING:
            assert own.status_code == 404, where
        elif level is Level.SEES:
            assert own.status_code == 403, where
        elif re.search(r"\{(job|sheet|key|person|session)\}", path):
            assert own.status_code == 404, where  # there is none; see test_jobs_and_keys
        else:
            assert own.status_code in {200, 201, 400, 428}, where
            assert method == "GET" or own.status_code != 403, where
        if bounded:
            same = problem(foreign, 404, "NOT_FOUND")
            assert same["detail"] == "There is no such resource, or you may not see it."


def test_nobody_and_a_wrong_key_are_401_in_the_same_words(both: City) -> None:
    wrong = both.keys["admin"][:-1] + ("A" if both.keys["admin"][-1] != "A" else "B")
    said = set()
    for caller in (None, "nonsense", wrong):
        for route, permission in ROUTES.items():
            method, path = route.split()
            if permission != PUBLIC:
                answer = both.call(caller, method, filled(path, OWN))
                said.add(problem(answer, 401, "UNAUTHENTICATED")["detail"])
                assert answer.headers["www-authenticate"].startswith("Bearer")
    assert len(said) == 1


def test_a_bank_is_bound_to_its_bins(both: City) -> None:
    path = f"/v1/vendors/{FIRST}/accounts/970418"
    problem(both.call("bank", "PUT", path, {"number": "1"}), 404, "NOT_FOUND")
    assert both.get("bidv", f"/v1/vendors/{FIRST}").json()["accounts"] == []
    problem(both.get("bidv", f"/v1/codes/{FIRST}.c1"), 404, "NOT_FOUND")


def test_a_bank_does_not_learn_by_a_filter_what_it_may_not_see(both: City) -> None:
    everybody = both.get("bidv", f"/v1/markets/{MARKET}/vendors").json()["items"]
    assert [set(v) for v in everybody] == [
        {"vendor", "market", "stall", "accounts", "codes", "version"}
    ]
    for query in ("stage=issued", "zone=Khu B", "q=hoa"):
        assert both.get("bidv", f"/v1/markets/{MARKET}/vendors?{query}").json() == {"items": []}


def test_the_auditor_sees_a_code_without_its_payload(both: City) -> None:
    code = both.get("auditor", f"/v1/codes/{FIRST}.c1").json()
    assert "payload" not in code
    assert "parts" not in code
    problem(both.get("auditor", f"/v1/codes/{FIRST}.c1/image"), 403, "FORBIDDEN")


def test_a_route_without_a_permission_does_not_start() -> None:
    @get("/forgotten")
    async def forgotten() -> str:
        return "open to all"

    with pytest.raises(ImproperlyConfiguredException, match=r"/forgotten .* names no permission"):
        check_routes(Litestar([forgotten], before_request=guard, openapi_config=None))


async def _let_in(_: Request[Any, Any, Any]) -> None:
    """A hook that looks at nobody."""


@pytest.mark.parametrize("unguarded", [{"before_request": _let_in}, {"cache": True}])
def test_a_route_that_the_guard_would_not_see_stops_the_start(unguarded: dict[str, Any]) -> None:
    @get("/sneaked", opt={PERMISSION: Permission.BANKS_READ}, **unguarded)
    async def sneaked() -> str:
        return ""

    with pytest.raises(ImproperlyConfiguredException, match=r"/sneaked .* hook of its own"):
        check_routes(Litestar([sneaked], before_request=guard, openapi_config=None))


def test_what_is_not_http_stops_the_start() -> None:
    @asgi("/mounted", copy_scope=True)
    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send

    with pytest.raises(ImproperlyConfiguredException, match="/mounted is not HTTP"):
        check_routes(Litestar([mounted], before_request=guard, openapi_config=None))


def test_a_revoked_key_opens_nothing_at_once_here(city: City) -> None:
    id_ = city.get("manager", "/v1/me").json()["id"]
    assert city.call("admin", "DELETE", f"/v1/keys/{id_}").json()["revoked_at"]
    problem(city.get("manager", "/v1/me"), 401, "UNAUTHENTICATED")


def test_a_key_revoked_elsewhere_opens_nothing_from_then_on(city: City) -> None:
    from tracker.services import keys

    id_ = city.get("manager", "/v1/me").json()["id"]
    city.run(keys.revoke(city.tracker, "elsewhere", id_))
    problem(city.get("manager", "/v1/me"), 401, "UNAUTHENTICATED")


def test_an_expired_key_is_refused_though_it_is_remembered(city: City) -> None:
    soon = "2023-05-02T08:00:02+07:00"
    body = {"name": "for a moment", "role": "ioc", "expires_at": soon}
    secret = city.post("admin", "/v1/keys", body).json()["secret"]
    assert city.get(secret, "/v1/me").json()["expires_at"] == soon
    city.clock.ms += 2_000
    problem(city.get(secret, "/v1/me"), 401, "UNAUTHENTICATED")
