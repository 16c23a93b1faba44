"""Ids of jobs: a letter for the kind, which names the queue, and 80 random bits."""

from __future__ import annotations

import base64
from typing import Any

from tracker.access.keys import Principal
from tracker.services.context import Tracker
from tracker.store.jobs import Job, Kind

LETTERS: dict[Kind, str] = {"import": "i", "snapshots": "s", "sheets": "p"}


def new_job(tracker: Tracker, kind: Kind, by: str, params: dict[str, Any]) -> Job:
    """A job that nobody knows yet."""
    random = base64.b32encode(tracker.random_bytes(10)).decode().lower()
    return Job(id=LETTERS[kind] + random, kind=kind, by=by, created=tracker.now(), params=params)


def speaking(principal: Principal) -> dict[str, Any]:
    """The params of a job that say for whom it works."""
    return {
        "role": principal.role,
        "bins": sorted(principal.bins),
        "markets": sorted(principal.markets),
    }


def principal_of(job: Job) -> Principal:
    """For whom a job works, in the scope that the key had when it asked."""
    return Principal(
        id=job.by,
        name="",
        role=job.params["role"],
        bins=frozenset(job.params["bins"]),
        markets=frozenset(job.params["markets"]),
    )
