"""The parts of the contract that are the same for all routes, and how their pieces are written."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, get_args, get_origin
from urllib.parse import urlencode

import msgspec

from tracker.api.catalogue import Entry
from tracker.api.conventions.call import UnsupportedMedia
from tracker.api.conventions.negotiation import NotAcceptable
from tracker.api.conventions.problems import MethodNotAllowed, type_of
from tracker.api.operation import Doc
from tracker.api.rules import RULES
from tracker.domain import errors
from tracker.domain.codes import code_id, event_id, vendor_code

_VENDOR: Final = vendor_code("CVT", 1)
_NEXT: Final = vendor_code("CVT", 2)

PATHS: Final[dict[str, str]] = {
    "market": "cho-vung-tau",
    "vendor": _VENDOR,
    "code": code_id(_VENDOR, 1),
    "bin": "970436",
    "date": "2023-05-31",
    "job": "sabcdefghijklmnop",
    "sheet": "pqrstuvwxyz234567",
    "key": "abcdefgh",
    "name": "stall-taken",
    "incident": event_id(_VENDOR, 8),
    "area": "26506",
    "group": "cho-hai-san",
    "indicator": "digital-signatures",
    "event": event_id(_VENDOR, 5),
    "doubt": f"same_name.{_VENDOR}.{_NEXT}",
    "approval": event_id("CVT", 9),
    "person": "pmnopqrst",
    "session": "0123456789abcdef",
}
"""A value for each path parameter; with the bodies of the routes they make one small story."""

SAID: Final[dict[str, str]] = {
    "market": "The market's id.",
    "vendor": "The vendor code that is printed on the sticker.",
    "code": "The code's id: vendor code and number.",
    "bin": "The bank's BIN, six digits.",
    "date": "A day by Vietnam's calendar.",
    "job": "The job's id.",
    "sheet": "The id of the job that draws the sheet.",
    "key": "The key's id, the part of a key after `cmt_`.",
    "person": "The person's id.",
    "session": "The session's id, from the list of sessions.",
    "name": "The code of a problem in lower case with dashes.",
    "incident": "The incident's id.",
    "area": "The code of a ward or province; with the day it names a unit.",
    "group": "The group's id.",
    "indicator": "The indicator's id.",
    "event": "The event's id: a vendor code or a market's prefix, and a number.",
    "doubt": "The doubt's id, as the list gives it.",
    "approval": "The approval's id, that of the event that asked for it.",
    "zone": "Of the vendor's own zone.",
    "category": "Of the vendor's own trade.",
}

TAGS: Final[dict[str, str]] = {
    "banks": "The banks that a payment can name.",
    "areas": "Administrative units over time.",
    "markets": "Markets and the declared numbers of their vendors.",
    "groups": "Named groups of markets over time.",
    "vendors": "Traders, their stalls and accounts.",
    "events": "What was stated about vendors and markets, and how a wrong fact is taken back.",
    "approvals": "Changes that one person asks for and another decides.",
    "codes": "Payment codes and what happens to their stickers.",
    "sheets": "Stickers of many vendors as one file to print.",
    "scans": "What hangs at the stalls, and which to visit next.",
    "incidents": "Strangers' codes at stalls.",
    "adoption": "The figures as they stand now.",
    "activity": "What the banks report of each day: how much was paid in all, and to whom.",
    "snapshots": "The figures of closed days, and the feed of all publications.",
    "indicators": "Cashless indicators around the markets, as others report them.",
    "imports": "Offices' rosters and banks' files.",
    "jobs": "What the workers were asked for.",
    "ledger": "Every fact in the order in which it was recorded, for auditors.",
    "keys": "API keys.",
    "people": "Accounts for the web.",
    "sessions": "People sign in and out, and choose their password.",
    "me": "The caller.",
    "health": "For supervisors and load balancers.",
    "pages": "This contract, and what each problem means.",
}

SECURITY: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key: `Authorization: Bearer cmt_…`. Role and scope belong to the key.",
}


SESSION: Final = {
    "type": "apiKey",
    "in": "cookie",
    "name": "tracker_session",
    "description": "Somebody who signed in (`POST /v1/session`). Over TLS the name begins with "
    "`__Host-`. A change also carries `X-CSRF-Token`, or comes from the service's own pages.",
}


def _header(says: str, **schema: Any) -> dict[str, Any]:
    return {"description": says, "schema": {"type": "string", **schema}}


HEADERS: Final[dict[str, Any]] = {
    "X-Request-Id": _header("The request's id: yours if it was sane, else one made here."),
    "ETag": _header("Changes with the body; give it as If-None-Match."),
    "Content-Disposition": _header("A name for the file; it says nothing about anybody."),
    "Location": _header("Where the resource or the job is found.", format="uri-reference"),
    "Idempotency-Replayed": _header(
        "`true` where this is the stored answer to an earlier request with the same key.",
        enum=["true"],
    ),
    "Link": _header('`rel="next"`: the next page, where there is one (RFC 8288).'),
    "Tracker-Cursor": _header("Where to go on: give it as `after` the next time, for ever."),
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "Set-Cookie": _header("The session, and the mark of this browser; no script reads them."),
    "WWW-Authenticate": _header("How to sign in."),
    "RateLimit-Policy": _header('The limit: `"key";q=600;w=60` is 600 requests in 60 seconds.'),
    "RateLimit": _header(
        '`"key";r=37;t=12`: 37 requests are left, and in 12 seconds one more comes free.'
    ),
}

IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same for a repeat of this request, new for each new one; bare or quoted. "
    "The answer is kept for seven days.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": r'^([!#-~]+|"[ !#-\[\]-~]+")$',
    },
    "examples": {"request": {"value": "9b0d6f2e-6f6c-4c9e-9a53-0d6c2f5b7a11"}},
}
IF_NONE_MATCH: Final[dict[str, Any]] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "ETags that you have, strong or weak, or `*`; 304 where one is current.",
    "schema": {"type": "string"},
}
IF_MATCH: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what you decided on; `*` is any.",
    "schema": {"type": "string"},
    "examples": {"request": {"value": "*"}},
}
IF_MATCH_TO_REPLACE: Final[dict[str, Any]] = {
    **IF_MATCH,
    "required": False,
    "description": "The ETag of the vendor that you decided on, where this replaces something "
    "that is there; `*` is any.",
}

TITLES: Final = {
    error.status: error.title
    for error in (
        errors.Unauthenticated,
        errors.Forbidden,
        errors.NotFound,
        MethodNotAllowed,
        NotAcceptable,
        errors.Conflict,
        errors.TooLarge,
        UnsupportedMedia,
        errors.KeyReused,
        errors.Outdated,
        errors.NoPrecondition,
        errors.Misdirected,
        errors.TooMany,
        errors.TrackerError,
        errors.Unavailable,
    )
}

BYTES: Final = {"type": "string", "format": "binary"}
"""A file. JSON Schema 2020-12 does not know the format; makers of typed clients do: without it they
take a picture for text."""


def not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without null: in an address or a form what is not given is not there."""
    there = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(there) != 1:
        return schema
    only: dict[str, Any] = there[0]
    return {name: said for name, said in schema.items() if name != "anyOf"} | only


PROBLEM_REF: Final = {"$ref": "#/components/schemas/Problem"}
PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "A refusal (RFC 9457). `code` is stable; `type` is a page that explains it.",
    "type": "object",
    "required": [
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "errors",
        "request_id",
    ],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
        "errors": {
            "description": "All faults, each with a JSON pointer: into the body, or /query/…, "
            "/path/… for parts of the address.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "request_id": {"type": "string"},
        "vendor": {
            "description": "The vendor code that a conflict is about.",
            "type": "string",
        },
        "event": {
            "description": "The event that a conflict is about.",
            "type": "string",
        },
    },
}


VERSION: Final = "1.0.0"
"""Of the contract: additive changes raise the second number; the first is the path's."""


def info() -> dict[str, Any]:
    """What the contract is."""
    return {
        "title": "Cashless market payment adoption tracker",
        "version": VERSION,
        "summary": "Who takes cashless payment in Vietnam's public markets, in figures that can be "
        "recomputed.",
        "description": "The system of record for payment codes in public markets: vendors, their "
        "codes and stickers, what happened to each, and the figures.\n\n"
        "Errors are `application/problem+json` with a stable `code`; each has a page under "
        "`/problems/`. Lists are pages: `limit` and `after`. Times are RFC 3339, days are "
        "Vietnam's, money is whole dong. Unknown fields and parameters are refused.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def bare(raw: Any) -> Any:
    """A parameter's type without what the framework knows about it."""
    return get_args(raw)[0] if get_origin(raw) is Annotated else raw


def name_of(shape: Any) -> str:
    """The component's name of a shape."""
    (schema,), _ = msgspec.json.schema_components([shape], ref_template="{name}")
    return str(schema.get("$ref", schema))


def ref(shape: Any) -> dict[str, str]:
    """The reference to a shape's component."""
    return {"$ref": "#/components/schemas/" + _tidy(name_of(shape))}


def renamed(components: dict[str, Any]) -> dict[str, Any]:
    """The components under tidy names, references and titles too."""
    text = msgspec.json.encode(components).decode()
    text = re.sub(
        r"#/components/schemas/(\w+)", lambda m: f"#/components/schemas/{_tidy(m[1])}", text
    )
    decoded: dict[str, dict[str, Any]] = msgspec.json.decode(text)
    for name, schema in decoded.items():
        if schema.get("additionalProperties") is False:
            _nullable(schema)
        schema.update(RULES.get(name, {}))
    tidy = {_tidy(name): {**schema, "title": _tidy(name)} for name, schema in decoded.items()}
    if len(tidy) < len(decoded):
        raise ValueError(f"Two shapes have one name in the contract: {sorted(decoded)}")
    return tidy


def _nullable(schema: dict[str, Any]) -> None:
    """What need not be there may be null: the two are the same in a body. What must be there is
    not empty.

    Not so in a merge patch, whose fields have no default: null clears, where that is possible.
    """
    for name, property_ in schema["properties"].items():
        may: list[Any] = property_.get("anyOf", [])
        patch = "default" not in property_
        if (name in schema.get("required", ()) or patch) and property_.get("type") == "string":
            property_.setdefault("minLength", 1)
        for one in (property_, *may):
            if one.get("items", {}).get("type") == "string":
                one["items"].setdefault("minLength", 1)
        if name in schema.get("required", ()) or patch:
            continue
        if {"type": "null"} not in may:
            may = [property_, {"type": "null"}]
            schema["properties"][name] = {"anyOf": may}
        if any("pattern" in one and "format" not in one for one in may):
            may.append({"type": "string", "maxLength": 0})  # an empty text is as none


def _tidy(name: str) -> str:
    return re.sub(r"^Page_(\w+?)(?:Out)?_$", r"\1Page", name).removesuffix("Out")


def problem_example(entry: Entry) -> dict[str, Any]:
    """An example of a problem document of this code."""
    return {
        "summary": entry.meaning,
        "description": entry.mend,
        "value": {
            "type": type_of(entry.code),
            "title": TITLES.get(entry.status, "Invalid request"),
            "status": entry.status,
            "detail": entry.meaning,
            "instance": "/v1/…",
            "code": entry.code,
            "errors": [],
            "request_id": "5f1c2a9be07d4416",
        },
    }


def address(path: str, query: dict[str, Any], own: dict[str, str] | None = None) -> str:
    """A path template and a query with the example's values; `own` are those of the route."""
    values = PATHS | (own or {})
    filled = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], path)
    return filled + ("?" + urlencode(query) if query else "")


def curl(path: str, method: str, doc: Doc) -> str:
    """The example as a line for a shell; `$TRACKER` is the address, `$KEY` a key."""
    line = "curl" if method == "get" else f"curl -X {method.upper()}"
    line += ' -H "Authorization: Bearer $KEY"'
    if doc.retries:
        line += ' -H "Idempotency-Key: $(uuidgen)"'
    if doc.if_match or doc.if_match_to_replace:
        line += " -H 'If-Match: *'"
    if doc.body is not None:
        body = json.dumps(doc.body, ensure_ascii=False).replace("'", "'\\''")
        line += f" -H 'Content-Type: application/json' -d '{body}'"
    if doc.file is not None:
        line += f" --data-binary @{'activity' if doc.table else 'roster'}.csv"
    return f'{line} "$TRACKER{address(path, doc.query, doc.path)}"'
