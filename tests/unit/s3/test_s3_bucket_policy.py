"""Bucket policies and public access (S3 User Guide, "Bucket policies", "Blocking public access"; s3.md 6)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from s3_world import ACCOUNT, OTHER_ACCOUNT, S3, policy

from daypass.directory import Delete
from daypass.services.s3.owners import canonical_id
from daypass.services.s3.public_policies import is_public

BUCKET = "arn:aws:s3:::bucket"
OPEN = policy({})
CLOSED_TO_EVERYBODY = policy({"Effect": "Deny", "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"]})


def put(s3: S3, text: str, **given: Any) -> dict[str, Any]:
    return s3("PutBucketPolicy", text.encode(), Bucket="bucket", Policy=text, **given)


def refused(s3: S3, text: str) -> tuple[str, str | None]:
    error = s3.refusal("PutBucketPolicy", body=text.encode(), Bucket="bucket", Policy=text)
    return error.code, error.message


def test_a_policy_is_kept_as_it_was_sent(s3: S3) -> None:
    text = policy({"Principal": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}}).replace("{", "{ \n")
    assert s3.code("GetBucketPolicy", Bucket="bucket") == "NoSuchBucketPolicy"
    assert put(s3, text) == {"HTTPStatusCode": 204}
    assert s3("GetBucketPolicy", Bucket="bucket") == {"Policy": text}
    s3("DeleteBucketPolicy", Bucket="bucket")
    s3("DeleteBucketPolicy", Bucket="bucket")
    assert s3.code("GetBucketPolicy", Bucket="bucket") == "NoSuchBucketPolicy"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x", "Policies must be valid JSON and the first byte must be '{'"),
        ("{}", "Missing required field Statement"),
        ('{"Statement":[]}', "Could not parse the policy: Statement is empty!"),
        (policy({"Resource": "arn:aws:s3:::other/*"}), "Policy has invalid resource"),
        (policy({"Resource": "arn:aws:s3:::bucket2/*"}), "Policy has invalid resource"),
        (policy({"Resource": "arn:aws:s3:::*"}), "Policy has invalid resource"),
        (policy({"Resource": [f"{BUCKET}/*", "*"]}), "Policy has invalid resource"),
        (policy({"Action": "s3:GetObjekt"}), "Policy has invalid action"),
        (policy({"Action": ["s3:GetObject", "s3:X*"]}), "Policy has invalid action"),
        (policy({"Action": "s3:ListBucket"}), "Action does not apply to any resource(s) in statement"),
        (policy({"Resource": BUCKET}), "Action does not apply to any resource(s) in statement"),
        (
            policy({"Action": "s3:ListAllMyBuckets", "Resource": BUCKET}),
            "Action does not apply to any resource(s) in statement",
        ),
        (policy({"Condition": {"StringEquals": {"s3:unheard-of": "x"}}}), "Policy has an invalid condition key"),
        (
            policy({"Condition": {"StringLike": {"s3:prefix": "x"}}}),
            "Conditions do not apply to combination of actions and resources in statement",
        ),
        (policy({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"}}), "Invalid principal in policy"),
        (policy({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/nobody"}}), "Invalid principal in policy"),
        (policy({"Principal": {"AWS": "999999999999"}}), "Invalid principal in policy"),
        (policy({"Principal": {"AWS": "AIDAAAAAAAAAAAAAAAAAA"}}), "Invalid principal in policy"),
        (policy({"Principal": {"CanonicalUser": "0" * 64}}), "Invalid principal in policy"),
        (policy({"Principal": {"Federated": "accounts.google.com"}}), "Invalid principal in policy"),
        (policy({"Sid": "x" * 20481}), "Policy exceeds the maximum allowed document size."),
    ],
)
def test_what_is_not_stored(s3: S3, text: str, problem: str) -> None:
    s3("DeletePublicAccessBlock", Bucket="bucket")
    assert refused(s3, text) == ("MalformedPolicy", problem)


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:*", "Resource": BUCKET},
        {"Action": "*", "Resource": f"{BUCKET}/a/*"},
        {"Action": ["s3:ListBucket", "s3:GetObject"], "Resource": [BUCKET, f"{BUCKET}/*"]},
        {"Action": "s3:getobject", "Resource": f"{BUCKET}*"},
        {"Action": "s3:ListBucket", "Resource": BUCKET, "Condition": {"StringLike": {"s3:Prefix": "a/*"}}},
        {"Condition": {"StringEquals": {"s3:ExistingObjectTag/team": "red"}}},
        {"Principal": {"AWS": [ACCOUNT, f"arn:aws:iam::{OTHER_ACCOUNT}:root"]}},
        {"Principal": {"CanonicalUser": canonical_id(OTHER_ACCOUNT)}},
        {"Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject"},
        {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/admin"}},
    ],
)
def test_what_is_stored(s3: S3, statement: dict[str, Any]) -> None:
    s3("DeletePublicAccessBlock", Bucket="bucket")
    put(s3, policy(statement))


def test_the_principal_that_does_not_exist_is_named(s3: S3) -> None:
    name = f"arn:aws:iam::{ACCOUNT}:user/nobody"
    text = policy({"Principal": {"AWS": name}})
    error = s3.refusal("PutBucketPolicy", body=text.encode(), Bucket="bucket", Policy=text)
    assert error.members == {"Detail": f'"AWS" : "{name}"'}


def test_a_deleted_principal_shows_as_its_id_and_its_successor_is_not_let_in(s3: S3) -> None:
    """IAM User Guide, "AWS JSON policy elements: Principal"."""
    bob = s3.as_user("bob")
    user = bob.caller.user
    assert user is not None
    s3.put("k")
    put(s3, policy({"Principal": {"AWS": user.arn}}))
    assert bob.get("k") == b"data"
    s3.world.store.apply([Delete(user.key)])
    again = s3.as_user("bob")
    assert again.code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"
    shown = json.loads(s3("GetBucketPolicy", Bucket="bucket")["Policy"])
    assert shown["Statement"][0]["Principal"] == {"AWS": user.id}


class TestWhoMayChangeIt:
    def test_only_the_owners_account(self, s3: S3, other: S3) -> None:
        put(s3, policy({"Principal": {"AWS": OTHER_ACCOUNT}, "Action": "s3:*", "Resource": BUCKET}))
        assert other.code("GetBucketPolicy", Bucket="bucket") == "MethodNotAllowed"
        assert other.code("DeleteBucketPolicy", Bucket="bucket") == "MethodNotAllowed"
        assert other.code("PutBucketPolicy", Bucket="bucket", Policy=OPEN) == "MethodNotAllowed"

    def test_root_can_always_repair_it(self, s3: S3) -> None:
        put(s3, CLOSED_TO_EVERYBODY)
        root = s3.as_root()
        for operation in ("GetBucketPolicy", "DeleteBucketPolicy"):
            assert s3.code(operation, Bucket="bucket") == "AccessDenied"
        assert root.code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"
        assert root("GetBucketPolicy", Bucket="bucket")["Policy"] == CLOSED_TO_EVERYBODY
        root("DeleteBucketPolicy", Bucket="bucket")
        s3.put("k")

    def test_root_of_another_account_cannot(self, s3: S3) -> None:
        put(s3, CLOSED_TO_EVERYBODY)
        assert s3.as_root(OTHER_ACCOUNT).code("DeleteBucketPolicy", Bucket="bucket") == "MethodNotAllowed"


class TestPublicAccess:
    def test_h11_a_new_bucket_is_closed(self, s3: S3, other: S3) -> None:
        s3.put("k")
        for caller in (s3.as_nobody(), other):
            assert caller.code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"
            assert caller.code("HeadObject", Bucket="bucket", Key="k") == "AccessDenied"
            assert caller.code("ListObjectsV2", Bucket="bucket") == "AccessDenied"
            assert caller.code("PutObject", Bucket="bucket", Key="k") == "AccessDenied"
        block = s3("GetPublicAccessBlock", Bucket="bucket")["PublicAccessBlockConfiguration"]
        assert set(block.values()) == {True}

    def test_a_public_policy_is_refused_while_blocked(self, s3: S3) -> None:
        code, text = refused(s3, OPEN)
        assert code == "AccessDenied"
        assert "because public policies are prevented by the BlockPublicPolicy setting" in str(text)

    def test_a_public_bucket_lets_everybody_in_and_no_further(self, s3: S3, other: S3) -> None:
        s3.put("k")
        s3.open_to(OPEN)
        for caller in (s3.as_nobody(), other):
            assert caller.get("k") == b"data"
            assert caller.code("GetObject", Bucket="bucket", Key="missing") == "AccessDenied"
            assert caller.code("PutObject", Bucket="bucket", Key="k") == "AccessDenied"
        assert s3("GetBucketPolicyStatus", Bucket="bucket") == {"PolicyStatus": {"IsPublic": True}}

    def test_restricting_closes_a_public_bucket_to_all_but_the_owner(self, s3: S3, other: S3) -> None:
        s3.put("k")
        s3.open_to(OPEN)
        flags = {"RestrictPublicBuckets": True}
        s3("PutPublicAccessBlock", Bucket="bucket", PublicAccessBlockConfiguration=flags)
        for caller in (s3.as_nobody(), other):
            assert caller.code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"
        assert s3.get("k") == b"data"
        assert s3("GetPublicAccessBlock", Bucket="bucket") == {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": False,
                "IgnorePublicAcls": False,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": True,
            }
        }

    def test_no_block_is_an_error_to_get(self, s3: S3) -> None:
        s3("DeletePublicAccessBlock", Bucket="bucket")
        assert s3.code("GetPublicAccessBlock", Bucket="bucket") == "NoSuchPublicAccessBlockConfiguration"

    def test_another_account_needs_both_sides(self, s3: S3, other: S3) -> None:
        """S3 User Guide, "Bucket owner granting cross-account bucket permissions"."""
        s3.put("k")
        put(s3, policy({"Principal": {"AWS": OTHER_ACCOUNT}}))
        assert other.get("k") == b"data"
        poor = other.as_user("poor", None, OTHER_ACCOUNT)
        assert poor.code("GetObject", Bucket="bucket", Key="k") == "AccessDenied"


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        ({}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": ACCOUNT}}, False),
        ({"Principal": {"Service": "cloudtrail.amazonaws.com"}}, False),
        ({"Effect": "Deny"}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "128.0.0.0/1"]}}}, True),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "::/0"}}}, True),
        ({"Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}, True),
        ({"Condition": {"IpAddressIfExists": {"aws:SourceIp": "192.0.2.0/24"}}}, True),
        ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}}, False),
        ({"Condition": {"StringLike": {"aws:PrincipalOrgID": "o-*"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}, False),
        ({"Condition": {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}}, True),
        ({"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceVpce": "${aws:SourceVpce}"}}}, True),
        ({"Condition": {"ForAllValues:StringEquals": {"aws:SourceVpce": "vpce-1"}}}, True),
        ({"Condition": {"StringEquals": {"aws:UserAgent": "me"}}}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, True),
        (
            {
                "Condition": {
                    "Bool": {"aws:SecureTransport": "true"},
                    "ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::1:root"},
                }
            },
            False,
        ),
    ],
)
def test_the_meaning_of_public(statement: dict[str, Any], public: bool) -> None:
    assert is_public(policy(statement)) is public


def test_one_public_statement_is_enough() -> None:
    assert is_public(policy({"Principal": {"AWS": ACCOUNT}}, {}))
    everybody_but = {"NotPrincipal": {"AWS": ACCOUNT}, "Effect": "Allow", "Action": "s3:*", "Resource": BUCKET}
    assert is_public(json.dumps({"Version": "2012-10-17", "Statement": everybody_but}))
