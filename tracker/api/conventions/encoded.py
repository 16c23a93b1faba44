"""Answers in a wire format: encoded once, kept where they cannot change, compressed on request."""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Final
from urllib.parse import urlencode

from msgspec import json

from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.negotiation import CONTENT_TYPES, VARY, WireFormat, takes_gzip
from tracker.api.conventions.replies import Header, Reply
from tracker.formats import Names, flat_csv, ngsi_context, ngsi_ld, sdmx_csv
from tracker.services.adoption import hash_of

GZIP_FROM_BYTES: Final = 8_192
"""Smaller answers are sent as they are: compressing them saves no packet worth the time."""

KEPT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Encoded pages that a process keeps."""

_LEVEL: Final = 5
_GZIP_WINDOW: Final = 31  # zlib: the largest window, with a gzip head that names no time
_SMALL: Final = 20  # bodies that are encoded at once, without a thread


class Encoded:
    """An answer's body, its ETag, and the headers that say where to go on."""

    __slots__ = ("body", "etag", "headers", "packed")

    def __init__(self, body: bytes, headers: tuple[Header, ...]) -> None:
        self.body = body
        self.headers = headers
        place = b"".join(value for _, value in headers)
        self.etag = hash_of(body + place)
        self.packed: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return len(self.body) + len(self.packed or b"")


class Kept:
    """Encoded pages that can never change, the last used ones, within a number of bytes."""

    def __init__(self, bytes_max: int = KEPT_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._pages: OrderedDict[Hashable, tuple[Encoded, int]] = OrderedDict()
        self.bytes = 0

    def get(self, key: Hashable) -> Encoded | None:
        """The page that is kept under a key."""
        found = self._pages.get(key)
        if found is None:
            return None
        self._pages.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, page: Encoded) -> None:
        """Keeps a page, or notes that it has grown, and drops those that nobody has asked for."""
        _, before = self._pages.pop(key, (None, 0))
        self._pages[key] = page, page.size
        self.bytes += page.size - before
        while self.bytes > self._bytes_max:
            _, (_, size) = self._pages.popitem(last=False)
            self.bytes -= size


async def encoded(
    format_: WireFormat,
    bodies: Sequence[bytes],
    names: Names,
    *headers: Header,
    context: str = "",
    normalized: bool = False,
    after: str | None = None,
) -> Encoded:
    """Published bodies in a wire format; `after` is the cursor that JSON carries in the body."""
    if format_ == "json":
        return Encoded(replies.joined(bodies, after), headers)

    def work() -> bytes:
        found = [json.decode(body) for body in bodies]
        if format_ == "csv":
            return flat_csv.encode(found, names)
        if format_ == "sdmx-csv":
            return sdmx_csv.encode(found, names)
        return ngsi_ld.encode(found, names, context=context, normalized=normalized)

    made = work() if len(bodies) <= _SMALL else await asyncio.to_thread(work)
    return Encoded(made, headers)


async def reply(request: ApiRequest, format_: WireFormat, page: Encoded) -> Reply:
    """The answer, compressed where the reader takes that, or 304 where the reader has it."""
    packs = len(page.body) >= GZIP_FROM_BYTES and takes_gzip(request)
    etag = f'"{page.etag}-gzip"' if packs else f'"{page.etag}"'
    there = conditional.unchanged(request, etag, VARY, *page.headers)
    if there is not None:
        return there
    body, more = page.body, [VARY, *page.headers]
    if packs:
        if page.packed is None:
            page.packed = await asyncio.to_thread(_packed, page.body)
        body = page.packed
        more.append((b"content-encoding", b"gzip"))
    return conditional.reply(request, body, *more, etag=etag, media_type=CONTENT_TYPES[format_])


def _packed(body: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)
    return packer.compress(body) + packer.flush()


def next_link(request: ApiRequest, after: str, **query: object) -> Header:
    """The address of the next page (RFC 8288); parameters that are None are left out."""
    given = {key: value for key, value in query.items() if value is not None}
    address = f"{request.scope['path']}?{urlencode({**given, 'after': after})}"
    return b"link", f'<{address}>; rel="next"'.encode()


def context_of(request: ApiRequest) -> str:
    """The address of the JSON-LD context: `TRACKER_PUBLIC_URL`, else the host that was called."""
    start = request.tracker.settings.public_url or str(request.base_url)
    return start.rstrip("/") + ngsi_context.PATH
