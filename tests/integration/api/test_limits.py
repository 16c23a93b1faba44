"""Limits on requests, as callers meet them: several processes, one store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from tests.integration.api.city import City, problem
from tests.integration.conftest import Run
from tests.integration.registry import Clock, tracker_on
from tracker.access.keys import new_key
from tracker.app import create_app
from tracker.services import keys
from tracker.settings import Settings
from tracker.store.client import connect

LIMITED = Settings(
    data=Path("unused"), rate_limits="bank=100,manager=3", guesses_per_min=5, visits_per_min=4
)


@pytest.fixture
def limited(run: Run, store: Redis, clock: Clock) -> City:
    """A service with limits that are soon reached."""
    return City(run, store, clock, LIMITED)


@pytest.fixture
def processes(run: Run, store_url: str, limited: City) -> Iterator[list[httpx.AsyncClient]]:
    """More processes of that service, each with connections of its own to the store."""
    stores = [connect(store_url) for _ in range(4)]
    clients = []
    for store in stores:
        tracker = tracker_on(store, limited.clock)
        tracker.settings = LIMITED
        app: object = create_app(tracker, LIMITED)
        clients.append(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app),  # type: ignore[arg-type]
                base_url="http://tracker",
                headers={"Authorization": f"Bearer {limited.keys['bank']}"},
            )
        )
    yield clients
    for client in stores:
        run(client.aclose())


def test_of_300_requests_to_4_processes_100_pass_not_101(
    limited: City, processes: list[httpx.AsyncClient]
) -> None:
    answers = limited.together([processes[n % 4].get("/v1/me") for n in range(300)])
    passed = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert (len(passed), len(refused)) == (100, 200)
    assert sorted(answer.json()["rate"]["remaining"] for answer in passed) == list(range(100))


def test_a_refusal_says_when_to_go_on(limited: City) -> None:
    for _ in range(3):
        assert limited.get("manager", "/v1/me").status_code == 200
    refused = limited.get("manager", "/v1/banks")
    problem(refused, 429, "RATE_LIMITED")
    assert 55 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-policy"] == '"key";q=3;w=60'
    assert re.fullmatch(r'"key";r=0;t=(5[5-9]|60)', refused.headers["ratelimit"])
    assert limited.get("bank", "/v1/me").status_code == 200, "each key has its own"


def test_every_answer_says_what_is_left(limited: City) -> None:
    first = limited.get("manager", "/v1/me")
    assert first.headers["ratelimit-policy"] == '"key";q=3;w=60'
    assert first.headers["ratelimit"] == '"key";r=2;t=60'
    assert first.json()["rate"] == {"limit": 3, "window_s": 60, "remaining": 2, "reset_s": 60}
    hidden = limited.get("manager", "/v1/vendors/CVT-0001-S")
    assert hidden.status_code == 404
    assert hidden.headers["ratelimit"].startswith('"key";r=1;')


def test_a_role_without_a_limit_is_told_nothing_of_one(limited: City) -> None:
    for _ in range(5):
        answer = limited.get("ioc", "/v1/me")
        assert answer.json()["rate"] is None
        assert "ratelimit" not in answer.headers


def test_one_key_may_have_a_limit_of_its_own(run: Run, store: Redis, clock: Clock) -> None:
    city = City(run, store, clock)
    id_ = city.get("bank", "/v1/me").json()["id"]
    city.tracker.settings = Settings(data=Path("unused"), rate_limits=f"bank=10,{id_}=2")
    city.app = create_app(city.tracker, city.tracker.settings)
    city.http = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=city.app),  # type: ignore[arg-type]
        base_url="http://tracker",
    )
    assert city.get("bank", "/v1/me").json()["rate"]["limit"] == 2
    assert city.get("bidv", "/v1/me").json()["rate"]["limit"] == 10


def test_a_key_that_is_revoked_opens_nothing_in_any_process(
    limited: City, processes: list[httpx.AsyncClient]
) -> None:
    asked = limited.together([client.get("/v1/me") for client in processes])
    assert {answer.status_code for answer in asked} == {200}
    limited.run(keys.revoke(limited.tracker, "elsewhere", asked[0].json()["id"]))
    asked = limited.together([client.get("/v1/me") for client in processes])
    assert {answer.status_code for answer in asked} == {401}


def wrong_key() -> str:
    """A key of the right form that nobody made."""
    from secrets import token_bytes

    return new_key(token_bytes).secret_text


def test_who_guesses_keys_waits_and_locks_nobody_out(limited: City) -> None:
    assert limited.get("ioc", "/v1/me").status_code == 200
    for _ in range(5):
        problem(limited.get(wrong_key(), "/v1/me"), 401, "UNAUTHENTICATED")
    refused = limited.get(wrong_key(), "/v1/me")
    problem(refused, 429, "RATE_LIMITED")
    assert refused.headers["retry-after"] == "12"
    assert limited.get("ioc", "/v1/me").status_code == 200, "a key that opened here before"
    problem(limited.get("auditor", "/v1/me"), 429, "RATE_LIMITED")
    limited.clock.ms += 12_000
    assert limited.get("auditor", "/v1/me").status_code == 200
    assert limited.get(wrong_key(), "/v1/me").status_code == 401
    assert limited.get(wrong_key(), "/v1/me").status_code == 429


def test_what_is_no_key_at_all_is_no_guess(limited: City) -> None:
    for _ in range(10):
        problem(limited.get("no-key", "/v1/me"), 401, "UNAUTHENTICATED")
        problem(limited.get(None, "/v1/me"), 401, "UNAUTHENTICATED")
    assert limited.get("ioc", "/v1/me").status_code == 200


def test_visitors_without_a_key_are_limited_by_address(limited: City) -> None:
    answers = [limited.get(None, "/problems") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    problem(answers[4], 429, "RATE_LIMITED")
    assert answers[0].headers["ratelimit-policy"] == '"address";q=4;w=60'
    assert [a.headers["retry-after"] for a in answers[4:]] == ["15"]
    for _ in range(9):
        assert limited.get(None, "/health/live").status_code == 200, "supervisors are not"
    limited.clock.ms += 15_000
    assert limited.get(None, "/problems").status_code == 200
