"""No secret enters a record: by the service model's own mark, and by name (threat G3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from audit_calls import CANARY, SERVICES, call, record_of, records_of

from daypass.audit.redaction import NEVER_RECORDED
from daypass.credentials import Secret
from daypass.errors import ApiError

if TYPE_CHECKING:
    from daypass.protocol.models import Member, Model

CREDENTIALS = {"AccessKeyId": "ASIA", "SecretAccessKey": CANARY, "SessionToken": CANARY}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "output"),
    [
        ("sts", "AssumeRole", {"SerialNumber": "mfa", "TokenCode": CANARY}, {"Credentials": CREDENTIALS}),
        ("sts", "AssumeRoleWithSAML", {"SAMLAssertion": CANARY}, {"Credentials": CREDENTIALS}),
        ("sts", "AssumeRoleWithWebIdentity", {"WebIdentityToken": CANARY}, {"Credentials": CREDENTIALS}),
        ("sts", "GetSessionToken", {"TokenCode": CANARY}, {"Credentials": CREDENTIALS}),
        ("sts", "GetFederationToken", {"Name": "Bob"}, {"Credentials": CREDENTIALS}),
        ("sts", "GetWebIdentityToken", {"Audience": ["a"]}, {"WebIdentityToken": CANARY}),
        ("sts", "DecodeAuthorizationMessage", {"EncodedMessage": CANARY}, {"DecodedMessage": CANARY}),
        ("sts", "GetDelegatedAccessToken", {"TradeInToken": CANARY}, {"Credentials": CREDENTIALS}),
        ("iam", "CreateAccessKey", {}, {"AccessKey": {"SecretAccessKey": CANARY}}),
        ("iam", "CreateLoginProfile", {"UserName": "a", "Password": CANARY}, {}),
        ("iam", "UpdateLoginProfile", {"UserName": "a", "Password": CANARY}, {}),
        ("iam", "ChangePassword", {"OldPassword": CANARY, "NewPassword": CANARY}, {}),
        (
            "iam",
            "CreateVirtualMFADevice",
            {"VirtualMFADeviceName": "d"},
            {"VirtualMFADevice": {"Base32StringSeed": CANARY.encode(), "QRCodePNG": CANARY.encode()}},
        ),
        ("iam", "EnableMFADevice", {"AuthenticationCode1": CANARY, "AuthenticationCode2": CANARY}, {}),
        ("iam", "ResyncMFADevice", {"AuthenticationCode1": CANARY, "AuthenticationCode2": CANARY}, {}),
        ("iam", "UploadServerCertificate", {"PrivateKey": CANARY}, {}),
        (
            "iam",
            "CreateServiceSpecificCredential",
            {},
            {"ServiceSpecificCredential": {"ServicePassword": CANARY, "ServiceCredentialSecret": CANARY}},
        ),
        ("s3", "PutObject", {"Body": CANARY.encode(), "SSECustomerKey": CANARY, "Metadata": {"k": CANARY}}, {}),
        ("s3", "CopyObject", {"CopySourceSSECustomerKey": CANARY}, {}),
        ("s3", "DeleteObject", {"MFA": CANARY}, {}),
        ("s3", "CreateSession", {}, {"Credentials": CREDENTIALS}),
    ],
)
def test_a_secret_is_left_out(service: str, operation: str, parameters: dict[str, Any], output: dict[str, Any]) -> None:
    """``records_of`` looks for the canary in the line itself."""
    assert records_of(call(service, operation, parameters), output)


def test_a_changed_password_leaves_no_parameters() -> None:
    made = call("iam", "ChangePassword", {"OldPassword": CANARY, "NewPassword": CANARY})
    assert record_of(made)["requestParameters"] is None


def test_what_is_no_secret_stays() -> None:
    parameters = {"SerialNumber": "mfa", "TokenCode": "123456", "ExternalId": "ext", "Policy": "{}", "RoleArn": "arn"}
    recorded = record_of(call("sts", "AssumeRole", parameters))["requestParameters"]
    assert recorded == {"serialNumber": "mfa", "externalId": "ext", "policy": "{}", "roleArn": "arn"}


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_member_that_a_model_marks_is_left_out(service: str) -> None:
    """All operations of a service, each with canaries in all members that are sensitive or bear a secret's name."""
    model = SERVICES[service].model
    planted = 0
    for name, operation in model.operations.items():
        parameters, in_request = _planted(model, operation.input)
        output, in_answer = _planted(model, operation.output)
        planted += in_request + in_answer
        assert records_of(call(service, name, parameters or {}), output or {})
    assert planted or service == "cloudtrail"


def _planted(model: Model, member: Member | None, seen: tuple[str, ...] = ()) -> tuple[Any, int]:
    """A value for a shape in which every secret is a canary, and how many there are."""
    if member is None or member.shape in seen:
        return None, 0
    shape, seen = model.shapes[member.shape], (*seen, member.shape)
    match shape.type:
        case "structure":
            value, count = {}, 0
            for name, use in shape.members.items():
                if model.shapes[use.shape].sensitive or name.casefold() in NEVER_RECORDED:
                    value[name], count = CANARY, count + 1
                else:
                    value[name], inner = _planted(model, use, seen)
                    count += inner
            return value, count
        case "list":
            value, count = _planted(model, shape.member, seen)
            return [] if value is None else [value], count
        case _:
            return None, 0


@pytest.mark.parametrize("member", ["tokenCode", "webIdentityToken", "sAMLAssertion", "a.1.password"])
def test_a_refusal_that_repeats_a_secret_is_recorded_without_it(member: str) -> None:
    text = (
        f"2 validation errors detected: Value 'x' at 'roleArn' failed to satisfy constraint: too short; "
        f"Value '{CANARY}' at ' {CANARY}' at '{member}' failed to satisfy constraint: Member must have a length"
    )
    record = record_of(call("sts", "AssumeRole", {}), error=ApiError("ValidationError", text), status=400)
    assert record["errorMessage"] == (
        f"2 validation errors detected: Value left out at '{member}' "
        "failed to satisfy constraint: Member must have a length"
    )


def test_a_refusal_that_repeats_no_secret_is_recorded_whole() -> None:
    text = "1 validation error detected: Value 'tokenCode' at 'roleArn' failed to satisfy constraint: too short"
    record = record_of(call("sts", "AssumeRole", {}), error=ApiError("ValidationError", text), status=400)
    assert record["errorMessage"] == text


def test_a_secret_in_an_unexpected_place_is_an_error_and_not_a_record() -> None:
    with pytest.raises(TypeError):
        record_of(call("iam", "GetUser", {"UserName": Secret(CANARY)}))
