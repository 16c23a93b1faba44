"""`/v1/keys`: API keys; the secret is shown once."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tracker.access.keys import Role, reach_faults
from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import bodies, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import SCOPE_RULE, Bin, MarketId, Moment
from tracker.api.rules import told
from tracker.domain.days import moment_of
from tracker.services import keys
from tracker.services.context import Once
from tracker.services.keys import KeyOut
from tracker.store.keys import SERVICE

OVERLAP_HOURS_MAX = 720
"""Thirty days: a bank's change of a secret waits for its release."""


@told(SCOPE_RULE)
class NewKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A key to be made."""

    name: Annotated[str, Meta(max_length=80, description="Whose key it is.")]
    role: Role
    bins: Annotated[tuple[Bin, ...], Meta(max_length=100)] = ()
    markets: Annotated[tuple[MarketId, ...], Meta(max_length=1000)] = ()
    expires_at: Annotated[Moment | None, Meta(description="Without it, never.")] = None


class Rotation(Struct, frozen=True, forbid_unknown_fields=True):
    """Another secret for a key."""

    overlap_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=OVERLAP_HOURS_MAX,
            description="How long the present secret opens beside the new one; 0 ends it at once, "
            "as for a secret that leaked.",
        ),
    ] = 24
    expires_at: Annotated[
        Moment | None,
        Meta(description="When the key ends from now on; without it, as before."),
    ] = None


class Keys(Controller):
    """Role, scope and expiry of every key."""

    tags = ("keys",)

    @get(
        "/v1/keys",
        summary="List keys",
        opt=operation(
            Permission.KEYS_MANAGE,
            {200: Answer("Keys, oldest first, revoked ones too; no secrets.", Page[KeyOut])},
        ),
    )
    async def list_keys(
        self, request: ApiRequest, limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """Who holds a key, with which scope, until when, and when it was last used.

        A key that somebody found is `cmt_<id>_…`: its id tells whose it is.
        """
        found = await keys.listed(request.tracker, request.principal)
        return replies.data(page_of(request, found, _place, limit, after))

    @post(
        "/v1/keys",
        summary="Make a key",
        opt=operation(
            Permission.KEYS_MANAGE,
            {201: Answer("The key, with its secret: shown this once.", KeyOut, links=links.KEY)},
            problems=("SCOPE",),
            body={"name": "Vietcombank Vũng Tàu", "role": "bank", "bins": ["970436"]},
            retries=True,
        ),
    )
    async def create_key(self, request: ApiRequest, data: JSONBody[NewKey]) -> Reply:
        """The secret is in this answer and nowhere else. No key reaches further than its maker.

        A repeat under the same Idempotency-Key names the key and does not show the secret again:
        where the answer was lost, rotate the key with `overlap_hours` 0.
        """
        beyond = reach_faults(request.principal, frozenset(data.bins), frozenset(data.markets))
        if beyond:
            raise bodies.refusal(beyond)

        async def act(key: Once | None) -> KeyOut:
            return await keys.create(
                request.tracker,
                request.principal.id,
                name=data.name,
                role=data.role,
                bins=tuple(dict.fromkeys(data.bins)),
                markets=tuple(dict.fromkeys(data.markets)),
                expires=None if data.expires_at is None else moment_of(data.expires_at),
                once=key,
            )

        return await once(request, data, act, _render, SERVICE, KeyOut.without_secret)

    @post(
        "/v1/keys/{key:str}/rotation",
        summary="Rotate a key",
        opt=operation(
            Permission.KEYS_MANAGE,
            {
                201: Answer(
                    "The key, with its new secret: shown this once.", KeyOut, links=links.KEY
                )
            },
            problems=("KEY_ENDED", "BUSY"),
            body={"overlap_hours": 24},
            retries=True,
        ),
    )
    async def rotate_key(
        self, request: ApiRequest, key: FromPath[str], data: JSONBody[Rotation]
    ) -> Reply:
        """The key keeps its id, role, scope and limits; whoever holds it changes the secret.

        The present secret opens until `overlap_hours` have passed, earlier ones no longer than
        that. A repeat under the same Idempotency-Key does not show the secret again.
        """

        async def act(once_key: Once | None) -> KeyOut:
            return await keys.rotate(
                request.tracker,
                request.principal,
                key,
                overlap_hours=data.overlap_hours,
                expires=None if data.expires_at is None else moment_of(data.expires_at),
                once=once_key,
            )

        return await once(request, data, act, _render, SERVICE, KeyOut.without_secret)

    @delete(
        "/v1/keys/{key:str}",
        summary="Revoke a key",
        opt=operation(Permission.KEYS_MANAGE, {200: Answer("The key, revoked.", KeyOut)}),
        status_code=200,
    )
    async def revoke_key(self, request: ApiRequest, key: FromPath[str]) -> Reply:
        """It opens nothing any more, from now on, in every process."""
        return replies.data(
            await keys.revoke(request.tracker, request.principal.id, key, request.principal)
        )


def _render(key: KeyOut) -> Reply:
    return replies.data(key, 201)


def _place(key: KeyOut) -> str:
    return f"{key.created_at} {key.id}"
