"""What becomes of each row of an office's roster (the table in `docs/definitions.md`)."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.domain import decide
from tracker.domain.codes import vendor_code
from tracker.domain.days import moment_on, start_of
from tracker.domain.errors import TrackerError
from tracker.domain.facts import Person, ProfileChanged
from tracker.domain.market import require_open
from tracker.domain.text import search_key
from tracker.domain.views import ref_name, stall_name
from tracker.services.context import Tracker
from tracker.services.import_book import (
    Book,
    Entry,
    Plan,
    Shelf,
    accepted,
    duplicate,
    number_in,
    rejected,
)
from tracker.store.jobs import Job, RowResult
from tracker.tables.cells import total_line
from tracker.tables.rows import RosterRow


class Roster:
    """Decides rows of one market's roster, whose facts happened on the day `effective_on`."""

    def __init__(self, tracker: Tracker, job: Job) -> None:
        self._tracker = tracker
        self._market: str = job.params["market"]
        self._day: int = job.params["effective_on"]
        self._shelf = Shelf(tracker, job)
        self._listed = bytearray()
        """A bit for each vendor number that the file lists: a million names would be 100 MB."""
        self._unplaced: set[str] = set()
        """Stalls that it lists in rows that came to no vendor."""
        self._refused: dict[int, tuple[str | None, str] | None] = {}
        """What is refused of the rows last opened, by row."""

    async def open(self, rows: Sequence[RosterRow]) -> None:
        """Reads what stands and these rows are about, and reserves numbers for new vendors."""
        self._refused = {row.row: refusal(row) for row in rows}
        usable = [row for row in rows if self._refused[row.row] is None]
        names = [name for row in usable for name in _names(row)]
        await self._shelf.open({self._market: names}, rows[0].row)
        await self._shelf[self._market].reserve([stall_name(row.stall) for row in usable])

    async def foresee(self, rows: Sequence[RosterRow]) -> None:
        """Takes note of what some rows will be about."""
        for row in rows:
            if refusal(row) is None:
                self._shelf.foresee({self._market: _names(row)}, row.row)

    def plan(self, row: RosterRow) -> Plan:
        """The row's outcome against the book, which it changes."""
        refused = self._refused[row.row]
        if refused is not None:
            return rejected(row, *refused)
        book = self._shelf[self._market]
        held = book.holder(stall_name(row.stall), row.row)
        ref = ref_name("v", "", row.partner_ref) if row.partner_ref else None
        holder = None if ref is None else book.holder(ref, row.row)
        if holder is not None and (held is None or holder[0] is not held[0]):
            return rejected(row, "partner_ref", "PARTNER_REF_TAKEN")
        try:
            if held is None:
                return self._register(book, row, ref)
            return self._update(book, held[0], row)
        except TrackerError as error:
            return rejected(row, None, error.code, held and book.shown(held[0].code))

    def _register(self, book: Book, row: RosterRow, ref: str | None) -> Plan:
        require_open(book.place, start_of(self._day))
        book.require_groups(row.zone, row.category)
        commit = book.commit()
        entry = book.newcomer(commit)
        when = book.stated(start_of(self._day), row.row)
        facts = decide.register(
            entry.history,
            entry.vault,
            when,
            stall=row.stall,
            person=Person(row.name, row.phone or None),
            zone=row.zone or None,
            category=row.category or None,
            ref=row.partner_ref or None,
        )
        entry.record(commit, facts)
        book.add_zone(commit, row.zone, when)
        book.hold(stall_name(row.stall), entry)
        if ref is not None:
            book.hold(ref, entry)
        return Plan(accepted(row, book.shown(entry.code)), commit)

    def _update(self, book: Book, entry: Entry, row: RosterRow) -> Plan:
        """What the row says of a vendor that is there: phone, zone and category may differ."""
        code = book.shown(entry.code)
        if entry.stated == row.row:
            return Plan(accepted(row, code))
        person = decide.person_of(entry.vendor, entry.vault)
        if search_key(person.name) != search_key(row.name):
            return rejected(row, "stall", "STALL_TAKEN", code)
        # What the vendor is said to be belongs to what was said last: were it dated before that,
        # it would change nothing, and be new again in every later file.
        since = _last_said(entry)
        when = book.stated(max(moment_on(self._day, since), since), row.row)
        facts = decide.update_profile(
            entry.history,
            entry.vault,
            when,
            phone=row.phone or None,
            zone=row.zone or None,
            category=row.category or None,
        )
        if not facts or entry.ahead:  # a later row had the last word, before the job was stopped
            return duplicate(row, code)
        book.require_groups(row.zone, row.category)
        commit = book.commit()
        entry.record(commit, facts)
        book.add_zone(commit, row.zone, when)
        return Plan(accepted(row, code), commit)

    def saw(self, rows: Sequence[RosterRow], results: Sequence[RowResult]) -> None:
        """Remembers the stalls whose vendors the file lists."""
        for row, result in zip(rows, results, strict=True):
            if not row.stall or result.code in {"NAME_MISSING", "STALL_TAKEN"}:
                continue
            if result.id is not None:
                self._list(number_in(result.id))
            elif result.status == "rejected":
                self._unplaced.add(stall_name(row.stall))

    def _list(self, number: int) -> None:
        place, bit = divmod(number, 8)
        if place >= len(self._listed):
            self._listed.extend(bytes(place + 1 - len(self._listed)))
        self._listed[place] |= 1 << bit

    async def not_listed(self) -> list[str] | None:
        """Vendors on the roster whom the file does not list; they are not changed."""
        place = await self._tracker.market(self._market)
        missing: set[int] = set()
        async for name, holder in self._tracker.reader.names(self._market, stall_name("")):
            byte, bit = divmod(int(holder), 8)
            listed = byte < len(self._listed) and self._listed[byte] >> bit & 1
            if not listed and name not in self._unplaced:
                missing.add(int(holder))
        return [vendor_code(place.prefix, number) for number in sorted(missing)]


def _names(row: RosterRow) -> list[str]:
    """The unique names that a row is about."""
    stall = stall_name(row.stall)
    return [stall, ref_name("v", "", row.partner_ref)] if row.partner_ref else [stall]


def _last_said(entry: Entry) -> int:
    changes = [fact.at for fact in entry.history.facts if isinstance(fact, ProfileChanged)]
    return max([entry.vendor.registered_at, *changes])


def refusal(row: RosterRow) -> tuple[str | None, str] | None:
    """Field and code for which a row is no vendor whatever the registry holds; None if it is."""
    if total_line(row.serial, row.name):
        return "name", "TOTAL_LINE"
    fault = row.rejection()
    if fault is None and not row.stall:
        return "stall", "STALL_MISSING"
    if fault is None and not row.name:
        return "name", "NAME_MISSING"
    return fault
