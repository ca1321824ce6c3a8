"""IAM User Guide, "Tags for IAM resources": TagUser, UntagUser, ListUserTags, and those of roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam


def tags(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


@pytest.fixture(autouse=True)
def holders(iam: Iam, trusting: Callable[[Any], str]) -> None:
    iam("CreateUser", UserName="bob")
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))


@pytest.mark.parametrize(("kind", "name"), [("User", "bob"), ("Role", "app")])
def test_tags_keep_their_order_and_the_spelling_of_their_first_key(iam: Iam, kind: str, name: str) -> None:
    holder = {f"{kind}Name": name}
    assert iam(f"Tag{kind}", Tags=tags(b="1", A="2"), **holder) == {}
    iam(f"Tag{kind}", Tags=tags(a="3", c=""), **holder)
    assert iam(f"List{kind}Tags", **holder)["Tags"] == tags(b="1", A="3", c="")
    assert iam(f"Get{kind}", **holder)[kind]["Tags"] == tags(b="1", A="3", c="")
    pages = iam.pages(f"List{kind}Tags", "Tags", MaxItems=2, **holder)
    assert list(pages) == [tags(b="1", A="3"), tags(c="")]
    assert iam(f"Untag{kind}", TagKeys=["a", "never-there"], **holder) == {}
    assert iam(f"List{kind}Tags", **holder)["Tags"] == tags(b="1", c="")


def test_two_keys_that_differ_by_case_are_one_key_twice(iam: Iam) -> None:
    refused = ("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    assert iam.refusal("TagUser", UserName="bob", Tags=tags(a="1", A="2")) == refused
    assert iam.refusal("CreateUser", UserName="eve", Tags=tags(a="1", A="2")) == refused


def test_keys_of_aws_are_refused(iam: Iam) -> None:
    refused = ("InvalidInput", "aws: prefixed tag key names are not allowed for external use.")
    for key in ("aws:x", "AWS:x"):
        assert iam.refusal("TagRole", RoleName="app", Tags=tags(**{key: "1"})) == refused


def test_fifty_tags_are_enough(iam: Iam) -> None:
    iam("TagUser", UserName="bob", Tags=tags(**{f"k{n}": "v" for n in range(50)}))
    iam("TagUser", UserName="bob", Tags=tags(k0="w"))
    refused = ("LimitExceeded", "The number of tags has reached the maximum limit.")
    assert iam.refusal("TagUser", UserName="bob", Tags=tags(more="v")) == refused
