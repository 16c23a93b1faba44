"""`/v1/approvals`: changes that wait for a second person, and that person's decision."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct, json

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Cursor, Limit, Page, clamped, page
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import Label
from tracker.domain.approvals import State
from tracker.services import approvals, four_eyes
from tracker.services.approval_shapes import ApprovalOut, Pending
from tracker.services.context import Once

WAITS = Answer(
    "Nothing has changed yet: it waits for a second person, under the approval in `Location`.",
    ApprovalOut,
    headers=("Location",),
    links=links.APPROVAL,
)
"""The answer of a route whose change may need a second person, beside its usual ones."""


class Decision(Struct, frozen=True, forbid_unknown_fields=True):
    """What the second person decided, and why."""

    decision: Literal["approved", "rejected"]
    reason: Label


class Approvals(Controller):
    """Four eyes: one person asks, another decides."""

    tags = ("approvals",)

    @get(
        "/v1/approvals",
        summary="List approvals",
        opt=operation(
            Permission.APPROVALS_READ,
            {200: Answer("Approvals, oldest first.", Page[ApprovalOut], headers=("ETag",))},
            query={"state": "waiting"},
        ),
    )
    async def list_approvals(
        self,
        request: ApiRequest,
        market: Annotated[str | None, QueryParameter(description="Of this market only.")] = None,
        standing: Annotated[
            State | None, QueryParameter(name="state", description="How far they are.")
        ] = None,
        limit: Limit = LIMIT,
        after: After = None,
    ) -> Reply:
        """What waits for a second person in your markets, and how the others ended. Account
        numbers are masked.

        `expired`: nobody decided within 7 days. `stale`: what it would replace is not in force any
        more. A bank gets what its own keys asked for.
        """
        cursor = Cursor(request, market, standing)
        found, last = await approvals.listed(
            request.tracker,
            request.principal,
            market=market,
            state=standing,
            after=cursor.read(after),
            limit=clamped(limit),
        )
        some = page(found, None if last is None else cursor.write(last))
        return conditional.reply(request, json.encode(some))

    @get(
        "/v1/approvals/{approval:str}",
        summary="Get an approval",
        opt=operation(
            Permission.APPROVALS_READ,
            {200: Answer("The approval, as you may see it.", ApprovalOut, headers=("ETag",))},
        ),
    )
    async def get_approval(self, request: ApiRequest, approval: FromPath[str]) -> Reply:
        """Its id is that of the event that asked for it."""
        found = await approvals.get(request.tracker, request.principal, approval)
        return conditional.reply(request, json.encode(found))

    @post(
        "/v1/approvals/{approval:str}/decision",
        status_code=200,
        summary="Decide an approval",
        opt=operation(
            Permission.APPROVALS_DECIDE,
            {200: Answer("The approval as it ended.", ApprovalOut, links=links.DECIDED)},
            problems=("OWN_APPROVAL", "APPROVAL_CLOSED", "APPROVAL_STALE", "BUSY", "ERASED"),
            body={"decision": "approved", "reason": "Đã gọi tiểu thương xác nhận"},
            retries=True,
        ),
    )
    async def decide_approval(
        self, request: ApiRequest, approval: FromPath[str], data: JSONBody[Decision]
    ) -> Reply:
        """Whoever asked does not decide, nor does a key of the same bank.

        Approved, the change takes effect in the same step, stated by the approval: `by` of its
        facts is the approval's id. Another account behind a live code supersedes the code: the
        new version has to be printed and to hang before the vendor is attached again. Where the
        change is no longer possible it is refused and the approval ends as `stale`. The reason is
        kept in the ledger: name no person in it.
        """

        async def act(key: Once | None) -> ApprovalOut:
            return await four_eyes.decide(
                request.tracker,
                request.principal,
                approval,
                outcome=data.decision,
                reason=data.reason,
                once=key,
            )

        return await once(request, data, act, replies.data)


def waits(pending: Pending) -> Reply:
    """202, with where the approval is found."""
    place = replies.location(f"/v1/approvals/{pending.approval.id}")
    return replies.data(pending.approval, 202, place)
