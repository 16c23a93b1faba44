"""Every refusal as `application/problem+json` (RFC 9457), those of the framework too.

The one handler takes our own errors as they are, translates the framework's and the store's, and
gives everything else a 500 that says nothing but where to look: the request id. The log then
names the error's class and the places it went through, never its message or any value.
"""

from __future__ import annotations

import re
import traceback
from typing import Any, Final
from urllib.parse import quote

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import json

from tracker.api.conventions.call import UnsupportedMedia, call_of
from tracker.api.conventions.replies import Header
from tracker.domain.errors import (
    Fault,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooMany,
    TrackerError,
    Unauthenticated,
    Unavailable,
)
from tracker.observe.meters import REFUSALS
from tracker.store import failures

PROBLEM: Final = "application/problem+json"
RETRY_AFTER_S: Final = {"BUSY": 1, "STORE_DISK_LOW": 30, "STORE_FULL": 30}
RETRY_AFTER_DEFAULT_S: Final = 5

log = structlog.stdlib.get_logger("tracker.api")


class MethodNotAllowed(TrackerError):
    """The path is there, this method is not."""

    status = 405
    title = "Method not allowed"
    default_code = "METHOD_NOT_ALLOWED"


class Unexpected(TrackerError):
    """A fault of ours."""

    def __init__(self) -> None:
        super().__init__(
            "Something went wrong here. Nothing is known to be written; give the request id to "
            "the people who run this service."
        )


_BY_STATUS: dict[int, TrackerError] = {
    401: Unauthenticated("Send a valid key as `Authorization: Bearer <key>`."),
    403: Forbidden("This may not be done with this key."),
    404: NotFound("There is no such path here. /docs lists all."),
    405: MethodNotAllowed("This path has other methods; the header `Allow` names them."),
    413: TooLarge("The body is larger than this route takes. Files go through /v1/imports."),
    415: UnsupportedMedia("This route does not take a body of this kind."),
    503: Unavailable("The service cannot answer now; try again in some seconds."),
}


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The problem that an error comes to."""
    known = translated(error)
    call = call_of(request.scope)
    note(error, known, call.request_id)
    body = document(known, request.scope["path"], call.request_id)
    said = dict(_headers(known))
    if isinstance(error, HTTPException) and known.status == 405:
        said.update(error.headers or {})
    return Response(body, status_code=known.status, media_type=PROBLEM, headers=said)


def note(error: Exception, known: TrackerError, request_id: str) -> None:
    """Counts a refusal; logs one that is a fault of ours, or of what we stand on."""
    REFUSALS.inc((known.code,))
    if known.status >= 500:
        unknown = isinstance(known, Unexpected)
        log.error(
            "failed",
            code=known.code,
            request_id=request_id,
            error=type(error).__name__,
            places=_places(error) if unknown else [],
        )


def headers(error: TrackerError) -> tuple[Header, ...]:
    """What a refusal's headers say beside its body."""
    return tuple((name.encode(), value.encode()) for name, value in _headers(error))


_MISSING: Final = re.compile(r"Missing required (\w+) parameter '([^']+)'")
"""What the framework says of a parameter that is not there; it names it nowhere else."""


def translated(error: Exception) -> TrackerError:
    """The refusal that any error comes to."""
    if isinstance(error, TrackerError):
        return error
    if isinstance(error, ValidationException):
        return _parameters(error)
    if isinstance(error, HTTPException):
        if error.status_code in _BY_STATUS:
            return _BY_STATUS[error.status_code]
        if error.status_code < 500:
            return Invalid("The request cannot be read as HTTP asks for.", code="BAD_REQUEST")
        if "disconnected" in error.detail:
            return Invalid("The connection ended before the body did.", code="BAD_REQUEST")
    return failures.refusal(error) or Unexpected()


def type_of(code: str) -> str:
    """The path of the page that explains a code."""
    return "/problems/" + code.lower().replace("_", "-")


def document(error: TrackerError, path: str, request_id: str) -> bytes:
    """The problem document of a refusal."""
    return json.encode(
        {
            "type": type_of(error.code),
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
            "instance": quote(path),
            "code": error.code,
            "errors": error.faults,
            "request_id": request_id,
            **error.extra,
        }
    )


def _headers(error: TrackerError) -> list[tuple[str, str]]:
    if isinstance(error, TooMany):
        return [("retry-after", str(error.retry_after_s))]
    match error.status:
        case 401:
            return [("www-authenticate", 'Bearer realm="tracker"')]
        case 503:
            seconds = RETRY_AFTER_S.get(error.code, RETRY_AFTER_DEFAULT_S)
            return [("retry-after", str(seconds))]
    return []


def _parameters(error: ValidationException) -> Invalid:
    """The faults of path, query and headers; their values are not repeated."""
    faults = []
    found: list[dict[str, str]] = error.extra if isinstance(error.extra, list) else []
    for one in found:
        key = one.get("key", "")
        if key == "data":
            faults.append(Fault("", "MISSING", "A JSON body is required."))
            continue
        message = one.get("message", "")
        if message.startswith("Invalid enum value"):
            message = "This is none of the values that are allowed here."
        place = str(getattr(one.get("source"), "value", one.get("source", "query")))
        faults.append(Fault(f"/{place}/{key}", "PARAMETER", message.replace("`", "")))
    missing = _MISSING.match(error.detail)
    if missing is not None:
        faults.append(Fault(f"/{missing[1]}/{missing[2]}", "MISSING", "This is required."))
    if any(not fault.pointer for fault in faults):
        return Invalid("A JSON body is required.", code="INVALID_BODY", faults=tuple(faults))
    return Invalid(
        "A part of the address or its query is wrong; `errors` names each.",
        code="INVALID_PARAMETER",
        faults=tuple(faults),
    )


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}:{frame.name}" for frame in frames]
