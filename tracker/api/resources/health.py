"""`/health`: is the process alive, and can it work."""

from __future__ import annotations

from litestar import Controller, get
from msgspec import Struct

from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.guard import PUBLIC
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.domain.errors import Fault, Unavailable
from tracker.store import durability, failures


class Health(Struct, frozen=True):
    """`ok`, and what each part says of itself."""

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
            {200: Answer("All parts are ready.", Health)},
            problems=("NOT_READY",),
            unlimited=True,
        ),
    )
    async def ready(self, request: ApiRequest) -> Reply:
        """The store is reached and durable, or volatile and accepted; else `NOT_READY`."""
        tracker = request.tracker
        try:
            reasons = await durability.check(tracker.client)
        except Exception as error:
            away = failures.refusal(error)
            if away is None:
                raise
            raise _not_ready("store", away.code, [away.detail]) from error
        if reasons and not tracker.settings.accept_volatile_store:
            raise _not_ready("durability", "STORE_VOLATILE", reasons)
        durable = "ok" if not reasons else "volatile, accepted: " + "; ".join(reasons)
        return replies.data(Health("ok", {"store": "ok", "durability": durable}))


def _not_ready(part: str, code: str, reasons: list[str]) -> Unavailable:
    return Unavailable(
        f"Not ready: {part}.",
        code="NOT_READY",
        faults=tuple(Fault(f"/parts/{part}", code, reason) for reason in reasons),
    )
