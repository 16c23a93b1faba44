"""What no page may do, whoever reads it: tell, load, run or believe what it should not."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote, urlsplit

import httpx
import pytest
from redis.asyncio import Redis

from tests.integration.api.city import FIRST, MARKET, City, problem
from tests.integration.api.people import LOGIN, PASSWORD, Browser, signed_up
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tests.integration.web.routes import PAGES
from tests.integration.web.town import (
    HOLDER,
    HTML,
    NAMES,
    NUMBERS,
    PERSONAL,
    PHONES,
    STALLS,
    Town,
    filled,
    text_of,
)
from tracker.access.keys import ROLES
from tracker.settings import Settings
from tracker.web import assets

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


@pytest.fixture
def clock() -> Clock:
    """Stands at 08:00 on 2 May 2023 until it is moved."""
    return Clock()


@pytest.fixture
def town(run: Run, store: Redis, clock: Clock) -> Town:
    """Two markets with people whose names are traps."""
    return Town(run, store, clock)


@pytest.fixture
def market(run: Run, store: Redis, clock: Clock) -> City:
    """A market with nobody in it."""
    city = City(run, store, clock)
    city.open_market()
    return city


class Page(HTMLParser):
    """The tags of a page, read as a browser does, and what in them a policy would have to stop."""

    ADDRESSES = frozenset({"href", "src", "action", "formaction", "poster", "data", "xlink:href"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.addresses: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag."""
        given = dict(attrs)
        if tag in {"style", "iframe", "object", "embed", "base", "u"}:
            self.wrong.append(f"<{tag}>")
        if tag == "script" and not given.get("src"):
            self.wrong.append("<script> without src")
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.wrong.append(f"<{tag} {name}={value!r}>")
            if name in self.ADDRESSES:
                self.addresses.add(value or "")


def files_of(answer: httpx.Response) -> str:
    """All text of an answer, of the files within a workbook too."""
    if answer.content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
            return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return answer.text


def opened(town: Town, role: str | None) -> Iterator[tuple[str, httpx.Response]]:
    """Every page that can be opened, asked for by a role; what it may not is a page too."""
    for route, query in town.pages():
        answer = town.ask(role, route, town.values, query)
        assert answer.status_code < 500, (route, query, role)
        yield f"{role}: {filled(route, town.values)}{query}", answer


def own_strings(*said: str) -> list[str]:
    """As they stand in a page or a file, escaped or not."""
    escaped = [one.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for one in said]
    return [*said, *escaped]


@pytest.mark.parametrize("role", ["ioc", "auditor", None])
def test_who_may_know_nobody_reads_no_name_phone_or_account(town: Town, role: str | None) -> None:
    forbidden = own_strings(*PERSONAL)
    if role != "auditor":  # who checks the facts must know which stall they are about
        forbidden += [*STALLS, FIRST]
    for where, answer in opened(town, role):
        text = files_of(answer)
        found = [one for one in forbidden if one in text]
        # The form that chooses the language knows where to come back to.
        found = [one for one in found if one not in where]
        assert not found, (where, found)


def test_a_bank_reads_of_others_the_code_and_the_stall_alone(town: Town) -> None:
    """The bank registered the first trader; the second and third have an account with it."""
    others = own_strings(*NAMES[1:], *PHONES[1:], NUMBERS[3])
    bidv = own_strings(*NAMES, HOLDER, *PHONES, *NUMBERS)
    read = ""
    for where, answer in opened(town, "bank"):
        read += files_of(answer)
        holders = [one for one in others if one in files_of(answer)]
        assert not holders, (where, holders)
    assert NUMBERS[0] in read
    assert STALLS[3] in read
    stranger = town.city.new_key("bank", bins=("970407",), markets=(MARKET,))
    for where, answer in opened(town, stranger):
        found = [one for one in bidv if one in files_of(answer)]
        assert not found, (where, found)


@pytest.mark.parametrize("role", [*ROLES, None])
def test_no_page_runs_or_loads_what_is_not_ours(town: Town, role: str | None) -> None:
    seen = 0
    answers = list(opened(town, role))
    answers += [
        (f"{role}: {route}", town.ask(role, route, town.values))
        for route in PAGES
        if route.startswith("POST ")
    ]
    for where, answer in answers:
        if answer.headers.get("content-type") != HTML:
            continue
        seen += 1
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, where
        assert "unsafe" not in policy, where
        assert "*" not in policy, where
        assert answer.headers["referrer-policy"] == "same-origin", where
        assert answer.headers["x-content-type-options"] == "nosniff", where
        public = "/public" in where and answer.status_code == 200
        assert answer.headers["cache-control"] == (
            "private, max-age=30" if public else "no-store"
        ), where
        page = Page(answer.text)
        assert not page.wrong, (where, page.wrong)
        abroad = [one for one in page.addresses if urlsplit(one).netloc or urlsplit(one).scheme]
        assert not abroad, (where, abroad)
        for one in page.addresses:
            assert one.startswith(("/", "#", "?")) or not one, (where, one)
    assert seen > 20 or role is None


def test_a_name_that_is_code_is_a_name_wherever_it_is_shown(town: Town) -> None:
    shown = dict.fromkeys(NAMES, 0)
    for where, answer in opened(town, "admin"):
        if answer.headers.get("content-type") == HTML:
            assert "<script>alert" not in answer.text, where
            assert "<b>Khu" not in answer.text, where
            words = text_of(answer)
            for name in NAMES:
                shown[name] += name in words
            if NAMES[3] in answer.text:
                assert ">49<" not in answer.text, where
    assert all(count >= 2 for count in shown.values()), shown


def test_a_name_that_is_a_formula_is_text_in_a_workbook(town: Town) -> None:
    books = 0
    for where, answer in opened(town, "admin"):
        if not answer.content.startswith(b"PK"):
            continue
        books += 1
        text = files_of(answer)
        assert "<f>" not in text, where
        assert "<f " not in text, where
        if "roster" in where:
            assert "=cmd()" in text, where
    assert books >= 2


def test_assets_are_kept_for_ever_and_nothing_else_is(town: Town) -> None:
    for address in assets.addresses().values():
        answer = town.city.get(None, address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    css = town.city.get(None, assets.addresses()["style.css"]).text
    for loaded in re.findall(r"url\(([^)]+)\)|@import\s+(\S+)", css):
        assert loaded[0].strip("\"'").startswith(("/assets/", "data:image/")), loaded


# ── who asks ─────────────────────────────────────────────────────────────────────────────────


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
