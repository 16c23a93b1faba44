"""Who asks for a page, from where, and on to where: other sites, plain lines, wrong addresses."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import MARKET, City, problem
from tests.integration.api.people import LOGIN, PASSWORD, Browser, signed_up
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tests.integration.web.routes import PAGES
from tests.integration.web.town import HTML, text_of
from tracker.settings import Settings

BROWSES = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ABROAD = (
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:/evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    " https://evil.example",
    "/\t/evil.example",
    "\n//evil.example",
    "/%0d%0aLocation: //evil.example",
)


@pytest.mark.parametrize(
    ("site", "origin"),
    [
        ("cross-site", None),
        ("same-site", None),
        ("none", None),
        ("cross-site", "http://tracker.test"),
        (None, "https://evil.example"),
        (None, "null"),
        (None, None),
    ],
)
def test_a_form_that_another_site_sent_is_refused_as_a_page(
    market: City, site: str | None, origin: str | None
) -> None:
    _, mai = signed_up(market)
    forms = [route.split()[1] for route in PAGES if route.startswith("POST /account")]
    headers = {} if origin is None else {"Origin": origin}
    if headers or site:  # who says neither is no browser, and may leave
        forms.append("/sign-out")
    for path in (*forms, f"/markets/{MARKET}/roster/new"):
        answer = mai.call("POST", path, site=site, **headers)
        assert answer.status_code == 403, (path, text_of(answer))
        assert answer.headers["content-type"] == HTML
        assert "không được gửi từ trang của hệ thống" in text_of(answer)
    assert mai.call("GET", "/account").status_code == 200


@pytest.mark.parametrize("path", ["/sign-in", "/invitation"])
def test_nobody_is_signed_in_by_another_site(market: City, path: str) -> None:
    signed_up(market)
    evil = Browser(market)
    fields = {"login": LOGIN, "password": PASSWORD, "token": "x"}
    answer = market.run(evil.http.post(path, data=fields, headers={"Sec-Fetch-Site": "cross-site"}))
    assert answer.status_code == 403
    assert evil.session is None


@pytest.mark.parametrize("abroad", ABROAD)
def test_nobody_is_led_to_another_site(market: City, abroad: str) -> None:
    signed_up(market)
    browser = Browser(market)
    own = {"Sec-Fetch-Site": "same-origin"}

    def leads(path: str, **fields: str) -> str:
        answer = market.run(browser.http.post(path, data=fields, headers=own))
        assert answer.status_code == 303, text_of(answer)
        to: str = answer.headers["location"]
        assert "\r" not in to
        assert "\n" not in to
        return to

    shown = browser.call("GET", f"/sign-in?next={quote(abroad)}")
    assert 'name="next" value="/"' in shown.text or "%0d" in abroad
    for to in (
        leads("/sign-in", login=LOGIN, password=PASSWORD, next=abroad),
        leads("/language", language="en", back=abroad),
    ):
        # As a browser reads it: tabs and line ends are dropped, a backslash is a slash.
        read = re.sub(r"[\t\r\n]", "", to).strip().replace("\\", "/")
        assert read.startswith("/"), to
        assert not read.startswith("//"), to


def test_the_language_is_kept_in_a_cookie_that_no_script_reads(market: City) -> None:
    for scheme, name, ends in (
        ("http", "tracker_language", "SameSite=Lax"),
        ("https", "__Host-tracker_language", "; Secure"),
    ):
        browser = Browser(market, scheme=scheme)
        own = {"Sec-Fetch-Site": "same-origin"}
        fields = {"language": "en", "back": "/public?q=ch%E1%BB%A3"}
        answer = market.run(browser.http.post("/language", data=fields, headers=own))
        assert answer.headers["location"] == "/public?q=ch%E1%BB%A3"
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{name}=en; Path=/; Max-Age=31536000; HttpOnly")
        assert cookie.endswith(ends)
        assert '<html lang="en">' in browser.call("GET", "/public").text
    odd = Browser(market)
    answer = odd.call("GET", "/public", cookie="tracker_language=<script>")
    assert '<html lang="vi">' in answer.text
    assert "cookie" in answer.headers["vary"]


def test_over_tls_a_browser_is_told_to_stay_there(run: Run, store: Redis, clock: Clock) -> None:
    city = City(run, store, clock, Settings(trusted_proxies="10.0.0.1"))
    for address, told in (("10.0.0.1", True), ("203.0.113.7", False)):
        browser = Browser(city, address)
        answer = browser.call("GET", "/sign-in", X_Forwarded_Proto="https")
        assert ("strict-transport-security" in answer.headers) is told
        own = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-Proto": "https"}
        kept = run(browser.http.post("/language", data={"language": "en"}, headers=own))
        assert kept.headers["set-cookie"].startswith("__Host-") is told


# ── where nothing is ─────────────────────────────────────────────────────────────────────────


def test_a_browser_that_goes_where_nothing_is_gets_a_page(market: City) -> None:
    for path in (
        "/khong-co",
        "/markets",
        f"/markets/{MARKET}/khong-co",
        "/vendors/x/codes/một/attach",
    ):
        answer = market.get(None, path, headers=BROWSES)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == HTML
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "Không có trang này" in text_of(answer)
        assert answer.headers["x-request-id"] in answer.text
    english = market.get(None, "/x", headers={**BROWSES, "Cookie": "tracker_language=en"})
    assert "There is no such page" in text_of(english)
    answer = market.get(None, "/language", headers=BROWSES)
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert "không mở trực tiếp được" in text_of(answer)


def test_everybody_else_and_everything_of_the_api_gets_a_problem(market: City) -> None:
    for path, headers in (
        ("/khong-co", {}),
        ("/khong-co", {"Accept": "*/*"}),
        ("/khong-co", {"Accept": "application/json"}),
        ("/v1/khong-co", BROWSES),
        ("/v1", BROWSES),
        ("/problems/khong-co", BROWSES),
    ):
        problem(market.get(None, path, headers=headers), 404, "NOT_FOUND")
    answer = market.call(None, "PUT", "/v1/markets", headers=BROWSES)
    problem(answer, 405, "METHOD_NOT_ALLOWED")
    problem(market.get(None, "/v1/markets", headers=BROWSES), 401, "UNAUTHENTICATED")
