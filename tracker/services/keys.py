"""API keys: make, list, revoke, and say whom a key stands for."""

from __future__ import annotations

from msgspec import Struct

from tracker.access import keys as access
from tracker.access.keys import Principal, Role
from tracker.access.roles import hidden
from tracker.domain.days import moment_text
from tracker.domain.errors import Invalid, Unauthenticated
from tracker.domain.facts import KeyCreated, KeyRevoked, ServiceFact
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.store.commit import Commit, Done
from tracker.store.keys import SERVICE, Space


class KeyOut(Struct, frozen=True, omit_defaults=True):
    """A key; the secret only in the answer that creates it."""

    id: str
    name: str
    role: Role
    bins: list[str]
    markets: list[str]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    secret: str | None = None


async def create(
    tracker: Tracker,
    by: str,
    *,
    name: str,
    role: Role,
    bins: tuple[str, ...] = (),
    markets: tuple[str, ...] = (),
    expires: int | None = None,
    once: Once | None = None,
) -> KeyOut:
    """A new key; its secret is in the answer and nowhere else. `expires` is a moment (ms).

    Raises `Invalid` where the scope does not fit the role.
    """
    faults = access.scope_faults(role, frozenset(bins), frozenset(markets))
    if faults:
        raise Invalid("The key's scope does not fit its role.", code="SCOPE", faults=faults)
    for _ in range(ATTEMPTS_MAX):
        new = access.new_key(tracker.random_bytes)
        now = tracker.now()
        fact = KeyCreated(
            now,
            now,
            by,
            key=new.id,
            name=name,
            role=role,
            bins=bins,
            markets=markets,
            expires=expires,
            digest=new.digest,
        )
        commit = Commit(Space(SERVICE))
        commit.append(f"key:{new.id}", 0, [fact])
        made = _out((fact,), new.secret_text)
        if once is not None:
            commit.answer(once.key, once.seal(made))
        if isinstance(await tracker.commit(commit), Done):
            return made
    raise busy()


async def listed(tracker: Tracker) -> list[KeyOut]:
    """All keys, those that were revoked too, oldest first."""
    found = await tracker.reader.service_subjects("key:")
    return sorted((_out(facts) for facts in found.values()), key=lambda k: (k.created_at, k.id))


async def revoke(tracker: Tracker, by: str, key: str) -> KeyOut:
    """Ends a key; ending it again changes nothing. Raises `NotFound`."""
    for _ in range(ATTEMPTS_MAX):
        facts = await tracker.reader.service(f"key:{key}")
        if not facts:
            raise hidden()
        if isinstance(facts[-1], KeyRevoked):
            return _out(facts)
        now = tracker.now()
        revoked = KeyRevoked(now, now, by, key=key)
        commit = Commit(Space(SERVICE))
        commit.append(f"key:{key}", len(facts), [revoked])
        if isinstance(await tracker.committer.commit(commit), Done):
            return _out((*facts, revoked))
    raise busy()


async def principal_of(tracker: Tracker, presented: str) -> Principal:
    """Whom a presented key stands for.

    Raises `Unauthenticated`, in the same words for a key that is malformed, unknown, wrong,
    expired or revoked.
    """
    parsed = access.parse(presented)
    if parsed is None:
        raise refused()
    facts = await tracker.reader.service(f"key:{parsed[0]}")
    created = facts[0] if facts else None
    if not isinstance(created, KeyCreated) or not access.matches(parsed[1], created.digest):
        raise refused()
    principal = Principal(
        id=created.key,
        name=created.name,
        role=created.role,  # type: ignore[arg-type]  # written by `create`, which takes a Role
        bins=frozenset(created.bins),
        markets=frozenset(created.markets),
        expires_at_ms=created.expires,
    )
    if isinstance(facts[-1], KeyRevoked) or principal.expired(tracker.now()):
        raise refused()
    return principal


def refused() -> Unauthenticated:
    """The one answer to every key that opens nothing."""
    return Unauthenticated(
        "Send a valid key as `Authorization: Bearer <key>`. Keys are made by the city's admin."
    )


def _out(facts: tuple[ServiceFact, ...], secret: str | None = None) -> KeyOut:
    created, last = facts[0], facts[-1]
    if not isinstance(created, KeyCreated):
        raise TypeError("A key's first fact is its creation.")
    return KeyOut(
        id=created.key,
        name=created.name,
        role=created.role,  # type: ignore[arg-type]  # written by `create`, which takes a Role
        bins=list(created.bins),
        markets=list(created.markets),
        created_at=moment_text(created.recorded),
        expires_at=None if created.expires is None else moment_text(created.expires),
        revoked_at=moment_text(last.recorded) if isinstance(last, KeyRevoked) else None,
        secret=secret,
    )
