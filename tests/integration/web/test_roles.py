"""Every page × every role × own and foreign market."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from litestar.routes import HTTPRoute
from redis.asyncio import Redis

from tests.integration.api.city import City
from tests.integration.conftest import Run
from tests.integration.registry import Clock
from tests.integration.web.routes import PAGES
from tests.integration.web.town import HTML, Town, filled, text_of
from tracker.access.keys import ROLES, Role
from tracker.access.roles import PERMISSIONS, Level, Permission
from tracker.api.conventions.guard import PUBLIC, permission_of
from tracker.web.route import WEB

BOUNDED = re.compile(r"\{(market|vendor|code|incident|approval)\}")
REFUSED = {401, 403, 404}
NO_SESSION = "POST /account/sessions"
"""Asked with a key, which has none: there is no such session to end."""

ORDERED = re.compile(r"\{(job|sheet)\}")
"""What only who ordered it may see."""


def test_the_table_of_this_test_is_that_of_the_pages(run: Run, store: Redis, clock: Clock) -> None:
    found = {
        f"{method} {route.path_format}": str(permission_of(handler))
        for route in City(run, store, clock).app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get(WEB)
        for method in handler.http_methods
        if method not in {"HEAD", "OPTIONS"}
    }
    assert found == PAGES


@pytest.mark.parametrize("role", ROLES)
def test_each_page_answers_each_role_as_the_table_says(
    run: Run, store: Redis, clock: Clock, role: Role
) -> None:
    town = Town(run, store, clock, role)
    # What changes nothing comes first: a form may end what another page is about.
    for route, permission in sorted(PAGES.items()):
        own = town.ask(role, route, town.values)
        where = (route, role, own.status_code, text_of(own))
        if permission == PUBLIC:
            assert own.status_code in {200, 303, 400}, where
            continue
        granted = PERMISSIONS[Permission(permission)][role]
        if granted is Level.NOTHING:
            assert own.status_code == 404, where
            assert text_of(own) == text_of(town.ask(role, route, town.nowhere)), where
        elif granted is Level.SEES:
            assert own.status_code == 403, where
        elif route == NO_SESSION:
            assert own.status_code == 404, where
        else:
            assert own.status_code not in REFUSED, where
            assert own.status_code < 500, where
        assert own.is_success or own.is_redirect or own.headers["content-type"] == HTML, where
        if role != "admin" and BOUNDED.search(route):
            foreign = town.ask(role, route, town.foreign)
            assert foreign.status_code == 404, (where, text_of(foreign))
            assert text_of(foreign) == text_of(town.ask(role, route, town.nowhere)), where


def test_what_somebody_else_ordered_is_not_there(run: Run, store: Redis, clock: Clock) -> None:
    town = Town(run, store, clock, "admin")
    roles: tuple[Role, ...] = ("bank", "manager")
    asked = [
        (role, route)
        for role in roles
        for route, permission in PAGES.items()
        if ORDERED.search(route) and PERMISSIONS[Permission(permission)][role] is Level.DOES
    ]
    assert len(asked) >= 10
    for role, route in asked:
        others = town.ask(role, route, town.values)
        none = town.ask(role, route, {**town.values, "job": "i0000", "sheet": "p0000"})
        assert others.status_code == none.status_code == 404, (role, route, text_of(others))
        assert text_of(others) == text_of(none), (role, route)


def test_who_is_not_signed_in_is_asked_to_be_and_changes_nothing(
    run: Run, store: Redis, clock: Clock
) -> None:
    town = Town(run, store, clock)
    for route, permission in PAGES.items():
        for by in (None, "cmt_nonsense") if permission != PUBLIC else ():
            answer = town.ask(by, route, town.values)
            if route.startswith("POST "):
                assert answer.status_code == 401, route
                assert answer.headers["content-type"] == HTML, route
                continue
            assert answer.status_code == 303, (route, text_of(answer))
            to = urlsplit(answer.headers["location"])
            assert to.path == "/sign-in", route
            (back,) = parse_qs(to.query)["next"]
            assert back.partition("?")[0] == filled(route.split()[1], town.values), route
            assert text_of(answer) == text_of(town.ask(by, route, town.nowhere)) == "", route
