"""Who may call what: every route names one line of the role table, or says that it is public.

The one guard signs the caller in and asks `access.roles.require`, in the market that the path
lies in: the path's own market, or that of the prefix of a vendor, code, incident, event or
approval. It is what Litestar does before each request, and not one of its `guards`, for each call
of which it copies the whole route. Such a hook gives way to one of a router, a controller or a
route, and to a cached answer; so `check_routes` refuses routes that have either.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, cast

from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.routes import HTTPRoute

from tracker.access.roles import Permission, hidden, require
from tracker.api.conventions import cookies
from tracker.api.conventions.call import Call, Service, call_of
from tracker.api.conventions.principals import Caller
from tracker.domain.codes import (
    parse_code_id,
    parse_event_id,
    parse_subject_event,
    parse_vendor_code,
)
from tracker.domain.errors import Fault, Invalid, NotFound
from tracker.services.context import Tracker
from tracker.services.keys import refused

if TYPE_CHECKING:
    from litestar import Litestar, Request

PUBLIC: Final = "public"
"""In place of a permission: anybody may call this, without a key."""

PERMISSION: Final = "permission"
QUERY: Final = "query_names"
UNLIMITED: Final = "unlimited"
"""The `opt` of a public route that supervisors ask as often as they like."""

ANY_QUERY: Final = "any_query"
"""The `opt` of a route that leaves what it does not know in a query alone."""

ENDING: Final = "ending"
"""The `opt` of a route that ends: the headers that say so."""

_BEARER = b"bearer "


async def guard(request: Request[Any, Any, Any]) -> None:
    """Passes a caller who may do this here.

    Raises `Unauthenticated`, `TooMany`, `Forbidden`, `NotFound`, and `Invalid` for a query
    parameter that the route does not know: a filter that is silently ignored would answer another
    question.
    """
    opt = request.route_handler.opt
    permission = opt.get(PERMISSION)
    scope = cast("Any", request.scope)
    service: Service = scope["litestar_app"].state["service"]
    call = call_of(scope)
    call.ending = opt.get(ENDING, ())
    if permission in (PUBLIC, None):  # None: the router's own OPTIONS, see `check_routes`
        if not opt.get(UNLIMITED):
            call.rate = service.visitors.take(call.address, service.tracker.now())
        return
    caller = await _caller(scope, service, call)
    call.principal, call.rate = caller.principal, caller.rate
    caller.require()
    service.last_used.note(caller.principal, call.session or "")
    path = scope["path_params"]
    if path:
        call.market = await _market(service.tracker, path)
    require(caller.principal, permission, call.market, path.get("bin"))
    if scope["query_string"] and not opt.get(ANY_QUERY):
        _known_only(request, opt[QUERY])


async def _caller(scope: Any, service: Service, call: Call) -> Caller:
    """Who asks: by key, else by the cookie of a session, which then no other site may have sent."""
    headers = scope["headers"]
    given = next((value for name, value in headers if name == b"authorization"), None)
    if given is None:
        cookie = cookies.jar(headers, secure=cookies.is_tls(scope)).session
        if cookie is not None:
            visit = await service.signed_in.of(cookie)
            call.session = visit.session
            token = cookies.token_of(service.tracker.keyring, visit.session)
            cookies.require_own(scope["method"], headers, token)
            return visit.caller
    if given is None or given[: len(_BEARER)].lower() != _BEARER:
        raise refused()
    return await service.principals.of(given[len(_BEARER) :].strip(), call.address)


async def _market(tracker: Tracker, path: dict[str, str]) -> str | None:
    """The market that the addressed resource belongs to, if to any."""
    if "market" in path:
        return path["market"]
    try:
        if "vendor" in path:
            return await tracker.market_id(parse_vendor_code(path["vendor"])[0])
        if "code" in path:
            return await tracker.market_id(parse_code_id(path["code"])[0])
        if "incident" in path:
            return await tracker.market_id(parse_event_id(path["incident"])[0])
        for name in ("event", "approval"):
            if name in path:
                return await tracker.market_id(parse_subject_event(path[name])[0])
    except (Invalid, NotFound):
        raise hidden() from None
    return None


def _known_only(request: Request[Any, Any, Any], known: dict[str, bool]) -> None:
    """Refuses what would be passed over: an unknown name, one of two values, and "null", which the
    framework takes for no value where `known` does not say that the parameter is text.
    """
    unknown = dict.fromkeys(name for name in request.query_params if name not in known)
    if unknown:
        allowed = ", ".join(sorted(known)) or "none"
        raise Invalid(
            "A query parameter is not known here; nothing was looked up.",
            code="QUERY_UNKNOWN",
            faults=tuple(
                Fault(f"/query/{name[:64]}", "UNKNOWN_FIELD", f"Known here: {allowed}.")
                for name in unknown
            ),
        )
    times = Counter(name for name, _ in request.query_params.multi_items())
    faults = [
        Fault(f"/query/{name}", "TWICE", "Send this once.")
        for name, count in times.items()
        if count > 1
    ]
    faults += [
        Fault(f"/query/{name}", "PARAMETER", "Leave it away where you mean none.")
        for name, value in request.query_params.multi_items()
        if times[name] == 1 and value.lower() == "null" and not known[name]
    ]
    if faults:
        raise Invalid(
            "A part of the query is there twice or says nothing; nothing was looked up.",
            code="INVALID_PARAMETER",
            faults=tuple(faults),
        )


def permission_of(handler: HTTPRouteHandler) -> Permission | str | None:
    """The line of the role table that a route stands in, `PUBLIC`, or None where it has none."""
    return cast("Permission | str | None", handler.opt.get(PERMISSION))


def check_routes(app: Litestar) -> None:
    """Every route stands in the role table and is guarded, or the service does not start.

    Also notes which query parameters each route knows.
    """
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            raise ImproperlyConfiguredException(f"{route.path} is not HTTP: nothing guards it.")
        for handler in route.route_handlers:
            if handler.resolve_before_request() is not guard or handler.cache:
                raise ImproperlyConfiguredException(
                    f"{route.path} {sorted(handler.http_methods)} is cached or has a hook of its "
                    "own before its requests, and so none would be guarded."
                )
            if handler.http_methods == {"OPTIONS"}:
                continue  # made by the router, tells the methods of a path
            permission = permission_of(handler)
            if permission != PUBLIC and not isinstance(permission, Permission):
                raise ImproperlyConfiguredException(
                    f"{route.path} {sorted(handler.http_methods)} names no permission and is not "
                    "marked as public."
                )
            parameters = handler.parsed_fn_signature.parameters.values()
            handler.opt[QUERY] = {
                field.kwarg_definition.name or field.name: str in {field.annotation, *field.args}
                for field in parameters
                if isinstance(field.kwarg_definition, QueryParameter)
            }
