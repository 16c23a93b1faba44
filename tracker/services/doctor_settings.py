"""The doctor's look at the settings: nothing is asked, only what they say together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tracker.domain.days import OFFSET_MS
from tracker.services.doctor import Finding, error, note, warning
from tracker.settings import Settings

ZONE: Final = "Asia/Ho_Chi_Minh"


def look(settings: Settings) -> list[Finding]:
    """What is doubtful in the settings."""
    return [*_public(settings), *_doors(settings), *_stores(settings), *_zone()]


def _public(settings: Settings) -> list[Finding]:
    url = None if settings.public_url is None else urlsplit(settings.public_url)
    open_ = not _is_here(settings.host)
    found = []
    if url is None and (open_ or settings.trusted_proxies):
        found.append(
            warning(
                "PUBLIC_URL_MISSING",
                "Others reach the service, but it does not know its own address.",
                "Set TRACKER_PUBLIC_URL to the address that readers use, https://….",
            )
        )
    if url is not None and url.scheme == "http" and not _is_here(url.hostname or ""):
        found.append(
            warning(
                "PUBLIC_URL_PLAIN",
                "The public address is http: keys and sessions travel in clear.",
                "Put a proxy with TLS before the service and say https in TRACKER_PUBLIC_URL.",
            )
        )
    if url is not None and url.scheme == "https" and not settings.trusted_proxies:
        found.append(
            warning(
                "PROXY_NOT_TRUSTED",
                "TLS ends before the service, but no proxy is trusted: all callers look like the "
                "proxy, share one limit, and cookies are not marked as secure.",
                "Set TRACKER_TRUSTED_PROXIES to the proxy's address.",
            )
        )
    if settings.allowed_hosts == "*" or (open_ and url is None and not settings.allowed_hosts):
        found.append(
            warning(
                "ANY_HOST",
                "Requests for any host name are answered: a page elsewhere may point a name here.",
                "Set TRACKER_PUBLIC_URL or TRACKER_ALLOWED_HOSTS to the names that are yours.",
            )
        )
    return found


def _doors(settings: Settings) -> list[Finding]:
    found = []
    parts = settings.trusted_proxies.replace(" ", "").split(",")
    if any(part.endswith("/0") for part in parts):
        found.append(
            error(
                "PROXY_ANYBODY",
                "Every address is trusted as a proxy: anybody may claim to come from anywhere.",
                "Set TRACKER_TRUSTED_PROXIES to your proxies' own addresses.",
            )
        )
    if settings.metrics_port and not _is_here(settings.metrics_host):
        found.append(
            note(
                "METRICS_OPEN",
                f"Measurements are given out on {settings.metrics_host} without a key.",
                "Let a firewall pass your Prometheus alone.",
            )
        )
    return found


def _stores(settings: Settings) -> list[Finding]:
    found = []
    for name, address in (("STORE", settings.store_url), ("QUEUE", settings.queue_url)):
        parts = urlsplit(address or "")
        if parts.scheme in ("redis", "cluster") and not all(map(_is_here, _hosts(parts.netloc))):
            says = f"The {name.lower()} is on another machine and reached without TLS."
            do = f"Use TLS in TRACKER_{name}_URL (rediss://…), or a network that is yours alone."
            found.append(warning(f"{name}_PLAIN", says, do))
        if parts.scheme and parts.scheme != "unix" and "@" not in parts.netloc:
            says = f"The {name.lower()} asks for no password: whoever reaches its port has it all."
            do = f"Give the service a user of its own and name it in TRACKER_{name}_URL."
            found.append(warning(f"{name}_NO_PASSWORD", says, do))
    if settings.accept_volatile_store:
        says = "A store that may lose what it acknowledged is accepted."
        do = "Unset TRACKER_ACCEPT_VOLATILE_STORE unless this installation is for throw-away use."
        found.append(warning("VOLATILE_ACCEPTED", says, do))
    return found


def _zone() -> list[Finding]:
    """Vietnam's day is a fixed offset in our code; the system's data must say the same."""
    try:
        there = datetime.now(UTC).astimezone(ZoneInfo(ZONE)).utcoffset()
    except ZoneInfoNotFoundError:
        there = None
    if there == timedelta(milliseconds=OFFSET_MS):
        return []
    says = f"The time zone data for {ZONE} are missing or say another offset than +07:00."
    return [error("TIME_ZONE", says, "Install the Python package `tzdata` in its present version.")]


def _hosts(netloc: str) -> list[str]:
    """The hosts of an address, of a cluster's several."""
    places = netloc.rpartition("@")[2].split(",")
    return [urlsplit(f"//{place}").hostname or "" for place in places]


def _is_here(host: str) -> bool:
    """Whether a host is this very machine."""
    if host in ("localhost", ""):
        return host == "localhost"
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
