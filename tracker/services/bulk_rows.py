"""What becomes of each row of a bulk registration: the rules of a single one, row after row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.domain import decide
from tracker.domain.decide import Stated
from tracker.domain.errors import Fault, NotFound, TrackerError
from tracker.domain.facts import AccountLinked, Registered
from tracker.domain.market import require_open
from tracker.domain.views import ref_name, stall_name
from tracker.services import row_details, vendors
from tracker.services.context import Tracker
from tracker.services.import_book import Book
from tracker.services.vendors import NewVendor
from tracker.store.commit import Commit
from tracker.store.jobs import RowStatus


class Row(Struct, frozen=True):
    """A row as it came: what is wanted, or what is wrong with it. `row` counts from 1."""

    row: int
    new: NewVendor | None = None
    faults: tuple[Fault, ...] = ()


class Item(Struct, frozen=True):
    """What became of a row: `id` is the vendor's code, `errors` are all faults of its fields."""

    row: int
    status: RowStatus
    id: str | None = None
    code: str | None = None
    detail: str | None = None
    errors: tuple[Fault, ...] = ()


class Plan(NamedTuple):
    """A row's outcome, and the commit that makes it so (None where it says nothing new)."""

    item: Item
    commit: Commit | None = None


class Rules:
    """Decides rows against one market, as it stands and as the rows before them leave it."""

    def __init__(self, tracker: Tracker, principal: Principal, book: Book, when: Stated) -> None:
        self._tracker = tracker
        self._principal = principal
        self._book = book
        self._when = when

    @classmethod
    async def read(
        cls, tracker: Tracker, principal: Principal, market: str, rows: Sequence[Row], *, dry: bool
    ) -> Rules:
        """The rules over what stands now and these rows are about."""
        book = Book(tracker, await tracker.market(market), "", dry=dry)
        rules = cls(tracker, principal, book, decide.stated(None, tracker.now(), principal.id))
        wanted = [row.new for row in rows if row.new is not None]
        stalls = [stall_name(new.stall) for new in wanted]
        await book.load(stalls + [ref for new in wanted if (ref := rules.ref(new)) is not None])
        await book.reserve(stalls)
        return rules

    def ref(self, new: NewVendor) -> str | None:
        """The unique name of the row's reference."""
        if new.partner_ref is None:
            return None
        return ref_name("v", vendors.partner_bin(self._principal, new), new.partner_ref)

    def plan(self, row: Row) -> Plan:
        """The row's outcome; what it adds is there for the rows after it."""
        if row.new is None:
            return _faulty(row)
        try:
            return self._decide(row, row.new)
        except TrackerError as error:
            if error.status >= 500:
                raise
            holder = error.extra.get("vendor")
            return Plan(
                Item(
                    row.row,
                    "rejected",
                    None if holder is None else self._book.shown(holder),
                    error.code,
                    error.detail,
                    error.faults,
                )
            )

    def _decide(self, row: Row, new: NewVendor) -> Plan:
        if new.account is not None and not self._principal.may_bin(new.account.bin):
            detail = row_details.DETAILS["BIN_OUT_OF_SCOPE"][0]
            raise NotFound(detail, code="BIN_OUT_OF_SCOPE")
        vendors.check(self._principal, new)
        book, ref = self._book, self.ref(new)
        held = book.holder(stall_name(new.stall), row.row)
        by_ref = None if ref is None else book.holder(ref, row.row)
        if by_ref is not None and (held is None or by_ref[0] is not held[0]):
            raise vendors.reference_taken(by_ref[0].code)
        require_open(book.place, self._when.at)
        if held is None:
            book.require_groups(new.zone, new.category)
        commit = book.commit()
        entry = book.newcomer(commit) if held is None else held[0]
        if held is not None:
            vendors.same_vendor(entry.history, entry.vault, new)
        facts = vendors.registration(self._principal, entry.history, entry.vault, self._when, new)
        shown = book.shown(entry.code)
        if not facts:
            return Plan(Item(row.row, "duplicate", shown))
        entry.record(commit, facts)
        if held is None:
            book.hold(stall_name(new.stall), entry)
            book.add_zone(commit, new.zone or "", self._when)
        stated = (fact for fact in facts if isinstance(fact, Registered | AccountLinked))
        if ref is not None and any(fact.ref == new.partner_ref for fact in stated):
            book.hold(ref, entry)
        return Plan(Item(row.row, "accepted", shown), commit)


def _faulty(row: Row) -> Plan:
    """The outcome of a row that is no registration, with all that is wrong with it."""
    first = row.faults[0]
    if len(row.faults) == 1:
        code, detail = first.code, f"{first.pointer.removeprefix('/') or 'row'}: {first.detail}"
    else:
        code = "INVALID_BODY"
        detail = f"The row has {len(row.faults)} faults; `errors` names each with its place."
    return Plan(Item(row.row, "rejected", None, code, detail, row.faults))
