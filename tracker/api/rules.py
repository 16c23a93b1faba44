"""Rules between the fields of a body, as JSON Schema says them: told beside the code that holds
them, and found in the contract.

Only what a schema can say without the registry: whether a day lies before another, or a market is
there, is told in an answer. `if`, `then`, `else` (2020-12 §10.2.2.1) need no list of shapes that
clients would have to choose from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

RULES: Final[dict[str, dict[str, Any]]] = {}
"""Keywords that a shape's schema has beside those of its fields, by the shape's name."""


def rule(
    when: dict[str, Any], then: dict[str, Any], otherwise: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Where a body satisfies `when` it satisfies `then`, else `otherwise`."""
    made = {"if": when, "then": then}
    return made if otherwise is None else {**made, "else": otherwise}


def told(keywords: dict[str, Any]) -> Callable[[type[T]], type[T]]:
    """Adds keywords to the schema of a shape."""

    def tell(shape: type[T]) -> type[T]:
        RULES[shape.__name__] = keywords
        return shape

    return tell


def is_(name: str, *values: Any) -> dict[str, Any]:
    """The field is there and one of these."""
    return {"properties": {name: {"enum": list(values)}}, "required": [name]}


def needs(**fields: dict[str, Any]) -> dict[str, Any]:
    """These fields are there, each as its schema says."""
    return {"properties": fields, "required": list(fields)}


def optional(**fields: list[Any]) -> dict[str, Any]:
    """These fields are absent, null, or one of the values."""
    return {"properties": {name: {"enum": [*values, None]} for name, values in fields.items()}}


def both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What satisfies the one and the other; they speak of different fields."""
    return {**one, **other, "properties": one["properties"] | other["properties"]}


def without(*names: str) -> dict[str, Any]:
    """These fields are not there: absent, null, or an empty text."""
    empty = {"type": ["null", "string"], "maxLength": 0}
    return {"properties": dict.fromkeys(names, empty)}


TEXT: Final = {"type": "string", "minLength": 1}
NUMBER: Final = {"type": "number"}
OBJECT: Final = {"type": "object"}
SOME: Final = {"type": "array", "minItems": 1}
