"""What a reader can verify about published bodies without trusting who handed them over.

Digests and chain are those of docs/definitions.md: a changed body breaks its own digest, and a
removed, added or reordered one the chain of its market.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tracker.domain.snapshot import GENESIS, canonical, digest_holds, sha256

FIRST: Final = f"sha256:{GENESIS}"
"""`previous_digest` of a market's first publication."""

_OUTSIDE_CONTENT: Final = {
    "revision",
    "published_at",
    "ledger_position",
    "content_digest",
    "previous_digest",
    "digest",
}
_MARKET: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Untrue(Exception):
    """A body that is not what was published; the message says which and why."""


def name_of(body: Mapping[str, Any]) -> str:
    """`<market>/<date>.r<revision>`, safe as a path; raises `Untrue` where it would not be."""
    market, date, revision = body.get("market"), body.get("date"), body.get("revision")
    if (
        not isinstance(market, str)
        or not _MARKET.fullmatch(market)
        or not isinstance(date, str)
        or not _DATE.fullmatch(date)
        or type(revision) is not int
        or revision < 1
    ):
        raise Untrue("A body has no proper market, date and revision.")
    return f"{market}/{date}.r{revision}"


def check(body: Mapping[str, Any], previous: str) -> str:
    """The body's digest, once everything about it holds; `previous` is its market's last digest.

    Raises `Untrue`.
    """
    name = name_of(body)
    content = {key: value for key, value in body.items() if key not in _OUTSIDE_CONTENT}
    if not digest_holds(dict(body)):
        raise Untrue(f"{name}: the body does not match its digest.")
    if sha256(canonical(content)) != body.get("content_digest"):
        raise Untrue(f"{name}: the figures do not match their digest.")
    if body.get("previous_digest") != previous:
        raise Untrue(f"{name}: the market's chain is broken: another publication stood before it.")
    return str(body["digest"])
