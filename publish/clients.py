"""What one client may take: connections at once, requests in a while.

In:  addresses of peers, X-Forwarded-For of proxies that we trust, costs, monotonic seconds.
Out: who is asking, and how long it has to wait.
Never: limits this machine and private networks (a reverse proxy and one's own house live there), believes a header of
       a stranger, or remembers more than `MOST` addresses.

A token bucket for each address: `burst` at once, then `rate` a second. An IPv6 client is its /64: it owns them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

LOOPBACK = ("127.0.0.0/8", "::1/128")
NEAR = (
    *LOOPBACK,
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
)
MOST = 20_000


class Clients:
    """See the module. `connections` 0 and `rate` 0 mean no limit. Used by one event loop only: no locks."""

    def __init__(
        self,
        *,
        connections: int,
        rate: float,
        burst: float,
        unlimited: Iterable[str] = NEAR,
        trusted: Iterable[str] = LOOPBACK,
    ) -> None:
        self._connections = connections
        self._rate = rate
        self._burst = burst
        self._unlimited = [ip_network(each, strict=False) for each in (*unlimited, *trusted)]
        self._trusted = [ip_network(each, strict=False) for each in trusted]
        self._open: Counter[str] = Counter()
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens left, at
        self.name = lru_cache(maxsize=4096)(self._name)
        self.trusts = lru_cache(maxsize=4096)(self._trusts)
        self.forwarded = lru_cache(maxsize=4096)(self._forwarded)

    def enter(self, client: str | None) -> bool:
        """One more connection; False when it is one too many. Every `enter` needs its `leave`."""
        if client is None:
            return True
        self._open[client] += 1
        return not self._connections or self._open[client] <= self._connections

    def leave(self, client: str | None) -> None:
        """One connection less."""
        if client is not None:
            self._open[client] -= 1
            if self._open[client] <= 0:
                del self._open[client]

    def wait(self, client: str, cost: float, now: float) -> float:
        """Take `cost` tokens; 0.0, or the seconds after which there are enough (then none are taken)."""
        if not self._rate:
            return 0.0
        tokens, at = self._buckets.get(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        if tokens < cost:
            self._buckets[client] = tokens, now
            return (cost - tokens) / self._rate
        self._buckets[client] = tokens - cost, now
        if len(self._buckets) > MOST:
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Who has all its tokens back needs no bucket; of a flood of addresses the older half goes."""
        self._buckets = {
            client: (tokens, at)
            for client, (tokens, at) in self._buckets.items()
            if tokens + (now - at) * self._rate < self._burst
        }
        if len(self._buckets) > MOST // 2:
            newest = sorted(self._buckets.items(), key=lambda item: item[1][1])[-MOST // 2 :]
            self._buckets = dict(newest)

    def _name(self, peer: str) -> str | None:
        """The client that a peer's address stands for; None: it meets no limit."""
        address = read_address(peer)
        if address is None or any(address in network for network in self._unlimited):
            return None
        return str(IPv6Network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)

    def _trusts(self, peer: str) -> bool:
        """Whether what this peer says of others is believed."""
        address = read_address(peer)
        return address is not None and any(address in network for network in self._trusted)

    def _forwarded(self, value: bytes) -> str | None:
        """The client that X-Forwarded-For names: the last address that no proxy of ours is."""
        for part in reversed(value.decode("latin-1").split(",")):
            peer = part.strip()
            if not self._trusts(peer):
                return self._name(peer)
        return None


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as sockets and proxies write it: with a scope, in brackets, with a port, IPv4 inside IPv6."""
    host = text.strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
