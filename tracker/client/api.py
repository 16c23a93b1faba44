"""The client: all calls of a bank partner, one method each."""

from __future__ import annotations

from tracker.client.registry import RegistryCalls
from tracker.client.reports import ReportCalls
from tracker.client.shapes import Me


class TrackerClient(RegistryCalls, ReportCalls):
    """The service, as one key sees it. May be used by several threads at once.

    Methods raise `Refused` (by status: `Invalid`, `NotFound`, `Conflict`, …) and `Unanswered`.
    Where a method takes `key`, it makes an Idempotency-Key of its own without one; give yours,
    kept beside your own record, and a repeat after a crash is the same call too.
    """

    def me(self) -> Me:
        """Whose key this is."""
        return self.get("/v1/me", Me)
