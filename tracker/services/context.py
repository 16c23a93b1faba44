"""What every use case works with: the store, the keys, the clock. Made in `tracker.bootstrap`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.vault import Keyring, VendorVault
from tracker.domain.days import DAY_MS
from tracker.domain.decide import Stated, stated
from tracker.domain.errors import KeyReused, NotFound, TrackerError, Unavailable
from tracker.domain.market import Market, require_open
from tracker.domain.vendor import History
from tracker.services.known_doubts import KnownDoubts
from tracker.services.known_groups import KnownGroups
from tracker.services.known_markets import KnownMarkets
from tracker.services.numbers import Numbers
from tracker.services.upload_room import UploadRoom
from tracker.settings import Settings
from tracker.store.account_index import AccountIndex
from tracker.store.activity import Activity
from tracker.store.beats import Beats
from tracker.store.bulk_calls import BulkCalls
from tracker.store.commit import Commit, Committer, Outcome, Replayed
from tracker.store.erasures import Erasures
from tracker.store.errands import ErrandStore
from tracker.store.examined import Examined
from tracker.store.jobs import Jobs
from tracker.store.last_used import LastUsedStore
from tracker.store.look import Looks
from tracker.store.news import News, NotingCommitter
from tracker.store.people import PeopleStore
from tracker.store.publications import Publications
from tracker.store.reads import Reader
from tracker.store.reported import Reported
from tracker.store.schedule_state import ScheduleState
from tracker.store.sealed import SealedStore
from tracker.store.seals import SealStore
from tracker.store.sessions import SessionStore

if TYPE_CHECKING:
    from tracker.store.queue import QueueClient

ATTEMPTS_MAX = 10
"""How often a use case reads and decides anew after losing a race, before it gives up (503)."""


class Answered(TrackerError):
    """The request was answered before, under the same idempotency key."""

    status = 200
    title = "Answered before"
    default_code = "ANSWERED"

    def __init__(self, stored: bytes) -> None:
        super().__init__("This request was answered before.")
        self.stored = stored


class Once(Struct, frozen=True):
    """An idempotency key: where its answer is kept, and how a result becomes the stored answer."""

    key: str
    seal: Callable[[Any], bytes]


class Dispatch(Protocol):
    """Wakes a worker up for a job: `QueueClient.dispatch`."""

    async def __call__(self, job_id: str, *, light: bool = False) -> None: ...


class Tracker:
    """The surroundings of a use case. `now` gives ms since the epoch."""

    def __init__(
        self,
        *,
        settings: Settings,
        client: Any,
        keyring: Keyring,
        now: Callable[[], int],
        dispatch: Dispatch,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        queue: QueueClient | None = None,
    ) -> None:
        self.settings = settings
        self.client = client
        self.keyring = keyring
        self.now = now
        self.dispatch = dispatch
        self.random_bytes = random_bytes
        self.queue = queue
        self.reader = Reader(client)
        self.looks = Looks(client)
        self.numbers = Numbers(self.reader)
        self.known_markets = KnownMarkets()
        self.known_doubts = KnownDoubts()
        self.known_groups = KnownGroups(self.reader)
        self.uploads = UploadRoom()
        self.news = News(client)
        self.committer: Committer = NotingCommitter(client, self.news)
        self.publications = Publications(client)
        self.reported = Reported(client)
        self.jobs = Jobs(client)
        self.bulk_calls = BulkCalls(client)
        self.accounts = AccountIndex(client)
        self.erasures = Erasures(client)
        self.sealed = SealedStore(client)
        self.activity = Activity(client)
        self.examined = Examined(client)
        self.errands = ErrandStore(client)
        self.schedule_state = ScheduleState(client)
        self.beats = Beats(client)
        self.seals = SealStore(client)
        self.people = PeopleStore(client)
        self.sessions = SessionStore(client)
        self.last_used = LastUsedStore(client, session_ms=settings.session_days * DAY_MS)
        self._prefixes: dict[str, str] = {}

    def stated(self, principal: Principal, occurred_at: int | None = None) -> Stated:
        """The times of a fact that the principal states, within the role's limit.

        `occurred_at` is ms, None for now. Raises `Invalid` `IN_FUTURE`, `TOO_FAR_BACK`.
        """
        days_max = self.settings.backdate_days_of(principal.role)
        return stated(occurred_at, self.now(), principal.id, days_max=days_max)

    async def market(self, market: str) -> Market:
        """The market; raises `NotFound`."""
        found = await self.reader.market(market)
        if found is None:
            raise NotFound("There is no such market.")
        return found

    async def require_open(self, market: str, moment: int) -> None:
        """Passes where the market had not closed by the day of that moment (ms).

        Raises `Conflict` `MARKET_CLOSED`. A closure that is recorded in the same instant may miss
        what was decided before it; figures do not: a market that is not open has none.
        """
        require_open(await self.market(market), moment)

    async def market_id(self, prefix: str) -> str:
        """The id of the market with this prefix (it never changes); raises `NotFound`."""
        known = self._prefixes.get(prefix)
        if known is None:
            known = await self.reader.market_of_prefix(prefix)
            if known is None:
                raise NotFound("There is no such vendor.")
            self._prefixes[prefix] = known
        return known

    async def vault(self, market: str, history: History) -> VendorVault:
        """The vault of a vendor that has a data key; raises `NotFound` where it was erased."""
        return (await self.vaults(market, [history]))[0]

    async def vaults(self, market: str, histories: Sequence[History]) -> list[VendorVault]:
        """The vaults of vendors that have data keys, in their order."""
        wrapped = await self.reader.data_keys(market, [h.number for h in histories])
        if None in wrapped:
            raise NotFound("The personal data of this vendor were erased.", code="ERASED")
        return [
            VendorVault(history.vendor_code, self.keyring.unwrap(key))
            for history, key in zip(histories, wrapped, strict=True)
            if key is not None
        ]

    def new_vault(self, commit: Commit, data_keys: str, history: History) -> VendorVault:
        """The vault of a new vendor; its data key goes along with the commit."""
        key = self.keyring.new_data_key()
        commit.record(data_keys, str(history.number), self.keyring.wrap(key), new=True)
        return VendorVault(history.vendor_code, key)

    async def commit(self, commit: Commit) -> Outcome:
        """One commit; raises `Answered` where the idempotency key has an answer already."""
        outcome = await self.committer.commit(commit)
        if isinstance(outcome, Replayed):
            raise Answered(outcome.answer)
        return outcome


def reused() -> KeyReused:
    """The refusal of another request under a key that was used."""
    return KeyReused(
        "This Idempotency-Key was used for another request. Nothing was written; use a new key "
        "for a new request."
    )


def busy() -> Unavailable:
    """The refusal after too many lost races on one vendor."""
    return Unavailable(
        "Others keep changing the same record. Nothing was written; send the request again.",
        code="BUSY",
    )
