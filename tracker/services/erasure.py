"""Erasure: a vendor's data key goes, and everything that would still tell who they were.

The fact, the end of the data key and the note of what is left to clear are one commit: from then on
no name opens any more. What follows can be repeated at any time and is: at once by whoever erases,
and by the schedule until it is done. It clears the account index, the stored answers and the files
of ended jobs about the market, and has the server write its log anew, once for many erasures: until
then the log still holds the wrapped key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import Permission, hidden, require
from tracker.access.vault import VendorVault
from tracker.domain import decide, decide_erasure
from tracker.domain.codes import event_id, parse_vendor_code
from tracker.domain.days import moment_text
from tracker.domain.errors import Invalid, NotFound
from tracker.domain.facts import PersonalDataErased
from tracker.domain.vendor import History
from tracker.services import account_index, erased_answers
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.services.events import find_any
from tracker.store.commit import Commit, Done
from tracker.store.erasures import Pending, put
from tracker.store.keys import Space

RETRY_MS: Final = 60_000
"""How long after a rewrite of the log that failed the next one is asked for."""

Check = Callable[[int], None]

log = logging.getLogger(__name__)


class ErasureOut(Struct, frozen=True):
    """A vendor who was forgotten: the event that says so, and since when."""

    vendor: str
    market: str
    event: str
    erased_at: str
    version: int


class Applied(NamedTuple):
    """What a list of the erased came to: forgotten again, forgotten still, not known here."""

    again: list[str]
    still: list[str]
    unknown: list[str]


async def erase(tracker: Tracker, principal: Principal, vendor: str, check: Check) -> ErasureOut:
    """Forgets a vendor; who was forgotten before is answered alike, whatever `check` says.

    `check` is given the vendor's version and raises where the caller decided on another. Raises
    `Conflict` `HAS_LIVE_CODES`, `STILL_ON_ROSTER`.
    """
    for _ in range(ATTEMPTS_MAX):
        market, history = await _find(tracker, principal, vendor)
        known = _out(market, history)
        if known is not None:
            return known
        check(history.version)
        commit, pending, after = await _prepared(tracker, market, history, principal.id)
        if isinstance(await tracker.commit(commit), Done):
            await _clear(tracker, [pending])
            done = _out(market, after)
            if done is not None:
                return done
    raise busy()


async def _find(tracker: Tracker, principal: Principal, vendor: str) -> tuple[str, History]:
    try:
        prefix, number = parse_vendor_code(vendor)
    except Invalid as wrong:
        raise hidden() from wrong
    market, history = await find_any(tracker, principal, prefix, number)
    require(principal, Permission.PERSONAL_ERASE, market)
    return market, history


async def _prepared(
    tracker: Tracker, market: str, history: History, by: str, *, anyway: bool = False
) -> tuple[Commit, Pending, History]:
    now = tracker.now()
    facts = decide_erasure.erase(history, decide.stated(None, now, by), anyway=anyway)
    (wrapped,) = await tracker.reader.data_keys(market, [history.number])
    lookups: list[str] = []
    if wrapped is not None:
        vault = VendorVault(history.vendor_code, tracker.keyring.unwrap(wrapped))
        lookups = account_index.lookups_ever(tracker, history, vault)
    pending = Pending(market, history.number, history.vendor_code, now, tuple(lookups))
    space = Space(market)
    commit = Commit(space)
    if facts:
        commit.vendor(history, facts)
    put(commit, space, pending)
    return commit, pending, history.then(*facts)


def _out(market: str, history: History) -> ErasureOut | None:
    for event, fact in enumerate(history.facts, 1):
        if isinstance(fact, PersonalDataErased):
            named = event_id(history.vendor_code, event)
            moment = moment_text(fact.recorded)
            return ErasureOut(history.vendor_code, market, named, moment, history.version)
    return None


# ── what follows ─────────────────────────────────────────────────────────────────────────────


async def complete_all(tracker: Tracker, markets: Sequence[str] | None = None) -> None:
    """Clears what erasures have left, and takes those off the list whose traces left the log.

    Of all markets, or of these. One rewrite of the log at a time; what is erased meanwhile waits
    for the next one.
    """
    asked = list(await tracker.reader.markets()) if markets is None else markets
    waiting = await tracker.erasures.waiting(asked)
    if not waiting:
        return
    state = await tracker.erasures.log_state()
    if state.kept and state.busy:
        return
    begun = await tracker.erasures.rewrite_begun()
    if begun is not None and begun.server == state.server:
        soon = tracker.now() - begun.begun < RETRY_MS
        if not begun.covers:  # it was refused
            if soon:
                return
        elif state.ok:
            done = [pending for pending in waiting if pending.name in begun.covers]
            await tracker.erasures.settled(done)
            await tracker.erasures.end_rewrite()
            waiting = [pending for pending in waiting if pending.name not in begun.covers]
        elif soon:
            return
        else:
            log.error("the store could not write its log anew: erased keys are still in it")
    if waiting:
        await _clear(tracker, waiting)
        await tracker.erasures.forget_lookups(waiting)
        await _rewrite(tracker, state.server, waiting, kept=state.kept)


async def _rewrite(
    tracker: Tracker, server: str, waiting: Sequence[Pending], *, kept: bool
) -> None:
    if not kept:  # a store for throw-away use has no log
        await tracker.erasures.settled(waiting)
        return
    taken = await tracker.erasures.rewrite_log()
    covers = [pending.name for pending in waiting] if taken else []
    await tracker.erasures.note_rewrite(server, tracker.now(), covers)
    if not taken:
        log.error(
            "the store refuses BGREWRITEAOF: erased keys are still in its log. Allow it, or have "
            "the log written anew by hand"
        )


async def _clear(tracker: Tracker, erased: Iterable[Pending]) -> None:
    """The account index, stored answers, and files of ended jobs: nothing of these vendors."""
    some = list(erased)
    for pending in some:
        await tracker.erasures.clear_index(pending)
    await erased_answers.clear(tracker, {pending.vendor for pending in some})
    await _drop_files(tracker, {pending.market for pending in some})


async def _drop_files(tracker: Tracker, markets: set[str]) -> None:
    """Files that ended jobs were given, or made, about these markets or about several."""
    async for id_ in tracker.sealed.files():
        job = await tracker.jobs.get(id_)
        if job is not None and job.ended and job.params.get("market") in {None, *markets}:
            await tracker.jobs.drop_file(id_)


# ── the list of the erased ───────────────────────────────────────────────────────────────────


async def listed(tracker: Tracker) -> dict[str, int]:
    """The codes of all vendors who were forgotten, with the moment (ms) of each."""
    waiting = await tracker.erasures.waiting(list(await tracker.reader.markets()))
    known = await tracker.erasures.listed()
    return dict(sorted((known | {pending.vendor: pending.at for pending in waiting}).items()))


async def apply(tracker: Tracker, by: str, vendors: Iterable[str]) -> Applied:
    """Forgets again whom a newer copy of the store forgot; safe to repeat.

    In an older copy the vendor may be on the roster with live codes: these end with it. Raises
    `Invalid` for a text that is no vendor code, before anything is written.
    """
    applied = Applied([], [], [])
    for prefix, number, vendor in [(*parse_vendor_code(text), text) for text in vendors]:
        try:
            market = await tracker.market_id(prefix)
        except NotFound:
            applied.unknown.append(vendor)
            continue
        for _ in range(ATTEMPTS_MAX):
            history = await tracker.reader.history(market, prefix, number)
            if not history.facts:
                applied.unknown.append(vendor)
                break
            (wrapped,) = await tracker.reader.data_keys(market, [number])
            if wrapped is None and history.replay().erased:
                applied.still.append(vendor)
                break
            commit, pending, _ = await _prepared(tracker, market, history, by, anyway=True)
            if isinstance(await tracker.commit(commit), Done):
                await _clear(tracker, [pending])
                applied.again.append(vendor)
                break
        else:
            raise busy()
    return applied
