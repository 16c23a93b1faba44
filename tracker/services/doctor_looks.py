"""All looks of the doctor at a store that is there, in their order.

For `tracker doctor`, which comes from outside, and for the page of an admin.
"""

from __future__ import annotations

from functools import partial
from os import environ
from typing import Any

from tracker.access.master_key import MASTER_KEY_ENV
from tracker.services import doctor_place, doctor_settings, doctor_store, doctor_work
from tracker.services.context import Tracker
from tracker.services.doctor import Finding, Look, sort, take
from tracker.settings import Settings


def given_key() -> str | None:
    """The master keys that stand in this process's environment, if any do."""
    return environ.get(MASTER_KEY_ENV)


def look_around(settings: Settings) -> list[Finding]:
    """Settings and directory: what needs no store."""
    return doctor_settings.look(settings) + doctor_place.look(settings, given_key())


async def look_at_store(settings: Settings, client: Any) -> tuple[list[Finding], bool]:
    """The store itself, and whether it answers: if not, nothing else would."""
    found = await take("the store", partial(doctor_store.look, settings, client))
    return found, not any(finding.code in ("STORE_AWAY", "NO_ANSWER") for finding in found)


async def look_within(tracker: Tracker) -> list[Finding]:
    """What is in the store, one look after the other: a store in trouble is not asked all at once.

    Nothing of a vendor is opened, so the tracker's keyring may hold any key.
    """
    settings, client = tracker.settings, tracker.client
    looks: tuple[tuple[str, Look], ...] = (
        ("the form of the data", partial(doctor_store.look_at_form, client)),
        ("the master key", partial(doctor_store.look_at_key, settings, client, given_key())),
        ("the queue and the schedule", partial(doctor_work.look_at_workers, tracker)),
        ("jobs", partial(doctor_work.look_at_jobs, tracker)),
        ("markets", partial(doctor_work.look_at_markets, tracker)),
        ("erasures and seals", partial(doctor_work.look_at_derived, tracker)),
        ("keys", partial(doctor_work.look_at_keys, tracker)),
    )
    found: list[Finding] = []
    for name, look in looks:
        found += await take(name, look)
    return found


async def examine(tracker: Tracker) -> list[Finding]:
    """Everything, from within a running service; the worst first."""
    found = look_around(tracker.settings)
    store, answers = await look_at_store(tracker.settings, tracker.client)
    return sort([*found, *store, *(await look_within(tracker) if answers else [])])
