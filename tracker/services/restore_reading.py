"""Reading a backup: is it whole, do its ledgers hold, do the master keys open it?

Nothing here needs a store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from tracker.access.master_key import BadMasterKey, MasterKey
from tracker.access.vault import Keyring
from tracker.domain.errors import Invalid
from tracker.services import backup
from tracker.services.backup_check import LedgerCheck
from tracker.services.backup_files import Manifest
from tracker.services.backup_lines import (
    Entry,
    KeysLine,
    LedgerBegins,
    LedgerEnds,
    LedgerLine,
    SealLine,
    raw_of,
)
from tracker.services.backup_reading import BadBackup, Lines, check_files, damaged, read_manifest
from tracker.services.restore_point import Point
from tracker.store.schema_version import SCHEMA
from tracker.store.secrets import LOOKUP


class Given(Struct, frozen=True):
    """What is restored, by which keys: the folder, where its keys are if they were kept apart.

    `erased` is a newer list of the erased: vendor code → when (ms).
    """

    place: Path
    masters: Sequence[MasterKey] = ()
    point: Point = Point()
    keys_file: Path | None = None
    erased: Mapping[str, int] = {}

    def path(self, name: str) -> Path:
        """Where a file of the backup lies."""
        if name == backup.KEYS and self.keys_file is not None:
            return self.keys_file
        return self.place / name


def check(given: Given) -> Manifest:
    """Every file is as it was written. Raises `BadBackup`."""
    manifest = read_manifest(given.place)
    if manifest.schema > SCHEMA:
        raise BadBackup(
            f"This backup is of a store of version {manifest.schema}, this program knows {SCHEMA}. "
            f"Restore it by the program that made it ({manifest.program}) or a newer one.",
            code="BACKUP_NEWER",
        )
    check_files({name: given.path(name) for name in manifest.files}, manifest)
    unknown = sorted(given.point.positions.keys() - manifest.ledgers.keys())
    if unknown:
        raise Invalid(f"This backup has no ledger {unknown[0]}. Correct --to.")
    return manifest


def check_ledgers(given: Given) -> Manifest:
    """As `check`, and every ledger without gaps, seals and ends that fit. Raises `BadBackup`."""
    manifest = check(given)
    for ledger in ledgers_of(given, manifest):
        for _ in ledger.lines():
            pass
    return manifest


def keyring_of(given: Given, manifest: Manifest) -> Keyring:
    """The keys of this backup: every one that it needs is there, and they open its secrets.

    Raises `BadMasterKey`, `Tampered`.
    """
    missing = sorted(set(manifest.master_keys) - {key.id.hex() for key in given.masters})
    if missing:
        raise BadMasterKey(
            f"This backup was sealed under master key {', '.join(missing)}, which is not here. Put "
            "it into master.key of the data directory or into TRACKER_MASTER_KEY. Nothing was "
            "written."
        )
    first = next(iter(Lines[KeysLine](given.path(backup.KEYS), KeysLine)), None)
    if first is None or LOOKUP not in first.keys:
        raise damaged(backup.KEYS, "the installation's secrets are not in it")
    secret = Keyring(given.masters).unwrap(first.keys[LOOKUP])
    return Keyring(given.masters, lookup_secret=secret)


class Ledger:
    """One ledger of the file; its lines are checked as they go by."""

    def __init__(self, name: str, lines: Iterator[LedgerLine], manifest: Manifest) -> None:
        self.name = name
        self._lines = lines
        self._end = manifest.ledgers.get(name)

    def lines(self) -> Iterator[tuple[Entry, bytes] | SealLine]:
        """Entries with the facts as the store has them, and seals. Raises `BadBackup`."""
        check = LedgerCheck(self.name, lambda why: damaged(backup.LEDGERS, why))
        for line in self._lines:
            match line:
                case Entry():
                    try:
                        raw = raw_of(line)
                    except (ValueError, IndexError, TypeError):
                        why = f"entry {line.position} of {self.name} is none"
                        raise damaged(backup.LEDGERS, why) from None
                    check.add(line.position, line.subject.encode(), raw)
                    yield line, raw
                case SealLine():
                    check.seal(line)
                    yield line
                case LedgerEnds():
                    found = (check.position, check.digest)
                    should = self._end and (self._end.position, self._end.digest)
                    if found == (line.position, line.digest) == should:
                        return
                    break
                case _:
                    break
        raise damaged(backup.LEDGERS, f"the ledger {self.name} does not end as it should")


def ledgers_of(given: Given, manifest: Manifest) -> Iterator[Ledger]:
    """Every ledger of a backup in its order; each is to be read to its end before the next."""
    lines = iter(Lines[LedgerLine](given.path(backup.LEDGERS), LedgerLine))
    names = []
    for line in lines:
        if not isinstance(line, LedgerBegins):
            raise damaged(backup.LEDGERS, "a line that belongs to no ledger")
        names.append(line.name)
        yield Ledger(line.name, lines, manifest)
    if sorted(names) != sorted(manifest.ledgers):
        raise damaged(backup.LEDGERS, "it has not the ledgers that the manifest names")
