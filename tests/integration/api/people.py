"""People in the tests: browsers with cookies of their own, and somebody who is invited."""

from __future__ import annotations

from typing import Any

import httpx

from tests.integration.api.city import MARKET, City

NAME, LOGIN, PASSWORD = "Lê Thị Mai", "lethimai@example.vn", "xuống chợ từ sớm tinh mơ"
MAI = {"name": NAME, "login": LOGIN, "role": "manager", "markets": [MARKET]}


class Browser:
    """Keeps cookies, and says from which page a request comes, as browsers do."""

    def __init__(self, city: City, address: str = "203.0.113.7", scheme: str = "http") -> None:
        self.city = city
        transport = httpx.ASGITransport(app=city.app, client=(address, 4242))  # type: ignore[arg-type]
        self.http = httpx.AsyncClient(transport=transport, base_url=f"{scheme}://tracker.test")

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        site: str | None = "same-origin",
        **headers: str,
    ) -> httpx.Response:
        """One request; `site` is what the browser says of where it comes from."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if site is not None:
            given["Sec-Fetch-Site"] = site
        return self.city.run(self.http.request(method, path, json=body, headers=given))

    def sign_in(self, login: str = LOGIN, password: str = PASSWORD) -> httpx.Response:
        """Tries to."""
        return self.call("POST", "/v1/session", {"login": login, "password": password})

    @property
    def session(self) -> str | None:
        """The cookie of the session."""
        found: str | None = self.http.cookies.get("tracker_session")
        return found


def added(city: City, **more: Any) -> str:
    """The id of Mai, or of who is given, added by the admin."""
    answer = city.post("admin", "/v1/people", {**MAI, **more})
    assert answer.status_code == 201, answer.text
    id_: str = answer.json()["id"]
    return id_


def invited(city: City, person: str) -> str:
    """The token of a new one-time link."""
    answer = city.call("admin", "POST", f"/v1/people/{person}/invitation")
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


def signed_up(city: City, password: str = PASSWORD, **more: Any) -> tuple[str, Browser]:
    """Somebody who chose a password, signed in in a browser."""
    person = added(city, **more)
    browser = Browser(city)
    body = {"token": invited(city, person), "password": password}
    answer = browser.call("POST", "/v1/session/invitation", body)
    assert answer.status_code == 201, answer.text
    return person, browser
