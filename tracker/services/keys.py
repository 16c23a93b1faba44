"""API keys: make, list, rotate, revoke, and say whom a key stands for.

A rotated key keeps its id: what it stated stays its own, a retry under an idempotency key finds its
answer, and limits are those of the key, whichever of its secrets is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from msgspec import Struct, structs

from tracker.access import keys as access
from tracker.access.keys import Principal, Role
from tracker.access.roles import hidden
from tracker.domain.days import moment_text
from tracker.domain.errors import Conflict, Invalid, Unauthenticated
from tracker.domain.facts import KeyCreated, KeyRevoked, KeyRotated, ServiceFact
from tracker.domain.key_life import key_life
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.store.commit import Commit, Done
from tracker.store.keys import SERVICE, Space

HOUR_MS = 3_600_000


class KeyOut(Struct, frozen=True, omit_defaults=True):
    """A key; the secret only in the answer that made it.

    `overlap_until`: until then the secret from before the last rotation opens too. `last_used_at`
    is exact to some minutes, absent where the key was never used.
    """

    id: str
    name: str
    role: Role
    bins: list[str]
    markets: list[str]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    rotated_at: str | None = None
    overlap_until: str | None = None
    last_used_at: str | None = None
    secret: str | None = None

    def without_secret(self) -> KeyOut:
        """The same as anybody may read it who may read keys."""
        return structs.replace(self, secret=None)


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

    What is kept under an idempotency key has no secret either: a repeat is told the key's id, and
    the lost secret is replaced by `rotate`. Raises `Invalid` where the scope does not fit the role.
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
        made = _out([fact], secret=new.secret_text)
        if once is not None:
            commit.answer(once.key, once.seal(made))
        if isinstance(await tracker.commit(commit), Done):
            return made
    raise busy()


async def listed(tracker: Tracker, reach: Principal | None = None) -> list[KeyOut]:
    """All keys within the reach of a principal, those that were revoked too, oldest first."""
    found = await tracker.reader.service_subjects("key:")
    used = await tracker.last_used.of_principals()
    shown = [
        _out(facts, used=used.get(name.removeprefix("key:")))
        for name, facts in found.items()
        if reach is None or _reached(reach, facts)
    ]
    return sorted(shown, key=lambda k: (k.created_at, k.id))


async def rotate(
    tracker: Tracker,
    by: Principal,
    key: str,
    *,
    overlap_hours: int,
    expires: int | None = None,
    once: Once | None = None,
) -> KeyOut:
    """Another secret of a key, in the answer and nowhere else; the ones before open until then.

    `expires` (ms) is the key's new end, None leaves it. Raises `NotFound` for a key that reaches
    further than who asks, `Conflict` `KEY_ENDED` for one that was revoked or has expired.
    """
    for _ in range(ATTEMPTS_MAX):
        facts = await tracker.reader.service(f"key:{key}")
        life = key_life(facts)
        if life is None or not _reached(by, facts):
            raise hidden()
        now = tracker.now()
        if life.revoked is not None or (life.expires is not None and life.expires <= now):
            raise Conflict(
                "This key was revoked or has expired. Make a new one: POST /v1/keys.",
                code="KEY_ENDED",
            )
        new = access.new_key(tracker.random_bytes, key)
        fact = KeyRotated(
            now,
            now,
            by.id,
            key=key,
            digest=new.digest,
            until=now + overlap_hours * HOUR_MS,
            expires=life.expires if expires is None else expires,
        )
        commit = Commit(Space(SERVICE))
        commit.append(f"key:{key}", len(facts), [fact])
        made = _out([*facts, fact], secret=new.secret_text)
        if once is not None:
            commit.answer(once.key, once.seal(made))
        if isinstance(await tracker.commit(commit), Done):
            return made
    raise busy()


async def revoke(tracker: Tracker, by: str, key: str, reach: Principal | None = None) -> KeyOut:
    """Ends a key; ending it again changes nothing.

    Raises `NotFound`, also for a key beyond the reach of a principal.
    """
    for _ in range(ATTEMPTS_MAX):
        facts = await tracker.reader.service(f"key:{key}")
        if not facts or not (reach is None or _reached(reach, facts)):
            raise hidden()
        if isinstance(facts[-1], KeyRevoked):
            return _out(facts)
        now = tracker.now()
        revoked = KeyRevoked(now, now, by, key=key)
        commit = Commit(Space(SERVICE))
        commit.append(f"key:{key}", len(facts), [revoked])
        if isinstance(await tracker.committer.commit(commit), Done):
            return _out([*facts, revoked])
    raise busy()


async def principal_of(tracker: Tracker, presented: str) -> Principal:
    """Whom a presented key stands for.

    Raises `Unauthenticated`, in the same words for a key that is malformed, unknown, wrong,
    expired or revoked.
    """
    parsed = access.parse(presented)
    if parsed is None:
        raise refused()
    return shown_by(await tracker.reader.service(f"key:{parsed[0]}"), parsed[1], tracker.now())


def shown_by(facts: Sequence[ServiceFact], secret: str, now: int) -> Principal:
    """Whom a secret stands for by the facts of its key; raises `Unauthenticated`.

    The principal expires when this secret does: an earlier one when the overlap ends.
    """
    life = key_life(facts)
    if life is None:
        raise refused()
    shown = [one for one in life.opens(now) if access.matches(secret, one.digest)]
    if not shown:
        raise refused()
    return Principal(
        id=life.created.key,
        name=life.created.name,
        role=cast("Role", life.created.role),
        bins=frozenset(life.created.bins),
        markets=frozenset(life.created.markets),
        expires_at_ms=shown[0].until,
    )


def refused() -> Unauthenticated:
    """The one answer to every key that opens nothing."""
    return Unauthenticated(
        "Send a valid key as `Authorization: Bearer <key>`. Keys are made by the city's admin."
    )


def _reached(by: Principal, facts: Sequence[ServiceFact]) -> bool:
    """Whether the key is within what the principal may do: else it would lend itself more."""
    created = facts[0]
    return isinstance(created, KeyCreated) and by.covers(created.bins, created.markets)


def _out(
    facts: Sequence[ServiceFact], *, secret: str | None = None, used: int | None = None
) -> KeyOut:
    life = key_life(facts)
    if life is None:
        raise TypeError("A key's first fact is its creation.")
    created = life.created
    return KeyOut(
        id=created.key,
        name=created.name,
        role=cast("Role", created.role),
        bins=list(created.bins),
        markets=list(created.markets),
        created_at=moment_text(created.recorded),
        expires_at=_moment(life.expires),
        revoked_at=_moment(life.revoked),
        rotated_at=_moment(life.rotated),
        overlap_until=_moment(life.overlap_until),
        last_used_at=_moment(used),
        secret=secret,
    )


def _moment(ms: int | None) -> str | None:
    return None if ms is None else moment_text(ms)
