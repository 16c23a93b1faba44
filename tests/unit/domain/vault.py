"""A vault without secrets: it seals nothing, but holds a blob to its event as a real one does."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, msgpack

from tracker.domain.facts import T


class PlainVault:
    """Personal data in clear, with the ordinal of the event that the blob belongs to."""

    def seal(self, event: int, value: Struct) -> bytes:
        """The blob for the event with this ordinal."""
        return msgpack.encode((event, value))

    def open(self, event: int, blob: bytes, type_: type[T]) -> T:
        """What was sealed; raises `ValueError` where the blob belongs to another event."""
        sealed: tuple[int, Any] = msgpack.decode(blob, type=tuple[int, Any])
        if sealed[0] != event:
            raise ValueError(f"The blob of event {sealed[0]} was opened as that of {event}.")
        return msgpack.decode(msgpack.encode(sealed[1]), type=type_)


VAULT = PlainVault()
