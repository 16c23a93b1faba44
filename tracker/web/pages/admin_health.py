"""How the service does: its parts now, how large it is, and the doctor's look on request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from litestar import Controller, get
from litestar.params import FromQuery

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.domain.days import moment_text
from tracker.domain.errors import TrackerError
from tracker.services import doctor_looks, sizes
from tracker.services.doctor import Finding
from tracker.services.sizes import Sizes
from tracker.web import view
from tracker.web.route import page

MIB = 1 << 20


class AdminHealth(Controller):
    """For whoever is called when something does not work."""

    @get("/admin/health", opt=page(Permission.PEOPLE_MANAGE))
    async def show(self, request: ApiRequest, check: FromQuery[str] = "") -> Reply:
        """The parts, which is quick; with `check` everything that the doctor looks at."""
        findings: Sequence[Finding] | None = None
        if check:
            findings = await doctor_looks.examine(request.tracker)
        parts = await request.service.readiness.parts()
        glance = await request.service.overview.glance(request.principal)
        return view.render(
            request,
            "admin_health",
            parts_=parts,
            well=all(part.ready for part in parts),
            sizes=await _sizes(request),
            mib=MIB,
            markets=len(glance.rows),
            vendors=sum(row.registered for row in glance.rows),
            findings=findings,
            now=moment_text(request.tracker.now()),
        )


async def _sizes(request: ApiRequest) -> Sizes | None:
    """None where the store does not tell: the parts say why."""
    try:
        async with asyncio.timeout(2):
            return await sizes.read_sizes(request.tracker)
    except (TimeoutError, TrackerError):
        return None
