"""The master key: where it is kept, how it is found, and how the first one is made.

Losing it loses every name and account number in the store; it is therefore never in the store
and never in a backup, and every error here says what to do.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from tracker.domain.errors import TrackerError

KEY_BYTES = 32
KEY_ID_BYTES = 4
MASTER_KEY_FILE = "master.key"
MASTER_KEY_ENV = "TRACKER_MASTER_KEY"


class BadMasterKey(TrackerError):
    """The master key is missing, malformed, readable by others, or not the one that was used."""

    status = 500
    title = "Master key not usable"
    default_code = "BAD_MASTER_KEY"


class MasterKey:
    """One master key: `secret` (32 bytes) and its `id` (4 bytes, safe to show and to store)."""

    __slots__ = ("id", "secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise BadMasterKey(f"A master key has {KEY_BYTES} bytes, this one has {len(secret)}.")
        self.secret = secret
        self.id = hashlib.sha256(b"tracker/v1/master-key-id\0" + secret).digest()[:KEY_ID_BYTES]

    def __repr__(self) -> str:
        return f"MasterKey(id={self.id.hex()})"


def load_master_keys(
    data_dir: Path,
    env_value: str | None,
    *,
    create: bool = True,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> tuple[MasterKey, ...]:
    """The master keys, newest first: those of `env_value`, then that of `data_dir/master.key`.

    Both hold base64 of 32 bytes, several separated by commas. Where both exist the file's key is
    the older one, so that a key can move from the file to the environment without losing data.
    Where neither exists a file is made (mode 0600, synced, never replacing another process's), or
    with `create=False` refused: pass that once a store holds data, for a new key opens none of it.

    Raises BadMasterKey, whose detail says what to do.
    """
    path = data_dir / MASTER_KEY_FILE
    keys = _parse_keys(env_value, MASTER_KEY_ENV) if env_value and env_value.strip() else []
    try:
        found = _read_key_file(path)
        if found is None and not keys:
            if not create:
                raise BadMasterKey(
                    f"No master key: set {MASTER_KEY_ENV} or put {path} back from its safe copy. "
                    "Names and accounts in this store open only with the key that sealed them."
                )
            _create_key_file(path, random_bytes)
            found = _read_key_file(path)
    except OSError as error:
        raise BadMasterKey(
            f"{path}: {error.strerror}. Make it readable and writable for the service's user, "
            f"or set {MASTER_KEY_ENV}."
        ) from error
    if found is not None:
        keys += _parse_keys(found, str(path))
    distinct: dict[bytes, MasterKey] = {}
    for key in keys:
        distinct.setdefault(key.id, key)
    return tuple(distinct.values())


class KeySource:
    """Where a process has its master keys from, and whether the file changed since."""

    def __init__(self, data_dir: Path, env_value: str | None) -> None:
        self._data_dir = data_dir
        self._env_value = env_value
        self._seen: object = None

    def load(self, *, create: bool) -> tuple[MasterKey, ...]:
        """As `load_master_keys`."""
        self._seen = self._mark()
        keys = load_master_keys(self._data_dir, self._env_value, create=create)
        self._seen = self._seen or self._mark()
        return keys

    def changed(self) -> tuple[MasterKey, ...] | None:
        """The keys, where another file stands there now; None where the same one does, or none.

        Raises BadMasterKey where it cannot be used: going on under a key that is being replaced
        could seal what nobody opens any more.
        """
        mark = self._mark()
        if mark is None or mark == self._seen:
            return None
        keys = load_master_keys(self._data_dir, self._env_value, create=False)
        self._seen = mark
        return keys

    def _mark(self) -> object:
        try:
            found = (self._data_dir / MASTER_KEY_FILE).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def in_file(data_dir: Path) -> tuple[MasterKey, ...]:
    """The keys of the file alone, newest first; none where there is no file."""
    path = data_dir / MASTER_KEY_FILE
    found = _read_key_file(path)
    return () if found is None else tuple(_parse_keys(found, str(path)))


def put_in_file(data_dir: Path, keys: Sequence[MasterKey]) -> None:
    """These keys, newest first, in place of those in the file (mode 0600, synced, in one step)."""
    path = data_dir / MASTER_KEY_FILE
    draft = _draft(path, ",".join(base64.b64encode(key.secret).decode() for key in keys))
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise
    _sync(path.parent)


def _parse_keys(text: str, source: str) -> list[MasterKey]:
    keys = []
    for number, part in enumerate(text.split(","), start=1):
        try:
            secret = base64.b64decode(part.strip(), validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != KEY_BYTES:
            raise BadMasterKey(
                f"{source}: key {number} is not base64 of {KEY_BYTES} bytes. Put the right key "
                "back; a first one is made by: openssl rand -base64 32"
            )
        keys.append(MasterKey(secret))
    return keys


def _read_key_file(path: Path) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            raise BadMasterKey(f"{path} is not a file: put the file with the master key there.")
        if mode & 0o077:
            raise BadMasterKey(
                f"{path} has mode {stat.S_IMODE(mode):04o}, others may read it: chmod 600 {path}"
            )
        return os.read(fd, 4096).decode("ascii", "replace")
    finally:
        os.close(fd)


def _create_key_file(path: Path, random_bytes: Callable[[int], bytes]) -> None:
    # The key is written and synced under a name of its own and then linked: the final name never
    # shows half a key, and of two processes that start at once the second keeps the first's.
    draft = _draft(path, base64.b64encode(random_bytes(KEY_BYTES)).decode())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
        _sync(path.parent)


def _draft(path: Path, text: str) -> Path:
    """A file beside the path with this line, synced, for its owner alone."""
    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb") as file:
            os.fchmod(fd, 0o600)
            file.write(text.encode() + b"\n")
            file.flush()
            os.fsync(fd)
    except BaseException:
        draft.unlink()
        raise
    return draft


def _sync(directory: Path) -> None:
    opened = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
