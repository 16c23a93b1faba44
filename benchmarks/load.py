"""A generator of load: bursts of requests over connections that stay open.

A process of its own on bare sockets, so that what is measured is the server: it costs some 15 µs
of processor time a request. It takes one `Burst` a line from standard input and answers with one
`Took` a line. Of an answer's head only status and length are read; any status but the wanted one
ends the generator. Bursts are short, so that what is compared can take turns many times a second.
"""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import accumulate, count, repeat
from random import Random
from typing import Final, Self

from msgspec import Struct, json

from benchmarks.common import LOCALHOST, PYTHON

READ_BYTES: Final = 1 << 16
QUIET_S: Final = 10.0
"""No answer for so long is a failure."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


NUMBER: Final = b"{n}"


class Burst(Struct, frozen=True, kw_only=True):
    """So many requests of one path, each connection sending its next as soon as it is answered.

    `{n}` in the body or in a header is the number of the request, another one each time.
    """

    port: int
    path: str
    method: str = "GET"
    body: str = ""
    headers: dict[str, str] = {}
    status: int = 200
    connections: int = 32
    requests: int = 300
    rate_per_s: float = 0.0
    """With it, requests come as they do from many callers (a Poisson process of this rate), whether
    or not earlier ones are answered. 0: as above."""
    draw: int = 0
    """Which of all such sequences of arrivals; the same number is the same one."""
    once: bool = False
    """Closes its connections at the end: the server does so with one that is idle for 30 s."""


class Took(Struct, frozen=True):
    """Seconds from the first request to the last answer, each request's own, a body's length."""

    seconds: float
    spans: list[float]
    body_bytes: int


class Generator:
    """The process; to be used as a context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [PYTHON, "-m", "benchmarks.load"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def send(self, burst: Burst) -> Took:
        """Sends a burst. Raises `RuntimeError` where the server answers anything else."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.encode(burst) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the load generator ended at {burst.path}, see its words above")
        return json.decode(line, type=Took)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(2 * QUIET_S)


class _Connection:
    """One connection and what it received of an answer that is not whole yet."""

    def __init__(self, burst: Burst, next_request: Callable[[], bytes]) -> None:
        self.socket = socket.create_connection((LOCALHOST, burst.port), timeout=QUIET_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._next_request = next_request
        self._status = b"HTTP/1.1 %d" % burst.status
        self._empty = burst.status == 304
        self._received = b""
        self.body_bytes = 0
        self.sent_at = 0.0

    def send(self) -> None:
        """The next request."""
        self._received = b""
        request = self._next_request()
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> bool:
        """Takes in what has come; whether the answer is whole."""
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise ConnectionError("the server closed a connection")
        received = self._received = self._received + data
        head = received.find(b"\r\n\r\n")
        if head < 0:
            return False
        if not received.startswith(self._status):
            raise ConnectionError(f"unwanted answer: {received[:300]!r}")
        if self._empty:
            return True
        length = _LENGTH.search(received, 0, head)
        if length is None:
            raise ConnectionError("an answer without a length")
        self.body_bytes = int(length[1])
        return len(received) >= head + 4 + self.body_bytes


def requests(burst: Burst) -> Iterator[bytes]:
    """The requests of a burst, without end."""
    headers = {"Host": f"{LOCALHOST}:{burst.port}", **burst.headers}
    lines = [f"{burst.method} {burst.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head, body = "\r\n".join([*lines, ""]).encode(), burst.body.encode()
    if not body:
        yield from repeat(head + b"\r\n")
    for n in count(1):
        number = b"%d" % n
        sent = body.replace(NUMBER, number)
        length = b"Content-Length: %d\r\n\r\n" % len(sent)
        yield head.replace(NUMBER, number) + length + sent


def arrivals(burst: Burst) -> deque[float]:
    """When the requests of a burst with a rate come, in seconds from its start."""
    draw = Random(burst.draw)
    pauses = (draw.expovariate(burst.rate_per_s) for _ in range(burst.requests))
    return deque(accumulate(pauses))


class _Pool:
    """The open connections of one kind of burst."""

    def __init__(self, burst: Burst) -> None:
        next_request = requests(burst).__next__
        self._connections = [_Connection(burst, next_request) for _ in range(burst.connections)]
        self._selector = selectors.DefaultSelector()
        for connection in self._connections:
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def run(self, requests: int) -> Took:
        """One burst, from the first request to the last answer."""
        clock = time.perf_counter
        spans: list[float] = []
        began = clock()
        sent = 0
        for connection in self._connections[:requests]:
            connection.send()
            sent += 1
        while len(spans) < requests:
            ready = self._selector.select(QUIET_S)
            if not ready:
                raise TimeoutError(f"no answer within {QUIET_S:g} s")
            for key, _ in ready:
                connection = key.data
                if connection.answered():
                    spans.append(clock() - connection.sent_at)
                    if sent < requests:
                        connection.send()
                        sent += 1
        return Took(clock() - began, spans, self._connections[0].body_bytes)

    def run_at_rate(self, burst: Burst) -> Took:
        """One burst whose requests come by themselves; a time includes waiting for a connection."""
        clock = time.perf_counter
        spans: list[float] = []
        free = deque(self._connections)
        began = clock()
        due = deque(began + moment for moment in arrivals(burst))
        while len(spans) < burst.requests:
            while due and free and due[0] <= clock():
                due.popleft()
                connection = free.popleft()
                connection.send()
            pause_s = max(due[0] - clock(), 0.0) if due and free else QUIET_S
            ready = self._selector.select(pause_s)
            if not ready and not (due and free):
                raise TimeoutError(f"no answer within {QUIET_S:g} s")
            for key, _ in ready:
                connection = key.data
                if not connection.answered():
                    continue
                spans.append(clock() - connection.sent_at)
                if due and due[0] <= clock():
                    came = due.popleft()
                    connection.send()
                    connection.sent_at = came
                else:
                    free.append(connection)
        return Took(clock() - began, spans, self._connections[0].body_bytes)

    def close(self) -> None:
        """Closes the connections."""
        for connection in self._connections:
            connection.socket.close()
        self._selector.close()


def main() -> int:
    """Bursts in, times out, until standard input ends; 1 where a server failed."""
    pools: dict[bytes, _Pool] = {}
    for line in sys.stdin.buffer:
        burst = json.decode(line, type=Burst)
        try:
            pool = pools.pop(line, None) or _Pool(burst)
            took = pool.run_at_rate(burst) if burst.rate_per_s else pool.run(burst.requests)
            if burst.once:
                pool.close()
            else:
                pools[line] = pool
        except OSError as error:
            print(f"{burst.path}: {error}", file=sys.stderr)
            return 1
        sys.stdout.buffer.write(json.encode(took) + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
