"""The contract: OpenAPI 3.1 made from the routes themselves, with what they say in their `opt`.

Shapes come from the Structs (JSON Schema 2020-12 by msgspec), roles from the one role table,
refusals from the routes' form and the table of problems. The result depends on the code alone:
the file `openapi/openapi.yaml` is this, and a test holds it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Final, cast

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.params import ParameterKwarg, PathParameter, QueryParameter
from litestar.routes import HTTPRoute
from msgspec import Struct

from tracker.access.keys import ROLES
from tracker.access.roles import Level, Permission, level
from tracker.api import contract_bodies, contract_yaml, ending, links
from tracker.api import contract_parts as parts
from tracker.api.catalogue import problems
from tracker.api.conventions.guard import PUBLIC, UNLIMITED, permission_of
from tracker.api.conventions.problems import PROBLEM
from tracker.api.conventions.replies import JSON
from tracker.api.conventions.retries import REQUIRED
from tracker.api.operation import DOC, Answer, Doc

METHODS: Final = ("get", "put", "post", "delete", "patch")
ALWAYS: Final = ("X-Request-Id", "RateLimit-Policy", "RateLimit")
"""Headers of every answer; the latter two where there is a limit."""

_TEXT: Final = {"type": "string"}
_REFS: Final = "#/components/schemas/{name}"


class Route(Struct, frozen=True):
    """One operation: its path template, method (lower case) and handler."""

    path: str
    method: str
    handler: HTTPRouteHandler

    @property
    def name(self) -> str:
        """Its operation id."""
        return str(self.handler.fn.__name__)

    @property
    def doc(self) -> Doc:
        """What the route says about itself."""
        return cast("Doc", self.handler.opt[DOC])

    @property
    def permission(self) -> Permission | str:
        """Its line in the role table, or `PUBLIC`."""
        return cast("Permission | str", permission_of(self.handler))


def routes(app: Litestar) -> list[Route]:
    """All operations of the contract, by path and method."""
    found = [
        Route(route.path_format, method.lower(), handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if DOC in handler.opt
    ]
    return sorted(found, key=lambda route: (route.path, METHODS.index(route.method)))


def export(app: Litestar) -> str:
    """The contract as YAML."""
    return contract_yaml.written(document(app))


def document(app: Litestar) -> dict[str, Any]:
    """The contract as an object of plain JSON."""
    known = routes(app)
    matching = _matching(known)
    shapes = _shapes(known)
    paths: dict[str, dict[str, Any]] = {}
    for route in known:
        paths.setdefault(route.path, {})[route.method] = _operation(route, matching)
    whole = {
        "openapi": "3.1.0",
        "info": parts.info(),
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"session": []}],
        "tags": [{"name": name, "description": says} for name, says in parts.TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": parts.SECURITY, "session": parts.SESSION},
            "headers": parts.HEADERS | _ending_headers(known),
            "examples": {
                code: parts.problem_example(problems()[code]) for code in sorted(_codes(paths))
            },
            "links": _links(known, matching),
            "schemas": {"Problem": parts.PROBLEM_SCHEMA, **shapes},
        },
    }
    return cast("dict[str, Any]", msgspec.json.decode(msgspec.json.encode(whole)))


def _ending_headers(known: list[Route]) -> dict[str, Any]:
    return ending.HEADERS if any(route.doc.ending for route in known) else {}


def _matching(known: list[Route]) -> frozenset[str]:
    """The operations that take If-Match."""
    return frozenset(
        route.name for route in known if route.doc.if_match or route.doc.if_match_to_replace
    )


def _links(known: list[Route], matching: frozenset[str]) -> dict[str, Any]:
    """All links by the names of their components."""
    found: dict[str, Any] = {}
    for answer in (answer for route in known for answer in route.doc.answers.values()):
        for name, made in links.components(answer, matching).items():
            if found.setdefault(name, made) != made:
                raise ValueError(f"Two links have one name in the contract: {name}")
    return dict(sorted(found.items()))


def _codes(paths: dict[str, dict[str, Any]]) -> set[str]:
    """The problem codes that some operation names."""
    return {
        code
        for methods in paths.values()
        for operation in methods.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        for code in content.get("examples", {})
    }


def _shapes(known: list[Route]) -> dict[str, Any]:
    wanted: list[Any] = []
    for route in known:
        wanted += [answer.shape for answer in route.doc.answers.values() if answer.shape]
        wanted += [shape for answer in route.doc.answers.values() for shape in answer.beside]
        body = _body_shape(route)
        if body is not None:
            wanted.append(body)
    unique = list({parts.name_of(shape): shape for shape in wanted}.values())
    _, components = msgspec.json.schema_components(unique, ref_template=_REFS)
    return parts.renamed(dict(sorted(components.items())))


def _body_shape(route: Route) -> Any:
    if route.doc.rows is not None:
        return route.doc.rows[0]
    declared = route.handler.parsed_data_field
    return route.doc.shape if declared is None else declared.annotation


def _operation(route: Route, matching: frozenset[str]) -> dict[str, Any]:
    handler, doc = route.handler, route.doc
    made: dict[str, Any] = {
        "operationId": route.name,
        "summary": handler.summary,
        "description": _description(route),
        "tags": list(handler.resolve_tags()),
    }
    parameters = [*_parameters(route), *_headers(route)]
    if parameters:
        made["parameters"] = parameters
    shape = _body_shape(route)
    if doc.rows is not None:
        made["requestBody"] = contract_bodies.rows_body(*doc.rows, doc)
    elif shape is not None:
        made["requestBody"] = contract_bodies.json_body(shape, doc)
    elif doc.file is not None and doc.table:
        made["requestBody"] = contract_bodies.table_body(doc.file)
    elif doc.file is not None:
        made["requestBody"] = contract_bodies.file_body(doc.file, doc)
    made["responses"] = dict(sorted({**_answers(route, matching), **_refusals(route)}.items()))
    if route.permission == PUBLIC:
        made["security"] = []
    else:
        made["x-roles"] = roles(route)
    if doc.ending is not None:
        made["deprecated"] = True
    made["x-codeSamples"] = [{"lang": "curl", "source": parts.curl(route.path, route.method, doc)}]
    return made


def roles(route: Route) -> list[str]:
    permission = cast("Permission", route.permission)
    return [role for role in ROLES if level(role, permission) is Level.DOES]


def _description(route: Route) -> str:
    text = inspect.cleandoc(route.handler.fn.__doc__ or "")
    if route.doc.ending is not None:
        text = f"{text}\n\n{route.doc.ending.says()}"
    if route.permission == PUBLIC:
        return f"{text}\n\nNo key is needed."
    required = route.handler.opt.get(REQUIRED, ())
    lines = [text, f"Roles: {', '.join(roles(route))}."]
    if required:
        lines.append(f"`Idempotency-Key` is required of: {', '.join(required)}.")
    return "\n\n".join(lines)


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for field in route.handler.parsed_fn_signature.parameters.values():
        declared = field.kwarg_definition
        if not isinstance(declared, PathParameter | QueryParameter):
            continue
        name = declared.name or field.name
        path = isinstance(declared, PathParameter)
        example = (parts.PATHS | route.doc.path).get(name) if path else route.doc.query.get(name)
        made: dict[str, Any] = {"name": name, "in": "path" if path else "query"}
        said = declared.description or parts.SAID.get(name)
        if said:
            made["description"] = said
        if path or not field.has_default:
            made["required"] = True
        made["schema"] = _schema(field.raw, declared, None if path else field.default)
        if example is not None:
            made["examples"] = {"request": {"value": example}}
        yield made


def _schema(raw: Any, declared: ParameterKwarg, default: Any) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([parts.bare(raw)], ref_template=_REFS)
    schema = parts.not_null(schema)
    limits = {
        "exclusiveMinimum": declared.gt,
        "minimum": declared.ge,
        "maximum": declared.le,
        "maxLength": declared.max_length,
        "pattern": declared.pattern,
    }
    schema |= {name: limit for name, limit in limits.items() if limit is not None}
    if isinstance(default, str | int | float):
        schema["default"] = default
    return schema | (declared.schema_extra or {})


def _headers(route: Route) -> Iterator[dict[str, Any]]:
    if route.doc.retries:
        yield parts.IDEMPOTENCY_KEY
    if route.doc.if_match:
        yield parts.IF_MATCH
    if route.doc.if_match_to_replace:
        yield parts.IF_MATCH_TO_REPLACE
    if any("ETag" in answer.headers for answer in route.doc.answers.values()) and (
        route.method == "get"
    ):
        yield parts.IF_NONE_MATCH


def _answers(route: Route, matching: frozenset[str]) -> dict[str, Any]:
    made = {}
    for status, answer in route.doc.answers.items():
        made[str(status)] = _answer(answer, route.doc, matching)
    if any("ETag" in answer.headers for answer in route.doc.answers.values()) and (
        route.method == "get"
    ):
        made["304"] = {"description": "You have just that: your ETag is the current one."}
    return made


def _answer(answer: Answer, doc: Doc, matching: frozenset[str]) -> dict[str, Any]:
    names = [*answer.headers, *ALWAYS, *(["Idempotency-Replayed"] if doc.retries else [])]
    if doc.ending is not None:
        names += ending.HEADERS
    made: dict[str, Any] = {
        "description": answer.says,
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
    }
    made["content"] = {
        kind: {"schema": _content(kind, answer)} for kind in answer.media_type.split()
    }
    if answer.links:
        made["links"] = {
            component["operationId"]: {"$ref": f"#/components/links/{name}"}
            for name, component in links.components(answer, matching).items()
        }
    return made


def _content(kind: str, answer: Answer) -> dict[str, Any]:
    """The shape of an answer in one media type; of foreign JSON only that it is JSON."""
    if answer.shape and kind == JSON:
        return parts.ref(answer.shape)
    if kind.endswith("json"):
        return {}
    return _TEXT if kind.startswith("text/") else parts.BYTES


def _refusals(route: Route) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys([*_implied(route), *route.doc.problems]):
        by_status.setdefault(problems()[code].status, []).append(code)
    return {str(status): _refusal(status, codes) for status, codes in by_status.items()}


def _implied(route: Route) -> Iterator[str]:
    """The refusals that follow from a route's form."""
    if route.permission != PUBLIC:
        permission = cast("Permission", route.permission)
        yield "UNAUTHENTICATED"
        levels = {level(role, permission) for role in ROLES}
        if Level.SEES in levels:
            yield "FORBIDDEN"
        if Level.NOTHING in levels or "{" in route.path:
            yield "NOT_FOUND"
        yield from ("QUERY_UNKNOWN", "STORE_AWAY")
        if route.method != "get":
            yield from ("CSRF", "STORE_DISK_LOW", "STORE_FULL")
            if "{vendor}" in route.path or "{code}" in route.path:
                yield "HISTORY_FULL"
    elif "{" in route.path:
        yield "NOT_FOUND"
    names = {p["name"] for p in _parameters(route)}
    if names - set(parts.PATHS) or "date" in names:
        yield "INVALID_PARAMETER"
    if "after" in names:
        yield "CURSOR_INVALID"
    if _body_shape(route) is not None:
        yield from ("MALFORMED_JSON", "INVALID_BODY", "TOO_LARGE", "MEDIA_TYPE")
    elif route.doc.file is not None and not route.doc.table:
        yield "INVALID_BODY"
    if route.doc.retries:
        yield from ("IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_KEY_REUSED")
    if route.doc.if_match or route.doc.if_match_to_replace:
        yield from ("PRECONDITION_REQUIRED", "PRECONDITION_FAILED")
    if route.handler.opt.get(REQUIRED):
        yield "IDEMPOTENCY_KEY_MISSING"
    if not route.handler.opt.get(UNLIMITED):
        yield "RATE_LIMITED"
    yield "INTERNAL"


def _refusal(status: int, codes: list[str]) -> dict[str, Any]:
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in sorted(codes)}
    made: dict[str, Any] = {
        "description": " · ".join(f"`{code}`" for code in sorted(codes)),
        "content": {PROBLEM: {"schema": parts.PROBLEM_REF, "examples": examples}},
    }
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in ALWAYS}
    if status in {429, 503}:
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    if status == 401:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWW-Authenticate"}
    return {"headers": headers, **made}
