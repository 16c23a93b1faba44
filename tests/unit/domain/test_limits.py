"""Limits that honest work never meets."""

from __future__ import annotations

import pytest

from tracker.domain import limits
from tracker.domain.errors import Conflict, TooMany
from tracker.domain.facts import FindingOpened, Removed, Scanned, StatusChanged

SCAN = Scanned(1, 1, "k", verdict="matched", code=1)
REMOVAL = Removed(1, 1, "k", code=1, reason="other")
LEFT = StatusChanged(1, 1, "k", status="left")
FINDING = FindingOpened(1, 1, "s", kind="duplicate_account", other="CVT-0002-X")


def test_a_full_history_takes_only_what_ends_something() -> None:
    name, most = "CVT-0001-Y", limits.FACTS_MAX
    limits.require_history(name, most - 2, [SCAN, SCAN])
    with pytest.raises(Conflict, match=f"{name} has {most} facts") as refused:
        limits.require_history(name, most, [SCAN])
    assert refused.value.code == "HISTORY_FULL"
    limits.require_history(name, most, [REMOVAL, LEFT])
    with pytest.raises(Conflict):
        limits.require_history(name, most, [REMOVAL, SCAN])
    with pytest.raises(Conflict):
        limits.require_history(name, most + limits.FACTS_ENDING_MORE, [LEFT])


def test_what_the_service_finds_out_is_always_recorded() -> None:
    limits.require_history("CVT-0001-Y", 10 * limits.FACTS_MAX, [FINDING])


def test_one_more_beside_so_many() -> None:
    limits.require_groups(limits.GROUPS_MAX - 1)
    limits.require_vendors(limits.VENDORS_MAX)
    limits.require_approvals(limits.APPROVALS_WAITING_MAX - 1)
    limits.require_jobs(limits.JOBS_OPEN_MAX - 1, limits.JOBS_OPEN_EACH_MAX - 1)
    with pytest.raises(Conflict):
        limits.require_groups(limits.GROUPS_MAX)
    with pytest.raises(Conflict):
        limits.require_vendors(limits.VENDORS_MAX + 1)
    with pytest.raises(Conflict):
        limits.require_approvals(limits.APPROVALS_WAITING_MAX)
    for open_, own in ((limits.JOBS_OPEN_MAX, 0), (60, limits.JOBS_OPEN_EACH_MAX)):
        with pytest.raises(TooMany) as many:
            limits.require_jobs(open_, own)
        assert many.value.retry_after_s == limits.JOBS_RETRY_S
