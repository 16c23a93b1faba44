"""What two vendors share that they should not: which findings hold, and which facts say so.

Two vendors on the roster share something when both hold the same *key*: the kind of the finding
and a look-up (a keyed hash; what it stands for is not known here). An account is held while it is
the vendor's current one. A partner's reference is held as long as the fact that states it is not
voided, for so long it is taken in its market. Who is off the roster holds nothing.

Of a few vendors that share a key, each two are a finding. Of more than `WHOLE_MAX`, each and its
neighbours by code: so each still bears one, none bears more than two, and a number that half a
city shares costs one document no more than any other does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from msgspec import Struct

from tracker.domain.facts import (
    AccountLinked,
    AccountUnlinked,
    CodeIssued,
    Fact,
    FindingEnded,
    FindingKind,
    FindingOpened,
    IncidentOpened,
    Registered,
    StatusChanged,
    Voided,
)
from tracker.domain.vendor import History, in_order

WHOLE_MAX = 20
"""Vendors at one key of which each two are a finding: at most 19 findings a vendor and key."""

BY = "findings"
"""Who states these facts."""


class Key(NamedTuple):
    """Something that two vendors may share: the kind of the finding, and its look-up."""

    kind: FindingKind
    lookup: str


class Ref(NamedTuple):
    """A bank's reference of a vendor (`v`) or of a code (`c`)."""

    kind: str
    bin: str
    ref: str


class Holding(Struct, frozen=True):
    """What a vendor holds now, and the findings that it bears.

    `readable` is False where its personal data were erased: what it shares is then not known.
    """

    on_roster: bool
    keys: frozenset[Key]
    findings: frozenset[tuple[FindingKind, str]]
    readable: bool = True


class Change(NamedTuple):
    """A finding that a vendor is to bear from now on, or no longer."""

    kind: FindingKind
    other: str
    opens: bool


def findable(fact: Fact) -> bool:
    """Whether the fact names something under which its vendor is to be found."""
    return isinstance(fact, AccountLinked | IncidentOpened) or _ref_of(fact) is not None


def touches(fact: Fact) -> bool:
    """Whether the fact may change what its vendor shares with others."""
    return (
        isinstance(fact, AccountLinked | AccountUnlinked | StatusChanged | Voided)
        or _ref_of(fact) is not None
    )


def refs_of(history: History, *, ever: bool = False) -> set[Ref]:
    """The banks' references that the vendor holds; `ever`: those of voided facts too.

    A market's own references (no BIN) are numbers of its own list: they mean nothing elsewhere.
    """
    facts: Iterable[Fact] = history.facts if ever else (fact for _, fact in in_order(history.facts))
    return {ref for fact in facts if (ref := _ref_of(fact)) is not None}


def _ref_of(fact: Fact) -> Ref | None:
    match fact:
        case Registered(bin=bin_, ref=str(ref)) | AccountLinked(bin=bin_, ref=str(ref)):
            return Ref("v", bin_, ref) if bin_ else None
        case CodeIssued(bin=bin_, ref=str(ref)):
            return Ref("c", bin_, ref)
    return None


def linked(
    kind: FindingKind, members: Collection[str], whole: int = WHOLE_MAX
) -> Iterator[tuple[str, str]]:
    """The pairs among the vendors (codes) at one key that are findings, each in order.

    References of two vendors of one market are that market's to keep apart.
    """
    by_code = sorted(members)
    pairs = combinations(by_code, 2) if len(by_code) <= whole else pairwise(by_code)
    for one, other in pairs:
        if kind == "duplicate_account" or _market(one) != _market(other):
            yield one, other


def _market(vendor: str) -> str:
    return vendor.partition("-")[0]


def changes(
    holdings: Mapping[str, Holding], asked: Collection[Key], whole: int = WHOLE_MAX
) -> dict[str, list[Change]]:
    """What each vendor has to be told, so that the findings are those that hold.

    `holdings` are, by vendor code, at least all vendors that hold a key of `asked`. A finding ends
    where both vendors are known and share none of `asked` any more; it stays while they share
    something that was not asked for, or while one of them was erased and both are on the roster.
    """
    due: set[tuple[FindingKind, str, str]] = set()
    members: dict[Key, list[str]] = {key: [] for key in asked}
    for vendor, holding in holdings.items():
        for key in holding.keys & members.keys():
            members[key].append(vendor)
    for key, found in members.items():
        due.update((key.kind, *pair) for pair in linked(key.kind, found, whole))
    told: dict[str, list[Change]] = {}
    for kind, one, other in due:
        for vendor, about in ((one, other), (other, one)):
            if (kind, about) not in holdings[vendor].findings:
                told.setdefault(vendor, []).append(Change(kind, about, opens=True))
    for vendor, holding in holdings.items():
        for kind, other in holding.findings:
            stands = (kind, min(vendor, other), max(vendor, other)) in due
            if not stands and other in holdings and _over(kind, holding, holdings[other], members):
                told.setdefault(vendor, []).append(Change(kind, other, opens=False))
    return {vendor: sorted(some) for vendor, some in sorted(told.items())}


def _over(kind: FindingKind, one: Holding, other: Holding, asked: Collection[Key]) -> bool:
    if not (one.on_roster and other.on_roster):
        return True
    if not (one.readable and other.readable):
        return False
    return not any(key.kind == kind and key not in asked for key in one.keys & other.keys)


def facts_of(
    history: History, told: Sequence[Change], now: int
) -> list[FindingOpened | FindingEnded]:
    """The facts that tell the vendor, at the moment `now` (ms).

    Not before the last of their kind: where two clocks differ, an end must not come to lie before
    what it ends.
    """
    earlier = [f.at for f in history.facts if isinstance(f, FindingOpened | FindingEnded)]
    at = max([now, *earlier])
    return [
        (FindingOpened if change.opens else FindingEnded)(
            at, now, BY, kind=change.kind, other=change.other
        )
        for change in told
    ]
