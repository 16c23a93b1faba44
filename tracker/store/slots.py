"""Which slot of a cluster a command belongs to: that of its first key.

Only commands that are listed here are sent to a cluster. A command without a key has no place there
(what INFO says is true of one node), and of one that nobody thought of the key is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

SLOTS: Final = REDIS_CLUSTER_HASH_SLOTS

EVERYWHERE: Final = frozenset({"FLUSHALL", "PING", "SCRIPT FLUSH", "SCRIPT LOAD"})
"""Commands that go to every node and mean the same on each."""

_KEY_FIRST: Final = frozenset(
    """
    DEL DUMP EXISTS EXPIRE GET GETRANGE HDEL HEXISTS HGET HGETALL HINCRBY HKEYS HLEN HMGET HSCAN
    HSET HSETNX HSTRLEN HVALS INCR INCRBY LINDEX LLEN LPOP LRANGE MGET PERSIST PEXPIRE PEXPIREAT
    PEXPIRETIME PTTL RESTORE RPUSH SADD SET SETRANGE SMEMBERS STRLEN TTL TYPE UNLINK WATCH XADD XDEL
    XLEN XRANGE XREVRANGE XTRIM ZADD ZCARD ZRANGE ZREM ZSCORE
    """.split()  # noqa: SIM905  # a list literal takes forty lines
)
_KEY_FIRST_OF_TWO_WORDS: Final = ("XINFO ", "MEMORY USAGE", "OBJECT ")
_SCRIPTS: Final = frozenset({"EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO"})


def slot_of(command: Sequence[Any]) -> int:
    """The slot of a command and its arguments.

    Raises `TypeError` for one that has no key, or that is not known here.
    """
    name = command[0]
    if name in _KEY_FIRST or name.startswith(_KEY_FIRST_OF_TWO_WORDS):
        return slot_of_key(command[1])
    if name in _SCRIPTS and int(command[2]) > 0:
        return slot_of_key(command[3])
    raise TypeError(f"{name} belongs to no slot of a cluster: ask its servers one by one.")


def slot_of_key(key: str | bytes) -> int:
    """The slot of a key: of what stands between its first braces, if there is such a part."""
    return key_slot(key.encode() if isinstance(key, str) else key)
