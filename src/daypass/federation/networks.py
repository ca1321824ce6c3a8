"""Which addresses identity providers may be fetched from.

A provider's URL comes from whoever may register providers, and its keys' URL from the provider: neither may make the
server speak to itself, to its neighbours on the link or to its cloud's metadata service. The address is checked where a
socket is made for it, after all name resolution, so that no name, no spelling of a number and no answer of a name server
that changes its mind gets around it.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
AddressInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]

_CLOSED: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, with most clouds' metadata services
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "168.63.129.16/32",  # metadata services outside of link-local: Azure,
        "100.100.100.200/32",  # Alibaba,
        "192.0.0.192/32",  # Oracle,
        "fd00:ec2::254/128",  # AWS,
        "fd20:ce::254/128",  # Google
        "::/127",  # unspecified and loopback
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local, long given up
        "ff00::/8",  # multicast
        "::/96",  # forms that carry an IPv4 address which a router may unwrap: compatible,
        "::ffff:0:0:0/96",  # translated,
        "64:ff9b:1::/48",  # NAT64 of the network's own, with the address at one of several places (RFC 8215),
        "2001::/32",  # Teredo,
        "2002::/16",  # 6to4
    )
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""Where networks without IPv4 reach it: the IPv4 address that is meant counts."""
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
"""What stands before the IPv4 address in the interface part of any prefix (RFC 5214, section 6.1)."""


class ForbiddenAddress(OSError):
    """The address is not one that identity providers may be fetched from."""


class AllowedNetworks:
    """The setting ``federation.allow_networks``.

    Without it, and with networks in it that are closed by themselves (loopback, link-local...), all public and private
    addresses are open, and those that are named. As soon as it names a public or private network, nothing else is open.
    """

    def __init__(self, named: Iterable[Network] = ()) -> None:
        self._named = tuple(named)
        self._only_named = not all(any(_within(network, closed) for closed in _CLOSED) for network in self._named)

    def allows(self, text: str) -> bool:
        """Whether an address may be fetched from. What is no address may not."""
        try:
            address = _plain(ipaddress.ip_address(text.partition("%")[0]))
        except ValueError:
            return False
        if any(address in network for network in self._named):
            return True
        return not (self._only_named or _isatap(address) or any(address in network for network in _CLOSED))

    def socket_for(self, info: AddressInfo) -> socket.socket:
        """A socket for one resolved address. Raises ForbiddenAddress."""
        family, kind, protocol, _, address = info
        host = str(address[0])
        if not self.allows(host):
            raise ForbiddenAddress(f"{host} is no address that federation.allow_networks lets providers have")
        return socket.socket(family, kind, protocol)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    embedded = address.ipv4_mapped
    if embedded is None and address in _NAT64:
        embedded = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return embedded or address


def _isatap(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and int(address) >> 32 & 0xFFFFFFFF in _ISATAP


def _within(network: Network, other: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and network.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and network.subnet_of(other)
