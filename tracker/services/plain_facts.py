"""Facts as people read them: kinds as words, fields as plain values, nothing personal."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

from msgspec.structs import asdict

from tracker.domain.codes import code_id, event_id, parse_subject_event
from tracker.domain.days import day_date, moment_text
from tracker.domain.errors import NotFound
from tracker.domain.facts import AreasSeeded, Fact, FirstPaid, KeyCreated, KeyRotated

Plain = str | int | bool | list[str] | None
ByKind = Literal["key", "person", "import_row", "job", "approval", "office", "service"]

SEALED: Final = "sealed"
"""In place of a personal blob, and of what proves a secret."""

_COMMON: Final = {"at", "recorded", "by"}
_DAYS: Final = {"due_on", "area_from", "effective_on", "day", "valid_from", "valid_to"}
_MOMENTS: Final = {"since", "until", "expires"}
_EVENTS: Final = {"event", "incident", "account", "standing", "asked"}
_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_STATED_BY: Final[tuple[tuple[ByKind, re.Pattern[str]], ...]] = (
    ("key", re.compile(r"[a-z2-7]{8}", re.ASCII)),
    ("person", re.compile(r"p[a-z2-7]{8}", re.ASCII)),
    ("import_row", re.compile(r"[a-z][a-z2-7]{16}\.[0-9]+", re.ASCII)),
    ("job", re.compile(r"[a-z][a-z2-7]{16}", re.ASCII)),
    ("office", re.compile(r"cli")),
)


def kind_of(fact: Fact) -> str:
    """The fact's kind in lower_snake."""
    return name_of_kind(type(fact))


def name_of_kind(kind: type[Fact]) -> str:
    """A kind of facts in lower_snake."""
    return _WORD.sub("_", kind.__name__).lower()


def by_kind(by: str) -> ByKind:
    """What stated a fact, by the form of `by`; `office` is the command line, `service` the
    service's own derived steps.
    """
    for kind, form in _STATED_BY:
        if form.fullmatch(by):
            return kind
    try:
        parse_subject_event(by)
    except NotFound:
        return "service"
    return "approval"


def all_fields(fact: Fact, subject: str) -> dict[str, Plain]:
    """All fields of a fact beside its times and who stated it; `subject` begins its ids.

    What is personal, and the digest of a key's secret, is `sealed`; a table of units and a set of
    vendors are their size.
    """
    secret = isinstance(fact, KeyCreated | KeyRotated)
    shown: dict[str, Plain] = {}
    for name, value in asdict(fact).items():
        if name in _COMMON:
            continue
        if isinstance(value, bytes) and isinstance(fact, FirstPaid):
            shown[name] = int.from_bytes(value).bit_count()
        elif isinstance(value, bytes):
            hidden = name == "personal" or secret
            shown[name] = SEALED if hidden else value.hex() or None
        elif isinstance(fact, AreasSeeded) and name == "areas":
            shown[name] = len(value)
        else:
            shown["partner_ref" if name == "ref" else name] = _value(subject, name, value)
    return shown


def _value(subject: str, name: str, value: Any) -> Plain:
    if value is None or value == "":
        return None
    if name == "code" and isinstance(value, int):
        return code_id(subject, value)
    if name in _EVENTS and isinstance(value, int):
        return event_id(subject, value)
    if name in _MOMENTS:
        return moment_text(value)
    if name in _DAYS:
        return day_date(value).isoformat()
    if isinstance(value, tuple):
        return [_member(row) if isinstance(row, tuple) else str(row) for row in value]
    return value if isinstance(value, str | int) else str(value)


def _member(row: tuple[Any, ...]) -> str:
    """One unit of a market over time: its code, from and until (not on) which day."""
    code, _, first, end = row
    until = "" if end is None else f" until {day_date(end)}"
    return f"{code} from {day_date(first)}{until}"
