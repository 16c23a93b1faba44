"""An answer as the bytes that go out: made once, sent, sealed and replayed without a change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct, json

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

JSON = "application/json"

Header = tuple[bytes, bytes]


class Reply(Struct, frozen=True, array_like=True):
    """Status, headers (lower-case names) and body; an ASGI application that sends itself."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    def plus(self, *headers: Header) -> Reply:
        """The same answer with more headers."""
        return Reply(self.status, (*self.headers, *headers), self.body)

    def header(self, name: bytes) -> bytes | None:
        """The value of a header, if it is there."""
        return next((value for key, value in self.headers if key == name), None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer."""
        await send(
            {"type": "http.response.start", "status": self.status, "headers": list(self.headers)}
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def content(body: bytes, media_type: str = JSON, status: int = 200, *more: Header) -> Reply:
    """An answer with this body."""
    headers = ((b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body)))
    return Reply(status, (*headers, *more), body)


def data(value: Any, status: int = 200, *more: Header) -> Reply:
    """An answer with this value as JSON."""
    return content(json.encode(value), JSON, status, *more)


def location(path: str) -> Header:
    """Where the resource that was made is found."""
    return b"location", path.encode()


def joined(bodies: Iterable[bytes], after: str | None = None) -> bytes:
    """A page of bodies that are JSON already: `{"items": […], "next": "…"}`."""
    following = b"" if after is None else b',"next":' + json.encode(after)
    return b'{"items":[' + b",".join(bodies) + b"]" + following + b"}"
