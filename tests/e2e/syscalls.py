"""The system calls of a store, as strace tells them: what was answered before it was on the disk?

A commit's answer names the ledger position that it reached. In the log the same commit ends with
EXEC. So each answer can be held against the log: its commit must have been written *and* synced
before the first byte of the answer left. A call counts as begun when it is entered and as done when
it returned, whichever thread made it; that is the order that is hardest on the store.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

CALLS = "write,writev,pwrite64,sendto,sendmsg,fdatasync,fsync"
_CALL = re.compile(rb"(\d+) +(\w+)\((\d+)<(.*)", re.DOTALL)
_RESUMED = re.compile(rb"(\d+) +<\.\.\. (\w+) resumed>(.*)", re.DOTALL)
_RESULT = re.compile(rb"\) += (-?\d+)")
_TEXT = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')
_DONE = re.compile(rb"\*2\r\n\$4\r\ndone\r\n:(\d+)\r\n")
_EXEC = b"*1\r\n$4\r\nEXEC\r\n"


class Call(NamedTuple):
    """A call that is entered (`result` None) or that returned; `place` is the file or socket."""

    thread: bytes
    name: str
    place: bytes
    data: bytes
    result: int | None


class Found(NamedTuple):
    """What a trace came to."""

    answers: int
    syncs: int
    early: list[int]
    """Positions that were answered before they were synced."""

    unsynced: int
    """Answers of any kind that left while the log had bytes that no sync had followed."""


@contextmanager
def traced(pid: int, out: Path) -> Iterator[None]:
    """Traces a process, threads and all, while the body runs; skips where that cannot be done."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    command = ["strace", "-f", "-yy", "-xx", "-s", str(1 << 24), "-e", f"trace={CALLS}"]
    with subprocess.Popen(
        [*command, "-o", str(out), "-p", str(pid)], stderr=subprocess.PIPE
    ) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        if b"attached" not in said:
            strace.wait()
            pytest.skip(f"this machine lets no process be traced: {said.decode().strip()}")
        try:
            yield
        finally:
            strace.terminate()


def calls(trace: Path) -> Iterator[Call]:
    """Every call of a trace, as entered and as returned."""
    open_: dict[bytes, Call] = {}
    for line in trace.read_bytes().splitlines():
        if resumed := _RESUMED.match(line):
            entered = open_.pop(resumed[1], None)
            if entered is not None:
                yield entered._replace(result=_result(resumed[3]))
            continue
        call = _CALL.match(line)
        if call is None:
            continue  # a signal, an exit
        place, _, rest = call[4].partition(b">, ") if b'"' in call[4] else (call[4], b"", b"")
        data = b"".join(_unhex(text) for text in _TEXT.findall(rest))
        entered = Call(call[1], call[2].decode(), _path(place), data, None)
        yield entered
        if line.endswith(b"<unfinished ...>"):
            open_[call[1]] = entered
        else:
            yield entered._replace(result=_result(line))


def check(trace: Path, market: str) -> Found:
    """Holds every answered commit of a market against the log."""
    position = re.compile(rb"\{m:" + market.encode() + rb"\}:ledger\r\n\$\d+\r\n0-(\d+)\r\n")
    written: dict[bytes, int] = {}
    carry: dict[bytes, bytes] = {}
    synced: dict[bytes, int] = {}
    syncing: dict[bytes, int] = {}
    ends: dict[int, tuple[bytes, int]] = {}
    answers = syncs = unsynced = 0
    early = []
    for call in calls(trace):
        log = call.place.endswith(b".aof") and b"temp-" not in call.place
        if log and call.name in {"fdatasync", "fsync"}:
            if call.result is None:
                syncing[call.thread] = written.get(call.place, 0)
            elif call.result == 0:
                syncs += 1
                synced[call.place] = max(synced.get(call.place, 0), syncing[call.thread])
        elif log and call.result is not None and call.result > 0:
            before = carry.get(call.place, b"")
            start = written.get(call.place, 0) - len(before)
            written[call.place] = written.get(call.place, 0) + call.result
            *whole, carry[call.place] = (before + call.data[: call.result]).split(_EXEC)
            for part in whole:
                start += len(part) + len(_EXEC)
                for found in position.findall(part):
                    ends[int(found)] = call.place, start
        elif call.place.startswith(b"UNIX-STREAM") and call.result is None:
            unsynced += any(synced.get(path, 0) < size for path, size in written.items())
            for answer in _DONE.findall(call.data):
                answers += 1
                path, end = ends.get(int(answer), (b"", 1))
                if synced.get(path, 0) < end:
                    early.append(int(answer))
    return Found(answers, syncs, early, unsynced)


def _result(text: bytes) -> int:
    found = _RESULT.search(text)
    return int(found[1]) if found else -1


def _path(place: bytes) -> bytes:
    """The path of a file descriptor, or the kind of its socket."""
    text = place.partition(b">")[0]
    return _unhex(text) if text.startswith(b"\\x") else text


def _unhex(text: bytes) -> bytes:
    return bytes.fromhex(text.replace(b"\\x", b"").decode())
