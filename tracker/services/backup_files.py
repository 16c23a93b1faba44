"""The files of a backup: written once, for their owner alone, and read only when they are whole.

A backup is a folder. Its files are gzip of JSON lines; `manifest.json`, made last, has the size and
the SHA-256 of each. The folder gets its name when all of it is on the disk, so what has the name is
whole, and what has no manifest was never finished.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from msgspec import Struct, json, structs

from tracker.domain.errors import Conflict
from tracker.domain.snapshot import canonical

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
"""The form of the files; raised where an older program could not read them."""

LEVEL: Final = 1
"""Of compression: 6 takes three times as long for a tenth less, ciphertext does not shrink."""

BLOCK: Final = 256 * 1024
"""Bytes that are compressed, hashed and read at a time."""

GZIP: Final = 31
"""What zlib calls the gzip form with the largest window."""


class FileSeal(Struct, frozen=True):
    """A file's size in bytes, its SHA-256 (hex), and its lines."""

    bytes: int
    sha256: str
    lines: int


class LedgerEnd(Struct, frozen=True):
    """Where a ledger ends: its last position, and the digest that its last line has."""

    position: int
    digest: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup is, made last. `digest` is SHA-256 of its canonical JSON without itself."""

    format: int
    schema: int
    program: str
    began_at: str
    ended_at: str
    master_keys: list[str]
    vendors: int
    publications: int
    entries: int
    ledgers: dict[str, LedgerEnd]
    files: dict[str, FileSeal]
    digest: str = ""


class LinesWriter:
    """A file of JSON lines in the making; `close` says what it has become."""

    def __init__(self, path: Path) -> None:
        self._file = _create(path)
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self._size = self._lines = 0

    def add(self, line: bytes | Struct) -> None:
        """One line."""
        self._buffer += line if isinstance(line, bytes) else _encode(line)
        self._buffer += b"\n"
        self._lines += 1
        if len(self._buffer) >= BLOCK:
            self._put(self._packer.compress(self._buffer))
            self._buffer.clear()

    def _put(self, packed: bytes) -> None:
        self._hash.update(packed)
        self._size += len(packed)
        _write_all(self._file, packed)

    def close(self) -> FileSeal:
        """The file is whole and on the disk."""
        self._put(self._packer.compress(self._buffer) + self._packer.flush())
        os.fsync(self._file)
        self.abandon()
        return FileSeal(self._size, self._hash.hexdigest(), self._lines)

    def abandon(self) -> None:
        """Nobody writes to it any more."""
        os.close(self._file)


class NewBackup:
    """A backup in the making, beside its place; given its name by `finish`, else taken away."""

    def __init__(self, place: Path) -> None:
        self.place = place.absolute()
        self._draft = self.place.with_name(f".{self.place.name}.{os.urandom(4).hex()}.partial")
        self._writers: dict[str, LinesWriter] = {}
        self._files: dict[str, FileSeal] = {}

    def __enter__(self) -> Self:
        if self.place.exists():
            raise Conflict(
                f"{self.place} is there already. Give a name that is free; a backup replaces none.",
                code="BACKUP_EXISTS",
            )
        self.place.parent.mkdir(parents=True, exist_ok=True)
        self._draft.mkdir(mode=0o700)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _where: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.abandon()
        if self._draft.exists():
            shutil.rmtree(self._draft)

    def lines(self, name: str) -> LinesWriter:
        """The file with this name, begun by being asked for."""
        if name not in self._writers:
            self._writers[name] = LinesWriter(self._draft / name)
        return self._writers[name]

    def plain(self, name: str, content: bytes) -> None:
        """A small file as it is."""
        file = _create(self._draft / name)
        _write_all(file, content)
        os.fsync(file)
        os.close(file)
        digest = hashlib.sha256(content).hexdigest()
        self._files[name] = FileSeal(len(content), digest, content.count(b"\n"))

    def close(self) -> dict[str, FileSeal]:
        """All files are whole."""
        for name, writer in self._writers.items():
            self._files[name] = writer.close()
        self._writers.clear()
        return dict(self._files)

    def finish(self, manifest: Manifest) -> Manifest:
        """The manifest as it is written, and the folder in its place."""
        whole = structs.replace(manifest, digest=digest_of(manifest))
        self.plain(MANIFEST, json.format(json.encode(whole), indent=1))
        _sync(self._draft)
        self._draft.rename(self.place)
        _sync(self.place.parent)
        return whole


def digest_of(manifest: Manifest) -> str:
    """SHA-256 (hex) of a manifest's canonical JSON without its digest."""
    bare = json.decode(json.encode(structs.replace(manifest, digest="")))
    return hashlib.sha256(canonical(bare)).hexdigest()


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _write_all(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]


def _sync(directory: Path) -> None:
    opened = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


_encode: Final = json.Encoder().encode
