"""API keys and the principals that they stand for.

A key is `cmt_<id>_<secret><check>`: the id (8 characters, lower-case base32) finds the record, the
secret (43 characters base64url, 256 random bits) proves it, the check (6 characters base 62, CRC-32
of all before it) tells a key from a text that looks like one. So a scanner of leaked secrets finds
keys by `cmt_` and is never wrong, and whoever finds one tells by its id whose it is. Keys of before
have the form `ctk_<id>_<secret>` and stay valid. Only SHA-256 of the secret is stored: with 256
random bits there is nothing to guess, so a slow password hash would add cost and no safety.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import zlib
from collections.abc import Callable, Iterable
from typing import Literal, get_args

from msgspec import Struct

from tracker.domain.errors import Fault

Role = Literal["admin", "bank", "manager", "field", "ioc", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)

PREFIX = "cmt"
"""What every new key begins with."""

_KEY = re.compile(r"(cmt_([a-z2-7]{8})_([A-Za-z0-9_-]{43}))([0-9A-Za-z]{6})", re.ASCII)
_OLD_KEY = re.compile(r"ctk_([a-z2-7]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
_BASE_62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK_CHARS = 6
_BIN = re.compile(r"[0-9]{6}", re.ASCII)


class NewKey(Struct, frozen=True):
    """A key just made: `secret_text` is shown once, `id` and `digest` (32 bytes) are stored."""

    id: str
    secret_text: str
    digest: bytes

    def __repr__(self) -> str:
        return f"NewKey(id={self.id!r})"


def new_key(random_bytes: Callable[[int], bytes], key_id: str | None = None) -> NewKey:
    """Make a key from `random_bytes(n)`, a cryptographic source such as `os.urandom`.

    With `key_id` another secret of that key.
    """
    if key_id is None:
        key_id = new_id(random_bytes)
    secret = new_secret(random_bytes)
    return NewKey(
        id=key_id, secret_text=checked(f"{PREFIX}_{key_id}_{secret}"), digest=digest(secret)
    )


def new_id(random_bytes: Callable[[int], bytes]) -> str:
    """An id of 8 characters (lower-case base32)."""
    return base64.b32encode(random_bytes(5)).decode().lower()


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """256 random bits as 43 characters base64url."""
    return base64.urlsafe_b64encode(random_bytes(32)).decode().rstrip("=")


def checked(text: str) -> str:
    """The text with its check: CRC-32 in 6 characters base 62."""
    number = zlib.crc32(text.encode())
    check = ""
    for _ in range(_CHECK_CHARS):
        number, digit = divmod(number, len(_BASE_62))
        check = _BASE_62[digit] + check
    return text + check


def parse(text: str) -> tuple[str, str] | None:
    """Split a key into id and secret; None if it is not one. Nothing may surround it."""
    match = _KEY.fullmatch(text)
    if match is not None:
        return (match[2], match[3]) if checked(match[1]) == text else None
    old = _OLD_KEY.fullmatch(text)
    return (old[1], old[2]) if old else None


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
    `expires_at_ms` is milliseconds since 1970 UTC, None for never. A person's `name` is empty: who
    it is stays sealed, and nothing that passes on a principal can tell it.
    """

    id: str
    name: str
    role: Role
    bins: frozenset[str] = frozenset()
    markets: frozenset[str] = frozenset()
    expires_at_ms: int | None = None
    kind: Literal["key", "person"] = "key"

    def covers(self, bins: Iterable[str], markets: Iterable[str]) -> bool:
        """Whether a scope lies within this one's: nobody hands out, or takes over, more."""
        return not reach_faults(self, frozenset(bins), frozenset(markets))

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


def reach_faults(by: Principal, bins: frozenset[str], markets: frozenset[str]) -> tuple[Fault, ...]:
    """Where a scope would reach further than that of the principal who hands it out."""
    return tuple(
        Fault(f"/{name}", "OUT_OF_SCOPE", "Stay within the scope of your own.")
        for name, own, given in (("markets", by.markets, markets), ("bins", by.bins, bins))
        if own and not (given and own >= given)
    )


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
