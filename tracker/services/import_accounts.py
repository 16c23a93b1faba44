"""What becomes of each row of a bank's file: account linked, code issued, sticker attached."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.access.keys import Principal
from tracker.domain import decide
from tracker.domain.days import day_number, day_of, moment_on
from tracker.domain.errors import Conflict, TrackerError
from tracker.domain.facts import AccountDetails, Attached, VendorFact
from tracker.domain.text import search_key
from tracker.domain.vendor import Code
from tracker.domain.views import ref_name, stall_name
from tracker.services.import_book import Book, Entry, Plan
from tracker.store.commit import Commit
from tracker.store.jobs import RowResult
from tracker.tables.rows import WARNINGS, BankRow
from tracker.vietqr import banks

EVIDENCE = "declared"
"""A file's word that the sticker hangs; a scan is better evidence."""


class Accounts:
    """Decides rows of a bank's file. Days: `effective_on` where given, `today` of the job."""

    def __init__(
        self, job: str, principal: Principal, effective_on: int | None, today: int
    ) -> None:
        self._job = job
        self._principal = principal
        self._effective_on = effective_on
        self._today = today

    def names(self, rows: Sequence[BankRow]) -> list[str]:
        """The unique names that these rows are about."""
        stalls = [stall_name(row.stall) for row in rows if row.stall]
        refs = [ref_name("c", row.bin, row.partner_ref) for row in rows if row.partner_ref]
        return stalls + refs

    def usable(self, row: BankRow) -> RowResult | None:
        """Why a row is refused whatever the registry holds; None where it is not."""
        rejection = row.rejection()
        if rejection is not None:
            return _rejected(row, *rejection)
        if not row.stall:
            return _rejected(row, "stall", "STALL_MISSING")
        if not row.bin:
            return _rejected(row, "bin", "BIN_MISSING")
        if not self._principal.may_bin(row.bin):
            return _rejected(row, "bin", "BIN_OUT_OF_SCOPE")
        if banks.find(row.bin) is None:
            return _rejected(row, "bin", "BIN_UNKNOWN")
        if not row.account:
            return _rejected(row, "account", "ACCOUNT_MISSING")
        for field, day in (("issued_on", row.issued_on), ("attached_on", row.attached_on)):
            if day is not None and day_number(day) > self._today:
                return _rejected(row, field, "IN_FUTURE")
        return None

    def plan(self, book: Book, row: BankRow) -> Plan:
        """The outcome of a usable row against the book, which it changes."""
        entry = book.holder(stall_name(row.stall))
        if entry is None:
            return Plan(_rejected(row, "stall", "STALL_UNKNOWN"), None)
        known: Code | None = None
        if row.partner_ref:
            name = ref_name("c", row.bin, row.partner_ref)
            held = book.names.get(name)
            if held is not None:
                number, _, ordinal = held.partition(".")
                if int(number) != entry.history.number:
                    return Plan(_rejected(row, "partner_ref", "PARTNER_REF_TAKEN"), None)
                known = entry.vendor.codes.get(int(ordinal))
        by = f"{self._job}.{row.row}"
        before = Entry(entry.history, entry.vault)
        commit = book.commit()
        try:
            code = self._write(book, entry, row, known, by, commit)
        except TrackerError as refused:
            # Nothing of a refused row may stay: not in the store, not in the book.
            entry.history = before.history
            book.entries[before.history.number] = before
            return Plan(_rejected(row, _field(refused.code), refused.code), None)
        new = entry.history.version > before.history.version
        id_ = entry.history.code_id(code.ordinal)
        if new and row.partner_ref:
            name = ref_name("c", row.bin, row.partner_ref)
            book.names.setdefault(name, f"{entry.history.number}.{code.ordinal}")
        if not new and not entry.stated_by(by):
            return Plan(RowResult(row.row, "duplicate", id_), None)
        warning = next((fault for fault in row.faults if fault[1] in WARNINGS), (None, None))
        return Plan(RowResult(row.row, "accepted", id_, *warning), commit if new else None)

    def _write(
        self, book: Book, entry: Entry, row: BankRow, known: Code | None, by: str, commit: Commit
    ) -> Code:
        """Links, issues and attaches what is not there yet; gives the row's code."""
        code = self._code(entry, row, known)
        facts: list[VendorFact] = []
        history = entry.history
        if code is None:
            when = book.stated(self._issue_moment(entry, row), by)
            facts += self._link(entry, row, when)
            facts += decide.issue_code(
                history.then(*facts),
                entry.vault,
                when,
                bin_=row.bin,
                ref=row.partner_ref or None,
            )
            code = history.then(*facts).replay().live_code(row.bin)
            if code is None:
                raise Conflict("The code is not live.", code="CODE_NOT_LIVE")
        if row.attached_on is not None and not _hung(entry, code, day_number(row.attached_on)):
            at = moment_on(day_number(row.attached_on), code.issued_at)
            facts += decide.attach(
                history.then(*facts),
                book.stated(at, by),
                code=code.ordinal,
                evidence=EVIDENCE,
            )
        if facts:
            entry.record(commit, facts)
        return code

    def _code(self, entry: Entry, row: BankRow, known: Code | None) -> Code | None:
        """The code that the row is about, if it was issued: by its ref, else by its account."""
        live = entry.vendor.live_code(row.bin)
        for code in (known, live):
            if code is not None and self._pays(entry, code, row.account):
                return code
        return None

    @staticmethod
    def _pays(entry: Entry, code: Code, number: str) -> bool:
        account = decide.account_behind(entry.history, code)
        return decide.details_of(account.details, entry.vault).number == number

    def _link(self, entry: Entry, row: BankRow, when: decide.Stated) -> list[VendorFact]:
        person = decide.person_of(entry.vendor, entry.vault)
        holder = row.holder or person.name
        account = entry.vendor.accounts.get(row.bin)
        if account is not None:
            details = decide.details_of(account.details, entry.vault)
            same = search_key(details.holder) == search_key(holder)
            if details.number == row.account and same:
                return []
        return decide.link_account(
            entry.history,
            entry.vault,
            when,
            bin_=row.bin,
            details=AccountDetails(row.account, holder),
        )

    def _issue_moment(self, entry: Entry, row: BankRow) -> int:
        """A day stated in the row stands; one that is only assumed moves up to the registration."""
        since = entry.vendor.registered_at
        stated = row.issued_on or row.attached_on
        if stated is not None:
            return moment_on(day_number(stated), since)
        assumed = self._today if self._effective_on is None else self._effective_on
        return max(moment_on(assumed, since), since)


def _hung(entry: Entry, code: Code, day: int) -> bool:
    """Whether the code's sticker hangs, or was recorded as hung on that day."""
    if entry.vendor.codes.get(code.ordinal, code).attached_at is not None:
        return True
    return any(
        isinstance(fact, Attached) and fact.code == code.ordinal and day_of(fact.at) == day
        for fact in entry.history.facts
    )


def _rejected(row: BankRow, field: str | None, code: str) -> RowResult:
    return RowResult(row.row, "rejected", None, field, code)


def _field(code: str) -> str | None:
    return {
        "BEFORE_REGISTRATION": "attached_on",
        "BEFORE_ISSUE": "attached_on",
        "ACCOUNT_HAS_LIVE_CODE": "account",
        "VENDOR_LEFT": "stall",
    }.get(code)
