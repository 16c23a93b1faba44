"""Request bodies in the contract: JSON, a file, or a photograph in the place of JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import json

from tracker.api import contract_parts as parts
from tracker.api.operation import Doc
from tracker.api.rules import RULES
from tracker.services.bulk import ROWS_MAX


def json_body(shape: Any, doc: Doc) -> dict[str, Any]:
    """A body of this shape; where a photograph may come in its place, that too."""
    content: dict[str, Any] = {
        "application/json": {
            "schema": parts.ref(shape),
            "examples": {"request": {"value": doc.body}},
        }
    }
    if doc.photo is not None:
        content["multipart/form-data"] = {"schema": _form(*doc.photo, "image/*")}
    return {"required": True, "content": content}


def rows_body(shape: Any, csv: str, doc: Doc) -> dict[str, Any]:
    """A body of many of this shape: a JSON array, JSON lines or CSV."""
    many = {"type": "array", "minItems": 1, "maxItems": ROWS_MAX, "items": parts.ref(shape)}
    lines = "".join(json.encode(row).decode() + "\n" for row in doc.body)
    return {
        "required": True,
        "content": {
            "application/json": {"schema": many, "examples": {"request": {"value": doc.body}}},
            "application/jsonl": {
                "schema": parts.BYTES,
                "examples": {"request": {"value": lines}},
            },
            "text/csv": {"schema": parts.BYTES, "examples": {"request": {"value": csv}}},
        },
    }


def _form(part: str, fields: Any, media_type: str) -> dict[str, Any]:
    """The fields of a multipart body, and the part that is the file."""
    _, components = msgspec.json.schema_components([fields])
    schema: dict[str, Any]
    (schema,) = components.values()
    schema["properties"] = {
        name: _in_a_form(said, needed=name in schema["required"])
        for name, said in schema["properties"].items()
    }
    schema["properties"][part] = {**parts.BYTES, "contentMediaType": media_type}
    schema["required"] = [*schema["required"], part]
    return schema | RULES.get(fields.__name__, {})


def _in_a_form(said: dict[str, Any], *, needed: bool) -> dict[str, Any]:
    """A field of a form: there is no null, and what was left empty is as none."""
    said = parts.not_null(said)
    if needed or "pattern" not in said or "format" in said:
        return said
    return {"anyOf": [said, {"type": "string", "maxLength": 0}]}


def table_body(example: str) -> dict[str, Any]:
    """A body that is a table: CSV, or JSON lines."""
    text = {"schema": parts.BYTES}
    return {
        "required": True,
        "content": {
            "text/csv": {**text, "examples": {"request": {"value": example}}},
            "application/jsonl": text,
            "application/octet-stream": text,
        },
    }


def file_body(example: str, doc: Doc) -> dict[str, Any]:
    """The body of an upload: multipart, or the file itself."""
    schema = _form("file", doc.form, "application/octet-stream")
    raw = {"schema": parts.BYTES, "examples": {"request": {"value": example}}}
    return {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": schema,
                "examples": {"request": {"value": {**doc.query, "file": example}}},
            },
            "text/csv": raw,
            "application/octet-stream": {"schema": parts.BYTES},
        },
    }
