"""Where a request came from, as far as proxies that we trust say so.

`X-Forwarded-For`, `-Proto` and `-Host` are believed of the hop that connected to us if its address
is a trusted proxy's, else they are what anybody may write. Each proxy adds whom it heard from on
the right, so the client is the right-most address that is not a trusted proxy itself.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from msgspec import Struct

from tracker.domain.errors import Invalid

Headers = list[tuple[bytes, bytes]]
SCHEMES: Final = (b"http", b"https")
KNOWN_MAX: Final = 10_000
"""Addresses of which a process remembers whether they are trusted."""


class Origin(Struct, frozen=True):
    """The client's address, the scheme it used and the host it called (None: the header's)."""

    address: str
    scheme: str
    host: bytes | None = None


class Proxies:
    """The proxies before us: networks such as `10.0.0.0/8`, comma between."""

    def __init__(self, networks: str) -> None:
        self._networks = parse_networks(networks)
        self._trusts = lru_cache(KNOWN_MAX)(self._looked_up)

    def origin(self, peer: str, scheme: str, headers: Headers) -> Origin:
        """Where a request came from that `peer` handed to us."""
        if not self._networks or not self._trusts(peer):
            return Origin(peer, scheme)
        forwarded: list[bytes] = []
        proto = host = None
        for name, value in headers:
            if name == b"x-forwarded-for":
                forwarded += value.split(b",")
            elif name == b"x-forwarded-proto":
                proto = _last(value).lower()
            elif name == b"x-forwarded-host":
                host = _last(value)
        return Origin(
            self._client(peer, forwarded),
            proto.decode() if proto in SCHEMES else scheme,
            host or None,
        )

    def _client(self, peer: str, forwarded: list[bytes]) -> str:
        """The right-most address that is not trusted; the left-most where all are."""
        client = peer
        for part in reversed(forwarded):
            address = _address(part)
            if address is None:  # nobody can say who it was: the hop that wrote it answers for it
                break
            client = address
            if not self._trusts(client):
                break
        return client

    def _looked_up(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
        return any((mapped or parsed) in network for network in self._networks)


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks or single addresses, comma between; raises `Invalid` `SETTING_INVALID`."""
    try:
        return tuple(ip_network(part) for part in filter(None, text.replace(" ", "").split(",")))
    except ValueError:
        raise Invalid(
            "TRACKER_TRUSTED_PROXIES is a list of addresses or networks such as "
            "10.0.0.0/8,fd00::/8, without host bits. Correct the environment.",
            code="SETTING_INVALID",
        ) from None


def _last(value: bytes) -> bytes:
    return value.rpartition(b",")[2].strip()


def _address(part: bytes) -> str | None:
    """An address of X-Forwarded-For, without its port; None where it is none."""
    text = part.strip().decode("latin-1")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:
        return None
