"""What the store keeps beside the ledger so that reading is fast: names, day lines, rows and sets.

Each is a pure function of one subject's facts. A commit writes the difference between the views
of the history before and after; `verify` and `rebuild` take the views of the whole: one
definition for all three.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from tracker.domain import rows
from tracker.domain.facts import (
    AccountLinked,
    Attached,
    CodeIssued,
    Registered,
    Removed,
)
from tracker.domain.lines import Lines, closings, lines_through
from tracker.domain.rows import Sets, Step
from tracker.domain.vendor import UNKNOWN, History, in_order, states_of


class Views(Struct):
    """The views of one vendor: names it holds, its day lines, its row, the sets that it is in."""

    names: dict[str, str]
    lines: Lines
    row: bytes
    sets: Sets


def stall_name(stall: str) -> str:
    """The unique name of a stall within its market."""
    return f"s:{stall}"


def ref_name(kind: str, bin_: str, ref: str) -> str:
    """The unique name of a partner's reference: per kind (`v`, `c`, `e`), BIN and market."""
    return f"{kind}:{bin_}:{ref}"


EMPTY = Views({}, Counter(), rows.EMPTY, frozenset())


def views_of(history: History) -> Views:
    """The views of a vendor's history. One whose personal data were erased holds no name."""
    if not history.facts:
        return EMPTY
    ordered = in_order(history.facts)
    states = list(states_of(ordered))  # type: ignore[arg-type]
    vendor = states[-1][1] if states else UNKNOWN
    names: dict[str, str] = {}
    me = str(history.number)
    banks = {fact.code: fact.bin for fact in history.facts if isinstance(fact, CodeIssued)}
    if vendor.stall is not None and vendor.on_roster:
        names[stall_name(vendor.stall)] = me
    for ordinal, fact in ordered if not vendor.erased else ():
        if isinstance(fact, Registered | AccountLinked) and fact.ref is not None:
            names[ref_name("v", fact.bin, fact.ref)] = me
        elif isinstance(fact, CodeIssued) and fact.ref is not None:
            names[ref_name("c", fact.bin, fact.ref)] = f"{me}.{fact.code}"
        elif isinstance(fact, Attached | Removed) and fact.ref is not None:
            names[ref_name("e", banks.get(fact.code, ""), fact.ref)] = f"{me}.{ordinal}"
    ends = list(closings(states))
    steps = rows.steps(ends)
    _, row, sets = steps[-1] if steps else _NOTHING
    return Views(names, lines_through(ends), row, sets)


_NOTHING = Step(0, rows.EMPTY)
