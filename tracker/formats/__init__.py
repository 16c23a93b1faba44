"""Published bodies in the wire formats that operations centres read, one module a format.

Every encoder is pure: bodies as they were published and the markets' names in, bytes out. What a
body does not have (a part that came later) is an empty cell, never an error: published bodies of
old definition versions stay readable for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Bodies = Sequence[Mapping[str, Any]]
"""Published bodies, in the order in which they are to be written."""

Names = Mapping[str, str]
"""Market id → name; an id that is not there stands for its own name."""
