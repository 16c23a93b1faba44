"""What a reader keeps: one JSON file a publication, one CSV of all, and how far it has come.

    snapshots/<market>/<date>.r<revision>.json   the body, in its canonical form
    indicators/<indicator>/<area>.<its first day>/<date>.r<revision>.json   a reported value
    snapshots.csv                                all publications, in their order
    state.json                                   cursor, each market's last digest, the CSV's length

A page is taken over in this order: files, CSV, state. Whoever is stopped in between finds the old
state, cuts the CSV back to the length that it names, and takes the same page again. Reported values
have no chain that would tell which of them were taken: the state names those that are under way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from msgspec import DecodeError, Struct, ValidationError, field, json
from msgspec.structs import replace

from tracker.domain.snapshot import canonical
from tracker.formats import Names, flat_csv
from tracker.pull.checks import FIRST, Untrue, check, name_of
from tracker.pull.values import check_value, is_value, name_before, value_name

HEADER: Final = flat_csv.encode([], {})


class Unusable(Exception):
    """The directory cannot be used; the message says what to do."""


class State(Struct):
    """How far a reader has come at which service."""

    url: str
    cursor: str | None = None
    csv_bytes: int = 0
    heads: dict[str, str] = field(default_factory=dict)
    under_way: list[str] = field(default_factory=list)


class Folder:
    """A reader's directory, of one service."""

    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory
        self._state_file = directory / "state.json"
        self._csv = directory / "snapshots.csv"
        directory.mkdir(parents=True, exist_ok=True)
        self.state = self._read(url)
        if self.state.url != url:
            raise Unusable(f"{directory} was filled from {self.state.url}; use another directory.")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps a second run out; raises `Unusable` where one is under way."""
        try:
            import fcntl  # noqa: PLC0415  # not on Windows, where a run is not guarded
        except ImportError:
            yield
            return
        with (self._directory / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Unusable(f"Another pull into {self._directory} is running.") from None
            self.state = self._read(self.state.url)
            yield

    def take(self, bodies: Sequence[dict[str, Any]], names: Names, cursor: str) -> int:
        """Takes over a page, each body verified first; how many were new.

        A body that is there already (the feed may repeat itself) is passed over. Raises `Untrue`,
        and then has written nothing.
        """
        heads, new, values = dict(self.state.heads), [], dict[str, bytes]()
        for body in bodies:
            if is_value(body):
                if self._is_new(body, values):
                    new.append(body)
                continue
            previous = heads.get(body.get("market", ""), FIRST)
            if body.get("previous_digest") != previous and self._has(body):
                continue
            heads[body.get("market", "")] = check(body, previous)
            new.append(body)
        if values:
            under_way = sorted({*self.state.under_way, *values})
            self._write(self._state_file, json.encode(replace(self.state, under_way=under_way)))
        for body in new:
            self._write(self._path(body), canonical(body))
        csv_bytes = self._append(flat_csv.encode(new, names, header=False))
        rest = [name for name in self.state.under_way if name not in values]
        self.state = State(self.state.url, cursor, csv_bytes, heads, rest)
        self._write(self._state_file, json.encode(self.state))
        return len(new)

    def _read(self, url: str) -> State:
        try:
            return json.decode(self._state_file.read_bytes(), type=State)
        except FileNotFoundError:
            return State(url)
        except (DecodeError, ValidationError) as bad:
            raise Unusable(f"{self._state_file} cannot be read; use a new directory.") from bad

    def _has(self, body: dict[str, Any]) -> bool:
        """Whether just this body, verified then, was taken over with an earlier page."""
        path = self._path(body)
        return path.exists() and path.read_bytes() == canonical(body)

    def _is_new(self, value: dict[str, Any], taken: dict[str, bytes]) -> bool:
        """Whether a value is to be taken, verified then and noted among those of this page.

        Raises `Untrue` where it is not what came before, or a revision before it never came.
        """
        name, body = check_value(value), canonical(value)
        there = taken.get(name)
        if there is None and name not in self.state.under_way and self._path(value).exists():
            there = self._path(value).read_bytes()
        if there is not None:
            if there != body:
                raise Untrue(f"{name}: this revision was another one before.")
            return False
        before = name_before(value)
        if before is not None and before not in taken and not self._file("indicators", before):
            raise Untrue(f"{name}: the revision before it never came.")
        taken[name] = body
        return True

    def _file(self, kind: str, name: str) -> bool:
        return (self._directory / kind / f"{name}.json").exists()

    def _path(self, body: dict[str, Any]) -> Path:
        if is_value(body):
            return self._directory / "indicators" / f"{value_name(body)}.json"
        return self._directory / "snapshots" / f"{name_of(body)}.json"

    def _append(self, rows: bytes) -> int:
        start = self.state.csv_bytes
        there = self._csv.exists()
        with self._csv.open("r+b" if there else "w+b") as file:
            if there and start and file.read(len(HEADER)) != HEADER:
                raise Unusable(
                    f"{self._csv} has the columns of another version. Move it away; the next pull "
                    "begins a new one."
                )
            if not there or not start:
                start = file.seek(0)
                rows = HEADER + rows
            file.seek(start)
            file.truncate()
            file.write(rows)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def _write(self, path: Path, data: bytes) -> None:
        """The whole file or none: a reader never sees half of one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.part")
        with half.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
