"""IP addresses as sockets and proxies write them."""

from __future__ import annotations

import ipaddress
from functools import lru_cache


@lru_cache(maxsize=10_000)  # every call of a program asks for its own
def network(text: str, *, four: int, six: int) -> str:
    """The network that an address is in, of so many bits if it is IPv4's or IPv6's; "" when it is
    no address.
    """
    found = parsed(text)
    if found is None:
        return ""
    bits = four if found.version == 4 else six
    return str(ipaddress.ip_network(f"{found}/{bits}", strict=False))


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, or None when it is none.

    An IPv4 one is told as that also where a socket for both kinds writes it as IPv6.
    """
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
