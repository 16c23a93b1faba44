"""Pages: a limit, and an opaque cursor that holds only for the list and filters it came from."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from litestar.params import QueryParameter
from msgspec import UNSET, Struct, UnsetType

from tracker.access.vault import Keyring
from tracker.api.conventions.call import ApiRequest
from tracker.domain.errors import Fault, Invalid

T = TypeVar("T")

LIMIT = 100
LIMIT_MAX = 1_000
_MAC_BYTES = 8

Limit = Annotated[
    int,
    QueryParameter(ge=1, description=f"Entries a page; more than {LIMIT_MAX} counts as that."),
]
After = Annotated[
    str | None,
    QueryParameter(description="The cursor `next` of the page before, for the same filters."),
]


class Page(Struct, Generic[T], frozen=True, omit_defaults=True):
    """A page; `next` is the cursor of the page after it, absent at the end."""

    items: list[T]
    next: str | UnsetType = UNSET


class Cursor:
    """Writes and reads the cursors of one list: its path and its filters."""

    def __init__(self, request: ApiRequest, *filters: object) -> None:
        self._keyring: Keyring = request.tracker.keyring
        self._scope = (request.scope["path"], *("" if f is None else f"={f}" for f in filters))

    def write(self, place: str) -> str:
        """The cursor for what follows `place`."""
        sealed = self._mac(place) + place.encode()
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def read(self, after: str | None) -> str | None:
        """The place behind a cursor; raises `Invalid` (`CURSOR_INVALID`) for another list's."""
        if after is None:
            return None
        try:
            sealed = base64.b64decode(after + "=" * (-len(after) % 4), b"-_", validate=True)
            place = sealed[_MAC_BYTES:].decode()
        except (ValueError, binascii.Error):
            raise _refused() from None
        if not hmac.compare_digest(sealed[:_MAC_BYTES], self._mac(place)):
            raise _refused()
        return place

    def _mac(self, place: str) -> bytes:
        return self._keyring.lookup("cursor", *self._scope, place)[:_MAC_BYTES]


def clamped(limit: int) -> int:
    """The limit, at most `LIMIT_MAX`; below 1 the route's own parameter refuses it."""
    return min(limit, LIMIT_MAX)


def page_of(
    request: ApiRequest,
    items: Sequence[T],
    place: Callable[[T], str],
    limit: int,
    after: str | None,
    *filters: object,
) -> Page[T]:
    """A page of a short list that is in ascending order of `place`; its cursor binds `filters`."""
    cursor = Cursor(request, *filters)
    start = cursor.read(after)
    rest = items if start is None else [item for item in items if place(item) > start]
    some = list(rest[: clamped(limit)])
    return page(some, cursor.write(place(some[-1])) if len(rest) > len(some) else None)


def page(items: list[Any], after: str | None) -> Page[Any]:
    """A page with the cursor of the next one, if there is one."""
    return Page(items, UNSET if after is None else after)


def _refused() -> Invalid:
    return Invalid(
        "This cursor does not belong to this list and these filters. Begin again without `after`.",
        code="CURSOR_INVALID",
        faults=(Fault("/query/after", "CURSOR_INVALID", "Not a cursor of this list."),),
    )
