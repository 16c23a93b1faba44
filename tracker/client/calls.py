"""What all calls have in common: how one reads, writes under a key, and goes through pages."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
from msgspec import json

from tracker.client.retries import Retries
from tracker.client.shapes import Page, Written
from tracker.client.transport import Transport, decoded

T = TypeVar("T")

PAGE: Final = 500
"""Entries a page of the lists that are read through."""


class Calls:
    """A service and a key."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        retries: Retries | None = None,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.sleep = sleep
        self.wire = Transport(
            url, key, retries=retries, timeout_s=timeout_s, transport=transport, sleep=sleep
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        self.wire.close()

    def get(self, path: str, type_: type[T]) -> T:
        """What is there."""
        found: T = decoded(self.wire.send("GET", path), type_)
        return found

    def post(
        self,
        path: str,
        body: Any,
        key: str | None,
        type_: type[T],
        query: Mapping[str, Any] | None = None,
    ) -> Written[T]:
        """A write under a key, made here where none is given."""
        key = new_key() if key is None else key
        answer = self.wire.send("POST", path, query=query, body=json.encode(body), key=key)
        return Written(decoded(answer, type_), answer.status == 201, answer.replayed, key)

    def pages(
        self, path: str, type_: type[T], query: Mapping[str, Any] | None = None
    ) -> Iterator[T]:
        """The entries of a list, page after page."""
        after: str | None = None
        while True:
            given = {**(query or {}), "limit": PAGE, "after": after}
            answer = self.wire.send("GET", path, query=given)
            page: Page[T] = decoded(answer, Page[type_])  # type: ignore[valid-type]
            yield from page.items
            if page.next is None:
                return
            after = page.next


def new_key() -> str:
    """A new Idempotency-Key."""
    return str(uuid.uuid4())


def part_of(text: str) -> str:
    """A part of a path: an id that holds a slash stays one part."""
    return quote(text, safe="")


def moment_of(value: datetime | str | None) -> str | None:
    """A time as it is sent; raises `ValueError` where its offset is missing."""
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("A time needs its offset: datetime.now(ZoneInfo('Asia/Ho_Chi_Minh')).")
    return value.isoformat()
