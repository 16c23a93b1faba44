"""Accounts for the web: who adds whom, one-time links, changes, and that nothing is in clear."""

from __future__ import annotations

import json
from typing import Any

import structlog
from redis.asyncio import Redis

from tests.integration.api.city import MARKET, OTHER, City, problem
from tests.integration.api.people import (
    LOGIN,
    MAI,
    NAME,
    PASSWORD,
    Browser,
    added,
    invited,
    signed_up,
)
from tests.integration.test_privacy_at_rest import search, values_of
from tracker.services import audit

HOUR_MS = 3_600_000
PEOPLE = "/v1/people"
LINK = "/v1/session/invitation"


def changed(city: City, person: str, body: dict[str, Any], as_: str = "admin") -> Any:
    return city.call(as_, "PATCH", f"{PEOPLE}/{person}", body, headers={"If-Match": "*"})


def test_a_person_is_added_once(market: City) -> None:
    first = market.post("admin", PEOPLE, MAI, key="one")
    again = market.post("admin", PEOPLE, {**MAI, "login": " LeThiMai@Example.VN "})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert market.post("admin", PEOPLE, MAI, key="one").headers["idempotency-replayed"] == "true"
    problem(market.post("admin", PEOPLE, {**MAI, "role": "field"}), 409, "LOGIN_TAKEN")
    assert [p["login"] for p in market.get("admin", PEOPLE).json()["items"]] == [LOGIN]


def test_two_who_are_added_at_once_under_one_login_are_one(market: City) -> None:
    bodies = [{**MAI, "name": f"Tên {n}"} for n in range(8)]
    answers = market.together([market.acall("admin", "POST", PEOPLE, b) for b in bodies])
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7


def test_all_faults_of_a_person_are_told(market: City) -> None:
    body = {"name": "", "login": "a b c", "role": "boss", "bins": ["1"], "extra": 1}
    told = problem(market.post("admin", PEOPLE, body), 400, "INVALID_BODY")["errors"]
    assert {f["pointer"]: f["code"] for f in told} == {
        "/extra": "UNKNOWN_FIELD",
        "/name": "EMPTY",
        "/login": "LOGIN_UNREADABLE",
        "/role": "NOT_ALLOWED",
        "/bins/0": "PATTERN",
    }
    problem(market.post("admin", PEOPLE, {**MAI, "markets": []}), 400, "SCOPE")


def test_a_change_says_which_state_it_was_decided_on(market: City) -> None:
    person = added(market)
    path = f"{PEOPLE}/{person}"
    etag = market.get("admin", path).headers["etag"]
    problem(market.call("admin", "PATCH", path, {"name": "B"}), 428, "PRECONDITION_REQUIRED")
    after = market.call("admin", "PATCH", path, {"name": "B"}, headers={"If-Match": etag})
    assert (after.status_code, after.json()["name"]) == (200, "B")
    stale = market.call("admin", "PATCH", path, {"name": "C"}, headers={"If-Match": etag})
    problem(stale, 412, "PRECONDITION_FAILED")
    assert changed(market, person, {"name": "B"}).headers["etag"] == after.headers["etag"]


def test_a_login_that_was_given_up_is_free_again(market: City) -> None:
    person = added(market)
    assert changed(market, person, {"login": "0912 345 678"}).json()["login"] == "0912345678"
    other = added(market, name="Khác")
    problem(changed(market, person, {"login": LOGIN}), 409, "LOGIN_TAKEN")
    assert changed(market, other, {"login": "khac@example.vn"}).status_code == 200
    assert changed(market, person, {"login": LOGIN}).json()["login"] == LOGIN


def test_a_link_opens_once_and_a_new_one_replaces_it(market: City) -> None:
    person = added(market)
    old, token = invited(market, person), invited(market, person)
    browser = Browser(market)
    problem(
        browser.call("POST", LINK, {"token": old, "password": PASSWORD}), 401, "INVITATION_INVALID"
    )
    weak = browser.call("POST", LINK, {"token": token, "password": "short"})
    (fault,) = problem(weak, 400, "INVALID_BODY")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/password", "PASSWORD_WEAK")
    body = {"token": token, "password": PASSWORD}
    assert browser.call("POST", LINK, body).status_code == 201
    problem(browser.call("POST", LINK, body), 401, "INVITATION_INVALID")
    assert browser.call("GET", "/v1/me").json()["name"] == NAME


def test_a_link_ends_after_72_hours(market: City) -> None:
    person = added(market)
    early, late = invited(market, person), ""
    market.clock.ms += 72 * HOUR_MS - 1
    assert Browser(market).call("POST", LINK, {"token": early, "password": PASSWORD}).is_success
    late = invited(market, person)
    market.clock.ms += 72 * HOUR_MS
    answer = Browser(market).call("POST", LINK, {"token": late, "password": PASSWORD})
    problem(answer, 401, "INVITATION_INVALID")


def test_of_two_who_use_one_link_at_once_one_does(market: City) -> None:
    token = invited(market, added(market))
    browsers = [Browser(market) for _ in range(4)]
    calls = [
        b.http.post(LINK, json={"token": token, "password": f"{PASSWORD} {n}"})
        for n, b in enumerate(browsers)
    ]
    answers = market.together(calls)
    assert sorted(a.status_code for a in answers) == [201, 401, 401, 401]
    winner = next(n for n, a in enumerate(answers) if a.status_code == 201)
    assert Browser(market).sign_in(password=f"{PASSWORD} {winner}").status_code == 201


def test_a_repeat_does_not_show_a_secret_again(market: City) -> None:
    person = added(market)
    path = f"{PEOPLE}/{person}/invitation"
    first = market.call("admin", "POST", path, key="k")
    again = market.call("admin", "POST", path, key="k")
    assert first.json()["token"].startswith(f"cmi_{person}_")
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == {k: v for k, v in first.json().items() if k != "token"}


def test_who_is_no_longer_active_is_signed_out_and_cannot_come_back(market: City) -> None:
    person, browser = signed_up(market)
    assert changed(market, person, {"active": False}).json()["active"] is False
    problem(browser.call("GET", "/v1/me"), 401, "UNAUTHENTICATED")
    problem(Browser(market).sign_in(), 401, "SIGN_IN_REFUSED")
    path = f"{PEOPLE}/{person}/invitation"
    problem(market.call("admin", "POST", path), 409, "PERSON_INACTIVE")
    assert changed(market, person, {"active": True}).is_success
    problem(browser.call("GET", "/v1/me"), 401, "UNAUTHENTICATED")
    assert Browser(market).sign_in().status_code == 201


def test_role_and_scope_hold_from_the_next_request(market: City) -> None:
    market.open_market(OTHER, "CP7")
    person, browser = signed_up(market)
    assert browser.call("GET", f"/v1/markets/{MARKET}/vendors").status_code == 200
    assert changed(market, person, {"markets": [OTHER]}).is_success
    problem(browser.call("GET", f"/v1/markets/{MARKET}/vendors"), 404, "NOT_FOUND")
    assert changed(market, person, {"role": "ioc"}).is_success
    problem(browser.call("GET", f"/v1/markets/{OTHER}/vendors"), 404, "NOT_FOUND")


def test_nobody_takes_their_own_role_or_account_away(market: City) -> None:
    person, browser = signed_up(market, role="admin", markets=[])
    for body in ({"active": False}, {"role": "ioc"}):
        answer = browser.call("PATCH", f"{PEOPLE}/{person}", body, if_match="*")
        problem(answer, 409, "OWN_ACCOUNT")
    assert browser.call("PATCH", f"{PEOPLE}/{person}", {"name": "A"}, if_match="*").is_success


def test_an_admin_of_one_market_neither_sees_nor_makes_who_reaches_further(market: City) -> None:
    market.keys["local"] = market.new_key("admin", markets=(MARKET,))
    boss = added(market, role="admin", markets=[], login="boss@example.vn")
    assert market.get("local", PEOPLE).json() == {"items": []}
    problem(market.get("local", f"{PEOPLE}/{boss}"), 404, "NOT_FOUND")
    problem(market.call("local", "POST", f"{PEOPLE}/{boss}/invitation"), 404, "NOT_FOUND")
    problem(market.call("local", "DELETE", f"{PEOPLE}/{boss}/sessions"), 404, "NOT_FOUND")
    problem(changed(market, boss, {"active": False}, "local"), 404, "NOT_FOUND")
    wide = {**MAI, "role": "admin", "markets": []}
    problem(market.post("local", PEOPLE, wide), 400, "SCOPE")
    mine = market.post("local", PEOPLE, MAI).json()["id"]
    problem(changed(market, mine, {"role": "admin", "markets": []}, "local"), 400, "SCOPE")
    taken = {**MAI, "login": "boss@example.vn"}
    assert "boss" not in problem(market.post("local", PEOPLE, taken), 409, "LOGIN_TAKEN")["detail"]


def test_what_a_person_states_is_theirs(market: City) -> None:
    person, browser = signed_up(market)
    body = {"stall": "B12", "name": "Đặng Thị Hoa"}
    made = browser.call("POST", f"/v1/markets/{MARKET}/vendors", body)
    assert made.status_code == 201
    events = market.get("admin", f"/v1/vendors/{made.json()['vendor']}/events").json()["items"]
    assert {event["by"] for event in events} == {person}


def test_nothing_personal_and_no_secret_is_in_clear(market: City, store: Redis) -> None:
    with structlog.testing.capture_logs() as lines:
        person, browser = signed_up(market)
        token = invited(market, person)
        problem(Browser(market).sign_in(password="not " + PASSWORD), 401, "SIGN_IN_REFUSED")
        assert Browser(market).sign_in().status_code == 201
        assert browser.call("GET", "/v1/me").json()["name"] == NAME
        changed(market, person, {"name": "Lê Thị Mai Anh", "login": "mai-anh@example.vn"})
        key = market.post("admin", "/v1/keys", {"name": "x", "role": "ioc"}, key="k").json()
        turned = market.post("admin", f"/v1/keys/{key['id']}/rotation", {}, key="r").json()
    cookie = (browser.session or "").partition(".")[2]
    secrets = [token[-49:-6], cookie, *(k["secret"][-49:-6] for k in (key, turned))]
    assert all(len(secret) == 43 for secret in secrets)
    texts = [NAME, LOGIN, "mai-anh@example.vn", PASSWORD, *secrets]
    assert search(market.run(values_of(store)), texts) == []
    logged = json.dumps(lines, ensure_ascii=False, default=str)
    assert [text for text in texts if text in logged] == []
    assert '"principal": "' + person in logged


def test_verify_finds_people_as_they_stand_and_rebuild_makes_them_anew(market: City) -> None:
    person, browser = signed_up(market)
    changed(market, person, {"login": "mai@example.vn"})
    assert not market.run(_verified(market))
    assert browser.call("GET", "/v1/me").json()["id"] == person


async def _verified(city: City) -> list[Any]:
    return [difference async for difference in audit.verify(city.tracker)]
