"""People who sign in on the web: add, list, change. Name and login are sealed."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from msgspec import Struct, structs

from tracker.access import keys as access
from tracker.access.keys import Principal, Role
from tracker.access.roles import hidden
from tracker.access.vault import VendorVault
from tracker.domain.days import moment_text
from tracker.domain.errors import Conflict, Fault, Invalid
from tracker.domain.facts import (
    PersonAdded,
    PersonChanged,
    PersonDetails,
    ServiceFact,
)
from tracker.domain.people import PersonState, login_fault, login_of, person_state
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.store.commit import Commit, Done
from tracker.store.keys import LOGINS, SERVICE, Space
from tracker.store.people import Account, subject


class PersonOut(Struct, frozen=True):
    """A person as an admin sees them. `invited_until`: a one-time link waits to be used."""

    id: str
    name: str
    login: str
    role: Role
    bins: list[str]
    markets: list[str]
    active: bool
    created_at: str
    signed_in: bool
    invited_until: str | None
    version: int


class NewPerson(Struct, frozen=True):
    """Who is to be added."""

    name: str
    login: str
    role: Role
    bins: tuple[str, ...] = ()
    markets: tuple[str, ...] = ()


class PersonChange(Struct, frozen=True):
    """What is to change: None stays."""

    name: str | None = None
    login: str | None = None
    role: Role | None = None
    bins: tuple[str, ...] | None = None
    markets: tuple[str, ...] | None = None
    active: bool | None = None


Check = Callable[[int], None]
"""Passes the version that a change was decided on, or raises."""


def login_key(tracker: Tracker, login: str) -> str:
    """The keyed hash under which a login (any spelling) is found."""
    return tracker.keyring.lookup("login", login_of(login)).hex()


async def add(
    tracker: Tracker, by: Principal, new: NewPerson, once: Once | None = None
) -> tuple[PersonOut, bool]:
    """A new person, who cannot sign in before they used a one-time link.

    Just the same person again is told as it is; the flag tells a new one. Raises `Invalid`
    `SCOPE`, `Conflict` `LOGIN_TAKEN`.
    """
    _check_scope(by, new.role, new.bins, new.markets)
    _check_login(new.login)
    key = login_key(tracker, new.login)
    details = PersonDetails(new.name, login_of(new.login))
    for _ in range(ATTEMPTS_MAX):
        commit = Commit(Space(SERVICE))
        holder = await tracker.people.holder(key)
        if holder:
            out, made = await _same(tracker, by, holder, new), False
        else:
            id_ = "p" + access.new_id(tracker.random_bytes)
            data_key = tracker.keyring.new_data_key()
            personal = VendorVault(id_, data_key).seal(1, details)
            now = tracker.now()
            fact = PersonAdded(now, now, by.id, id_, new.role, new.bins, new.markets, personal)
            commit.append(subject(id_), 0, [fact])
            commit.record(Space(SERVICE).data_keys, id_, tracker.keyring.wrap(data_key), new=True)
            _claim(commit, key, holder, id_)
            out, made = _out(_state_of([fact]), details), True
        if once is not None:
            commit.answer(once.key, once.seal((out, made)))
        elif not made:
            return out, made
        if isinstance(await tracker.commit(commit), Done):
            return out, made
    raise busy()


async def listed(tracker: Tracker, by: Principal) -> list[PersonOut]:
    """Everybody within the principal's reach, oldest first."""
    found = await tracker.reader.service_subjects("person:")
    states = [state for facts in found.values() if (state := person_state(facts)) is not None]
    shown = [state for state in states if by.covers(state.bins, state.markets)]
    shown.sort(key=lambda state: (state.created, state.id))
    keys = await tracker.people.data_keys([state.id for state in shown])
    return [
        _out(state, _open(tracker, state, key))
        for state, key in zip(shown, keys, strict=True)
        if key is not None
    ]


async def get(tracker: Tracker, by: Principal, person: str) -> PersonOut:
    """One person; raises `NotFound`."""
    state, _ = await found(tracker, by, person)
    return _out(state, await details_of(tracker, state))


async def name_of(tracker: Tracker, person: str) -> str:
    """The name of somebody who asks for their own; raises `NotFound`."""
    state = person_state((await tracker.people.account(person)).facts)
    if state is None:
        raise hidden()
    return (await details_of(tracker, state)).name


async def change(
    tracker: Tracker, by: Principal, person: str, wanted: PersonChange, check: Check
) -> PersonOut:
    """A person after a change; who is no longer active is signed out everywhere.

    Raises `NotFound`, `Invalid` `SCOPE`, `Conflict` `LOGIN_TAKEN`, and `OWN_ACCOUNT` where
    somebody would shut themselves out.
    """
    if wanted.login is not None:
        _check_login(wanted.login)
    for _ in range(ATTEMPTS_MAX):
        state, account = await found(tracker, by, person)
        check(state.version)
        before = await details_of(tracker, state)
        after = PersonDetails(
            wanted.name or before.name,
            before.login if wanted.login is None else login_of(wanted.login),
        )
        fact = _difference(tracker, by, state, wanted)
        if after != before:
            vault = await _vault(tracker, person)
            fact = structs.replace(fact, personal=vault.seal(state.version + 1, after))
        if fact == PersonChanged(fact.at, fact.recorded, by.id, person):
            return _out(state, before)
        changed = _state_of([*account.facts, fact])
        _check_scope(by, cast("Role", changed.role), changed.bins, changed.markets)
        if by.id == person and (not changed.active or changed.role != state.role):
            raise Conflict(
                "Nobody takes their own role or account away: have another admin do it.",
                code="OWN_ACCOUNT",
            )
        commit = Commit(Space(SERVICE))
        commit.append(subject(person), state.version, [fact])
        old, new = login_key(tracker, before.login), login_key(tracker, after.login)
        if old != new:
            holder = await tracker.people.holder(new)
            if holder:
                raise _taken()
            _claim(commit, new, holder, person)
            commit.record(LOGINS, old, b"", expected=person.encode(), new=False)
        if isinstance(await tracker.commit(commit), Done):
            if not changed.active:
                await tracker.sessions.drop_all(person)
            return _out(changed, after)
    raise busy()


async def details_of(tracker: Tracker, state: PersonState) -> PersonDetails:
    """Name and login in clear; raises `NotFound` where they were erased."""
    vault = await _vault(tracker, state.id)
    return vault.open(state.sealed_by, state.personal, PersonDetails)


async def _vault(tracker: Tracker, person: str) -> VendorVault:
    (wrapped,) = await tracker.people.data_keys([person])
    if wrapped is None:
        raise hidden()
    return VendorVault(person, tracker.keyring.unwrap(wrapped))


def _open(tracker: Tracker, state: PersonState, wrapped: bytes) -> PersonDetails:
    vault = VendorVault(state.id, tracker.keyring.unwrap(wrapped))
    return vault.open(state.sealed_by, state.personal, PersonDetails)


async def found(tracker: Tracker, by: Principal, person: str) -> tuple[PersonState, Account]:
    """A person within the principal's reach, with all records of them; raises `NotFound`."""
    account = await tracker.people.account(person)
    state = person_state(account.facts)
    if state is None or not by.covers(state.bins, state.markets):
        raise hidden()
    return state, account


async def _same(tracker: Tracker, by: Principal, person: str, new: NewPerson) -> PersonOut:
    """The person who has this login, where nothing else is asked for."""
    state = person_state((await tracker.people.account(person)).facts)
    if state is not None and by.covers(state.bins, state.markets):
        out = await get(tracker, by, person)
        asked = (new.name, new.role, sorted(new.bins), sorted(new.markets))
        if asked == (out.name, out.role, sorted(out.bins), sorted(out.markets)):
            return out
    raise _taken()


def _taken() -> Conflict:
    return Conflict(
        "Somebody signs in with this login already. Give another one, or change that person.",
        code="LOGIN_TAKEN",
    )


def _claim(commit: Commit, login: str, holder: str | None, person: str) -> None:
    if holder is None:
        commit.record(LOGINS, login, person.encode(), new=True)
    else:
        commit.record(LOGINS, login, person.encode(), expected=b"", new=False)


def _difference(
    tracker: Tracker, by: Principal, state: PersonState, wanted: PersonChange
) -> PersonChanged:
    """The fact that says what differs of what is not sealed."""
    now = tracker.now()
    return PersonChanged(
        now,
        now,
        by.id,
        state.id,
        role=None if wanted.role in (None, state.role) else wanted.role,
        bins=None if wanted.bins in (None, state.bins) else wanted.bins,
        markets=None if wanted.markets in (None, state.markets) else wanted.markets,
        active=None if wanted.active in (None, state.active) else wanted.active,
    )


def _check_login(text: str) -> None:
    wrong = login_fault(login_of(text))
    if wrong is not None:
        raise Invalid(
            wrong, code="INVALID_BODY", faults=(Fault("/login", "LOGIN_UNREADABLE", wrong),)
        )


def _check_scope(
    by: Principal, role: Role, bins: tuple[str, ...], markets: tuple[str, ...]
) -> None:
    faults = access.scope_faults(role, frozenset(bins), frozenset(markets))
    if faults:
        raise Invalid("The person's scope does not fit the role.", code="SCOPE", faults=faults)
    beyond = access.reach_faults(by, frozenset(bins), frozenset(markets))
    if beyond:
        raise Invalid("Nobody gives a person more than they have.", code="SCOPE", faults=beyond)


def _state_of(facts: list[ServiceFact]) -> PersonState:
    state = person_state(facts)
    if state is None:
        raise TypeError("A person's first fact is that they were added.")
    return state


def _out(state: PersonState, details: PersonDetails) -> PersonOut:
    return PersonOut(
        id=state.id,
        name=details.name,
        login=details.login,
        role=cast("Role", state.role),
        bins=list(state.bins),
        markets=list(state.markets),
        active=state.active,
        created_at=moment_text(state.created),
        signed_in=state.stamp > 0,
        invited_until=None if state.invited_until is None else moment_text(state.invited_until),
        version=state.version,
    )
