"""IAM API Reference: PutUserPolicy, GetUserPolicy, DeleteUserPolicy, ListUserPolicies, and those of groups and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

HOLDERS = [("User", "bob", 2048), ("Group", "staff", 5120), ("Role", "app", 10240)]


@pytest.fixture(autouse=True)
def holders(iam: Iam, trusting: Callable[[Any], str]) -> None:
    iam("CreateUser", UserName="bob")
    iam("CreateGroup", GroupName="staff")
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))


@pytest.mark.parametrize(("kind", "name", "_limit"), HOLDERS)
def test_a_policy_is_put_read_replaced_listed_and_deleted(
    iam: Iam, allow: Callable[..., str], decoded: Callable[[str], Any], kind: str, name: str, _limit: int
) -> None:
    holder = {f"{kind}Name": name}
    for policy in ("second", "first"):
        assert iam(f"Put{kind}Policy", PolicyName=policy, PolicyDocument=allow(), **holder) == {}
    iam(f"Put{kind}Policy", PolicyName="first", PolicyDocument=allow("s3:Get*"), **holder)
    read = iam(f"Get{kind}Policy", PolicyName="first", **holder)
    assert decoded(read.pop("PolicyDocument"))["Statement"][0]["Action"] == "s3:Get*"
    assert read == {**holder, "PolicyName": "first"}
    pages = iam.pages(f"List{kind}Policies", "PolicyNames", MaxItems=1, **holder)
    assert list(pages) == [["first"], ["second"]]
    iam(f"Delete{kind}Policy", PolicyName="first", **holder)
    missing = ("NoSuchEntity", f"The {kind.lower()} policy with name first cannot be found.")
    assert iam.refusal(f"Get{kind}Policy", PolicyName="first", **holder) == missing
    assert iam.refusal(f"Delete{kind}Policy", PolicyName="first", **holder) == missing


@pytest.mark.parametrize(("kind", "name", "limit"), HOLDERS)
def test_all_inline_policies_of_one_entity_have_one_size_limit(
    iam: Iam, allow: Callable[..., str], kind: str, name: str, limit: int
) -> None:
    holder = {f"{kind}Name": name}
    bare = len(allow(resource="arn:aws:s3:::").replace(" ", ""))

    def sized(size: int) -> str:
        return allow(resource="arn:aws:s3:::" + "a" * (size - bare))

    iam(f"Put{kind}Policy", PolicyName="a", PolicyDocument=sized(limit - 1000), **holder)
    iam(f"Put{kind}Policy", PolicyName="b", PolicyDocument=sized(1000), **holder)
    text = f"Maximum policy size of {limit} bytes exceeded for {kind.lower()} {name}"
    refused = iam.refusal(f"Put{kind}Policy", PolicyName="b", PolicyDocument=sized(1001), **holder)
    assert refused == ("LimitExceeded", text)
    iam(f"Put{kind}Policy", PolicyName="b", PolicyDocument=sized(999), **holder)


def test_a_faulty_document_is_refused_and_changes_nothing(iam: Iam, allow: Callable[..., str]) -> None:
    iam("PutUserPolicy", UserName="bob", PolicyName="p", PolicyDocument=allow())
    before = iam.user("bob")
    given = allow().replace('"Effect"', '"Principal": "*", "Effect"')
    refused = ("MalformedPolicyDocument", "Policy document should not specify a principal.")
    assert iam.refusal("PutUserPolicy", UserName="bob", PolicyName="p", PolicyDocument=given) == refused
    assert iam.user("bob") == before


def test_an_unknown_holder_is_told(iam: Iam, allow: Callable[..., str]) -> None:
    missing = ("NoSuchEntity", "The role with name none cannot be found.")
    assert iam.refusal("PutRolePolicy", RoleName="none", PolicyName="p", PolicyDocument=allow()) == missing
