"""AssumeRoleWithWebIdentity with a certified OpenID provider: people, workloads, rotation, failure, and clients unchanged."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import boto3
import botocore
import botocore.config
import pytest
from botocore.exceptions import ClientError
from clientkit import BIN, REGION, Clients, Credentials, allow, clean_environment
from oidckit import ALGORITHMS, CLIENT, OpenIdProvider, PrivateCa

if TYPE_CHECKING:
    from pathlib import Path

    from clientkit import Server
    from glewlwydkit import Glewlwyd

pytestmark = pytest.mark.slow


def claims_of(token: str) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==")))


def unsigned(url: str) -> Any:
    """STS without any key, as a workload has it that holds nothing but its token."""
    settings = botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"total_max_attempts": 1})
    return boto3.client("sts", endpoint_url=url, region_name=REGION, config=settings)


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call(**given)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def register(admin: Clients, provider: OpenIdProvider | Glewlwyd, audience: str = CLIENT, **more: Any) -> str:
    """The provider's ARN in the account, made where it is not there."""
    arn = f"arn:aws:iam::{admin.account}:oidc-provider/{provider.url}"
    known = [one["Arn"] for one in admin.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    if arn not in known:
        made = admin.iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=[audience], **more)
        assert made["OpenIDConnectProviderArn"] == arn
    return arn


def role_for(
    admin: Clients, name: str, provider: OpenIdProvider | Glewlwyd, condition: dict[str, Any], *actions: str
) -> str:
    statement = {"Effect": "Allow", "Principal": {"Federated": register(admin, provider)}, "Condition": condition,
                 "Action": ["sts:AssumeRoleWithWebIdentity", *actions]}  # fmt: skip
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = admin.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    return str(made["Arn"])


def test_a_person_signs_in_and_is_the_role(
    federating: Server, admin: Clients, provider: OpenIdProvider, unique: str
) -> None:
    condition = {"StringEquals": {f"{provider.url}:sub": "alice", f"{provider.url}:aud": CLIENT}}
    role = role_for(admin, unique, provider, condition, "sts:TagSession")
    admin.iam.put_role_policy(RoleName=unique, PolicyName="p", PolicyDocument=allow(
        "iam:ListUsers", Condition={"StringEquals": {"aws:PrincipalTag/team": "data"}}))  # fmt: skip
    token = provider.sign_in("alice")
    answer = unsigned(federating.url).assume_role_with_web_identity(RoleArn=role, RoleSessionName="web", WebIdentityToken=token)  # fmt: skip
    assert answer["SubjectFromWebIdentityToken"] == "alice"
    assert (answer["Audience"], answer["Provider"]) == (CLIENT, f"arn:aws:iam::{admin.account}:oidc-provider/{provider.url}")  # fmt: skip
    session = admin.with_credentials(Credentials.of(answer["Credentials"]))
    assert session.sts.get_caller_identity()["Arn"].endswith(f":assumed-role/{unique}/web")
    session.iam.list_users()
    stranger = {"RoleArn": role, "RoleSessionName": "web", "WebIdentityToken": provider.sign_in("mallory")}
    assert refusal(unsigned(federating.url).assume_role_with_web_identity, **stranger) == ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")  # fmt: skip


def test_a_person_signs_in_at_a_provider_of_another_make(
    federating: Server, admin: Clients, glewlwyd: Glewlwyd, unique: str
) -> None:
    token = glewlwyd.sign_in()
    condition = {"StringEquals": {f"{glewlwyd.url}:sub": claims_of(token)["sub"], f"{glewlwyd.url}:aud": CLIENT}}
    role = role_for(admin, unique, glewlwyd, condition)
    answer = unsigned(federating.url).assume_role_with_web_identity(RoleArn=role, RoleSessionName="web", WebIdentityToken=token)  # fmt: skip
    session = admin.with_credentials(Credentials.of(answer["Credentials"]))
    assert session.sts.get_caller_identity()["Arn"].endswith(f":assumed-role/{unique}/web")


WORKLOADS = {
    "kubernetes": (
        {"sub": "system:serviceaccount:prod:app", "aud": [CLIENT],
         "kubernetes.io": {"namespace": "prod", "pod": {"name": "app-1", "uid": "1"}, "serviceaccount": {"name": "app", "uid": "2"}}},
        {"StringEquals": {"{p}:sub": "system:serviceaccount:prod:app", "{p}:aud": CLIENT}},
        {"sub": "system:serviceaccount:dev:app", "aud": [CLIENT]},
    ),
    "github": (
        {"sub": "repo:acme/shop:ref:refs/heads/main", "aud": CLIENT, "repository": "acme/shop", "ref": "refs/heads/main",
         "repository_owner": "acme", "run_attempt": "1", "job_workflow_ref": "acme/shop/.github/workflows/ci.yml@refs/heads/main"},
        {"StringLike": {"{p}:sub": "repo:acme/shop:*"}, "StringEquals": {"{p}:aud": CLIENT, "{p}:repository": "acme/shop"}},
        {"sub": "repo:acme/shop2:ref:refs/heads/main", "aud": CLIENT, "repository": "acme/shop2"},
    ),
    "gitlab": (
        {"sub": "project_path:acme/shop:ref_type:branch:ref:main", "aud": CLIENT, "namespace_path": "acme", "project_path": "acme/shop",
         "ref_protected": "true", "user_login": "ann", "pipeline_source": "push"},
        {"StringEquals": {"{p}:sub": "project_path:acme/shop:ref_type:branch:ref:main", "{p}:ref_protected": "true"}},
        {"sub": "project_path:acme/shop:ref_type:branch:ref:main", "aud": CLIENT, "ref_protected": "false"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [(form, alg) for form in WORKLOADS for alg in ALGORITHMS], ids="-".join)
def test_a_workloads_token_opens_its_role_and_no_other_token_does(
    federating: Server, admin: Clients, provider: OpenIdProvider, unique: str, case: tuple[str, str]
) -> None:
    form, alg = case
    claims, condition, other = WORKLOADS[form]
    named = json.loads(json.dumps(condition).replace("{p}", provider.url))
    role = role_for(admin, unique, provider, named)
    call = unsigned(federating.url).assume_role_with_web_identity
    assert call(RoleArn=role, RoleSessionName="job", WebIdentityToken=provider.mint(claims, alg))["Credentials"]
    assert refusal(call, RoleArn=role, RoleSessionName="job", WebIdentityToken=provider.mint(other, alg))[0] == "AccessDenied"  # fmt: skip


def test_the_chains_of_boto3_and_the_cli_use_a_token_file(
    federating: Server, admin: Clients, provider: OpenIdProvider, unique: str, tmp_path: Path
) -> None:
    role = role_for(admin, unique, provider, {"StringEquals": {f"{provider.url}:sub": "job"}})
    file = tmp_path / "token"
    file.write_text(provider.mint({"sub": "job"}))
    variables = {"AWS_ENDPOINT_URL": federating.url, "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_ROLE_ARN": role,
                 "AWS_WEB_IDENTITY_TOKEN_FILE": str(file), "AWS_ROLE_SESSION_NAME": "chain"}  # fmt: skip
    profile = tmp_path / "config"
    profile.write_text(f"[profile job]\nregion = {REGION}\nendpoint_url = {federating.url}\nrole_arn = {role}\n"
                       f"web_identity_token_file = {file}\nrole_session_name = chain\n")  # fmt: skip
    by_profile = {"AWS_CONFIG_FILE": str(profile), "AWS_PROFILE": "job"}
    cli = [str(BIN / "aws"), "sts", "get-caller-identity", "--query", "Arn", "--output", "text"]
    python = [sys.executable, "-c", "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"]
    for command in (cli, python):
        for more in (variables, by_profile):
            done = subprocess.run(command, env=clean_environment() | {"HOME": str(tmp_path)} | more, capture_output=True, text=True, timeout=60, check=True)  # fmt: skip
            assert done.stdout.strip().endswith(f":assumed-role/{unique}/chain")


def test_new_keys_are_found_and_old_ones_end(federating: Server, admin: Clients, ca: PrivateCa, unique: str) -> None:
    rotating = OpenIdProvider.start(ca, path="/rotating")
    try:
        role = role_for(admin, unique, rotating, {"StringEquals": {f"{rotating.url}:sub": "job"}})
        call = unsigned(federating.url).assume_role_with_web_identity
        old = rotating.mint({"sub": "job"})
        assert call(RoleArn=role, RoleSessionName="job", WebIdentityToken=old)
        rotating.rotate()
        time.sleep(10.5)  # an unknown key is looked for once in ten seconds
        assert call(RoleArn=role, RoleSessionName="job", WebIdentityToken=rotating.mint({"sub": "job"}))
        assert refusal(call, RoleArn=role, RoleSessionName="job", WebIdentityToken=old)[0] == "InvalidIdentityToken"
    finally:
        rotating.kill()


def test_a_provider_that_is_gone_serves_from_its_cached_keys_and_refuses_otherwise_in_time(
    federating: Server, admin: Clients, ca: PrivateCa, unique: str
) -> None:
    dying = OpenIdProvider.start(ca, path="/dying")
    role = role_for(admin, unique, dying, {"StringEquals": {f"{dying.url}:sub": "job"}})
    tokens = [dying.mint({"sub": "job"}) for _ in range(2)]
    foreign = dying.mint({"sub": "job"}, header={"kid": "RS256-9"})
    call = unsigned(federating.url).assume_role_with_web_identity
    for _ in range(8):  # both workers have fetched
        call(RoleArn=role, RoleSessionName="job", WebIdentityToken=tokens[0])
    dying.kill()
    assert call(RoleArn=role, RoleSessionName="job", WebIdentityToken=tokens[1])
    began = time.monotonic()
    assert refusal(call, RoleArn=role, RoleSessionName="job", WebIdentityToken=foreign)[0] in ("IDPCommunicationError", "InvalidIdentityToken")  # fmt: skip
    assert time.monotonic() - began < 30


def test_a_slow_provider_holds_nobody_up_for_long(
    federating: Server, admin: Clients, ca: PrivateCa, unique: str
) -> None:
    slow = OpenIdProvider.start(ca, path="/slow")
    try:
        role = role_for(admin, unique, slow, {"StringEquals": {f"{slow.url}:sub": "job"}})
        token = slow.mint({"sub": "job"})
        slow.slow_down(60_000)
        call = unsigned(federating.url).assume_role_with_web_identity
        assert refusal(call, RoleArn=role, RoleSessionName="job", WebIdentityToken=token)[0] == "IDPCommunicationError"
        admin.sts.get_caller_identity()
    finally:
        slow.kill()


def test_loopback_is_fetched_only_where_a_setting_names_it(
    server: Server, ca: PrivateCa, provider: OpenIdProvider, unique: str
) -> None:
    """The server of the other tests has no such setting, and no private CA."""
    admin = Clients(server.url, server.credentials())
    arn = f"arn:aws:iam::{admin.account}:oidc-provider/{provider.url}"
    admin.iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=[CLIENT], ThumbprintList=[ca.thumbprint])  # fmt: skip
    trust = {"Effect": "Allow", "Principal": {"Federated": arn}, "Action": "sts:AssumeRoleWithWebIdentity",
             "Condition": {"StringEquals": {f"{provider.url}:sub": "job"}}}  # fmt: skip
    role = admin.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))["Role"]["Arn"]  # fmt: skip
    call = unsigned(server.url).assume_role_with_web_identity
    told = refusal(call, RoleArn=role, RoleSessionName="job", WebIdentityToken=provider.mint({"sub": "job"}))
    assert told[0] in ("IDPCommunicationError", "InvalidIdentityToken")


def test_a_server_that_no_ca_vouches_for_is_known_by_its_thumbprint(
    federating: Server, admin: Clients, unique: str, tmp_path: Path
) -> None:
    unknown_ca = PrivateCa.make(tmp_path / "unknown", "Unknown CA")
    right = OpenIdProvider.start(unknown_ca, path="/right")
    wrong = OpenIdProvider.start(unknown_ca, path="/wrong")
    try:
        call = unsigned(federating.url).assume_role_with_web_identity
        register(admin, right, ThumbprintList=[unknown_ca.thumbprint])
        register(admin, wrong, ThumbprintList=["0" * 40])
        good = role_for(admin, f"{unique}-a", right, {"StringEquals": {f"{right.url}:sub": "job"}})
        bad = role_for(admin, f"{unique}-b", wrong, {"StringEquals": {f"{wrong.url}:sub": "job"}})
        assert call(RoleArn=good, RoleSessionName="job", WebIdentityToken=right.mint({"sub": "job"}))
        told = refusal(call, RoleArn=bad, RoleSessionName="job", WebIdentityToken=wrong.mint({"sub": "job"}))
        assert told == ("InvalidIdentityToken", "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint")  # fmt: skip
    finally:
        right.kill()
        wrong.kill()


def test_the_same_subject_of_two_providers_is_two_people(
    federating: Server, admin: Clients, ca: PrivateCa, provider: OpenIdProvider, unique: str
) -> None:
    other = OpenIdProvider.start(ca, path="/other")
    try:
        register(admin, other)
        role = role_for(admin, unique, provider, {"StringEquals": {f"{provider.url}:sub": "job"}})
        call = unsigned(federating.url).assume_role_with_web_identity
        assert refusal(call, RoleArn=role, RoleSessionName="job", WebIdentityToken=other.mint({"sub": "job"}))[0] == "AccessDenied"  # fmt: skip
        forged = other.mint({"sub": "job", "iss": provider.issuer})
        assert refusal(call, RoleArn=role, RoleSessionName="job", WebIdentityToken=forged)[0] == "InvalidIdentityToken"
    finally:
        other.kill()
