"""Which page stands under which line of the role table, said a second time."""

from __future__ import annotations

from tracker.api.conventions.guard import PUBLIC

PAGES: dict[str, str] = {
    "GET /": "me.read",
    "GET /account": "session.own",
    "GET /assets/{digest}/{name}": PUBLIC,
    "GET /city": "adoption.read",
    "GET /markets/{market}": "adoption.read",
    "GET /invitation": PUBLIC,
    "GET /public": PUBLIC,
    "GET /public/markets/{market}": PUBLIC,
    "GET /wall": "adoption.read",
    "GET /sign-in": PUBLIC,
    "POST /account/password": "session.own",
    "POST /account/sessions": "session.own",
    "POST /invitation": PUBLIC,
    "POST /language": PUBLIC,
    "POST /sign-in": PUBLIC,
    "POST /sign-out": PUBLIC,
}
