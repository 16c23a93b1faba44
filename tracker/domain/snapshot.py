"""A published snapshot: the body that everybody reads, its digests and its place in the chain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from msgspec import Raw, json

from tracker.domain.days import moment_text

GENESIS = "0" * 64
"""`previous_digest` of a market's first publication."""

_OUTSIDE_DIGEST = "digest"
_OUTSIDE_CONTENT = frozenset(
    ("revision", "published_at", "ledger_position", "content_digest", "previous_digest", "digest")
)


def canonical(body: Any) -> bytes:
    """Canonical JSON (RFC 8785).

    Our bodies have ASCII keys, integers, and rates whose whole values are integers: for these
    sorted keys and the shortest float form are the canonical form. A test compares the two.
    """
    return json.encode(body, order="sorted")


def encoded(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with each value as its canonical JSON: encoded once, whatever is made of it."""
    return {key: Raw(canonical(value)) for key, value in content.items()}


def sha256(data: bytes) -> str:
    """`sha256:` and the hex digest."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def publish(
    content: dict[str, Any],
    *,
    digest: bytes,
    revision: int,
    position: int,
    published_at: int,
    previous: str,
) -> dict[str, Any]:
    """The body to publish.

    `content` is what the figures gave and nothing withholds, `encoded` or not, `digest` the SHA-256
    of its canonical JSON, `position` the ledger position that it was computed at, `previous` the
    digest of the body last published for the market (or `GENESIS`).
    """
    body = {
        **content,
        "revision": revision,
        "published_at": moment_text(published_at),
        "ledger_position": str(position),
        "content_digest": f"sha256:{digest.hex()}",
        "previous_digest": previous if previous.startswith("sha256:") else f"sha256:{previous}",
    }
    return {**body, _OUTSIDE_DIGEST: sha256(canonical(body))}


def content_of(body: dict[str, Any]) -> dict[str, Any]:
    """What `content_digest` covers of a body: what `publish` was given."""
    return {key: value for key, value in body.items() if key not in _OUTSIDE_CONTENT}


def digest_holds(body: dict[str, Any]) -> bool:
    """Whether a body is what its own digest says."""
    rest = {key: value for key, value in body.items() if key != _OUTSIDE_DIGEST}
    return sha256(canonical(rest)) == body.get(_OUTSIDE_DIGEST)
