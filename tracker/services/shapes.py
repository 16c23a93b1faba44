"""What use cases hand out about vendors, accounts and codes: the contract's field names."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from tracker.access.keys import Principal
from tracker.access.masking import (
    View,
    mask_account,
    mask_name,
    mask_phone,
    sees_personal,
)
from tracker.domain.days import moment_text
from tracker.domain.decide import details_of, person_of
from tracker.domain.facts import FindingKind, Owner, Status, Vault
from tracker.domain.reasons import why_left
from tracker.domain.vendor import Account, Code, History, Stage, Vendor


class AccountOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account: number and holder as far as the reader may see them."""

    bin: str
    number: str | None = None
    holder: str | None = None
    owner: Owner | None = None
    partner_ref: str | None = None
    linked_at: str


class CodeOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An issued code; `payload` and `parts` only in the code's own resource."""

    id: str
    vendor: str
    market: str
    bin: str
    version: int
    state: str
    attached: bool
    issued_at: str
    attached_at: str | None = None
    ended_at: str | None = None
    partner_ref: str | None = None
    source: str | None = None
    prints: int = 0
    payload: str | None = None
    parts: dict[str, str] | None = None
    links: dict[str, str] | None = None


class DoubtOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finding on a vendor; `other` is the other vendor's code where the reader may see it."""

    kind: FindingKind
    other: str | None = None


class VendorOut(Struct, frozen=True, kw_only=True):
    """A vendor. A bank sees of one that it did not register code, stall and its own account.

    `reason` is why none of its codes is attached. `doubts` are told by the vendor's own resource
    only.
    """

    vendor: str
    market: str
    stall: str
    name: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    zone: str | UnsetType | None = UNSET
    category: str | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    stage: Stage | UnsetType = UNSET
    reason: str | UnsetType | None = UNSET
    partner_ref: str | UnsetType | None = UNSET
    registered_at: str | UnsetType = UNSET
    accounts: list[AccountOut]
    codes: list[CodeOut]
    doubts: list[DoubtOut] | UnsetType = UNSET
    version: int


def vendor_out(
    market: str, history: History, vendor: Vendor, vault: Vault | None, principal: Principal
) -> VendorOut:
    """The vendor as this principal may see it. Without a vault the personal data were erased."""
    sight = sees_personal(principal, market=market, registered_by_bin=vendor.bin or None)
    bank = principal.role == "bank"
    accounts = [
        account_out(account, vault, sight.number(account.bin), sight.holder(account.bin))
        for account in vendor.accounts.values()
        if not bank or principal.may_bin(account.bin)
    ]
    codes = [
        code_out(market, history, code)
        for code in vendor.codes.values()
        if not bank or principal.may_bin(code.bin)
    ]
    if bank and sight.person is View.HIDDEN:
        return VendorOut(
            vendor=history.vendor_code,
            market=market,
            stall=vendor.stall or "",
            accounts=accounts,
            codes=codes,
            version=history.version,
        )
    person = None if vault is None else person_of(vendor, vault)
    return VendorOut(
        vendor=history.vendor_code,
        market=market,
        stall=vendor.stall or "",
        name=None if person is None else sight.person.show(person.name, mask_name),
        phone=None if person is None else sight.person.show(person.phone, mask_phone),
        zone=vendor.zone,
        category=vendor.category,
        status=vendor.status,
        stage=vendor.stage,
        reason=why_left(vendor),
        partner_ref=vendor.ref,
        registered_at=moment_text(vendor.registered_at),
        accounts=accounts,
        codes=codes,
        version=history.version,
    )


def account_out(account: Account, vault: Vault | None, number: View, holder: View) -> AccountOut:
    """An account, shown as the two views say."""
    details = None if vault is None else details_of(account.details, vault)
    return AccountOut(
        bin=account.bin,
        number=None if details is None else number.show(details.number, mask_account),
        holder=None if details is None else holder.show(details.holder, mask_name),
        owner=account.owner,
        partner_ref=account.ref,
        linked_at=moment_text(account.linked_at),
    )


def code_out(market: str, history: History, code: Code) -> CodeOut:
    """A code without its payload."""
    return CodeOut(
        id=history.code_id(code.ordinal),
        vendor=history.vendor_code,
        market=market,
        bin=code.bin,
        version=code.version,
        state=code.ended or "live",
        attached=code.attached_at is not None,
        issued_at=moment_text(code.issued_at),
        attached_at=None if code.attached_at is None else moment_text(code.attached_at),
        ended_at=None if code.ended_at is None else moment_text(code.ended_at),
        partner_ref=code.ref,
        prints=code.prints,
    )
