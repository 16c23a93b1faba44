"""A market's office at work in a test: it sends files, and looks at what stands afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tests.integration.conftest import Run
from tracker.access.keys import Principal
from tracker.access.vault import Keyring, MasterKey
from tracker.domain import decide
from tracker.domain.days import OFFSET_MS, day_number, start_of
from tracker.domain.facts import CodeRevoked, VendorFact
from tracker.domain.figures import content
from tracker.domain.vendor import Code, History, Vendor
from tracker.domain.views import stall_name
from tracker.services import imports, markets
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.commit import Commit, Committer, Done
from tracker.store.jobs import Job
from tracker.store.keys import Space

ADMIN = Principal("admin001", "the city", "admin")
MARKET, PREFIX = "cho-thu", "THU"
OPENED = date(2020, 3, 1)
TODAY = date(2026, 11, 20)
ROSTER_HEADING = "STT,Họ và tên,Số sạp,Khu,Ngành hàng,Điện thoại,Mã tham chiếu"
BANK_HEADING = "market,stall,bin,account,holder,issued_on,attached_on,partner_ref"
VCB, AGRIBANK = "970436", "970405"
KEYRING = Keyring([MasterKey(bytes(range(32)))])


class Clock:
    """The time of a test: it stands until it is moved."""

    def __init__(self) -> None:
        self.set(TODAY, hour=10)

    def __call__(self) -> int:
        return self.ms

    def set(self, day: date, hour: int = 10) -> None:
        """This hour of this day in Vietnam."""
        self.ms = start_of(day_number(day)) + hour * 3_600_000

    @property
    def today(self) -> date:
        """The local day."""
        return date(1970, 1, 1) + timedelta(milliseconds=self.ms + OFFSET_MS)


class OfficeTracker(Tracker):
    """A tracker whose commits go where a test wants them."""

    def __init__(self, client: Redis, clock: Clock, committer: Committer | None = None) -> None:
        super().__init__(
            settings=Settings(data=Path("/nonexistent")),
            client=client,
            keyring=KEYRING,
            now=clock,
            dispatch=_dispatch_nothing,
        )
        if committer is not None:
            self.committer = committer


async def _dispatch_nothing(job_id: str, *, light: bool = False) -> None:
    """The tests run their jobs themselves."""


async def stream(content: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    """A file as it comes over the wire."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


class Outcome:
    """What an import said: the job, its result and its rows."""

    def __init__(self, job: Job, result: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        self.job = job
        self.result = result
        self.rows = rows

    @property
    def said(self) -> list[str]:
        """Each row in a word: accepted, duplicate, or the code of its rejection."""
        return [r["code"] if r["status"] == "rejected" else r["status"] for r in self.rows]

    @property
    def totals(self) -> dict[str, int]:
        """Rows by what became of them."""
        totals: dict[str, int] = self.result["totals"]
        return totals


class Office:
    """One tracker on the test's store; everything by way of `run`."""

    def __init__(self, run: Run, store: Redis, clock: Clock) -> None:
        self.run = run
        self.store: Any = store  # redis-py types replies as unions that say nothing
        self.clock = clock
        self.tracker = OfficeTracker(store, clock)

    def open_market(
        self,
        market: str = MARKET,
        *,
        name: str = "Chợ Thử",
        prefix: str = PREFIX,
        opened_on: date = OPENED,
    ) -> None:
        """Sets up a market without an area."""
        new = markets.NewMarket(market, name, prefix, None, day_number(opened_on))
        self.run(markets.create(self.tracker, ADMIN, new))

    def accept(
        self,
        kind: str,
        content: bytes | str,
        *,
        market: str | None = None,
        effective_on: date | None = None,
        dry_run: bool = False,
        by: Principal = ADMIN,
        key: str | None = None,
    ) -> Job:
        """Sends a file; the job waits."""
        raw = content.encode() if isinstance(content, str) else content
        return self.run(
            imports.accept(
                self.tracker,
                by,
                kind=kind,
                market=market,
                effective_on=None if effective_on is None else day_number(effective_on),
                dry_run=dry_run,
                chunks=stream(raw),
                key=key,
            )
        )

    def work(self, job: Job, tracker: Tracker | None = None, chunk: int = imports.CHUNK) -> Outcome:
        """Runs a job to its end, so many rows at a time."""
        result = self.run(imports.run(tracker or self.tracker, job, chunk))
        return Outcome(job, result, self.rows(job))

    def rows(self, job: Job) -> list[dict[str, Any]]:
        """All row results, page by page."""
        rows: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page, after = self.run(imports.rows(self.tracker, ADMIN, job.id, after, 300))
            rows += page
        return rows

    def roster(
        self,
        *lines: str,
        market: str = MARKET,
        effective_on: date | None = None,
        dry_run: bool = False,
    ) -> Outcome:
        """Imports a roster: serial, name, stall, zone, category, phone, ref."""
        return self.work(
            self.accept(
                "roster",
                csv(ROSTER_HEADING, lines),
                market=market,
                effective_on=effective_on,
                dry_run=dry_run,
            )
        )

    def bank(
        self,
        *lines: str,
        market: str | None = MARKET,
        effective_on: date | None = None,
        dry_run: bool = False,
        by: Principal = ADMIN,
    ) -> Outcome:
        """Imports a bank's file: market, stall, bin, account, holder, two days, ref."""
        return self.work(
            self.accept(
                "attachments",
                csv(BANK_HEADING, lines),
                market=market,
                effective_on=effective_on,
                dry_run=dry_run,
                by=by,
            )
        )

    # ── what stands ──────────────────────────────────────────────────────────────────────────

    def position(self, market: str = MARKET) -> int:
        """How long the market's ledger is."""
        return self.run(self.tracker.reader.position(market))

    def history(self, stall: str, market: str = MARKET, prefix: str = PREFIX) -> History:
        """The history of the vendor at a stall; an empty one where nobody is."""
        holder = self.run(self.tracker.reader.holders(market, [stall_name(stall)]))[0]
        if holder is None:
            return History(prefix, 0)
        return self.run(self.tracker.reader.history(market, prefix, int(holder)))

    def vendor(self, stall: str) -> Vendor:
        """The state of the vendor at a stall."""
        return self.history(stall).replay()

    def person(self, stall: str) -> tuple[str, str | None]:
        """Name and phone of the vendor at a stall, in clear."""
        history = self.history(stall)
        vault = self.run(self.tracker.vault(MARKET, history))
        person = decide.person_of(history.replay(), vault)
        return person.name, person.phone

    def codes(self, stall: str) -> list[Code]:
        """The codes of the vendor at a stall, oldest first."""
        return list(self.vendor(stall).codes.values())

    def counts(self, day: date | None = None, market: str = MARKET) -> tuple[int, int, int]:
        """Registered, issued, attached at the end of a day (of today)."""
        wanted = day_number(day or self.clock.today)
        look = self.run(self.tracker.looks.at([market], wanted, wanted))[0]
        assert look.grounds is not None
        figures = content(look.grounds, wanted, self.clock())["figures"]
        registered, issued, attached = (
            figures[name]["count"] for name in ("registered", "issued", "attached")
        )
        return registered, issued, attached

    def number_last(self, market: str = MARKET) -> int:
        """The last vendor number that was given out."""
        return int(self.run(self.store.get(Space(market).numbers)) or 0)

    def files(self) -> list[bytes]:
        """The keys of all files that wait in the store."""
        keys: list[bytes] = self.run(self.store.keys("{jobs}:*:file"))
        return keys

    def state(self, market: str = MARKET) -> dict[str, Any]:
        """Everything of a market that an import may change, to be compared."""
        reader, space = self.tracker.reader, Space(market)
        return {
            "position": self.position(market),
            "docs": self.run(self.store.hgetall(space.docs)),
            "names": self.run(reader.all_names(market)),
            "deltas": self.run(self.store.hgetall(space.deltas)),
            "keys": self.run(reader.all_data_keys(market)),
            "rows": self.run(self.store.get(space.rows)),
            "groups": self.run(reader.groups(market)),
            "numbers": self.number_last(market),
        }

    def forget(self, stall: str) -> None:
        """Erases the personal data of the vendor at a stall."""
        number = str(self.history(stall).number)
        self.run(self.store.hdel(Space(MARKET).data_keys, number))

    def revoke(self, stall: str, code: int, at: int | None = None) -> None:
        """A bank takes a code back."""
        now = self.clock()
        self.write(stall, CodeRevoked(at or now, now, "bank", code=code, reason="closed"))

    def write(self, stall: str, *facts: VendorFact) -> None:
        """Facts about the vendor at a stall that no import stated."""
        commit = Commit(Space(MARKET))
        commit.vendor(self.history(stall), facts)
        assert isinstance(self.run(self.tracker.committer.commit(commit)), Done)


def csv(heading: str, lines: Sequence[str]) -> str:
    """A file of a heading and lines; the first line stands in row 2."""
    return "\n".join((heading, *lines, ""))


def moment(day: date, hour: int = 0) -> int:
    """An hour of a local day, in ms."""
    return start_of(day_number(day)) + hour * 3_600_000
