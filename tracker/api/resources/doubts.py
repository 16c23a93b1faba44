"""`/v1/markets/{market}/doubts`: what a manager should look at once, and decides."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from tracker.access.roles import Permission
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.services import doubt_list
from tracker.services.context import Once
from tracker.services.doubt_list import MarketDoubtOut


class DoubtDecision(Struct, frozen=True, forbid_unknown_fields=True):
    """How it is, and why: the reason is kept in the ledger, so name no person in it."""

    decision: Literal["accepted", "to_correct"]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Doubts(Controller):
    """Doubts block nothing: what they are about was taken, and counts."""

    tags = ("vendors",)

    @get(
        "/v1/markets/{market:str}/doubts",
        summary="List a market's doubts",
        opt=operation(
            Permission.DOUBTS_READ,
            {200: Answer("Doubts by id.", Page[MarketDoubtOut])},
            query={"state": "open"},
        ),
    )
    async def list_doubts(
        self,
        request: ApiRequest,
        market: FromPath[str],
        standing: Annotated[
            Literal["open", "accepted", "to_correct"] | None,
            QueryParameter(name="state", description="Only those that stand so."),
        ] = None,
        limit: Limit = LIMIT,
        after: After = None,
    ) -> Reply:
        """One account at two stalls, one bank's reference in two markets, the same or nearly the
        same name at two stalls, accounts of family members.

        Accounts and references are compared by the schedule, some seconds after they were stated.
        """
        found = await doubt_list.listed(request.tracker, request.principal, market, standing)
        return replies.data(page_of(request, found, doubt_list.place, limit, after, standing))

    @post(
        "/v1/markets/{market:str}/doubts/{doubt:str}/decision",
        summary="Decide a doubt",
        opt=operation(
            Permission.DOUBTS_DECIDE,
            {200: Answer("The doubt after it.", MarketDoubtOut)},
            problems=("BUSY",),
            body={"decision": "accepted", "reason": "Hai mẹ con dùng chung tài khoản"},
            retries=True,
        ),
        status_code=200,
    )
    async def decide_doubt(
        self,
        request: ApiRequest,
        market: FromPath[str],
        doubt: FromPath[str],
        data: JSONBody[DoubtDecision],
    ) -> Reply:
        """`accepted`: it is as it should be. `to_correct`: somebody has to put it right.

        A doubt that was decided does not come back, unless what it rests on changes: another
        account, another name, or a finding that ended and came again.
        """

        async def act(key: Once | None) -> MarketDoubtOut:
            return await doubt_list.decide_one(
                request.tracker,
                request.principal,
                market,
                doubt,
                decision=data.decision,
                reason=data.reason,
                once=key,
            )

        return await once(request, data, act, replies.data)
