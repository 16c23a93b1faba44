"""A service with a key for each role, and what tests say to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

import httpx
from litestar import Litestar
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import BIDV, VCB, Clock, tracker_on
from tracker.access.keys import ROLES, Role
from tracker.app import app_over, create_app
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_number
from tracker.services import keys, snapshots
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.jobs import Job, finished
from tracker.vietqr.compose import compose

MARKET, OTHER = "cho-vung-tau", "cho-phuong-7"
FIRST = vendor_code("CVT", 1)
SCOPES: dict[str, dict[str, tuple[str, ...]]] = {
    "bank": {"bins": (VCB,), "markets": (MARKET,)},
    "manager": {"markets": (MARKET,)},
    "field": {"markets": (MARKET,)},
    "ioc": {"markets": (MARKET,)},
    "auditor": {"markets": (MARKET,)},
}
"""Every role but admin is bounded to one market, so that a foreign one is foreign to all."""

STRANGER = "6660001112223"
"""An account that nobody registered."""

HOA = {
    "stall": " b 12",
    "name": "Đặng Thị Hoa",
    "zone": "Khu B",
    "phone": "+84 912 345 678",
    "account": {"bin": VCB, "number": "0123 456 789"},
}


_made: dict[int, Litestar] = {}


def application(tracker: Tracker) -> Litestar:
    """The service over a tracker; its routes are made once for all tests."""
    size = tracker.settings.body_bytes_max
    if size not in _made:
        _made[size] = create_app(tracker, tracker.settings)
    return app_over(_made[size], tracker)


class City:
    """One service process and its callers."""

    def __init__(self, run: Run, store: Redis, clock: Clock, settings: Settings | None = None):
        self.run = run
        self.clock = clock
        self.tracker = tracker_on(store, clock)
        if settings is not None:
            self.tracker.settings = settings
        self.app = application(self.tracker)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),  # type: ignore[arg-type]
            base_url="http://tracker",
        )
        self.keys: dict[str, str] = {}
        for role in ROLES:
            self.keys[role] = self.new_key(role, **SCOPES.get(role, {}))
        self.keys["bidv"] = self.new_key("bank", bins=(BIDV,))

    def new_key(self, role: Role, bins: tuple[str, ...] = (), markets: tuple[str, ...] = ()) -> str:
        """The secret of a new key."""
        making = keys.create(
            self.tracker, "test", name=f"key of {role}", role=role, bins=bins, markets=markets
        )
        return self.run(making).secret or ""

    async def acall(
        self,
        as_: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """One request by the caller `as_` (None: nobody), with an idempotency key if given."""
        given = dict(headers or {})
        if as_ is not None:
            given["Authorization"] = f"Bearer {self.keys.get(as_, as_)}"
        if key is not None:
            given["Idempotency-Key"] = key
        if body is not None:
            more["json"] = body
        return await self.http.request(method, path, headers=given, **more)

    def call(self, *args: Any, **more: Any) -> httpx.Response:
        """As `acall`, to its end."""
        return self.run(self.acall(*args, **more))

    def get(self, as_: str | None, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return self.call(as_, "GET", path, **more)

    def post(self, as_: str | None, path: str, body: Any, **more: Any) -> httpx.Response:
        """POST of JSON."""
        return self.call(as_, "POST", path, body, **more)

    def together(self, calls: Sequence[Any]) -> list[httpx.Response]:
        """Many requests at once."""

        async def all_() -> list[httpx.Response]:
            return list(await asyncio.gather(*calls))

        return self.run(all_())

    def open_market(self, id_: str = MARKET, prefix: str = "CVT") -> None:
        """A market, open since 2020-01-01."""
        body = {"id": id_, "name": f"Chợ {prefix}", "prefix": prefix, "opened_on": "2020-01-01"}
        assert self.post("admin", "/v1/markets", body).status_code == 201

    def register(self, as_: str = "manager", **more: Any) -> dict[str, Any]:
        """Hoa at stall B12 of the market, or who is given."""
        answer = self.post(
            as_, f"/v1/markets/{MARKET}/vendors", {**HOA, **more}, key=more.get("stall", "hoa")
        )
        assert answer.status_code in {200, 201}, answer.text
        vendor: dict[str, Any] = answer.json()
        return vendor

    def scan(
        self,
        payload: str,
        stall: str = "B12",
        as_: str = "admin",
        market: str = MARKET,
        **more: Any,
    ) -> httpx.Response:
        """A payload that was read at a stall."""
        body = {"market": market, "stall": stall, "payload": payload}
        return self.post(as_, "/v1/scans", body, **more)

    def found_stranger(self, market: str = MARKET, stall: str = "B12", bin_: str = VCB) -> str:
        """A stranger's code hangs at a stall; the incident's id."""
        answer = self.scan(compose(bin_, STRANGER), stall, market=market)
        assert answer.json()["verdict"] == "foreign_account", answer.text
        incident: str = answer.json()["incident"]
        return incident

    def worked(
        self, id_: str, run: Callable[[Tracker, Job], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        """What a worker does with a job; the job then."""

        async def work() -> None:
            job = await self.tracker.jobs.get(id_)
            assert job is not None
            result = await run(self.tracker, job)
            after = await self.tracker.jobs.get(id_)
            assert after is not None
            await self.tracker.jobs.save(finished(after, result))

        self.run(work())
        shown: dict[str, Any] = self.get("admin", f"/v1/jobs/{id_}").json()
        return shown

    def publish(self, *days: str) -> int:
        """Publishes these days of the market."""
        numbers = [day_number(date.fromisoformat(day)) for day in days]
        return self.run(snapshots.publish_days(self.tracker, [MARKET], numbers))


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer is; it must be one of this status and code, and whole."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["type"] == "/problems/" + code.lower().replace("_", "-")
    assert body["request_id"] == answer.headers["x-request-id"]
    assert {"title", "detail", "instance", "errors"} <= body.keys()
    return body
