"""Calls about vendors, their accounts and their codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from msgspec import json

from tracker.client.calls import Calls, moment_of, part_of
from tracker.client.shapes import (
    Account,
    Approval,
    Bulk,
    Code,
    CodeEvent,
    NewVendor,
    Reason,
    Vendor,
    Written,
)
from tracker.client.transport import decoded


class RegistryCalls(Calls):
    """Who trades where, and the codes that they are paid by."""

    def register(self, market: str, new: NewVendor, *, key: str | None = None) -> Written[Vendor]:
        """Registers a vendor, or finds the one that stands there under the same name."""
        return self.post(f"/v1/markets/{part_of(market)}/vendors", new, key, Vendor)

    def register_many(
        self,
        market: str,
        rows: Sequence[NewVendor],
        *,
        dry_run: bool = False,
        key: str | None = None,
    ) -> Bulk:
        """Registers up to 500 vendors in one call; each row is accepted or refused by itself."""
        path = f"/v1/markets/{part_of(market)}/vendors/bulk"
        query = {"dry_run": True} if dry_run else None
        written: Written[Bulk] = self.post(path, list(rows), key, Bulk, query)
        return written.value

    def vendor(self, vendor: str) -> Vendor:
        """One vendor."""
        return self.get(f"/v1/vendors/{part_of(vendor)}", Vendor)

    def vendors(
        self,
        market: str,
        *,
        stage: str | None = None,
        bank: str | None = None,
        zone: str | None = None,
        category: str | None = None,
        q: str | None = None,
    ) -> Iterator[Vendor]:
        """The market's vendors, page after page."""
        query = {"stage": stage, "bank": bank, "zone": zone, "category": category, "q": q}
        return self.pages(f"/v1/markets/{part_of(market)}/vendors", Vendor, query)

    def put_account(
        self, vendor: str, account: Account, *, if_match: str | None = None
    ) -> Vendor | Approval:
        """Links your account. Replacing another one needs `if_match=vendor.etag`.

        With a live code behind another account nothing changes yet: the answer is the approval
        that waits for a second person.
        """
        path = f"/v1/vendors/{part_of(vendor)}/accounts/{part_of(account.bin)}"
        body = {"number": account.number, "holder": account.holder}
        given = {} if if_match is None else {"If-Match": if_match}
        answer = self.wire.send("PUT", path, body=json.encode(body), headers=given)
        shape = Approval if answer.status == 202 else Vendor
        found: Vendor | Approval = decoded(answer, shape)
        return found

    def approval(self, approval: str) -> Approval:
        """How far a change is that waits for a second person."""
        return self.get(f"/v1/approvals/{part_of(approval)}", Approval)

    def issue_code(
        self,
        vendor: str,
        bin_: str,
        *,
        payload: str | None = None,
        partner_ref: str | None = None,
        key: str | None = None,
    ) -> Written[Code]:
        """Issues a code over the vendor's account at the bank; with `payload` your own."""
        source = "composed" if payload is None else "supplied"
        body = {"bin": bin_, "source": source, "payload": payload, "partner_ref": partner_ref}
        return self.post(f"/v1/vendors/{part_of(vendor)}/codes", body, key, Code)

    def code(self, code: str) -> Code:
        """One code, with its payload as far as your role may see it."""
        return self.get(f"/v1/codes/{part_of(code)}", Code)

    def image(
        self,
        code: str,
        *,
        format_: Literal["png", "svg", "pdf"] = "png",
        kind: Literal["code", "sticker"] = "sticker",
        size_mm: float | None = None,
    ) -> bytes:
        """The code's picture, or its whole sticker."""
        query = {"format": format_, "kind": kind, "size_mm": size_mm}
        return self.wire.send("GET", f"/v1/codes/{part_of(code)}/image", query=query).body

    def attach(
        self,
        code: str,
        *,
        occurred_at: datetime | str | None = None,
        evidence: Literal["declared", "photo"] = "declared",
        partner_ref: str | None = None,
        key: str | None = None,
    ) -> Written[CodeEvent]:
        """The sticker hangs, since `occurred_at` (with an offset) or now."""
        body = {
            "occurred_at": moment_of(occurred_at),
            "evidence": {"kind": evidence},
            "partner_ref": partner_ref,
        }
        return self.post(f"/v1/codes/{part_of(code)}/attachments", body, key, CodeEvent)

    def remove(
        self,
        code: str,
        reason: Reason,
        *,
        occurred_at: datetime | str | None = None,
        partner_ref: str | None = None,
        key: str | None = None,
    ) -> Written[CodeEvent]:
        """The sticker hangs no more, and why."""
        body = {
            "reason": reason,
            "occurred_at": moment_of(occurred_at),
            "partner_ref": partner_ref,
        }
        return self.post(f"/v1/codes/{part_of(code)}/removals", body, key, CodeEvent)
