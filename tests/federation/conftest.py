"""Fixtures of the tests with real identity providers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import glewlwydkit
import pytest
from clientkit import Clients, Server, launch
from glewlwydkit import Glewlwyd
from oidckit import OpenIdProvider, PrivateCa, installed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> PrivateCa:
    """A private CA that the server knows."""
    return PrivateCa.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def provider(ca: PrivateCa) -> Iterator[OpenIdProvider]:
    """A provider with a port and a path, on loopback."""
    if not installed():
        if os.environ.get("CI"):
            pytest.fail("npm is not installed, and CI must have it")
        pytest.skip("npm is not installed: the certified OpenID provider cannot run")
    running = OpenIdProvider.start(ca, path="/realms/test")
    yield running
    running.kill()


@pytest.fixture(scope="session")
def glewlwyd(ca: PrivateCa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glewlwyd]:
    """Another provider, of another make."""
    if not glewlwydkit.installed():
        if os.environ.get("CI"):
            pytest.fail("glewlwyd is not installed, and CI must have it")
        pytest.skip("glewlwyd is not installed (a Debian package)")
    running = Glewlwyd.start(ca, tmp_path_factory.mktemp("glewlwyd") / "data")
    yield running
    running.kill()


@pytest.fixture(scope="session")
def federating(tmp_path_factory: pytest.TempPathFactory, ca: PrivateCa) -> Iterator[Server]:
    """A server of two workers that fetches from loopback, and trusts the private CA."""
    running = launch(
        tmp_path_factory.mktemp("federating") / "data", "--workers", "2",
        federation_allow_networks="127.0.0.0/8", federation_ca_bundle=str(ca.bundle),
    )  # fmt: skip
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def admin(federating: Server) -> Clients:
    """The administrator of that server."""
    return Clients(federating.url, federating.credentials())
