"""Seals finished stretches of the ledgers, apart from the writes: those cost nothing more.

A stretch is finished when it is full (`SEAL_ENTRIES`), when nothing came after it for
`seal_quiet_s`, or when its first entry has waited for an hour. What is sealed is what the ledger
holds at that moment; a ledger that lacks an entry is not sealed any further. Safe to run twice and
at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from msgspec import DecodeError, Struct

from tracker.domain.facts import decode_fact
from tracker.domain.seal import Stretch, digest_of, genesis, stretches
from tracker.services.context import Tracker
from tracker.store.keys import SERVICE
from tracker.store.seals import Newest, NewSeals, Seal, Unsealed, Written, read_newest

SPACES_MAX = 500
"""Ledgers a round trip."""

BATCH_ENTRIES = 20_000
"""Entries that are held in memory at once: some MB."""

RUN_ENTRIES = 200_000
"""About how many entries one run seals: some seconds of one core."""

WAIT_MAX_MS = 3_600_000
"""The longest that an entry waits for its seal in a ledger that is never quiet and never fills a
stretch."""


LOOK_MS_MAX = 60_000
"""The longest between two looks of the schedule."""

log = logging.getLogger(__name__)


class Sealed(Struct):
    """What a run did; `unfinished` where it stopped at its limit.

    `damaged` are ledgers (with the reason) that were not sealed: `verify` says more about them.
    """

    seals: int = 0
    entries: int = 0
    unfinished: bool = False
    damaged: dict[str, str] = {}


class _Work(Struct):
    """What is to be sealed of one ledger."""

    look: Unsealed
    newest: Newest
    stretches: list[Stretch]


async def keep_sealed(tracker: Tracker, spaces: Iterable[str] | None = None) -> None:
    """The schedule's part: a run a minute, or the next one at once where one was not enough.

    Of these ledgers, or of all.
    """
    state, now = tracker.schedule_state, tracker.now()
    pause_ms = min(LOOK_MS_MAX, tracker.settings.seal_quiet_s * 1000)
    if state.sealed_at is not None and 0 <= now - state.sealed_at < pause_ms:
        return
    done = await seal(tracker, None if spaces is None else sorted(spaces))
    state.sealed_at = None if done.unfinished else now
    for space, why in done.damaged.items():
        log.error("ledger %s is not sealed any further: %s; `tracker verify` says more", space, why)


async def seal(
    tracker: Tracker, spaces: Sequence[str] | None = None, *, entries_max: int = RUN_ENTRIES
) -> Sealed:
    """Seals what is finished of these ledgers, or of all markets and the service."""
    done = Sealed()
    waiting = [SERVICE, *await tracker.reader.markets()] if spaces is None else list(spaces)
    while waiting:
        if done.entries >= entries_max:
            done.unfinished = True
            break
        some, waiting = waiting[:SPACES_MAX], waiting[SPACES_MAX:]
        waiting += await _seal_some(tracker, some, done)
    return done


async def _seal_some(tracker: Tracker, spaces: Sequence[str], done: Sealed) -> list[str]:
    """One batch of these ledgers; returns those that have more to be sealed."""
    works, begun, untouched, room = [], set(), [], BATCH_ENTRIES
    for work in await _finished(tracker, spaces, done):
        fit = [s for s in work.stretches if (room := room - (s.last - s.first + 1)) >= 0]
        if not fit:
            untouched.append(work.look.space)
            continue
        if len(fit) < len(work.stretches):
            begun.add(work.look.space)
        work.stretches = fit
        works.append(work)
    return [*untouched, *sorted(begun & await _write(tracker, works, done))]


async def _finished(tracker: Tracker, spaces: Sequence[str], done: Sealed) -> list[_Work]:
    """The ledgers that have a finished stretch."""
    now = tracker.now()
    works: list[_Work] = []
    restless: list[_Work] = []
    for look in await tracker.seals.look(spaces):
        newest = _newest(look)
        why = look.wrong or _why_not(look, newest)
        if newest is None or why:
            done.damaged[look.space] = why
        elif newest.last < look.position:
            quiet = now - _recorded(look.fact) >= tracker.settings.seal_quiet_s * 1000
            due = list(stretches(newest.last, look.position, quiet=quiet))
            work = _Work(look, newest, due)
            (works if due else restless).append(work)
    first = [(work.look.space, work.newest.last + 1) for work in restless]
    for work, fact in zip(restless, await tracker.seals.facts(first), strict=True):
        if fact is None or _recorded(fact) <= now - WAIT_MAX_MS:  # None: said when it is read
            work.stretches = list(stretches(work.newest.last, work.look.position, quiet=True))
            works.append(work)
    return works


def _newest(look: Unsealed) -> Newest | None:
    """The newest seal; before the first one what it will follow. None where it is unreadable."""
    if look.newest is None:
        return Newest(0, 0, genesis(look.space))
    return read_newest(look.newest)


def _why_not(look: Unsealed, newest: Newest | None) -> str:
    """Why a ledger cannot be sealed; empty where it can."""
    if newest is None:
        return "the record of its newest seal is damaged"
    if newest.last > look.position:
        return f"it is sealed up to entry {newest.last} and ends with entry {look.position}"
    if look.fact is not None and _recorded(look.fact) < 0:
        return f"entry {look.position} is no fact"
    return ""


def _recorded(fact: bytes | None) -> int:
    """When an entry was written (ms); -1 for one that is no fact."""
    try:
        return -1 if fact is None else decode_fact(fact).recorded
    except (DecodeError, UnicodeDecodeError):
        return -1


async def _write(tracker: Tracker, works: Sequence[_Work], done: Sealed) -> set[str]:
    """Reads, digests and writes; returns the ledgers that were sealed as far as was meant.

    A ledger whose seals somebody else wrote meanwhile is left to them.
    """
    wanted = [(work.look.space, stretch) for work in works for stretch in work.stretches]
    pages = iter(await tracker.seals.entries(wanted))
    made = []
    for work in works:
        space, digest, seals = work.look.space, work.newest.digest, list[Seal]()
        for stretch, entries in [(stretch, next(pages)) for stretch in work.stretches]:
            if entries is None:
                which = f"{stretch.first} to {stretch.last}"
                done.damaged[space] = f"of the entries {which} not all are there"
                break
            digest = digest_of(digest, entries)
            seals.append(Seal(stretch.first, stretch.last, digest))
        if seals:
            made.append(NewSeals(space, work.look.newest, work.newest.ordinal, seals))
    sealed = set()
    for new, written in zip(made, await tracker.seals.add(made), strict=True):
        if written == Written.DONE:
            done.seals += len(new.seals)
            done.entries += new.seals[-1].last - new.seals[0].first + 1
            sealed.add(new.space)
        elif written == Written.TAKEN:
            done.damaged[new.space] = f"a seal after number {new.after} is there already"
    return sealed - done.damaged.keys()
