"""`/v1/me`: who am I, what may I do."""

from __future__ import annotations

from litestar import Controller, get
from msgspec import Struct

from tracker.access.keys import Role
from tracker.access.roles import Level, Permission, level
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.domain.days import moment_text


class MeOut(Struct, frozen=True):
    """The key that was sent. Empty `bins` or `markets`: not bounded by them (see `role`)."""

    id: str
    name: str
    role: Role
    bins: list[str]
    markets: list[str]
    expires_at: str | None
    permissions: list[str]


class Me(Controller):
    """The caller."""

    tags = ("me",)

    @get(
        "/v1/me",
        summary="Who am I",
        opt=operation(Permission.ME_READ, {200: Answer("Your key and what it may do.", MeOut)}),
    )
    async def get_me(self, request: ApiRequest) -> Reply:
        """Name, role, scope and expiry of the key, and the permissions of its role."""
        me = request.principal
        expires = me.expires_at_ms
        return replies.data(
            MeOut(
                id=me.id,
                name=me.name,
                role=me.role,
                bins=sorted(me.bins),
                markets=sorted(me.markets),
                expires_at=None if expires is None else moment_text(expires),
                permissions=[p.value for p in Permission if level(me.role, p) is Level.DOES],
            )
        )
