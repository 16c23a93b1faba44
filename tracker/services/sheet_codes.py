"""The codes of one sheet: which they are, what their stickers say, and their prints in the ledger.

Which codes a sheet is of is fixed when it is ordered (`select`). What became of them since is seen
when it is drawn (`choose`) and once more when their prints are recorded (`record`): a code that
was replaced, or printed by another sheet that wanted unprinted ones too, is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.vault import VendorVault
from tracker.domain import decide, decide_codes, rows
from tracker.domain.codes import parse_vendor_code
from tracker.domain.errors import Fault, Invalid
from tracker.domain.facts import VendorFact
from tracker.domain.market import Market
from tracker.domain.text import walking_order
from tracker.domain.vendor import Code, History, Vendor
from tracker.services.code_life import sticker
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.services.import_work import PIPELINE, batched
from tracker.services.job_ids import principal_of
from tracker.stickers.design import Sticker
from tracker.store.commit import Commit, Done
from tracker.store.jobs import Job
from tracker.store.keys import Space

STICKERS_MAX = 2_000
"""On one sheet: 500 pages of four. Their PDF is 3 MB and drawn in some seconds; a stack of paper
larger than that jams, and a failure would cost all of it."""

_READ = 500  # histories of one read: the service answers others between two

Printed = Literal["never", "before", "any"]
Reason = Literal["CODE_NOT_LIVE", "VENDOR_LEFT", "ERASED", "PRINTED", "PROOF_FAILED"]


class Order(Struct, frozen=True, kw_only=True):
    """What is to be printed: codes of one market, by vendor, zone, bank, and prints so far."""

    market: str
    vendors: Sequence[str] | None = None
    zone: str | None = None
    printed: Printed = "never"
    bin: str | None = None


class Chosen(Struct, frozen=True):
    """A code to be printed: its vendor as it was read, and its sticker."""

    history: History
    ordinal: int
    sticker: Sticker


class Choice(NamedTuple):
    """What a sheet prints, in its order, and the codes that it cannot."""

    chosen: list[Chosen]
    left_out: dict[str, Reason]


async def select(
    tracker: Tracker, principal: Principal, place: Market, order: Order
) -> list[tuple[int, int]]:
    """Vendor number and ordinal of each live code that the order means and the principal may print.

    Raises `Invalid` with a fault for each vendor that is not one of this market; and
    `TOO_MANY_STICKERS`, `NOTHING_TO_PRINT`.
    """
    if order.vendors is None:
        numbers = (await tracker.reader.roster(place.id)).where(rows.ISSUED)
    else:
        numbers = await _numbers(tracker, place, order.vendors)
    codes: list[tuple[int, int]] = []
    for some in batched(numbers, _READ):
        for history in await tracker.reader.histories(place.id, place.prefix, some):
            vendor = history.replay()
            if not vendor.on_roster or order.zone not in {None, vendor.zone}:
                continue
            for code in vendor.codes.values():
                if code.live and principal.may_bin(code.bin) and _meant(code, order):
                    codes.append((history.number, code.ordinal))
        if len(codes) > STICKERS_MAX:
            raise Invalid(
                f"A sheet holds up to {STICKERS_MAX} stickers. Order one a zone, or name vendors.",
                code="TOO_MANY_STICKERS",
            )
    if not codes:
        raise Invalid(
            "No live code is meant by this. Issue codes first, or print others: `printed` says "
            "whether those that never were, those that were before, or any.",
            code="NOTHING_TO_PRINT",
        )
    return codes


def _meant(code: Code, order: Order) -> bool:
    if order.bin not in {None, code.bin}:
        return False
    return order.printed == "any" or (order.printed == "before") == bool(code.prints)


async def _numbers(tracker: Tracker, place: Market, vendors: Sequence[str]) -> list[int]:
    """The numbers of vendors by their codes, each once."""
    places: dict[int, int] = {}
    unknown: list[int] = []
    for n, text in enumerate(vendors):
        try:
            prefix, number = parse_vendor_code(text)
        except Invalid:
            prefix, number = "", 0
        if prefix == place.prefix:
            places.setdefault(number, n)
        else:
            unknown.append(n)
    for some in batched(places, _READ):
        histories = await tracker.reader.histories(place.id, place.prefix, some)
        unknown += [places[history.number] for history in histories if not history.facts]
    if unknown:
        says = "No vendor of this market has this code."
        raise Invalid(
            "The body names vendors that are not of this market. Nothing was ordered.",
            code="INVALID_BODY",
            faults=tuple(Fault(f"/vendors/{n}", "VENDOR_UNKNOWN", says) for n in sorted(unknown)),
        )
    return list(places)


async def choose(tracker: Tracker, job: Job, place: Market) -> Choice:
    """The stickers of a job's codes as they stand now, by zone and stall.

    A code whose print this job recorded before it was stopped keeps that print's number.
    """
    principal = principal_of(job)
    wanted: dict[int, list[int]] = defaultdict(list)
    for number, ordinal in job.params["codes"]:
        wanted[number].append(ordinal)
    numbers = list(wanted)
    histories = await tracker.reader.histories(place.id, place.prefix, numbers)
    wrapped = await tracker.reader.data_keys(place.id, numbers)
    placed: list[tuple[tuple[str, str, str], Chosen]] = []
    left_out: dict[str, Reason] = {}
    for history, key in zip(histories, wrapped, strict=True):
        vendor = history.replay()
        for ordinal in wanted[history.number]:
            reason = _why_not(job, history, vendor, ordinal)
            if key is None or reason is not None:
                left_out[history.code_id(ordinal)] = reason or "ERASED"
                continue
            vault = VendorVault(history.vendor_code, tracker.keyring.unwrap(key))
            code = vendor.codes[ordinal]
            number = decide_codes.print_number(history, code=ordinal, sheet=job.id)
            drawn = sticker(
                tracker,
                principal,
                place,
                history,
                code,
                vault,
                print_number=number or code.prints + 1,
            )
            order = (vendor.zone or "", walking_order(drawn.stall), drawn.code)
            placed.append((order, Chosen(history, ordinal, drawn)))
    placed.sort(key=lambda one: one[0])
    return Choice([chosen for _, chosen in placed], left_out)


def _why_not(job: Job, history: History, vendor: Vendor, ordinal: int) -> Reason | None:
    """Why a code that was ordered is not printed after all."""
    code = vendor.codes.get(ordinal)
    if code is None or not code.live:
        return "CODE_NOT_LIVE"
    if not vendor.on_roster:
        return "VENDOR_LEFT"
    own = decide_codes.print_number(history, code=ordinal, sheet=job.id)
    return "PRINTED" if job.params["printed"] == "never" and code.prints and not own else None


async def record(tracker: Tracker, job: Job, place: Market, chosen: Sequence[Chosen]) -> bool:
    """Records the prints; whether each is the print that its sticker says.

    Where another writer was faster it is decided again: a print of somebody else's makes ours one
    more, and the sticker that was drawn wrong. Safe to repeat.
    """
    histories = {one.history.number: one.history for one in chosen}
    drawn: dict[int, dict[int, int]] = defaultdict(dict)
    for one in chosen:
        drawn[one.history.number][one.ordinal] = one.sticker.print_number
    as_drawn = True
    for _ in range(ATTEMPTS_MAX):
        stale: list[int] = []
        for some in batched(histories.values(), PIPELINE):
            commits: dict[int, Commit] = {}
            for history in some:
                facts = _prints(tracker, job, history, drawn[history.number])
                as_drawn &= _numbers_are(job, history.then(*facts), drawn[history.number])
                if facts:
                    commits[history.number] = Commit(Space(place.id))
                    commits[history.number].vendor(history, facts)
            outcomes = await tracker.committer.commit_many(list(commits.values()))
            said = zip(commits, outcomes, strict=True)
            stale += [number for number, outcome in said if not isinstance(outcome, Done)]
        if not stale:
            return as_drawn
        again = await tracker.reader.histories(place.id, place.prefix, stale)
        histories = {history.number: history for history in again}
    raise busy()


def _prints(
    tracker: Tracker, job: Job, history: History, codes: Mapping[int, Any]
) -> list[VendorFact]:
    when = decide.stated(None, tracker.now(), job.id)
    vendor = history.replay()
    facts: list[VendorFact] = []
    for ordinal in codes:
        if _why_not(job, history, vendor, ordinal) is None:
            facts += decide_codes.print_code(history, when, code=ordinal, sheet=job.id)
    return facts


def _numbers_are(job: Job, history: History, drawn: Mapping[int, int]) -> bool:
    return all(
        decide_codes.print_number(history, code=ordinal, sheet=job.id) == number
        for ordinal, number in drawn.items()
    )
