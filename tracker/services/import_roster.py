"""What becomes of each row of an office's roster (the table in `docs/definitions.md`)."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.domain import decide
from tracker.domain.days import moment_on, start_of
from tracker.domain.facts import Person, ZoneAdded
from tracker.domain.text import search_key
from tracker.domain.views import ref_name, stall_name
from tracker.services.import_book import Book, Plan
from tracker.store.commit import MARKET
from tracker.store.jobs import RowResult
from tracker.tables.cells import total_line
from tracker.tables.rows import WARNINGS, RosterRow


class Roster:
    """Decides rows of one market's roster, whose facts happened on the day `effective_on`."""

    def __init__(self, job: str, effective_on: int) -> None:
        self._job = job
        self._day = effective_on

    def names(self, rows: Sequence[RosterRow]) -> list[str]:
        """The unique names that these rows are about."""
        stalls = [stall_name(row.stall) for row in rows if row.stall]
        return stalls + [ref_name("v", "", row.partner_ref) for row in rows if row.partner_ref]

    async def add_zones(self, book: Book, rows: Sequence[RosterRow]) -> None:
        """Zones that the market's list does not have join it before their vendors."""
        while True:
            met = dict.fromkeys(row.zone for row in rows if row.zone and usable(row) is None)
            new = [zone for zone in met if zone not in book.place.zones]
            if not new:
                return
            when = book.stated(max(start_of(self._day), start_of(book.place.opened_on)), self._job)
            commit = book.commit()
            facts = [ZoneAdded(*when, zone=zone) for zone in new]
            commit.append(MARKET, book.place.version, facts)
            await book.tracker.committer.commit(commit)
            book.place = await book.tracker.market(book.place.id)

    def plan(self, book: Book, row: RosterRow) -> Plan:
        """The row's outcome against the book, which it changes."""
        refused = usable(row)
        if refused is not None:
            return Plan(refused, None)
        by = f"{self._job}.{row.row}"
        stall = stall_name(row.stall)
        entry = book.holder(stall)
        ref = ref_name("v", "", row.partner_ref) if row.partner_ref else None
        if ref is not None and book.names.get(ref, book.names.get(stall)) != book.names.get(stall):
            return _rejected(row, "partner_ref", "PARTNER_REF_TAKEN")
        commit = book.commit()
        if entry is None:
            entry = book.newcomer(commit)
            facts = decide.register(
                entry.history,
                entry.vault,
                book.stated(start_of(self._day), by),
                stall=row.stall,
                person=Person(row.name, row.phone or None),
                zone=row.zone or None,
                category=row.category or None,
                ref=row.partner_ref or None,
            )
            entry.record(commit, facts)
            book.names[stall] = str(entry.history.number)
            if ref is not None:
                book.names[ref] = str(entry.history.number)
            return Plan(_accepted(row, entry.history.vendor_code), commit)
        code = entry.history.vendor_code
        if entry.stated_by(by):
            return Plan(_accepted(row, code), None)
        person = decide.person_of(entry.vendor, entry.vault)
        if search_key(person.name) != search_key(row.name):
            return Plan(RowResult(row.row, "rejected", code, "stall", "STALL_TAKEN"), None)
        since = entry.vendor.registered_at
        updates = decide.update_profile(
            entry.history,
            entry.vault,
            book.stated(max(moment_on(self._day, since), since), by),
            phone=row.phone or None,
            zone=row.zone or None,
            category=row.category or None,
        )
        if not updates:
            return Plan(RowResult(row.row, "duplicate", code), None)
        entry.record(commit, updates)
        return Plan(_accepted(row, code), commit)


def usable(row: RosterRow) -> RowResult | None:
    """Why a row cannot be a vendor whatever the registry holds; None where it can."""
    if total_line(row.serial, row.name):
        return RowResult(row.row, "rejected", None, "name", "TOTAL_LINE")
    if not row.stall and not row.rejection():
        return RowResult(row.row, "rejected", None, "stall", "STALL_MISSING")
    if not row.name and not row.rejection():
        return RowResult(row.row, "rejected", None, "name", "NAME_MISSING")
    rejection = row.rejection()
    return None if rejection is None else RowResult(row.row, "rejected", None, *rejection)


def _rejected(row: RosterRow, field: str, code: str) -> Plan:
    return Plan(RowResult(row.row, "rejected", None, field, code), None)


def _accepted(row: RosterRow, id_: str) -> RowResult:
    warning = next((fault for fault in row.faults if fault[1] in WARNINGS), (None, None))
    return RowResult(row.row, "accepted", id_, *warning)
