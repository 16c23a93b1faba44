"""Our own supervision of a Valkey server, for installations that have none.

One thread owns the server: it starts it, waits for its end, and starts it again. That thread must
live as long as the server, because on Linux the kernel kills a child when the *thread* that
started it ends; so `EmbeddedServer.start` may be called from any thread, also by
``asyncio.to_thread``.

The server's log of facts is written and synced before each answer (``appendfsync always``). A
full disk therefore ends it. So it is told to take no more writes while there is still some room
(`tracker.store.diskguard`); where that came too late, it is started again only when there is room.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Literal, Self
from urllib.parse import quote

from msgspec import Struct

from tracker.observe.meters import RESTARTS
from tracker.store import rundir
from tracker.store.binary import Tie, check_version, command, find_binary
from tracker.store.diskguard import DiskGuard
from tracker.store.rundir import StoreNotStarted, socket_of

__all__ = ["EmbeddedServer", "Limits", "State", "StoreNotStarted", "socket_of", "url_of"]

State = Literal["stopped", "loading", "ready", "down", "no_space", "failed"]
"""``down``: it died and is about to be started again. ``no_space``: it died of a full disk and
waits for room. ``failed``: its first start in this process did not succeed."""

STORE_DB, QUEUE_DB = 0, 1
WRITE_ERROR_EXIT = 1  # Valkey's exit code when it cannot write its log; signals are negative
log = logging.getLogger(__name__)


class Limits(Struct, frozen=True, kw_only=True):
    """Times in seconds and sizes in bytes of the supervision."""

    start_s: float = 300.0  # loading: about 30 000 vendors a second from the raw log
    stop_s: float = 20.0  # a clean end syncs the log; after this it is killed
    backoff_first_s: float = 0.1  # doubled with each death in a row
    backoff_max_s: float = 10.0
    stable_s: float = 60.0  # ready this long: the next death counts as the first
    free_bytes_min: int = 512 << 20  # less free on the disk: no writes; a new start waits for it
    memory_bytes_max: int = 0  # a server that holds so much takes no writes; 0 is without limit
    look_s: float = 1.0  # between two looks at the disk: what fills it faster ends the server
    log_bytes_max: int = 1 << 20  # of store.log, checked at each start; one older file is kept


def url_of(place: Path, *, db: int = STORE_DB) -> str:
    """The URL for a client of the server that listens on this socket."""
    return f"unix://{quote(str(place))}?db={db}"


class EmbeddedServer:
    """A Valkey server on a unix socket, durable, restarted when it dies.

    It ends with this process, however that ends. Use as a context manager, or `start` and
    `stop`; both block and may be called in a thread. What a test replaces is an argument:
    `binary` (the file of the server), `free_space` (bytes free for a directory), `clock`
    (seconds, monotonic), and `tie`, the way of ending with this process (`tracker.store.launch`).
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        limits: Limits | None = None,
        binary: Path | None = None,
        free_space: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
        clock: Callable[[], float] = time.monotonic,
        tie: Tie = "kernel" if sys.platform == "linux" else "pipe",
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.limits = limits or Limits()
        self._binary = binary
        self._free_space = free_space
        self._clock = clock
        self._tie = tie
        self._changed = Condition()
        self._stopping = Event()
        self._state: State = "stopped"
        self._restarts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: Thread | None = None
        self._socket: Path | None = None
        self._lock = -1
        self._owner = 0
        self._was_ready = False  # since `start`
        self._fault = ""  # of the last end
        self._guard = DiskGuard(
            self.data_dir,
            free_bytes_min=self.limits.free_bytes_min,
            memory_bytes_max=self.limits.memory_bytes_max,
            free_space=free_space,
            tell=rundir.tell,
        )

    @property
    def takes_writes(self) -> bool:
        """Whether the disk has room; a server that takes none still answers reads."""
        return not self._guard.refusing

    @property
    def state(self) -> State:
        """What the server is doing now."""
        return self._state

    @property
    def restarts(self) -> int:
        """How often it died and was ready again since `start`."""
        return self._restarts

    @property
    def pid(self) -> int | None:
        """The process that is supervised (with ``tie="pipe"`` the launcher, else the server)."""
        return self._process.pid if self._process else None

    def url(self, db: int = STORE_DB) -> str:
        """For `tracker.store.client`; stays the same over restarts. Raises `StoreNotStarted`."""
        if self._socket is None:
            raise StoreNotStarted("the embedded store is not running: start it first")
        return url_of(self._socket, db=db)

    def start(self) -> Self:
        """Start and wait until it has loaded its log and answers PING.

        Raises `StoreNotStarted` where the directory is in use, the platform has no server, it
        ended at once, or it is not ready after ``limits.start_s``; nothing is left running then.
        """
        if self._thread is not None:
            raise StoreNotStarted(f"the store of {self.data_dir} was started already")
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            binary = self._binary or find_binary(self.data_dir)
            check_version(binary)
            self._lock = rundir.lock(self.data_dir)
        except OSError as error:
            raise StoreNotStarted(
                f"{self.data_dir} cannot be used ({error.strerror}): give another one with --data"
            ) from error
        self._owner = os.getpid()
        try:
            self._socket = rundir.place_socket(self.data_dir)
            self._begin(binary, self._socket)
        except BaseException:
            self.stop()
            raise
        return self

    def _begin(self, binary: Path, place: Path) -> None:
        """Start the thread and wait for its first server. Raises `StoreNotStarted`."""
        self._restarts, self._was_ready, self._fault = 0, False, ""
        self._stopping.clear()
        self._set("loading")
        self._thread = Thread(
            target=self._supervise, args=(binary, place), name="store", daemon=True
        )
        self._thread.start()
        Thread(target=self._look_at_disk, args=(place,), name="store-disk", daemon=True).start()
        if not self.wait_for("ready", "failed", timeout_s=self.limits.start_s):
            raise StoreNotStarted(
                f"the store of {self.data_dir} is not ready after {self.limits.start_s:g} s"
                f" ({rundir.last_words(self.data_dir)}): see {rundir.LOG} there"
            )
        if self._state == "failed":
            raise StoreNotStarted(self._why_it_ended())

    def stop(self) -> None:
        """End the server cleanly (its log synced), by force after ``limits.stop_s``.

        May be called twice. A forked copy of this process ends nothing.
        """
        if self._lock < 0 or self._owner != os.getpid():
            return
        with self._changed:  # the thread starts no other one after this
            self._stopping.set()
            process = self._process
        if self._thread is not None and self._thread.ident is not None:
            if process is not None and process.stdin:
                process.stdin.close()  # the launcher's sign, which cannot come too early for it
            elif process is not None:
                process.terminate()
            self._thread.join(self.limits.stop_s)
            if self._thread.is_alive() and process is not None:
                log.warning("store did not end within %g s: killed", self.limits.stop_s)
                process.kill()
                self._thread.join()
        self._thread = self._process = self._socket = None
        self._set("stopped")
        rundir.remove_socket(self.data_dir)
        os.close(self._lock)
        self._lock = -1

    def wait_for(self, *states: State, timeout_s: float, restarts: int = 0) -> bool:
        """Wait for one of these states, after at least so many restarts; False at the timeout."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._state in states and self._restarts >= restarts, timeout_s
            )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _supervise(self, binary: Path, place: Path) -> None:
        """The thread: one server after the other, until `stop`."""
        pause_s = self.limits.backoff_first_s
        try:
            while not self._stopping.is_set():
                code, ready_s = self._live(binary, place)
                if self._stopping.is_set() or not self._was_ready:
                    return
                if ready_s >= self.limits.stable_s:
                    pause_s = self.limits.backoff_first_s
                self._set("down")
                log.warning("store ended (%s): %s", code, self._fault)
                RESTARTS.inc(("store",))
                if code == WRITE_ERROR_EXIT:
                    self._await_space()
                self._stopping.wait(pause_s)
                pause_s = min(pause_s * 2, self.limits.backoff_max_s)
        finally:
            if not self._stopping.is_set():
                self._set("failed")

    def _live(self, binary: Path, place: Path) -> tuple[int, float]:
        """One server from its start to its end; its exit code, and how long it was ready."""
        try:
            process = self._spawn(binary, place)
        except OSError as error:  # no room for a log, no process to be had
            self._fault = str(error)
            return WRITE_ERROR_EXIT, 0.0
        if process is None:
            return 0, 0.0
        ready = self._await_pong(process, place)
        began = self._clock()
        code = process.wait()
        if process.stdin:
            process.stdin.close()
        self._fault = rundir.last_words(self.data_dir)
        return code, self._clock() - began if ready else 0.0

    def _spawn(self, binary: Path, place: Path) -> subprocess.Popen[bytes] | None:
        """Start the server, unless `stop` was called."""
        grace_s = self.limits.stop_s / 2
        with self._changed:
            if self._stopping.is_set():
                return None
            place.unlink(missing_ok=True)
            rundir.clear_leftovers(self.data_dir)
            said = rundir.open_log(self.data_dir, self.limits.log_bytes_max)
            try:
                self._process = subprocess.Popen(  # noqa: S603  # our own list, no shell
                    command(
                        binary,
                        self.data_dir,
                        place,
                        tie=self._tie,
                        grace_s=grace_s,
                        memory_bytes_max=self.limits.memory_bytes_max,
                    ),
                    stdin=subprocess.PIPE if self._tie == "pipe" else subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    cwd=self.data_dir,
                    # It needs no setting of ours, least of all the master key.
                    env={k: v for k, v in os.environ.items() if not k.startswith("TRACKER_")},
                    pass_fds=(self._lock,),  # the directory stays locked until it has ended too
                    umask=0o077,  # nobody else reads its files, wherever they lie
                    start_new_session=True,  # Ctrl-C goes to us; we stop it last
                )
            finally:
                os.close(said)
            return self._process

    def _await_pong(self, process: subprocess.Popen[bytes], place: Path) -> bool:
        """Wait until it answers PONG (not LOADING), or has ended; whether it answered."""
        pause_s = 0.002
        while process.poll() is None:
            if rundir.ping(place) == b"+PONG":
                self._guard.begin(place)
                with self._changed:
                    self._restarts += self._was_ready
                    self._was_ready = True
                    self._set("ready")
                return True
            with suppress(subprocess.TimeoutExpired):
                process.wait(pause_s)
            pause_s = min(pause_s * 1.5, 0.1)
        return False

    def _look_at_disk(self, place: Path) -> None:
        """The second thread: until `stop`, tells a server that is ready how its disk stands."""
        while not self._stopping.wait(self.limits.look_s):
            if self._state == "ready":
                self._guard.look(place)

    def _await_space(self) -> None:
        """Wait while the disk has too little room for a log that could not be written."""
        while self._free() < self.limits.free_bytes_min:
            if self._state != "no_space":
                log.error("store waits for %d bytes free", self.limits.free_bytes_min)
                self._set("no_space")
            if self._stopping.wait(min(1.0, self.limits.backoff_max_s)):
                return

    def _free(self) -> int:
        """Bytes free for the log; all that is needed where the disk cannot be seen."""
        try:
            return self._free_space(self.data_dir)
        except OSError:
            return self.limits.free_bytes_min

    def _why_it_ended(self) -> str:
        text = f"the store of {self.data_dir} ended at its start ({self._fault})"
        if self._free() < self.limits.free_bytes_min:
            return f"{text}: the disk is nearly full, make room and start again"
        return f"{text}: see {self.data_dir / rundir.LOG}"

    def _set(self, state: State) -> None:
        with self._changed:
            self._state = state
            self._changed.notify_all()
