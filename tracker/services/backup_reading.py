"""A backup's files as they are read: whole and as they were written, or refused by name."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import DecodeError, ValidationError, convert, json

from tracker.domain.errors import Invalid
from tracker.services.backup_files import BLOCK, FORMAT, GZIP, MANIFEST, Manifest, digest_of

T = TypeVar("T")


class BadBackup(Invalid):
    """A backup that is not whole, or not what was written; the detail names the file."""

    title = "Backup not usable"
    default_code = "BACKUP_DAMAGED"


class Lines(Generic[T]):
    """A file's lines in their order, one at a time; `take` gives those of one space."""

    def __init__(self, path: Path, type_: type[T] | Any) -> None:
        self._lines = _lines(path)
        self._decoder = json.Decoder(type_)
        self._name = path.name
        self._next: T | None = None

    def __iter__(self) -> Iterator[T]:
        if self._next is not None:
            yield self._next
            self._next = None
        for line in self._lines:
            yield self._decode(line)

    def take(self, space: str) -> Iterator[T]:
        """The lines that come next, as long as they are of this space."""
        for line in self:
            if getattr(line, "space") != space:  # noqa: B009  # of the types that have one
                self._next = line
                return
            yield line

    def _decode(self, line: bytes) -> T:
        try:
            decoded: T = self._decoder.decode(line)
        except (DecodeError, UnicodeDecodeError):
            raise damaged(self._name, "a line that is none of its form") from None
        return decoded


def read_manifest(place: Path) -> Manifest:
    """The manifest of a backup; raises `BadBackup` where there is none, or not as written."""
    try:
        raw = (place / MANIFEST).read_bytes()
    except OSError:
        raise BadBackup(
            f"{place} has no {MANIFEST}: it is no backup, or one that was never finished. "
            "Take another one."
        ) from None
    try:
        found = json.decode(raw)
        if found["format"] != FORMAT:
            raise BadBackup(
                f"{place} has form {found['format']}, this program reads {FORMAT}. Restore it by "
                f"the program that made it ({found['program']}).",
                code="BACKUP_NEWER",
            )
        manifest = convert(found, Manifest)
    except (DecodeError, UnicodeDecodeError, ValidationError, KeyError, TypeError):
        raise damaged(MANIFEST, "not what a manifest is") from None
    if manifest.digest != digest_of(manifest):
        raise damaged(MANIFEST, "its digest does not hold")
    return manifest


def check_files(places: Mapping[str, Path], manifest: Manifest) -> None:
    """Every file has the size and the SHA-256 that the manifest says.

    `places` says where each lies. Raises `BadBackup` with all that are not so.
    """
    wrong = []
    for name, seal in manifest.files.items():
        path = places[name]
        try:
            found = _hash_of(path)
        except OSError as error:
            wrong.append(f"{path} ({error.strerror})")
            continue
        if found[0] != seal.bytes:
            wrong.append(f"{path} ({found[0]} bytes, not {seal.bytes})")
        elif found[1] != seal.sha256:
            wrong.append(f"{path} (its SHA-256 is another one)")
    if wrong:
        raise BadBackup(
            f"Not as they were written: {', '.join(wrong)}. Nothing was restored; take another "
            "copy of this backup, or an older one."
        )


def damaged(name: str, why: str) -> BadBackup:
    """The refusal of one file."""
    return BadBackup(f"{name} is damaged: {why}. Take another copy, or an older backup.")


def _hash_of(path: Path) -> tuple[int, str]:
    found, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
            size += len(block)
    return size, found.hexdigest()


def _lines(path: Path) -> Iterator[bytes]:
    unpacker, rest = zlib.decompressobj(GZIP), b""
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                lines = (rest + unpacker.decompress(block)).split(b"\n")
                rest = lines.pop()
                yield from lines
    except zlib.error:
        raise damaged(path.name, "it does not unpack") from None
    if rest or not unpacker.eof:
        raise damaged(path.name, "it ends in the middle")
