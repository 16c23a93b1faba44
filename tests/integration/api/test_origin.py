"""Where requests come from, which hosts are answered, and what browsers are told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from litestar import Controller, Litestar, get
from redis.asyncio import Redis

from tests.integration.api.city import City, problem
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tracker.api import contract
from tracker.api.conventions import replies
from tracker.api.conventions.edge import Edge
from tracker.api.conventions.guard import PUBLIC, guard
from tracker.api.conventions.replies import Reply
from tracker.api.ending import Ending
from tracker.api.operation import Answer, operation
from tracker.settings import Settings

PROXY = "127.0.0.1"
"""Where the requests of these tests come from."""


def city_with(run: Run, store: Redis, clock: Clock, **settings: Any) -> City:
    return City(run, store, clock, Settings(data=Path("unused"), **settings))


def clients_of(city: City, *forwarded: str) -> list[object]:
    """The addresses that the log tells for requests with these headers."""
    with structlog.testing.capture_logs() as lines:
        for value in forwarded:
            city.get(None, "/health/live", headers={"X-Forwarded-For": value})
    return [line["client"] for line in lines]


def test_what_a_stranger_says_of_itself_is_ignored(run: Run, store: Redis, clock: Clock) -> None:
    city = city_with(run, store, clock, visits_per_min=2)
    assert clients_of(city, "203.0.113.9") == [PROXY]
    spoofed = [{"X-Forwarded-For": f"203.0.113.{n}", "X-Forwarded-Proto": "https"} for n in (1, 2)]
    answers = [city.get(None, "/problems", headers=headers) for headers in spoofed]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert not any("strict-transport-security" in answer.headers for answer in answers)
    third = city.get(None, "/problems", headers={"X-Forwarded-For": "203.0.113.3"})
    problem(third, 429, "RATE_LIMITED")


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
@pytest.mark.parametrize(
    ("method", "path", "lost"),
    [
        ("GET", "/wp-login.php", 404),
        ("GET", "/v1/nothing", 404),
        ("POST", "/problems", 405),
        ("OPTIONS", "/problems", 204),
    ],
)
def test_what_is_not_there_counts_as_a_visit_too(
    run: Run, store: Redis, clock: Clock, method: str, path: str, lost: int, accept: str
) -> None:
    city = city_with(run, store, clock, visits_per_min=2)
    headers = {"Accept": accept}
    first = city.call(None, method, path, headers=headers)
    assert (first.status_code, first.headers["ratelimit"][:15]) == (lost, '"address";r=1;t')
    assert city.get(None, "/problems").status_code == 200
    for again in (city.call(None, method, path, headers=headers), city.get(None, "/problems")):
        assert again.status_code == 429
        assert int(again.headers["retry-after"]) > 0
    assert city.get(None, "/health/live").status_code == 200


def test_behind_a_trusted_proxy_each_client_is_itself(run: Run, store: Redis, clock: Clock) -> None:
    city = city_with(run, store, clock, visits_per_min=1, trusted_proxies="127.0.0.0/8,10.0.0.0/8")
    for address in ("203.0.113.1", "203.0.113.2"):
        headers = {"X-Forwarded-For": f"198.51.100.7, {address}, 10.1.2.3"}
        assert city.get(None, "/problems", headers=headers).status_code == 200
        assert city.get(None, "/problems", headers=headers).status_code == 429


def test_tls_and_host_are_those_that_the_proxy_tells(run: Run, store: Redis, clock: Clock) -> None:
    city = city_with(
        run, store, clock, trusted_proxies=PROXY, public_url="https://tracker.example.vn"
    )
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "tracker.example.vn"}
    answer = city.get(None, "/problems", headers=told)
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    problem(city.get(None, "/problems"), 421, "HOST_UNKNOWN")
    assert "strict-transport-security" not in city.get(None, "/health/live").headers


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("tracker.example.vn", 200),
        ("Tracker.Example.VN:8443", 200),
        ("tracker.example.vn.", 200),
        ("q1.markets.example.vn", 200),
        ("markets.example.vn", 421),
        ("evil-tracker.example.vn", 421),
        ("tracker.example.vn.evil.example", 421),
        ("", 421),
    ],
)
def test_hosts_that_are_answered(
    run: Run, store: Redis, clock: Clock, host: str, status: int
) -> None:
    allowed = "tracker.example.vn, *.markets.example.vn"
    city = city_with(run, store, clock, allowed_hosts=allowed)
    answer = city.get(None, "/problems", headers={"Host": host})
    assert answer.status_code == status
    if status == 421:
        said = problem(answer, 421, "HOST_UNKNOWN")
        assert host not in said["detail"] or not host
    assert city.get(None, "/health/live", headers={"Host": host}).status_code == 200


def test_pages_run_no_script_and_nothing_is_framed(city: City) -> None:
    for path in ("/docs", "/problems", "/problems/stall-taken"):
        page = city.get(None, path)
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in page.text
        assert " onclick" not in page.text
    for path in ("/v1/me", "/nowhere", "/health/live"):
        answer = city.get("ioc", path)
        policy = answer.headers["content-security-policy"]
        assert policy == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_other_sites_may_read_nothing(city: City) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = city.call("ioc", method, "/v1/me", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


class Old(Controller):
    """Routes that end."""

    tags = ("pages",)

    @get(
        "/v1/old",
        summary="An old thing",
        opt=operation(
            PUBLIC,
            {200: Answer("It.")},
            unlimited=True,
            ending=Ending(date(2026, 11, 1), date(2027, 5, 1), "/problems"),
        ),
    )
    async def get_old(self) -> Reply:
        """What was used before."""
        return replies.data({})


def test_a_route_that_ends_says_so_in_answers_and_contract(run: Run, city: City) -> None:
    app = Litestar([Old], before_request=guard, openapi_config=None)
    app.state["service"] = city.app.state["service"]
    app.asgi_handler = Edge(app.asgi_handler, city.tracker.settings)
    http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),  # type: ignore[arg-type]
        base_url="http://tracker",
    )
    answer = run(http.get("/v1/old"))
    assert answer.headers["deprecation"] == "@1793491200"
    assert answer.headers["sunset"] == "Sat, 01 May 2027 00:00:00 GMT"
    assert answer.headers["link"] == '</problems>; rel="deprecation"'
    document = contract.document(app)
    told = document["paths"]["/v1/old"]["get"]
    assert told["deprecated"] is True
    assert "It ends on 2027-05-01." in told["description"]
    assert {"Deprecation", "Sunset"} <= told["responses"]["200"]["headers"].keys()
    assert {"Deprecation", "Sunset"} <= document["components"]["headers"].keys()
    assert "Deprecation" not in contract.document(city.app)["components"]["headers"]
