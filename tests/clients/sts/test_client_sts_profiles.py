"""The credential-provider chains of boto3 and the AWS CLI, unchanged: profiles that assume roles, with MFA, in chains.

Only ``endpoint_url`` in the profile points them here. What is asked of a terminal (the MFA code) is typed into the
standard input of a process that has none.
"""

from __future__ import annotations

import base64
import hmac
import json
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from clientkit import BIN, REGION, Clients, Person, allow, clean_environment, make_user, trusting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOTO3 = """
import boto3, json, sys
identity = boto3.Session(profile_name=sys.argv[1]).client("sts").get_caller_identity()
print(json.dumps({"Arn": identity["Arn"]}))
"""
HELPER = """
import boto3, json, sys
sts = boto3.Session(profile_name="default", region_name="us-east-1").client("sts", endpoint_url=sys.argv[1])
session = sts.assume_role(RoleArn=sys.argv[2], RoleSessionName="helper")["Credentials"]
print(json.dumps({"Version": 1, **session}, default=lambda moment: moment.isoformat()))
"""


def cli_arguments(profile: str) -> list[str]:
    return [str(BIN / "aws"), "sts", "get-caller-identity", "--output", "json", "--profile", profile]


def boto3_arguments(profile: str) -> list[str]:
    return [sys.executable, "-c", BOTO3, profile]


@pytest.fixture(params=[cli_arguments, boto3_arguments], ids=["aws-cli", "boto3"])
def who(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., str]:
    """The ARN that a profile ends up as, or the last line of the error."""

    def ask(profile: str, typed: str = "") -> str:
        config = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
                  "HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}  # fmt: skip
        done = subprocess.run(
            request.param(profile), input=typed, capture_output=True, text=True, timeout=60, check=False,
            env=clean_environment() | config, start_new_session=True,
        )  # fmt: skip
        if done.returncode:
            return done.stderr.strip().splitlines()[-1]
        return str(json.loads(done.stdout[done.stdout.index("{") :])["Arn"])

    return ask


def write(folder: Path, url: str, **profiles: dict[str, str]) -> None:
    text = ""
    for name, settings in profiles.items():
        lines = {"region": REGION, "endpoint_url": url} | settings
        text += f"[profile {name}]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())
    (folder / "config").write_text(text)


def keys_of(person: Person) -> dict[str, str]:
    credentials = person.clients.credentials
    return {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
    }


def make_role(admin: Clients, name: str, trust: str, policy: str | None = None) -> str:
    arn = str(admin.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"])
    if policy is not None:
        admin.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
    return arn


def code(seed: bytes, step: int) -> str:
    mac = hmac.digest(seed, struct.pack(">Q", step), "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4]) & 0x7FFFFFFF) % 10**6:06d}"


def test_a_profile_assumes_its_role_with_its_external_id(account: Clients, unique: str, tmp_path: Path, who: Callable[..., str]) -> None:  # fmt: skip
    user = make_user(account, unique)
    trust = trusting({"AWS": user.arn}, Condition={"StringEquals": {"sts:ExternalId": "order-17"}})
    role = make_role(account, f"{unique}-r", trust)
    assuming = {"role_arn": role, "source_profile": "base", "role_session_name": "dev", "duration_seconds": "900"}
    write(tmp_path, account.url, base=keys_of(user), right=assuming | {"external_id": "order-17"},
          wrong=assuming | {"external_id": "order-18"}, without=assuming)  # fmt: skip
    assert who("base") == user.arn
    assert who("right") == f"arn:aws:sts::{account.account}:assumed-role/{unique}-r/dev"
    for profile in ("wrong", "without"):
        assert f"(AccessDenied) when calling the AssumeRole operation: User: {user.arn} is not authorized" in who(profile)  # fmt: skip


def test_profiles_form_a_chain(account: Clients, unique: str, tmp_path: Path, who: Callable[..., str]) -> None:
    user = make_user(account, unique)
    account_id = account.account
    first = make_role(account, f"{unique}-1", trusting({"AWS": user.arn}), allow("sts:AssumeRole"))
    second = make_role(account, f"{unique}-2", trusting({"AWS": first}), allow("sts:AssumeRole"))
    third = make_role(account, f"{unique}-3", trusting({"AWS": second}))
    profiles = {"base": keys_of(user)}
    for name, source, role in (("one", "base", first), ("two", "one", second), ("three", "two", third), ("short", "one", third)):  # fmt: skip
        profiles[name] = {"role_arn": role, "source_profile": source, "role_session_name": name}
    write(tmp_path, account.url, **profiles)
    assert who("three") == f"arn:aws:sts::{account_id}:assumed-role/{unique}-3/three"
    assert "AccessDenied" in who("short")


def test_a_profile_asks_for_the_mfa_code(account: Clients, unique: str, tmp_path: Path, who: Callable[..., str]) -> None:  # fmt: skip
    user = make_user(account, unique)
    device = account.iam.create_virtual_mfa_device(VirtualMFADeviceName=unique)["VirtualMFADevice"]
    seed = base64.b32decode(device["Base32StringSeed"])
    now = int(time.time()) // 30
    account.iam.enable_mfa_device(UserName=unique, SerialNumber=device["SerialNumber"],
                                  AuthenticationCode1=code(seed, now - 1), AuthenticationCode2=code(seed, now))  # fmt: skip
    trust = trusting({"AWS": user.arn}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    role = make_role(account, f"{unique}-r", trust)
    assuming = {"role_arn": role, "source_profile": "base", "role_session_name": "dev"}
    with_mfa = assuming | {"mfa_serial": device["SerialNumber"]}
    write(
        tmp_path,
        account.url,
        base=keys_of(user),
        mfa=with_mfa,
        without=assuming,
        again=with_mfa | {"role_session_name": "again"},
    )
    assert "AccessDenied" in who("without")
    wrong = f"{(int(code(seed, now + 1)) + 1) % 10**6:06d}"
    assert "MultiFactorAuthentication failed with invalid MFA one time pass code" in who("mfa", f"{wrong}\n")
    assert who("mfa", f"{code(seed, now + 1)}\n") == f"arn:aws:sts::{account.account}:assumed-role/{unique}-r/dev"
    assert "MultiFactorAuthentication failed" in who("again", f"{code(seed, now + 1)}\n")


def test_a_credential_process_hands_a_session_on(
    account: Clients, unique: str, tmp_path: Path, who: Callable[..., str]
) -> None:
    user = make_user(account, unique)
    role = make_role(account, f"{unique}-r", trusting({"AWS": user.arn}))
    helper = tmp_path / "helper.py"
    helper.write_text(HELPER)
    write(
        tmp_path,
        account.url,
        base=keys_of(user),
        outer={"credential_process": f"{sys.executable} {helper} {account.url} {role}"},
    )
    with (tmp_path / "config").open("a") as config:
        config.write("[default]\n" + "".join(f"{key} = {value}\n" for key, value in keys_of(user).items()))
    assert who("outer") == f"arn:aws:sts::{account.account}:assumed-role/{unique}-r/helper"
