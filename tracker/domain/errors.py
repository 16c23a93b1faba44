"""Everything that can be refused, as one tree.

    TrackerError
    ├── Invalid            400  the request itself is wrong; `faults` lists every fault
    │   └── BadFile        400  a file that cannot be read as what it claims to be
    ├── TooLarge           413  beyond a limit that the message names
    ├── Unauthenticated    401  no key, or a key that is not valid
    ├── Forbidden          403  may be seen, may not be done
    ├── NotFound           404  does not exist, or may not be seen
    ├── Conflict           409  contradicts what the registry holds
    ├── Outdated           412  decided on a state that is not the present one any more
    ├── NoPrecondition     428  a change without saying which state it was decided on
    ├── KeyReused          422  an idempotency key sent again with another request
    ├── Misdirected        421  a host that is not ours
    ├── TooMany            429  more requests than a limit; says when to go on
    └── Unavailable        503  try again later; nothing was written

A class carries the HTTP status and the stable title; an instance carries the problem `code`
(UPPER_SNAKE, fixed by the contract) and a `detail` that says what to do. A detail never
contains personal data: it goes into logs and job records.
"""

from __future__ import annotations

from msgspec import Struct


class Fault(Struct, frozen=True):
    """One fault of a body: a JSON pointer (RFC 6901), a code and a sentence."""

    pointer: str
    code: str
    detail: str


class TrackerError(Exception):
    """Base of all refusals; never raised itself."""

    status = 500
    title = "Internal error"
    default_code = "INTERNAL"

    def __init__(
        self, detail: str, *, code: str | None = None, faults: tuple[Fault, ...] = (), **extra: str
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.faults = faults
        self.extra = extra


class Invalid(TrackerError):
    """The request is malformed or breaks a rule that needs no look at the registry."""

    status = 400
    title = "Invalid request"
    default_code = "INVALID"


class BadFile(Invalid):
    """An uploaded file cannot be read as what it claims to be."""

    title = "Unreadable file"
    default_code = "BAD_FILE"


class TooLarge(TrackerError):
    """A body, file or batch beyond its limit."""

    status = 413
    title = "Too large"
    default_code = "TOO_LARGE"


class Unauthenticated(TrackerError):
    """No credentials, or credentials that are unknown, expired or revoked."""

    status = 401
    title = "Not signed in"
    default_code = "UNAUTHENTICATED"


class Forbidden(TrackerError):
    """The caller may see the resource but not do this to it."""

    status = 403
    title = "Not allowed"
    default_code = "FORBIDDEN"


class NotFound(TrackerError):
    """The resource does not exist, or the caller may not see it; both look the same."""

    status = 404
    title = "Not found"
    default_code = "NOT_FOUND"


class Conflict(TrackerError):
    """The request contradicts what the registry holds."""

    status = 409
    title = "Conflict"
    default_code = "CONFLICT"


class Outdated(TrackerError):
    """The resource changed since the caller read it."""

    status = 412
    title = "Precondition failed"
    default_code = "PRECONDITION_FAILED"


class NoPrecondition(TrackerError):
    """A change that does not say which state of the resource it was decided on."""

    status = 428
    title = "Precondition required"
    default_code = "PRECONDITION_REQUIRED"


class KeyReused(TrackerError):
    """An idempotency key was sent again with another request."""

    status = 422
    title = "Idempotency key reused"
    default_code = "IDEMPOTENCY_KEY_REUSED"


class Misdirected(TrackerError):
    """The request names a host that this service does not answer for."""

    status = 421
    title = "Misdirected request"
    default_code = "HOST_UNKNOWN"


class TooMany(TrackerError):
    """More requests than a limit allows; `retry_after_s` says when one is worth a try."""

    status = 429
    title = "Too many requests"
    default_code = "RATE_LIMITED"

    def __init__(self, detail: str, *, retry_after_s: int, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after_s = retry_after_s


class Unavailable(TrackerError):
    """The service cannot answer now; nothing was written and a retry is safe."""

    status = 503
    title = "Unavailable"
    default_code = "UNAVAILABLE"
