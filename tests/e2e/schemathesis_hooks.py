"""What `schemathesis run` must be told: how rows are written as lines, and what no schema says."""

from __future__ import annotations

from itertools import count
from typing import Any

import schemathesis
from msgspec import json

_requests = count(1)


@schemathesis.serializer("application/jsonl", "text/csv")
def lines(_: Any, value: Any) -> Any:
    """Text as it is; a list as JSON lines."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode(errors="replace")
    rows = value if isinstance(value, list) else [value]
    return b"".join(json.encode(row) + b"\n" for row in rows)


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """A request that should be taken is a new one, and is no page after none."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive:
        return
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = f"new-{next(_requests)}"
    if case.query:
        case.query.pop("after", None)
    if "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = "*"
    case.body = _written(case.body)


def _written(value: Any) -> Any:
    """1077.0 is an integer to JSON Schema; who sends whole dong writes 1077."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _written(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_written(one) for one in value]
    return value
