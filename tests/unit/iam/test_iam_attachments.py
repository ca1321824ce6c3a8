"""IAM API Reference: AttachUserPolicy, DetachUserPolicy, ListAttachedUserPolicies, and those of groups and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, OTHER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
JOB = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"

HOLDERS = [("User", "bob"), ("Group", "staff"), ("Role", "app")]


@pytest.fixture(autouse=True)
def holders(iam: Iam, trusting: Callable[[Any], str]) -> None:
    iam("CreateUser", UserName="bob")
    iam("CreateGroup", GroupName="staff")
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))


@pytest.mark.parametrize(("kind", "name"), HOLDERS)
def test_attaching_is_idempotent_and_detaching_is_not(iam: Iam, kind: str, name: str) -> None:
    holder = {f"{kind}Name": name}
    for _ in range(2):
        assert iam(f"Attach{kind}Policy", PolicyArn=ADMINISTRATOR, **holder) == {}
    listed = iam(f"ListAttached{kind}Policies", **holder)
    assert listed["AttachedPolicies"] == [{"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR}]
    assert not listed["IsTruncated"]
    iam(f"Detach{kind}Policy", PolicyArn=ADMINISTRATOR, **holder)
    gone = ("NoSuchEntity", f"Policy {ADMINISTRATOR} was not found.")
    assert iam.refusal(f"Detach{kind}Policy", PolicyArn=ADMINISTRATOR, **holder) == gone


@pytest.mark.parametrize(("kind", "name"), HOLDERS)
def test_ten_policies_are_enough(iam: Iam, allow: Callable[[], str], kind: str, name: str) -> None:
    holder = {f"{kind}Name": name}
    for n in range(11):
        iam("CreatePolicy", PolicyName=f"p{n}", PolicyDocument=allow())
    for n in range(10):
        iam(f"Attach{kind}Policy", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/p{n}", **holder)
    refused = ("LimitExceeded", f"Cannot exceed quota for PoliciesPer{kind}: 10")
    arn = f"arn:aws:iam::{ACCOUNT}:policy/p10"
    assert iam.refusal(f"Attach{kind}Policy", PolicyArn=arn, **holder) == refused
    iam(f"Attach{kind}Policy", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/p9", **holder)


@pytest.mark.parametrize(("kind", "name"), HOLDERS)
def test_an_unknown_holder_is_told(iam: Iam, kind: str, name: str) -> None:
    missing = ("NoSuchEntity", f"The {kind.lower()} with name nobody cannot be found.")
    given = {f"{kind}Name": "nobody", "PolicyArn": ADMINISTRATOR}
    assert iam.refusal(f"Attach{kind}Policy", **given) == missing
    assert iam.refusal(f"Detach{kind}Policy", **given) == missing
    assert iam.refusal(f"ListAttached{kind}Policies", **{f"{kind}Name": "nobody"}) == missing


def test_only_policies_of_aws_and_of_the_own_account_can_be_attached(
    iam: Iam, neighbour: Iam, allow: Callable[[], str]
) -> None:
    neighbour("CreatePolicy", PolicyName="p", PolicyDocument=allow())
    for arn in (
        f"arn:aws:iam::{OTHER_ACCOUNT}:policy/p",
        f"arn:aws:iam::{ACCOUNT}:policy/p",
        "arn:aws:iam::aws:policy/NoSuchPolicy",
        f"arn:aws:iam::{ACCOUNT}:user/bob",
    ):
        missing = ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
        assert iam.refusal("AttachUserPolicy", UserName="bob", PolicyArn=arn) == missing
    refused = ("ValidationError", "ARN AdministratorAccess-please is not valid.")
    for operation in ("AttachUserPolicy", "DetachUserPolicy"):
        assert iam.refusal(operation, UserName="bob", PolicyArn="AdministratorAccess-please") == refused


def test_attached_policies_are_listed_in_order_by_path_and_in_pages(iam: Iam) -> None:
    for arn in (READ_ONLY, JOB, ADMINISTRATOR):
        iam("AttachRolePolicy", RoleName="app", PolicyArn=arn)
    pages = iam.pages("ListAttachedRolePolicies", "AttachedPolicies", RoleName="app", MaxItems=2)
    assert [[policy["PolicyArn"] for policy in page] for page in pages] == [[READ_ONLY, JOB], [ADMINISTRATOR]]
    listed = iam("ListAttachedRolePolicies", RoleName="app", PathPrefix="/job-function/")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in listed] == ["ViewOnlyAccess"]
