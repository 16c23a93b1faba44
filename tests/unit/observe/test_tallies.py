"""What processes counted adds up, whoever of them died and how."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tracker.observe import tallies


def counting(data: Path, count: int, then: str) -> subprocess.Popen[bytes]:
    """Starts such a process and waits until it has counted."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.observe.counting", str(data), str(count), then],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"counted\n"
    return process


def ended(process: subprocess.Popen[bytes]) -> bytes:
    """What it said on standard error, once it has ended."""
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 0, said
    return said


def total(data: Path) -> float:
    whole = tallies.summed([told for _, told, _ in tallies.read_all(data)])
    return sum(numbers[0] for numbers in whole["tracker_refusals"].series.values())


def living(data: Path) -> list[str]:
    return [told.process.name for _, told, lives in tallies.read_all(data) if lives]


def test_the_counts_of_the_dead_stay_and_their_slot_is_used_again(tmp_path: Path) -> None:
    first = counting(tmp_path, 3, "wait")
    assert (total(tmp_path), living(tmp_path)) == (3, ["wait"])
    first.kill()
    first.communicate()
    assert (total(tmp_path), living(tmp_path)) == (3, [])
    for _ in range(3):
        ended(counting(tmp_path, 4, "end"))
    assert total(tmp_path) == 15
    assert len(list((tmp_path / tallies.FOLDER).glob("*.counts"))) == 1


def test_processes_at_once_count_apart(tmp_path: Path) -> None:
    both = [counting(tmp_path, n, "wait") for n in (1, 2)]
    assert total(tmp_path) == 3
    assert living(tmp_path) == ["wait", "wait"]
    for process in both:
        process.kill()
        process.communicate()


def test_a_fork_counts_for_itself_and_nothing_twice(tmp_path: Path) -> None:
    ended(counting(tmp_path, 5, "fork"))
    assert total(tmp_path) == 15
    assert len(list((tmp_path / tallies.FOLDER).glob("*.counts"))) == 2


def test_a_disk_that_takes_nothing_ends_nobody_and_is_said_once(tmp_path: Path) -> None:
    ended(counting(tmp_path, 6, "end"))
    said = ended(counting(tmp_path, 7, "full")).splitlines()
    assert [json.loads(line)["event"] for line in said] == ["metrics are not written"]
    assert total(tmp_path) == 6


def test_a_slot_that_cannot_be_read_is_as_an_empty_one(tmp_path: Path) -> None:
    ended(counting(tmp_path, 1, "end"))
    (path,) = (tmp_path / tallies.FOLDER).glob("*.counts")
    path.write_bytes(path.read_bytes()[:-3])
    assert total(tmp_path) == 0
    ended(counting(tmp_path, 2, "end"))
    assert total(tmp_path) == 2
