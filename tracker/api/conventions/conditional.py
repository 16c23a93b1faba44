"""ETags and If-None-Match (RFC 9110 §13.1.2): a poller that has the body already gets 304."""

from __future__ import annotations

import re

from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Header, Reply
from tracker.services.adoption import hash_of

_TAG = re.compile(r'(?:W/)?("[^"]*")')
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
    tag = f'"{hash_of(body)}"' if etag is None else etag
    headers = ((b"etag", tag.encode()), REVALIDATE, VARY, *more)
    given = request.header(b"if-none-match")
    if given and matches(given, tag):
        return Reply(304, headers, b"")
    return replies.content(body, media_type, 200, *headers)


def matches(given: list[str], etag: str) -> bool:
    """Whether an If-None-Match names this ETag; by the weak comparison, as it must be."""
    return any(value.strip() == "*" or etag in _TAG.findall(value) for value in given)
