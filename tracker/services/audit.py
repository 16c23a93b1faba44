"""Compare every view with the ledger, and make views anew from it.

`verify` trusts the ledgers alone, as far as they fit their seals: it makes each view again and
names each difference to what is stored. It needs no key, changes nothing, and may run while others
write: the views of a market and the position of its ledger are read in one step, and the ledger up
to that position never changes.
The account index is not compared: it holds keyed hashes, and only a key could make them again.

`rebuild` puts what it made from the ledger in the place of the views, a market a step, unless
somebody wrote meanwhile; then it reads what is new and tries again. Records (bodies, data keys,
answers, seals, the feed's entries) it leaves as they are. A market whose ledger has a gap, or does
not fit its seals, it leaves alone: its documents are then the last copy of what the ledger lost.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from msgspec import Struct

from tracker.domain.errors import NotFound, Unavailable
from tracker.services.audit_activity import Checks
from tracker.services.audit_bodies import bodies
from tracker.services.audit_difference import (
    NONE,
    VIEWS,
    Difference,
    Kind,
    compare,
    unreadable,
)
from tracker.services.audit_feed import Feed
from tracker.services.audit_ledger import Ledger
from tracker.services.context import Tracker
from tracker.store.keys import SERVICE
from tracker.store.views import Stored, ViewStore

__all__ = ["VIEWS", "Difference", "Kind", "Progress", "Rebuilt", "rebuild", "verify"]

SWAPS_MAX = 200
"""How often `rebuild` tries a market that others write to before it gives up (503)."""


class Progress(Struct):
    """How far a run is: `done` of `spaces` (the markets and the service), and what it read."""

    spaces: int = 0
    done: int = 0
    entries: int = 0
    vendors: int = 0
    publications: int = 0
    unkeyed: int = 0
    """Sets of vendors paid that were not compared with their entries: the look-up key was not
    there."""


class Rebuilt(Struct, frozen=True):
    """What `rebuild` did with one space: its ledger's position, how often it tried.

    `refused` is why it was left alone, or empty.
    """

    space: str
    position: int
    attempts: int
    refused: tuple[Difference, ...] = ()

    def text(self) -> str:
        """One line for people."""
        if not self.refused:
            return f"{self.space}: views made from {self.position} ledger entries"
        return (
            f"{self.space}: not rebuilt, its ledger is damaged ({self.refused[0].text()}); "
            "restore a backup"
        )


def _ignore(_: Progress) -> None:
    """Nobody wants to know."""


async def verify(
    tracker: Tracker,
    markets: Sequence[str] | None = None,
    *,
    seen: Callable[[Progress], None] = _ignore,
) -> AsyncIterator[Difference]:
    """Each difference between what is stored and what the ledgers give.

    Of the service and all markets, or of these markets (`sys` is the service). `seen` is told the
    progress after each. Raises `NotFound` for a market that does not exist.
    """
    views = ViewStore(tracker.client)
    feed = Feed(views, tracker.now())
    await feed.read()
    for difference in feed.unreadable():
        yield difference
    service, spaces = await _spaces(views, markets)
    progress = Progress(len(spaces))
    for space in spaces:
        # The seals before the rest: what they cover is in the ledger then.
        ledger = Ledger(space, service.founded.get(space, ""), await tracker.seals.all(space))
        stored = await views.read(space)
        await _read_on(views, ledger, stored)
        for difference in _compare(ledger, stored):
            yield difference
        async for difference in bodies(views, ledger, stored):
            yield difference
        for difference in feed.market(space, ledger.due):
            yield difference
        if space != SERVICE and "ledger" not in stored.wrong:
            checks = await _activity(tracker, views, ledger)
            for difference in checks.differences(tracker.keyring):
                yield difference
            progress.unkeyed += checks.unkeyed
        progress.done += 1
        progress.entries += ledger.entries
        progress.vendors += len(ledger.registered)
        progress.publications += len(ledger.publications)
        seen(progress)
    async for difference in feed.settle():
        yield difference
    if markets is None:
        for difference in feed.strangers():
            yield difference


async def rebuild(
    tracker: Tracker,
    markets: Sequence[str] | None = None,
    *,
    seen: Callable[[Progress], None] = _ignore,
) -> AsyncIterator[Rebuilt]:
    """Makes the views of the service and all markets, or of these, anew; one result a space.

    At the end each market's last number in the feed is corrected where it is wrong, and the feed
    takes over what it lacks. Vendors with accounts or references are marked for the account
    index, which takes them in anew. Raises `NotFound` for a market that does not exist,
    `Unavailable` where others never stop writing to one; the spaces before it are done then.
    """
    views = ViewStore(tracker.client)
    feed = Feed(views, tracker.now())
    await feed.read()
    service, spaces = await _spaces(views, markets)
    progress, whole, values = Progress(len(spaces)), list[str](), False
    for space in spaces:
        ledger = Ledger(space, service.founded.get(space, ""), await tracker.seals.all(space))
        rebuilt = await _rebuild(views, ledger)
        yield rebuilt
        if not rebuilt.refused:
            for _ in feed.market(space, ledger.due):
                pass
            if space == SERVICE:
                values = bool(ledger.reported)
            else:
                whole.append(space)
                await _rebuild_activity(tracker, views, ledger)
                await tracker.accounts.to_index(space, ledger.findable)
        progress.done += 1
        progress.entries += ledger.entries
        progress.vendors += len(ledger.registered)
        progress.publications += len(ledger.publications)
        seen(progress)
    async for _ in feed.settle():
        pass
    for market, (said, reached) in feed.corrections.items():
        await views.set_feed_last(market, said, reached)
    for market in await tracker.publications.unfed(whole):
        await tracker.publications.feed_market(market)
    if values:
        await tracker.reported.feed()


async def _activity(tracker: Tracker, views: ViewStore, ledger: Ledger) -> Checks:
    """What the banks reported, at the position where that is read: the ledger is read up to it."""
    kept = await tracker.activity.everything(ledger.space)
    if kept.position > ledger.position:
        async for entry in views.ledger(ledger.space, ledger.position, kept.position):
            ledger.add(entry)
        ledger.end(kept.position)
    return Checks(ledger.space, ledger.prefix, ledger.activity, kept)


async def _rebuild_activity(tracker: Tracker, views: ViewStore, ledger: Ledger) -> None:
    for _ in range(SWAPS_MAX):
        checks = await _activity(tracker, views, ledger)
        if not checks.stale or await tracker.activity.swap(
            ledger.space, ledger.position, checks.reports, checks.views
        ):
            return
    raise _never_still(ledger.space)


async def _spaces(views: ViewStore, markets: Sequence[str] | None) -> tuple[Ledger, list[str]]:
    """The service's ledger, which knows all markets, and the spaces to work on."""
    service = Ledger(SERVICE)
    await _read_on(views, service, await views.read(SERVICE))
    if markets is None:
        return service, [SERVICE, *sorted(service.founded)]
    for market in markets:
        if market != SERVICE and market not in service.founded:
            raise NotFound(f"There is no market {market}.")
    return service, list(markets)


async def _read_on(views: ViewStore, ledger: Ledger, stored: Stored) -> None:
    """Adds the entries up to where the ledger stood when the views were read."""
    if "ledger" in stored.wrong:
        return
    async for entry in views.ledger(ledger.space, ledger.position, stored.position):
        ledger.add(entry)
    ledger.end(stored.position)
    ledger.sealed.end(stored.position)


def _damage(ledger: Ledger, stored: Stored) -> Iterator[Difference]:
    """What is wrong with the ledger itself; to be asked after its views were made."""
    yield from ledger.faults
    yield from ledger.sealed.faults
    yield from ledger.clashes
    if stored.position == 0 and stored.views.docs:
        yield Difference(
            ledger.space, "ledger", "entries", f"those of {len(stored.views.docs)} documents", NONE
        )
    yield from (d for d in unreadable(ledger.space, stored) if d.kind == "ledger")


def _compare(ledger: Ledger, stored: Stored) -> Iterator[Difference]:
    space, made, label = ledger.space, ledger.views(), ledger.label
    yield from _damage(ledger, stored)
    yield from (d for d in unreadable(space, stored) if d.kind != "ledger")
    yield from compare(space, label, made, stored)
    if "numbers" not in stored.wrong and stored.numbers < ledger.highest:
        least = f"at least {ledger.highest}"
        yield Difference(space, "counter", "vendor numbers", least, str(stored.numbers))
    if "data_keys" not in stored.wrong:
        erased = ledger.erased
        for number in ledger.registered:
            held, subject = str(number) in stored.data_keys, label.subject(str(number))
            if number not in erased and not held:
                yield Difference(space, "data_key", subject, "a data key", "none: it was lost")
            elif number in erased and held:
                yield Difference(space, "data_key", subject, "none: erased", "a data key")


async def _rebuild(views: ViewStore, ledger: Ledger) -> Rebuilt:
    stored = await views.read(ledger.space)
    for attempt in range(1, SWAPS_MAX + 1):
        await _read_on(views, ledger, stored)
        made = ledger.views()
        damage = tuple(_damage(ledger, stored))
        if damage:
            return Rebuilt(ledger.space, ledger.position, attempt, damage)
        if await views.swap(ledger.space, ledger.position, made, ledger.highest):
            return Rebuilt(ledger.space, ledger.position, attempt)
        stored = stored._replace(position=await views.position(ledger.space))
    raise _never_still(ledger.space)


def _never_still(space: str) -> Unavailable:
    return Unavailable(
        f"Others never stop writing to {space}, so its views were not made anew. "
        "Try again at a quieter time.",
        code="BUSY",
    )
