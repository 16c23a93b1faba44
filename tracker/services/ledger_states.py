"""What an entry of a ledger changed: its subject's state before and after, by what was known then.

States are replays of the subject's own facts up to the entry. A fact that happened after all those
before it is one step; a late one, or a void, takes the whole replay: `cost` counts the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from tracker.domain.days import day_date, moment_text
from tracker.domain.facts import Fact, Voided
from tracker.domain.key_life import key_life
from tracker.domain.market import Market, market_of
from tracker.domain.people import person_state
from tracker.domain.vendor import UNKNOWN, History, Vendor, evolve
from tracker.services.plain_facts import Plain

State = dict[str, Plain] | None
"""A subject's state in plain fields; None while there is none."""


class States:
    """The states of one subject after so many of its facts, asked for in ascending order."""

    def __init__(self) -> None:
        self.cost = 0

    def after(self, count: int) -> State:
        """The state by the first `count` facts."""
        raise NotImplementedError


class VendorStates(States):
    """Of a vendor."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self._known = 0
        self._latest = 0
        self._vendor = UNKNOWN

    def after(self, count: int) -> State:
        """Stall, status, stage, zone, category, banks and codes."""
        if count > self._known:
            facts = self._history.facts[self._known : count]
            late = any(isinstance(f, Voided) or f.at < self._latest for f in facts)
            self._latest = max(self._latest, *(fact.at for fact in facts))
            if late or len(facts) > 1:
                self._replay(count)
            else:
                self._vendor = evolve(self._vendor, count, facts[0])
                self.cost += 1
            self._known = count
        self.cost += 1 + len(self._vendor.codes)
        return _vendor(self._history, self._vendor)

    def _replay(self, count: int) -> None:
        known = replace(self._history, facts=self._history.facts[:count])
        self._vendor = known.replay()
        self.cost += count


class WholeStates(States):
    """Of a subject with few facts: each state is made from all of them."""

    def __init__(self, facts: Sequence[Fact], made: Callable[[Any], State]) -> None:
        super().__init__()
        self._facts = facts
        self._made = made

    def after(self, count: int) -> State:
        """The state by the first `count` facts."""
        self.cost += count
        return self._made(tuple(self._facts[:count]))


def market_states(market: str, facts: Sequence[Fact]) -> States:
    """Of a market itself: name, areas, numbers of zones, censuses and targets, its end."""

    def made(known: Any) -> State:
        found = market_of(market, known)
        return None if found is None else _market(found)

    return WholeStates(facts, made)


def service_states(subject: str, facts: Sequence[Fact]) -> States | None:
    """Of a key or a person; None for other subjects, whose facts say it all."""
    if subject.startswith("key:"):
        return WholeStates(facts, _key)
    if subject.startswith("person:"):
        return WholeStates(facts, _person)
    return None


def changed(before: State, after: State) -> list[str]:
    """The names of the fields that differ."""
    old, new = before or {}, after or {}
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]


def _vendor(history: History, vendor: Vendor) -> State:
    if vendor.stall is None:
        return None
    return {
        "stall": vendor.stall,
        "status": vendor.status,
        "status_reason": vendor.status_reason,
        "stage": vendor.stage if vendor.on_roster else None,
        "zone": vendor.zone,
        "category": vendor.category,
        "banks": sorted(vendor.accounts),
        "codes": [
            f"{history.code_id(code.ordinal)} {code.bin} {code.ended or 'live'}"
            + (" attached" if code.attached_at is not None else "")
            for code in vendor.codes.values()
        ],
        "open_incidents": sum(one.unresolved for one in vendor.incidents.values()),
        "erased": vendor.erased,
    }


def _market(market: Market) -> State:
    census = market.censuses[-1] if market.censuses else None
    return {
        "name": market.name,
        "areas": [
            f"{area.code} from {day_date(area.first)}"
            + ("" if area.end is None else f" until {day_date(area.end)}")
            for area in market.areas
        ],
        "zones": len(market.zones),
        "census": (f"{census.vendors} from {day_date(census.effective_on)}" if census else None),
        "censuses": len(market.censuses),
        "targets": len(market.targets),
        "opened_on": day_date(market.opened_on).isoformat(),
        "closed_on": None if market.closed_on is None else day_date(market.closed_on).isoformat(),
        "into": market.into,
    }


def _key(facts: Any) -> State:
    life = key_life(facts)
    if life is None:
        return None
    return {
        "name": life.created.name,
        "role": life.created.role,
        "bins": list(life.created.bins),
        "markets": list(life.created.markets),
        "secrets": len(life.secrets),
        "expires": None if life.expires is None else moment_text(life.expires),
        "revoked": None if life.revoked is None else moment_text(life.revoked),
    }


def _person(facts: Any) -> State:
    person = person_state(facts)
    if person is None:
        return None
    return {
        "role": person.role,
        "bins": list(person.bins),
        "markets": list(person.markets),
        "active": person.active,
        "has_password": person.stamp > 0,
    }
