"""One client of a whole Valkey or Redis Cluster, used like the client of one server.

Every command goes to the node that serves the slot of its key, by an ordinary pooled client of that
node. A pipeline is parted by node: each node gets its commands in their order, all nodes at once.
redis-py's own cluster client is not used: it refuses EVALSHA in a pipeline, which is what a bulk
is, and it repeats what may have been executed.

**What is sent again.** Only what a node refused to execute: MOVED, ASK, TRYAGAIN and CLUSTERDOWN
are said before anything is done. A connection that broke says nothing; its commands are not
repeated, and before the next one the map of slots is read anew. Two commands of one slot may change
places where the first one was refused: whoever needs their order states it as a condition, as
commits do.
"""

from __future__ import annotations

from asyncio import gather
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ClusterCrossSlotError, ResponseError, WatchError

from tracker.store.sending import NOT_EXECUTED, UNKNOWN, Command, Sender
from tracker.store.slot_map import Address, SlotMap
from tracker.store.slots import EVERYWHERE, slot_of, slot_of_key

CURSOR_BITS: Final = 64


class Server(NamedTuple):
    """A server that holds data: its address, its client, whether it takes writes."""

    name: str
    client: Redis
    primary: bool


async def servers(client: Redis) -> list[Server]:
    """The servers behind a client: those of a cluster as it knows them now, or the one."""
    if isinstance(client, Cluster):
        return await client.servers()
    return [Server("", client, primary=True)]


class Cluster(Redis):
    """The client of the cluster to which the nodes at `seeds` belong; `make` makes one node's.

    Commands raise what those of one server do; `redis.exceptions.ConnectionError` too where no node
    answers, and `Invalid` where a node is no cluster's.
    """

    def __init__(self, seeds: Sequence[Address], make: Callable[[Address], Redis]) -> None:
        self.map = SlotMap(seeds, make)
        self.sender = Sender(self.map)
        super().__init__(connection_pool=self.map.clients[0].connection_pool)

    async def servers(self) -> list[Server]:
        """Every server that the cluster has now."""
        await self.map.learn(at_once=True)
        return [
            Server(f"{address[0]}:{address[1]}", self.map.client(address), primary=primary)
            for addresses, primary in ((self.map.primaries, True), (self.map.replicas, False))
            for address in addresses
        ]

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Closes the clients of all nodes."""
        await gather(*(node.aclose(close_connection_pool) for node in self.map.clients))

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """One command, on the node that serves its key."""
        if args[0] in EVERYWHERE:
            return await self._everywhere(args, options)
        node: Any = await self.map.owner(slot := slot_of(args))
        try:
            return await node.execute_command(*args, **options)
        except NOT_EXECUTED as refused:
            self.map.heed(refused, slot, node)
        except UNKNOWN:
            self.map.doubt(node)
            raise
        (reply,) = await self.sender.send([(args, options)])
        if isinstance(reply, Exception):
            raise reply
        return reply

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Commands to be sent together; as a transaction they are all about one slot."""
        return _Together(self, transaction)

    async def hscan(self, name: Any, cursor: int = 0, *args: Any, **more: Any) -> tuple[int, Any]:
        """A page of a hash. The cursor is the node's own, with the node in its upper bits.

        Raises `ResponseError` (TRYAGAIN) where the hash has moved since the page before:
        cursors of one node mean nothing to another, so the reading has to begin again.
        """
        which, inner = divmod(int(cursor), 1 << CURSOR_BITS)

        async def page(node: Any) -> tuple[int, Any]:
            nodes = self.map.clients
            if inner and nodes[which] is not node:
                raise ResponseError("TRYAGAIN A hash moved while it was read: read it again.")
            after, found = await node.hscan(name, inner, *args, **more)
            return after and (nodes.index(node) << CURSOR_BITS) + after, found

        reply: tuple[int, Any] = await self.sender.on_node(slot_of_key(name), page)
        return reply

    async def scan_iter(  # type: ignore[override]  # redis-py types the blocking one
        self, *args: Any, **more: Any
    ) -> AsyncIterator[Any]:
        """Every key of every node.

        Raises `ResponseError` (TRYAGAIN) at the end where slots changed hands meanwhile:
        a key that moved from a node not yet read to one already read was not seen.
        """
        await self.map.learn(at_once=True)
        before = self.map.ranges
        for address in self.map.primaries:
            node: Any = self.map.client(address)
            async for key in node.scan_iter(*args, **more):
                yield key
        await self.map.learn(at_once=True)
        if self.map.ranges != before:
            raise ResponseError("TRYAGAIN Slots moved while all keys were read: read them again.")

    async def _everywhere(self, args: Sequence[Any], options: dict[str, Any]) -> Any:
        """The first reply of all nodes'; raises where none gave one.

        A node that is away has no part in it: scripts are loaded again by whoever misses them.
        """
        await self.map.learn()
        nodes: list[Any] = [self.map.client(address) for address in self.map.primaries]
        work = (node.execute_command(*args, **options) for node in nodes)
        replies = await gather(*work, return_exceptions=True)
        faults = [reply for reply in replies if isinstance(reply, BaseException)]
        if len(faults) == len(replies):
            raise faults[0]
        return next(reply for reply in replies if not isinstance(reply, BaseException))


class _Together(Pipeline):
    """What `Cluster.pipeline` gives."""

    def __init__(self, cluster: Cluster, transaction: bool) -> None:
        super().__init__(cluster.connection_pool, cluster.response_callbacks, transaction, None)
        self._cluster = cluster

    async def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """WATCH, and what is read under it, on the node of the first key that is watched."""
        this: Any = super()  # redis-py leaves much of this class untyped
        if self.connection is not None:
            return await this.immediate_execute_command(*args, **options)

        async def first(node: Redis) -> Any:
            await this.reset()  # gives the connection of a node that refused back to its own pool
            self.connection_pool = node.connection_pool
            return await this.immediate_execute_command(*args, **options)

        return await self._cluster.sender.on_node(slot_of(args), first)

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Sends everything. A transaction whose keys moved since they were watched has failed."""
        if self.connection is not None:
            try:
                return await super().execute(raise_on_error)
            except NOT_EXECUTED as refused:
                raise WatchError("Watched keys moved to another node.") from refused
        this: Any = self
        commands, scripts = this.command_stack, this.scripts
        await this.reset()
        if not commands:
            return []
        if self.is_transaction:
            return await self._step(commands, scripts, raise_on_error)
        replies = await self._cluster.sender.send(commands, scripts)
        if raise_on_error:
            self.raise_first_error(commands, replies)
        return replies

    async def _step(
        self, commands: Sequence[Command], scripts: Iterable[Any], raise_on_error: bool
    ) -> list[Any]:
        slots = {slot_of(args) for args, _ in commands}
        if len(slots) > 1:
            raise ClusterCrossSlotError("The commands of a transaction belong to several slots.")

        async def whole(node: Redis) -> list[Any]:
            step = node.pipeline(transaction=True)
            step.command_stack = list(commands)
            step.scripts = set(scripts)
            return await step.execute(raise_on_error)

        done: list[Any] = await self._cluster.sender.on_node(slots.pop(), whole)
        return done
