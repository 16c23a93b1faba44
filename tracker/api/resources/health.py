"""`/health`: is the process alive, and can it work."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter
from msgspec import Struct

from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.guard import PUBLIC
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.domain.errors import Fault, Unavailable
from tracker.services.readiness import Part


class Health(Struct, frozen=True):
    """`ok`, or `degraded` where something comes late; and what each part says of itself."""

    status: str
    parts: dict[str, str] = {}


class HealthChecks(Controller):
    """For supervisors and load balancers; no key is needed."""

    tags = ("health",)

    @get(
        "/health/live",
        summary="Is the process alive",
        opt=operation(PUBLIC, {200: Answer("It is.", Health)}, unlimited=True),
    )
    async def live(self) -> Reply:
        """Says nothing of the store: a process without a store need not be restarted."""
        return replies.data(Health("ok"))

    @get(
        "/health/ready",
        summary="Can the service work",
        opt=operation(
            PUBLIC,
            {200: Answer("It answers; `parts` says what comes late.", Health)},
            problems=("NOT_READY",),
            unlimited=True,
        ),
    )
    async def ready(
        self,
        request: ApiRequest,
        strict: Annotated[
            bool, QueryParameter(description="503 also where only something comes late.")
        ] = False,
    ) -> Reply:
        """Looks at each part and answers within some seconds, whatever hangs.

        `NOT_READY` where the store is not reached, or could lose what it acknowledges and that is
        not accepted: `errors` names each part. Without the queue, a worker, the schedule or room
        on the disk requests are answered and nothing is lost, but imports, snapshots and stickers
        come late: 200 with `status` `degraded`, for a load balancer has nothing to do. A monitor
        that shall hear of it asks with `strict=true`.
        """
        parts = await request.service.readiness.parts()
        wrong = [part for part in parts if not part.ready]
        counting = [part for part in wrong if strict or part.needed]
        if counting:
            raise _not_ready(counting)
        said = {part.name: part.said for part in parts}
        return replies.data(Health("degraded" if wrong else "ok", said))


def _not_ready(parts: list[Part]) -> Unavailable:
    return Unavailable(
        f"Not ready: {', '.join(part.name for part in parts)}.",
        code="NOT_READY",
        faults=tuple(Fault(f"/parts/{part.name}", part.code, part.said) for part in parts),
    )
