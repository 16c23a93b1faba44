"""Random histories: what a market's vendors may go through, in any order, told late or in time.

A life is played from a list of small steps. A step names a command of `decide` (or a fact that no
command gives yet), a moment and a choice; whatever the vendor's state makes of it is refused or
recorded, just as in service. So every example is a history that the registry can come to hold.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st

from tests.unit.domain.vault import VAULT
from tracker.domain import decide
from tracker.domain.days import day_number, start_of
from tracker.domain.decide import Stated
from tracker.domain.errors import TrackerError
from tracker.domain.facts import (
    AccountDetails,
    AccountLinked,
    AccountUnlinked,
    CensusDeclared,
    CodePrinted,
    CodeRevoked,
    FindingEnded,
    FindingOpened,
    IncidentHandled,
    IncidentOpened,
    InvoiceComposed,
    MarketFact,
    MarketOpened,
    Moved,
    Person,
    Scanned,
    StatusChanged,
    VendorFact,
    Voided,
)
from tracker.domain.vendor import History, Vendor

FIRST: Final = day_number(date(2023, 5, 20))
DAYS: Final = 6
NOW: Final = start_of(FIRST + DAYS + 1)
HOUR: Final = 3_600_000
PICKS: Final = 36
TIMES: Final = (0, 9 * HOUR, 9 * HOUR + 1, 24 * HOUR - 1)
"""Moments of a day (ms): both its ends, and two in the morning that come close."""

BANKS: Final = ("970436", "970418")
ELSEWHERE: Final = ("970403", "970407", "970422", "970432")
NUMBERS: Final = ("1001", "1002")
REASONS: Final = ("tax_worry", "fraud", "closed")
STATUSES: Final = ("left", "trading", "suspended")
VERDICTS: Final = ("matched", "matched", "matched", "altered", "superseded")
OUTCOMES: Final = ("confirmed", "dismissed", "resolved")
FINDINGS: Final = ("duplicate_account", "partner_ref_reused")

COMMANDS: Final = ("link", "issue", "attach", "remove", "profile")
FACTS: Final = ("status", "move", "revoke", "unlink", "void", "approved")
NEWS: Final = ("scan", "print", "incident", "handle", "find", "clear", "invoice", "elsewhere")
"""What happens to a vendor beside its adoption."""

ADOPT: Final = "adopt"
"""An account, a code and its sticker, all at one moment."""

RENEW: Final = "renew"
"""Another account behind the bank's code, and the new version that comes of it."""

WEIGHTED: Final = (*[ADOPT] * 4, *[RENEW] * 3, *COMMANDS, *["remove"] * 2, *FACTS)
LIVELY: Final = (
    *WEIGHTED,
    *NEWS,
    *["scan"] * 4,
    *["elsewhere"] * 2,
    ADOPT,
    "handle",
    "find",
    "profile",
)
DETERMINISTIC: Final = settings(deadline=None, derandomize=True, database=None)


def examples(number: int) -> settings:
    """Settings of a property: the same examples in every run, however slow the machine."""
    return settings(DETERMINISTIC, max_examples=number)


class Step(NamedTuple):
    """Something that is tried at a moment; `pick` chooses among what there is."""

    what: str
    at: int
    pick: int


Command = Callable[[History], list[VendorFact]]
"""A command with its arguments: what it gives depends on the history alone."""


def command(history: History, step: Step) -> Command:
    """The command that a step comes to. `pick` is read bit by bit."""
    when = Stated(step.at, NOW, f"key-{step.pick}")
    bank = BANKS[step.pick % 2]
    other = step.pick // 2
    ordinal = code_picked(history, step)
    match step.what:
        case "link":
            holder = ("HOA", "Dũng")[other // 2 % 2]
            details = AccountDetails(NUMBERS[other % 2], holder)
            return lambda h: decide.link_account(h, VAULT, when, bin_=bank, details=details)
        case "issue":
            return lambda h: decide.issue_code(h, VAULT, when, bin_=bank)
        case "attach":
            return lambda h: decide.attach(h, when, code=ordinal, evidence="declared")
        case "remove":
            reason = REASONS[other % 3]
            return lambda h: decide.remove(h, when, code=ordinal, reason=reason)  # type: ignore[arg-type]
        case _:
            phone, zone = (None, "0901", "0902")[step.pick % 3], (None, "A", "B", "")[other % 4]
            category = (None, "fish", "fruit", "")[step.pick // 9]
            return lambda h: decide.update_profile(
                h, VAULT, when, phone=phone, zone=zone, category=category
            )


def code_picked(history: History, step: Step) -> int:
    """A code that fits the command, or at times just any."""
    codes = sorted(history.replay().codes.values(), key=lambda code: code.ordinal)
    fitting = [c for c in codes if c.live and (c.attached_at is None) == (step.what == "attach")]
    among = codes if step.pick % 5 == 0 else fitting or codes
    return among[step.pick % len(among)].ordinal if among else 1


def fact(history: History, step: Step) -> list[VendorFact]:
    """A fact that no command gives yet, where it makes sense: never before its subject."""
    when = Stated(step.at, NOW, f"key-{step.pick}")
    if step.what == "void":
        return [Voided(*when, event=step.pick % history.version + 1, reason="wrong")]
    vendor: Vendor = history.replay()
    if vendor.stall is None or step.at < vendor.registered_at:
        return []
    if step.what in NEWS:
        return news(history, vendor, step, when)
    match step.what:
        case "status":
            return [StatusChanged(*when, status=STATUSES[step.pick % 3])]
        case "move":
            return [Moved(*when, stall=f"M{history.number}.{step.pick}")]
        case "approved":  # another account behind a live code, as an approval will let it through
            details = AccountDetails(NUMBERS[step.pick // 2 % 2], "HOA")
            blob = VAULT.seal(history.version + 1, details)
            return [AccountLinked(*when, bin=BANKS[step.pick % 2], owner="own", personal=blob)]
        case "unlink":
            known = sorted(vendor.accounts)
            return [AccountUnlinked(*when, bin=known[step.pick % len(known)])] if known else []
        case _:
            live = [c for c in vendor.codes.values() if c.live and c.issued_at <= step.at]
            if not live:
                return []
            return [CodeRevoked(*when, code=live[step.pick % len(live)].ordinal, reason="lost")]


def news(history: History, vendor: Vendor, step: Step, when: Stated) -> list[VendorFact]:
    """Facts beside the vendor's adoption through its two banks."""
    kind = FINDINGS[step.pick % 2]
    other = ("CVT-0090-X", "CVT-0091-Y")[step.pick // 2 % 2]
    match step.what:
        case "incident":
            blob = VAULT.seal(history.version + 1, AccountDetails("9009", "KHAC"))
            return [IncidentOpened(*when, bin=BANKS[step.pick % 2], personal=blob)]
        case "handle":
            known = sorted(vendor.incidents)
            state = OUTCOMES[step.pick // 4 % 3]
            return (
                [
                    IncidentHandled(*when, incident=n, state=state, reason="seen")  # type: ignore[arg-type]
                    for n in known[step.pick % len(known) :][:1]
                ]
                if known
                else []
            )
        case "elsewhere":
            return at_another_bank(history, step, when)
        case "find":
            return [FindingOpened(*when, kind=kind, other=other)]  # type: ignore[arg-type]
        case "clear":
            return [FindingEnded(*when, kind=kind, other=other)]  # type: ignore[arg-type]
    codes = sorted(c.ordinal for c in vendor.codes.values() if c.issued_at <= step.at)
    if not codes:
        return []
    code = codes[-1 - step.pick // 5 % 2 % len(codes)]
    match step.what:
        case "scan":
            return [Scanned(*when, verdict=VERDICTS[step.pick % 5], code=code)]
        case "print":
            return [CodePrinted(*when, code=code, number=vendor.codes[code].prints + 1)]
        case _:
            return [InvoiceComposed(*when, code=code)]


def at_another_bank(history: History, step: Step, when: Stated) -> list[VendorFact]:
    """An account at a bank that few have, at times with a code and its sticker."""
    bank, details = ELSEWHERE[step.pick % 4], AccountDetails("4004", "HOA")
    after = history
    after = after.then(
        *tried(after, lambda h: decide.link_account(h, VAULT, when, bin_=bank, details=details))
    )
    if step.pick // 4 % 3:
        after = after.then(*tried(after, lambda h: decide.issue_code(h, VAULT, when, bin_=bank)))
    live = after.replay().live_code(bank)
    if live is not None and step.pick // 4 % 3 == 2:
        code = live.ordinal
        after = after.then(
            *tried(after, lambda h: decide.attach(h, when, code=code, evidence="declared"))
        )
    return list(after.facts[len(history.facts) :])


def tried(history: History, do: Command) -> list[VendorFact]:
    """What a command gives; nothing where it is refused."""
    try:
        return do(history)
    except TrackerError:
        return []


def taken(history: History, step: Step) -> History:
    """The history after one step."""
    if step.what == ADOPT:
        for what in ("link", "issue"):
            history = taken(history, step._replace(what=what))
        live = history.replay().live_code(BANKS[step.pick % 2])
        return (
            history if live is None else taken(history, Step("attach", step.at, live.ordinal - 1))
        )
    if step.what == RENEW:
        for what in ("approved", "issue"):
            history = taken(history, step._replace(what=what))
        return history
    if step.what in COMMANDS:
        return history.then(*tried(history, command(history, step)))
    return history.then(*fact(history, step))


def born(number: int, moment: int) -> History:
    """A vendor that was just registered; some numbers have a zone or a category from the start."""
    history = History("CVT", number)
    facts = decide.register(
        history,
        VAULT,
        Stated(moment, NOW, "key"),
        stall=f"B{number}",
        person=Person("Hoa"),
        zone=(None, "A", "B", "A", "")[number % 5],
        category=(None, "fish")[number % 2],
        ref=f"ref-{number}",
    )
    return history.then(*facts)


def lived(number: int, moment: int, steps: list[Step]) -> History:
    """A vendor's history: registered at a moment, then step by step."""
    history = born(number, moment)
    for step in steps:
        history = taken(history, step)
    return history


def moments(first: int = 0, last: int = DAYS - 1) -> st.SearchStrategy[int]:
    """Moments (ms) between two days of the window, many of them equal."""
    return st.integers(len(TIMES) * first, len(TIMES) * (last + 1) - 1).map(
        lambda n: start_of(FIRST + n // len(TIMES)) + TIMES[n % len(TIMES)]
    )


def step_of(number: int, what: tuple[str, ...] = WEIGHTED) -> Step:
    """The step that a number stands for; zero does nothing."""
    number, kind = divmod(number, len(what) + 1)
    number, day = divmod(number, DAYS)
    pick, time = divmod(number, len(TIMES))
    return Step(("rest", *what)[kind], start_of(FIRST + day) + TIMES[time], pick % PICKS)


def courses(
    least: int, most: int, what: tuple[str, ...] = WEIGHTED
) -> st.SearchStrategy[list[Step]]:
    """Steps one after another, each from two bytes: cheap to draw."""

    def steps(data: bytes) -> list[Step]:
        words = (data[n : n + 2] for n in range(0, len(data) - 1, 2))
        return [step_of(int.from_bytes(word, "little"), what) for word in words]

    return st.binary(min_size=2 * least, max_size=2 * most).map(steps)


def lives(
    number: int = 1, size: int = 8, what: tuple[str, ...] = WEIGHTED
) -> st.SearchStrategy[History]:
    """Histories of one vendor: told as they happened, then a few facts that were forgotten."""

    def life(moment: int, course: list[Step], late: list[Step]) -> History:
        return lived(number, moment, [*sorted(course, key=lambda step: step.at), *late])

    return st.builds(life, moments(last=1), courses(size, 2 * size, what), courses(0, 5, what))


def rosters(vendors_max: int = 3) -> st.SearchStrategy[tuple[History, ...]]:
    """The histories of a few vendors of one market."""
    return st.integers(1, vendors_max).flatmap(
        lambda size: st.tuples(*(lives(number, size=6) for number in range(1, size + 1)))
    )


def markets() -> st.SearchStrategy[tuple[MarketFact, ...]]:
    """The facts of a market with some censuses, a few of them taken back."""

    def told(entries: list[tuple[int, int]]) -> tuple[MarketFact, ...]:
        facts: list[MarketFact] = [
            MarketOpened(start_of(FIRST - 30), NOW, "key", "Chợ Vũng Tàu", "CVT", "26506", FIRST)
        ]
        for moment, vendors in entries:
            if vendors < 0 and len(facts) == 1:
                continue
            if vendors < 0:
                facts.append(Voided(moment, NOW, "key", event=len(facts), reason="wrong"))
            else:
                facts.append(CensusDeclared(moment, NOW, "key", vendors, "office"))
        return tuple(facts)

    entry = st.tuples(moments(), st.integers(-1, 4))
    return st.lists(entry, max_size=4).map(told)
