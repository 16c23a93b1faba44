"""Who may see what a published body withholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.access.keys import Principal
from tracker.access.roles import Level, Permission, level
from tracker.domain.withholding import for_bank, withhold

Sight = tuple[str, ...] | None
"""What a principal sees of small rows and money: all (None), or only the money of these banks."""

SHOWN: Sight = ()


def sight(principal: Principal) -> Sight:
    """How much the principal sees."""
    if level(principal.role, Permission.SNAPSHOTS_DETAILS) is Level.DOES:
        return None
    return tuple(sorted(principal.bins)) if principal.role == "bank" else SHOWN


def seen(content: Mapping[str, Any], as_: Sight) -> dict[str, Any]:
    """A content with what so much of sight shows of it."""
    if as_ is None:
        return dict(content)
    published, details = withhold(content)
    return for_bank(published, details, as_)
