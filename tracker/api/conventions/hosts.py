"""Which hosts the service answers for: a page of another name that points here is not ours."""

from __future__ import annotations

from urllib.parse import urlsplit

from tracker.domain.errors import Misdirected

ANY = "*"


class Hosts:
    """Names of hosts, comma between; `*.example.vn` is every name below, `*` any. Ports are free.

    Without names the host of the public URL, without that any.
    """

    def __init__(self, allowed: str, public_url: str | None) -> None:
        names = [name.lower() for name in allowed.replace(" ", "").split(",") if name]
        if public_url is not None:
            names.append(urlsplit(public_url).hostname or "")
        self._any = not names or ANY in names
        self._names = frozenset(name for name in names if not name.startswith("*."))
        self._below = tuple(name[1:] for name in names if name.startswith("*."))

    def require(self, host: bytes | None) -> None:
        """Passes a request for a host of ours; raises `Misdirected`."""
        if self._any:
            return
        name = name_of((host or b"").decode("latin-1"))
        if name not in self._names and not (self._below and name.endswith(self._below)):
            raise Misdirected(
                "This service does not answer for the host that was called. Use its public address."
            )


def name_of(host: str) -> str:
    """The name in a `Host` header, lower case, without port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()
