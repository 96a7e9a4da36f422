"""What a request says about its sender."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest

from kling_saas.lib.addresses import network

if TYPE_CHECKING:
    from accounts.actors import Actor


class ActingRequest(HttpRequest):
    """A request after TenancyMiddleware: `actor` is who is signed in, for which organisation.

    Who `belongs_to_several` chose that one, or has not chosen yet.
    """

    actor: Actor | None
    belongs_to_several: bool


def client_address(request: HttpRequest) -> str:
    """The sender's address: the peer, or what the last of our own proxies says.

    TRUSTED_PROXIES counts them; with 0 the header, which anyone can write, is ignored.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops = [h.strip() for h in request.headers.get("X-Forwarded-For", "").split(",") if h.strip()]
    trusted: int = settings.TRUSTED_PROXIES
    return _without_port(hops[-trusted]) if trusted and len(hops) >= trusted else peer


def counted_place(address: str) -> str:
    """What the limits of an address count: an IPv4 one, or the /64 that one line of IPv6 has."""
    return network(address, four=32, six=64) or address


def _without_port(hop: str) -> str:
    """Some proxies write the sender's port too: 192.0.2.7:4711, [2001:db8::7]:4711."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
