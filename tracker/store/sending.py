"""Sending to the nodes of a cluster, and sending again what they refused to execute."""

from __future__ import annotations

from asyncio import gather, sleep
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import AskError, ClusterDownError, MovedError, TryAgainError
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import TimeoutError as StoreTimeoutError

from tracker.store.slot_map import SlotMap
from tracker.store.slots import slot_of

PAUSES_S: Final = (0.0, 0.0, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Before each sending of what was not executed: a slot's move takes less, a fail-over more."""

NOT_EXECUTED: Final = (MovedError, AskError, TryAgainError, ClusterDownError)
"""What a node says before it does anything; nothing else is ever sent again.

ASK, said of a key that went ahead of its slot, is not followed but waited out, as TRYAGAIN is said
of any commit meanwhile. Followed too late, it writes a second copy of a key that went back.
"""

UNKNOWN: Final = (StoreConnectionError, StoreTimeoutError)
"""Not sent, or sent with an unknown outcome."""

Command = tuple[tuple[Any, ...], dict[str, Any]]


class Sender:
    """Sends by a map of slots."""

    def __init__(self, slot_map: SlotMap) -> None:
        self._map = slot_map

    async def on_node(self, slot: int, step: Callable[[Redis], Awaitable[Any]]) -> Any:
        """What `step` gives on the node that serves a slot, sent again while that refuses it."""
        refusal: Exception | None = None
        for pause_s in PAUSES_S:
            if pause_s:
                await sleep(pause_s)
            node = None
            try:
                return await step(node := await self._map.owner(slot))
            except NOT_EXECUTED as refused:
                refusal = refused
                if node is not None:
                    self._map.heed(refused, slot, node)
            except UNKNOWN:
                if node is not None:
                    self._map.doubt(node)
                raise
        raise refusal or ClusterDownError("No node was asked.")

    async def send(self, commands: Sequence[Command], scripts: Iterable[Any] = ()) -> list[Any]:
        """The replies to many commands, refusals among them; those of a node as one pipeline.

        Raises the first failure of a connection when all nodes were heard: what was sent on it has
        an unknown outcome.
        """
        slots = [slot_of(args) for args, _ in commands]
        replies: dict[int, Any] = {}
        left = list(range(len(commands)))
        for pause_s in PAUSES_S:
            if pause_s:
                await sleep(pause_s)
            parts: dict[Redis, list[int]] = {}
            for place in left:
                try:
                    parts.setdefault(await self._map.owner(slots[place]), []).append(place)
                except ClusterDownError as refused:
                    replies[place] = refused
            work = (self._part(n, [commands[p] for p in its], scripts) for n, its in parts.items())
            heard = await gather(*work, return_exceptions=True)
            for (node, places), part in zip(parts.items(), heard, strict=True):
                if isinstance(part, BaseException):
                    raise part
                replies.update(zip(places, part, strict=True))
                for place in places:
                    if isinstance(replies[place], NOT_EXECUTED):
                        self._map.heed(replies[place], slots[place], node)
            left = [place for place in left if isinstance(replies[place], NOT_EXECUTED)]
            if not left:
                break
        return [replies[place] for place in range(len(commands))]

    async def _part(
        self, node: Redis, commands: Sequence[Command], scripts: Iterable[Any]
    ) -> list[Any]:
        part = node.pipeline(transaction=False)
        part.command_stack = list(commands)
        part.scripts = set(scripts)
        try:
            return await part.execute(raise_on_error=False)
        except UNKNOWN:
            self._map.doubt(node)
            raise
