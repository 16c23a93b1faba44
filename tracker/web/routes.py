"""All pages, and that what they refuse is a page too."""

from __future__ import annotations

from typing import Final

from litestar import Router

from tracker.web import view
from tracker.web.pages.city import City
from tracker.web.pages.market import MarketPage
from tracker.web.pages.public import Public
from tracker.web.pages.sign_in import SignIn
from tracker.web.pages.start import Start
from tracker.web.pages.wall import Wall

PAGES: Final = (
    City,
    MarketPage,
    Public,
    SignIn,
    Start,
    Wall,
)


def pages() -> Router:
    """The router of the pages."""
    return Router("/", route_handlers=PAGES, exception_handlers={Exception: view.refusal})
