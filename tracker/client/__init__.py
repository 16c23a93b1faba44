"""A thin client of the service for bank partners; `docs/partners.md` shows it at work.

    from tracker.client import Account, NewVendor, TrackerClient

    with TrackerClient("https://tracker.example", "cmt_…") as tracker:
        account = Account("970436", "0123456789")
        new = NewVendor("B12", "Đặng Thị Hoa", account=account, issue_code=True)
        vendor = tracker.register("cho-vung-tau", new).vendor

Every write carries an `Idempotency-Key`, the same one for all tries of a call, so an answer that
was lost on its way does no harm. It needs httpx and msgspec, and nothing else of this package.
"""

from tracker.client.api import TrackerClient
from tracker.client.errors import (
    ClientError,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    JobFailed,
    NotFound,
    Refused,
    TooManyRequests,
    Unanswered,
    Unauthenticated,
    Unavailable,
)
from tracker.client.retries import Retries
from tracker.client.shapes import (
    Account,
    ActivityDay,
    ActivityLine,
    Approval,
    Bulk,
    Code,
    CodeEvent,
    Job,
    Me,
    NewVendor,
    Row,
    Vendor,
    Written,
)

__all__ = [
    "Account",
    "ActivityDay",
    "ActivityLine",
    "Approval",
    "Bulk",
    "ClientError",
    "Code",
    "CodeEvent",
    "Conflict",
    "Fault",
    "Forbidden",
    "Invalid",
    "Job",
    "JobFailed",
    "Me",
    "NewVendor",
    "NotFound",
    "Refused",
    "Retries",
    "Row",
    "TooManyRequests",
    "TrackerClient",
    "Unanswered",
    "Unauthenticated",
    "Unavailable",
    "Vendor",
    "Written",
]
