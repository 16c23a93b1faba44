"""Where a reader begins, the choice of language, and the files that pages need."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.params import FromPath

from tracker.access.roles import Permission, hidden
from tracker.api.conventions import cookies, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.guard import PUBLIC
from tracker.api.conventions.replies import Reply
from tracker.web import assets, forms, view
from tracker.web.route import page
from tracker.web.texts import language_of

YEAR_S = 365 * 24 * 3_600


class Start(Controller):
    """The first page by role, and what stands beside all pages."""

    @get("/", opt=page(Permission.ME_READ))
    async def go(self, request: ApiRequest) -> Reply:
        """A manager of one market goes there, a field team to its round, all others to the city."""
        me = request.principal
        if len(me.markets) == 1:
            below = "/round" if me.role == "field" else ""
            return view.see(f"/markets/{next(iter(me.markets))}{below}")
        return view.see("/city")

    @post("/language", opt=page(PUBLIC), status_code=303)
    async def choose_language(self, request: ApiRequest) -> Reply:
        """Keeps the choice in a cookie and goes back."""
        given = await forms.values(request)
        chosen = language_of(given.get("language"))
        secure = cookies.is_tls(request.scope)
        kept = cookies.keep(view.LANGUAGE, chosen, YEAR_S, secure=secure)
        return view.see(view.own_path(given.get("back")), None, kept)

    @get("/assets/{digest:str}/{name:str}", opt=page(PUBLIC, unlimited=True))
    async def get_asset(self, digest: FromPath[str], name: FromPath[str]) -> Reply:
        """A style, script, picture or typeface; its address changes when it does."""
        found = assets.asset(name)
        if found is None or assets.addresses()[name] != f"{assets.PREFIX}{digest}/{name}":
            raise hidden()
        return replies.content(found.body, found.media_type, 200, assets.FOREVER)
