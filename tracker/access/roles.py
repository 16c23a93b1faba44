"""The one table of who may do what, as `domain.md` (users) and `api.md` (roles) say.

Three levels: DOES (allowed); SEES (the resource may be seen, this may not be done to it: 403);
NOTHING (it looks as if it were not there: 404). Scope comes on top: what lies in another market
or at another bank is 404 as well, in the same words as what does not exist.

Some lines that are decisions:
- admin does the banks' and managers' daily work too (a small city has one office for all of it),
  but cannot read the ledger endpoint: the contract keeps that for the auditor, who checks admins;
- the auditor sees everything masked, so not a code's payload, which holds an account number;
- sums of a ward, a province or a group are published figures, so every role reads them, but only
  where all markets of the sum are in scope: a part of a ward is no figure of the ward;
- a bank neither scans nor walks rounds: verdicts speak of other banks' codes.

An ownership rule within a permission (a bank and the vendors it registered, a job and who started
it) is the use case's to check; what of a person is shown in clear is `masking`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType

from tracker.access.keys import ROLES, Principal, Role
from tracker.domain.errors import Forbidden, NotFound


class Level(IntEnum):
    """How far a role may go with one kind of operation."""

    NOTHING = 0
    SEES = 1
    DOES = 2


class Permission(StrEnum):
    """A kind of operation; every route stands under exactly one."""

    ME_READ = "me.read"
    BANKS_READ = "banks.read"
    AREAS_READ = "areas.read"
    AREAS_WRITE = "areas.write"
    MARKETS_READ = "markets.read"
    MARKETS_WRITE = "markets.write"
    CENSUS_READ = "census.read"
    CENSUS_WRITE = "census.write"
    VENDORS_READ = "vendors.read"
    VENDORS_WRITE = "vendors.write"
    """Register a vendor, correct its name, zone, category, phone."""
    DOUBTS_READ = "doubts.read"
    """What a manager should look at: shared accounts, look-alike names, family accounts."""
    DOUBTS_DECIDE = "doubts.decide"
    VENDORS_MANAGE = "vendors.manage"
    """Move a vendor to another stall; trading, suspended, left."""
    PERSONAL_READ = "personal.read"
    """Everything held about one trader, in clear, for the trader who asks for it."""
    PERSONAL_ERASE = "personal.erase"
    ACCOUNTS_WRITE = "accounts.write"
    CODES_READ = "codes.read"
    """A code's state, version and links, without its payload."""
    CODES_PAYLOAD = "codes.payload"
    """A code's payload and images: they hold the account number."""
    CODES_ISSUE = "codes.issue"
    """Issue, print again, revoke."""
    SHEETS_WRITE = "sheets.write"
    """Order a sheet of stickers; the prints of its codes are recorded."""
    SHEETS_READ = "sheets.read"
    """Fetch the sheet that one ordered."""
    ATTACHMENTS_WRITE = "attachments.write"
    REMOVALS_WRITE = "removals.write"
    INVOICES_WRITE = "invoices.write"
    """One-off payloads over a code, for shops that print the code on the bill."""
    SCANS_WRITE = "scans.write"
    INCIDENTS_READ = "incidents.read"
    """Strangers' codes at stalls; a bank sees its own accounts that hang at several."""
    INCIDENTS_WRITE = "incidents.write"
    """Confirm, dismiss, resolve."""
    ROUND_READ = "round.read"
    EVENTS_VOID = "events.void"
    """Take back a fact of one's own, or ask for it to be taken back."""
    APPROVALS_READ = "approvals.read"
    """What waits for a second person; a bank sees what its own keys asked for."""
    APPROVALS_DECIDE = "approvals.decide"
    """Be the second person; never for what one asked for oneself."""
    ACTIVITY_READ = "activity.read"
    """A bank's day in a market: number and sum of all payments, and which vendors were paid."""
    ACTIVITY_WRITE = "activity.write"
    IMPORTS_WRITE = "imports.write"
    """Send a file at all; which kind is one of the three below."""
    IMPORTS_ROSTER = "imports.roster"
    IMPORTS_ATTACHMENTS = "imports.attachments"
    IMPORTS_ACTIVITY = "imports.activity"
    JOBS_READ = "jobs.read"
    ADOPTION_READ = "adoption.read"
    SNAPSHOTS_READ = "snapshots.read"
    """Published bodies of market, area, group and city, and the feed."""
    SNAPSHOTS_DETAILS = "snapshots.details"
    """What a published body withholds: small rows and money."""
    SNAPSHOTS_RUN = "snapshots.run"
    GROUPS_WRITE = "groups.write"
    INDICATORS_READ = "indicators.read"
    """What others report beside the markets: the catalogue and its values."""
    INDICATORS_WRITE = "indicators.write"
    LEDGER_READ = "ledger.read"
    KEYS_MANAGE = "keys.manage"
    PEOPLE_MANAGE = "people.manage"
    """Accounts for the web: who there is, invitations, ending sessions."""
    SESSION_OWN = "session.own"
    """One's own sessions and password."""


_LEVELS = {"does": Level.DOES, "sees": Level.SEES, "-": Level.NOTHING}


def _row(levels: str) -> Mapping[Role, Level]:
    return MappingProxyType(
        {role: _LEVELS[word] for role, word in zip(ROLES, levels.split(), strict=True)}
    )


_P = Permission
PERMISSIONS: Mapping[Permission, Mapping[Role, Level]] = MappingProxyType(
    {
        #                           admin bank manager field ioc auditor
        _P.ME_READ: _row("          does  does  does  does  does  does"),
        _P.BANKS_READ: _row("       does  does  does  does  does  does"),
        _P.AREAS_READ: _row("       does  does  does  does  does  does"),
        _P.AREAS_WRITE: _row("      does  sees  sees  sees  sees  sees"),
        _P.MARKETS_READ: _row("     does  does  does  does  does  does"),
        _P.MARKETS_WRITE: _row("    does  sees  sees  sees  sees  sees"),
        _P.CENSUS_READ: _row("      does  does  does  does  does  does"),
        _P.CENSUS_WRITE: _row("     does  sees  does  sees  sees  sees"),
        _P.VENDORS_READ: _row("     does  does  does  does  -     does"),
        _P.VENDORS_WRITE: _row("    does  does  does  sees  -     sees"),
        _P.DOUBTS_READ: _row("      does  -     does  -     -     does"),
        _P.DOUBTS_DECIDE: _row("    does  -     does  -     -     sees"),
        _P.VENDORS_MANAGE: _row("   does  sees  does  sees  -     sees"),
        _P.PERSONAL_READ: _row("    does  -     does  -     -     -   "),
        _P.PERSONAL_ERASE: _row("   does  -     sees  -     -     -   "),
        _P.ACCOUNTS_WRITE: _row("   does  does  does  sees  -     sees"),
        _P.CODES_READ: _row("       does  does  does  does  -     does"),
        _P.CODES_PAYLOAD: _row("    does  does  does  does  -     sees"),
        _P.CODES_ISSUE: _row("      does  does  does  sees  -     sees"),
        _P.SHEETS_WRITE: _row("     does  does  does  sees  -     sees"),
        _P.SHEETS_READ: _row("      does  does  does  sees  -     sees"),
        _P.ATTACHMENTS_WRITE: _row("does  does  does  does  -     sees"),
        _P.REMOVALS_WRITE: _row("   does  does  does  does  -     sees"),
        _P.INVOICES_WRITE: _row("   does  does  does  sees  -     sees"),
        _P.SCANS_WRITE: _row("      does  -     does  does  -     sees"),
        _P.INCIDENTS_READ: _row("   does  does  does  does  -     does"),
        _P.INCIDENTS_WRITE: _row("  does  sees  does  sees  -     sees"),
        _P.ROUND_READ: _row("       does  -     does  does  -     does"),
        _P.EVENTS_VOID: _row("      does  does  does  does  -     sees"),
        _P.APPROVALS_READ: _row("   does  does  does  does  -     does"),
        _P.APPROVALS_DECIDE: _row(" does  sees  does  sees  -     sees"),
        _P.ACTIVITY_READ: _row("    does  does  does  -     -     does"),
        _P.ACTIVITY_WRITE: _row("   does  does  sees  -     -     sees"),
        _P.IMPORTS_WRITE: _row("    does  does  does  -     -     sees"),
        _P.IMPORTS_ROSTER: _row("   does  sees  does  -     -     sees"),
        _P.IMPORTS_ATTACHMENTS: _row("does does does  -     -     sees"),
        _P.IMPORTS_ACTIVITY: _row(" does  does  sees  -     -     sees"),
        _P.JOBS_READ: _row("        does  does  does  -     -     does"),
        _P.ADOPTION_READ: _row("    does  does  does  does  does  does"),
        _P.SNAPSHOTS_READ: _row("   does  does  does  does  does  does"),
        _P.SNAPSHOTS_DETAILS: _row("does  -     does  -     -     does"),
        _P.SNAPSHOTS_RUN: _row("    does  sees  does  sees  sees  sees"),
        _P.GROUPS_WRITE: _row("     does  sees  sees  sees  sees  sees"),
        _P.INDICATORS_READ: _row("  does  does  does  does  does  does"),
        _P.INDICATORS_WRITE: _row(" does  sees  sees  sees  sees  sees"),
        _P.LEDGER_READ: _row("      sees  -     -     -     -     does"),
        _P.KEYS_MANAGE: _row("      does  -     -     -     -     -   "),
        _P.PEOPLE_MANAGE: _row("    does  -     -     -     -     -   "),
        _P.SESSION_OWN: _row("      does  does  does  does  does  does"),
    }
)


def level(role: Role, permission: Permission) -> Level:
    """How far the role may go with this kind of operation, scope aside."""
    return PERMISSIONS[permission][role]


def hidden() -> NotFound:
    """The 404 for what does not exist and for what may not be seen: word for word the same."""
    return NotFound("There is no such resource, or you may not see it.")


def require(
    principal: Principal,
    permission: Permission,
    market: str | None = None,
    bin: str | None = None,  # noqa: A002  # the word of the contract
) -> None:
    """Pass if the principal may do this, in this market (slug) and at this bank (BIN) if given.

    Raises NotFound (role sees nothing, or market or bank out of scope) before Forbidden (role
    sees it only). `market` and `bin` are of the resource that is addressed: a BIN that a caller
    merely wrote into a body is a fault of that body, not a missing resource.
    """
    granted = level(principal.role, permission)
    if (
        granted is Level.NOTHING
        or (market is not None and not principal.may_market(market))
        or (bin is not None and not principal.may_bin(bin))
    ):
        raise hidden()
    if granted is not Level.DOES:
        raise Forbidden(f"The role {principal.role} may not do this ({permission}).")
