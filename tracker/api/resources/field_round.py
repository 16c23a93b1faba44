"""`/v1/markets/{market}/round`: where the field team goes next."""

from __future__ import annotations

from litestar import Controller, get
from litestar.params import FromPath
from msgspec import json

from tracker.access.roles import Permission
from tracker.api.conventions import conditional
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.services import field_round
from tracker.services.field_round import Visit


class FieldRound(Controller):
    """The stalls to visit."""

    tags = ("scans",)

    @get(
        "/v1/markets/{market:str}/round",
        summary="List the stalls to visit",
        opt=operation(
            Permission.ROUND_READ,
            {
                200: Answer(
                    "By reason, then zone, then stall; each once.", Page[Visit], headers=("ETag",)
                )
            },
        ),
    )
    async def list_round(
        self, request: ApiRequest, market: FromPath[str], limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """Reasons, the most urgent first: `incident`, `printed_not_attached`,
        `issued_not_printed`, `stale_verification` (attached for 90 days without a matched scan),
        `dormant` (attached for 90 days and paid through no bank).

        `sheet` is the job that printed the sticker, if one did.
        """
        found = await field_round.visits(request.tracker, request.principal, market)
        some = page_of(request, found, field_round.place, limit, after)
        return conditional.reply(request, json.encode(some))
