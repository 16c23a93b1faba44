"""Taking a wrong fact back: who may, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tracker.access.keys import Principal
from tracker.access.roles import Level, Permission, hidden, level
from tracker.domain import decide_void
from tracker.domain.areas import first_change
from tracker.domain.codes import event_id, parse_subject_event
from tracker.domain.days import DAY_MS, day_of, moment_text
from tracker.domain.decide import Stated
from tracker.domain.errors import Conflict, Forbidden, NotFound
from tracker.domain.facts import AreasAssigned, Fact, MarketClosed, MarketRenamed, Voided
from tracker.domain.market import market_of
from tracker.domain.vendor import History
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.services.events import find_any, market_within, visible
from tracker.services.outcomes import stands
from tracker.store.commit import MARKET, Commit
from tracker.store.keys import Space

ALONE_MS = DAY_MS
"""For so long after it was recorded a person takes back a fact of their own alone."""

_SETUP = (AreasAssigned, MarketClosed, MarketRenamed)
"""Facts of a market that only those state who set markets up, so only they take them back."""


class VoidOut(NamedTuple):
    """A void: its event's id and what it takes back; `created` false where it stood already."""

    event: str
    voids: str
    reason: str
    recorded_at: str
    created: bool


async def void(
    tracker: Tracker, principal: Principal, event: str, *, reason: str, once: Once | None = None
) -> VoidOut:
    """Takes a fact back, with a reason; just the same void again gives the one that stands.

    One's own of the last 24 hours; others' and older ones are for admin and the market's manager.
    Raises `Forbidden` to others, `Conflict` `ALREADY_VOIDED`, `EVENT_NOT_VOIDABLE`,
    `EVENT_IN_USE`, and `STALL_TAKEN` or `PARTNER_REF_TAKEN` where what the void would bring back
    was given away since.
    """
    for _ in range(ATTEMPTS_MAX):
        about, ordinal = await _about(tracker, principal, event)
        when = tracker.stated(principal)
        by = decide_void.same(about.facts, when.by, event=ordinal, reason=reason)
        if by is None:
            await _require_right(tracker, principal, about.facts, ordinal, when.now)
        commit = Commit(Space(about.market))
        try:
            made = about.void(commit, when, ordinal, reason)
        except Conflict as refused:
            raise about.told(refused, principal) from None
        out = VoidOut(
            event_id(about.name, by or len(about.facts) + 1),
            event_id(about.name, ordinal),
            reason,
            moment_text(when.now if by is None else about.facts[by - 1].recorded),
            made,
        )
        if not made and once is None:
            return out
        if once is not None:
            commit.answer(once.key, once.seal(out))
        if stands(await tracker.commit(commit), about.prefix):
            return out
    raise busy()


class _About(NamedTuple):
    """Whose facts: a market's own, or with `history` those of one of its vendors."""

    market: str
    prefix: str
    name: str
    facts: Sequence[Fact]
    history: History | None

    def void(self, commit: Commit, when: Stated, event: int, reason: str) -> bool:
        """Puts the void into the commit; false where just this one stands."""
        if self.history is not None:
            facts = decide_void.void(self.history, when, event=event, reason=reason)
            if facts:
                commit.vendor(self.history, facts)
            return bool(facts)
        made = decide_void.void_of(self.facts, self.name, when, event=event, reason=reason)
        if made is not None:
            commit.append(MARKET, len(self.facts), [made])
            commit.mark(self._first_changed(made))
        return made is not None

    def _first_changed(self, made: Voided) -> int:
        """The first day that a void among the market's own facts may change.

        Units are stated for days long before the statement, so the market is compared.
        """
        moved = day_of(decide_void.first_moved(self.facts, made))
        was, is_ = (
            market_of(self.market, tuple(facts))  # type: ignore[arg-type]
            for facts in (self.facts, (*self.facts, made))
        )
        if was is None or is_ is None:
            return moved
        other_unit = first_change(was.areas, is_.areas)
        return moved if other_unit is None else min(moved, other_unit)

    def told(self, refused: Conflict, principal: Principal) -> Conflict:
        """The refusal, without what the principal may not see."""
        named = refused.extra.get("event")
        if named is None or self.history is None:
            return refused
        if visible(self.history, parse_subject_event(named)[2], principal):
            return refused
        return Conflict(
            "Something that others stated stands in the way. Ask the market's manager.",
            code=refused.code,
        )


async def _about(tracker: Tracker, principal: Principal, event: str) -> tuple[_About, int]:
    try:
        prefix, number, ordinal = parse_subject_event(event)
    except NotFound as wrong:
        raise hidden() from wrong
    history: History | None = None
    facts: Sequence[Fact]
    if number is None:
        market, name = await market_within(tracker, principal, prefix), prefix
        facts = await tracker.reader.market_facts(market)
    else:
        market, history = await find_any(tracker, principal, prefix, number)
        name, facts = history.vendor_code, history.facts
    seen = history is None or (ordinal <= len(facts) and visible(history, ordinal, principal))
    if ordinal > len(facts) or not seen:
        raise hidden()
    return _About(market, prefix, name, facts, history), ordinal


async def _require_right(
    tracker: Tracker, principal: Principal, facts: Sequence[Fact], event: int, now: int
) -> None:
    fact = facts[event - 1]
    if now - fact.recorded <= ALONE_MS and await _states(tracker, principal, fact):
        return
    if isinstance(decide_void.at_root(facts, event), _SETUP):
        if level(principal.role, Permission.MARKETS_WRITE) is not Level.DOES:
            raise Forbidden("Only the city's admin takes back how a market was set up.")
    elif principal.role not in ("admin", "manager"):
        raise Forbidden(
            "You may take back what you stated yourself within the last 24 hours. This fact is "
            "somebody else's or older: ask the market's manager or the city's admin."
        )


async def _states(tracker: Tracker, principal: Principal, fact: Fact) -> bool:
    """Whether the principal stated the fact, itself or by a job that it asked for."""
    if fact.by == principal.id:
        return True
    job = await tracker.jobs.get(fact.by.partition(".")[0])
    return job is not None and job.by == principal.id
