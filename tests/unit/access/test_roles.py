"""The role table, said a second time by role, and the order in which `require` refuses."""

from __future__ import annotations

import pytest

from tracker.access.keys import ROLES, Principal, Role
from tracker.access.roles import PERMISSIONS, Level, Permission, hidden, level, require
from tracker.domain.errors import Forbidden, NotFound

EVERYBODY_READS = (
    "me.read session.own banks.read areas.read markets.read census.read adoption.read "
    "snapshots.read indicators.read"
)

# role: (what it does beside EVERYBODY_READS, what it sees and may not do)
EXPECTED: dict[Role, tuple[str, str]] = {
    "admin": (
        "doubts.read doubts.decide approvals.read approvals.decide "
        "areas.write markets.write census.write vendors.read vendors.write vendors.manage "
        "personal.read personal.erase accounts.write codes.read codes.payload codes.issue "
        "invoices.write sheets.write sheets.read "
        "attachments.write removals.write scans.write incidents.read "
        "incidents.write round.read events.void imports.write imports.roster "
        "imports.attachments imports.activity activity.read activity.write jobs.read "
        "snapshots.details snapshots.run "
        "groups.write indicators.write keys.manage people.manage",
        "ledger.read",
    ),
    "bank": (
        "approvals.read "
        "vendors.read vendors.write accounts.write codes.read codes.payload codes.issue "
        "invoices.write sheets.write sheets.read "
        "attachments.write removals.write incidents.read events.void "
        "imports.write imports.attachments imports.activity activity.read activity.write "
        "jobs.read",
        "areas.write markets.write census.write vendors.manage incidents.write imports.roster "
        "snapshots.run groups.write indicators.write "
        "approvals.decide",
    ),
    "manager": (
        "doubts.read doubts.decide approvals.read approvals.decide "
        "census.write vendors.read vendors.write vendors.manage personal.read accounts.write "
        "codes.read codes.payload codes.issue invoices.write sheets.write sheets.read "
        "attachments.write removals.write "
        "scans.write incidents.read incidents.write round.read events.void imports.write "
        "imports.roster imports.attachments activity.read jobs.read snapshots.details "
        "snapshots.run",
        "areas.write markets.write personal.erase imports.activity activity.write groups.write "
        "indicators.write",
    ),
    "field": (
        "approvals.read "
        "vendors.read codes.read codes.payload attachments.write removals.write scans.write "
        "incidents.read round.read events.void",
        "areas.write markets.write census.write vendors.write vendors.manage accounts.write "
        "codes.issue sheets.write sheets.read "
        "invoices.write incidents.write snapshots.run groups.write indicators.write "
        "approvals.decide",
    ),
    "ioc": (
        "",
        "areas.write markets.write census.write snapshots.run groups.write indicators.write",
    ),
    "auditor": (
        "doubts.read approvals.read "
        "vendors.read codes.read incidents.read round.read activity.read jobs.read "
        "snapshots.details ledger.read",
        "doubts.decide areas.write markets.write census.write vendors.write vendors.manage "
        "accounts.write codes.payload codes.issue sheets.write sheets.read "
        "invoices.write attachments.write removals.write scans.write "
        "incidents.write events.void imports.write imports.roster imports.attachments "
        "imports.activity activity.write snapshots.run groups.write indicators.write "
        "approvals.decide",
    ),
}


def principal(role: Role) -> Principal:
    return Principal(
        "k", "n", role, bins=frozenset({"970436"}), markets=frozenset({"cho-vung-tau"})
    )


def expected(role: Role, permission: Permission) -> Level:
    does, sees = EXPECTED[role]
    if permission in f"{EVERYBODY_READS} {does}".split():
        return Level.DOES
    return Level.SEES if permission in sees.split() else Level.NOTHING


def test_the_table_names_every_permission_and_every_role() -> None:
    assert set(PERMISSIONS) == set(Permission)
    assert all(set(row) == set(ROLES) for row in PERMISSIONS.values())
    assert set(EXPECTED) == set(ROLES)
    for does, sees in EXPECTED.values():
        words = f"{EVERYBODY_READS} {does} {sees}".split()
        assert len(words) == len(set(words))
        assert set(words) <= {permission.value for permission in Permission}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("permission", Permission)
def test_each_role_and_permission(role: Role, permission: Permission) -> None:
    wanted = expected(role, permission)
    assert level(role, permission) is wanted
    refusal = {Level.SEES: Forbidden, Level.NOTHING: NotFound}.get(wanted)
    for scope in ({}, {"market": "cho-vung-tau"}, {"market": "cho-vung-tau", "bin": "970436"}):
        if refusal is None:
            require(principal(role), permission, **scope)
        else:
            with pytest.raises(refusal):
                require(principal(role), permission, **scope)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("scope", [{"market": "cho-phuong-7"}, {"bin": "970405"}])
def test_out_of_scope_looks_as_if_it_were_not_there(
    role: Role, permission: Permission, scope: dict[str, str]
) -> None:
    with pytest.raises(NotFound) as caught:
        require(principal(role), permission, **scope)
    assert str(caught.value) == str(hidden())
    assert caught.value.code == hidden().code


def test_the_table_cannot_be_changed_at_run_time() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS[Permission.ME_READ]["ioc"] = Level.NOTHING  # type: ignore[index]


def test_a_refusal_names_role_and_permission_only() -> None:
    with pytest.raises(Forbidden, match=r"role ioc may not do this \(census\.write\)"):
        require(principal("ioc"), Permission.CENSUS_WRITE)
