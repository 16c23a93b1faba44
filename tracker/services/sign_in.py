"""Signing in: by password, by a one-time link; choosing another password.

Guessing is slowed for who guesses and for nobody else. Tries are counted for a login and the place
they come from: after some free ones each costs a growing delay, there and for that login alone; and
a place has so many tries in an hour whatever the logins. A browser that the person signed in with
before carries a mark (`device`) and is counted by itself: neighbours behind one address, or
somebody who fails on purpose, cannot keep it out.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.passwords import Passwords
from tracker.domain.errors import Fault, Invalid, TooMany, Unauthenticated
from tracker.domain.facts import PasswordSet
from tracker.domain.people import PersonState, login_of, password_fault, person_state
from tracker.services import invitations, sessions
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.services.people import details_of, login_key
from tracker.services.sessions import Begun
from tracker.store.commit import Commit, Done
from tracker.store.keys import INVITATIONS, PASSWORDS, SERVICE, Space
from tracker.store.people import Account, subject
from tracker.store.tries import Limits, Tries

LIMITS: Final = Limits(
    window_ms=3_600_000, free=5, delay_ms=1_000, delay_ms_max=900_000, a_place=100
)
"""Some twenty guesses an hour at one login from one place."""

COMMON: Final = (
    "Whoever guesses tries this early. Take three or four words that have nothing to do with each "
    "other or with you. / Mật khẩu này dễ đoán: hãy ghép ba, bốn từ không liên quan với nhau và "
    "với bạn."
)

NOBODY: Final = "p00000000"
"""An id that nobody has: an unknown login is looked up as far as a known one."""

_DEVICE = re.compile(r"([0-9a-f]{16})\.([0-9a-f]{32})", re.ASCII)


class SignedIn(Struct, frozen=True):
    """A session, and the mark by which this browser is known the next time."""

    begun: Begun
    device: str

    def __repr__(self) -> str:
        return f"SignedIn({self.begun!r})"


class SignIns:
    """What one process keeps for signing in: the turns at the password work."""

    def __init__(self, tracker: Tracker, limits: Limits = LIMITS) -> None:
        self._tracker = tracker
        self._tries = Tries(tracker.client, limits)
        self.passwords = Passwords()

    async def sign_in(
        self, *, login: str, password: str, source: str, device: str | None
    ) -> SignedIn:
        """A session for who knows login and password; `source` is the place that tries.

        Raises `Unauthenticated` `SIGN_IN_REFUSED` (the same words and work whether or not there
        is such a login), `TooMany` `TOO_MANY_TRIES`.
        """
        tracker = self._tracker
        who = login_key(tracker, login)
        nonce = self._known(who, device)
        place = None if nonce else _bucket(tracker, "place", source)
        bucket = _bucket(tracker, who, nonce or source)
        await self._begin(bucket, place)
        holder = await tracker.people.holder(who)
        account = await tracker.people.account(holder or NOBODY)
        right = await self.passwords.verify(account.password, password)
        state = person_state(account.facts)
        if not right or state is None or not state.active:
            raise _refused()
        await self._tries.right(bucket, place)
        begun = await sessions.begin(tracker, state)
        return SignedIn(begun, self._mark(who, nonce))

    async def accept(self, token: str, password: str) -> SignedIn:
        """Uses a one-time link: the password is chosen and every earlier session has ended.

        Raises `Unauthenticated` `INVITATION_INVALID`, `Invalid` for a password that will not do.
        """
        tracker = self._tracker
        for _ in range(ATTEMPTS_MAX):
            person, account = await invitations.opened(tracker, token)
            state = _state(account)
            login = await self._fit(state, password)
            now = tracker.now()
            fact = PasswordSet(now, now, person, person, "invitation")
            hashed = await self.passwords.hash(password)
            commit = _chosen(state, fact, hashed)
            commit.record(INVITATIONS, person, b"", expected=account.raw_invitation, new=False)
            if isinstance(await tracker.commit(commit), Done):
                return await self._anew(account, fact, login)
        raise busy()

    async def change(self, by: Principal, *, present: str, password: str) -> SignedIn:
        """Another password for who knows the present one; every other session has ended.

        Raises `Invalid`, and `TooMany` `TOO_MANY_TRIES`: who only has the session cannot guess.
        """
        tracker = self._tracker
        bucket = _bucket(tracker, "change", by.id)
        await self._begin(bucket, None)
        for _ in range(ATTEMPTS_MAX):
            account = await tracker.people.account(by.id)
            state = _state(account)
            if not await self.passwords.verify(account.password, present):
                raise _fault("/present", "PASSWORD_WRONG", "This is not your present password.")
            login = await self._fit(state, password)
            now = tracker.now()
            fact = PasswordSet(now, now, by.id, by.id, "password")
            commit = _chosen(state, fact, await self.passwords.hash(password))
            if isinstance(await tracker.commit(commit), Done):
                await self._tries.right(bucket, None)
                return await self._anew(account, fact, login)
        raise busy()

    async def _fit(self, state: PersonState, password: str) -> str:
        """The login of whom a password will do for; raises `Invalid` where it will not."""
        known = await details_of(self._tracker, state)
        _check(password, known.login, "/password")
        if await self.passwords.guessed(password, (known.login, known.name, *state.markets)):
            raise _fault("/password", "PASSWORD_COMMON", COMMON)
        return known.login

    async def _anew(self, account: Account, fact: PasswordSet, login: str) -> SignedIn:
        state = _state(account, fact)
        begun = await sessions.begin(self._tracker, state)
        return SignedIn(begun, self._mark(login_key(self._tracker, login), None))

    async def _begin(self, bucket: str, place: str | None) -> None:
        wait_ms = await self._tries.begin(bucket, place, self._tracker.now())
        if wait_ms:
            raise TooMany(
                "Too many tries in vain. Wait for the time that `Retry-After` says; if you forgot "
                "the password, the city's admin gives you a new one-time link.",
                retry_after_s=-(-wait_ms // 1_000),
                code="TOO_MANY_TRIES",
            )

    def _mark(self, who: str, nonce: str | None) -> str:
        nonce = nonce or self._tracker.random_bytes(8).hex()
        return f"{nonce}.{self._mac(who, nonce)}"

    def _known(self, who: str, device: str | None) -> str | None:
        """The nonce of a mark that was given to this login; None for any other text."""
        parsed = _DEVICE.fullmatch(device or "")
        if parsed is None or not hmac.compare_digest(parsed[2], self._mac(who, parsed[1])):
            return None
        return parsed[1]

    def _mac(self, who: str, nonce: str) -> str:
        return self._tracker.keyring.lookup("device", who, nonce).hex()


def _bucket(tracker: Tracker, *parts: str) -> str:
    return tracker.keyring.lookup("tries", *parts).hex()


def _chosen(state: PersonState, fact: PasswordSet, hashed: bytes) -> Commit:
    commit = Commit(Space(SERVICE))
    commit.append(subject(state.id), state.version, [fact])
    commit.record(PASSWORDS, state.id, hashed, new=False)
    return commit


def _state(account: Account, *then: PasswordSet) -> PersonState:
    state = person_state((*account.facts, *then))
    if state is None:
        raise TypeError("Whoever signs in is known.")
    return state


def _check(password: str, login: str, pointer: str) -> None:
    wrong = password_fault(password, login_of(login))
    if wrong is not None:
        raise _fault(pointer, "PASSWORD_WEAK", wrong)


def _fault(pointer: str, code: str, detail: str) -> Invalid:
    return Invalid(
        "The body has one fault; `errors` names it with its place. Nothing was written.",
        code="INVALID_BODY",
        faults=(Fault(pointer, code, detail),),
    )


def _refused() -> Unauthenticated:
    return Unauthenticated(
        "Login and password do not belong together, or this login may not be used now.",
        code="SIGN_IN_REFUSED",
    )
