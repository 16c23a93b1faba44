"""`/v1/me`: who am I, what may I do."""

from __future__ import annotations

from typing import Literal

from litestar import Controller, get
from msgspec import Struct

from tracker.access.keys import Role
from tracker.access.roles import Level, Permission, level
from tracker.api.conventions import cookies, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.domain.days import moment_text
from tracker.services import people
from tracker.store.doorkeeper import WINDOW_S


class RateOut(Struct, frozen=True):
    """The key's limit: `limit` requests in any `window_s` seconds, `remaining` now, and in how many
    seconds one more comes free.
    """

    limit: int
    window_s: int
    remaining: int
    reset_s: int


class MeOut(Struct, frozen=True):
    """The key that was sent, or who signed in. Empty `bins` or `markets`: not bounded by them (see
    `role`). `rate` is null where there is no limit. A change by cookie carries `csrf_token` as
    `X-CSRF-Token`; a key needs none.
    """

    id: str
    name: str
    role: Role
    bins: list[str]
    markets: list[str]
    expires_at: str | None
    permissions: list[str]
    rate: RateOut | None
    kind: Literal["key", "person"]
    csrf_token: str | None


class Me(Controller):
    """The caller."""

    tags = ("me",)

    @get(
        "/v1/me",
        summary="Who am I",
        opt=operation(Permission.ME_READ, {200: Answer("Your key and what it may do.", MeOut)}),
    )
    async def get_me(self, request: ApiRequest) -> Reply:
        """Name, role, scope and expiry of the key, the permissions of its role, what it has left.

        This request is counted too.
        """
        me, session = request.principal, request.call.session
        expires = me.expires_at_ms
        rate = request.call.rate
        return replies.data(
            MeOut(
                id=me.id,
                name=await _name(request),
                role=me.role,
                bins=sorted(me.bins),
                markets=sorted(me.markets),
                expires_at=None if expires is None else moment_text(expires),
                permissions=[p.value for p in Permission if level(me.role, p) is Level.DOES],
                rate=None
                if rate is None
                else RateOut(rate.requests_max, WINDOW_S, rate.left, rate.resets_s),
                kind=me.kind,
                csrf_token=None
                if session is None
                else cookies.token_of(request.tracker.keyring, session),
            )
        )


async def _name(request: ApiRequest) -> str:
    """The key's name, or the person's own, which only they themselves are told here."""
    me = request.principal
    return me.name if me.kind == "key" else await people.name_of(request.tracker, me.id)
