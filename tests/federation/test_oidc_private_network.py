"""An issuer on a private address, with a port, that no known CA vouches for: registered without a thumbprint, as IAM allows."""

from __future__ import annotations

import ipaddress
import json
import socket
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import botocore.config
import pytest
from botocore.exceptions import ClientError
from clientkit import REGION, Clients, launch
from oidckit import CLIENT, OpenIdProvider, PrivateCa, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


def private_address() -> str | None:
    """An address of this machine that is neither loopback nor link-local; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.7", 9))
        except OSError:
            return None
        address = ipaddress.ip_address(probe.getsockname()[0])
    return None if address.is_loopback or address.is_link_local else str(address)


@pytest.fixture
def private(tmp_path: Path) -> Iterator[OpenIdProvider]:
    address = private_address()
    if address is None or not installed():
        pytest.skip("this machine has no address but loopback, or no npm")
    running = OpenIdProvider.start(PrivateCa.make(tmp_path / "ca", "Of nobody"), path="/realms/a", host=address)
    yield running
    running.kill()


def unsigned(url: str) -> Any:
    settings = botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client("sts", endpoint_url=url, region_name=REGION, config=settings)


def test_a_private_issuer_works_with_every_setting_at_its_default(private: OpenIdProvider, tmp_path: Path) -> None:
    server = launch(tmp_path / "data", "--workers", "1")
    try:
        admin = Clients(server.url, server.credentials())
        arn = admin.iam.create_open_id_connect_provider(Url=private.issuer, ClientIDList=[CLIENT])["OpenIDConnectProviderArn"]  # fmt: skip
        assert arn == f"arn:aws:iam::{admin.account}:oidc-provider/{private.url}"
        read = admin.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        assert read["ThumbprintList"] == [private.ca.thumbprint]
        statement = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithWebIdentity",
                     "Condition": {"StringEquals": {f"{private.url}:sub": "job"}}}  # fmt: skip
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = admin.iam.create_role(RoleName="job", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        call = unsigned(server.url).assume_role_with_web_identity
        token = private.mint({"sub": "job"})
        assert call(RoleArn=role, RoleSessionName="job", WebIdentityToken=token)["Provider"] == arn
        admin.iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["0" * 40])
        with pytest.raises(ClientError, match="doesn't match configured thumbprint"):
            call(RoleArn=role, RoleSessionName="job", WebIdentityToken=token)
    finally:
        assert server.stop() == 0


def test_a_server_that_may_not_fetch_from_there_does_not(private: OpenIdProvider, tmp_path: Path) -> None:
    server = launch(tmp_path / "data", "--workers", "1", federation_allow_networks="203.0.113.7/32")
    try:
        admin = Clients(server.url, server.credentials())
        with pytest.raises(ClientError, match="OpenIdIdpCommunicationError"):
            admin.iam.create_open_id_connect_provider(Url=private.issuer, ClientIDList=[CLIENT])
        assert admin.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    finally:
        assert server.stop() == 0
