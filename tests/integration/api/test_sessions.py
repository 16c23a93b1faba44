"""Signing in and out: what a cookie opens, for how long, from which pages; and who guesses."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import MARKET, City, problem
from tests.integration.api.people import LOGIN, NAME, PASSWORD, Browser, added, signed_up
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tracker.access.keys import new_secret
from tracker.services.sign_in import LIMITS
from tracker.settings import Settings

ME = "/v1/me"
HOUR_MS = 3_600_000


def test_me_says_who_signed_in(market: City) -> None:
    person, browser = signed_up(market)
    me = browser.call("GET", ME).json()
    assert (me["id"], me["name"], me["kind"], me["role"]) == (person, NAME, "person", "manager")
    assert me["markets"] == [MARKET]
    assert "census.write" in me["permissions"]
    assert me["csrf_token"]
    key = market.get("manager", ME).json()
    assert (key["kind"], key["csrf_token"]) == ("key", None)


def test_cookies_are_for_no_script_and_no_other_site(market: City) -> None:
    signed_up(market)
    for scheme, prefix, ends in (("http", "", "SameSite=Lax"), ("https", "__Host-", "; Secure")):
        answer = Browser(market, scheme=scheme).sign_in()
        cookies = answer.headers.get_list("set-cookie")
        assert [c.partition("=")[0] for c in cookies] == [
            f"{prefix}tracker_session",
            f"{prefix}tracker_device",
        ]
        for cookie in cookies:
            assert "; Path=/; " in cookie
            assert "; HttpOnly; SameSite=Lax" in cookie
            assert cookie.endswith(ends)
            assert "domain" not in cookie.lower()


def test_over_tls_a_cookie_that_anybody_below_the_domain_could_set_opens_nothing(
    market: City,
) -> None:
    _, browser = signed_up(market)
    safe = Browser(market, scheme="https")
    problem(
        safe.call("GET", ME, cookie=f"tracker_session={browser.session}"), 401, "UNAUTHENTICATED"
    )
    assert safe.call("GET", ME, cookie=f"__Host-tracker_session={browser.session}").is_success


def test_signing_in_takes_no_session_id_from_outside(market: City) -> None:
    person, _ = signed_up(market)
    planted = f"{person}.{new_secret(market.tracker.random_bytes)}"
    browser = Browser(market)
    browser.http.cookies.set("tracker_session", planted, domain="tracker.test")
    answer = browser.sign_in()
    assert answer.status_code == 201
    mine = answer.headers.get_list("set-cookie")[0].partition("=")[2].partition(";")[0]
    assert mine != planted
    other = Browser(market)
    problem(other.call("GET", ME, cookie=f"tracker_session={planted}"), 401, "UNAUTHENTICATED")


def test_signing_in_again_ends_the_session_that_the_browser_had(market: City) -> None:
    _, browser = signed_up(market)
    before = browser.session
    assert browser.sign_in().status_code == 201
    assert browser.session != before
    other = Browser(market)
    problem(other.call("GET", ME, cookie=f"tracker_session={before}"), 401, "UNAUTHENTICATED")
    assert len(browser.call("GET", "/v1/sessions").json()["items"]) == 1


def test_signing_out_ends_the_session_not_only_the_cookie(market: City) -> None:
    _, browser = signed_up(market)
    before = browser.session
    answer = browser.call("DELETE", "/v1/session")
    assert "tracker_session=; Path=/; Max-Age=0" in answer.headers["set-cookie"]
    assert browser.session is None
    other = Browser(market)
    problem(other.call("GET", ME, cookie=f"tracker_session={before}"), 401, "UNAUTHENTICATED")


def test_an_unused_session_ends_after_twelve_hours(market: City) -> None:
    _, browser = signed_up(market)
    for _ in range(3):
        market.clock.ms += (
            12 * HOUR_MS - 61_000
        )  # the minute of the last use counts, not the second
        assert browser.call("GET", ME).status_code == 200
        market.run(market.app.state["service"].last_used.flush())
    market.clock.ms += 12 * HOUR_MS
    problem(browser.call("GET", ME), 401, "UNAUTHENTICATED")


def test_a_session_ends_after_thirty_days_however_much_it_is_used(market: City) -> None:
    _, browser = signed_up(market)
    for _ in range(61):
        market.clock.ms += 11 * HOUR_MS
        assert browser.call("GET", ME).status_code == 200
        market.run(market.app.state["service"].last_used.flush())
    market.clock.ms += 30 * 24 * HOUR_MS - 61 * 11 * HOUR_MS
    problem(browser.call("GET", ME), 401, "UNAUTHENTICATED")


def test_how_long_sessions_last_and_how_many_there_are_is_set(
    run: Run, store: Redis, clock: Clock
) -> None:
    city = City(run, store, clock, Settings(session_idle_minutes=5, sessions_max=2))
    city.open_market()
    person, first = signed_up(city)
    second, third = Browser(city), Browser(city)
    for browser in (second, third):
        clock.ms += 1_000
        assert browser.sign_in().status_code == 201
    problem(first.call("GET", ME), 401, "UNAUTHENTICATED")
    assert {b.call("GET", ME).json()["id"] for b in (second, third)} == {person}
    clock.ms += 5 * 60_000
    problem(third.call("GET", ME), 401, "UNAUTHENTICATED")


def test_one_ends_a_session_elsewhere_and_nobody_elses(market: City) -> None:
    _, phone = signed_up(market)
    desk = Browser(market)
    assert desk.sign_in().status_code == 201
    listed = desk.call("GET", "/v1/sessions").json()["items"]
    assert [s["current"] for s in listed].count(True) == 1
    (lost,) = [s["id"] for s in listed if not s["current"]]
    _, stranger = signed_up(market, login="khac@example.vn")
    problem(stranger.call("DELETE", f"/v1/sessions/{lost}"), 404, "NOT_FOUND")
    left = desk.call("DELETE", f"/v1/sessions/{lost}").json()["items"]
    assert [s["id"] for s in left] == [s["id"] for s in listed if s["current"]]
    problem(phone.call("GET", ME), 401, "UNAUTHENTICATED")
    assert desk.call("GET", ME).status_code == 200


def test_an_admin_signs_somebody_out_everywhere(market: City) -> None:
    person, browser = signed_up(market)
    assert market.call("admin", "DELETE", f"/v1/people/{person}/sessions").status_code == 200
    problem(browser.call("GET", ME), 401, "UNAUTHENTICATED")
    assert browser.sign_in().status_code == 201


def test_another_password_ends_all_other_sessions(market: City) -> None:
    _, browser = signed_up(market)
    other = Browser(market)
    assert other.sign_in().status_code == 201
    before = browser.session
    new = "đi chợ chiều hôm qua"
    path = "/v1/session/password"
    wrong = browser.call("PUT", path, {"present": "is not it", "password": new})
    assert problem(wrong, 400, "INVALID_BODY")["errors"][0]["code"] == "PASSWORD_WRONG"
    weak = browser.call("PUT", path, {"present": PASSWORD, "password": "x"})
    assert problem(weak, 400, "INVALID_BODY")["errors"][0]["code"] == "PASSWORD_WEAK"
    common = browser.call("PUT", path, {"present": PASSWORD, "password": "matkhau2026!"})
    said = problem(common, 400, "INVALID_BODY")["errors"][0]
    assert said["code"] == "PASSWORD_COMMON"
    assert "Mật khẩu" in said["detail"]
    assert browser.call("PUT", path, {"present": PASSWORD, "password": new}).status_code == 200
    assert browser.session != before
    assert browser.call("GET", ME).status_code == 200
    problem(other.call("GET", ME), 401, "UNAUTHENTICATED")
    stolen = Browser(market)
    problem(stolen.call("GET", ME, cookie=f"tracker_session={before}"), 401, "UNAUTHENTICATED")
    problem(other.sign_in(), 401, "SIGN_IN_REFUSED")
    assert other.sign_in(password=new).status_code == 201


def test_a_key_has_no_session_and_no_password(market: City) -> None:
    problem(market.call("manager", "DELETE", "/v1/session"), 400, "NO_SESSION")
    body = {"present": PASSWORD, "password": PASSWORD}
    problem(market.call("manager", "PUT", "/v1/session/password", body), 400, "NO_SESSION")
    assert market.get("manager", "/v1/sessions").json() == {"items": []}


@pytest.mark.parametrize(
    "cookie", ["", "x", "pabcdefgh.", "p0.0", "pabcdefgh." + "A" * 43, "k!.~", "p" * 5_000]
)
def test_any_other_cookie_opens_nothing(market: City, cookie: str) -> None:
    answer = Browser(market).call("GET", ME, cookie=f"tracker_session={cookie}")
    told = problem(answer, 401, "UNAUTHENTICATED")
    assert told["detail"] == problem(market.get(None, ME), 401, "UNAUTHENTICATED")["detail"]


# ── from which pages ─────────────────────────────────────────────────────────────────────────

ZONES = f"/v1/markets/{MARKET}/census"
BODY = {"effective_on": "2023-01-01", "vendors": 10, "source": "sổ"}


@pytest.mark.parametrize(
    ("site", "headers", "passes"),
    [
        ("same-origin", {}, True),
        ("same-site", {}, False),
        ("cross-site", {}, False),
        ("none", {}, False),
        ("cross-site", {"Origin": "http://tracker.test"}, False),
        (None, {"Origin": "http://tracker.test"}, True),
        (None, {"Origin": "http://tracker.test:8080"}, False),
        (None, {"Origin": "https://tracker.test.evil.example"}, False),
        (None, {"Origin": "null"}, False),
        (None, {"Origin": ""}, False),
        (None, {}, False),
        (None, {"X-CSRF-Token": "0" * 32}, False),
        (None, {"X-CSRF-Token": ""}, False),
    ],
)
def test_a_change_by_cookie_comes_from_our_own_pages(
    market: City, site: str | None, headers: dict[str, str], passes: bool
) -> None:
    _, browser = signed_up(market)
    answer = browser.call("POST", ZONES, BODY, site, **headers)
    if passes:
        assert answer.status_code == 201, answer.text
    else:
        problem(answer, 403, "CSRF")
        assert market.get("manager", ZONES).json() == {"items": []}
    assert browser.call("GET", ZONES, None, site, **headers).status_code == 200


def test_the_sessions_own_token_passes_and_anothers_does_not(market: City) -> None:
    _, browser = signed_up(market)
    token = browser.call("GET", ME).json()["csrf_token"]
    _, other = signed_up(market, login="khac@example.vn")
    problem(other.call("POST", ZONES, BODY, None, x_csrf_token=token), 403, "CSRF")
    assert browser.call("POST", ZONES, BODY, None, x_csrf_token=token).status_code == 201


def test_a_key_needs_no_token_though_a_cookie_comes_along(market: City) -> None:
    _, browser = signed_up(market)
    bearer = {"Authorization": f"Bearer {market.keys['manager']}"}
    assert browser.call("POST", ZONES, BODY, "cross-site", **bearer).status_code == 201


def test_no_other_site_signs_anybody_in(market: City) -> None:
    signed_up(market)
    body = {"login": LOGIN, "password": PASSWORD}
    browser = Browser(market)
    problem(browser.call("POST", "/v1/session", body, "cross-site"), 403, "CSRF")
    evil = {"Origin": "https://evil.example"}
    problem(browser.call("POST", "/v1/session", body, None, **evil), 403, "CSRF")
    assert browser.session is None
    assert browser.call("POST", "/v1/session", body, None).status_code == 201


# ── who guesses ──────────────────────────────────────────────────────────────────────────────


def test_an_unknown_login_costs_the_same_work_and_gets_the_same_words(market: City) -> None:
    signed_up(market)
    uninvited = added(market, login="chua@example.vn")
    gone, _ = signed_up(market, login="nghi@example.vn")
    market.call(
        "admin", "PATCH", f"/v1/people/{gone}", {"active": False}, headers={"If-Match": "*"}
    )
    passwords = market.app.state["service"].sign_ins.passwords
    told = []
    for login, password in (
        (LOGIN, "wrong password"),
        ("nobody@example.vn", "wrong password"),
        ("chua@example.vn", "wrong password"),
        ("nghi@example.vn", PASSWORD),
        ("a b c", PASSWORD),
    ):
        before = passwords.work
        answer = Browser(market).sign_in(login, password)
        assert passwords.work - before == 1, login
        told.append(problem(answer, 401, "SIGN_IN_REFUSED")["detail"])
        assert "set-cookie" not in answer.headers
    assert len(set(told)) == 1
    assert uninvited


def test_who_guesses_waits_longer_each_time_and_costs_no_work(market: City) -> None:
    signed_up(market)
    passwords = market.app.state["service"].sign_ins.passwords
    guesser = Browser(market, "198.51.100.1")
    for _ in range(LIMITS.free):
        problem(guesser.sign_in(password="wrong password"), 401, "SIGN_IN_REFUSED")
    waits = []
    for _ in range(12):
        before = passwords.work
        refused = guesser.sign_in(password="wrong password")
        problem(refused, 429, "TOO_MANY_TRIES")
        assert passwords.work == before
        waits.append(int(refused.headers["retry-after"]))
        market.clock.ms += 1_000 * waits[-1]
        problem(guesser.sign_in(password="wrong password"), 401, "SIGN_IN_REFUSED")
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_who_guesses_locks_nobody_else_out(market: City) -> None:
    _, known = signed_up(market)
    guesser = Browser(market, "198.51.100.1")
    for _ in range(LIMITS.free):
        guesser.sign_in(password="wrong password")
    problem(guesser.sign_in(), 429, "TOO_MANY_TRIES")
    elsewhere = Browser(market, "198.51.100.2")
    assert elsewhere.sign_in().status_code == 201
    behind_the_same_address = Browser(market, "198.51.100.1")
    behind_the_same_address.http.cookies = known.http.cookies
    assert behind_the_same_address.sign_in().status_code == 201


def test_neighbours_of_a_v6_network_are_one_place(market: City) -> None:
    signed_up(market)
    for n in range(LIMITS.free):
        Browser(market, f"2001:db8::{n + 1}").sign_in(password="wrong password")
    problem(Browser(market, "2001:db8::99").sign_in(), 429, "TOO_MANY_TRIES")
    assert Browser(market, "2001:db8:0:1::1").sign_in().status_code == 201


def test_many_tries_at_once_are_many(market: City) -> None:
    signed_up(market)
    body = {"login": LOGIN, "password": "wrong password"}
    browsers = [Browser(market, "198.51.100.1") for _ in range(20)]
    answers = market.together([b.http.post("/v1/session", json=body) for b in browsers])
    statuses = [a.status_code for a in answers]
    assert (statuses.count(401), statuses.count(429)) == (LIMITS.free, 20 - LIMITS.free)


def test_a_right_password_forgets_the_wrong_ones(market: City) -> None:
    signed_up(market)
    for _ in range(3):
        browser = Browser(market)
        for _ in range(LIMITS.free - 1):
            problem(browser.sign_in(password="wrong password"), 401, "SIGN_IN_REFUSED")
        assert browser.sign_in().status_code == 201


def test_one_place_tries_so_many_logins_and_who_signed_in_there_before_goes_on(
    market: City,
) -> None:
    _, known = signed_up(market)
    tries = market.app.state["service"].sign_ins._tries
    bucket = market.tracker.keyring.lookup("tries", "place", "203.0.113.7").hex()
    for n in range(LIMITS.a_place):
        assert market.run(tries.begin(f"login {n}", bucket, market.clock())) == 0
    refused = Browser(market).sign_in()
    problem(refused, 429, "TOO_MANY_TRIES")
    assert int(refused.headers["retry-after"]) == LIMITS.window_ms // 1_000
    assert known.sign_in().status_code == 201
    assert Browser(market, "198.51.100.9").sign_in().status_code == 201
    market.clock.ms += LIMITS.window_ms
    assert Browser(market).sign_in().status_code == 201


def test_a_mark_of_ones_own_browser_helps_at_no_other_login(market: City) -> None:
    _, mine = signed_up(market, login="khac@example.vn")
    signed_up(market)
    for _ in range(LIMITS.free):
        mine.sign_in(LOGIN, "wrong password")
    problem(mine.sign_in(LOGIN), 429, "TOO_MANY_TRIES")
    assert mine.sign_in("khac@example.vn").status_code == 201


def test_a_stolen_session_does_not_guess_the_password(market: City) -> None:
    _, browser = signed_up(market)
    body = {"present": "wrong password", "password": "đi chợ chiều hôm qua"}
    for _ in range(LIMITS.free):
        problem(browser.call("PUT", "/v1/session/password", body), 400, "INVALID_BODY")
    right = {**body, "present": PASSWORD}
    problem(browser.call("PUT", "/v1/session/password", right), 429, "TOO_MANY_TRIES")


# ── limits ───────────────────────────────────────────────────────────────────────────────────


def test_the_limit_of_requests_holds_for_people_too(run: Run, store: Redis, clock: Clock) -> None:
    city = City(run, store, clock, Settings(rate_limits="manager=3"))
    city.open_market()
    _, browser = signed_up(city)
    answers = [browser.call("GET", ME) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert answers[0].json()["rate"]["limit"] == 3
    problem(answers[3], 429, "RATE_LIMITED")
