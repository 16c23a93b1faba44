"""All pages, and that what they refuse is a page too."""

from __future__ import annotations

from typing import Final

from litestar import Router

from tracker.web import view
from tracker.web.pages.admin import AdminStart
from tracker.web.pages.admin_areas import AdminAreas
from tracker.web.pages.admin_health import AdminHealth
from tracker.web.pages.admin_jobs import AdminJobs
from tracker.web.pages.admin_keys import AdminKeys
from tracker.web.pages.admin_market_new import AdminMarketNew
from tracker.web.pages.admin_markets import AdminMarkets
from tracker.web.pages.admin_numbers import MarketNumbers
from tracker.web.pages.admin_people import AdminPeople
from tracker.web.pages.approvals import ApprovalPages
from tracker.web.pages.city import City
from tracker.web.pages.doubts import DoubtPages
from tracker.web.pages.field_round import FieldRoundPages
from tracker.web.pages.imports import Imports
from tracker.web.pages.incidents import IncidentPages
from tracker.web.pages.installed import Installed
from tracker.web.pages.market import MarketPage
from tracker.web.pages.public import Public
from tracker.web.pages.report import Reports
from tracker.web.pages.roster import Roster
from tracker.web.pages.sign_in import SignIn
from tracker.web.pages.start import Start
from tracker.web.pages.stickers import Stickers
from tracker.web.pages.vendor import VendorPage
from tracker.web.pages.vendor_acts import VendorActs
from tracker.web.pages.vendor_codes import VendorCodes
from tracker.web.pages.vendor_past import VendorPast
from tracker.web.pages.wall import Wall

PAGES: Final = (
    AdminAreas,
    AdminHealth,
    AdminJobs,
    AdminKeys,
    AdminMarketNew,
    AdminMarkets,
    AdminPeople,
    AdminStart,
    ApprovalPages,
    City,
    DoubtPages,
    FieldRoundPages,
    IncidentPages,
    Imports,
    Installed,
    MarketNumbers,
    MarketPage,
    Public,
    Reports,
    Roster,
    SignIn,
    Start,
    Stickers,
    VendorActs,
    VendorCodes,
    VendorPage,
    VendorPast,
    Wall,
)


def pages() -> Router:
    """The router of the pages."""
    return Router("/", route_handlers=PAGES, exception_handlers={Exception: view.refusal})
