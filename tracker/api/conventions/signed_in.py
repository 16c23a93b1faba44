"""Who asks by cookie, and the count of their requests: the limits of keys hold for people too."""

from __future__ import annotations

from msgspec import Struct

from tracker.api.conventions.limits import Rate, seconds
from tracker.api.conventions.principals import POLICY, Caller
from tracker.services import sessions
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.store.doorkeeper import Document, Doorkeeper
from tracker.store.people import subject


class Visit(Struct, frozen=True):
    """A caller, and the digest of the session."""

    caller: Caller
    session: str


class SignedIn:
    """People by their sessions. Nothing is remembered: what ended has ended everywhere at once."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._doorkeeper = Doorkeeper(tracker.client)

    async def of(self, cookie: str) -> Visit:
        """Whom the cookie stands for; the request is counted. Raises `Unauthenticated`."""
        for _ in range(ATTEMPTS_MAX):
            entered = await sessions.principal_of(self._tracker, cookie)
            who = entered.principal
            most = self._tracker.settings.requests_per_min_of(who.id, who.role)
            if not most:
                return Visit(Caller(who, None), entered.digest)
            answer = await self._doorkeeper.ask(subject(who.id), entered.document, most)
            if not isinstance(answer, Document):
                rate = Rate(POLICY, most, answer.left, seconds(answer.wait_us / 1_000))
                return Visit(Caller(who, rate, refused=not answer.passes), entered.digest)
        raise busy()
