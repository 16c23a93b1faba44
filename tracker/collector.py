"""How the processes of the service use Python's garbage collector."""

from __future__ import annotations

import gc

EVERY = (50_000, 20, 100)
"""New objects before each round: ours die by reference count, so rounds are mostly lost time."""


def settle() -> None:
    """To be called once a process has started: what is there stays, and is not looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*EVERY)
