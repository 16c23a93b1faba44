"""Taking a wrong fact back: who may, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tracker.access.keys import Principal
from tracker.access.roles import Level, Permission, hidden, level
from tracker.domain import decide_void
from tracker.domain.approvals import approved_void
from tracker.domain.areas import first_change
from tracker.domain.codes import event_id, parse_subject_event
from tracker.domain.days import DAY_MS, day_of, moment_text
from tracker.domain.decide import Stated
from tracker.domain.decide_approvals import ask_void
from tracker.domain.errors import Conflict, Forbidden, NotFound
from tracker.domain.facts import AreasAssigned, Fact, MarketClosed, MarketRenamed, Voided
from tracker.domain.market import market_of
from tracker.domain.vendor import History
from tracker.services import room
from tracker.services.approval_shapes import Pending, asker, pending, pending_of_market
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
) -> VoidOut | Pending:
    """Takes a fact back, with a reason; just the same void again gives the one that stands.

    One's own of the last 24 hours; others' and older ones wait for a second person. A market's own
    facts are for its manager and the admin, how it was set up for the admin: `Forbidden` to others.
    Raises `Conflict` `ALREADY_VOIDED`, `EVENT_NOT_VOIDABLE`, `EVENT_IN_USE`, and `STALL_TAKEN` or
    `PARTNER_REF_TAKEN` where what the void would bring back was given away since.
    """
    for _ in range(ATTEMPTS_MAX):
        about, ordinal = await _about(tracker, principal, event)
        when = tracker.stated(principal)
        by = about.standing(principal, ordinal, reason)
        alone = by is not None or await _may_alone(tracker, principal, about, ordinal, when.now)
        commit = Commit(Space(about.market))
        out: VoidOut | Pending
        try:
            made = by is None and about.void(commit, when, ordinal, reason)
        except Conflict as refused:
            raise about.told(refused, principal) from None
        if alone:
            out = VoidOut(
                event_id(about.name, by or len(about.facts) + 1),
                event_id(about.name, ordinal),
                reason,
                moment_text(when.now if by is None else about.facts[by - 1].recorded),
                made,
            )
        else:
            commit = Commit(Space(about.market))
            out, made = await about.ask(tracker, principal, commit, when, ordinal, reason)
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

    def standing(self, principal: Principal, event: int, reason: str) -> int | None:
        """The event by which just this void of this principal stands, made alone or approved."""
        mine = decide_void.same(self.facts, principal.id, event=event, reason=reason)
        if mine is not None:
            return mine
        return approved_void(self.facts, self.name, principal.id, event=event, reason=reason)

    async def ask(
        self,
        tracker: Tracker,
        principal: Principal,
        commit: Commit,
        when: Stated,
        event: int,
        reason: str,
    ) -> tuple[Pending, bool]:
        """The approval that the void waits under; the flag tells one that the commit asks for."""
        who = asker(principal)
        asked = ask_void(self.facts, when, who, event=event, reason=reason)
        known = isinstance(asked, int)
        if not known:
            await room.for_approval(tracker, self.market)
        waits = asked if isinstance(asked, int) else len(self.facts) + 1
        if self.history is not None:
            history = self.history
            if not isinstance(asked, int):
                commit.vendor(history, [asked])
                history = history.then(asked)
            return pending(tracker, principal, self.market, history, waits), not known
        facts = self.facts
        if not isinstance(asked, int):
            commit.append(MARKET, len(facts), [asked])
            facts = (*facts, asked)
        place = await tracker.market(self.market)
        return pending_of_market(tracker, principal, place, facts, waits), not known

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


async def _may_alone(
    tracker: Tracker, principal: Principal, about: _About, event: int, now: int
) -> bool:
    """Whether no second person is needed. Raises `Forbidden` to who may not even ask."""
    fact = about.facts[event - 1]
    if now - fact.recorded <= ALONE_MS and await _states(tracker, principal, fact):
        return True
    if isinstance(decide_void.at_root(about.facts, event), _SETUP):
        if level(principal.role, Permission.MARKETS_WRITE) is not Level.DOES:
            raise Forbidden("Only the city's admin takes back how a market was set up.")
    elif about.history is None and level(principal.role, Permission.CENSUS_WRITE) < Level.DOES:
        raise Forbidden(
            "What was stated about the market itself is taken back by its manager or the city's "
            "admin. Ask one of them."
        )
    return False


async def _states(tracker: Tracker, principal: Principal, fact: Fact) -> bool:
    """Whether the principal stated the fact, itself or by a job that it asked for."""
    if fact.by == principal.id:
        return True
    job = await tracker.jobs.get(fact.by.partition(".")[0])
    return job is not None and job.by == principal.id
