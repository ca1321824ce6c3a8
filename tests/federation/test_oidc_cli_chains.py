"""The AWS CLI's own web-identity provider, in versions 1 and 2, by variables, by profile, and as the source of a chain.

Version 2 before 2.13 knows no AWS_ENDPOINT_URL, least of all for the call that its credential provider makes: an endpoint
rule set in AWS_DATA_PATH leads it here. The programs run as they are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from clientkit import BIN, REGION, Clients, allow, clean_environment, trusting
from oidckit import CLIENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clientkit import Server
    from oidckit import OpenIdProvider

pytestmark = pytest.mark.slow
CLIS = {"v1": str(BIN / "aws"), "v2": "/usr/bin/aws"}
PARAMETERS = {
    "Region": ("AWS::Region", "String"),
    "UseDualStack": ("AWS::UseDualStack", "Boolean"),
    "UseFIPS": ("AWS::UseFIPS", "Boolean"),
    "Endpoint": ("SDK::Endpoint", "String"),
    "UseGlobalEndpoint": ("AWS::STS::UseGlobalEndpoint", "Boolean"),
}


def rule_set(url: str) -> dict[str, Any]:
    """Where STS is, in the form that AWS ships with its clients."""
    parameters = {
        name: {"builtIn": source, "type": kind, "required": kind == "Boolean", "documentation": ""}
        | ({"default": False} if kind == "Boolean" else {})
        for name, (source, kind) in PARAMETERS.items()
    }
    scheme = {"name": "sigv4", "signingName": "sts", "signingRegion": REGION}
    endpoint = {"url": url, "properties": {"authSchemes": [scheme]}, "headers": {}}
    return {"version": "1.0", "parameters": parameters, "rules": [{"conditions": [], "endpoint": endpoint, "type": "endpoint"}]}  # fmt: skip


@pytest.fixture(params=CLIS)
def who(request: pytest.FixtureRequest, federating: Server, tmp_path: Path) -> Callable[..., str]:
    """The ARN that ``aws sts get-caller-identity`` ends up as, with these variables."""
    program = shutil.which(CLIS[request.param])
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(f"the AWS CLI {request.param} is not installed, and CI must have it")
        pytest.skip(f"the AWS CLI {request.param} is not installed")
    rules = tmp_path / "models" / "sts" / "2011-06-15" / "endpoint-rule-set-1.json"
    rules.parent.mkdir(parents=True)
    rules.write_text(json.dumps(rule_set(federating.url)))

    def ask(**variables: str) -> str:
        env = clean_environment() | {"HOME": str(tmp_path), "AWS_DATA_PATH": str(tmp_path / "models"), "AWS_DEFAULT_REGION": REGION}  # fmt: skip
        command = [program, "sts", "get-caller-identity", "--output", "json"]
        done = subprocess.run(command, env=env | variables, capture_output=True, text=True, timeout=60, check=False)
        return str(json.loads(done.stdout)["Arn"]) if done.returncode == 0 else done.stderr.strip()

    return ask


def test_variables_profiles_and_chains_begin_with_a_token(
    admin: Clients, provider: OpenIdProvider, unique: str, tmp_path: Path, who: Callable[..., str]
) -> None:
    arn = f"arn:aws:iam::{admin.account}:oidc-provider/{provider.url}"
    if arn not in [one["Arn"] for one in admin.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]:
        admin.iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=[CLIENT])
    trust = trusting({"Federated": arn}, "sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": {f"{provider.url}:sub": "job"}})  # fmt: skip
    first = admin.iam.create_role(RoleName=unique, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    admin.iam.put_role_policy(RoleName=unique, PolicyName="p", PolicyDocument=allow("sts:AssumeRole"))
    second = admin.iam.create_role(RoleName=f"{unique}-2", AssumeRolePolicyDocument=trusting({"AWS": first}))["Role"]["Arn"]  # fmt: skip
    token = tmp_path / "token"
    token.write_text(provider.mint({"sub": "job"}))
    profiles = {
        "job": {"role_arn": first, "web_identity_token_file": str(token), "role_session_name": "at-p"},
        "chain": {"role_arn": second, "source_profile": "job", "role_session_name": "at-c"},
    }
    config = tmp_path / "config"
    config.write_text("".join(
        f"[profile {name}]\nregion = {REGION}\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())
        for name, settings in profiles.items()
    ))  # fmt: skip
    by_variables = {"AWS_ROLE_ARN": first, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_SESSION_NAME": "v1"}
    sessions = f"arn:aws:sts::{admin.account}:assumed-role"
    assert who(**by_variables) == f"{sessions}/{unique}/v1"
    assert who(AWS_CONFIG_FILE=str(config), AWS_PROFILE="job") == f"{sessions}/{unique}/at-p"
    assert who(AWS_CONFIG_FILE=str(config), AWS_PROFILE="chain") == f"{sessions}/{unique}-2/at-c"
    token.write_text(provider.mint({"sub": "somebody else"}))
    assert "Not authorized to perform sts:AssumeRoleWithWebIdentity" in who(
        **by_variables | {"AWS_ROLE_SESSION_NAME": "not-kept"}
    )
