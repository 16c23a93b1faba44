"""Limits on requests: what answers say of them, and those by address, which need no key.

A key's window is kept in the store (`tracker.store.doorkeeper`), so it is the same for all
processes. What has no key is limited by address, in each process by itself and not exactly: it
only keeps one address from taking a process for itself.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

from msgspec import Struct

from tracker.api.conventions.replies import Header
from tracker.domain.errors import TooMany
from tracker.store.doorkeeper import WINDOW_S

WINDOW_MS: Final = WINDOW_S * 1_000
ADDRESSES_MAX: Final = 10_000
"""Addresses that a process remembers, some MB; beyond, the one that was quiet longest goes."""

IPV6_HOST_BITS: Final = 64
"""A customer's line has a whole network of them, so that network is one address here."""


class Rate(Struct, frozen=True):
    """How a limit stands after a request: `resets_s` is when at least one more may come."""

    policy: str
    requests_max: int
    left: int
    resets_s: int

    def headers(self) -> tuple[Header, Header]:
        """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11 §3, §4)."""
        policy = f'"{self.policy}";q={self.requests_max};w={WINDOW_S}'
        stands = f'"{self.policy}";r={self.left};t={self.resets_s}'
        return (b"ratelimit-policy", policy.encode()), (b"ratelimit", stands.encode())


def too_many(rate: Rate) -> TooMany:
    """The refusal of a request beyond a limit."""
    return TooMany(
        f"More than {rate.requests_max} requests within {WINDOW_S} seconds. Nothing was done; "
        f"send the request again in {rate.resets_s} seconds.",
        retry_after_s=rate.resets_s,
    )


class Buckets:
    """So many requests a minute from each address: a bucket that fills evenly, `per_min` deep.

    Kept as one number an address: the moment (ms) at which its bucket is full again.
    """

    def __init__(self, policy: str, per_min: int) -> None:
        self._policy = policy
        self._per_min = per_min
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, address: str, now: int) -> Rate | None:
        """One request; None where there is no limit. Raises `TooMany`."""
        if self.stands(address, now) is None:
            return None
        group = group_of(address)
        owed_ms = self._owed_ms(group, now) + WINDOW_MS / self._per_min
        self._full_at[group] = now + owed_ms
        self._full_at.move_to_end(group)
        if len(self._full_at) > ADDRESSES_MAX:
            self._full_at.popitem(last=False)
        return self._rate(owed_ms)

    def stands(self, address: str, now: int) -> Rate | None:
        """How the limit stands, without a request. Raises `TooMany` where none may come."""
        if self._per_min == 0:
            return None
        rate = self._rate(self._owed_ms(group_of(address), now))
        if rate.left < 1:
            raise too_many(rate)
        return rate

    def _owed_ms(self, group: str, now: int) -> float:
        """What is missing of a full bucket; nothing where the clock was set back since."""
        owed_ms = self._full_at.get(group, 0.0) - now
        return owed_ms if 0.0 < owed_ms < WINDOW_MS + 1 else 0.0

    def _rate(self, owed_ms: float) -> Rate:
        each_ms, there_ms = WINDOW_MS / self._per_min, WINDOW_MS - owed_ms
        left = int(there_ms / each_ms + 1e-6)
        return Rate(self._policy, self._per_min, left, seconds((left + 1) * each_ms - there_ms))


def seconds(wait_ms: float) -> int:
    """Whole seconds to wait, at least one."""
    return max(1, -int(-wait_ms // 1_000))


@lru_cache(ADDRESSES_MAX)
def group_of(address: str) -> str:
    """The address, or the network that it stands for (IPv6)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped is not None else f"{int(parsed) >> IPV6_HOST_BITS:x}::"
    return address
