"""Who stated something, by name, as far as a reader of the statement may know."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from tracker.access.keys import Principal
from tracker.domain.errors import NotFound
from tracker.domain.facts import KeyCreated
from tracker.domain.people import person_state
from tracker.services import people
from tracker.services.context import Tracker
from tracker.services.plain_facts import by_kind
from tracker.store.people import subject


async def named(tracker: Tracker, reader: Principal, ids: Iterable[str]) -> dict[str, str]:
    """The names behind some ids of keys and people; those that the reader may not know are absent.

    The admin and the managers work with the people who act in their markets and are told their
    names; the auditor, who sees people masked, is told the names of keys.
    """
    if reader.role not in {"admin", "manager", "auditor"}:
        return {}
    wanted: dict[str, str] = {}
    for id_ in set(ids):
        kind = by_kind(id_)
        if kind == "key":
            wanted[f"key:{id_}"] = id_
        elif kind == "person" and reader.role != "auditor":
            wanted[subject(id_)] = id_
    found: dict[str, str] = {}
    for name, facts in (await tracker.reader.service_documents(list(wanted))).items():
        first = facts[0] if facts else None
        if isinstance(first, KeyCreated):
            found[wanted[name]] = first.name
        elif (state := person_state(facts)) is not None:
            with suppress(NotFound):  # forgotten; their id remains
                found[wanted[name]] = (await people.details_of(tracker, state)).name
    return found
