"""What becomes of each row of a bank's file: account linked, code issued, sticker attached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracker.access.keys import Principal
from tracker.domain import decide
from tracker.domain.codes import code_id, event_id
from tracker.domain.days import day_number, day_of, moment_on
from tracker.domain.decide_approvals import ask_account
from tracker.domain.errors import Conflict, TrackerError
from tracker.domain.facts import AccountDetails, Attached, CodeIssued, VendorFact
from tracker.domain.market import require_open
from tracker.domain.text import search_key
from tracker.domain.vendor import Code
from tracker.domain.views import ref_name, stall_name
from tracker.services.approval_shapes import asker
from tracker.services.context import Tracker
from tracker.services.import_book import (
    Book,
    Entry,
    Plan,
    Shelf,
    accepted,
    duplicate,
    rejected,
)
from tracker.services.import_places import Places
from tracker.store.jobs import Job, RowResult
from tracker.tables.cells import total_line
from tracker.tables.rows import BankRow
from tracker.vietqr import banks

EVIDENCE = "declared"
"""A file's word that the sticker hangs; a scan is better evidence."""

_FIELDS = {"BEFORE_ISSUE": "attached_on"}
"""The field to correct where the registry refuses a row."""


class Accounts:
    """Decides rows of a bank's file, of one market or of many that the rows name."""

    def __init__(self, tracker: Tracker, job: Job, principal: Principal) -> None:
        self._principal = principal
        self._effective_on: int | None = job.params["effective_on"]
        self._today: int = job.params["today"]
        self._places = Places(tracker, principal, job.params["market"])
        self._shelf = Shelf(tracker, job)
        self._refused: dict[int, tuple[str | None, str] | None] = {}
        """What is refused of the rows last opened, by row."""

    async def open(self, rows: Sequence[BankRow]) -> None:
        """Reads what stands and these rows are about."""
        self._refused = {row.row: self._refusal(row) for row in rows}
        await self._shelf.open(await self._names(rows, self._refused), rows[0].row)

    async def foresee(self, rows: Sequence[BankRow]) -> None:
        """Takes note of what some rows will be about."""
        for row in rows:
            names = await self._names([row], {row.row: self._refusal(row)})
            self._shelf.foresee(names, row.row)

    async def _names(
        self, rows: Sequence[BankRow], refused: Mapping[int, tuple[str | None, str] | None]
    ) -> dict[str, list[str]]:
        """The unique names that rows are about, by their market: none where one is refused."""
        for written in {row.market for row in rows}:
            await self._places.find(written)
        names: dict[str, list[str]] = {}
        for row in rows:
            market = self._places.known(row.market)
            if market is None or refused[row.row] is not None:
                continue
            of_market = names.setdefault(market, [])
            of_market.append(stall_name(row.stall))
            if row.partner_ref:
                of_market.append(_ref(row))
        return names

    def plan(self, row: BankRow) -> Plan:
        """The row's outcome against the book of its market, which it changes."""
        refused = self._refused[row.row]
        if refused is not None:
            return rejected(row, *refused)
        market = self._places.known(row.market)
        if market is None:
            return rejected(row, "market", "MARKET_UNKNOWN" if row.market else "MARKET_MISSING")
        book = self._shelf[market]
        held = book.holder(stall_name(row.stall), row.row)
        if held is None:
            return rejected(row, "stall", "STALL_UNKNOWN")
        entry = held[0]
        known: Code | None = None
        holder = book.holder(_ref(row), row.row) if row.partner_ref else None
        if holder is not None:
            known = holder[0].vendor.codes.get(holder[1])
            if known is not None and holder[0] is not entry:
                return rejected(row, "partner_ref", "PARTNER_REF_TAKEN")
        too_early = _too_early(entry, row)
        if too_early is not None:
            return rejected(row, *too_early)
        try:
            return self._decide(book, entry, row, known)
        except TrackerError as error:
            if error.code == "ACCOUNT_HAS_LIVE_CODE":
                return self._ask(book, entry, row)
            return rejected(row, _FIELDS.get(error.code), error.code)

    def _refusal(self, row: BankRow) -> tuple[str | None, str] | None:
        """Field and code for which a row is refused whatever the registry holds; or None."""
        fault = row.rejection()
        if not row.stall and (total_line("", row.holder) or total_line("", row.market)):
            return None, "TOTAL_LINE"
        if fault is not None:
            return fault
        if not row.stall:
            return "stall", "STALL_MISSING"
        if not row.bin:
            return "bin", "BIN_MISSING"
        if not self._principal.may_bin(row.bin):
            return "bin", "BIN_OUT_OF_SCOPE"
        if banks.find(row.bin) is None:
            return "bin", "BIN_UNKNOWN"
        if not row.account:
            return "account", "ACCOUNT_MISSING"
        for field, day in (("issued_on", row.issued_on), ("attached_on", row.attached_on)):
            if day is not None and day_number(day) > self._today:
                return field, "IN_FUTURE"
        return None

    def _decide(self, book: Book, entry: Entry, row: BankRow, known: Code | None) -> Plan:
        """Links, issues and attaches what is not there yet; all of it or, refused, nothing."""
        facts: list[VendorFact] = []
        history = entry.history
        code = self._code(entry, row, known)
        if code is None:
            when = book.stated(self._issue_moment(entry, row), row.row)
            require_open(book.place, when.at)
            facts += self._link(entry, row, when)
            history = history.then(*facts)
            issued = decide.issue_code(
                history,
                entry.vault,
                when,
                bin_=row.bin,
                ref=row.partner_ref or None,
            )
            facts += issued
            history = history.then(*issued)
            code = history.replay().live_code(row.bin)
            if code is None:
                raise Conflict("The code is not live.", code="CODE_NOT_LIVE")
        if row.attached_on is not None:
            day = day_number(row.attached_on)
            at = moment_on(day, code.issued_at)
            hangs = code.attached_at is not None or _hung(entry, code, day)
            if not hangs or at < code.issued_at:
                require_open(book.place, at)
                attached = decide.attach(
                    history,
                    book.stated(at, row.row),
                    code=code.ordinal,
                    evidence=EVIDENCE,
                )
                facts += attached
                history = history.then(*attached)
        id_ = code_id(entry.code, code.ordinal)
        if entry.stated == row.row:
            return Plan(accepted(row, id_))
        if not facts or entry.ahead:  # a later row had the last word, before the job was stopped
            return duplicate(row, book.shown(id_))
        commit = book.commit()
        entry.record(commit, facts, history)
        if any(isinstance(fact, CodeIssued) for fact in facts):
            book.make(id_)
            if row.partner_ref:
                book.hold(_ref(row), entry, code.ordinal)
        return Plan(accepted(row, book.shown(id_)), commit)

    def _ask(self, book: Book, entry: Entry, row: BankRow) -> Plan:
        """Another account behind a live code waits for a second person; sent again, no more so."""
        holder = row.holder or decide.person_of(entry.vendor, entry.vault).name
        asked = ask_account(
            entry.history,
            entry.vault,
            book.now(row.row),
            asker(self._principal),
            bin_=row.bin,
            details=AccountDetails(row.account, holder),
        )
        id_ = event_id(entry.code, asked if isinstance(asked, int) else entry.history.version + 1)
        commit = None
        if not isinstance(asked, int):
            if entry.ahead:  # recorded before a stop: this row cannot come in between any more
                return rejected(row, "account", "ACCOUNT_HAS_LIVE_CODE")
            commit = book.commit()
            entry.record(commit, [asked])
            book.make(id_)
        plan = rejected(row, "account", "NEEDS_APPROVAL", book.shown(id_))
        return plan._replace(commit=commit)

    def _code(self, entry: Entry, row: BankRow, known: Code | None) -> Code | None:
        """The code that the row is about, if it was issued: by its ref, else by its account."""
        live = entry.vendor.live_code(row.bin)
        candidates = [known, live]
        if not row.partner_ref:  # stall, BIN and account stand for it, as a ref would for ever
            codes = [code for code in entry.vendor.codes.values() if code.bin == row.bin]
            day = None if row.attached_on is None else day_number(row.attached_on)
            hung = [code for code in codes if day is not None and _hung(entry, code, day)]
            candidates = [*hung, live, *reversed(codes)]
        return next(
            (code for code in candidates if code and self._pays(entry, code, row.account)), None
        )

    @staticmethod
    def _pays(entry: Entry, code: Code, number: str) -> bool:
        account = decide.account_behind(entry.history, code)
        return decide.details_of(account.details, entry.vault).number == number

    def _link(self, entry: Entry, row: BankRow, when: decide.Stated) -> list[VendorFact]:
        holder = row.holder or decide.person_of(entry.vendor, entry.vault).name
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

    def saw(self, rows: Sequence[BankRow], results: Sequence[RowResult]) -> None:
        """A bank's file lists its own customers only: whom it leaves out says nothing."""

    async def not_listed(self) -> list[str] | None:
        """None: see `saw`."""
        return None


def _ref(row: BankRow) -> str:
    return ref_name("c", row.bin, row.partner_ref)


def _too_early(entry: Entry, row: BankRow) -> tuple[str, str] | None:
    """Field and code of a day that the row states and that cannot be, whatever is known already."""
    since = day_of(entry.vendor.registered_at)
    for field, day in (("issued_on", row.issued_on), ("attached_on", row.attached_on)):
        if day is not None and day_number(day) < since:
            return field, "BEFORE_REGISTRATION"
    if row.issued_on is not None and row.attached_on is not None:
        return ("attached_on", "BEFORE_ISSUE") if row.attached_on < row.issued_on else None
    return None


def _hung(entry: Entry, code: Code, day: int) -> bool:
    """Whether the code's sticker was recorded as hung on that day."""
    return any(
        isinstance(fact, Attached) and fact.code == code.ordinal and day_of(fact.at) == day
        for fact in entry.history.facts
    )
