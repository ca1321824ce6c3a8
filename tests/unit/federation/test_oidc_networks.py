"""``federation.allow_networks``: which addresses identity providers may be fetched from (threats: C14)."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from daypass.config import ConfigProblem, load
from daypass.federation import AllowedNetworks
from daypass.federation.networks import ForbiddenAddress

CLOSED = [
    "127.0.0.1", "127.255.255.255", "::1", "::", "0.0.0.0", "0.1.2.3", "169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "::ffff:7f00:1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1", "224.0.0.1",
    "255.255.255.255", "240.0.0.1", "ff02::1", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254",
    "::127.0.0.1", "::169.254.169.254", "::8.8.8.8", "::ffff:0:127.0.0.1", "::ffff:0:169.254.169.254", "64:ff9b:1::7f00:1",
    "64:ff9b:1:7f00:0:100::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2002:808:808::1", "fec0::1", "fd12::5efe:127.0.0.1",
    "2001:db8::5efe:a9fe:a9fe", "2001:db8::200:5efe:a9fe:a9fe",
]  # fmt: skip
OPEN = [
    "8.8.8.8",
    "2606:4700::1111",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "fd12::1",
    "::ffff:10.0.0.1",
    "64:ff9b::808:808",
]


def allowing(*names: str) -> AllowedNetworks:
    return AllowedNetworks(ipaddress.ip_network(name) for name in names)


@pytest.mark.parametrize("address", CLOSED)
def test_loopback_link_local_and_metadata_services_are_closed(address: str) -> None:
    assert not allowing().allows(address)


@pytest.mark.parametrize("address", OPEN)
def test_public_and_private_addresses_are_open(address: str) -> None:
    assert allowing().allows(address)


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "10.0.0.1/8", "idp.example.com"]
)
def test_what_is_no_address_is_closed(text: str) -> None:
    """A socket is asked for numbers alone; names and other spellings were resolved before."""
    assert not allowing().allows(text)


def test_a_closed_network_that_is_named_is_open_beside_the_rest() -> None:
    networks = allowing("127.0.0.0/8")
    assert networks.allows("127.0.0.1")
    assert networks.allows("::ffff:127.0.0.1")
    assert networks.allows("8.8.8.8")
    assert networks.allows("10.0.0.1")
    assert not networks.allows("::1")
    assert not networks.allows("169.254.169.254")


def test_forms_that_carry_an_ipv4_address_open_by_their_own_names_alone() -> None:
    networks = allowing("64:ff9b:1::/48", "127.0.0.0/8")
    assert networks.allows("64:ff9b:1::7f00:1")
    assert networks.allows("8.8.8.8")
    assert networks.allows("64:ff9b::7f00:1")
    assert not networks.allows("::127.0.0.1")
    assert not networks.allows("2002:7f00:1::")
    assert allowing("fd12::/16").allows("fd12::5efe:127.0.0.1")


def test_naming_an_open_network_closes_all_others() -> None:
    networks = allowing("10.1.0.0/16", "127.0.0.1")
    assert [networks.allows(address) for address in ("10.1.2.3", "127.0.0.1", "10.2.0.1", "8.8.8.8", "127.0.0.2", "fd12::1")] == [
        True, True, False, False, False, False]  # fmt: skip


def test_everything_is_open_where_everything_is_named() -> None:
    assert all(allowing("0.0.0.0/0", "::/0").allows(address) for address in (*CLOSED, *OPEN))


def test_the_check_stands_where_the_socket_is_made() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("169.254.169.254", 443))
    with pytest.raises(ForbiddenAddress, match=r"169\.254\.169\.254"):
        allowing().socket_for(info)


def test_the_setting_takes_networks_and_addresses_and_nothing_else() -> None:
    config = load({}, {"DAYPASS_FEDERATION_ALLOW_NETWORKS": "127.0.0.0/8, ::1"})
    assert config.federation_allow_networks == (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
    for wrong in ("localhost", "127.0.0.1/8", "10.0.0.0/33", "*"):
        with pytest.raises(ConfigProblem, match="expected networks"):
            load({}, {"DAYPASS_FEDERATION_ALLOW_NETWORKS": wrong})
