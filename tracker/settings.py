"""Every setting, once: its environment variable, its default, and why.

Read by `Settings.read`; a flag of the command line wins over the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct, field

from tracker.access.keys import ROLES
from tracker.domain.errors import Invalid

MIB: Final = 1024 * 1024
DAYS_DIGITS_MAX: Final = 5
"""Longer than any history: a typing error."""

REQUESTS_PER_MIN_MAX: Final = 100_000
"""A key's window is a list of that length, 1 MB, and one process answers no more."""

_REQUESTS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_KEY_ID: Final = re.compile(r"[a-z2-7]{8}", re.ASCII)

ACTIVITY_DAYS_MIN: Final = 98
"""The 90 days of a figure, and the 7 days after which a day is final whoever has not reported."""


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one process. Sizes are in bytes where the name says so."""

    data: Path = field(default_factory=lambda: Path("data"))
    store_url: str | None = None
    queue_url: str | None = None
    accept_volatile_store: bool = False
    host: str = "127.0.0.1"
    port: int = 8480
    public_url: str | None = None
    processes: int = 1
    revision_quiet_s: int = 300
    seal_quiet_s: int = 300
    close_at_minute: int = 5
    activity_days_kept: int = 731
    tick_s: float = 1.0
    upload_bytes_max: int = 128 * MIB
    body_bytes_max: int = 1 * MIB
    store_connections_max: int = 64
    store_free_bytes_min: int = 512 * MIB
    store_memory_bytes_max: int = 0
    rate_limits: str = "admin=600,bank=600,manager=300,field=300,ioc=300,auditor=300"
    visits_per_min: int = 600
    guesses_per_min: int = 60
    trusted_proxies: str = ""
    allowed_hosts: str = ""
    backdate_days: str = "bank=90,manager=366,field=30"
    session_idle_minutes: int = 720
    session_days: int = 30
    sessions_max: int = 10
    log_level: str = "info"
    metrics_port: int = 0
    metrics_host: str = "127.0.0.1"

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, **given: object) -> Settings:
        """Defaults, overlaid by `TRACKER_<NAME>`, overlaid by what is given and not None.

        Raises `Invalid` where a value does not fit its setting.
        """
        values: dict[str, object] = {}
        for name, type_ in cls.__annotations__.items():
            text = environ.get(variable(name))
            if text is not None:
                values[name] = _parse(variable(name), text, str(type_))
        values.update({name: value for name, value in given.items() if value is not None})
        settings = cls(**values)  # type: ignore[arg-type]
        _backdating(settings.backdate_days)
        _rates(settings.rate_limits)
        _require_address(settings.public_url)
        if settings.activity_days_kept < ACTIVITY_DAYS_MIN:
            raise Invalid(
                f"{variable('activity_days_kept')} is at least {ACTIVITY_DAYS_MIN}: the figures "
                "look back 90 days, from days that may still change. Correct the environment.",
                code="SETTING_INVALID",
            )
        if min(settings.session_idle_minutes, settings.session_days, settings.sessions_max) < 1:
            raise Invalid(
                f"{variable('session_idle_minutes')}, {variable('session_days')} and "
                f"{variable('sessions_max')} are at least 1. Correct the environment.",
                code="SETTING_INVALID",
            )
        return settings

    def backdate_days_of(self, role: str) -> int | None:
        """How many days back this role may date a single fact; None is without limit."""
        return _backdating(self.backdate_days).get(role)

    def requests_per_min_of(self, key: str, role: str) -> int:
        """How many requests a key (id) may make in any 60 seconds; 0 is without limit."""
        limits = _rates(self.rate_limits)
        return limits.get(key, limits.get(role, 0))


EXPLAINED: Final[dict[str, str]] = {
    "data": "directory of the embedded store, the master key and the socket",
    "store_url": "Valkey or Redis of your own (`redis://`, with TLS `rediss://`), or a cluster "
    "(`cluster://HOST:PORT,HOST:PORT`, with TLS `clusters://`); without it `tracker up` starts its "
    "own server",
    "queue_url": "store of the job queue, one server; by default the next database of the store's, "
    "to be given where that is a cluster",
    "accept_volatile_store": "accept a store that may lose or evict data (throw-away use)",
    "host": "address the service listens on",
    "port": "port the service listens on",
    "public_url": "address that readers reach the service by, such as `https://tracker.example`: "
    "addresses within documents begin with it; by default the one that was called",
    "processes": "service processes; one per core that you can spare",
    "revision_quiet_s": "seconds without new facts before a market's outdated days are recomputed",
    "seal_quiet_s": "seconds without new entries before the end of a ledger is sealed",
    "close_at_minute": "minutes after midnight (Vietnam) at which the day before is closed",
    "activity_days_kept": "days for which the sets of vendors paid are kept: 24 months, so that "
    "a year can be compared with the one before",
    "tick_s": "seconds between two looks of the schedule",
    "upload_bytes_max": "largest imported file; a million CSV rows are about 100 MB",
    "body_bytes_max": "largest request body that is not a file",
    "store_connections_max": "connections a process opens to the store",
    "store_free_bytes_min": "with less free on the disk of the embedded store nothing is written, "
    "reads go on; while its log is written anew, twice the log's size besides",
    "store_memory_bytes_max": "memory of the embedded store, beyond which nothing is written; 0 is "
    "60 % of the machine's, for a rewrite of its log needs some too",
    "rate_limits": "requests that a key may make in any 60 seconds, by role, or by the key's id "
    "for one key (abcdefgh=6000); 0, or a role not named, is without limit",
    "visits_per_min": "requests without a key a minute, an address and process; 0 is without limit",
    "guesses_per_min": "keys that open nothing a minute, an address and process, before unknown "
    "keys of that address wait; 0 is without limit",
    "trusted_proxies": "addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For, "
    "-Proto and -Host are believed, comma between",
    "allowed_hosts": "hosts that are answered beside that of the public URL, comma between; "
    "`*.example.vn` is all below, `*` any; without both any",
    "backdate_days": "days back that a role may date one fact (`occurred_at`); a role not named "
    "has no limit, imports have none",
    "session_idle_minutes": "minutes after which an unused session of a person ends",
    "session_days": "days after which a session ends however much it is used",
    "sessions_max": "sessions that a person may have; one more ends the one unused for longest",
    "log_level": "debug, info, warning or error",
    "metrics_port": "port of the measurements (Prometheus, `/metrics`); 0 is without",
    "metrics_host": "address that the measurements are given out on; they need no key, so let "
    "only your Prometheus reach it",
}


@cache
def _backdating(text: str) -> Mapping[str, int]:
    """Role → days.

    By default a field team has seen what it states within the month, a bank's back office settles
    a quarter, a manager puts the books of a year in order. Whoever sets up a market opens it by an
    import, which has no limit: `effective_on` is bounded by the market's opening.
    """
    limits: dict[str, int] = {}
    for part in filter(None, text.replace(" ", "").split(",")):
        role, _, days = part.partition("=")
        if role not in ROLES or not days.isdecimal() or len(days) > DAYS_DIGITS_MAX:
            raise Invalid(
                f"{variable('backdate_days')} is a list such as bank=90,manager=366,field=30: "
                f"roles ({', '.join(ROLES)}), each with a number of days. Correct the environment.",
                code="SETTING_INVALID",
            )
        limits[role] = int(days)
    return limits


def _require_address(url: str | None) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        _ = parts.port  # a number, if there is one
    except ValueError:
        parts = urlsplit("")
    plain = not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
        raise Invalid(
            f"{variable('public_url')} is an address such as https://tracker.example, with a path "
            "where there is one and nothing behind it. Correct the environment.",
            code="SETTING_INVALID",
        )


@cache
def _rates(text: str) -> Mapping[str, int]:
    """Role or key id → requests in 60 seconds.

    By default a bank's server and the city's office may send ten a second all the time: 300
    registrations of a day, each retried, pass within a minute or two, and 64 connections at once
    do not fill a process. People and screens ask less; a screen that polls each second is 60.
    """
    limits: dict[str, int] = {}
    for part in filter(None, text.replace(" ", "").split(",")):
        who, _, most = part.partition("=")
        known = who in ROLES or _KEY_ID.fullmatch(who)
        if not known or not _REQUESTS.fullmatch(most) or int(most) > REQUESTS_PER_MIN_MAX:
            raise Invalid(
                f"{variable('rate_limits')} is a list such as bank=600,ioc=300,abcdefgh=6000: "
                f"roles ({', '.join(ROLES)}) or ids of keys, each with at most "
                f"{REQUESTS_PER_MIN_MAX} requests a minute. Correct the environment.",
                code="SETTING_INVALID",
            )
        limits[who] = int(most)
    return limits


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"TRACKER_{name.upper()}"


def _parse(name: str, text: str, type_: str) -> object:
    try:
        match type_:
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "bool":
                return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
            case "Path":
                return Path(text)
            case "str":
                return text
            case _:
                return text or None
    except (ValueError, KeyError):
        raise Invalid(
            f"{name} is not a value of type {type_}. Correct the environment.",
            code="SETTING_INVALID",
        ) from None
