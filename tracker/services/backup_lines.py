"""The lines of a backup's files. Their form is described in `docs/backup-format.md`.

A fact is a JSON array, as it is a msgpack array in the store: the same values, bytes as base64, and
`base64` says at which places those are. Packed again in the shortest msgpack form it is the stored
bytes; a fact of which that is not true stands whole in `raw`.
"""

from __future__ import annotations

import binascii
from typing import Any, Final

from msgspec import DecodeError, Struct, json, msgpack


class LedgerBegins(Struct, frozen=True, tag_field="is", tag="ledger"):
    """The entries that follow are those of this ledger: a market's id, or `sys`."""

    name: str


class Entry(Struct, frozen=True, tag_field="is", tag="entry", omit_defaults=True):
    """One entry of a ledger."""

    position: int
    subject: str
    fact: list[Any] | None = None
    base64: list[int] = []
    raw: bytes | None = None


class SealLine(Struct, frozen=True, tag_field="is", tag="seal"):
    """A seal; it follows the last entry that it covers."""

    number: int
    first: int
    last: int
    digest: str


class LedgerEnds(Struct, frozen=True, tag_field="is", tag="end"):
    """The ledger ends here; `digest` is what a seal of the rest would have."""

    position: int
    digest: str


LedgerLine = LedgerBegins | Entry | SealLine | LedgerEnds


class SpaceLine(Struct, frozen=True):
    """A space's records: the counter of vendor numbers, since when figures may be outdated."""

    space: str
    numbers: int
    mark: dict[str, str]


class BodyLine(Struct, frozen=True):
    """A published body, or (its name ends with `d`) what one withholds, as canonical JSON."""

    space: str
    body: str
    text: str


class PaidLine(Struct, frozen=True):
    """What banks reported for a day: BIN → payments, dong, the set of vendors (null = dropped)."""

    space: str
    day: str
    banks: dict[str, tuple[int, int, bytes | None]]


class KeysLine(Struct, frozen=True):
    """Wrapped data keys, by vendor number or person; of `secrets`, by name."""

    space: str
    keys: dict[str, bytes]


class FeedLine(Struct, frozen=True):
    """An entry of the feed."""

    position: int
    market: str
    body: str
    published: int | None


class ServiceLine(Struct, frozen=True):
    """What the service keeps once: progress of derived steps, what people sign in with."""

    closed_until: int | None
    examined: dict[str, int]
    used: dict[str, int]
    logins: dict[str, str]
    passwords: dict[str, bytes]
    invitations: dict[str, bytes]


class AnswerLine(Struct, frozen=True):
    """A stored answer, sealed by the master key, until when (ms)."""

    space: str
    name: str
    until: int
    sealed: bytes


class JobLine(Struct, frozen=True, omit_defaults=True):
    """A job's record or key (`value`), or some fields of its file or results."""

    name: str
    until: int | None
    value: bytes | None = None
    fields: dict[str, bytes] = {}


class ErasedLine(Struct, frozen=True):
    """A vendor whose personal data were erased; the form of `tracker erased list`."""

    vendor: str
    erased_at: str


def entry_line(position: int, subject: bytes, stored: bytes) -> tuple[bytes, int]:
    """The line of an entry, of which is read just what is stored, and the fact's kind (0: none).

    Raises `UnicodeDecodeError` for a subject that is no text.
    """
    name = subject.decode()
    try:
        fact = _unpack(stored)
        places = [n for n, value in enumerate(fact) if type(value) is bytes]
        line = _to_json(Entry(position, name, fact, places))
        if raw_of(_from_json(line)) == stored:
            return line, fact[0]
    except (DecodeError, TypeError, ValueError, IndexError):
        pass  # not a fact of ours: its bytes are kept as they are
    return _to_json(Entry(position, name, raw=stored)), 0


def raw_of(entry: Entry) -> bytes:
    """The fact as the store has it. Raises ValueError for a line that has none."""
    if entry.fact is None:
        if entry.raw is None:
            raise ValueError(f"Entry {entry.position} has no fact.")
        return entry.raw
    fact = entry.fact
    for place in entry.base64:
        fact[place] = binascii.a2b_base64(fact[place])
    raw: bytes = _pack(fact)
    return raw


_to_json: Final = json.Encoder().encode
_from_json: Final = json.Decoder(Entry).decode
_pack: Final = msgpack.Encoder().encode
_unpack: Final = msgpack.Decoder(list[Any]).decode
