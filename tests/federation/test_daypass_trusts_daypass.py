"""One server issues identity tokens, a second one trusts it like any OpenID provider; and npm's ``jose`` reads them, too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from clientkit import REGION, Clients, Credentials, Server, allow, launch, trusting
from oidckit import NODE, installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidckit import PrivateCa

pytestmark = pytest.mark.slow
AUDIENCE = "sts.second.example"


@dataclass(frozen=True)
class First:
    """The first server, which issues tokens."""

    server: Server
    ca: PrivateCa
    issuer: str = ""

    def client(self, service: str, credentials: Credentials | None = None) -> Any:
        """A client of it, by default its administrator's."""
        signer = credentials or self.server.credentials()
        return boto3.client(
            service,
            aws_access_key_id=signer.access_key_id,
            aws_secret_access_key=signer.secret_access_key,
            aws_session_token=signer.session_token,
            region_name=REGION,
            endpoint_url=self.server.url,
            verify=str(self.ca.bundle),
            config=Config(retries={"total_max_attempts": 1}),
        )

    def workload(self, name: str) -> Any:
        """An STS client of a session of a role; the role is tagged."""
        iam, sts = self.client("iam"), self.client("sts")
        trust = trusting({"AWS": sts.get_caller_identity()["Account"]})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=[{"Key": "team", "Value": "data"}])[
            "Role"
        ]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=allow("sts:GetWebIdentityToken"))
        answer = sts.assume_role(RoleArn=role, RoleSessionName="run")
        return self.client("sts", Credentials.of(answer["Credentials"]))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, ca: PrivateCa) -> Iterator[First]:
    """It speaks TLS, its certificate is of the private CA, and its account is an issuer."""
    certificate, key = ca.issue("localhost")
    data = tmp_path_factory.mktemp("issuing") / "data"
    running = First(launch(data, "--workers", "2", tls_certificate=str(certificate), tls_key=str(key)), ca)
    issuer = running.client("iam").enable_outbound_web_identity_federation()["IssuerIdentifier"]
    yield replace(running, issuer=issuer)
    running.server.process.kill()  # clients whose TLS connections are still open would be waited for
    running.server.process.wait(timeout=30)


def token_of(sts: Any, algorithm: str = "ES384", audience: str = AUDIENCE) -> str:
    answer = sts.get_web_identity_token(Audience=[audience], SigningAlgorithm=algorithm)
    return str(answer["WebIdentityToken"])


def trusted_role(admin: Clients, issuer: str, name: str, subject: str) -> str:
    """A role at the second server for one principal of the first one."""
    url = issuer.removeprefix("https://")
    arn = f"arn:aws:iam::{admin.account}:oidc-provider/{url}"
    known = [one["Arn"] for one in admin.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    if arn not in known:
        admin.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[AUDIENCE])
    condition = {"StringEquals": {f"{url}:aud": AUDIENCE, f"{url}:sub": subject}}
    trust = trusting({"Federated": arn}, "sts:AssumeRoleWithWebIdentity", Condition=condition)
    return str(admin.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def assume(server: Server, role: str, token: str) -> dict[str, Any]:
    settings = Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
    sts = boto3.client("sts", endpoint_url=server.url, region_name=REGION, config=settings)
    return dict(sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="there", WebIdentityToken=token))


def code_of(server: Server, role: str, token: str) -> str:
    with pytest.raises(ClientError) as caught:
        assume(server, role, token)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_a_workload_of_the_first_server_has_a_session_at_the_second(
    first: First, federating: Server, admin: Clients, algorithm: str
) -> None:
    name = f"data-{algorithm.lower()}"
    sts = first.workload(name)
    subject = f"arn:aws:iam::{sts.get_caller_identity()['Account']}:role/{name}"
    role = trusted_role(admin, first.issuer, name, subject)
    answer = assume(federating, role, token_of(sts, algorithm))
    assert answer["SubjectFromWebIdentityToken"] == subject
    assert answer["Audience"] == AUDIENCE
    assert answer["Provider"].endswith(first.issuer.removeprefix("https://"))
    there = admin.with_credentials(Credentials.of(answer["Credentials"]))
    assert there.sts.get_caller_identity()["Arn"].endswith(f":assumed-role/{name}/there")


def test_another_principal_another_audience_and_another_account_are_refused(
    first: First, federating: Server, admin: Clients
) -> None:
    sts = first.workload("chosen")
    account = sts.get_caller_identity()["Account"]
    role = trusted_role(admin, first.issuer, "chosen", f"arn:aws:iam::{account}:role/chosen")
    assert assume(federating, role, token_of(sts))
    assert code_of(federating, role, token_of(first.workload("other"))) == "AccessDenied"
    assert code_of(federating, role, token_of(sts, audience="somebody-else")) == "InvalidIdentityToken"
    made = json.loads(first.server.cli("account", "create", "stranger", "--json").stdout)
    stranger = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    first.client("iam", stranger).enable_outbound_web_identity_federation()
    assert code_of(federating, role, token_of(first.client("sts", stranger))) == "InvalidIdentityToken"


def test_the_second_server_follows_a_rotation_at_the_first(first: First, federating: Server, admin: Clients) -> None:
    sts = first.workload("rotating")
    account = sts.get_caller_identity()["Account"]
    role = trusted_role(admin, first.issuer, "rotating", f"arn:aws:iam::{account}:role/rotating")
    before = token_of(sts)
    assert assume(federating, role, before)
    first.server.cli("keys", "rotate")
    assert assume(federating, role, before), "what was signed before is still good"
    assert assume(federating, role, token_of(sts))


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_jose_verifies_the_token_by_the_issuers_url(first: First, algorithm: str) -> None:
    if not installed():
        if os.environ.get("CI"):
            pytest.fail("npm is not installed, and CI must have it")
        pytest.skip("npm is not installed: jose cannot run")
    node = shutil.which("node")
    assert node is not None
    sts = first.client("sts")
    done = subprocess.run(
        [node, "verify.mjs", first.issuer, AUDIENCE, token_of(sts, algorithm)],
        cwd=NODE, capture_output=True, text=True, check=True, timeout=60,
        env=os.environ | {"NODE_EXTRA_CA_CERTS": str(first.ca.bundle)},
    )  # fmt: skip
    read = json.loads(done.stdout)
    assert read["header"]["alg"] == algorithm
    assert read["payload"]["sub"] == sts.get_caller_identity()["Arn"]
