"""A real cluster for tests: nodes of the embedded server's binary on free ports of this machine."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any, Self

import redis

from tracker.store import launch
from tracker.store.binary import find_binary

SLOTS = 16_384
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


class Node:
    """One server over TCP; `options` are added to its command line."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port, self.bus = free_port(), free_port()
        self._options = options
        self.start()

    def start(self) -> None:
        """Starts it (anew) on what its directory holds."""
        command = [
            *_tied(),
            str(find_binary(self.folder)),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
        ]
        command += ["--dir", str(self.folder), "--save", "", "--logfile", "log", *DURABLE]
        command += ["--repl-diskless-sync-delay", "0", "--cluster-port", str(self.bus)]
        command += self._options
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.client: Any = redis.Redis(port=self.port)
        until(f"node {self.port} answers", self._answers)

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Ends it."""
        self.client.close()
        self.kill()

    def ask(self, *command: object) -> Any:
        """A command of the operator's."""
        return self.client.execute_command(*command)

    def info(self, section: str) -> dict[str, Any]:
        """A section of INFO."""
        found: dict[str, Any] = self.client.info(section)
        return found

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


class ClusterOfThree:
    """Three primaries that share the slots."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.nodes = [self.add(str(n)) for n in range(3)]
        for n, node in enumerate(self.nodes):
            node.ask("CLUSTER ADDSLOTSRANGE", SLOTS * n // 3, SLOTS * (n + 1) // 3 - 1)
            node.ask("CLUSTER SET-CONFIG-EPOCH", n + 1)
        for node in self.nodes[1:]:
            self.meet(node)
        until("the cluster is whole", lambda: all(map(self._whole, self.nodes)))

    def add(self, name: str) -> Node:
        """A node that belongs to no cluster yet."""
        clustered = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1500")
        return Node(self.folder / name, *clustered, *self.options)

    def meet(self, node: Node) -> None:
        """Brings a node into the cluster."""
        self.nodes[0].ask("CLUSTER MEET", "127.0.0.1", node.port, node.bus)

    @property
    def url(self) -> str:
        """Two of its nodes are enough to find it."""
        return "cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.close()

    def owner(self, slot: int) -> Node:
        """The node that serves a slot."""
        return next(node for node in self.nodes if serves(node, slot))

    @staticmethod
    def _whole(node: Node) -> bool:
        said = node.ask("CLUSTER INFO")
        return bool(said["cluster_state"] == "ok" and said["cluster_slots_assigned"] == str(SLOTS))


def _tied() -> list[str]:
    """What ties a node to the thread that starts it, where the system can do that."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", "-B", launch.__file__, "kernel", str(os.getpid()), "1"]


def serves(node: Node, slot: int) -> bool:
    """Whether a node says that it serves a slot itself."""
    me: bytes = node.ask("CLUSTER MYID")
    return any(
        first <= slot <= last and owner[2] == me
        for first, last, owner, *_ in node.ask("CLUSTER", "SLOTS")
    )


def move(slot: int, source: Node, target: Node) -> None:
    """Moves a slot in one step (Valkey 9), and waits until both nodes say so."""
    to = target.ask("CLUSTER MYID").decode()
    source.ask("CLUSTER MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", to)
    _moved(slot, source, target)


def _moved(slot: int, source: Node, target: Node) -> None:
    until("the slot moved", lambda: serves(target, slot) and not serves(source, slot))


def until(what: str, true: Callable[[], bool], *, limit_s: float = 20.0) -> None:
    """Waits until a condition is true, and fails with its name where it never is."""
    pause = Event()
    for _ in range(int(limit_s / 0.02)):
        if true():
            return
        pause.wait(0.02)
    raise AssertionError(f"not within {limit_s} s: {what}")


def free_port() -> int:
    """A TCP port that nobody listens on, below those that the system gives to connections."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")
