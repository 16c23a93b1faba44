"""What the workers do: open jobs, those that failed, and figures computed anew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

from litestar import Controller, get, post
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api.conventions import bodies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.snapshots import NewRun
from tracker.domain.days import day_date, day_number, day_of, moment_text
from tracker.domain.errors import Fault
from tracker.domain.text import search_key
from tracker.services import job_list, job_rows, markets, room, snapshots, who
from tracker.store.jobs import Job
from tracker.web import forms, listing, view
from tracker.web.forms import Typed
from tracker.web.pages import acting, admin_forms
from tracker.web.route import page

CHOICES_MAX: Final = 300
SIGNS: Final = {"queued": "", "running": "calm", "done": "good", "failed": "bad"}


class Shown(Struct, frozen=True):
    """A job as people read it: whose it is, of which market, since when, where its page is."""

    job: Job
    market: str
    by: str
    since: str
    path: str
    sign: str


class AdminJobs(Controller):
    """All jobs of all."""

    @get("/admin/jobs", opt=page(Permission.PEOPLE_MANAGE))
    async def show_all(
        self,
        request: ApiRequest,
        wanted: Annotated[str, QueryParameter(name="state")] = "",
        skip: Annotated[str, QueryParameter(name="page")] = "",
    ) -> Reply:
        """The open ones, oldest first; with `state=failed` those of the last seven days."""
        return await _list(request, Typed(), failed=wanted == "failed", skip=skip)

    @post("/admin/jobs", opt=page(Permission.PEOPLE_MANAGE), status_code=303)
    async def run(self, request: ApiRequest) -> Reply:
        """Has days computed anew; only what differs is published."""

        async def deed(given: dict[str, str]) -> Reply:
            new = forms.read(given, NewRun)
            me = request.principal
            await room.for_job(request.tracker, me)
            job = await snapshots.start_run(
                request.tracker,
                me.id,
                first=day_number(new.first),
                last=day_number(new.last),
                markets=await _scope(request, new.markets),
                key=_key(request, given),
            )
            return view.see(f"/admin/jobs/{job.id}")

        return await admin_forms.attempt(request, partial(_list, request), deed)

    @get("/admin/jobs/{job:str}", opt=page(Permission.PEOPLE_MANAGE))
    async def show(self, request: ApiRequest, job: FromPath[str]) -> Reply:
        """How far one is, and what came of it."""
        found = await job_rows.get_job(request.tracker, request.principal, job)
        (shown,) = await _shown(request, [found])
        days = [found.params.get(name) for name in ("from", "to")]
        span = [day_date(day) for day in days if isinstance(day, int)]
        return view.render(request, "admin_job", it=shown, span=span)


async def _list(
    request: ApiRequest, typed: Typed, *, failed: bool = False, skip: str = ""
) -> Reply:
    tracker, me = request.tracker, request.principal
    found = await (job_list.failed(tracker) if failed else job_list.open_jobs(tracker))
    part = listing.some(found, skip)
    places = await markets.listed(tracker, me)
    named = sorted(((one.id, one.name) for one in places), key=lambda pair: search_key(pair[1]))
    return view.render(
        request,
        "admin_jobs",
        acting.status_of(typed),
        some=part,
        jobs=await _shown(request, part.rows),
        failed=failed,
        markets=named if len(named) <= CHOICES_MAX else None,
        yesterday=day_date(day_of(tracker.now()) - 1).isoformat(),
        form=admin_forms.new_token(request, typed),
        typed=typed,
    )


async def _shown(request: ApiRequest, jobs: Sequence[Job]) -> list[Shown]:
    tracker, me = request.tracker, request.principal
    names = await who.named(tracker, me, [job.by for job in jobs])
    places = {one.id: one.name for one in await markets.listed(tracker, me)}
    return [
        Shown(
            job,
            ", ".join(places.get(market, market) for market in _of(job)),
            f"{names[job.by]} ({job.by})" if job.by in names else job.by,
            moment_text(job.created),
            _path(job),
            SIGNS[job.state],
        )
        for job in jobs
    ]


def _of(job: Job) -> list[str]:
    """The markets that a job is about, as far as it names a few."""
    one, several = job.params.get("market"), job.params.get("markets")
    if isinstance(one, str):
        return [one]
    return several if isinstance(several, list) and len(several) <= 3 else []


def _path(job: Job) -> str:
    """The page that shows the job as its market sees it, or the admin's own."""
    market = job.params.get("market")
    if isinstance(market, str) and job.kind == "sheets":
        return f"/markets/{market}/stickers/{job.id}"
    if isinstance(market, str) and job.kind == "import":
        return f"/markets/{market}/imports/{job.id}"
    return f"/admin/jobs/{job.id}"


async def _scope(request: ApiRequest, wanted: tuple[str, ...] | None) -> list[str] | None:
    """The markets of a run: those chosen, or all in scope (None: simply all)."""
    me = request.principal
    known = [one.id for one in await markets.listed(request.tracker, me)]
    if wanted is None:
        return known if me.markets else None
    if not set(wanted) <= set(known):
        raise bodies.refusal([Fault("/markets", "MARKET_UNKNOWN", "No such market.")])
    return list(wanted)


def _key(request: ApiRequest, given: dict[str, str]) -> str | None:
    """One form, one job, however often it is sent."""
    if not given.get("form"):
        return None
    who_ = request.principal.id
    return request.tracker.keyring.lookup("form", who_, "runs", given["form"]).hex()
