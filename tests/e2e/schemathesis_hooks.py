"""What `schemathesis run` must be told: how rows are written as lines."""

from __future__ import annotations

from typing import Any

import schemathesis
from msgspec import json


@schemathesis.serializer("application/jsonl", "text/csv")
def lines(_: Any, value: Any) -> Any:
    """Text as it is; a list as JSON lines."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode(errors="replace")
    rows = value if isinstance(value, list) else [value]
    return b"".join(json.encode(row) + b"\n" for row in rows)
