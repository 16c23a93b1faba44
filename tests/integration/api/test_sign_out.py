"""Who is signed out, and who only sees the page of it."""

from __future__ import annotations

import pytest

from tests.integration.api.city import City, problem
from tracker.domain.people import person_state
from tracker.services import sessions

OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def cookie(city: City) -> str:
    """The cookie of a session that is open."""
    body = {"name": "Lê Thị Mai", "login": "mai@example.vn", "role": "admin"}
    person = city.post("admin", "/v1/people", body).json()["id"]
    state = person_state(city.run(city.tracker.people.account(person)).facts)
    assert state is not None
    return f"tracker_session={city.run(sessions.begin(city.tracker, state)).cookie}"


def opens(city: City, cookie: str) -> bool:
    """Whether the session still opens."""
    return city.get(None, "/v1/me", headers={"Cookie": cookie}).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"X-CSRF-Token": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_what_does_not_come_from_our_own_page_signs_nobody_out(
    city: City, cookie: str, said: dict[str, str]
) -> None:
    answer = city.call(None, "POST", "/sign-out", headers={"Cookie": cookie, **said})
    assert answer.status_code == 403, answer.text
    assert opens(city, cookie)


@pytest.mark.parametrize("said", [OWN, {"Origin": "http://tracker"}], ids=str)
def test_our_own_page_does(city: City, cookie: str, said: dict[str, str]) -> None:
    answer = city.call(None, "POST", "/sign-out", headers={"Cookie": cookie, **said})
    assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")
    assert not opens(city, cookie)


@pytest.mark.parametrize("cookies", [{}, {"Cookie": "tracker_session=nothing"}], ids=str)
def test_without_a_session_there_is_nothing_to_end(city: City, cookies: dict[str, str]) -> None:
    answer = city.call(None, "POST", "/sign-out", headers=cookies)
    assert answer.status_code == 303


def test_a_session_that_is_over_asks_for_no_token_of_another(city: City, cookie: str) -> None:
    assert (
        city.call(None, "POST", "/sign-out", headers={"Cookie": cookie, **OWN}).status_code == 303
    )
    refused = city.call(None, "DELETE", "/v1/session", headers={"Cookie": cookie, **OWN})
    problem(refused, 401, "UNAUTHENTICATED")
