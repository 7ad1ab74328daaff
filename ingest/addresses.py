"""Which network addresses we connect to.

In:  an address as the resolver gave it (text of an IPv4 or IPv6 address), or a port.
Out: None when it may be connected to, else a few words that say why not.
Never: looks up a name, opens a socket, trusts a URL's spelling. Only what the connection would really go to counts.

`ipaddress.is_global` of Python 3.11 calls NAT64, 6to4, IPv4-compatible, site-local, 192.88.99.0/24 and multicast global
(reference network.md section 4.1, T3), so the tables are our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

# What `allow_private_networks`, `allow_networks` and `allow_hosts` can open: a feed on one's own machine, house,
# company or VPN is a real wish (T13).
_PRIVATE_V4 = (
    ("127.0.0.0/8", "a loopback address"),
    ("10.0.0.0/8", "a private address"),
    ("172.16.0.0/12", "a private address"),
    ("192.168.0.0/16", "a private address"),
    ("100.64.0.0/10", "a carrier's shared address"),
    ("198.18.0.0/15", "a benchmark address"),
)
_PRIVATE_V6 = (
    ("::1/128", "a loopback address"),
    ("fc00::/7", "a private address"),
)
# Never opened: no feed lives there, and each is a known way around a guard (metadata services among the link-local).
_CLOSED_V4 = (
    ("0.0.0.0/8", "an unspecified address"),
    ("169.254.0.0/16", "a link-local address"),
    ("192.0.0.0/24", "a reserved address"),
    ("192.0.2.0/24", "an address for documentation"),
    ("192.88.99.0/24", "a 6to4 relay address"),
    ("198.51.100.0/24", "an address for documentation"),
    ("203.0.113.0/24", "an address for documentation"),
    ("224.0.0.0/4", "a multicast address"),
    ("240.0.0.0/4", "a reserved address"),
)
_CLOSED_V6 = (
    ("fd00:ec2::/32", "a cloud metadata address"),
    ("::/128", "an unspecified address"),
    ("::/96", "an IPv4-compatible address"),
    ("64:ff9b:1::/48", "a local NAT64 address"),
    ("2001::/32", "a Teredo address"),
    ("2001::/23", "a reserved address"),
    ("2001:db8::/32", "an address for documentation"),
    ("2002::/16", "a 6to4 address"),
    ("3fff::/20", "an address for documentation"),
    ("fe80::/10", "a link-local address"),
    ("fec0::/10", "a site-local address"),
    ("ff00::/8", "a multicast address"),
)

_V4_PRIVATE = [(IPv4Network(block), words) for block, words in _PRIVATE_V4]
_V6_PRIVATE = [(IPv6Network(block), words) for block, words in _PRIVATE_V6]
_V4_CLOSED = [(IPv4Network(block), words) for block, words in _CLOSED_V4]
_V6_CLOSED = [(IPv6Network(block), words) for block, words in _CLOSED_V6]
_V6_PUBLIC = IPv6Network("2000::/3")
_V4_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: on an IPv6-only network every IPv4 host is reached through it

# Port policy (T11): where feeds are served. Below 1024 only the web's own, so that mail, Redis' neighbours and the like
# cannot be spoken to by a URL; the two well-known services above it that obey HTTP-shaped lines are named.
_LOWEST_FREE_PORT = 1024
_WEB_PORTS = frozenset({80, 443})
_SPEAKING_PORTS = frozenset({6379, 11211})


@lru_cache(maxsize=4096)
def refuse_address(address: str, *, allow_private: bool = False) -> str | None:
    """Why `address` must not be connected to, in a few words; None when it may (T1-T4 of reference network.md)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return "not an IP address"
    if isinstance(ip, IPv6Address):
        return _refuse_v6(ip, allow_private=allow_private)
    return _refuse_v4(ip, allow_private=allow_private)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The private addresses that the operator opened: all of them, some networks, or those of some host names (T13).

    `networks` are blocks in CIDR notation, `hosts` lower-case names. What is never opened stays closed, whatever they
    say.
    """

    everything: bool = False
    networks: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()

    def refuse(self, host: str, address: str) -> str | None:
        """Why `host` must not be asked at `address`; None when it may."""
        reason = refuse_address(address, allow_private=self.everything)
        if reason is None or not (self.networks or self.hosts):
            return reason
        if host.rstrip(".") in self.hosts or (is_private(address) and _is_within(address, self.networks)):
            return refuse_address(address, allow_private=True)
        return reason


def needless(network: str) -> str | None:
    """Why opening `network` would change nothing: what it is, when none of its addresses can be opened; else None."""
    block = ip_network(network)
    private = _V4_PRIVATE if isinstance(block, IPv4Network) else _V6_PRIVATE
    ends = {refuse_address(str(end), allow_private=True) for end in (block[0], block[-1])}
    if None not in ends:
        return min(filter(None, ends))
    return None if any(block.overlaps(each) for each, _ in private) else "a public address"


@lru_cache(maxsize=4096)
def _is_within(address: str, networks: tuple[str, ...]) -> bool:
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and ip in _V4_MAPPED:
        ip = IPv4Address(int(ip) & 0xFFFFFFFF)
    return any(ip in ip_network(network) for network in networks)


def is_private(address: str) -> bool:
    """Whether it is one of those that the operator can open."""
    return refuse_address(address) is not None and refuse_address(address, allow_private=True) is None


def refuse_port(port: int) -> str | None:
    """Why `port` must not be connected to; None when it may: 80, 443 and everything from 1024 (T11)."""
    if port in _WEB_PORTS or (port >= _LOWEST_FREE_PORT and port not in _SPEAKING_PORTS):
        return None
    return f"port {port} is no port for feeds"


def _refuse_v4(ip: IPv4Address, *, allow_private: bool) -> str | None:
    for block, words in _V4_CLOSED:
        if ip in block:
            return words
    if not allow_private:
        for block, words in _V4_PRIVATE:
            if ip in block:
                return words
    return None


def _refuse_v6(ip: IPv6Address, *, allow_private: bool) -> str | None:
    if ip.scope_id is not None:
        return "a link-local address"
    if ip in _V4_MAPPED:
        return _refuse_v4(IPv4Address(int(ip) & 0xFFFFFFFF), allow_private=allow_private)
    if ip in _NAT64:
        # A translator never leads to one's own network by right: what is behind it must be public whatever is allowed.
        return _refuse_v4(IPv4Address(int(ip) & 0xFFFFFFFF), allow_private=False)
    for block, words in _V6_PRIVATE:
        if ip in block and not _within_closed(ip):
            return None if allow_private else words
    for block, words in _V6_CLOSED:
        if ip in block:
            return words
    return None if ip in _V6_PUBLIC else "a reserved address"


def _within_closed(ip: IPv6Address) -> bool:
    """fd00:ec2::254 is a metadata service inside the private range: allowing private networks must not open it."""
    return ip in _V6_CLOSED[0][0]
