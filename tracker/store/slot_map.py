"""Which node of a cluster serves which slot, and the client of each node."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import (
    ClusterDownError,
    MovedError,
    RedisError,
    ResponseError,
)
from redis.exceptions import (
    ConnectionError as StoreConnectionError,
)

from tracker.domain.errors import Invalid
from tracker.store.slots import SLOTS

LEARN_EVERY_S: Final = 0.25
"""The map is read no more often, however many commands fail; MOVED corrects it meanwhile."""

LEARN_WITHIN_S: Final = 2.0
"""Of a node that does not answer in this time, the next one is asked."""

Address = tuple[str, int]


class SlotMap:
    """The map. Clients are made by `make`, at first of the nodes that `seeds` names.

    A node that left keeps its client: some kB, without a connection after a while.
    """

    def __init__(self, seeds: Sequence[Address], make: Callable[[Address], Redis]) -> None:
        self._make = make
        self._nodes = {seed: make(seed) for seed in seeds}
        self._owners: list[Redis | None] = [None] * SLOTS
        self._stale = True
        self._learned_s: float | None = None
        self._failed: Redis | None = None
        self._learning = asyncio.Lock()
        self.primaries: list[Address] = []
        self.replicas: list[Address] = []
        self.ranges: list[tuple[int, int, Address]] = []

    @property
    def clients(self) -> list[Redis]:
        """The clients of all nodes that were ever known; none changes its place."""
        return list(self._nodes.values())

    def client(self, address: Address) -> Redis:
        """The client of a node."""
        if address not in self._nodes:
            self._nodes[address] = self._make(address)
        return self._nodes[address]

    async def owner(self, slot: int) -> Redis:
        """The node that serves a slot. Raises `ClusterDownError` where none does.

        And `redis.exceptions.ConnectionError` where no node says who serves it.
        """
        if self._stale:
            await self.learn()
        node = self._owners[slot]
        if node is None:
            raise ClusterDownError(f"No node serves slot {slot}.")
        return node

    def heed(self, refused: Exception, slot: int, node: Redis) -> None:
        """Learns from what a node answered in place of executing."""
        self._stale = True
        if isinstance(refused, MovedError):
            self._owners[slot] = self.client((refused.host or _host(node), refused.port))

    def doubt(self, node: Redis) -> None:
        """A connection to this node failed: others are asked who serves its slots."""
        self._stale, self._failed = True, node

    async def learn(self, *, at_once: bool = False) -> None:
        """Reads the map where it may be outdated (`at_once`: in any case)."""
        async with self._learning:
            now_s = asyncio.get_running_loop().time()
            recent = self._learned_s is not None and now_s - self._learned_s < LEARN_EVERY_S
            if not at_once and (recent or not self._stale):
                return
            fault: Exception | None = None
            asked: list[Any] = sorted(self.clients, key=lambda one: one is self._failed)
            for node in asked:
                try:
                    async with asyncio.timeout(LEARN_WITHIN_S):
                        found = await node.execute_command("CLUSTER SLOTS")
                except (RedisError, TimeoutError) as error:
                    _require_cluster(node, error)
                    fault = error
                    continue
                self._learned_s = now_s
                self._take(found, _host(node))
                return
            raise StoreConnectionError("No node of the cluster answers.") from fault

    def _take(self, found: Sequence[Any], asked: str) -> None:
        owners: list[Redis | None] = [None] * SLOTS
        ranges, replicas = [], dict[Address, None]()
        for first, last, *servers in found:
            primary, *others = [(h.decode() if h else asked, port) for h, port, *_ in servers]
            owners[first : last + 1] = [self.client(primary)] * (last - first + 1)
            ranges.append((first, last, primary))
            replicas |= dict.fromkeys(others)
        self._owners, self.ranges, self.replicas = owners, sorted(ranges), list(replicas)
        self.primaries = list(dict.fromkeys(primary for *_, primary in self.ranges))
        self._stale, self._failed = None in owners, None


def _host(node: Redis) -> str:
    host: str = node.connection_pool.connection_kwargs["host"]
    return host


def _require_cluster(node: Redis, error: Exception) -> None:
    if isinstance(error, ResponseError) and "cluster support" in str(error):
        kwargs = node.connection_pool.connection_kwargs
        raise Invalid(
            f"{kwargs['host']}:{kwargs['port']} is one server and no cluster: write redis:// (or "
            "rediss://) in place of cluster:// into TRACKER_STORE_URL.",
            code="SETTING_INVALID",
        ) from error
