"""The keys of organizations: there where an account is in one, for whoever asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from worldkit import ACCOUNT, OTHER_ACCOUNT, Host, allow, document, refusal

from daypass.directory import Organization, Put

if TYPE_CHECKING:
    from collections.abc import Mapping

OURS, PATH = "o-abcdefghij", "o-abcdefghij/r-abcd/"


def shared(**condition: Any) -> str:
    """A bucket policy that lets everyone read, if."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shared/*"}
    return document(statement | {"Condition": condition})


@pytest.fixture
def member(host: Host) -> Mapping[str, str]:
    """Somebody of the other account, who may read whatever lets him."""
    s3 = host.root("s3")
    s3.create_bucket(Bucket="shared")
    s3.delete_public_access_block(Bucket="shared")
    s3.put_object(Bucket="shared", Key="k", Body=b"x")
    return host.user("member", allow("s3:GetObject"), account=OTHER_ACCOUNT)


def organize(host: Host, *members: str) -> None:
    host.store.apply([Put(Organization(OURS, ACCOUNT, "r-abcd", 1, members))])


def reads(host: Host, by: Mapping[str, str], policy: str, **config: Any) -> bool:
    host.root("s3").put_bucket_policy(Bucket="shared", Policy=policy)
    get = host.client("s3", by, **config).get_object
    try:
        get(Bucket="shared", Key="k")
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalOrgID": OURS}},
        {"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": PATH + "*"}},
        {"ForAnyValue:StringEquals": {"AWS:principalorgpaths": PATH}},
    ],
)
def test_a_bucket_is_shared_with_an_organization(host: Host, member: Mapping[str, str], condition: Any) -> None:
    assert not reads(host, member, shared(**condition))
    organize(host, OTHER_ACCOUNT)
    assert reads(host, member, shared(**condition))
    organize(host)
    assert not reads(host, member, shared(**condition))


def test_strangers_are_in_no_organization(host: Host, member: Mapping[str, str]) -> None:
    organize(host, OTHER_ACCOUNT)
    outside = shared(Null={"aws:PrincipalOrgID": "true"}, StringEquals={"aws:ResourceOrgID": OURS})
    assert reads(host, member, outside, signature_version=UNSIGNED)
    assert not reads(host, member, outside)


def test_a_policy_of_the_caller_may_name_the_resources_organization(host: Host, member: Mapping[str, str]) -> None:
    iam = host.admin("iam", OTHER_ACCOUNT)
    inside = allow("s3:GetObject", Condition={"StringEquals": {"aws:ResourceOrgID": OURS}})
    iam.put_user_policy(UserName="member", PolicyName="p", PolicyDocument=inside)
    host.root("s3").put_bucket_policy(
        Bucket="shared", Policy=shared(StringEquals={"aws:PrincipalAccount": OTHER_ACCOUNT})
    )
    get = host.client("s3", member).get_object
    assert refusal(get, Bucket="shared", Key="k")[1] == "AccessDenied"
    organize(host)
    assert get(Bucket="shared", Key="k")["Body"].read() == b"x"
