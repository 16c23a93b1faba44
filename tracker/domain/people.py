"""People who sign in on the web: what their facts come to, and how a login is written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from tracker.domain.facts import (
    PasswordSet,
    PersonAdded,
    PersonChanged,
    PersonInvited,
    ServiceFact,
)
from tracker.domain.text import nfc

LOGIN_CHARS_MAX = 100
LOGIN_CHARS_MIN = 3
PASSWORD_CHARS_MIN = 10
PASSWORD_CHARS_MAX = 200
"""Enough for any phrase; what is longer only costs work."""

DIFFERENT_CHARS_MIN = 5
LOGIN_PART_CHARS = 5
"""A shorter login is a syllable, and syllables stand in many phrases."""

_SPELLING = re.compile(r"[ .()-]")
_PHONE = re.compile(r"\+?[0-9]{8,15}")


class PersonState(Struct, frozen=True):
    """A person by their facts.

    `personal` is the sealed blob that event `sealed_by` wrote. `stamp` is the ordinal of the event
    that chose the present password, 0 before the first sign-in: a session of another stamp ended.
    """

    id: str
    role: str
    bins: tuple[str, ...]
    markets: tuple[str, ...]
    active: bool
    personal: bytes
    sealed_by: int
    created: int
    stamp: int = 0
    invited_until: int | None = None
    version: int = 1


def person_state(facts: Sequence[ServiceFact]) -> PersonState | None:
    """The person that these facts are about, in the order of the ledger; None where none is."""
    added = facts[0] if facts else None
    if not isinstance(added, PersonAdded):
        return None
    role, bins, markets, active = added.role, added.bins, added.markets, True
    personal, sealed_by, stamp, invited = added.personal, 1, 0, None
    for ordinal, fact in enumerate(facts[1:], 2):
        match fact:
            case PersonChanged():
                role = fact.role or role
                bins = bins if fact.bins is None else fact.bins
                markets = markets if fact.markets is None else fact.markets
                active = active if fact.active is None else fact.active
                if fact.personal is not None:
                    personal, sealed_by = fact.personal, ordinal
            case PersonInvited():
                invited = fact.expires
            case PasswordSet():
                stamp, invited = ordinal, None
            case _:
                continue
    return PersonState(
        id=added.person,
        role=role,
        bins=bins,
        markets=markets,
        active=active,
        personal=personal,
        sealed_by=sealed_by,
        created=added.recorded,
        stamp=stamp,
        invited_until=invited,
        version=len(facts),
    )


def login_of(text: str) -> str:
    """A login as it is kept and compared: lower case, and of a phone number 0 and digits alone."""
    login = nfc(text).strip().casefold()
    compact = _SPELLING.sub("", login)
    if not _PHONE.fullmatch(compact):
        return login
    return "0" + compact[3:] if compact.startswith("+84") else compact


def login_fault(login: str) -> str | None:
    """What is wrong with a login as `login_of` gives it, as a sentence; None where nothing is."""
    if not LOGIN_CHARS_MIN <= len(login) <= LOGIN_CHARS_MAX:
        return f"A login has {LOGIN_CHARS_MIN} to {LOGIN_CHARS_MAX} characters."
    if not login.isprintable() or any(c.isspace() for c in login):
        return "A login has no spaces: give an e-mail address or a phone number."
    return None


def password_fault(password: str, login: str) -> str | None:
    """Why a password would be guessed, as a sentence; None where it will do.

    Length counts (NIST SP 800-63B §5.1.1.2): no rules of capitals, digits and signs.
    """
    if len(password) < PASSWORD_CHARS_MIN:
        return f"A password has at least {PASSWORD_CHARS_MIN} characters."
    if len(password) > PASSWORD_CHARS_MAX:
        return f"A password has at most {PASSWORD_CHARS_MAX} characters."
    if len(set(password)) < DIFFERENT_CHARS_MIN:
        return f"A password has at least {DIFFERENT_CHARS_MIN} different characters."
    name = login.partition("@")[0]
    if len(name) >= LOGIN_PART_CHARS and name in password.casefold():
        return "A password does not contain the login."
    return None
