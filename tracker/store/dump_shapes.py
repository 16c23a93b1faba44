"""What is read of a store for a backup, and written back by a restore."""

from __future__ import annotations

from typing import NamedTuple

from tracker.domain.errors import TrackerError
from tracker.store.erasures import Pending


class Damaged(TrackerError):
    """What is to be backed up is damaged already: a copy of it would restore nothing good."""

    status = 500
    title = "Store damaged"
    default_code = "STORE_DAMAGED"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} No backup was made. Keep the older ones, and see what `tracker verify` says."
        )


class SpaceRecords(NamedTuple):
    """What a space holds beside its ledger's entries and its views, at one moment.

    `position` is the last one that was ever given out. `mark` is empty where no figures are
    outdated. `paid` has the sets of vendors paid by day; what is derived of them is not there.
    """

    position: int
    numbers: int
    mark: dict[str, str]
    data_keys: dict[str, bytes]
    seals: dict[str, bytes]
    paid: dict[str, bytes]
    erasing: list[Pending]


class Early(NamedTuple):
    """Progress of derived steps: the last closed day, entries examined, when keys were used."""

    closed_until: int | None
    examined: dict[str, int]
    used: dict[str, int]


class People(NamedTuple):
    """What people sign in with: logins (keyed hashes), passwords (argon2id), one-time links."""

    logins: dict[str, str]
    passwords: dict[str, bytes]
    invitations: dict[str, bytes]


class FeedLine(NamedTuple):
    """An entry of the feed: market and body, or the position of a reported value."""

    position: int
    market: str
    body: str
    published: int | None


class Stored(NamedTuple):
    """A key of its own: what it is called without its family, what it holds, until when (ms).

    `value` of a string, `fields` (some of them) of a hash.
    """

    name: str
    until: int | None
    value: bytes | None
    fields: dict[str, bytes]


class Answer(NamedTuple):
    """A stored answer: space, its name there, until when (ms), the sealed bytes."""

    space: str
    name: str
    until: int
    sealed: bytes
