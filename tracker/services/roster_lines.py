"""The lines of a roster as it is kept in memory: what of one its reader sees, and may look for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, get_args

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.masking import View, mask_name, sees_personal
from tracker.access.vault import Keyring, VendorVault
from tracker.domain import decide
from tracker.domain.facts import Status
from tracker.domain.reasons import asked_for, why_left
from tracker.domain.text import search_key, walking_order
from tracker.domain.vendor import History, Stage
from tracker.services.vendor_reading import Filter

Sort = Literal["stall", "name", "stage"]
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)


class Line(Struct, frozen=True, gc=False):
    """A vendor on the roster. `name` is empty once erased, `bin` that of who registered them.

    `places` and `folded` are what is searched: stall and code, and the name.
    """

    number: int
    vendor: str
    stall: str
    name: str
    zone: str | None
    category: str | None
    status: Status
    stage: Stage
    reason: str | None
    banks: tuple[str, ...]
    bin: str
    places: str
    folded: str


class Seen(Struct, frozen=True, gc=False):
    """A line as its reader may see it; a stage of None is not theirs to know."""

    vendor: str
    stall: str
    name: str
    zone: str | None
    category: str | None
    status: Status | None
    stage: Stage | None
    reason: str | None
    banks: tuple[str, ...]


class Choices(Struct, frozen=True):
    """What a roster can be narrowed by, and how many vendors are how far."""

    zones: tuple[str, ...]
    categories: tuple[str, ...]
    banks: tuple[str, ...]
    stages: dict[Stage, int]


def _by_stall(line: Line) -> tuple[str, int]:
    return walking_order(line.stall), line.number


def _by_name(line: Line) -> tuple[object, ...]:
    """A Vietnamese list of people goes by the given name, which is the last word."""
    return line.folded.rpartition(" ")[2], line.folded, *_by_stall(line)


def _by_stage(line: Line) -> tuple[object, ...]:
    return STAGES.index(line.stage), *_by_stall(line)


ORDERS: Final[dict[Sort, Callable[[Line], tuple[object, ...]]]] = {
    "stall": _by_stall,
    "name": _by_name,
    "stage": _by_stage,
}


def lines_of(
    keyring: Keyring, histories: Sequence[History], keys: Sequence[bytes | None]
) -> list[Line | None]:
    """The vendors' lines, with their wrapped data keys; None for who is not on the roster."""
    return [_line(keyring, h, key) for h, key in zip(histories, keys, strict=True)]


def _line(keyring: Keyring, history: History, wrapped: bytes | None) -> Line | None:
    vendor = history.replay()
    if not vendor.on_roster or vendor.stall is None:
        return None
    name, code = "", history.vendor_code
    if wrapped is not None and not vendor.erased:
        name = decide.person_of(vendor, VendorVault(code, keyring.unwrap(wrapped))).name
    return Line(
        history.number,
        code,
        vendor.stall,
        name,
        vendor.zone,
        vendor.category,
        vendor.status,
        vendor.stage,
        why_left(vendor),
        tuple(sorted(vendor.accounts)),
        vendor.bin,
        f"{search_key(vendor.stall)}\n{search_key(code)}",
        search_key(name),
    )


def seen(principal: Principal, market: str, line: Line) -> Seen:
    """The line as the principal may see it."""
    sight = sees_personal(principal, market=market, registered_by_bin=line.bin or None)
    name = sight.person.show(line.name, mask_name) if line.name else ""
    banks = line.banks
    if principal.role == "bank":
        banks = tuple(bin_ for bin_ in banks if principal.may_bin(bin_))
        if sight.person is View.HIDDEN:
            return Seen(line.vendor, line.stall, "", None, None, None, None, None, banks)
    return Seen(
        line.vendor,
        line.stall,
        name or "",
        line.zone,
        line.category,
        line.status,
        line.stage,
        line.reason,
        banks,
    )


def narrowed(
    principal: Principal, market: str, wanted: Filter, lines: Sequence[Line]
) -> Sequence[Line]:
    """The lines that are wanted, by what the reader sees of each alone; in their order."""
    if principal.role != "bank":
        return _narrowed(wanted, lines, masked=not _in_clear(principal, market))
    if wanted.bank is not None and not principal.may_bin(wanted.bank):
        return ()
    own = [line for line in lines if line.bin and principal.may_bin(line.bin)]
    kept = {line.number for line in _narrowed(wanted, own)}
    if wanted == Filter(bank=wanted.bank, q=wanted.q):  # of others it knows stall, code and account
        known = {line.number for line in own}
        others = [line for line in lines if line.number not in known]
        kept.update(line.number for line in _narrowed(wanted, others, names=False))
    return [line for line in lines if line.number in kept]


def _narrowed(
    wanted: Filter, some: Sequence[Line], *, masked: bool = False, names: bool = True
) -> Sequence[Line]:
    """One pass for each thing asked for: most of them leave little for the next."""
    stage, zone, category, bank = wanted.stage, wanted.zone, wanted.category, wanted.bank
    needle, reason = search_key(wanted.q or ""), wanted.reason
    if stage is not None:
        some = [line for line in some if line.stage == stage]
    if zone is not None:
        some = [line for line in some if line.zone == zone]
    if category is not None:
        some = [line for line in some if line.category == category]
    if bank is not None:
        some = [line for line in some if bank in line.banks]
    if reason is not None:
        some = [line for line in some if asked_for(reason, line.reason)]
    if not needle:
        return some
    if not names:
        return [line for line in some if needle in line.places]
    if masked:
        return [
            line
            for line in some
            if needle in line.places or needle in search_key(mask_name(line.name))
        ]
    return [line for line in some if needle in line.folded or needle in line.places]


def sorts(principal: Principal, market: str) -> tuple[Sort, ...]:
    """By what this reader may have the roster sorted."""
    return SORTS if _in_clear(principal, market) else ("stall",)


def _in_clear(principal: Principal, market: str) -> bool:
    return sees_personal(principal, market=market, registered_by_bin=None).person is View.CLEAR


def choices(some: Sequence[Line] | Sequence[Seen]) -> Choices:
    """What these can be narrowed by, names in the order of their folded letters."""
    return Choices(
        _names(line.zone for line in some),
        _names(line.category for line in some),
        tuple(sorted({bin_ for line in some for bin_ in line.banks})),
        {stage: sum(line.stage == stage for line in some) for stage in STAGES},
    )


def _names(some: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({name for name in some if name}, key=search_key))
