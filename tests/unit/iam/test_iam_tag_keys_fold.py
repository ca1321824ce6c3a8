"""Tag keys are told apart exactly as guards can tell them apart (threats F3, B14): no other letter passes for a guarded key."""

from __future__ import annotations

from typing import Any

import pytest
from worldkit import Host, document, refusal

GUARD = {"ForAnyValue:StringEqualsIgnoreCase": {"aws:TagKeys": ["class"]}}


@pytest.fixture
def bob(host: Host) -> Any:
    """IAM as bob sees it, who may tag anything but with ``class``."""
    policy = document(
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["iam:TagUser", "iam:UntagUser"], "Resource": "*", "Condition": GUARD},
    )
    client = host.client("iam", host.user("bob", policy))
    host.admin("iam").tag_user(UserName="bob", Tags=[{"Key": "class", "Value": "restricted"}])
    return client


@pytest.mark.parametrize("foreign", ["claß", "claſs"])
def test_a_foreign_letter_neither_changes_nor_removes_a_guarded_tag(host: Host, bob: Any, foreign: str) -> None:
    bob.tag_user(UserName="bob", Tags=[{"Key": foreign, "Value": "secret"}])
    bob.untag_user(UserName="bob", TagKeys=[foreign])
    bob.tag_user(UserName="bob", Tags=[{"Key": foreign, "Value": "secret"}])
    found = {tag["Key"]: tag["Value"] for tag in host.admin("iam").list_user_tags(UserName="bob")["Tags"]}
    assert found == {"class": "restricted", foreign: "secret"}
    for key in ("class", "CLASS"):
        assert refusal(bob.tag_user, UserName="bob", Tags=[{"Key": key, "Value": "x"}])[1] == "AccessDenied"
        assert refusal(bob.untag_user, UserName="bob", TagKeys=[key])[1] == "AccessDenied"
