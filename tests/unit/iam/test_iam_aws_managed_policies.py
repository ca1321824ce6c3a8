"""AWS Managed Policy Reference: policies that every account may attach and none may change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from daypass.directory.aws_managed import AwsPolicy, aws_policies, aws_policy
from daypass.policy import Grammar, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
SERVICE_ROLE = "arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy"


def test_administrator_access_is_what_aws_publishes(iam: Iam, decoded: Callable[[str], Any]) -> None:
    policy = iam("GetPolicy", PolicyArn=ADMINISTRATOR)["Policy"]
    assert (policy["PolicyId"], policy["DefaultVersionId"], policy["Path"]) == ("ANPAIWMBCKSKIEE64ZLYK", "v1", "/")
    version = iam("GetPolicyVersion", PolicyArn=ADMINISTRATOR, VersionId="v1")["PolicyVersion"]
    allowed = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    assert decoded(version["Document"]) == {"Version": "2012-10-17", "Statement": allowed}
    assert version["IsDefaultVersion"]


def test_every_policy_that_can_be_attached_is_one_that_can_be_enforced() -> None:
    attachable = [policy for policy in aws_policies() if policy.attachable]
    assert len(attachable) > 1000
    for policy in attachable:
        parse(policy.document, Grammar.IDENTITY)


def test_arns_and_ids_are_each_once_and_of_the_right_form() -> None:
    policies = aws_policies()
    assert len({policy.arn for policy in policies}) == len({policy.id for policy in policies}) == len(policies)
    assert all(len(policy.id) == 21 and policy.id.startswith("ANPA") for policy in policies)
    assert list(policies) == sorted(policies, key=lambda policy: policy.name)


def test_a_lookup_finds_by_the_whole_arn_alone() -> None:
    power_user = "arn:aws:iam::aws:policy/job-function/DataScientist"
    found = aws_policy(power_user)
    assert isinstance(found, AwsPolicy)
    assert json.loads(found.document)["Version"] == "2012-10-17"
    for wrong in (
        "arn:aws:iam::aws:policy/DataScientist",
        "arn:aws:iam::aws:policy/job-function/datascientist",
        "arn:aws:iam::111122223333:policy/AdministratorAccess",
        "AdministratorAccess",
    ):
        assert aws_policy(wrong) is None


@pytest.mark.parametrize(
    ("operation", "given", "text"),
    [
        ("DeletePolicy", {}, "Cannot delete policies outside your own account."),
        (
            "DeletePolicyVersion",
            {"VersionId": "v1"},
            "Cannot delete policy versions for policies outside your own account.",
        ),
        ("SetDefaultPolicyVersion", {"VersionId": "v1"}, "Cannot update policies outside your own account."),
        ("CreatePolicyVersion", {"PolicyDocument": "{}"}, "Cannot update policies outside your own account."),
        ("TagPolicy", {"Tags": []}, "Cannot update policies outside your own account."),
        ("UntagPolicy", {"TagKeys": []}, "Cannot update policies outside your own account."),
    ],
)
def test_nobody_changes_them(iam: Iam, operation: str, given: dict[str, Any], text: str) -> None:
    assert iam.refusal(operation, PolicyArn=ADMINISTRATOR, **given) == ("AccessDenied", text)


def test_policies_of_service_linked_roles_are_not_attachable(iam: Iam) -> None:
    assert not iam("GetPolicy", PolicyArn=SERVICE_ROLE)["Policy"]["IsAttachable"]
    refused = ("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
    assert iam.refusal("AttachUserPolicy", UserName="admin", PolicyArn=SERVICE_ROLE) == refused
    given = {"UserName": "admin", "PermissionsBoundary": SERVICE_ROLE}
    assert iam.refusal("PutUserPermissionsBoundary", **given) == refused


def test_only_the_version_in_force_is_known(iam: Iam) -> None:
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    current = iam("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
    assert [v["VersionId"] for v in iam("ListPolicyVersions", PolicyArn=arn)["Versions"]] == [current]
    missing = ("NoSuchEntity", f"Policy {arn} version v1 does not exist or is not attachable.")
    assert iam.refusal("GetPolicyVersion", PolicyArn=arn, VersionId="v1") == missing
    assert iam("ListPolicyTags", PolicyArn=arn)["Tags"] == []
