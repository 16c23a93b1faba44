"""Sessions of people: begin, resolve, list, end.

A cookie holds `<person>.<secret>` (256 random bits, of which SHA-256 is stored). A session belongs
to the password that it was begun under: choosing another one ends all others in the same step.
"""

from __future__ import annotations

import hashlib
import re
from typing import cast

from msgspec import Struct

from tracker.access import keys as access
from tracker.access.keys import Principal, Role
from tracker.access.roles import hidden
from tracker.domain.days import DAY_MS, moment_text
from tracker.domain.people import PersonState, person_state
from tracker.services.context import Tracker
from tracker.services.keys import refused
from tracker.store.sessions import Seen, Session

ID_CHARS = 16
_COOKIE = re.compile(r"(p[a-z2-7]{8})\.([A-Za-z0-9_-]{43})", re.ASCII)


class SessionOut(Struct, frozen=True):
    """A session of a person; `current` is the one that asks. `expires_at`: at the latest."""

    id: str
    created_at: str
    last_seen_at: str
    expires_at: str
    current: bool


class Begun(Struct, frozen=True):
    """A session just begun: what the cookie holds, shown to nobody but the browser."""

    cookie: str
    digest: str
    person: str
    session: Session

    def __repr__(self) -> str:
        return f"Begun(person={self.person!r})"


def digest_of(secret: str) -> str:
    """Under which a session is kept: SHA-256 of its secret, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def begin(tracker: Tracker, state: PersonState) -> Begun:
    """A new session with an id of its own; beyond the most a person may have, the idlest ends."""
    now = tracker.now()
    kept = await tracker.sessions.all(state.id)
    live = {d: seen for d, seen in kept.items() if lives(tracker, state, seen, now)}
    idlest_first = sorted(live, key=lambda digest: live[digest].used)
    beyond = idlest_first[: max(0, len(live) + 1 - tracker.settings.sessions_max)]
    await tracker.sessions.drop(state.id, [*(kept.keys() - live.keys()), *beyond])
    secret = access.new_secret(tracker.random_bytes)
    session = Session(now, now + tracker.settings.session_days * DAY_MS, state.stamp)
    digest = digest_of(secret)
    await tracker.sessions.put(state.id, digest, session)
    return Begun(f"{state.id}.{secret}", digest, state.id, session)


class Entered(Struct, frozen=True):
    """Who asks in a session: the session's digest, and the person's document as it is stored."""

    principal: Principal
    digest: str
    document: bytes


async def principal_of(tracker: Tracker, cookie: str) -> Entered:
    """Whom a session's cookie stands for, in one round trip.

    Raises `Unauthenticated`, in the same words whatever is wrong with it.
    """
    parsed = _COOKIE.fullmatch(cookie)
    if parsed is None:
        raise refused()
    person, digest = parsed[1], digest_of(parsed[2])
    document, facts, seen = await tracker.sessions.load(person, digest)
    state = person_state(facts)
    if state is None or seen is None or not lives(tracker, state, seen, tracker.now()):
        raise refused()
    return Entered(principal(state, seen.session.until), digest, document)


def principal(state: PersonState, expires: int) -> Principal:
    """The person as somebody who asks; without a name, which is sealed."""
    return Principal(
        id=state.id,
        name="",
        role=cast("Role", state.role),
        bins=frozenset(state.bins),
        markets=frozenset(state.markets),
        expires_at_ms=expires,
        kind="person",
    )


def lives(tracker: Tracker, state: PersonState, seen: Seen, now: int) -> bool:
    """Whether a session opens: of an active person, their present password, used lately."""
    idle_ms = tracker.settings.session_idle_minutes * 60_000
    return (
        state.active
        and seen.session.stamp == state.stamp
        and now < seen.session.until
        and now - seen.used < idle_ms
    )


async def listed(tracker: Tracker, person: str, current: str | None) -> list[SessionOut]:
    """The sessions of a person that open, oldest first; `current` is a digest."""
    state = person_state((await tracker.people.account(person)).facts)
    now = tracker.now()
    kept = {} if state is None else await tracker.sessions.all(person)
    live = {d: seen for d, seen in kept.items() if state and lives(tracker, state, seen, now)}
    shown = [out(digest, seen, current) for digest, seen in live.items()]
    return sorted(shown, key=lambda session: (session.created_at, session.id))


def out(digest: str, seen: Seen, current: str | None) -> SessionOut:
    """A session as it is told; its id is a part of the digest and opens nothing."""
    return SessionOut(
        id=digest[:ID_CHARS],
        created_at=moment_text(seen.session.created),
        last_seen_at=moment_text(seen.used),
        expires_at=moment_text(seen.session.until),
        current=digest == current,
    )


async def end(tracker: Tracker, person: str, id_: str) -> str:
    """Ends one session of a person by its id; its digest. Raises `NotFound`."""
    for digest in await tracker.sessions.all(person):
        if digest[:ID_CHARS] == id_:
            await tracker.sessions.drop(person, [digest])
            return digest
    raise hidden()


async def leave(tracker: Tracker, cookie: str) -> None:
    """Ends the session of a cookie, if it is one."""
    parsed = _COOKIE.fullmatch(cookie)
    if parsed is not None:
        await tracker.sessions.drop(parsed[1], [digest_of(parsed[2])])


def digest_in(cookie: str) -> str | None:
    """Under which the session of a cookie would be kept; None of what is no such cookie."""
    parsed = _COOKIE.fullmatch(cookie)
    return None if parsed is None else digest_of(parsed[2])
