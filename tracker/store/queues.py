"""The names of the queues; apart from the queue itself, whose parts take long to load."""

from __future__ import annotations

from typing import Final

QUEUES: Final = {"i": "imports", "s": "snapshots", "p": "sheets"}
"""The queue of a job, by the first letter of its id."""
