"""What a failure of the store means to a caller: try again later, nothing to find out."""

from __future__ import annotations

from redis.exceptions import (
    ConnectionError as StoreConnectionError,
)
from redis.exceptions import (
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import (
    TimeoutError as StoreTimeoutError,
)

from tracker.domain.errors import Unavailable

_AWAY = (StoreConnectionError, StoreTimeoutError, OutOfMemoryError, ReadOnlyError)
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


def refusal(error: BaseException) -> Unavailable | None:
    """The refusal that a failure of the store comes to; None for any other error.

    A write whose connection broke may have happened: only a retry under the same idempotency key
    tells, and the words say so.
    """
    passing = isinstance(error, ResponseError) and str(error).startswith(_PASSING)
    if not passing and not isinstance(error, _AWAY):
        return None
    return Unavailable(
        "The store cannot be reached or takes no writes now. Send the request again in some "
        "seconds; with the same Idempotency-Key it takes effect at most once.",
        code="STORE_AWAY",
    )
