"""IAM User Guide, "Comparing AWS STS API operations": which kind of credentials may call which operation at all.

Everybody in the table has every permission, so that only the kind of credentials decides.
"""

from __future__ import annotations

from typing import Any

import pytest
from signkit import Signer
from worldkit import ACCOUNT, Host, allow, long_term, trusting

OPERATIONS = {
    "AssumeRole": {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/target", "RoleSessionName": "dev"},
    "GetAccessKeyInfo": {"AccessKeyId": "ASIAQNZGKIQY56JQ7WML"},
    "GetCallerIdentity": {},
    "GetFederationToken": {"Name": "Bob"},
    "GetSessionToken": {},
}
SESSION = "Cannot call {} with session credentials"
NO_ROOT = "Roles may not be assumed by root accounts."
FEDERATED = (
    f"User: arn:aws:sts::{ACCOUNT}:federated-user/Fred is not authorized to perform: sts:AssumeRole "
    f"on resource: arn:aws:iam::{ACCOUNT}:role/target"
)
TABLE: dict[str, dict[str, str | None]] = {
    "root key": dict.fromkeys(OPERATIONS) | {"AssumeRole": NO_ROOT},
    "user key": dict.fromkeys(OPERATIONS),
    "GetSessionToken without MFA": {
        "AssumeRole": None,
        "GetAccessKeyInfo": SESSION,
        "GetCallerIdentity": None,
        "GetFederationToken": SESSION,
        "GetSessionToken": SESSION,
    },
    "GetSessionToken with MFA": {
        "AssumeRole": None,
        "GetAccessKeyInfo": SESSION,
        "GetCallerIdentity": None,
        "GetFederationToken": SESSION,
        "GetSessionToken": SESSION,
    },
    "federated user": {
        "AssumeRole": FEDERATED,
        "GetAccessKeyInfo": SESSION,
        "GetCallerIdentity": None,
        "GetFederationToken": SESSION,
        "GetSessionToken": SESSION,
    },
    "role session": {
        "AssumeRole": None,
        "GetAccessKeyInfo": None,
        "GetCallerIdentity": None,
        "GetFederationToken": SESSION,
        "GetSessionToken": SESSION,
    },
}


def credentials(host: Host, kind: str) -> dict[str, Any]:
    if kind == "root key":
        return long_term(host.accounts[ACCOUNT].root)
    user = host.user("user", allow("*"))
    sts = host.client("sts", user)
    match kind:
        case "GetSessionToken without MFA":
            return dict(sts.get_session_token()["Credentials"])
        case "GetSessionToken with MFA":
            device = host.device("user")
            return dict(sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())["Credentials"])
        case "federated user":
            return dict(sts.get_federation_token(Name="Fred", Policy=allow("*"))["Credentials"])
        case "role session":
            return host.assume(user, host.role("role", trusting(f"arn:aws:iam::{ACCOUNT}:user/user"), allow("*")))
    return user


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("kind", TABLE)
def test_who_may_call_what(host: Host, kind: str, operation: str) -> None:
    caller = credentials(host, kind)
    host.role("target", trusting("*"))
    answer = host.query(caller, operation, **OPERATIONS[operation])
    refused = TABLE[kind][operation]
    if refused is None:
        assert answer.status == 200, answer.body
    else:
        assert answer.refusal == (403, "AccessDenied", refused.format(operation))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nobody_may_call_any_of_them_unsigned(host: Host, operation: str) -> None:
    form = {"Action": operation, "Version": "2011-06-15"} | OPERATIONS[operation]
    request = Signer(
        {"AccessKeyId": "x", "SecretAccessKey": "x"}, host.now, headers={"host": "sts.amazonaws.com"}
    ).header(form)
    request.headers = [(name, value) for name, value in request.headers if name != b"authorization"]
    told = (403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    assert host.ask(request).refusal == told
