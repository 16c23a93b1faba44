"""The HTTP application: routes, conventions, and the tracker that it opens while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import copy
from typing import Any, cast

from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.routes import HTTPRoute

from tracker import collector
from tracker.api.conventions import problems
from tracker.api.conventions.call import ApiRequest, Service
from tracker.api.conventions.edge import Edge
from tracker.api.conventions.guard import check_routes, guard
from tracker.api.conventions.limits import Buckets
from tracker.api.conventions.principals import Principals
from tracker.api.conventions.signed_in import SignedIn
from tracker.api.resources.activity import ActivityDays
from tracker.api.resources.adoption import Adoption
from tracker.api.resources.approvals import Approvals
from tracker.api.resources.areas import Areas
from tracker.api.resources.banks import Banks
from tracker.api.resources.bulk import Bulk
from tracker.api.resources.code_life import CodeLife
from tracker.api.resources.codes import Codes
from tracker.api.resources.doubts import Doubts
from tracker.api.resources.events import Events
from tracker.api.resources.feed import Feed
from tracker.api.resources.field_round import FieldRound
from tracker.api.resources.groups import Groups
from tracker.api.resources.health import HealthChecks
from tracker.api.resources.imports import Imports
from tracker.api.resources.incidents import Incidents
from tracker.api.resources.indicators import Indicators
from tracker.api.resources.jobs import Jobs
from tracker.api.resources.keys import Keys
from tracker.api.resources.ledger import Ledger
from tracker.api.resources.markets import Markets
from tracker.api.resources.me import Me
from tracker.api.resources.one_market import OneMarket
from tracker.api.resources.pages import Pages
from tracker.api.resources.people import People
from tracker.api.resources.personal_data import PersonalData
from tracker.api.resources.roll_ups import RollUpsOfDays
from tracker.api.resources.scans import Scans
from tracker.api.resources.sessions import Sessions
from tracker.api.resources.sheets import Sheets
from tracker.api.resources.snapshots import Snapshots
from tracker.api.resources.targets import Targets
from tracker.api.resources.vendor_accounts import VendorAccounts
from tracker.api.resources.vendor_life import VendorLife
from tracker.api.resources.vendors import Vendors
from tracker.bootstrap import open_tracker
from tracker.domain.errors import TooMany
from tracker.observe import logs, tallies
from tracker.services import areas, groups, indicators
from tracker.services.adoption import LiveFigures
from tracker.services.context import Tracker
from tracker.services.last_used import LastUsed
from tracker.services.market_periods import MarketPeriods
from tracker.services.overview import Overview
from tracker.services.public_figures import PublicFigures
from tracker.services.readiness import Readiness
from tracker.services.roll_ups import RollUps
from tracker.services.roster_index import RosterIndex
from tracker.services.sign_in import SignIns
from tracker.settings import Settings
from tracker.web import view
from tracker.web.routes import pages

TrackerFactory = Callable[[], AbstractAsyncContextManager[Tracker]]

CONTROLLERS = (
    ActivityDays,
    Adoption,
    Approvals,
    Areas,
    Banks,
    Bulk,
    CodeLife,
    Codes,
    Doubts,
    Events,
    Feed,
    FieldRound,
    Groups,
    HealthChecks,
    Imports,
    Incidents,
    Indicators,
    Jobs,
    Keys,
    Ledger,
    Markets,
    Me,
    OneMarket,
    Pages,
    People,
    PersonalData,
    RollUpsOfDays,
    Scans,
    Sessions,
    Sheets,
    Snapshots,
    Targets,
    VendorAccounts,
    VendorLife,
    Vendors,
)


VISITORS = "address"
"""The name of the limit of requests without a key, as answers tell it."""


def create_app(tracker: Tracker | TrackerFactory, settings: Settings) -> Litestar:
    """The application over a tracker, or over one that is opened when it starts.

    Raises `ImproperlyConfiguredException` where a route does not stand in the role table.
    """

    @asynccontextmanager
    async def service(app: Litestar) -> AsyncIterator[None]:
        if isinstance(tracker, Tracker):
            yield
            return
        async with tracker() as opened:
            app.state["service"] = made = _service(opened)
            async with made.last_used.kept(), made.overview.kept(), tallies.kept():
                yield

    app = Litestar(
        route_handlers=(*CONTROLLERS, pages()),
        lifespan=[service],
        state=State({"service": _service(tracker)} if isinstance(tracker, Tracker) else {}),
        before_request=guard,
        exception_handlers={Exception: _refused},
        request_class=ApiRequest,
        request_max_body_size=settings.body_bytes_max,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    check_routes(app)
    methods = {
        route.path_format: ", ".join(sorted(route.methods)).encode()
        for route in app.routes
        if isinstance(route, HTTPRoute)
    }
    app.asgi_handler = Edge(app.asgi_handler, settings, methods)
    return app


def app_over(app: Litestar, tracker: Tracker) -> Litestar:
    """The same application over another tracker: routes take long to make and are shared.

    The settings are that tracker's but for `body_bytes_max`, which belongs to the routes.
    """
    other = copy(app)
    other.state = State({"service": _service(tracker)})
    other.asgi_handler = cast("Edge", app.asgi_handler).other(tracker.settings)
    return other


def _refused(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A refusal as a problem; to a browser that went where nothing is, as a page."""
    path = request.scope["path"]
    lost = isinstance(error, NotFoundException | MethodNotAllowedException)
    if lost:
        error = _visited(request, error)
    browses = "text/html" in request.headers.get("accept", "")
    if not (lost and browses) or path == "/v1" or path.startswith("/v1/"):
        return problems.answer(request, error)
    reply = view.refusal(request, error)
    if isinstance(error, MethodNotAllowedException):
        reply.headers.update(error.headers or {})
    return reply


def _visited(request: Request[Any, Any, Any], error: Exception) -> Exception:
    """The error of a request that no route took, so no guard counted it; or that it is one too
    many of its address.
    """
    asked = ApiRequest(request.scope)
    try:
        asked.call.rate = asked.service.visitors.take(asked.call.address, asked.tracker.now())
    except TooMany as refused:
        return refused
    return error


def create() -> Litestar:
    """The application of a server process; settings come from the environment.

    For granian: `granian --interface asgi --factory tracker.app:create`.
    """
    settings = Settings.read()
    logs.configure(settings.log_level, "service")
    tallies.begin(settings.data, "service")
    with collector.loading():
        app = create_app(lambda: _first_start(settings), settings)
    collector.settle()
    return app


@asynccontextmanager
async def _first_start(settings: Settings) -> AsyncIterator[Tracker]:
    """A tracker whose store knows the units, the group of all markets and the indicators."""
    async with open_tracker(settings) as tracker:
        await areas.seed(tracker)
        await groups.seed(tracker)
        await indicators.seed(tracker)
        yield tracker


def _service(tracker: Tracker) -> Service:
    visitors = Buckets(VISITORS, tracker.settings.visits_per_min)
    live = LiveFigures(tracker)
    return Service(
        tracker=tracker,
        live=live,
        overview=Overview(tracker, live),
        periods=MarketPeriods(tracker),
        public=PublicFigures(tracker),
        roll_ups=RollUps(tracker),
        principals=Principals(tracker),
        visitors=visitors,
        signed_in=SignedIn(tracker),
        sign_ins=SignIns(tracker),
        last_used=LastUsed(tracker),
        readiness=Readiness(tracker),
        rosters=RosterIndex(tracker),
    )
