"""When the embedded store is told to take nothing more, and when it is told otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.store.diskguard import NOTE, DiskGuard, Room, is_low, needed
from tracker.store.memory import SHARE_PERCENT, bytes_max, bytes_of_machine

FREE_MIN = 800
LOG = 1_000


class Disk:
    """A data directory with a log, so much free space, and a server that notes what it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = folder / "private" / "s"
        self.place.parent.mkdir()
        (folder / "appendonlydir").mkdir()
        (folder / "appendonlydir" / "appendonly.aof.1.incr.aof").write_bytes(bytes(LOG))
        self.free = 100_000
        self.told: list[str] = []
        self.answer = b"+OK"
        self.guard = DiskGuard(
            folder,
            free_bytes_min=FREE_MIN,
            memory_bytes_max=0,
            free_space=lambda _: self.free,
            tell=self.tell,
        )
        self.guard.begin(self.place)

    def tell(self, place: Path, words: tuple[str, ...]) -> bytes:
        assert place == self.place
        self.told.append(" ".join(words))
        return self.answer

    def looked(self, free: int) -> list[str]:
        """What the server is told when so much is free."""
        self.free, self.told = free, []
        self.guard.look(self.place)
        return self.told

    def rewrites(self, size: int) -> None:
        """The log is being written anew; so much of it is there."""
        (self.folder / "temp-rewriteaof-bg-7.aof").write_bytes(bytes(size))


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def test_a_server_with_room_is_told_nothing(disk: Disk) -> None:
    assert disk.looked(FREE_MIN + 2 * LOG) == []
    assert not disk.guard.refusing


def test_writes_are_refused_below_the_bound_and_taken_an_eighth_above_it(disk: Disk) -> None:
    refuse = "CONFIG SET maxmemory 1 auto-aof-rewrite-percentage 0"
    assert disk.looked(FREE_MIN - 1) == [refuse]
    assert disk.guard.refusing
    assert is_low(disk.place)
    assert disk.looked(FREE_MIN + FREE_MIN // 8 - 1) == []
    assert disk.looked(FREE_MIN + 2 * LOG) == [
        "CONFIG SET maxmemory 0 auto-aof-rewrite-percentage 25"
    ]
    assert not disk.guard.refusing
    assert not is_low(disk.place)


def test_no_rewrite_begins_where_it_would_not_fit(disk: Disk) -> None:
    assert disk.looked(FREE_MIN + 2 * LOG - 1) == [
        "CONFIG SET maxmemory 0 auto-aof-rewrite-percentage 0"
    ]
    assert not disk.guard.refusing


def test_a_rewrite_that_fits_at_its_beginning_fits_to_its_end(disk: Disk) -> None:
    free = FREE_MIN + 2 * LOG
    for written in (0, LOG // 2, LOG):
        disk.rewrites(written)
        assert disk.looked(free - written) == []
    room = Room(free=0, log=LOG, rewritten=5 * LOG, rewriting=True)
    assert needed(room, FREE_MIN) == FREE_MIN


def test_one_that_does_not_fit_is_refused_writes_meanwhile(disk: Disk) -> None:
    disk.rewrites(0)
    assert disk.looked(FREE_MIN + LOG) == ["CONFIG SET maxmemory 1 auto-aof-rewrite-percentage 25"]


def test_a_server_that_does_not_answer_is_told_again(disk: Disk) -> None:
    disk.answer = b""
    assert disk.looked(0) == disk.looked(0) != []
    assert not disk.guard.refusing
    disk.answer = b"+OK"
    assert disk.looked(0) != []
    assert disk.looked(0) == []


def test_a_new_server_knows_nothing_of_what_the_one_before_was_told(disk: Disk) -> None:
    disk.looked(0)
    disk.told = []
    disk.guard.begin(disk.place)
    assert len(disk.told) == 1
    assert disk.guard.refusing
    disk.free = 100_000
    disk.guard.begin(disk.place)
    assert not (disk.place.parent / NOTE).exists()


def test_the_limit_of_memory(tmp_path: Path) -> None:
    assert bytes_max(7, 1_000) == 7
    assert bytes_max(0, 1_000) == 10 * SHARE_PERCENT
    machine = bytes_of_machine(tmp_path / "none")
    container = tmp_path / "memory.max"
    container.write_text("max\n")
    assert bytes_of_machine(container) == machine
    container.write_text("1048576\n")
    assert bytes_of_machine(container) == 1_048_576
