"""A market of a test's own. It opens long after today, so that no figure of the city counts it."""

from __future__ import annotations

from typing import Any

import httpx

from tests.browser.conftest import Site
from tracker.vietqr.compose import compose

VCB = "970436"
STRANGER = compose("970418", "99990000111")
"""A good payload of an account that nobody registered."""


class Yard:
    """Makes what a test needs, by the API."""

    def __init__(self, site: Site, market: str, prefix: str, name: str) -> None:
        self._site = site
        self.market = market
        self.ask(
            "POST",
            "/v1/markets",
            {"id": market, "name": name, "prefix": prefix, "opened_on": "2099-01-01"},
        )

    def ask(self, method: str, path: str, body: Any = None, by: str = "admin") -> Any:
        """One request with a key of that role."""
        reply = httpx.request(
            method,
            self._site.url + path,
            json=body,
            headers={"Authorization": f"Bearer {self._site.keys[by]}"},
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
