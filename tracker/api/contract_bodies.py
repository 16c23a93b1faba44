"""Request bodies in the contract: JSON, a file, or a photograph in the place of JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import json

from tracker.api import contract_parts as parts
from tracker.api.operation import Doc
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
        content["multipart/form-data"] = {"schema": _form(*doc.photo)}
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


def _form(part: str, fields: Any) -> dict[str, Any]:
    """The fields of a multipart body, and the part that is the picture."""
    _, components = msgspec.json.schema_components([fields])
    schema: dict[str, Any]
    (schema,) = components.values()
    schema["properties"] = {
        name: parts.not_null(said) for name, said in schema["properties"].items()
    }
    schema["properties"][part] = {**parts.BYTES, "contentMediaType": "image/*"}
    schema["required"] = [*schema["required"], part]
    return schema


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


def file_body(example: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The body of an upload: multipart, or the file itself."""
    schema = {
        "type": "object",
        "required": ["file", "kind"],
        "properties": {
            "file": {**parts.BYTES, "contentMediaType": "application/octet-stream"},
            "kind": {"type": "string", "enum": ["roster", "attachments", "activity"]},
            "market": {"type": "string"},
            "effective_on": {"type": "string", "format": "date"},
            "dry_run": {"type": "boolean", "default": False},
        },
    }
    raw = {"schema": parts.BYTES, "examples": {"request": {"value": example}}}
    return {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": schema,
                "examples": {"request": {"value": {**fields, "file": example}}},
            },
            "text/csv": raw,
            "application/octet-stream": {"schema": parts.BYTES},
        },
    }
