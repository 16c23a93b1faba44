"""A bank's file of who was paid: one commit for each market, day and bank that it speaks of.

Two kinds of file come here. One is a bank's whole day for all its markets: day and bank are fixed,
and a market in scope where the bank has accounts and that no line names is reported with zero
payments. The other is an import: its rows name the day (and the bank), and only what it names is
replaced. In both a market's day is replaced by the lines of the file that count; where none of its
lines counts, it stays as it was.

The market of a row is that of its vendor code. A job that was stopped goes on with the first part
that has no results; a part that was committed before the stop is found to stand just so.
"""

from __future__ import annotations

from asyncio import gather, to_thread
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import IO, Any, NamedTuple

from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.domain.activity import LINES_MAX, Line
from tracker.domain.codes import parse_vendor_code, vendor_code
from tracker.domain.days import day_number, start_of
from tracker.domain.errors import Invalid, NotFound, TrackerError
from tracker.domain.facts import decode_vendor
from tracker.domain.vendor import History
from tracker.services import activity
from tracker.services.context import Tracker
from tracker.services.import_work import batched
from tracker.store.jobs import Job, RowResult
from tracker.tables.activity import ActivityRow
from tracker.tables.cells import total_line
from tracker.tables.reading import Table, read_activity
from tracker.vietqr import banks

PREFIX_CHARS = 3
PREFIXES_MAX = 50_000
"""Prefixes remembered of one file: there can be 33 696 markets."""


AT_ONCE = 16
"""Markets worked on at once: the store syncs their commits together."""


class Part(NamedTuple):
    """What is decided as one: a bank's day in a market. Rows that belong to none have no market."""

    market: str
    day: int
    bin: str


NOWHERE = Part("", 0, "")


async def run(tracker: Tracker, job: Job, principal: Principal, file: IO[bytes]) -> dict[str, Any]:
    """The job itself; safe to run twice and at once."""
    table = await to_thread(read_activity, file)
    sorting = _Sorting(tracker, job, principal)
    parts, refused = await sorting.sort(table)
    job = replace(job, state="running", total=table.total_rows, done=0)
    totals: Counter[str] = Counter(accepted=0, duplicate=0, rejected=0)
    codes: Counter[str] = Counter()

    async def worked(some: Sequence[Part]) -> list[tuple[int, list[RowResult], bool]]:
        """One market's parts: number, results, and whether these were there already."""
        made = []
        for part in some:
            # Known again by its first row, whatever else the file is found to speak of by then.
            number = parts[part][0].row if part.market else 0
            known = await tracker.jobs.rows(job.id, number)
            results = known
            if results is None:
                results = await _report(tracker, job, part, parts[part]) if part.market else refused
            made.append((number, results, known is not None))
        return made

    ordered = [NOWHERE, *sorted(parts)]
    by_market = [list(some) for _, some in groupby(ordered, lambda part: part.market)]
    for some in batched(by_market, AT_ONCE):
        for found in await gather(*map(worked, some), return_exceptions=True):
            if isinstance(found, BaseException):
                raise found
            for number, results, known in found:
                job = replace(job, done=job.done + len(results))
                if not known:
                    await tracker.jobs.put_rows(job, number, results)
                totals.update(result.status for result in results)
                codes.update(r.code for r in results if r.status == "rejected" and r.code)
    result: dict[str, Any] = {"totals": dict(totals), "rejected": dict(sorted(codes.items()))}
    result["ignored"] = {"columns": list(table.ignored), "sheets": list(table.ignored_sheets)}
    if not job.params.get("whole"):
        return result
    named = sorting.named
    return {**result, "without_payments": await _without_payments(tracker, job, principal, named)}


async def _report(
    tracker: Tracker, job: Job, part: Part, rows: Sequence[ActivityRow]
) -> list[RowResult]:
    """Records one bank's day in one market, and says what became of its rows."""
    if len(rows) > LINES_MAX:
        return [_rejected(row, None, "TOO_MANY_LINES") for row in rows]
    lines = [Line(row.row, row.vendor, row.payments or 0, row.amount_vnd or 0) for row in rows]
    try:
        said = await activity.report(
            tracker,
            f"{job.id}.{rows[0].row}",
            part.market,
            day=part.day,
            bin_=part.bin,
            lines=lines,
            stated=job.created,
            dry=bool(job.params["dry_run"]),
        )
    except TrackerError as refusal:
        if refusal.status >= 500:
            raise
        return [_rejected(row, None, refusal.code) for row in rows]
    refused = {line.row: line for line in said.decided.refused}
    results = []
    for row in rows:
        line = refused.get(row.row)
        if line is not None:
            results.append(RowResult(row.row, "rejected", line.vendor, line.field, line.code))
        elif said.overtaken:
            results.append(_rejected(row, None, "OVERTAKEN"))
        else:
            code = vendor_code(*parse_vendor_code(row.vendor))
            results.append(RowResult(row.row, "accepted", code))
    return results


def _rejected(row: ActivityRow, field: str | None, code: str) -> RowResult:
    return RowResult(row.row, "rejected", None, field, code)


class _Sorting:
    """Sorts the rows of a file by what they speak of."""

    def __init__(self, tracker: Tracker, job: Job, principal: Principal) -> None:
        self._tracker = tracker
        self._principal = principal
        self._market: str | None = job.params["market"]
        self._day: int | None = job.params["effective_on"]
        self._fixed = bool(job.params.get("whole"))
        only = job.params.get("bin") or (min(principal.bins) if len(principal.bins) == 1 else "")
        self._bin: str = only
        self._known: dict[str, str | None] = {}
        self.named: set[str] = set()
        """Markets that some row means, be it refused: their days are not taken to be empty."""

    async def sort(
        self, table: Table[ActivityRow]
    ) -> tuple[dict[Part, list[ActivityRow]], list[RowResult]]:
        """Rows by bank's day, and those that belong to none with the reason."""
        parts: dict[Part, list[ActivityRow]] = {}
        refused = []
        for row in table:
            market = await self._market_with(row.vendor[:PREFIX_CHARS].upper())
            if market is not None:
                self.named.add(market)
            part = await self._part(row)
            if isinstance(part, Part):
                parts.setdefault(part, []).append(row)
            else:
                refused.append(_rejected(row, *part))
        return parts, refused

    async def _part(self, row: ActivityRow) -> Part | tuple[str | None, str]:
        if total_line("", row.vendor):
            return None, "TOTAL_LINE"
        fault = row.rejection()
        if fault is not None:
            return fault
        market = await self._market_of(row.vendor)
        if isinstance(market, tuple):
            return market
        day = self._day if row.date is None else day_number(row.date)
        if day is None:
            return "date", "DAY_MISSING"
        if self._fixed and day != self._day:
            return "date", "OTHER_DAY"
        bin_ = row.bin or self._bin
        if not bin_:
            return "bin", "BIN_MISSING"
        if not self._principal.may_bin(bin_) or (self._fixed and bin_ != self._bin):
            return "bin", "BIN_OUT_OF_SCOPE"
        if banks.find(bin_) is None:
            return "bin", "BIN_UNKNOWN"
        return Part(market, day, bin_)

    async def _market_of(self, vendor: str) -> str | tuple[str, str]:
        try:
            prefix, _ = parse_vendor_code(vendor)
        except Invalid as wrong:
            return "vendor", wrong.code
        market = await self._market_with(prefix)
        if market is None or not self._principal.may_market(market):
            return "vendor", "VENDOR_UNKNOWN"
        return market if self._market in {None, market} else ("vendor", "VENDOR_UNKNOWN")

    async def _market_with(self, prefix: str) -> str | None:
        if prefix not in self._known:
            if len(self._known) > PREFIXES_MAX:
                self._known.clear()
            try:
                self._known[prefix] = await self._tracker.market_id(prefix)
            except NotFound:
                self._known[prefix] = None
        return self._known[prefix]


async def _without_payments(
    tracker: Tracker, job: Job, principal: Principal, named: set[str]
) -> list[str]:
    """Reports zero payments where the bank has accounts and the file has no line; which markets."""
    day, bin_ = job.params["effective_on"], job.params["bin"]
    reported = []
    for market, prefix in (await tracker.reader.markets()).items():
        if market in named or not principal.may_market(market):
            continue
        place = await tracker.reader.market(market)
        if place is None or not place.open_on(day):
            continue
        if not await _has_accounts(tracker, market, prefix, day, bin_):
            continue
        said = await activity.report(
            tracker, f"{job.id}.0", market, day=day, bin_=bin_, lines=(), stated=job.created
        )
        if said.recorded:
            reported.append(market)
    return reported


async def _has_accounts(tracker: Tracker, market: str, prefix: str, day: int, bin_: str) -> bool:
    """Whether anybody has an account at the bank there at the end of the day."""
    for number, raw in await tracker.activity.documents_naming(market, bin_):
        history = History(prefix, number, decode_vendor(raw))
        if bin_ in history.replay(before=start_of(day + 1)).accounts:
            return True
    return False
