"""Where a process puts what it counted, and how all of a machine are added up.

`metrics/` in the data directory has numbered slots. A process locks the first free one for its
life and goes on from what is in it, so a dead process's counts stay, and there are never more
files than there were processes at once. A file is written anew under another name and then takes
the place of the old one: a reader sees all of it, and a full disk costs only the newest numbers.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

import structlog
from msgspec import DecodeError, Struct, msgpack

from tracker.observe import meters
from tracker.observe.meters import Family, Labels

FOLDER: Final = "metrics"
SLOTS_MAX: Final = 256
"""Processes of one machine at once that are counted; more go uncounted."""

EVERY_S: Final = 2.0
"""The most that is lost of the counts of a process that is killed."""

log = structlog.stdlib.get_logger("tracker.metrics")


class Process(Struct, frozen=True):
    """A process that counts: what it is, its id, when it began and when it told this (s)."""

    name: str
    pid: int
    began: float
    told: float
    resident_bytes: int
    cpu_s: float


class Told(Struct, frozen=True):
    """What is in a slot: the process that holds or held it, and all that was counted there."""

    process: Process
    counts: dict[str, list[tuple[Labels, list[float]]]]


class _Slot:
    """The slot of this process."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._folder: Path | None = None
        self._name = ""
        self._path: Path | None = None
        self._lock = -1
        self._before: dict[str, Family] = {}
        self._next = 0.0
        self._began = time.time()
        self._failed = ""

    def begin(self, data: Path, name: str) -> None:
        """From now on `flush` writes; `name` says what this process is."""
        self._folder, self._name = data / FOLDER, name

    def forked(self) -> None:
        """A child counts for itself, in a slot of its own."""
        if self._lock >= 0:
            with suppress(OSError):
                os.close(self._lock)  # the parent's copy keeps its slot
        self._guard = Lock()
        self._path, self._lock, self._before = None, -1, {}
        self._next, self._began = 0.0, time.time()
        meters.forget()

    def flush(self, *, now: bool = True) -> None:
        """Writes what was counted; without `now` only if it is time again.

        A disk that takes nothing is said once in the log, and no error.
        """
        if self._folder is None or (not now and time.monotonic() < self._next):
            return
        with self._guard:
            self._next = time.monotonic() + EVERY_S
            try:
                path = self._path or self._take(self._folder)
                if path is None:
                    return
                self._write(path)
                self._failed = ""
            except OSError as error:
                reason = error.strerror or type(error).__name__
                if reason != self._failed:  # once, not every two seconds
                    log.warning("metrics are not written", reason=reason)
                self._failed = reason

    def _take(self, folder: Path) -> Path | None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(SLOTS_MAX):
            path = folder / f"{number}.slot"
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                continue
            self._lock, self._path = handle, path.with_suffix(".counts")
            known = read(self._path)
            self._before = {} if known is None else summed([known])
            return self._path
        return None

    def _write(self, path: Path) -> None:
        counts = {}
        for name, family in meters.FAMILIES.items():
            whole = family.empty()
            for part in (self._before.get(name), family):
                for labels, numbers in tuple(part.series.items()) if part else ():
                    whole.add(labels, numbers)
            counts[name] = list(whole.series.items())
        told = Told(_this_process(self._name, self._began), counts)
        draft = path.with_suffix(".draft")
        draft.write_bytes(msgpack.encode(told))
        draft.replace(path)


def read(path: Path) -> Told | None:
    """What is in a slot; None where there is nothing, or nothing that can be read."""
    try:
        return msgpack.decode(path.read_bytes(), type=Told)
    except (OSError, DecodeError, UnicodeDecodeError):
        return None


def read_all(data: Path) -> Iterator[tuple[str, Told, bool]]:
    """Each slot of a data directory: its number, what is in it, whether its process lives."""
    for path in sorted((data / FOLDER).glob("*.counts")):
        told = read(path)
        if told is not None:
            yield path.stem, told, _is_held(path.with_suffix(".slot"))


def summed(told: list[Told]) -> dict[str, Family]:
    """All that was counted, by the family's name; families that are none any more are left out."""
    whole = {name: family.empty() for name, family in meters.FAMILIES.items()}
    for one in told:
        for name, series in one.counts.items():
            if (family := whole.get(name)) is not None:
                for labels, numbers in series:
                    family.add(labels, numbers)
    return whole


def _is_held(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _this_process(name: str, began: float) -> Process:
    spent = os.times()
    return Process(
        name=name,
        pid=os.getpid(),
        began=began,
        told=time.time(),
        resident_bytes=_resident_bytes(),
        cpu_s=spent.user + spent.system,
    )


def _resident_bytes() -> int:
    """0 where the system does not tell (only Linux does so in a file)."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


_SLOT: Final = _Slot()
begin = _SLOT.begin
flush = _SLOT.flush


@asynccontextmanager
async def kept() -> AsyncIterator[None]:
    """Writes every `EVERY_S` while it is open, and at the end; in a thread: disks may be slow."""
    import asyncio  # noqa: PLC0415  # most that count have no loop, and it takes long to load

    async def forever() -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(flush)

    writing = asyncio.create_task(forever())
    try:
        yield
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        flush()


os.register_at_fork(after_in_child=_SLOT.forked)
