"""Where an admin begins: what there is to keep, how much of it, and what needs attention."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from litestar import Controller, get
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.domain.days import DAY_MS, day_of, moment_of
from tracker.services import areas, job_list, keys, markets, people
from tracker.services.keys import KeyOut
from tracker.services.markets import MarketOut
from tracker.services.people import PersonOut
from tracker.web import view
from tracker.web.route import page

KEYS_SOON_MS: Final = 14 * DAY_MS
JOB_LATE_MS: Final = 10 * 60_000


class Notice(Struct, frozen=True):
    """Something to look at: key of the phrase, how many, and how grave (`warn`, `bad`)."""

    key: str
    count: int
    sign: str = "warn"


class Group(Struct, frozen=True):
    """One part of the administration: its page, how much there is, what needs attention."""

    name: str
    count: int | None
    notices: list[Notice]

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/admin/{self.name}"


class AdminStart(Controller):
    """The index."""

    @get("/admin", opt=page(Permission.PEOPLE_MANAGE))
    async def show(self, request: ApiRequest) -> Reply:
        """All parts, each with its counts."""
        tracker, me = request.tracker, request.principal
        units, places, every_key, everybody, waiting, parts = await asyncio.gather(
            areas.units(tracker),
            markets.listed(tracker, me),
            keys.listed(tracker, me),
            people.listed(tracker, me),
            job_list.open_jobs(tracker),
            request.service.readiness.parts(),
        )
        glance = await request.service.overview.glance(me)
        now = tracker.now()
        today = day_of(now)
        late = [job for job in waiting if now - job.created > JOB_LATE_MS]
        broken = [part for part in parts if not part.ready]
        groups = [
            Group("markets", sum(not one.closed_on for one in places), _of_markets(places)),
            Group("areas", sum(unit.valid_on(today) for unit in units), []),
            Group("keys", sum(live(one, now) for one in every_key), _of_keys(every_key, now)),
            Group("people", sum(one.active for one in everybody), _of_people(everybody)),
            Group("jobs", len(waiting), _some("jobs_late", len(late))),
            Group("health", None, _some("unready", len(broken), "bad")),
        ]
        uncounted = [row for row in glance.rows if "no_census" in row.flags]
        overrun = [row for row in glance.rows if "registered_exceeds_census" in row.flags]
        return view.render(
            request, "admin", groups=groups, uncounted=uncounted, overrun=overrun, well=not broken
        )


def live(key: KeyOut, now: int) -> bool:
    """Whether a key opens anything at this moment (ms)."""
    ends = _end(key)
    return key.revoked_at is None and (ends is None or ends > now)


def ends_soon(key: KeyOut, now: int) -> bool:
    """Whether a key that opens ends within two weeks."""
    ends = _end(key)
    return live(key, now) and ends is not None and ends - now <= KEYS_SOON_MS


def _end(key: KeyOut) -> int | None:
    return None if key.expires_at is None else moment_of(datetime.fromisoformat(key.expires_at))


def _some(key: str, count: int, sign: str = "warn") -> list[Notice]:
    return [Notice(key, count, sign)] if count else []


def _of_markets(places: list[MarketOut]) -> list[Notice]:
    lost = [one for one in places if one.area_code is None and not one.closed_on]
    return _some("no_area", len(lost))


def _of_keys(found: list[KeyOut], now: int) -> list[Notice]:
    return _some("keys_soon", sum(ends_soon(one, now) for one in found))


def _of_people(found: list[PersonOut]) -> list[Notice]:
    never = [one for one in found if one.active and not one.signed_in]
    return _some("never_signed_in", len(never))
