"""One-time links: an admin makes one, the person chooses a password with it, once."""

from __future__ import annotations

import hmac
import re

from msgspec import Struct, structs

from tracker.access import keys as access
from tracker.access.keys import Principal
from tracker.domain.days import moment_text
from tracker.domain.errors import Conflict, Unauthenticated
from tracker.domain.facts import PersonInvited
from tracker.domain.people import person_state
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.services.people import found
from tracker.store.commit import Commit, Done
from tracker.store.keys import INVITATIONS, SERVICE, Space
from tracker.store.people import Account, Invitation, invitation_bytes, subject

HOURS = 72
PREFIX = "cmi"
_TOKEN = re.compile(r"(cmi_(p[a-z2-7]{8})_([A-Za-z0-9_-]{43}))[0-9A-Za-z]{6}", re.ASCII)


class InvitationOut(Struct, frozen=True, omit_defaults=True):
    """A one-time link; the token only in the answer that made it."""

    person: str
    expires_at: str
    token: str | None = None

    def without_token(self) -> InvitationOut:
        """The same as it may be kept."""
        return structs.replace(self, token=None)


async def invite(
    tracker: Tracker, by: Principal, person: str, once: Once | None = None
) -> InvitationOut:
    """A one-time link with which the person chooses a password; it replaces one made before.

    The token is in the answer and nowhere else. Raises `NotFound`, `Conflict` `PERSON_INACTIVE`.
    """
    for _ in range(ATTEMPTS_MAX):
        state, _account = await found(tracker, by, person)
        if not state.active:
            raise Conflict(
                "This person may not sign in. Set `active` first.", code="PERSON_INACTIVE"
            )
        now = tracker.now()
        expires = now + HOURS * 3_600_000
        secret = access.new_secret(tracker.random_bytes)
        fact = PersonInvited(now, now, by.id, person, expires)
        commit = Commit(Space(SERVICE))
        commit.append(subject(person), state.version, [fact])
        kept = invitation_bytes(Invitation(expires, access.digest(secret)))
        commit.record(INVITATIONS, person, kept, new=False)
        token = access.checked(f"{PREFIX}_{person}_{secret}")
        out = InvitationOut(person, moment_text(expires), token)
        if once is not None:
            commit.answer(once.key, once.seal(out))
        if isinstance(await tracker.commit(commit), Done):
            return out
    raise busy()


async def opened(tracker: Tracker, token: str) -> tuple[str, Account]:
    """Whose link this is, with all records of them; raises `Unauthenticated`."""
    parsed = _TOKEN.fullmatch(token)
    if parsed is None or access.checked(parsed[1]) != token:
        raise refused()
    account = await tracker.people.account(parsed[2])
    state, kept = person_state(account.facts), account.invitation
    if (
        state is None
        or not state.active
        or kept is None
        or not hmac.compare_digest(access.digest(parsed[3]), kept.digest)
        or tracker.now() >= kept.expires
    ):
        raise refused()
    return parsed[2], account


def refused() -> Unauthenticated:
    """The one answer to every link that opens nothing."""
    return Unauthenticated(
        "This link was used, has expired or was replaced by a newer one. Ask the city's admin for "
        "another.",
        code="INVITATION_INVALID",
    )
