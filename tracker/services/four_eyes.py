"""The second person's decision: the change and the decision are one commit, or neither is."""

from __future__ import annotations

from typing import Literal

from tracker.access.keys import Principal
from tracker.domain.approvals import Approval, Asker, Outcome, same_side, state_of
from tracker.domain.days import day_of
from tracker.domain.decide_approvals import granted, granted_of_market
from tracker.domain.decide_void import first_moved
from tracker.domain.errors import Conflict, Forbidden, Invalid
from tracker.domain.facts import AccountAsked, ApprovalDecided, F, MarketFact, VendorFact
from tracker.domain.vendor import History
from tracker.services import approvals
from tracker.services.approval_shapes import ApprovalOut, Subject, shown
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.services.outcomes import stands
from tracker.store.commit import MARKET, Commit
from tracker.store.keys import Space

_ENDED = {
    "approved": "It was approved.",
    "rejected": "It was rejected.",
    "expired": "Nobody decided it within 7 days. Ask for the change anew.",
}


async def decide(
    tracker: Tracker,
    principal: Principal,
    approval: str,
    *,
    outcome: Literal["approved", "rejected"],
    reason: str,
    once: Once | None = None,
) -> ApprovalOut:
    """Approves or rejects, with a reason; just the same decision again gives the one that stands.

    Raises `Forbidden` `OWN_APPROVAL` to who asked and to keys of the same bank, `Conflict`
    `APPROVAL_CLOSED` where it was decided or has expired, `APPROVAL_STALE` where the change is no
    longer possible: then that is how it ends.
    """
    for _ in range(ATTEMPTS_MAX):
        subject, found = await approvals.find(tracker, principal, approval)
        if same_side(found.asked, Asker(principal.id, tuple(principal.bins))):
            raise Forbidden(
                "Whoever asked for a change does not decide it, nor does a key of the same bank. "
                "Ask another manager of the market or the city's admin.",
                code="OWN_APPROVAL",
            )
        deciding = _Deciding(tracker, principal, subject, found, reason)
        if deciding.is_repeat(outcome):
            done = await deciding.write(None, once)
        else:
            deciding.require_waiting()
            try:
                done = await deciding.write(outcome, once)
            except (Conflict, Invalid) as refused:
                if await deciding.write("stale", None) is not None:
                    raise _stale(refused) from None
                continue
        if done is not None:
            return done
    raise busy()


def _stale(refused: Conflict | Invalid) -> Conflict:
    return Conflict(
        f"The change is no longer possible, and the approval has ended. {refused.detail}",
        code="APPROVAL_STALE",
    )


class _Deciding:
    """One attempt at a decision, on what was read."""

    def __init__(
        self,
        tracker: Tracker,
        principal: Principal,
        subject: Subject,
        approval: Approval,
        reason: str,
    ) -> None:
        self._tracker = tracker
        self._principal = principal
        self._subject = subject
        self._approval = approval
        self._reason = reason
        self._now = tracker.now()
        self._state = state_of(subject.facts, approval, self._now)

    def is_repeat(self, outcome: Outcome) -> bool:
        """Whether just this decision stands already."""
        known = self._approval.decided
        return known is not None and (known.by, known.outcome, known.reason) == (
            self._principal.id,
            outcome,
            self._reason,
        )

    def require_waiting(self) -> None:
        """Passes what can still be decided, or be found to be overtaken."""
        if self._state in _ENDED:
            raise Conflict(_ENDED[self._state], code="APPROVAL_CLOSED")
        if self._approval.decided is not None:
            raise Conflict(
                "The change was found to be no longer possible. Ask for it anew, if it still is "
                "wanted.",
                code="APPROVAL_STALE",
            )

    async def write(self, outcome: Outcome | None, once: Once | None) -> ApprovalOut | None:
        """Commits the decision (None: nothing but the answer); None where others were faster.

        Raises `Conflict` or `Invalid` where the rules refuse the change that is approved.
        """
        tracker, subject = self._tracker, self._subject
        vault = await approvals.vault_of(tracker, subject)
        commit, after = Commit(Space(subject.market)), subject
        decided = self._approval.decided
        if outcome is not None:
            decided = ApprovalDecided(
                self._now,
                self._now,
                self._principal.id,
                asked=self._approval.event,
                outcome=outcome,
                reason=self._reason,
            )
            if outcome != "stale" and self._state == "stale":
                raise Conflict("What it would replace is not in force any more.")
            after = await self._decided(commit, decided)
        done = shown(
            tracker,
            self._principal,
            after,
            Approval(self._approval.event, self._approval.asked, decided),
            vault,
        )
        if once is not None:
            commit.answer(once.key, once.seal(done))
        elif outcome is None:
            return done
        prefix = subject.name.partition("-")[0]
        return done if stands(await tracker.commit(commit), prefix) else None

    async def _decided(self, commit: Commit, decided: ApprovalDecided) -> Subject:
        """Puts the decision, and what it approves, into the commit; the subject after it."""
        subject, history = self._subject, self._subject.history
        if history is not None:
            facts = [decided, *await self._granted(history.then(decided), decided)]
            commit.vendor(history, facts)
            return subject._replace(facts=history.then(*facts).facts)
        own: list[MarketFact] = [decided]
        if decided.outcome == "approved":
            before = (*subject.facts, decided)
            made = granted_of_market(before, subject.name, self._now, self._approval)
            own += _some(made)
            for fact in made:
                commit.mark(day_of(first_moved(before, fact)))
        commit.append(MARKET, len(subject.facts), own)
        return subject._replace(facts=(*subject.facts, *own))

    async def _granted(self, then: History, decided: ApprovalDecided) -> list[VendorFact]:
        if decided.outcome != "approved":
            return []
        vault, market = None, self._subject.market
        if isinstance(self._approval.asked, AccountAsked):  # which issues a code too
            vault = await self._tracker.vault(market, then)
            await self._tracker.require_open(market, self._now)
        return _some(granted(then, vault, self._now, self._approval))


def _some(facts: list[F]) -> list[F]:
    if not facts:
        raise Conflict("What was asked for stands already.")
    return facts
