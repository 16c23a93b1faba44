"""A lock in the store that a thread keeps alive, and that ends by itself when its holder dies.

A thread, because a holder that computes for seconds would not get to an asynchronous renewal in
time; blocking clients, because it must live in a forked process whose parent has connections.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, Final

from redis.exceptions import RedisError

from tracker.store.client import connect_sync

LOCK_MS: Final = 4_000
RENEWALS: Final = 5  # in a lock's life: four of them may fail before others take it
TIMEOUT_S: Final = 2.0

# KEYS 1 lock  ARGV token, life (ms)  reply: 1 held by the token now, 0 held by another
HOLD: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

# KEYS 1 lock  ARGV token, rest of life (ms), 0 for none  reply: 1 released, 0 held by another
RELEASE: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

log = logging.getLogger(__name__)


class Lock:
    """A lock of one holder; to be closed. It opens its connections in the process that uses it.

    A lock keeps others away, it does not fence: who holds it must be safe beside another, for a
    process that was stopped for longer than `ms` wakes up believing it still has it.
    """

    def __init__(self, url: str, key: str, *, ms: int = LOCK_MS) -> None:
        self._client = connect_sync(url, max_connections=2, timeout_s=TIMEOUT_S)
        self._hold: Any = self._client.register_script(HOLD)
        self._release: Any = self._client.register_script(RELEASE)
        self._key = key
        self._ms = ms
        self._token = secrets.token_hex(8)
        self._done = Event()
        self._thread: Thread | None = None

    def take(self, on_lost: Callable[[], None] = lambda: None) -> bool:
        """Whether the lock is ours now; it is then renewed until `release`.

        `on_lost` is called, in the renewing thread, where another has taken it meanwhile. Raises
        `RedisError` where the store cannot be asked.
        """
        if not self._held():
            return False
        self._done.clear()
        self._thread = Thread(target=self._renew, args=(on_lost,), name="lock", daemon=True)
        self._thread.start()
        return True

    def release(self, *, after_ms: int = 0) -> None:
        """Give the lock back, at once or after a pause; one that others hold stays theirs.

        Where the store is away it ends by itself, after its life.
        """
        self._done.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        try:
            self._release(keys=[self._key], args=[self._token, after_ms])
        except RedisError as error:
            log.warning("a lock was left to end by itself (%s)", type(error).__name__)

    def close(self) -> None:
        """Stop renewing and close the connections; a lock not released ends by itself."""
        self._done.set()
        if self._thread is not None:
            self._thread.join()
        self._client.close()

    def _held(self) -> bool:
        return bool(self._hold(keys=[self._key], args=[self._token, self._ms]))

    def _renew(self, on_lost: Callable[[], None]) -> None:
        while not self._done.wait(self._ms / 1000 / RENEWALS):
            try:
                if not self._held():
                    on_lost()
                    return
            except RedisError:
                continue  # away: taken again when it is back, unless another was faster
