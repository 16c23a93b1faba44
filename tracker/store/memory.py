"""How much memory the embedded store may take: a full one says so, and is not killed for it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

SHARE_PERCENT: Final = 60
"""Of the machine's memory. The rest is for the service, and for the pages that change while the
log is written anew, which the machine then holds twice."""

CGROUP: Final = Path("/sys/fs/cgroup/memory.max")


def bytes_of_machine(cgroup: Path = CGROUP) -> int:
    """The memory of this machine, or of the container that this runs in."""
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no such container, or one without a limit ("max")
        found = min(found, int(cgroup.read_text()))
    return found


def bytes_max(setting: int, machine: int) -> int:
    """The limit that a setting comes to; 0 is a share of the machine's memory."""
    return setting or machine * SHARE_PERCENT // 100
