"""Keeps a full disk from ending the embedded server: writes are refused while there is still room.

A server that syncs its log before each answer cannot go on without room for it: it ends. So the
supervisor looks at the disk now and then, beside the commits and at no cost to them, and tells the
server to take nothing more (``maxmemory``, which only what adds data heeds) before that happens.
Reads go on, and so does what makes room. When there is room again, the server is told that too.

A rewrite of the log needs room for a second one. None begins by itself where there is too little.

The note ``low`` beside the server's socket tells every client why it is refused; it is there for
as long as the disk is the reason, and memory is not. The disk of a store of your own cannot be
seen from here: watch it yourself (docs/operations.md).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from msgspec import Struct

NOTE: Final = "low"
NOTHING_MORE: Final = 1
"""As ``maxmemory`` (bytes): full, whatever it holds. 0 would be without limit."""

REWRITE_PERCENT: Final = 25
"""The log is rewritten when it grew by so much: loading the raw log is 13 times slower."""

AGAIN_SHARE: Final = 8
"""Writes are taken again with an eighth more room than they were refused at: no back and forth."""

log = logging.getLogger(__name__)


class Room(Struct, frozen=True):
    """What there is, in bytes: free on the disk, in the log, and in the log being written anew."""

    free: int
    log: int
    rewritten: int
    rewriting: bool


class Wanted(Struct, frozen=True):
    """What the server is to do: its memory (bytes, 0 without limit) and its rewrites (percent)."""

    memory_bytes_max: int
    rewrite_percent: int


def room_of(data_dir: Path, free_space: Callable[[Path], int]) -> Room:
    """Looks at the disk of a data directory. Raises `OSError` where it cannot be seen."""
    folder = data_dir / "appendonlydir"
    sizes: dict[bool, list[int]] = {True: [], False: []}
    for path in [*data_dir.glob("temp-*"), *folder.glob("*")]:
        with suppress(FileNotFoundError):  # the end of a rewrite removes files
            sizes[path.name.startswith("temp-")].append(path.stat().st_size)
    return Room(
        free=free_space(data_dir),
        log=sum(sizes[False]),
        rewritten=sum(sizes[True]),
        rewriting=bool(sizes[True]),
    )


def needed(room: Room, free_bytes_min: int) -> int:
    """Bytes that must be free for writes to be taken.

    While the log is written anew, twice its size besides: for the new one, and for what the old
    one grows by meanwhile; what the new one has already is taken off.
    """
    return free_bytes_min + (max(0, 2 * room.log - room.rewritten) if room.rewriting else 0)


class DiskGuard:
    """Tells one server what to do; `tell` sends a command and gives the answer's first line."""

    def __init__(
        self,
        data_dir: Path,
        *,
        free_bytes_min: int,
        memory_bytes_max: int,
        free_space: Callable[[Path], int],
        tell: Callable[[Path, tuple[str, ...]], bytes],
    ) -> None:
        self._data_dir = data_dir
        self._free_bytes_min = free_bytes_min
        self._memory_bytes_max = memory_bytes_max
        self._free_space = free_space
        self._tell = tell
        self._lock = Lock()
        self._begins = Wanted(memory_bytes_max, REWRITE_PERCENT)
        self._said = self._begins
        self.refusing = False

    def begin(self, place: Path) -> None:
        """A new server listens on `place`, with the settings that it was started with."""
        with self._lock:
            self._said = self._begins
            self.refusing = False
            (place.parent / NOTE).unlink(missing_ok=True)
        self.look(place)

    def look(self, place: Path) -> None:
        """Looks at the disk, and tells the server where something changed.

        A disk that cannot be seen changes nothing. A server that does not answer is told again at
        the next look.
        """
        with self._lock:
            try:
                room = room_of(self._data_dir, self._free_space)
            except OSError as error:
                log.warning("the store's disk cannot be seen (%s)", error.strerror)
                return
            least = needed(room, self._free_bytes_min)
            if self.refusing:
                least += self._free_bytes_min // AGAIN_SHARE
            low = room.free < least
            wanted = Wanted(
                NOTHING_MORE if low else self._memory_bytes_max,
                REWRITE_PERCENT if room.rewriting or _fits(room, self._free_bytes_min) else 0,
            )
            if wanted != self._said:
                self._say(place, wanted, room, low=low)

    def _say(self, place: Path, wanted: Wanted, room: Room, *, low: bool) -> None:
        note = place.parent / NOTE
        with suppress(OSError):  # without it, the refusals name the memory and not the disk
            if low:
                note.touch()
        settings = {
            "maxmemory": wanted.memory_bytes_max,
            "auto-aof-rewrite-percentage": wanted.rewrite_percent,
        }
        words = tuple(str(word) for pair in settings.items() for word in pair)
        if self._tell(place, ("CONFIG", "SET", *words)) != b"+OK":
            log.warning("the store was not told of its disk: it is asked again")
            return
        self._said = wanted
        if low != self.refusing:
            self.refusing = low
            told = "takes no writes" if low else "takes writes again"
            log.warning("store %s: %d MiB free on its disk", told, room.free >> 20)
        if not low:
            note.unlink(missing_ok=True)


def _fits(room: Room, free_bytes_min: int) -> bool:
    """Whether the log may be written anew."""
    begun = Room(free=room.free, log=room.log, rewritten=0, rewriting=True)
    return room.free >= needed(begun, free_bytes_min)


def is_low(place: Path) -> bool:
    """Whether the server that listens on this socket is short of disk."""
    return (place.parent / NOTE).exists()
