"""`/v1/incidents`: strangers' codes at stalls, and who handles them."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Controller, get, patch
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct, json

from tracker.access.roles import Permission
from tracker.api.conventions import conditional
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import Label
from tracker.domain.vendor import IncidentState
from tracker.services import incidents
from tracker.services.incidents import IncidentOut


class Handling(Struct, frozen=True, forbid_unknown_fields=True):
    """What was found out about an incident, and how."""

    state: Literal["confirmed", "dismissed", "resolved"]
    reason: Label


class Incidents(Controller):
    """Open until somebody handles them; a bank sees clusters of accounts of its own."""

    tags = ("incidents",)

    @get(
        "/v1/incidents",
        summary="List incidents",
        opt=operation(
            Permission.INCIDENTS_READ,
            {200: Answer("Incidents, oldest first.", Page[IncidentOut], headers=("ETag",))},
            query={"state": "open"},
        ),
    )
    async def list_incidents(
        self,
        request: ApiRequest,
        market: Annotated[str | None, QueryParameter(description="Of this market only.")] = None,
        standing: Annotated[
            IncidentState | None,
            QueryParameter(
                name="state", description="How far they are; unresolved are open and confirmed."
            ),
        ] = None,
        limit: Limit = LIMIT,
        after: After = None,
    ) -> Reply:
        """A stranger's account at a stall, masked, with the other stalls where it hangs.

        A bank gets the incidents of accounts at its own BINs that hang at two stalls or more, and
        the account number: it is the bank that can stop the account.
        """
        found = await incidents.listed(
            request.tracker, request.principal, market=market, state=standing
        )
        some = page_of(request, found, incidents.place, limit, after, market, standing)
        return conditional.reply(request, json.encode(some))

    @get(
        "/v1/incidents/{incident:str}",
        summary="Get an incident",
        opt=operation(
            Permission.INCIDENTS_READ,
            {200: Answer("The incident, as you may see it.", IncidentOut, headers=("ETag",))},
            problems=("ERASED",),
        ),
    )
    async def get_incident(self, request: ApiRequest, incident: FromPath[str]) -> Reply:
        """Its ETag is what a change needs as `If-Match`."""
        found = await incidents.get(request.tracker, request.principal, incident)
        return conditional.reply(request, json.encode(found))

    @patch(
        "/v1/incidents/{incident:str}",
        summary="Handle an incident",
        opt=operation(
            Permission.INCIDENTS_WRITE,
            {200: Answer("The incident after it.", IncidentOut, headers=("ETag",))},
            problems=("INCIDENT_CLOSED", "BUSY", "ERASED"),
            body={"state": "resolved", "reason": "Đã gỡ mã lạ, dán lại mã của quầy"},
            if_match=True,
        ),
    )
    async def handle_incident(
        self, request: ApiRequest, incident: FromPath[str], data: JSONBody[Handling]
    ) -> Reply:
        """`confirmed` keeps it open; `dismissed` and `resolved` end it, and a new scan of the same
        account opens a new one.

        The reason is kept in the ledger: name no person in it.
        """

        def check(standing: IncidentOut) -> None:
            conditional.require_match(request, conditional.tag_of(json.encode(standing)))

        shown = await incidents.handle(
            request.tracker,
            request.principal,
            incident,
            state=data.state,
            reason=data.reason,
            check=check,
        )
        return conditional.written(json.encode(shown))
