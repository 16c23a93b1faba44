"""The cookies of people who signed in, and that a change really comes from our own pages.

A browser sends a cookie along whoever had it make the request. So a change by cookie passes if the
browser says that it comes from our own origin (`Sec-Fetch-Site`, or `Origin` where that is not
sent), or if it carries the session's token in `X-CSRF-Token`, which no other site can read.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from tracker.access.vault import Keyring
from tracker.api.conventions.replies import Header
from tracker.domain.days import DAY_MS
from tracker.domain.errors import Forbidden

Headers = Iterable[tuple[bytes, bytes]]

SESSION: Final = "tracker_session"
DEVICE: Final = "tracker_device"
TLS_PREFIX: Final = "__Host-"
"""A name with it is taken from this very host over TLS alone (RFC 6265bis §4.1.3.2)."""

DEVICE_DAYS: Final = 365
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN: Final = b"x-csrf-token"


class Jar(NamedTuple):
    """Our cookies in a request."""

    session: str | None
    device: str | None


def jar(headers: Headers, *, secure: bool) -> Jar:
    """Reads them; of a name that was sent twice the first counts."""
    wanted = {named(name, secure=secure): name for name in (SESSION, DEVICE)}
    found: dict[str, str] = {}
    for header, value in headers:
        if header == b"cookie":
            for part in value.decode("latin-1").split(";"):
                name, _, text = part.strip().partition("=")
                if name in wanted:
                    found.setdefault(wanted[name], text)
    return Jar(found.get(SESSION), found.get(DEVICE))


def is_tls(scope: Any) -> bool:
    """Whether the browser speaks TLS to us, or to a proxy that we trust (ASGI scope)."""
    return bool(scope["scheme"] == "https")


def named(name: str, *, secure: bool) -> str:
    """A cookie's name as the browser keeps it."""
    return f"{TLS_PREFIX}{name}" if secure else name


def keep(name: str, value: str, seconds: int, *, secure: bool) -> Header:
    """A `Set-Cookie` that no script reads and no other site's form carries along."""
    kept = f"{named(name, secure=secure)}={value}; Path=/; Max-Age={seconds}"
    text = f"{kept}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
    return b"set-cookie", text.encode()


def signed_in(session: str, device: str, days: int, *, secure: bool) -> tuple[Header, Header]:
    """The cookies of who just signed in."""
    return (
        keep(SESSION, session, days * DAY_MS // 1_000, secure=secure),
        keep(DEVICE, device, DEVICE_DAYS * DAY_MS // 1_000, secure=secure),
    )


def signed_out(*, secure: bool) -> Header:
    """Takes the session's cookie away; the mark of the browser stays."""
    return keep(SESSION, "", 0, secure=secure)


def token_of(keyring: Keyring, digest: str) -> str:
    """The token of a session (digest), for pages that change something by cookie."""
    return keyring.lookup("csrf", digest).hex()


def require_own(method: str, headers: Headers, token: str | None) -> None:
    """Passes a change that comes from our own pages, and anything that changes nothing.

    `token` is the session's; without a session (signing in) who is no browser passes too. Raises
    `Forbidden` `CSRF`.
    """
    if method in SAFE:
        return
    said = {name: value.decode("latin-1") for name, value in headers}
    given = said.get(TOKEN)
    if (
        token is not None
        and given is not None
        and hmac.compare_digest(given.encode(), token.encode())
    ):
        return
    site, origin = said.get(b"sec-fetch-site"), said.get(b"origin")
    if site is not None:
        own = site == "same-origin"
    elif origin is not None:
        own = urlsplit(origin).netloc.lower() == said.get(b"host", "").lower() != ""
    else:
        own = token is None
    if not own:
        raise Forbidden(
            "This change does not come from the service's own pages. Send the session's token as "
            "`X-CSRF-Token`, or use a key: `Authorization: Bearer <key>`.",
            code="CSRF",
        )
