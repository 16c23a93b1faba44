"""Lists in pages: how far one has turned over, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

PAGE: Final = 50
"""Rows of one page."""


class Some(Struct, Generic[T], frozen=True):
    """A part of a list: its rows, how many come before it, where the next one starts, if any."""

    rows: Sequence[T]
    start: int
    more: int | None
    found: int


def some(every: Sequence[T], skip: str, size: int = PAGE) -> Some[T]:
    """The rows after so many, as the query says; what is no number is none."""
    start = int(skip) if skip.isascii() and skip.isdigit() and len(skip) < 7 else 0
    following = start + size if start + size < len(every) else None
    return Some(every[start : start + size], start, following, len(every))
