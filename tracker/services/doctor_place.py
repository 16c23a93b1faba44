"""The doctor's look at the data directory: needs no store, and works while the service is down."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from typing import Final

from tracker.access.master_key import (
    MASTER_KEY_ENV,
    MASTER_KEY_FILE,
    BadMasterKey,
    MasterKey,
    load_master_keys,
)
from tracker.services.doctor import Finding, error, note, warning
from tracker.settings import Settings

LOG_FOLDER: Final = "appendonlydir"
LOGS: Final = 2
"""A rewrite of the log needs room for a second one, and for what comes meanwhile."""


def look(settings: Settings, key_in_environment: str | None) -> list[Finding]:
    """What is wrong with the directory, the disk and the key file."""
    data = settings.data
    if not data.is_dir():
        if settings.store_url is not None:
            return _key(settings, key_in_environment, has_data=True)
        says = f"There is no data directory {data}."
        do = "Give the right one with --data, or start anew with `tracker up`."
        return [error("DATA_MISSING", says, do)]
    found = _modes(data)
    if settings.store_url is None:
        found += _disk(settings)
    has_data = settings.store_url is not None or log_bytes(data) > 0
    return found + _key(settings, key_in_environment, has_data=has_data)


def log_bytes(data: Path) -> int:
    """The size of the embedded store's log; 0 where there is none."""
    folder = data / LOG_FOLDER
    sizes = (path.stat().st_size for path in folder.glob("*") if path.is_file())
    return sum(sizes) if folder.is_dir() else 0


def _modes(data: Path) -> list[Finding]:
    mode = stat.S_IMODE(data.stat().st_mode)
    if not mode & 0o077:
        return []
    says = f"{data} has mode {mode:04o}: other users of this machine may look into it."
    return [warning("DATA_OPEN", says, f"chmod 700 {data}")]


def _disk(settings: Settings) -> list[Finding]:
    free = shutil.disk_usage(settings.data).free
    least, log = settings.store_free_bytes_min, log_bytes(settings.data)
    if free < least:
        says = f"{_mib(free)} are free on the disk, less than {_mib(least)}: nothing is written."
        do = "Make room on it, or move the data directory to a larger one (stop, copy, start)."
        return [error("DISK_LOW", says, do)]
    if free < least + LOGS * log:
        says = (
            f"{_mib(free)} are free on the disk; the store's log is {_mib(log)} and needs twice "
            "its size to be written anew."
        )
        return [warning("DISK_TIGHT", says, "Make room before the log grows any further.")]
    return []


def _key(settings: Settings, given: str | None, *, has_data: bool) -> list[Finding]:
    path = settings.data / MASTER_KEY_FILE
    named = bool(given and given.strip())
    if not named and not path.exists():
        if not has_data:
            return []
        says = f"There is no master key: neither {path} nor {MASTER_KEY_ENV}."
        do = "Put its safe copy back. Without it no name and no account number opens again."
        return [error("KEY_MISSING", says, do)]
    try:
        keys = load_master_keys(settings.data, given, create=False)
    except BadMasterKey as refused:
        return [error("KEY_UNUSABLE", "The master key cannot be used.", refused.detail)]
    found = []
    if len(keys) > 1:
        says = f"{len(keys)} master keys are in use: a replacement was begun and not finished."
        do = "Run `tracker master-key rotate` again; it goes on where it stopped."
        found.append(warning("ROTATION_UNFINISHED", says, do))
    where = MASTER_KEY_ENV if named else str(path)
    says = f"Without the master key ({where}, id {_id(keys[0])}) no name opens again."
    do = "See that a copy lies in a safe place, not on this machine and not with the backups."
    return [*found, note("KEY_COPY", says, do)]


def _id(key: MasterKey) -> str:
    return key.id.hex()


def _mib(size: int) -> str:
    return f"{size >> 20} MiB"
