"""A market of a test's own. It opens long after today, so that no figure of the city counts it."""

from __future__ import annotations

from typing import Any

import httpx

from tests.browser.conftest import TABLET, Site, Visit, Visitor
from tracker.vietqr.compose import compose

VCB = "970436"
STRANGER = compose("970418", "99990000111")
"""A good payload of an account that nobody registered."""


class Yard:
    """Makes what a test needs, by the API."""

    def __init__(self, site: Site, market: str, prefix: str, name: str) -> None:
        self._site = site
        self.market = market
        self._keys = dict(site.keys)
        self.ask(
            "POST",
            "/v1/markets",
            {"id": market, "name": name, "prefix": prefix, "opened_on": "2099-01-01"},
        )
        self._keys["field"] = self.ask(
            "POST", "/v1/keys", {"name": f"Tổ của {name}", "role": "field", "markets": [market]}
        )["secret"]
        self._cookies = self._manager(f"{market}@demo.example", f"Quản lý {name}")

    def _manager(self, login: str, name: str) -> dict[str, str]:
        """The cookies of a manager of this market, who has just signed in."""
        new = {"name": name, "login": login, "role": "manager", "markets": [self.market]}
        person = self.ask("POST", "/v1/people", new)["id"]
        token = self.ask("POST", f"/v1/people/{person}/invitation")["token"]
        reply = httpx.post(
            f"{self._site.url}/v1/session/invitation",
            json={"token": token, "password": "một câu dài dễ nhớ 17"},
            headers={"Origin": self._site.url},
        )
        assert reply.is_success, reply.text
        return dict(reply.cookies)

    def manager(
        self, visit: Visit, size: tuple[int, int] = TABLET, *, scripts: bool = True
    ) -> Visitor:
        """A window of the market's manager."""
        somebody = visit(None, size, scripts=scripts)
        for name, value in self._cookies.items():
            somebody.context.add_cookies([{"name": name, "value": value, "url": self._site.url}])
        return somebody

    def ask(self, method: str, path: str, body: Any = None, by: str = "admin") -> Any:
        """One request with a key of that role."""
        reply = httpx.request(
            method,
            self._site.url + path,
            json=body,
            headers={"Authorization": f"Bearer {self._keys[by]}"},
            timeout=20,
        )
        assert reply.is_success, reply.text
        return reply.json()

    def vendor(self, stall: str, name: str, **more: Any) -> str:
        """The code of a new vendor, the same where they are there."""
        body = {"stall": stall, "name": name, **more}
        code: str = self.ask("POST", f"/v1/markets/{self.market}/vendors", body)["vendor"]
        return code

    def paid(self, stall: str, name: str, number: str, *, attached: bool = True) -> str:
        """A vendor with a code over an account at Vietcombank, whose sticker hangs."""
        code = self.vendor(
            stall, name, account={"bin": VCB, "number": number}, issue_code=True, zone="Khu A"
        )
        if attached:
            self.ask("POST", f"/v1/codes/{code}.c1/attachments", {})
        return code

    def stranger_at(self, stall: str) -> str:
        """The id of the incident of a stranger's code that was seen there."""
        body = {"market": self.market, "stall": stall, "payload": STRANGER}
        id_: str = self.ask("POST", "/v1/scans", body)["incident"]
        return id_
