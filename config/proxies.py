"""The address of the client, as far as it can be trusted."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

_IPV6_CLIENT = 64  # a single client usually has a whole /64 network, and could change its address with every request


def client_address(request: HttpRequest) -> str | None:
    """Return the client's IP address, or of an IPv6 client its /64 network; None where neither is known.

    Every proxy appends the address that called it to ``X-Forwarded-For``, so with ``TRUSTED_PROXIES=n`` the n-th
    entry from the right was written by our outermost proxy. Entries further left are whatever the client sent.
    Without trusted proxies the header is ignored.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "")
    count = settings.TRUSTED_PROXIES
    if count:
        entries = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        if len(entries) >= count and (found := _address(entries[-count])):
            return found
    return _address(peer)


def _address(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _IPV6_CLIENT), strict=False).network_address)
