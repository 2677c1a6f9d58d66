"""Which network addresses may be connected to: a host name in, a socket to a public (or allowed) address out.

The check happens on the address a socket is made for, after the name was resolved, so neither a redirect, a resolver
that changes its answer, nor an odd spelling of an address gets around it.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp
    from aiohttp import AddrInfoType

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: IPv4 networks that are not the public internet (IANA special-purpose registry, RFC 6890 and its successors), and the
#: one public address under which a large cloud serves its machines' metadata.
_CLOSED_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)

#: The only IPv6 addresses in public use, and the special networks inside them: protocol assignments with Teredo,
#: documentation, 6to4, documentation.
_PUBLIC_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))

#: IPv6 networks whose last 32 bits are an IPv4 address: mapped (RFC 4291), translated (RFC 2765) and NAT64 (RFC 6052).
#: What counts is the IPv4 address that is reached in the end.
_CARRY_V4 = tuple(map(IPv6Network, ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))


class AddressRefusedError(OSError):
    """A connection to an address that is neither public nor allowed by the settings."""

    def __init__(self, address: str) -> None:
        super().__init__(
            errno.EACCES,
            f"the address {address} is not on the public internet; to connect to it all the same, add its network to"
            " allow_addresses in the settings",
        )


def check_address(address: str, allowed: Sequence[str | Network] = ()) -> None:
    """Let ``address`` (numeric, perhaps with a ``%zone``) pass or refuse it.

    :raises AddressRefusedError: it is special or unreadable, and no network of ``allowed`` holds it.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        raise AddressRefusedError(repr(address)) from None
    reached = _carried(parsed)
    if _is_public(reached):
        return
    if any(_holds(network, parsed) or _holds(network, reached) for network in map(ip_network, allowed)):
        return
    raise AddressRefusedError(address)


def guarded_socket_factory(allowed: Sequence[str | Network] = ()) -> Callable[[AddrInfoType], socket.socket]:
    """Return a maker of unconnected sockets that refuses the addresses :func:`check_address` refuses."""
    networks = tuple(map(ip_network, allowed))

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, sockaddr = info
        if family not in (socket.AF_INET, socket.AF_INET6):
            raise AddressRefusedError(repr(sockaddr))
        check_address(str(sockaddr[0]), networks)
        return socket.socket(family=family, type=kind, proto=protocol)

    return make


def guarded_connector(allowed_networks: Sequence[str | Network] = (), *, limit: int = 100) -> aiohttp.TCPConnector:
    """Return a connector for an aiohttp session that connects only to public or allowed addresses, ``limit`` at once.

    It must be made inside the running loop. Names are resolved afresh for each connection; nothing is cached.
    """
    import aiohttp  # Here, because what only checks addresses must start quickly.

    from connectors.name_resolver import NameResolver

    return aiohttp.TCPConnector(
        socket_factory=guarded_socket_factory(allowed_networks),
        use_dns_cache=False,
        limit=limit,
        resolver=NameResolver(),
    )


def open_guarded_socket(
    host: str, port: int, timeout_s: float, allowed_networks: Sequence[str | Network] = ()
) -> socket.socket:
    """Return a blocking socket connected to the first address of ``host`` that answers within ``timeout_s``.

    :raises OSError: none answered, or (:class:`AddressRefusedError`) none may be connected to.
    """
    make = guarded_socket_factory(allowed_networks)
    failure: OSError | None = None
    for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            sock = make(info)
        except OSError as error:
            failure = failure or error
            continue
        try:
            sock.settimeout(timeout_s)
            sock.connect(info[4])
        except OSError as error:
            sock.close()
            failure = error
            continue
        return sock
    raise failure or OSError(errno.EADDRNOTAVAIL, f"{host} has no address")


def _carried(address: Address) -> Address:
    if isinstance(address, IPv6Address) and any(address in network for network in _CARRY_V4):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _CLOSED_V6)


def _holds(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network
