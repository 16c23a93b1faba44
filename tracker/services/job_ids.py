"""Ids of jobs: a letter for the kind, which names the queue, and 80 random bits."""

from __future__ import annotations

import base64
from typing import Any

from tracker.services.context import Tracker
from tracker.store.jobs import Job, Kind

LETTERS: dict[Kind, str] = {"import": "i", "snapshots": "s"}


def new_job(tracker: Tracker, kind: Kind, by: str, params: dict[str, Any]) -> Job:
    """A job that nobody knows yet."""
    random = base64.b32encode(tracker.random_bytes(10)).decode().lower()
    return Job(id=LETTERS[kind] + random, kind=kind, by=by, created=tracker.now(), params=params)
