"""When an operation ends: said in its answers and in the contract, long before it does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any, Final

from msgspec import Struct

from tracker.api.conventions.replies import Header


class Ending(Struct, frozen=True):
    """Not to be built against since `deprecated`; may answer 404 from `sunset` on, if that is set.

    Days begin at 00:00 UTC. `see` tells what to use instead.
    """

    deprecated: date
    sunset: date | None = None
    see: str = "/docs"

    def headers(self) -> tuple[Header, ...]:
        """`Deprecation` (RFC 9745 §2), `Sunset` (RFC 8594 §3), and the link that explains."""
        made: list[Header] = [
            (b"deprecation", b"@%d" % _begin(self.deprecated).timestamp()),
            (b"link", f'<{self.see}>; rel="deprecation"'.encode()),
        ]
        if self.sunset is not None:
            made.append((b"sunset", format_datetime(_begin(self.sunset), usegmt=True).encode()))
        return tuple(made)

    def says(self) -> str:
        """A sentence for the contract."""
        ends = "" if self.sunset is None else f" It ends on {self.sunset}."
        return f"Deprecated since {self.deprecated}.{ends} See {self.see}."


HEADERS: Final[dict[str, Any]] = {
    "Deprecation": {
        "description": "Since when this is deprecated: `@` and seconds since 1970 (RFC 9745).",
        "schema": {"type": "string"},
    },
    "Sunset": {
        "description": "When this ends (RFC 8594).",
        "schema": {"type": "string"},
    },
}


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
