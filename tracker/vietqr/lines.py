"""Payloads as JSON lines, the form of `tracker vietqr parse -`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from msgspec import to_builtins

from tracker.vietqr.parse import Parsed, parse, rejected

FIELDS = (
    "bin",
    "account",
    "service",
    "initiation",
    "amount",
    "purpose",
    "merchant_name",
    "city",
    "mcc",
)


def row(id_: Any, parsed: Parsed) -> dict[str, Any]:
    """One result as plain values: `id`, `verdict`, the fields (absent is None), `problems`.

    A problem is `{position, path, code, severity, en, vi}`; after verdict ok there may be
    problems of severity `warning` (a BIN that takes no VietQR transfers).
    """
    fields = {name: getattr(parsed, name) for name in FIELDS}
    problems = to_builtins(parsed.problems)
    return {"id": id_, "verdict": parsed.verdict, **fields, "problems": list(problems)}


def parse_line(line: str | bytes) -> str:
    """One line `{"id", "payload"}` in, one result line out, without line end.

    Raises nothing: what is no JSON object is a reject with `NOT_JSON` and id null, a payload that
    is absent or no text a reject with `NOT_TEXT`. The id comes back as it was given (null for a
    number beyond what JSON can write).
    """
    try:
        text = line.decode() if isinstance(line, bytes) else line
        given = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        return _dump(row(None, rejected("NOT_JSON")))
    payload = given.get("payload")
    parsed = parse(payload) if isinstance(payload, str) else rejected("NOT_TEXT")
    return _dump(row(given.get("id"), parsed))


def parse_lines(lines: Iterable[str | bytes]) -> Iterator[str]:
    """`parse_line` for each line that is not blank."""
    return (parse_line(line) for line in lines if line.strip())


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _dump(result: dict[str, Any]) -> str:
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):  # an id such as 1e999, which JSON reads and cannot write
        text = json.dumps({**result, "id": None}, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # an id with half a surrogate pair
        return json.dumps(result)
    return text
