"""What makes the round an app on the phone: its manifest, and the worker that keeps its pages."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from litestar import Controller, get
from msgspec import json

from tracker.access.keys import Principal
from tracker.access.roles import Permission
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.guard import PUBLIC
from tracker.api.conventions.replies import Header, Reply
from tracker.web import assets, view
from tracker.web.route import page
from tracker.web.texts import say

WORKER: Final = "worker.js"
KEPT: Final = ("style.css", "regular.woff2", "bold.woff2", "icon.svg", "queue.js", "round.js")
"""What the pages of the round are drawn with."""

_LOOK_AGAIN: Final[Header] = (b"cache-control", b"no-cache")


class Installed(Controller):
    """Files that a browser asks for by themselves."""

    @get(f"/{WORKER}", opt=page(PUBLIC, unlimited=True))
    async def get_worker(self) -> Reply:
        """The worker; it begins with the addresses of what it keeps, so it changes with them."""
        addresses = {name: assets.addresses()[name] for name in KEPT}
        head = b"const ASSETS = " + json.encode(addresses) + b";\n"
        code = files("tracker.web").joinpath("static", WORKER).read_bytes()
        kind = "text/javascript; charset=utf-8"
        return replies.content(head + code, kind, 200, _LOOK_AGAIN, view.POLICY)

    @get("/manifest.webmanifest", opt=page(Permission.ME_READ))
    async def get_manifest(self, request: ApiRequest) -> Reply:
        """Name, icons, and where the app begins for this person."""
        language, icons = view.reader_of(request).language, assets.addresses()
        manifest = {
            "id": "/",
            "name": say(language, "app.name"),
            "short_name": say(language, "app.short"),
            "lang": language,
            "start_url": begin(request.principal),
            "scope": "/",
            "display": "standalone",
            "theme_color": "#0b5d4b",
            "background_color": "#f5f7f4",
            "icons": [
                {"src": icons["icon.svg"], "type": "image/svg+xml", "sizes": "any"},
                {"src": icons["icon-192.png"], "type": "image/png", "sizes": "192x192"},
                {"src": icons["icon-512.png"], "type": "image/png", "sizes": "512x512"},
                {
                    "src": icons["icon-mask.png"],
                    "type": "image/png",
                    "sizes": "512x512",
                    "purpose": "maskable",
                },
            ],
        }
        return replies.content(json.encode(manifest), "application/manifest+json", 200, _LOOK_AGAIN)


def begin(principal: Principal) -> str:
    """A field team of one market begins at its round, which opens without signal."""
    if principal.role == "field" and len(principal.markets) == 1:
        return f"/markets/{next(iter(principal.markets))}/round"
    return "/"
