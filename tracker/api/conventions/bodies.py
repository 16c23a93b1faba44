"""Reads a JSON body against a Struct and tells **all** its faults, where msgspec tells the first.

The decoded JSON is walked along the Struct's fields; values are normalised on the way (by the
field's `normal`, see `tracker.api.resources.fields`). Null is the same as absent, but in a merge
patch, where it clears. A fault names its place as a JSON pointer and never repeats the value: it
may be somebody's name.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import msgspec
from msgspec import NODEFAULT, UNSET, inspect

from tracker.api.catalogue import faults
from tracker.domain.errors import Fault, Invalid
from tracker.tables.cells import label

T = TypeVar("T")

FAULTS_MAX = 100
"""Faults told of one body: more helps nobody."""

DAYS = (date(1976, 1, 1), date(2099, 12, 31))
"""Days that a fact may happen on: since Vietnam's clocks are one, and no typing error after."""

Normal = Callable[[str], tuple[str, str]]
"""A text as the registry keeps it, and a fault code or ''."""


@runtime_checkable
class Checked(Protocol):
    """A body with rules that span fields."""

    def faults(self) -> Iterable[Fault]:
        """What is wrong with the whole, though each field is right."""
        ...


def read(body: bytes, shape: type[T]) -> T:
    """The body as `shape`.

    Raises `Invalid`: `MALFORMED_JSON`, or `INVALID_BODY` with all faults.
    """
    try:
        raw = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        raise Invalid(
            "The body is not JSON in UTF-8. Check brackets, quotes and encoding.",
            code="MALFORMED_JSON",
        ) from None
    return check(raw, shape)


def check(raw: Any, shape: type[T]) -> T:
    """Decoded JSON as `shape`; raises `Invalid` (`INVALID_BODY`) with all faults."""
    walk = _Walk()
    value = _reader_of(cast("Hashable", shape))(walk, raw, "")
    if not walk.faults:
        made = msgspec.convert(value, shape)
        if _is_checked(cast("Hashable", type(made))):
            walk.faults += cast("Checked", made).faults()
        if not walk.faults:
            return made
    raise refusal(walk.faults)


def refusal(faults: Iterable[Fault]) -> Invalid:
    """The refusal of a body for these faults."""
    found = tuple(faults)[:FAULTS_MAX]
    count = "one fault" if len(found) == 1 else f"{len(found)} faults"
    return Invalid(
        f"The body has {count}; `errors` names each with its place. Nothing was written.",
        code="INVALID_BODY",
        faults=found,
    )


class _Walk:
    """One walk over one body."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, pointer: str, code: str, detail_: str) -> Any:
        self.faults.append(Fault(pointer, code, detail_))
        return UNSET

    def wrong(self, pointer: str, kind: inspect.Type) -> Any:
        return self.fault(
            pointer, "TYPE", f"This must be {_NAMES.get(type(kind), 'another type')}."
        )


_Reader = Callable[[_Walk, Any, str], Any]
"""Takes a value at a place (JSON pointer): the value normalised, or faults and anything."""


@cache
def _reader_of(shape: Hashable) -> _Reader:
    """What reads bodies of this shape: made once, for a body comes with every request."""
    return _reader(inspect.type_info(shape))


@cache
def _is_checked(kind: Hashable) -> bool:
    return issubclass(cast("type", kind), Checked)


_NAMES = {
    inspect.StrType: "a text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.ListType: "a list",
    inspect.StructType: "an object",
    inspect.DateType: "a date such as 2026-11-21",
    inspect.DateTimeType: "a time with its offset such as 2026-11-21T08:30:00+07:00",
}


def _reader(kind: inspect.Type, normal: Normal | None = None) -> _Reader:
    match kind:
        case inspect.Metadata():
            return _reader(kind.type, (kind.extra or {}).get("normal", normal))
        case inspect.UnionType():
            inner = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            given = _reader(inner[0], normal)
            return lambda walk, raw, at: None if raw is None else given(walk, raw, at)
        case inspect.StructType():
            return _struct(kind)
        case inspect.ListType() | inspect.VarTupleType():
            return _items(kind)
        case inspect.StrType():
            return _text(kind, normal)
        case inspect.LiteralType():
            return _literal(kind)
        case inspect.IntType() | inspect.FloatType():
            return _number(kind)
        case inspect.BoolType():
            return lambda walk, raw, at: raw if isinstance(raw, bool) else walk.wrong(at, kind)
        case inspect.DateType() | inspect.DateTimeType():
            return _moment(kind)
    raise TypeError(f"Bodies have no {kind}.")


def _struct(kind: inspect.StructType) -> _Reader:
    fields = {field.encode_name: field for field in kind.fields}
    readers = {name: _reader(field.type) for name, field in fields.items()}
    required = {name for name, field in fields.items() if field.required}
    patched = {name: _clearable(field) for name, field in fields.items() if _patches(field)}

    def read(walk: _Walk, raw: Any, pointer: str) -> Any:
        if not isinstance(raw, dict):
            return walk.wrong(pointer, kind)
        for name in [name for name in raw if name not in fields]:
            near = difflib.get_close_matches(name[:64], fields, 1)
            hint = f"Did you mean `{near[0]}`?" if near else "Known: " + ", ".join(fields) + "."
            walk.fault(f"{pointer}/{_escaped(name)}", "UNKNOWN_FIELD", hint)
        made = {}
        for name, reader in readers.items():
            given = raw.get(name)
            place = f"{pointer}/{name}"
            if name in patched and name in raw:
                value = None if given is None else reader(walk, given, place)
                if value is None and not patched[name]:
                    walk.fault(place, "EMPTY", "This cannot be cleared.")
                made[name] = value
                continue
            if given is None:
                if name in required:
                    walk.fault(place, "MISSING", "This is required.")
                continue
            value = reader(walk, given, place)
            if value is None and name in required:
                walk.fault(place, "EMPTY", "This must not be empty.")
            elif value is not None:
                made[name] = value
        return made

    return read


def _items(kind: inspect.ListType | inspect.VarTupleType) -> _Reader:
    least, most, reader = kind.min_length, kind.max_length, _reader(kind.item_type)

    def read(walk: _Walk, raw: Any, pointer: str) -> Any:
        if not isinstance(raw, list):
            return walk.fault(pointer, "TYPE", "This must be a list.")
        if most is not None and len(raw) > most:
            return walk.fault(pointer, "TOO_LONG", f"At most {most} entries.")
        if least is not None and len(raw) < least:
            return walk.fault(pointer, "TOO_SHORT", f"At least {least} entries.")
        made = []
        for n, item in enumerate(raw):
            value = None if item is None else reader(walk, item, f"{pointer}/{n}")
            if value is None:
                walk.fault(f"{pointer}/{n}", "EMPTY", "This must not be empty.")
            made.append(value)
        return made

    return read


def _text(kind: inspect.StrType, normal: Normal | None) -> _Reader:
    least, most = kind.min_length, kind.max_length
    pattern = None if kind.pattern is None else re.compile(kind.pattern, re.ASCII)

    def read(walk: _Walk, raw: Any, pointer: str) -> Any:
        if not isinstance(raw, str):
            return walk.wrong(pointer, kind)
        value, code = (label(raw), "") if normal is None else normal(raw)
        if code:
            return walk.fault(pointer, code, _explained(code))
        if not value:
            return None
        if most is not None and len(value) > most:
            return walk.fault(pointer, "TOO_LONG", f"At most {most} characters.")
        if least is not None and len(value) < least:
            return walk.fault(pointer, "TOO_SHORT", f"At least {least} characters.")
        if pattern is not None and pattern.search(value) is None:
            return walk.fault(pointer, "PATTERN", f"This must match {kind.pattern}")
        return value

    return read


def _literal(kind: inspect.LiteralType) -> _Reader:
    allowed = ", ".join(str(value) for value in kind.values)

    def read(walk: _Walk, raw: Any, pointer: str) -> Any:
        if isinstance(raw, str | int) and raw in kind.values:
            return raw
        return walk.fault(pointer, "NOT_ALLOWED", f"One of: {allowed}.")

    return read


def _number(kind: inspect.IntType | inspect.FloatType) -> _Reader:
    taken = (int,) if isinstance(kind, inspect.IntType) else (int, float)
    least, most = kind.ge, kind.le

    def read(walk: _Walk, raw: Any, pointer: str) -> Any:
        if isinstance(raw, bool) or not isinstance(raw, taken):
            return walk.wrong(pointer, kind)
        if least is not None and raw < least:
            return walk.fault(pointer, "OUT_OF_RANGE", f"At least {least}.")
        if most is not None and raw > most:
            return walk.fault(pointer, "OUT_OF_RANGE", f"At most {most}.")
        return raw

    return read


def _moment(kind: inspect.DateType | inspect.DateTimeType) -> _Reader:
    whole = isinstance(kind, inspect.DateType)

    def read(walk: _Walk, raw: Any, pointer: str) -> Any:
        value: date
        try:
            if whole:
                value = day = msgspec.convert(raw, date) if len(raw) == 10 else _not_a_date()
            else:
                value = stated = msgspec.convert(raw, datetime)
                if stated.tzinfo is None:
                    return walk.wrong(pointer, kind)
                day = stated.astimezone(UTC).date()
        except (msgspec.ValidationError, TypeError, ValueError, OverflowError):
            return walk.wrong(pointer, kind)
        if not DAYS[0] <= day <= DAYS[1]:
            return walk.fault(
                pointer, "OUT_OF_RANGE", f"From {DAYS[0]} to {DAYS[1]}; correct the year."
            )
        return value

    return read


def _patches(field: inspect.Field) -> bool:
    """A field of a merge patch (RFC 7396; its default is UNSET): absent and null differ."""
    return not field.required and field.default is NODEFAULT and field.default_factory is NODEFAULT


def _clearable(field: inspect.Field) -> bool:
    kind = field.type
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return isinstance(kind, inspect.UnionType)


def _explained(code: str) -> str:
    entry = faults().get(code)
    return "This cannot be read." if entry is None else f"{entry.meaning} {entry.mend}"


def _not_a_date() -> date:
    raise ValueError("not a date")


def _escaped(name: str) -> str:
    return name[:64].replace("~", "~0").replace("/", "~1")
