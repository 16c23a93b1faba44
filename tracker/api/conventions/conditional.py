"""ETags: If-None-Match (RFC 9110 §13.1.2), so that a poller that has the body already gets 304,
and If-Match (§13.1.1), so that nobody changes what they have not seen.
"""

from __future__ import annotations

import re

from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Header, Reply
from tracker.domain.errors import NoPrecondition, Outdated
from tracker.services.adoption import hash_of

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_ENTRY = re.compile(r'(W/)?("[^"]*")')
REVALIDATE: Header = (b"cache-control", b"private, no-cache")
"""May be kept, and must be asked about before each use."""

VARY: Header = (b"vary", b"authorization")


def reply(
    request: ApiRequest,
    body: bytes,
    *more: Header,
    etag: str | None = None,
    media_type: str = replies.JSON,
) -> Reply:
    """The body with its ETag (by default its digest), or 304 where the caller has just that."""
    tag = tag_of(body) if etag is None else etag
    return unchanged(request, tag, *more) or replies.content(
        body, media_type, 200, *_headers(tag), *more
    )


def written(body: bytes, media_type: str = replies.JSON, *, etag: str | None = None) -> Reply:
    """The body after a change, with its new ETag (by default its digest)."""
    tag = tag_of(body) if etag is None else etag
    return replies.content(body, media_type, 200, *_headers(tag))


def unchanged(request: ApiRequest, etag: str, *more: Header) -> Reply | None:
    """304 where the caller has just that; asked before a body that is dear to make."""
    given = request.header(b"if-none-match")
    if given and matches(given, etag):
        return Reply(304, (*_headers(etag), *more), b"")
    return None


def tag_of(body: bytes) -> str:
    """The ETag of a body: its digest."""
    return f'"{hash_of(body)}"'


def require_match(request: ApiRequest, etag: str) -> None:
    """Passes a change that was decided on just this.

    Raises `NoPrecondition` without If-Match, `Outdated` where it names another state; `*` names
    any.
    """
    given = require_any(request)
    if not any(value.strip() == "*" or ("", etag) in _ENTRY.findall(value) for value in given):
        raise Outdated(
            "The resource changed since you read it. Read it again and decide anew; nothing was "
            "written."
        )


def require_any(request: ApiRequest) -> list[str]:
    """What the caller decided on, all `If-Match` values. Raises `NoPrecondition` without one."""
    given = request.header(b"if-match")
    if not given:
        raise NoPrecondition(
            "Read the resource, and send its ETag as `If-Match` with the change that you decided "
            "on."
        )
    return given


def _headers(etag: str) -> tuple[Header, ...]:
    return (b"etag", etag.encode()), REVALIDATE, VARY


def matches(given: list[str], etag: str) -> bool:
    """Whether an If-None-Match names this ETag; by the weak comparison, as it must be."""
    return any(value.strip() == "*" or etag in _TAG.findall(value) for value in given)
