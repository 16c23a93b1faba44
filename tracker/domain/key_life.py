"""What the facts of an API key come to: its secrets, each until when, and its end."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tracker.domain.facts import KeyCreated, KeyRevoked, KeyRotated, ServiceFact


class KeySecret(Struct, frozen=True):
    """One secret of a key: SHA-256, and the moment (ms) at which it opens no more, None: never."""

    digest: bytes
    until: int | None


class KeyLife(Struct, frozen=True):
    """A key by its facts; `secrets` newest first, those that ended too. Moments are ms."""

    created: KeyCreated
    secrets: tuple[KeySecret, ...]
    expires: int | None
    rotated: int | None = None
    revoked: int | None = None

    @property
    def overlap_until(self) -> int | None:
        """Until when an earlier secret opens beside the present one; None without any."""
        return max((s.until for s in self.secrets[1:] if s.until is not None), default=None)

    def opens(self, now: int) -> list[KeySecret]:
        """The secrets that open at this moment."""
        if self.revoked is not None:
            return []
        return [s for s in self.secrets if s.until is None or now < s.until]


def key_life(facts: Sequence[ServiceFact]) -> KeyLife | None:
    """The key that these facts are about, in the order of the ledger; None where there is none.

    A rotation bounds every earlier secret: none outlives the moment that the last rotation named,
    so an overlap of nothing ends all of them at once.
    """
    created = facts[0] if facts else None
    if not isinstance(created, KeyCreated):
        return None
    life = KeyLife(created, (KeySecret(created.digest, created.expires),), created.expires)
    for fact in facts[1:]:
        if isinstance(fact, KeyRotated):
            earlier = tuple(
                KeySecret(s.digest, fact.until if s.until is None else min(s.until, fact.until))
                for s in life.secrets
            )
            secrets = (KeySecret(fact.digest, fact.expires), *earlier)
            life = KeyLife(created, secrets, fact.expires, fact.recorded)
        elif isinstance(fact, KeyRevoked):
            life = KeyLife(created, life.secrets, life.expires, life.rotated, fact.recorded)
    return life
