"""One difference between the store and what the ledger says it should hold, and its text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple, TypeVar

from msgspec import DecodeError, Struct, msgpack

from tracker.domain.bitmaps import members, packed, who
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_date
from tracker.domain.rows import ROW_BYTES, unpack
from tracker.store.commit import MARKET, header
from tracker.store.publications import HEAD, Head, Latest
from tracker.store.views import SpaceViews, Stored

Kind = Literal[
    "ledger",
    "document",
    "name",
    "line",
    "row",
    "set",
    "approval",
    "publication",
    "report",
    "paid",
    "first_paid",
    "union",
    "counter",
    "body",
    "seal",
    "data_key",
    "feed",
    "feed_last",
]
VIEWS: Final[frozenset[Kind]] = frozenset(
    (
        "document",
        "name",
        "line",
        "row",
        "set",
        "approval",
        "publication",
        "report",
        "first_paid",
        "union",
        "counter",
        "feed_last",
    )
)
"""What `rebuild` makes anew; everything else is mended from a backup or not at all."""

NONE: Final = "none"
SHOWN_MAX: Final = 3
"""Vendors that a difference between sets names."""

V = TypeVar("V")


class Difference(Struct, frozen=True):
    """What differs. Nothing personal: of documents, bodies and keys only that and where.

    `space` is a market's id, or `sys` for the service itself. `subject` is a vendor code, a unique
    name, a day and line, a set's name, a publication's day and revision, and so on.
    """

    space: str
    kind: Kind
    subject: str
    expected: str
    found: str

    @property
    def is_view(self) -> bool:
        """Whether `rebuild` mends it."""
        return self.kind in VIEWS

    def text(self) -> str:
        """One line for people."""
        what = self.kind.replace("_", " ")
        return f"{self.space}: {what} {self.subject}: expected {self.expected}, found {self.found}"


class Label(NamedTuple):
    """How the subjects of a space are named to people."""

    prefix: str

    def subject(self, subject: str) -> str:
        """A vendor by its code, the market itself as `market`, others as they are."""
        if self.prefix and subject == MARKET:
            return "market"
        if self.prefix and subject.isascii() and subject.isdigit():
            return vendor_code(self.prefix, int(subject))
        return subject


def compare(space: str, label: Label, expected: SpaceViews, stored: Stored) -> Iterator[Difference]:
    """Every difference between the views as they should be and as they are stored."""
    found = stored.views
    if not _unreadable(stored, "docs"):
        for subject, should, is_ in _unequal(expected.docs, found.docs):
            yield Difference(
                space, "document", label.subject(subject), document(should), document(is_)
            )
    if not _unreadable(stored, "names"):
        for name, holder, other in _unequal(expected.names, found.names):
            yield Difference(space, "name", name, holder or NONE, other or NONE)
    if not _unreadable(stored, "lines"):
        for line, count, other in _unequal(expected.lines, found.lines):
            yield Difference(space, "line", _dated(line, ":"), count or NONE, other or NONE)
    if not _unreadable(stored, "rows"):
        for number, row, stored_row in _unequal(expected.rows, found.rows):
            yield Difference(space, "row", label.subject(number), _row(row), _row(stored_row))
    if not _unreadable(stored, "sets"):
        for name, vendors, stored_vendors in _unequal(expected.sets, found.sets):
            yield Difference(space, "set", name, *_members(label, vendors, stored_vendors))
    if not _unreadable(stored, "asked"):
        for field, moment, stored_moment in _unequal(expected.asked, found.asked):
            subject, _, ordinal = field.partition(".")
            named = f"{label.subject(subject)}.e{ordinal}"
            yield Difference(space, "approval", named, moment or NONE, stored_moment or NONE)
    if not _unreadable(stored, "published"):
        for field, should, is_ in _unequal(expected.published, found.published):
            records = _record(field, should), _record(field, is_)
            yield Difference(space, "publication", _dated(field, "."), *records)


WRONG: Final[Mapping[str, tuple[Kind, str]]] = {
    "ledger": ("ledger", "entries"),
    "docs": ("document", "all"),
    "names": ("name", "all"),
    "lines": ("line", "all"),
    "published": ("publication", "all"),
    "numbers": ("counter", "vendor numbers"),
    "bodies": ("body", "all"),
    "data_keys": ("data_key", "all"),
    "rows": ("row", "all"),
    "sets": ("set", "all"),
    "asked": ("approval", "all"),
}


def unreadable(space: str, stored: Stored) -> Iterator[Difference]:
    """What could not be read at all, because something else stands in its place."""
    for field, why in stored.wrong.items():
        yield Difference(space, *WRONG[field], "what the service writes", why)


def document(raw: bytes | None) -> str:
    """A document without its content: how many facts and bytes, and a digest to compare by."""
    if raw is None:
        return NONE
    digest = hashlib.sha256(raw).hexdigest()[:12]
    facts = int.from_bytes(raw[1:5], "big")
    if raw[:5] != header(facts):
        return f"{len(raw)} bytes that are no document (sha256 {digest})"
    return f"{facts} facts in {len(raw)} bytes (sha256 {digest})"


def publication(day: int, revision: int) -> str:
    """A publication by day and revision: `2023-05-31.1`."""
    return f"{_dated(str(day), '.')}.{revision}"


def _row(raw: bytes | None) -> str:
    if raw is None:
        return NONE
    if len(raw) != ROW_BYTES:
        return f"{len(raw)} bytes that are no row"
    return " ".join(f"{field}={value}" for field, value in unpack(raw)._asdict().items() if value)


def _members(label: Label, expected: bytes | None, found: bytes | None) -> tuple[str, str]:
    """Two bitmaps by their vendors, and which of these the other does not have."""
    should, is_ = who(expected or b""), who(found or b"")
    return _set(label, expected, should & ~is_), _set(label, found, is_ & ~should)


def _set(label: Label, raw: bytes | None, alone: int) -> str:
    if raw is None:
        return NONE
    named = [label.subject(str(number)) for number in members(packed(alone))]
    more = f" and {len(named) - SHOWN_MAX} more" if len(named) > SHOWN_MAX else ""
    with_ = f" with {', '.join(named[:SHOWN_MAX])}{more}" if named else ""
    return f"{who(raw).bit_count()} vendors{with_}"


def _unreadable(stored: Stored, field: str) -> bool:
    return field in stored.wrong


def _unequal(
    expected: Mapping[str, V], found: Mapping[str, V]
) -> Iterator[tuple[str, V | None, V | None]]:
    if expected == found:
        return
    for key in sorted(expected.keys() | found.keys()):
        should, is_ = expected.get(key), found.get(key)
        if should != is_:
            yield key, should, is_


def _dated(text: str, mark: str) -> str:
    """A day's number in front of a mark as its date; anything else as it is."""
    day, sign, rest = text.partition(mark)
    try:
        return f"{day_date(int(day)).isoformat()}{sign}{rest}"
    except (ValueError, OverflowError):
        return text


def _record(field: str, raw: bytes | None) -> str:
    if raw is None:
        return NONE
    if field.startswith("#"):
        return _dated(raw.decode(errors="backslashreplace"), ".")
    try:
        if field == HEAD:
            head = msgpack.decode(raw, type=Head)
            return f"number {head.ordinal} (digest {head.digest.hex()[:12]})"
        latest = msgpack.decode(raw, type=Latest)
    except DecodeError:
        return f"{len(raw)} bytes that are no record"
    return f"revision {latest.revision} (content {latest.content_digest.hex()[:12]})"
