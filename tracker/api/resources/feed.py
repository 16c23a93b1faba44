"""`/v1/snapshots`: everything that was ever published, in the order of publication.

The page ends without `next` where nothing follows **yet**; so that a poller can go on from there
for ever, every answer, 304 too, carries the cursor after its last entry in `Tracker-Cursor`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Controller, get
from litestar.params import QueryParameter

from tracker.access.roles import Permission
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Cursor, Limit, Page, clamped
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.api.resources.figures import Snapshot
from tracker.services import snapshots
from tracker.services.adoption import hash_of


class Feed(Controller):
    """What the IOC pulls."""

    tags = ("snapshots",)

    @get(
        "/v1/snapshots",
        summary="Follow all publications",
        opt=operation(
            Permission.SNAPSHOTS_READ,
            {
                200: Answer(
                    "Published bodies, oldest first.",
                    Page[Snapshot],
                    headers=("ETag", "Tracker-Cursor"),
                )
            },
            query={"limit": 100},
        ),
    )
    async def follow_snapshots(
        self,
        request: ApiRequest,
        limit: Limit = LIMIT,
        after: After = None,
        format: Annotated[  # noqa: A002  # the word of the contract
            Literal["json"], QueryParameter(description="The wire format.")
        ] = "json",
    ) -> Reply:
        """Keep `Tracker-Cursor` of each answer and give it as `after` the next time.

        Skip items that you do not know: other kinds may come. A revision never changes; what
        replaces it comes as an item of its own with a higher `revision`.
        """
        cursor = Cursor(request, format)
        start = int(cursor.read(after) or 0)
        found, reached, more = await snapshots.feed(
            request.tracker, request.principal, start, clamped(limit)
        )
        here = cursor.write(str(reached))
        body = replies.joined(found, here if more else None)
        tag = f'"{hash_of(body + here.encode())}"'
        return conditional.reply(request, body, (b"tracker-cursor", here.encode()), etag=tag)
