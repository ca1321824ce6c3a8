"""Service-linked roles: AWS's names and policies, changed by nobody, deleted by their own call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, Host, allow, make_host, refusal

from daypass.directory.aws_managed import aws_policy
from daypass.services.iam.service_linked_roles import linked_roles

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTOSCALING = "autoscaling.amazonaws.com"
NAME = "AWSServiceRoleForAutoScaling"
PROTECTED = (400, "UnmodifiableEntity", f"Cannot perform the operation on the protected role '{NAME}' - this role is only modifiable by AWS")  # fmt: skip


@pytest.fixture
def host() -> Iterator[Host]:
    made = make_host()
    yield made
    made.close()


@pytest.fixture
def iam(host: Host) -> Any:
    return host.admin("iam")


def test_every_service_in_the_table_has_its_policy_among_those_of_aws() -> None:
    assert [role.policy for role in linked_roles().values() if aws_policy(role.policy_arn) is None] == []


def test_a_role_is_made_as_aws_makes_it(iam: Any) -> None:
    role = iam.create_service_linked_role(AWSServiceName=AUTOSCALING, Description="mine")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{AUTOSCALING}/{NAME}"
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": AUTOSCALING}, "sts:AssumeRole")
    attached = iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AutoScalingServiceRolePolicy"]
    assert iam.get_role(RoleName=NAME)["Role"]["MaxSessionDuration"] == 3600
    taken = f"Service role name {NAME} has been taken in this account, please try a different suffix."
    assert refusal(iam.create_service_linked_role, AWSServiceName=AUTOSCALING) == (400, "InvalidInput", taken)
    assert iam.create_service_linked_role(AWSServiceName=AUTOSCALING, CustomSuffix="x")["Role"]["RoleName"] == f"{NAME}_x"  # fmt: skip


def test_a_suffix_is_for_few_services_and_only_services_have_such_roles(iam: Any) -> None:
    assert refusal(iam.create_service_linked_role, AWSServiceName="acm.amazonaws.com", CustomSuffix="x") == (400, "InvalidInput", "Custom suffix is not allowed for acm.amazonaws.com")  # fmt: skip
    assert refusal(iam.create_service_linked_role, AWSServiceName="nope.amazonaws.com")[:2] == (400, "InvalidInput")


def test_nobody_changes_one(host: Host, iam: Any) -> None:
    iam.create_service_linked_role(AWSServiceName=AUTOSCALING)
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    trust = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}})  # fmt: skip
    for call, given in (
        (iam.put_role_policy, {"PolicyName": "p", "PolicyDocument": allow("*")}),
        (iam.attach_role_policy, {"PolicyArn": arn}),
        (iam.detach_role_policy, {"PolicyArn": linked_roles()[AUTOSCALING].policy_arn}),
        (iam.put_role_permissions_boundary, {"PermissionsBoundary": arn}),
        (iam.update_assume_role_policy, {"PolicyDocument": trust}),
        (iam.update_role, {"MaxSessionDuration": 7200}),
        (iam.delete_role, {}),
    ):
        assert refusal(call, RoleName=NAME, **given) == PROTECTED


def test_a_deletion_is_a_task_that_ends(host: Host, iam: Any) -> None:
    iam.create_service_linked_role(AWSServiceName=AUTOSCALING)
    host.role("plain", '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}')  # fmt: skip
    assert refusal(iam.delete_service_linked_role, RoleName="plain")[:2] == (404, "NoSuchEntity")
    task = iam.delete_service_linked_role(RoleName=NAME)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/{AUTOSCALING}/{NAME}/")
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refusal(iam.get_role, RoleName=NAME)[:2] == (404, "NoSuchEntity")
    assert refusal(iam.get_service_linked_role_deletion_status, DeletionTaskId=task + "0")[:2] == (404, "NoSuchEntity")
    host.at(86_400)
    iam.create_service_linked_role(AWSServiceName=AUTOSCALING)
    iam.delete_service_linked_role(RoleName=NAME)
    assert refusal(iam.get_service_linked_role_deletion_status, DeletionTaskId=task)[:2] == (404, "NoSuchEntity")


def test_the_service_is_a_condition_key(host: Host) -> None:
    condition = {"StringEquals": {"iam:AWSServiceName": AUTOSCALING}}
    limited = host.client("iam", host.user("limited", allow("iam:CreateServiceLinkedRole", Condition=condition)))
    limited.create_service_linked_role(AWSServiceName=AUTOSCALING)
    assert refusal(limited.create_service_linked_role, AWSServiceName="acm.amazonaws.com")[1] == "AccessDenied"
