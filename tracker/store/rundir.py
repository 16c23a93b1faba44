"""What the embedded store keeps in its data directory besides the log of facts.

``store.lock``    held (flock) by the supervisor *and* by the server: a directory has one writer,
                  also in the moment between the death of the one and of the other
``store.socket``  where the running server listens, and for which directory
``store.log``     what the server says; the one before is ``store.log.1``

The socket itself lies in a short private directory: a path of a unix socket has at most 103
(macOS) or 107 (Linux) bytes, and a data directory may be longer.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from tracker.domain.errors import Unavailable

LOCK, WHERE, LOG = "store.lock", "store.socket", "store.log"
PREFIX, SOCKET = "tracker-", "s"
SOCKET_PATH_BYTES_MAX = 103  # macOS, without the closing NUL; Linux has 107


class StoreNotStarted(Unavailable):
    """The embedded store could not be started; the detail is one line that says what to do."""

    title = "Store not started"
    default_code = "STORE_NOT_STARTED"


def lock(
    data_dir: Path, *, wait_s: float = 5.0, clock: Callable[[], float] = time.monotonic
) -> int:
    """Take the lock of a directory; its file descriptor, to be inherited and at the end closed.

    Refuses at once while the process that holds it lives. Where that one is dead and its server
    is just ending, waits up to ``wait_s`` seconds. Raises `StoreNotStarted`.
    """
    path = data_dir / LOCK
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    limit = clock() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(handle, 20, 0).decode().strip()
            lives = owner.isdigit() and _lives(int(owner))
            if lives or clock() >= limit:
                os.close(handle)
                whose = f"process {owner}" if lives else "a valkey-server that was left over"
                raise StoreNotStarted(
                    f"{data_dir} is in use by {whose}:"
                    " stop that one first, or give another directory with --data"
                ) from None
            Event().wait(0.01)
        except OSError as error:  # a file system without locks
            os.close(handle)
            raise StoreNotStarted(
                f"{path} cannot be locked ({error.strerror}): use a local disk for --data"
            ) from error
        else:
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            return handle


def place_socket(data_dir: Path) -> Path:
    """A path for the server's socket in a private directory, noted in ``store.socket``.

    To be called under the lock. A directory left over from a server that was killed is used
    again, so clients that outlived it find the next one. Raises `StoreNotStarted`.
    """
    old = _noted(data_dir)
    if old is not None and _is_private(old.parent):
        old.unlink(missing_ok=True)
        return old
    try:
        place = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_short_base())) / SOCKET
    except OSError as error:
        raise StoreNotStarted(
            f"no directory for the store's socket ({error.strerror}):"
            " set TMPDIR to a short writable path"
        ) from error
    note = data_dir / (WHERE + ".new")
    note.write_text(f"{place}\n{_identity(data_dir)}\n")
    note.replace(data_dir / WHERE)
    return place


def remove_socket(data_dir: Path) -> None:
    """Forget the socket after a clean stop. To be called under the lock."""
    place = _noted(data_dir)
    if place is not None and _is_private(place.parent):
        shutil.rmtree(place.parent, ignore_errors=True)
    (data_dir / WHERE).unlink(missing_ok=True)


def socket_of(data_dir: Path) -> Path | None:
    """The socket of the server that runs on a data directory; None where none listens.

    For the processes that are given only ``--data DIR``. A note left over from a killed server,
    or copied along with the directory, is not taken for one. Raises `StoreNotStarted` where the
    directory belongs to another user.
    """
    try:
        place = _noted(data_dir)
        if place is None or not stat.S_ISSOCK(place.stat().st_mode):
            return None
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            probe.connect(str(place))
    except PermissionError as error:
        raise StoreNotStarted(
            f"{data_dir} belongs to another user: run this as the user who started the store"
        ) from error
    except TimeoutError:
        return place  # somebody listens and is busy
    except OSError:
        return None
    return place


def ping(place: Path) -> bytes:
    """What a server answers to PING (``+PONG``, ``-LOADING …``); empty where none answers."""
    return tell(place, ("PING",))


def tell(place: Path, words: tuple[str, ...], timeout_s: float = 1.0) -> bytes:
    """What a server answers in a line to a command of plain words; empty where none answers."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(timeout_s)
            probe.connect(str(place))
            probe.sendall(f"{' '.join(words)}\r\n".encode())
            return probe.recv(256).strip()
    except OSError:
        return b""


def open_log(data_dir: Path, bytes_max: int) -> int:
    """A descriptor to append to the log; one that grew past the limit becomes ``store.log.1``."""
    path = data_dir / LOG
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > bytes_max:
            path.replace(data_dir / (LOG + ".1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def last_words(data_dir: Path) -> str:
    """The last line of the log, without process id and date."""
    with contextlib.suppress(OSError), (data_dir / LOG).open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - 4096))
        lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        if lines:
            return lines[-1].rpartition(" # ")[2].strip()
    return "it said nothing"


def clear_leftovers(data_dir: Path) -> None:
    """Remove the half-written files of a rewrite that was killed: nothing else ever does."""
    for pattern in ("temp-*.rdb", "temp-*.aof", "appendonlydir/temp-*"):
        for path in data_dir.glob(pattern):
            path.unlink(missing_ok=True)


def _noted(data_dir: Path) -> Path | None:
    """The path in ``store.socket``, if the note was made for this very directory."""
    try:
        place, directory = (data_dir / WHERE).read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return Path(place) if directory == _identity(data_dir) else None


def _identity(data_dir: Path) -> str:
    """Device and inode: a copy of the directory is another one, whatever files came along."""
    found = data_dir.stat()
    return f"{found.st_dev}:{found.st_ino}"


def _is_private(folder: Path) -> bool:
    """Ours, named by us, and closed to everybody else."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode)
        and folder.name.startswith(PREFIX)
        and found.st_uid == os.geteuid()
        and not found.st_mode & 0o077
    )


def _short_base() -> str:
    """A directory for temporary files whose path leaves room for ours."""
    room = SOCKET_PATH_BYTES_MAX - len(f"/{PREFIX}12345678/{SOCKET}")
    bases = (tempfile.gettempdir(), "/tmp")  # noqa: S108  # mkdtemp makes a private one in it
    return next((base for base in bases if len(os.fsencode(base)) <= room), bases[1])


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
