"""The outermost layer: where a request came from, its id, one log line, headers of every answer.

The line names the route's template, never the path or the query: both may hold a name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, cast

import structlog

from tracker.api.conventions import problems, replies
from tracker.api.conventions.call import CALL, Call
from tracker.api.conventions.hosts import Hosts
from tracker.api.conventions.proxies import Proxies
from tracker.domain.errors import Misdirected
from tracker.observe import meters

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

    from tracker.api.conventions.replies import Header
    from tracker.settings import Settings

_SANE: Final = re.compile(rb"[A-Za-z0-9._:/+=-]{1,64}")
ALWAYS: Final[tuple[Header, ...]] = ((b"x-content-type-options", b"nosniff"),)
UNLESS_SAID: Final[tuple[Header, ...]] = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""What an answer says that says nothing else of it. By the policy nothing that is opened in a
browser by its address loads, runs or is framed: data are no pages."""

HSTS: Final[Header] = (b"strict-transport-security", b"max-age=31536000")
"""A year, for this host alone: what lies below it is not ours to decide."""

ANY_HOST: Final = "/health/"
"""Paths that supervisors ask by the machine's address."""

log = structlog.stdlib.get_logger("tracker.access")


class Edge:
    """An ASGI application around another one."""

    def __init__(
        self, app: ASGIApp, settings: Settings, methods: Mapping[str, bytes] | None = None
    ) -> None:
        """`methods` is what OPTIONS tells of each path: the framework's own answer knows only the
        methods of the path that were there when it was made.
        """
        self._app = app
        self._methods = methods or {}
        self._proxies = Proxies(settings.trusted_proxies)
        self._hosts = Hosts(settings.allowed_hosts, settings.public_url)

    def other(self, settings: Settings) -> Edge:
        """The same by other settings."""
        return Edge(self._app, settings, self._methods)

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
        host = self._arrived(open_scope, call)
        status = sent = 0

        async def tagged(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            elif message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", raw_id), *ALWAYS]
                allowed = self._methods.get(open_scope.get("path_template", ""))
                if open_scope["method"] == "OPTIONS" and allowed is not None:
                    headers = [h for h in headers if h[0] != b"allow"] + [(b"allow", allowed)]
                said = {name for name, _ in message["headers"]}
                headers += [header for header in UNLESS_SAID if header[0] not in said]
                if call.rate is not None:
                    headers += call.rate.headers()
                if open_scope["scheme"] == "https":
                    headers.append(HSTS)
                headers += call.ending
                message["headers"] = headers
            await send(message)

        try:
            if not open_scope["path"].startswith(ANY_HOST):
                self._hosts.require(host)
            await self._app(scope, receive, tagged)
        except Misdirected as refused:
            meters.REFUSALS.inc((refused.code,))
            body = problems.document(refused, open_scope["path"], call.request_id)
            answer = replies.content(body, problems.PROBLEM, refused.status)
            await answer(scope, receive, tagged)
        finally:
            took_ns = perf_counter_ns() - began
            route = open_scope.get("path_template") or "(none)"
            meters.answered(open_scope["method"], route, status, took_ns / 1e9)
            log.info(
                "request",
                method=open_scope["method"],
                path=route,
                status=status,
                ms=round(took_ns / 1e6, 2),
                bytes=sent,
                request_id=call.request_id,
                principal=call.principal and call.principal.id,
                client=call.address,
            )

    def _arrived(self, scope: dict[str, Any], call: Call) -> bytes | None:
        """Notes where the request came from; the host that was called."""
        peer = (scope.get("client") or ("",))[0]
        origin = self._proxies.origin(peer, scope["scheme"], scope["headers"])
        call.address = origin.address
        if origin.address != peer:
            scope["client"] = (origin.address, 0)
        scope["scheme"] = origin.scheme
        if origin.host is not None:
            others = [header for header in scope["headers"] if header[0] != b"host"]
            scope["headers"] = [(b"host", origin.host), *others]
            return origin.host
        return next((value for name, value in scope["headers"] if name == b"host"), None)


def _request_id(headers: Any) -> bytes:
    for name, value in headers:
        if name == b"x-request-id":
            if _SANE.fullmatch(value):
                return bytes(value)
            break
    return os.urandom(8).hex().encode()
