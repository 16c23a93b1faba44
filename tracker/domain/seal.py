"""Seals: digests over finished stretches of a ledger, each over the one before.

A ledger's entries are numbered 1, 2, 3, … without gaps. Seal 1 covers the entries from 1 on, each
further seal begins where the one before ended. What an auditor recomputes, from nothing but the
name of the ledger and its entries:

    digest(n) = SHA-256( digest(n - 1) ‖ entry ‖ entry ‖ … )
    digest(0) = SHA-256( the name of the ledger, UTF-8: a market's id, or `sys` )
    entry     = position, 8 bytes
              ‖ length of the subject, 4 bytes ‖ the subject, as it is stored
              ‖ length of the fact, 4 bytes    ‖ the fact, as it is stored

All numbers are unsigned and big-endian, ‖ is concatenation. The digest before goes in as its 32
bytes. So no entry, and no order of them, can be changed without changing every seal from there on.
A seal holds positions and a digest, nothing of what the entries say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

SEAL_ENTRIES: Final = 1_000
"""Entries of the longest stretch. A ledger's older seals may have been made with another length."""

DIGEST_BYTES: Final = 32


class SealedEntry(NamedTuple):
    """One entry as a seal covers it: its position, and subject and fact as they are stored."""

    position: int
    subject: bytes
    fact: bytes


class Stretch(NamedTuple):
    """The entries from `first` to `last`, both included."""

    first: int
    last: int


def genesis(name: str) -> bytes:
    """What the first seal of a ledger follows: seals of another ledger do not fit this one."""
    return hashlib.sha256(name.encode()).digest()


def sealed_bytes(position: int, subject: bytes, fact: bytes) -> bytes:
    """One entry as it goes into a digest."""
    return b"%b%b%b%b%b" % (
        position.to_bytes(8, "big"),
        len(subject).to_bytes(4, "big"),
        subject,
        len(fact).to_bytes(4, "big"),
        fact,
    )


def digest_of(previous: bytes, entries: Iterable[SealedEntry]) -> bytes:
    """The digest of the seal that covers these entries, in their order, after `previous`."""
    digest = hashlib.sha256(previous)
    for entry in entries:
        digest.update(sealed_bytes(*entry))
    return digest.digest()


def stretches(after: int, position: int, *, quiet: bool) -> Iterator[Stretch]:
    """The stretches to seal next of a ledger that is sealed up to `after` and ends at `position`.

    Full ones; and what is left, if it is `quiet`: a stretch once sealed never grows.
    """
    while after < position:
        last = min(after + SEAL_ENTRIES, position)
        if last - after < SEAL_ENTRIES and not quiet:
            return
        yield Stretch(after + 1, last)
        after = last
