"""Forms: what was typed, read as the shape that the API takes, or told back with its faults."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeVar, cast
from urllib.parse import parse_qsl

from msgspec import Struct, inspect

from tracker.api.conventions import bodies
from tracker.api.conventions.call import ApiRequest, UnsupportedMedia
from tracker.domain.errors import Invalid, TrackerError
from tracker.domain.text import squeeze

T = TypeVar("T")

FIELDS_MAX: Final = 10_000
"""A sheet's choice names every vendor of a large market."""

_ON: Final = {"on", "true", "1"}


class Typed(Struct, frozen=True):
    """What somebody typed, and why it was refused: what a form shows again.

    `refused` is None for a form that nobody has sent yet.
    """

    values: Mapping[str, str] = {}
    refused: TrackerError | None = None

    def fault(self, name: str) -> str | None:
        """The code of what is wrong with a field, if anything."""
        if self.refused is None:
            return None
        pointer = "/" + name.replace(".", "/")
        return next((one.code for one in self.refused.faults if one.pointer == pointer), None)

    @property
    def general(self) -> bool:
        """Whether the refusal is of the whole rather than of fields that the form names."""
        return self.refused is not None and not self.refused.faults


async def fields(request: ApiRequest) -> dict[str, list[str]]:
    """The values of a form's fields, by name.

    Raises `UnsupportedMedia`, and `Invalid` for more fields than any page of ours has.
    """
    if request.content_type[0] != "application/x-www-form-urlencoded":
        raise UnsupportedMedia("Send the form as a browser does.")
    try:
        pairs = parse_qsl(
            (await request.body()).decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX
        )
    except ValueError:
        raise Invalid("This form cannot be read.", code="BAD_REQUEST") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


async def values(request: ApiRequest) -> dict[str, str]:
    """The same with the last value of each field alone."""
    return {name: several[-1] for name, several in (await fields(request)).items()}


def read(given: Mapping[str, str], shape: type[T]) -> T:
    """The typed fields as `shape`; `account.bin` is the field `bin` of `account`.

    What was left empty is absent, fields that the shape does not know are the page's own. Raises
    `Invalid` (`INVALID_BODY`) with all faults.
    """
    return bodies.check(_tree(given, _struct(cast("Any", shape))), shape)


@cache
def _struct(shape: Any) -> inspect.StructType:
    kind = inspect.type_info(shape)
    if not isinstance(kind, inspect.StructType):
        raise TypeError(f"{shape} is no Struct.")
    return kind


def _tree(given: Mapping[str, str], kind: inspect.StructType, within: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in kind.fields:
        inner, name = _plain(field.type), f"{within}{field.encode_name}"
        if isinstance(inner, inspect.StructType):
            below = _tree(given, inner, f"{name}.")
            if below:
                made[field.encode_name] = below
        elif isinstance(inner, inspect.BoolType):
            if name in given:
                made[field.encode_name] = given[name] in _ON
        elif given.get(name, "").strip():
            made[field.encode_name] = _value(inner, given[name])
    return made


def _plain(kind: inspect.Type) -> inspect.Type:
    """A field's type without its notes and without null."""
    if isinstance(kind, inspect.Metadata):
        return _plain(kind.type)
    if isinstance(kind, inspect.UnionType):
        return _plain(next(one for one in kind.types if not isinstance(one, inspect.NoneType)))
    return kind


def _value(kind: inspect.Type, text: str) -> Any:
    """A whole number as people write it (1.234), a list a line each, anything else as typed."""
    if isinstance(kind, inspect.IntType):
        digits = squeeze(text).replace(".", "").replace(",", "").replace(" ", "")
        return int(digits) if digits.isascii() and digits.isdigit() else text
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return [line for line in map(str.strip, text.splitlines()) if line]
    return text
