"""A process that is supervised: started again when it dies, and ended with us."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Final

from msgspec import Struct

from tracker.observe.meters import RESTARTS
from tracker.store import launch
from tracker.store.binary import Tie

STDERR: Final = 2

log = logging.getLogger(__name__)


class Limits(Struct, frozen=True, kw_only=True):
    """Times of the supervision in seconds."""

    ready_s: float = 60.0
    service_stop_s: float = 10.0  # requests under way
    schedule_stop_s: float = 5.0
    worker_stop_s: float = 15.0  # after it a job is cut off, and done again at the next start
    backoff_first_s: float = 0.2  # doubled with each death in a row
    backoff_max_s: float = 10.0
    stable_s: float = 30.0  # lived this long: the next death counts as the first
    log_bytes_max: int = 1 << 20


class Gate:
    """Holds a child back until it is opened: a pipe whose other end the child reads to its end.

    So a child may load its program while that is prepared which it works on. It stays open for
    children that are started again, and opens by itself when this process ends.
    """

    def __init__(self) -> None:
        self.fd, self._held = os.pipe()

    def open(self) -> None:
        """Lets the child go on; may be called twice."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def close(self) -> None:
        """Forgets it; no child may be started after that. May be called twice."""
        self.open()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def await_gate(fd: int | None) -> None:
    """In the child: returns when the gate of this descriptor is open; at once where it has none."""
    if fd is not None:
        while os.read(fd, 64):
            pass
        os.close(fd)


class Child:
    """One supervised process, started again when it dies.

    A thread owns it and lives as long as it does: the kernel ends a child with the *thread* that
    started it (`tracker.store.launch`).
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        output: IO[bytes] | None,
        tie: Tie,
        limits: Limits,
        grace_s: float,
        gate: Gate | None = None,
    ) -> None:
        self.name = name
        self.restarts = 0
        self.stop_s = grace_s
        self._command = [
            *(sys.executable, "-I", "-S", "-B", launch.__file__),
            *(tie, str(os.getpid()), str(grace_s), *command),
        ]
        self._tie = tie
        self._environ = dict(environ)
        self._output = output
        self._limits = limits
        self._passed = () if gate is None else (gate.fd,)
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._supervise, name=name, daemon=True)

    @property
    def pid(self) -> int | None:
        """The process, or what launched it (``tie="pipe"``); it leads a group of its own."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it, and again whenever it dies."""
        self._thread.start()

    def ask(self) -> None:
        """Ask it to end (SIGTERM); returns at once."""
        with self._guard:  # none is started after this
            self._stopping.set()
            if self._process is not None:
                self._process.terminate()

    def join(self, limit: float) -> None:
        """Wait until it has ended; by force at `limit` (`time.monotonic`)."""
        if self._thread.ident is None:
            return
        self._thread.join(max(0.0, limit - time.monotonic()))
        if self._thread.is_alive() and self._process is not None:
            log.warning("%s did not end in time: killed", self.name)
            _sweep(self._process)
            self._thread.join()

    def _supervise(self) -> None:
        pause_s = self._limits.backoff_first_s
        while (process := self._spawn()) is not None:
            began = time.monotonic()
            code = process.wait()
            if process.stdin:
                process.stdin.close()
            _sweep(process)  # what it started may hold its port
            if self._stopping.is_set():
                return
            if time.monotonic() - began >= self._limits.stable_s:
                pause_s = self._limits.backoff_first_s
            log.warning("%s ended (%d), starts again in %g s", self.name, code, pause_s)
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, self._limits.backoff_max_s)
            self.restarts += 1
            RESTARTS.inc((self.name,))

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        """Start it, unless it was asked to end."""
        with self._guard:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(  # noqa: S603  # our own list, no shell
                self._command,
                stdin=subprocess.PIPE if self._tie == "pipe" else subprocess.DEVNULL,
                stdout=self._output or STDERR,
                stderr=self._output or STDERR,
                env=self._environ,
                pass_fds=self._passed,
                start_new_session=True,  # Ctrl-C goes to us; we stop it in its turn
            )
            return self._process


def _sweep(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a process's group."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says the second of zombies
        os.killpg(process.pid, signal.SIGKILL)
