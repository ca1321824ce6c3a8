"""Faults of arguments in the words of STS and IAM (recorded), and the limits of the models that they enforce."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from daypass.errors import ApiError
from daypass.protocol import Protocols
from daypass.request import Request

PROTOCOLS = Protocols.load()
FORM = [(b"content-type", b"application/x-www-form-urlencoded")]
ROLE = "arn:aws:iam::111122223333:role/demo"


def call(service: str, action: str, **parameters: str) -> dict[str, Any]:
    found = PROTOCOLS.services[service]
    head = {"Action": action, "Version": found.model.metadata.api_version}
    body = urlencode(head | {name.replace("__", "."): value for name, value in parameters.items()}).encode()
    request = Request("POST", b"/", b"", FORM, body, "test")
    return found.parse(found.route(request), request, body)


def refused(service: str, action: str, **parameters: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        call(service, action, **parameters)
    return caught.value


def assume_role(**parameters: str) -> dict[str, Any]:
    return call("sts", "AssumeRole", **({"RoleArn": ROLE, "RoleSessionName": "dev"} | parameters))


def fault(**parameters: str) -> str:
    error = refused("sts", "AssumeRole", **({"RoleArn": ROLE, "RoleSessionName": "dev"} | parameters))
    assert error.code == "ValidationError"
    head = "1 validation error detected: "
    assert error.message
    assert error.message.startswith(head), error.message
    return error.message.removeprefix(head)


def test_absent_members_are_null_without_quotes_and_all_are_named() -> None:
    assert refused("sts", "AssumeRole").message == (
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; "
        "Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"
    )


def test_too_short() -> None:
    assert fault(RoleArn="not-an-arn") == (
        "Value 'not-an-arn' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"
    )


def test_too_long() -> None:
    assert fault(RoleSessionName="a" * 65) == (
        f"Value '{'a' * 65}' at 'roleSessionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    )


def test_a_pattern() -> None:
    assert fault(RoleSessionName="bad/name") == (
        "Value 'bad/name' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
    )


@pytest.mark.parametrize(
    ("value", "bound"), [("899", "greater than or equal to 900"), ("43201", "less than or equal to 43200")]
)
def test_a_number_out_of_range(value: str, bound: str) -> None:
    assert fault(DurationSeconds=value) == (
        f"Value '{value}' at 'durationSeconds' failed to satisfy constraint: Member must have value {bound}"
    )


def test_too_many_tags() -> None:
    tags = {f"Tags__member__{n}__{part}": f"{part}{n}" for n in range(1, 52) for part in ("Key", "Value")}
    assert fault(**tags).endswith(
        "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"
    )


def test_a_member_of_a_list_is_named_by_its_number_from_one() -> None:
    clause = fault(
        Tags__member__1__Key="a", Tags__member__1__Value="b", Tags__member__7__Key="k" * 129, Tags__member__7__Value=""
    )
    assert "at 'tags.2.member.key'" in clause


def test_an_empty_value_is_a_value_with_its_own_faults_pattern_first() -> None:
    message = refused("sts", "AssumeRole", RoleArn="", RoleSessionName="dev").message
    assert message == (
        "2 validation errors detected: Value '' at 'roleArn' failed to satisfy constraint: Member must satisfy regular "
        r"expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+; "
        "Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20"
    )


def test_lengths_are_code_points_and_astral_characters_fail_the_pattern_of_arns() -> None:
    assert "regular expression" in fault(RoleArn=ROLE + "\U0001f600")
    assert assume_role(RoleArn=ROLE + "é" * 10)["RoleArn"].endswith("é")


def test_word_characters_are_ascii_but_tags_take_letters_of_all_scripts() -> None:
    assert "regular expression" in fault(RoleSessionName="é" * 3)
    tags = assume_role(Tags__member__1__Key="Straße 東", Tags__member__1__Value="\u00a0")["Tags"]
    assert tags == [{"Key": "Straße 東", "Value": "\u00a0"}]
    assert "at 'tags.1.member.key'" in fault(Tags__member__1__Key="a!", Tags__member__1__Value="")


@pytest.mark.parametrize("text", ["+900", "0900", "900"])
def test_numbers_may_have_a_sign_and_zeros(text: str) -> None:
    assert assume_role(DurationSeconds=text)["DurationSeconds"] == 900


@pytest.mark.parametrize("text", ["2147483648", "-2147483649", "900.0", "abc", " 900", "9" * 5000, "٩٠٠"])
def test_what_is_no_number_is_malformed_without_a_message(text: str) -> None:
    error = refused("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="dev", DurationSeconds=text)
    assert (error.code, error.message) == ("MalformedInput", None)


def test_an_empty_number_has_a_message() -> None:
    error = refused("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="dev", DurationSeconds="")
    assert (error.code, error.message) == ("MalformedInput", "missing value for decimal type")


def test_numbers_are_read_before_anything_is_checked() -> None:
    assert refused("sts", "AssumeRole", DurationSeconds="x").code == "MalformedInput"


def test_secrets_are_not_repeated() -> None:
    message = refused(
        "sts", "AssumeRoleWithWebIdentity", RoleArn=ROLE, RoleSessionName="dev", WebIdentityToken="tok"
    ).message
    assert message == (
        "1 validation error detected: Value '***' at 'webIdentityToken' failed to satisfy constraint: "
        "Member must have length greater than or equal to 4"
    )


def test_source_identity_takes_what_aws_takes_and_not_what_the_model_says() -> None:
    assert len(assume_role(SourceIdentity="s" * 256)["SourceIdentity"]) == 256
    assert "less than or equal to 256" in fault(SourceIdentity="s" * 257)


def test_the_least_session_length_is_a_setting() -> None:
    sts = Protocols.load(("sts",), minimum_duration=15).services["sts"]
    body = f"Action=AssumeRole&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=dev&DurationSeconds=15".encode()
    request = Request("POST", b"/", b"", FORM, body, "test")
    assert sts.parse(sts.route(request), request, body)["DurationSeconds"] == 15


def test_names_in_small_letters_of_policy_arns() -> None:
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert assume_role(PolicyArns__member__1__arn=arn)["PolicyArns"] == [{"arn": arn}]


def test_an_empty_list_and_gaps_in_its_numbers() -> None:
    assert assume_role(TransitiveTagKeys="")["TransitiveTagKeys"] == []
    found = assume_role(TransitiveTagKeys__member__10="b", TransitiveTagKeys__member__2="a")
    assert found["TransitiveTagKeys"] == ["a", "b"]


@pytest.mark.parametrize(
    "name", ["RoleArn__x", "Tags__1__Key", "Tags__member__x__Key", "Tags__member", "Tags__member__1__Key__x"]
)
def test_a_known_parameter_in_a_wrong_form_is_never_ignored(name: str) -> None:
    error = refused("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="dev", **{name: "v"})
    assert error.code == "MalformedInput"


def test_an_unknown_parameter_is_ignored() -> None:
    assert "Unknown" not in assume_role(Unknown="x", Unknown__member__1="y")


def test_a_refusal_does_not_multiply_what_was_sent() -> None:
    parameters = {f"Tags__member__{n}__Key": "!" * 1000 for n in range(1, 500)}
    error = refused("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="dev", **parameters)
    assert error.message is not None
    assert len(error.message) == 65_536


def test_a_thousand_faults_are_enough() -> None:
    parameters = {f"PolicyArns__member__{n}__arn": "x" for n in range(1, 3000)}
    error = refused("sts", "AssumeRole", RoleArn=ROLE, RoleSessionName="dev", **parameters)
    assert error.message is not None
    assert error.message.startswith("1000 validation errors detected")


def test_iam_names_no_values() -> None:
    message = refused("iam", "CreateUser", UserName="a" * 65).message
    assert message == (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    )
    assert refused("iam", "CreateUser").message == (
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must not be null"
    )


def test_iam_names_no_members_of_an_enumeration() -> None:
    message = refused("iam", "UpdateAccessKey", AccessKeyId="A" * 20, Status="On").message
    assert message == (
        "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set"
    )


def test_iam_shows_the_pattern_of_versions() -> None:
    message = refused("iam", "GetPolicyVersion", PolicyArn=ROLE, VersionId="one").message
    assert message == (
        "1 validation error detected: Value at 'versionId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"
    )


def test_faults_of_texts_in_a_list_are_the_lists() -> None:
    message = refused("iam", "UntagUser", UserName="a", TagKeys__member__1="k" * 129).message
    assert message == (
        "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 128, Member must have length greater than or equal to 1, "
        r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+, Member must not be null]"
    )


@pytest.mark.parametrize(
    ("action", "parameters", "text"),
    [
        (
            "CreateUser",
            {"UserName": "a b"},
            "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ),
        (
            "CreateUser",
            {"UserName": "a", "Path": "x"},
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        ),
        (
            "ListUsers",
            {"PathPrefix": "x"},
            "The specified value for pathPrefix is invalid. It must begin with the / character and contain only alphanumeric characters and/or / characters.",
        ),
        (
            "DeleteAccessKey",
            {"AccessKeyId": "AKIA-AAAAAAAAAAAAAAA"},
            "The specified value for accessKeyId is invalid. It must contain only alphanumeric characters.",
        ),
        (
            "PutUserPolicy",
            {"UserName": "a", "PolicyName": "p", "PolicyDocument": "\u4e00"},
            "The specified value for policyDocument is invalid. It must contain only printable ASCII characters.",
        ),
    ],
)
def test_iam_has_sentences_of_its_own_for_names_paths_keys_and_documents(
    action: str, parameters: dict[str, str], text: str
) -> None:
    error = refused("iam", action, **parameters)
    assert (error.code, error.message) == ("ValidationError", text)


def test_booleans_and_times() -> None:
    found = call("iam", "CreatePolicyVersion", PolicyArn=ROLE, PolicyDocument="{}", SetAsDefault="true")
    assert found["SetAsDefault"] is True
    error = refused("iam", "CreatePolicyVersion", PolicyArn=ROLE, PolicyDocument="{}", SetAsDefault="yes")
    assert error.code == "MalformedInput"


def test_every_pattern_of_the_models_can_be_read() -> None:
    for service in PROTOCOLS.services.values():
        for operation in service.operation_names:
            shape = service.model.operations[operation].input
            if shape is not None and service.name not in ("s3", "signin"):
                service._validator._check_of(shape.shape)  # type: ignore[attr-defined]
