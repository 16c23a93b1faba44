"""Everything of one machine under one roof: the store, the service, workers and the schedule.

Each is a process of its own. One that dies is started again, after a pause that grows; all end
with this process, however that ends. They are told their settings by the environment.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import IO, Final, NoReturn, Self

from msgspec import structs

from tracker.child import Child, Gate, Limits
from tracker.domain.errors import Unavailable
from tracker.observe import tallies
from tracker.settings import Settings, variable
from tracker.store.binary import Tie
from tracker.store.embedded import EmbeddedServer
from tracker.store.embedded import Limits as StoreLimits
from tracker.store.memory import bytes_max as memory_bytes_max
from tracker.store.memory import bytes_of_machine
from tracker.store.queues import QUEUES
from tracker.store.schema_version import SCHEMA, of_server

PROGRAM: Final = (sys.executable, "-m", "tracker.cli")
SIGNAL_S: Final = 0.2
LOG: Final = "processes.log"
READY_PATH: Final = "/health/ready"
ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # not bound


class NotStarted(Unavailable):
    """A process could not be started; the detail is one line that says what to do."""

    title = "Not started"
    default_code = "NOT_STARTED"


class Processes:
    """All processes of one machine. As a context manager, or `start` and `stop`.

    What a test replaces is an argument: `program` (the command line that ``serve``, ``work
    --queue NAME`` and ``schedule`` are put after), `limits`, `environ`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        log_file: Path | None = None,
        limits: Limits | None = None,
        program: Sequence[str] = PROGRAM,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.settings = settings
        self.limits = limits or Limits()
        self.store = None if settings.store_url else embedded_server(settings)
        self._log_file = log_file
        self._output: IO[bytes] | None = None
        self._program = list(program)
        self._environ = told(settings, environ)
        self._gate: Gate | None = None
        self.children: dict[str, Child] = {}
        self.ending = False

    @property
    def url(self) -> str:
        """Where the service answers, as seen from this machine."""
        host = ANYWHERE.get(self.settings.host, self.settings.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.settings.port}"

    def start(self) -> Self:
        """Start the store and the service; workers and schedule once that answers.

        The service loads its program while the store starts, and touches it when that is ready.

        Raises `NotStarted`, or `StoreNotStarted` of the store; nothing is left running then.
        """
        _require_free(self.settings.host, self.settings.port)
        if self.settings.metrics_port:
            _require_free(self.settings.metrics_host, self.settings.metrics_port)
        try:
            if self._log_file is not None:
                self._output = _open_log(self._log_file, self.limits.log_bytes_max)
            self._gate = gate = Gate()
            serve = ["serve", "--gate", str(gate.fd)]
            # By pipe: the service has processes of its own, which only it can end in good order.
            self._add("service", serve, self.limits.service_stop_s, tie="pipe", gate=gate)
            if self.store is not None:
                self.store.start()
                _bring_forward(self.settings, self.store.url())
            gate.open()
            self._await_ready()
            for queue in QUEUES.values():
                self._add(f"worker:{queue}", ["work", "--queue", queue], self.limits.worker_stop_s)
            self._add("schedule", ["schedule"], self.limits.schedule_stop_s)
            if self.settings.metrics_port:
                self._add("metrics", ["metrics"], self.limits.schedule_stop_s)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the service, the schedule, the workers and the store, in this order."""
        workers = [name for name in self.children if name.startswith("worker:")]
        for names in (["service"], ["schedule", "metrics"], workers):
            children = [self.children[name] for name in names if name in self.children]
            for child in children:
                child.ask()
            limits = [time.monotonic() + child.stop_s for child in children]
            for child, limit in zip(children, limits, strict=True):
                child.join(limit)
        self.children.clear()
        if self._gate is not None:
            self._gate.close()
            self._gate = None
        if self.store is not None:
            self.store.stop()
        if self._output is not None:
            self._output.close()
            self._output = None

    def ready(self) -> bool:
        """Whether the service answers that it is ready."""
        host = ANYWHERE.get(self.settings.host, self.settings.host)
        import http.client  # noqa: PLC0415  # while the service loads its program

        connection = http.client.HTTPConnection(host, self.settings.port, timeout=2.0)
        try:
            connection.request("GET", READY_PATH)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait(self) -> None:
        """Wait for a signal; to be used inside `running`.

        Looks up now and then: a signal that comes just before an endless wait does not end it.
        """
        while not self.ending:
            threading.Event().wait(SIGNAL_S)
            tallies.flush(now=False)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _add(
        self,
        name: str,
        args: Sequence[str],
        stop_s: float,
        *,
        tie: Tie | None = None,
        gate: Gate | None = None,
    ) -> None:
        child = Child(
            name,
            [*self._program, *args],
            environ=self._environ,
            output=self._output,
            tie=tie or ("kernel" if sys.platform == "linux" else "pipe"),
            limits=self.limits,
            grace_s=stop_s,
            gate=gate,
        )
        self.children[name] = child
        child.start()

    def _await_ready(self) -> None:
        service, limit = self.children["service"], time.monotonic() + self.limits.ready_s
        pause = threading.Event()
        while not self.ready():
            if service.restarts >= 2:
                raise NotStarted(f"The service ends at its start: {self._where()}.")
            if time.monotonic() >= limit:
                raise NotStarted(
                    f"The service is not ready after {self.limits.ready_s:g} s: {self._where()}."
                )
            pause.wait(0.02)

    def _where(self) -> str:
        return f"see {self._log_file}" if self._log_file else "see the lines above"


@contextmanager
def running(
    settings: Settings, *, quiet: bool = False, program: Sequence[str] = PROGRAM
) -> Iterator[Processes]:
    """All processes, until the body or a signal (SIGINT, SIGTERM) ends it; then stops them.

    A signal ends the body wherever it is, and is no error there; before the body it is a
    KeyboardInterrupt. With `quiet` what the processes say goes to ``processes.log`` in the data
    directory. Only in the main thread. Raises as `Processes.start`.
    """
    log_file = settings.data / LOG if quiet else None
    processes = Processes(settings, log_file=log_file, program=program)

    def interrupt(*_: object) -> NoReturn:
        processes.ending = True
        raise _Interrupted

    before = {number: signal.signal(number, interrupt) for number in (SIGINT, SIGTERM)}
    try:
        processes.start()
        with suppress(_Interrupted):
            yield processes
    finally:
        for number in before:  # once is enough: stopping has its own limits
            signal.signal(number, lambda *_: None)
        processes.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def _bring_forward(settings: Settings, url: str) -> None:
    """Our own store may be of an older form: nobody else uses it yet, so now is the time."""
    if of_server(url).version == SCHEMA:
        return
    from tracker.upgrading import bring_forward  # noqa: PLC0415  # for most starts in vain

    bring_forward(settings, lambda line: print(line, file=sys.stderr, flush=True))


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The store of these settings, not yet started."""
    memory = memory_bytes_max(settings.store_memory_bytes_max, bytes_of_machine())
    limits = StoreLimits(free_bytes_min=settings.store_free_bytes_min, memory_bytes_max=memory)
    return EmbeddedServer(settings.data, limits=limits)


def told(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: this one's, with every setting spelled out."""
    values = {variable(name): value for name, value in structs.asdict(settings).items()}
    values[variable("data")] = settings.data.absolute()
    kept = {name: value for name, value in environ.items() if name not in values}
    spelled = {
        n: str(int(v) if isinstance(v, bool) else v) for n, v in values.items() if v is not None
    }
    return kept | spelled


class _Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM came."""


def _require_free(host: str, port: int) -> None:
    """Another service on our port would answer in place of ours. Raises `NotStarted`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise NotStarted(
                f"{host}:{port} cannot be listened on ({error.strerror}):"
                " give another one with --host and --port."
            ) from error


def _open_log(path: Path, bytes_max: int) -> IO[bytes]:
    """The log to append to; one that grew past the limit becomes ``….1``."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if path.stat().st_size > bytes_max:
            path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")
