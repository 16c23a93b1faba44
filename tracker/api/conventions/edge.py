"""The outermost layer: a request id, one log line a request, headers that every answer carries.

The line names the route's template, never the path or the query: both may hold a name.
"""

from __future__ import annotations

import re
import secrets
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, cast

import structlog

from tracker.api.conventions.call import CALL, Call

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

_SANE = re.compile(rb"[A-Za-z0-9._:/+=-]{1,64}")
_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
]
_NO_STORE = (b"cache-control", b"no-store")

log = structlog.stdlib.get_logger("tracker.access")


class Edge:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on; whatever becomes of it is answered with the id and logged."""
        open_scope = cast("dict[str, Any]", scope)
        if open_scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter_ns()
        raw_id = _request_id(scope["headers"])
        call = Call(raw_id.decode())
        open_scope[CALL] = call
        status = 0

        async def tagged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", raw_id), *_ALWAYS]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, tagged)
        finally:
            log.info(
                "request",
                method=open_scope["method"],
                path=open_scope.get("path_template") or "(none)",
                status=status,
                ms=round((perf_counter_ns() - began) / 1e6, 2),
                request_id=call.request_id,
                principal=call.principal and call.principal.id,
            )


def _request_id(headers: Any) -> bytes:
    for name, value in headers:
        if name == b"x-request-id":
            if _SANE.fullmatch(value):
                return bytes(value)
            break
    return secrets.token_hex(8).encode()
