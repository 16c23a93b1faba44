"""What `schemathesis run` must be told: how rows are written as lines, what values there are of our
own formats, and which refusals are right though a schema cannot say so.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import schemathesis
from hypothesis import strategies as st
from msgspec import json
from schemathesis.core.failures import Failure

PROBLEM = "application/problem+json"
CHECKS = {
    "positive_data_acceptance": "RejectedPositiveData",
    "negative_data_rejection": "AcceptedNegativeData",
}
"""The checks that have exceptions, and the failure of each."""

_RUN = os.getpid()
"""Several runs ask one service with one key: what is new in one is new to all."""

_requests = count(1)

schemathesis.openapi.format(
    "date", st.dates(date(1976, 1, 1), date(2099, 12, 31)).map(date.isoformat)
)
schemathesis.openapi.format(
    "date-time",
    st.datetimes(
        datetime(1976, 1, 2),  # noqa: DTZ001  # what hypothesis takes
        datetime(2099, 12, 30),  # noqa: DTZ001
        timezones=st.just(UTC),
    ).map(datetime.isoformat),
)
schemathesis.openapi.format("phone", st.integers(300_000_000, 999_999_999).map("0{}".format))
schemathesis.openapi.format("login", st.integers(0, 999_999).map("p{}@example.vn".format))


class Excepted(NamedTuple):
    """An answer that a check may get: of an operation, the problem's code or a fault's within."""

    failure: str
    operation: str
    code: str


def _exceptions() -> Iterator[Excepted]:
    file = Path(__file__).with_name("schemathesis_exceptions.toml")
    for one in tomllib.loads(file.read_text("utf-8"))["except"]:
        for operation in one["operations"]:
            for code in one["answers"]:
                yield Excepted(CHECKS[one["check"]], operation, code)


EXCEPTED = frozenset(_exceptions())


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
        case.headers["Idempotency-Key"] = f"{_RUN}-{next(_requests)}"
    if case.query:
        case.query.pop("after", None)
    if "If-Match" in (case.headers or {}):
        case.headers["If-Match"] = "*"
    case.body = _written(case.body)


@schemathesis.hook
def filter_failure(_: Any, failure: Failure, case: Any, response: Any) -> bool:
    """Whether a failure stays one: all that the answer says must be excepted for the operation."""
    operation = case.operation.definition.raw["operationId"]
    return not all(
        Excepted(type(failure).__name__, operation, code) in EXCEPTED for code in _said(response)
    )


@schemathesis.check
def problem_is_documented(_: Any, response: Any, case: Any) -> None:
    """A refusal has a code that the contract tells of this operation and status."""
    told = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    content = told.get("content", {}).get(PROBLEM)
    if content is not None:
        code = response.json()["code"]
        assert code in content["examples"], f"{code} is not among the problems of this operation"


def _said(response: Any) -> list[str]:
    """What an answer says: each fault of a body, else the problem's code, else the status."""
    if response.headers.get("content-type", [""])[0] != PROBLEM:
        return [str(response.status_code)]
    problem = response.json()
    if problem["code"] != "INVALID_BODY":
        return [problem["code"]]
    return [f"INVALID_BODY/{fault['code']}" for fault in problem["errors"]]


def _written(value: Any) -> Any:
    """1077.0 is an integer to JSON Schema; who sends whole dong writes 1077."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _written(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_written(one) for one in value]
    return value
