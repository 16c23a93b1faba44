"""What a failure of the store means to a caller: try again later, nothing to find out."""

from __future__ import annotations

from redis.exceptions import (
    AskError,
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import (
    ConnectionError as StoreConnectionError,
)
from redis.exceptions import (
    TimeoutError as StoreTimeoutError,
)

from tracker.domain.errors import Unavailable

_MOVING = (AskError, ClusterDownError, TryAgainError)
"""A cluster that is changing; MOVED is an `AskError`."""

_AWAY = (StoreConnectionError, StoreTimeoutError, OutOfMemoryError, ReadOnlyError, *_MOVING)
"""Loading, busy and not reached are connection errors."""

_PASSING = (
    "BUSY",
    "CLUSTERDOWN",
    "LOADING",
    "MASTERDOWN",
    "MISCONF",
    "NOREPLICAS",
    "OOM",
    "TRYAGAIN",
)
"""How replies begin that the driver has no class for and that pass."""


class DiskLow(OutOfMemoryError):
    """The embedded server takes no writes, for its disk is nearly full."""


def refusal(error: BaseException) -> Unavailable | None:
    """The refusal that a failure of the store comes to; None for any other error.

    A write whose connection broke may have happened: only a retry under the same idempotency key
    tells, and the words say so.
    """
    passing = isinstance(error, ResponseError) and str(error).startswith(_PASSING)
    if not passing and not isinstance(error, _AWAY):
        return None
    if isinstance(error, DiskLow):
        return Unavailable(
            "The store's disk is nearly full: nothing is written, reads go on. Send the request "
            "again later, with the same Idempotency-Key; writes are taken once there is room.",
            code="STORE_DISK_LOW",
        )
    if isinstance(error, OutOfMemoryError) or str(error).startswith("OOM"):
        return Unavailable(
            "The store has reached its limit of memory: nothing is written, reads go on. Send the "
            "request again later, with the same Idempotency-Key.",
            code="STORE_FULL",
        )
    return Unavailable(
        "The store cannot be reached or takes no writes now. Send the request again in some "
        "seconds; with the same Idempotency-Key it takes effect at most once.",
        code="STORE_AWAY",
    )
