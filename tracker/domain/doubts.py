"""What a manager should look at once: doubts about vendors, and what was decided about each.

A doubt is no error: families share accounts, and two people bear one name. It is derived, each
time anew, from what the vendors' facts say; a decision is a fact of the first vendor that it is
about. The decision names its *basis*, the events that the doubt rests on: when one of them is
overtaken by another, the doubt is open again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Final, Literal, NamedTuple

from tracker.domain.decide import Stated
from tracker.domain.errors import NotFound
from tracker.domain.facts import DoubtDecided, DoubtKind, FindingKind, FindingOpened
from tracker.domain.vendor import History, Vendor, in_order

State = Literal["open", "accepted", "to_correct"]
Decision = Literal["accepted", "to_correct"]

WHOLE_MAX: Final = 20
"""Vendors of one name of which each two are a doubt; of more, each and its neighbours by code."""


class Doubt(NamedTuple):
    """A doubt about `vendor` and `other`: a vendor's code, or the BIN of a family's account."""

    kind: DoubtKind
    vendor: str
    other: str
    basis: str

    @property
    def id(self) -> str:
        """What it is addressed by: `<kind>.<vendor>.<other>`."""
        return f"{self.kind}.{self.vendor}.{self.other}"


class Named(NamedTuple):
    """A vendor's name as it is compared, and the event that stated it."""

    vendor: str
    name: str
    event: int


def of_vendor(history: History, vendor: Vendor) -> Iterator[Doubt]:
    """The doubts that one vendor's own facts tell; of two in one market the first tells them."""
    if not vendor.on_roster:
        return
    code = history.vendor_code
    opened = _opened(history) if vendor.findings else {}
    for kind, other in sorted(vendor.findings):
        if code < other or _market(code) != _market(other):
            yield Doubt(kind, code, other, str(opened.get((kind, other), 0)))
    for bin_, account in sorted(vendor.accounts.items()):
        if account.owner == "family":
            yield Doubt("family_account", code, bin_, str(account.details.event))


def _opened(history: History) -> dict[tuple[FindingKind, str], int]:
    return {
        (fact.kind, fact.other): event
        for event, fact in in_order(history.facts)
        if isinstance(fact, FindingOpened)
    }


def of_names(people: Sequence[Named]) -> Iterator[Doubt]:
    """The doubts about names in one market: the same one twice, or two that differ by a letter.

    Names are compared folded and without spaces. A letter more, less or another one is found by
    the texts that leave one letter out, so the cost follows the number of vendors.
    """
    same: dict[str, list[Named]] = {}
    for person in people:
        same.setdefault("".join(person.name.split()), []).append(person)
    for group in same.values():
        for one, other in _pairs(group):
            yield _about("same_name", one, other)
    alone: dict[str, str] = {}
    near: dict[str, list[str]] = {}
    for name in same:
        for form in {name, *[name[:at] + name[at + 1 :] for at in range(len(name))]}:
            first_of = alone.setdefault(form, name)
            if first_of is not name:  # hardly any form is that of two
                near.setdefault(form, [first_of]).append(name)
    told: set[tuple[str, str]] = set()
    for names in near.values():
        for first, second in combinations(sorted(names), 2) if len(names) <= WHOLE_MAX else ():
            if (first, second) not in told and _one_letter(first, second):
                told.add((first, second))
                one, other = sorted((min(same[first]), min(same[second])))
                yield _about("similar_name", one, other)


def _pairs(group: Sequence[Named]) -> Iterator[tuple[Named, Named]]:
    by_code = sorted(group)
    yield from combinations(by_code, 2) if len(by_code) <= WHOLE_MAX else pairwise(by_code)


def _about(kind: DoubtKind, one: Named, other: Named) -> Doubt:
    return Doubt(kind, one.vendor, other.vendor, f"{one.event}.{other.event}")


def _one_letter(one: str, other: str) -> bool:
    """Whether the two, which differ, do so by one letter more, less or another."""
    short, long = sorted((one, other), key=len)
    at = next((n for n, c in enumerate(short) if c != long[n]), len(short))
    return long[at + 1 :] == short[at + (len(short) == len(long)) :]


def _market(vendor: str) -> str:
    return vendor.partition("-")[0]


def decisions(history: History) -> Mapping[tuple[str, str], DoubtDecided]:
    """What was decided last about each kind and other."""
    return {
        (fact.kind, fact.other): fact
        for _, fact in in_order(history.facts)
        if isinstance(fact, DoubtDecided)
    }


def standing(doubt: Doubt, history: History) -> DoubtDecided | None:
    """The decision that holds; None where the doubt is open, for the first time or again."""
    last = decisions(history).get((doubt.kind, doubt.other))
    return last if last is not None and last.basis == doubt.basis else None


def decide_doubt(
    history: History, when: Stated, doubt: Doubt, decision: Decision, reason: str
) -> list[DoubtDecided]:
    """The fact of a decision; none where just that stands."""
    if doubt.vendor != history.vendor_code:
        raise NotFound("There is no such doubt.")
    known = standing(doubt, history)
    if known is not None and (known.decision, known.reason) == (decision, reason):
        return []
    return [
        DoubtDecided(
            *when,
            kind=doubt.kind,
            other=doubt.other,
            basis=doubt.basis,
            decision=decision,
            reason=reason,
        )
    ]
