"""What can go wrong, as one tree.

    ClientError
    ├── Unanswered             no answer came that can be trusted: it may or may not have been done
    ├── JobFailed              the job that was waited for ended without a result
    └── Refused                the service answered with a problem (RFC 9457); nothing was written
        ├── Invalid            400, 413, 415, 422: send something else; `errors` names every fault
        ├── Unauthenticated    401
        ├── Forbidden          403
        ├── NotFound           404: not there, or not yours to see
        ├── Conflict           409, 412, 428: what stands there says otherwise
        ├── TooManyRequests    429, after all tries
        └── Unavailable        5xx, after all tries

`code` is what a program decides by; it never changes. `detail` is for people and logs.
"""

from __future__ import annotations

from typing import Final

from msgspec import DecodeError, Struct, json


class Fault(Struct, frozen=True):
    """One fault: a JSON pointer into the body (or /query/…, /path/…), its code and what to do."""

    pointer: str
    code: str
    detail: str


class Problem(Struct, frozen=True):
    """A problem document. `vendor` and `event` are what a conflict is about, where one is."""

    code: str
    status: int
    title: str
    detail: str
    request_id: str = ""
    errors: tuple[Fault, ...] = ()
    vendor: str | None = None
    event: str | None = None


class ClientError(Exception):
    """Anything that this client raises."""


class Unanswered(ClientError):
    """No answer that can be trusted came, after all tries.

    `key` is the Idempotency-Key of the call (None where it only reads): call again with `key=` and
    the same arguments, even days later, and it is done once.
    """

    def __init__(self, message: str, key: str | None) -> None:
        super().__init__(message)
        self.key = key


class JobFailed(ClientError):
    """A job ended without a result; `code` says why."""

    def __init__(self, job: str, code: str, detail: str) -> None:
        super().__init__(f"{job}: {code}: {detail}")
        self.job = job
        self.code = code
        self.detail = detail


class Refused(ClientError):
    """The service refused the request; nothing was written."""

    def __init__(self, problem: Problem, key: str | None = None) -> None:
        super().__init__(f"{problem.status} {problem.code}: {problem.detail}")
        self.problem = problem
        self.key = key

    @property
    def code(self) -> str:
        """The stable code, UPPER_SNAKE."""
        return self.problem.code

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status

    @property
    def detail(self) -> str:
        """What happened and what to do, for people."""
        return self.problem.detail

    @property
    def errors(self) -> tuple[Fault, ...]:
        """Every fault of the request."""
        return self.problem.errors


class Invalid(Refused):
    """The request must be another one."""


class Unauthenticated(Refused):
    """The key is missing, wrong, expired or revoked."""


class Forbidden(Refused):
    """The role may see this and not do it."""


class NotFound(Refused):
    """There is none, or it is not the caller's to see."""


class Conflict(Refused):
    """What stands there says otherwise."""


class TooManyRequests(Refused):
    """The key's limit, after all tries."""


class Unavailable(Refused):
    """The service could not, after all tries."""


_BY_STATUS: Final[dict[int, type[Refused]]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    428: Conflict,
    429: TooManyRequests,
}


def refusal(status: int, body: bytes, key: str | None) -> Refused:
    """The refusal that an answer of 400 and more is; `NO_PROBLEM` where a gateway answered."""
    try:
        problem = json.decode(body, type=Problem)
    except DecodeError:
        said = "Not the service answered but something before it."
        problem = Problem("NO_PROBLEM", status, "No problem document", said)
    known = _BY_STATUS.get(status, Unavailable if status >= 500 else Invalid)
    return known(problem, key)
