"""Import an office's roster or a bank's file: take it, work through it, say what became of it.

A file is taken as sealed chunks under a key of its job. The job works through it in chunks of
`CHUNK` rows; the results of a chunk are stored when all its rows are committed. A job that was
stopped goes on with the first chunk that has no results; rows of it that were committed before
the stop are known by the job and row that their facts name, and count as what they were.
"""

from __future__ import annotations

import hashlib
import io
from asyncio import to_thread
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.access.roles import Permission, hidden, require
from tracker.access.vault import UploadCipher
from tracker.domain.days import day_date, day_of
from tracker.domain.errors import Invalid, KeyReused, TooLarge
from tracker.domain.market import Market
from tracker.domain.text import search_key
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.services.import_accounts import Accounts
from tracker.services.import_book import Book, Plan
from tracker.services.import_roster import Roster
from tracker.services.job_ids import new_job
from tracker.services.row_details import detail
from tracker.store.commit import Done
from tracker.store.jobs import FILE_CHUNK_BYTES, Job, RowResult
from tracker.tables.reading import Table, read_bank, read_roster
from tracker.tables.rows import BankRow, RosterRow

T = TypeVar("T")

CHUNK = 500
"""Rows committed in one pipeline and reported as one."""

_PERMISSIONS = {
    "roster": Permission.IMPORTS_ROSTER,
    "attachments": Permission.IMPORTS_ATTACHMENTS,
}


async def accept(
    tracker: Tracker,
    principal: Principal,
    *,
    kind: str,
    market: str | None,
    effective_on: int | None,
    dry_run: bool,
    chunks: AsyncIterator[bytes],
    key: str | None = None,
) -> Job:
    """Takes a file and asks the workers to import it.

    A file that cannot be read at all is refused here (`BadFile`, `TooLarge`); everything else is
    said of its rows. `effective_on` is a day; the same `key` with the same file is the same job.
    """
    permission = _PERMISSIONS.get(kind)
    if permission is None:
        raise Invalid("`kind` is roster or attachments.", code="KIND_UNKNOWN")
    require(principal, permission, market)
    today = day_of(tracker.now())
    if effective_on is not None and effective_on > today:
        raise Invalid("`effective_on` lies in the future. Correct the date.", code="IN_FUTURE")
    fixed = await _effective_on(tracker, kind, market, effective_on, today)
    content = await _receive(tracker, chunks)
    await to_thread(_open, kind, content)
    digest = hashlib.sha256(content).hexdigest()
    given = "" if effective_on is None else str(effective_on)
    fingerprint = tracker.keyring.lookup("import", kind, market or "", given, str(dry_run), digest)
    job = new_job(tracker, "import", principal.id, {})
    cipher, wrapped = UploadCipher.create(tracker.keyring, job.id)
    parts = [content[n : n + FILE_CHUNK_BYTES] for n in range(0, len(content), FILE_CHUNK_BYTES)]
    for number, sealed in enumerate(cipher.seal_all(parts)):
        await tracker.jobs.put_chunk(job.id, number, sealed)
    params = {
        "kind": kind,
        "market": market,
        "effective_on": fixed,
        "today": today,
        "dry_run": dry_run,
        "key": wrapped,
        "bins": sorted(principal.bins),
        "markets": sorted(principal.markets),
        "role": principal.role,
    }
    job = replace(job, params=params)
    known = await tracker.jobs.create(job, key, fingerprint)
    if known.job == job.id:
        await tracker.dispatch(job.id)
        return job
    await tracker.jobs.drop_file(job.id)
    if known.fingerprint != fingerprint:
        raise KeyReused(
            "This Idempotency-Key was used for another import. Use a new key for a new file."
        )
    return await tracker.jobs.get(known.job) or job


async def _effective_on(
    tracker: Tracker, kind: str, market: str | None, given: int | None, today: int
) -> int | None:
    """The day on which the file's facts happened, fixed once."""
    if kind != "roster":
        return given
    if market is None:
        raise Invalid("A roster needs `market`: whose roster is it?", code="MARKET_MISSING")
    place = await tracker.market(market)
    if given is not None and given < place.opened_on:
        raise Invalid(
            f"The market opened on {day_date(place.opened_on).isoformat()}; its roster cannot "
            "be older. Correct `effective_on`.",
            code="BEFORE_OPENING",
        )
    if given is not None:
        return given
    empty = not (await tracker.reader.stage_bits(market))["registered"]
    return min(place.opened_on, today) if empty else today


async def _receive(tracker: Tracker, chunks: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > tracker.settings.upload_bytes_max:
            size = tracker.settings.upload_bytes_max // (1024 * 1024)
            raise TooLarge(
                f"Files up to {size} MiB are taken. Split the file.", code="FILE_TOO_LARGE"
            )
    return bytes(content)


def _open(kind: str, content: bytes) -> Table[RosterRow] | Table[BankRow]:
    file = io.BytesIO(content)
    return read_roster(file) if kind == "roster" else read_bank(file)


# ── the job ──────────────────────────────────────────────────────────────────────────────────


async def run(tracker: Tracker, job: Job) -> dict[str, Any]:
    """The job itself; safe to run twice and at once."""
    content = await _file(tracker, job)
    table = await to_thread(_open, job.params["kind"], content)
    work = _Work(tracker, job)
    job = replace(job, state="running", total=table.total_rows, done=0)
    totals: Counter[str] = Counter(accepted=0, duplicate=0, rejected=0)
    codes: Counter[str] = Counter()
    lines: Iterable[RosterRow | BankRow] = table
    for number, rows in enumerate(_batched(lines, CHUNK)):
        results = await tracker.jobs.rows(job.id, number)
        job = replace(job, done=job.done + len(rows))
        if results is None:
            results = await work.chunk(rows)
            await tracker.jobs.put_rows(job, number, results)
        work.saw(rows)
        totals.update(result.status for result in results)
        codes.update(r.code for r in results if r.status == "rejected" and r.code is not None)
    result: dict[str, Any] = {"totals": dict(totals), "rejected": dict(sorted(codes.items()))}
    result |= await work.missing()
    return result


def _batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while some := tuple(islice(rest, size)):
        yield some


async def _file(tracker: Tracker, job: Job) -> bytes:
    cipher = UploadCipher.resume(tracker.keyring, job.id, job.params["key"])
    sealed = [chunk async for chunk in tracker.jobs.chunks(job.id)]
    return b"".join(cipher.open_all(sealed))


class _Work:
    """Works through the rows of one job."""

    def __init__(self, tracker: Tracker, job: Job) -> None:
        params = job.params
        self._tracker = tracker
        self._market: str | None = params["market"]
        self._roster = params["kind"] == "roster"
        self._dry = bool(params["dry_run"])
        self._rules_roster = Roster(job.id, params["effective_on"] or params["today"])
        principal = Principal(
            id=job.by,
            name="",
            role=params["role"],
            bins=frozenset(params["bins"]),
            markets=frozenset(params["markets"]),
        )
        self._principal = principal
        self._rules_accounts = Accounts(job.id, principal, params["effective_on"], params["today"])
        self._books: dict[str, Book] = {}
        self._places: dict[str, str] | None = None
        self._stalls: set[str] = set()

    def saw(self, rows: Sequence[RosterRow | BankRow]) -> None:
        """Remembers the stalls that the file lists."""
        if self._roster:
            self._stalls.update(row.stall for row in rows if row.stall)

    async def chunk(self, rows: Sequence[RosterRow | BankRow]) -> list[RowResult]:
        """Decides and commits some rows; a row that was overtaken is done anew by itself."""
        plans = await self._plan(rows)
        if self._dry:
            return [plan.result for plan in plans]
        done = await self._commit(plans)
        results = []
        for row, plan, written in zip(rows, plans, done, strict=True):
            results.append(plan.result if written else await self._alone(row))
        return results

    async def _alone(self, row: RosterRow | BankRow) -> RowResult:
        for _ in range(ATTEMPTS_MAX):
            plans = await self._plan([row])
            if all(await self._commit(plans)):
                return plans[0].result
        raise busy()

    async def _commit(self, plans: Sequence[Plan]) -> list[bool]:
        commits = [plan.commit for plan in plans if plan.commit is not None]
        outcomes = iter(await self._tracker.committer.commit_many(commits))
        return [plan.commit is None or isinstance(next(outcomes), Done) for plan in plans]

    async def _plan(self, rows: Sequence[RosterRow | BankRow]) -> list[Plan]:
        if not self._dry:
            self._books = {}  # what stands is read anew for each chunk; a dry run writes nothing
        if self._roster:
            return await self._plan_roster([r for r in rows if isinstance(r, RosterRow)])
        return await self._plan_accounts([r for r in rows if isinstance(r, BankRow)])

    async def _plan_roster(self, rows: Sequence[RosterRow]) -> list[Plan]:
        book = await self._book(self._market or "")
        rules = self._rules_roster
        names = rules.names(rows)
        await book.load(names)
        fresh = sum(book.holder(n) is None for n in dict.fromkeys(names) if n.startswith("s:"))
        await book.load([], fresh)
        if not self._dry:
            await rules.add_zones(book, rows)
        return [rules.plan(book, row) for row in rows]

    async def _plan_accounts(self, rows: Sequence[BankRow]) -> list[Plan]:
        rules = self._rules_accounts
        markets = [await self._market_of(row) for row in rows]
        for market in dict.fromkeys(m for m in markets if m is not None):
            book = await self._book(market)
            its = [row for row, where in zip(rows, markets, strict=True) if where == market]
            await book.load(rules.names(its))
        plans = []
        for row, market in zip(rows, markets, strict=True):
            refused = rules.usable(row)
            if refused is None and market is None:
                refused = RowResult(row.row, "rejected", None, "market", "MARKET_UNKNOWN")
            if refused is not None or market is None:
                plans.append(Plan(refused or RowResult(row.row, "rejected"), None))
            else:
                plans.append(rules.plan(self._books[market], row))
        return plans

    async def _market_of(self, row: BankRow) -> str | None:
        """The market that a row names by id or by name, or that the job is about; in scope."""
        if self._places is None:
            self._places = {}
            ids = list(await self._tracker.reader.markets())
            for look in await self._tracker.reader.look_many(ids):
                if look.market is not None and self._principal.may_market(look.market.id):
                    self._places[look.market.id] = look.market.id
                    self._places[search_key(look.market.name)] = look.market.id
        found = self._places.get(row.market) or self._places.get(search_key(row.market))
        if self._market is None or not row.market:
            return found if row.market else self._market
        return found if found == self._market else None

    async def _book(self, market: str) -> Book:
        if market not in self._books:
            place: Market = await self._tracker.market(market)
            self._books[market] = Book(self._tracker, place, self._tracker.now())
        return self._books[market]

    async def missing(self) -> dict[str, Any]:
        """Vendors on the roster that the file does not list; they are not changed."""
        if not self._roster or self._market is None:
            return {}
        place = await self._tracker.market(self._market)
        names = await self._tracker.reader.all_names(self._market)
        numbers = [
            int(holder)
            for name, holder in names.items()
            if name.startswith("s:") and name.removeprefix("s:") not in self._stalls
        ]
        histories = await self._tracker.reader.histories(place.id, place.prefix, sorted(numbers))
        return {"not_listed": [history.vendor_code for history in histories]}


# ── reading ──────────────────────────────────────────────────────────────────────────────────


async def get_job(tracker: Tracker, principal: Principal, id_: str) -> Job:
    """A job that the principal asked for; admin and auditor see all. Raises `NotFound`."""
    job = await tracker.jobs.get(id_)
    if job is None or (job.by != principal.id and principal.role not in {"admin", "auditor"}):
        raise hidden()
    return job


async def rows(
    tracker: Tracker, principal: Principal, id_: str, after: int, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """What became of the rows after row number `after`; and the row to go on after, if any."""
    job = await get_job(tracker, principal, id_)
    found: list[RowResult] = []
    for results in (await tracker.jobs.row_chunks(job.id)).values():
        found += [result for result in results if result.row > after]
    page = [
        {
            "row": result.row,
            "status": result.status,
            "id": result.id,
            "field": result.field,
            "code": result.code,
            "detail": detail(result.code),
        }
        for result in found[:limit]
    ]
    return page, found[limit - 1].row if len(found) > limit else None
