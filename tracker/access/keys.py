"""API keys and the principals that they stand for.

A key is `ctk_<id>_<secret>`: the id (8 characters, lower-case base32) finds the record, the secret
(43 characters base64url, 256 random bits) proves it. Only SHA-256 of the secret is stored: with
256 random bits there is nothing to guess, so a slow password hash would add cost and no safety.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Literal, get_args

from msgspec import Struct

from tracker.domain.errors import Fault

Role = Literal["admin", "bank", "manager", "field", "ioc", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)

_KEY = re.compile(r"ctk_([a-z2-7]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
_BIN = re.compile(r"[0-9]{6}", re.ASCII)


class NewKey(Struct, frozen=True):
    """A key just made: `secret_text` is shown once, `id` and `digest` (32 bytes) are stored."""

    id: str
    secret_text: str
    digest: bytes

    def __repr__(self) -> str:
        return f"NewKey(id={self.id!r})"


def new_key(random_bytes: Callable[[int], bytes]) -> NewKey:
    """Make a key from `random_bytes(n)`, a cryptographic source such as `os.urandom`."""
    key_id = base64.b32encode(random_bytes(5)).decode().lower()
    secret = base64.urlsafe_b64encode(random_bytes(32)).decode().rstrip("=")
    return NewKey(id=key_id, secret_text=f"ctk_{key_id}_{secret}", digest=digest(secret))


def parse(text: str) -> tuple[str, str] | None:
    """Split a key into id and secret; None if it is not one. Nothing may surround it."""
    match = _KEY.fullmatch(text)
    return (match[1], match[2]) if match else None


def digest(secret: str) -> bytes:
    """SHA-256 (32 bytes) of the 43 characters of the secret."""
    return hashlib.sha256(secret.encode()).digest()


def matches(secret: str, stored_digest: bytes) -> bool:
    """Whether the secret is the one behind `stored_digest`, in constant time."""
    return hmac.compare_digest(digest(secret), stored_digest)


class Principal(Struct, frozen=True):
    """Who is asking, and for which banks (BINs) and markets (slugs) they may.

    An empty `markets` means all markets for admin, bank, ioc and auditor, none for manager and
    field. An empty `bins` means no bank for the role bank, all banks for the others.
    `expires_at_ms` is milliseconds since 1970 UTC, None for never.
    """

    id: str
    name: str
    role: Role
    bins: frozenset[str] = frozenset()
    markets: frozenset[str] = frozenset()
    expires_at_ms: int | None = None

    def may_market(self, market: str) -> bool:
        """Whether the market (slug) is within this principal's scope."""
        if self.markets:
            return market in self.markets
        return self.role not in ("manager", "field")

    def may_bin(self, bin: str) -> bool:  # noqa: A002  # the word of the contract
        """Whether the bank (BIN, 6 digits) is within this principal's scope."""
        if self.bins:
            return bin in self.bins
        return self.role != "bank"

    def expired(self, now_ms: int) -> bool:
        """Whether the key has ended; it ends at its moment of expiry, not after it."""
        return self.expires_at_ms is not None and now_ms >= self.expires_at_ms


def scope_faults(role: Role, bins: frozenset[str], markets: frozenset[str]) -> tuple[Fault, ...]:
    """What is wrong with a scope before a key is made for it: one Fault each, none if it is fine.

    A bank needs at least one BIN, manager and field at least one market: an empty scope must
    never be read as "all" for a role that is bounded by it.
    """
    faults = [
        Fault("/bins", "BIN_MALFORMED", f"{text!r} is not a BIN of 6 digits.")
        for text in sorted(bins)
        if not _BIN.fullmatch(text)
    ]
    if role == "bank" and not bins:
        faults.append(Fault("/bins", "BINS_MISSING", "A bank's key names at least one BIN."))
    if role in ("manager", "field") and not markets:
        faults.append(
            Fault("/markets", "MARKETS_MISSING", f"A {role}'s key names at least one market.")
        )
    return tuple(faults)
