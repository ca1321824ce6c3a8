"""A federated refusal is never mute: the operator's log and ``daypass explain`` tell what failed, with both values."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import botocore.config
import pytest
from botocore.exceptions import ClientError
from clientkit import REGION
from oidckit import CLIENT

if TYPE_CHECKING:
    from clientkit import Clients, Server
    from oidckit import OpenIdProvider

pytestmark = pytest.mark.slow


@pytest.fixture
def role(admin: Clients, provider: OpenIdProvider, unique: str) -> str:
    """A role for one repository's jobs."""
    iam, arn = admin.iam, f"arn:aws:iam::{admin.account}:oidc-provider/{provider.url}"
    if arn not in [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]:
        iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=[CLIENT])
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{provider.url}:repository": "acme/shop"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(iam.create_role(RoleName=unique, AssumeRolePolicyDocument=document)["Role"]["Arn"])


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "issuer": ({"iss": "https://nobody.example"}, {}, "has no provider for iss 'https://nobody.example'"),
    "key": ({}, {"kid": "gone"}, "no usable key with kid 'gone'"),
    "algorithm": ({}, {"alg": "none"}, "its algorithm is 'none'"),
    "time": ({"exp": 1_000_000_000}, {}, "exp is 1000000000"),
    "audience": (
        {"aud": "others"},
        {},
        "aud is 'others', azp is None; one of the provider's client ids is wanted: app",
    ),
    "roles": ({"https://aws.amazon.com/roles": "arn:aws:iam::1:role/x"}, {}, "holds no ARN of a role"),
    "condition": ({"repository": "acme/other"}, {}, "repository wants 'acme/shop', the request has 'acme/other'"),
}


@pytest.mark.parametrize("case", CASES)
def test_explain_and_the_log_tell_what_the_caller_is_not_told(
    federating: Server, provider: OpenIdProvider, role: str, case: str
) -> None:
    claims, header, told = CASES[case]
    token = provider.mint({"sub": "job", "repository": "acme/shop"} | claims)
    if header:  # the provider signs nothing that is not its own
        from_json = json.dumps({"alg": "RS256", "typ": "JWT"} | header).encode()
        token = ".".join([base64.urlsafe_b64encode(from_json).rstrip(b"=").decode(), *token.split(".")[1:]])
    settings = botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
    sts = boto3.client("sts", endpoint_url=federating.url, region_name=REGION, config=settings)
    with pytest.raises(ClientError) as raised:
        sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="job", WebIdentityToken=token)
    request_id = raised.value.response["ResponseMetadata"]["RequestId"]
    assert told not in raised.value.response["Error"]["Message"]
    explained = json.loads(federating.cli("explain", request_id, "--json").stdout)
    assert told in explained["Reason"]
    shown = federating.cli("explain", request_id, check=False)
    assert told in shown.stdout, shown.stderr
    line = next(
        line
        for line in (federating.data.parent / f"{federating.data.name}.log").read_text().splitlines()
        if request_id in line
    )
    assert told in line
    assert token.split(".")[2] not in line + json.dumps(explained)
