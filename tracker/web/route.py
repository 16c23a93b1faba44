"""What a page's route says about itself: its line of the role table."""

from __future__ import annotations

from typing import Any, Final

from tracker.access.roles import Permission
from tracker.api.conventions.guard import ANY_QUERY, PERMISSION, UNLIMITED

WEB: Final = "web"
"""The `opt` of a page: it stands in the role table and not in the contract."""


def page(permission: Permission | str, *, unlimited: bool = False) -> dict[str, Any]:
    """The `opt` of a page under this permission, or `PUBLIC`.

    What others add to the query of a link (messengers do) is no reason to refuse a page.
    `unlimited`: a public file that every page asks for.
    """
    return {PERMISSION: permission, WEB: True, ANY_QUERY: True, UNLIMITED: unlimited}
