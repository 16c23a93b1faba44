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
    value = walk.value(_kind(cast("Hashable", shape)), raw, "")
    if not walk.faults:
        made = msgspec.convert(value, shape)
        if isinstance(made, Checked):
            walk.faults += made.faults()
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


@cache
def _kind(shape: Hashable) -> inspect.Type:
    return inspect.type_info(shape)


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

    def value(
        self, kind: inspect.Type, raw: Any, pointer: str, normal: Normal | None = None
    ) -> Any:
        match kind:
            case inspect.Metadata():
                extra = kind.extra or {}
                return self.value(kind.type, raw, pointer, extra.get("normal", normal))
            case inspect.UnionType():
                inner = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
                return None if raw is None else self.value(inner[0], raw, pointer, normal)
            case inspect.StructType():
                return self.struct(kind, raw, pointer)
            case inspect.ListType() | inspect.VarTupleType():
                return self.items(kind, raw, pointer)
            case inspect.StrType():
                return self.text(kind, raw, pointer, normal)
            case inspect.LiteralType():
                return self.literal(kind, raw, pointer)
            case inspect.IntType():
                return self.integer(kind, raw, pointer)
            case inspect.FloatType():
                return self.number(kind, raw, pointer)
            case inspect.BoolType():
                return raw if isinstance(raw, bool) else self.wrong(pointer, kind)
            case inspect.DateType() | inspect.DateTimeType():
                return self.moment(kind, raw, pointer)
        raise TypeError(f"Bodies have no {kind}.")

    def struct(self, kind: inspect.StructType, raw: Any, pointer: str) -> Any:
        if not isinstance(raw, dict):
            return self.wrong(pointer, kind)
        fields = {field.encode_name: field for field in kind.fields}
        for name in raw:
            if name not in fields:
                near = difflib.get_close_matches(name[:64], fields, 1)
                hint = f"Did you mean `{near[0]}`?" if near else "Known: " + ", ".join(fields) + "."
                self.fault(f"{pointer}/{_escaped(name)}", "UNKNOWN_FIELD", hint)
        made = {}
        for name, field in fields.items():
            given = raw.get(name)
            place = f"{pointer}/{name}"
            if name in raw and _patches(field):
                value = None if given is None else self.value(field.type, given, place)
                if value is None and not _clearable(field):
                    self.fault(place, "EMPTY", "This cannot be cleared.")
                made[name] = value
                continue
            if given is None:
                if field.required:
                    self.fault(place, "MISSING", "This is required.")
                continue
            value = self.value(field.type, given, place)
            if value is None and field.required:
                self.fault(place, "EMPTY", "This must not be empty.")
            elif value is not None:
                made[name] = value
        return made

    def items(self, kind: inspect.ListType | inspect.VarTupleType, raw: Any, pointer: str) -> Any:
        if not isinstance(raw, list):
            return self.fault(pointer, "TYPE", "This must be a list.")
        most = kind.max_length
        if most is not None and len(raw) > most:
            return self.fault(pointer, "TOO_LONG", f"At most {most} entries.")
        if kind.min_length is not None and len(raw) < kind.min_length:
            return self.fault(pointer, "TOO_SHORT", f"At least {kind.min_length} entries.")
        made = []
        for n, item in enumerate(raw):
            value = None if item is None else self.value(kind.item_type, item, f"{pointer}/{n}")
            if value is None:
                self.fault(f"{pointer}/{n}", "EMPTY", "This must not be empty.")
            made.append(value)
        return made

    def text(self, kind: inspect.StrType, raw: Any, pointer: str, normal: Normal | None) -> Any:
        if not isinstance(raw, str):
            return self.wrong(pointer, kind)
        value, code = (label(raw), "") if normal is None else normal(raw)
        if code:
            return self.fault(pointer, code, _explained(code))
        if not value:
            return None
        if kind.max_length is not None and len(value) > kind.max_length:
            return self.fault(pointer, "TOO_LONG", f"At most {kind.max_length} characters.")
        if kind.min_length is not None and len(value) < kind.min_length:
            return self.fault(pointer, "TOO_SHORT", f"At least {kind.min_length} characters.")
        if kind.pattern is not None and re.search(kind.pattern, value, re.ASCII) is None:
            return self.fault(pointer, "PATTERN", f"This must match {kind.pattern}")
        return value

    def literal(self, kind: inspect.LiteralType, raw: Any, pointer: str) -> Any:
        if isinstance(raw, str | int) and raw in kind.values:
            return raw
        allowed = ", ".join(str(value) for value in kind.values)
        return self.fault(pointer, "NOT_ALLOWED", f"One of: {allowed}.")

    def integer(self, kind: inspect.IntType, raw: Any, pointer: str) -> Any:
        if isinstance(raw, bool) or not isinstance(raw, int):
            return self.wrong(pointer, kind)
        if kind.ge is not None and raw < kind.ge:
            return self.fault(pointer, "OUT_OF_RANGE", f"At least {kind.ge}.")
        if kind.le is not None and raw > kind.le:
            return self.fault(pointer, "OUT_OF_RANGE", f"At most {kind.le}.")
        return raw

    def number(self, kind: inspect.FloatType, raw: Any, pointer: str) -> Any:
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            return self.wrong(pointer, kind)
        if kind.ge is not None and raw < kind.ge:
            return self.fault(pointer, "OUT_OF_RANGE", f"At least {kind.ge}.")
        if kind.le is not None and raw > kind.le:
            return self.fault(pointer, "OUT_OF_RANGE", f"At most {kind.le}.")
        return raw

    def moment(self, kind: inspect.DateType | inspect.DateTimeType, raw: Any, pointer: str) -> Any:
        whole = isinstance(kind, inspect.DateType)
        value: date
        try:
            if whole:
                value = day = msgspec.convert(raw, date) if len(raw) == 10 else _not_a_date()
            else:
                value = stated = msgspec.convert(raw, datetime)
                if stated.tzinfo is None:
                    return self.wrong(pointer, kind)
                day = stated.astimezone(UTC).date()
        except (msgspec.ValidationError, TypeError, ValueError, OverflowError):
            return self.wrong(pointer, kind)
        if not DAYS[0] <= day <= DAYS[1]:
            return self.fault(
                pointer, "OUT_OF_RANGE", f"From {DAYS[0]} to {DAYS[1]}; correct the year."
            )
        return value


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
