"""Versioning, tags and ownership of buckets and objects (S3 API Reference; s3.md 6.4, 8.5 and 8.7)."""

from __future__ import annotations

from typing import Any

import pytest
from s3_world import ACCOUNT, S3, allow

from daypass.services.s3.owners import canonical_id


class TestVersioning:
    def test_its_states(self, s3: S3) -> None:
        assert s3("GetBucketVersioning", Bucket="bucket") == {"Status": None}
        for status in ("Enabled", "Suspended", "Enabled"):
            s3("PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": status})
            assert s3("GetBucketVersioning", Bucket="bucket") == {"Status": status}

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"VersioningConfiguration": {}}, "IllegalVersioningConfigurationException"),
            ({"VersioningConfiguration": {"Status": "Enabled", "MFADelete": "Enabled"}}, "NotImplemented"),
            ({"VersioningConfiguration": {"Status": "Enabled"}, "MFA": "s 1"}, "NotImplemented"),
        ],
    )
    def test_what_it_cannot_be(self, s3: S3, given: dict[str, Any], code: str) -> None:
        assert s3.code("PutBucketVersioning", Bucket="bucket", **given) == code

    def test_suspended_overwrites_what_has_no_version(self, s3: S3) -> None:
        s3("PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        kept = s3.put("k", b"1")["VersionId"]
        s3("PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": "Suspended"})
        assert [s3.put("k", data)["VersionId"] for data in (b"2", b"3")] == ["null", "null"]
        assert (s3.get("k"), s3.get("k", VersionId=kept)) == (b"3", b"1")


def tagged(*pairs: tuple[str, str], what: str = "Object") -> dict[str, Any]:
    """The call that puts tags on."""
    key = {"Key": "k"} if what == "Object" else {}
    tags = {"TagSet": [{"Key": name, "Value": value} for name, value in pairs]}
    return {"operation": f"Put{what}Tagging", "Bucket": "bucket", **key, "Tagging": tags}


class TestTags:
    def test_of_a_bucket(self, s3: S3) -> None:
        assert s3.code("GetBucketTagging", Bucket="bucket") == "NoSuchTagSet"
        s3(**tagged(("a", "b"), what="Bucket"))
        assert s3("GetBucketTagging", Bucket="bucket") == {"TagSet": [{"Key": "a", "Value": "b"}]}
        s3("DeleteBucketTagging", Bucket="bucket")
        assert s3.code("GetBucketTagging", Bucket="bucket") == "NoSuchTagSet"

    def test_of_an_object(self, s3: S3) -> None:
        s3.put("k")
        assert s3("GetObjectTagging", Bucket="bucket", Key="k")["TagSet"] == []
        s3(**tagged(("a", "b"), ("c", "")))
        assert s3("GetObjectTagging", Bucket="bucket", Key="k")["TagSet"] == [
            {"Key": "a", "Value": "b"},
            {"Key": "c", "Value": ""},
        ]
        assert s3("HeadObject", Bucket="bucket", Key="k")["TagCount"] == 2
        s3("DeleteObjectTagging", Bucket="bucket", Key="k")
        assert "TagCount" not in s3("HeadObject", Bucket="bucket", Key="k")
        assert s3.code("GetObjectTagging", Bucket="bucket", Key="missing") == "NoSuchKey"

    @pytest.mark.parametrize(
        ("pairs", "code"),
        [
            ([("aws:x", "1")], "InvalidTag"),
            ([("", "1")], "InvalidTag"),
            ([("k" * 129, "1")], "InvalidTag"),
            ([("k", "v" * 257)], "InvalidTag"),
            ([("k", "a;b")], "InvalidTag"),
            ([("k", "1"), ("k", "2")], "InvalidTag"),
            ([(str(number), "") for number in range(11)], "BadRequest"),
        ],
    )
    def test_what_is_none(self, s3: S3, pairs: list[tuple[str, str]], code: str) -> None:
        s3.put("k")
        assert s3.code(**tagged(*pairs)) == code

    @pytest.mark.parametrize(
        ("header", "tags"),
        [
            ("a=b&c=d", [("a", "b"), ("c", "d")]),
            ("a", [("a", "")]),
            ("a=%C3%A9+x%2Fy", [("a", "é x/y")]),
            ("", []),
            ("a=1&a=2", None),
            ("=1", None),
            ("a=%ff", None),
        ],
    )
    def test_in_a_header(self, s3: S3, header: str, tags: list[tuple[str, str]] | None) -> None:
        if tags is None:
            assert s3.code("PutObject", Bucket="bucket", Key="k", body=b"", Tagging=header) == "InvalidArgument"
            return
        s3.put("k", Tagging=header)
        found = s3("GetObjectTagging", Bucket="bucket", Key="k")["TagSet"]
        assert [(tag["Key"], tag["Value"]) for tag in found] == tags

    def test_who_may(self, s3: S3) -> None:
        s3.put("k", Tagging="team=red")
        nobody = s3.as_user("nobody", allow("s3:GetObject", "s3:ListBucket"))
        for operation in ("GetObjectTagging", "DeleteObjectTagging"):
            assert nobody.code(operation, Bucket="bucket", Key="k") == "AccessDenied"
            assert nobody.code(operation, Bucket="bucket", Key="missing") == "AccessDenied"
        assert nobody.code(**tagged(("a", "b"))) == "AccessDenied"
        assert nobody.code(**(tagged(("a", "b")) | {"Key": "missing"})) == "AccessDenied"
        only = {"StringEquals": {"s3:RequestObjectTag/team": "blue", "s3:ExistingObjectTag/team": "red"}}
        painter = s3.as_user("painter", allow("s3:PutObjectTagging", Condition=only))
        assert painter.code(**tagged(("team", "green"))) == "AccessDenied"
        painter(**tagged(("team", "blue")))
        assert painter.code(**tagged(("team", "blue"))) == "AccessDenied"


def test_the_owner_has_full_control_and_nobody_else(s3: S3) -> None:
    s3.put("k")
    owner = {"ID": canonical_id(ACCOUNT)}
    acl = {"Owner": owner, "Grants": [{"Grantee": {"Type": "CanonicalUser", **owner}, "Permission": "FULL_CONTROL"}]}
    assert s3("GetBucketAcl", Bucket="bucket") == acl
    assert s3("GetObjectAcl", Bucket="bucket", Key="k") == acl
    rules = s3("GetBucketOwnershipControls", Bucket="bucket")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_canonical_ids_never_change() -> None:
    """They stand in stored policies: another derivation would let others in."""
    assert canonical_id(ACCOUNT) == "9366cd62eec6269ca982bf8ab3f9bfd16324629d348c615e312d6fc2533c6e87"
    assert canonical_id("444455556666") != canonical_id(ACCOUNT)


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("GetBucketVersioning", "s3:GetBucketVersioning"),
        ("GetBucketLocation", "s3:GetBucketLocation"),
        ("GetBucketAcl", "s3:GetBucketAcl"),
        ("GetBucketOwnershipControls", "s3:GetBucketOwnershipControls"),
        ("GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
        ("DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("DeleteBucketTagging", "s3:PutBucketTagging"),
        ("DeleteBucketPolicy", "s3:DeleteBucketPolicy"),
        ("HeadBucket", "s3:ListBucket"),
        ("DeleteBucket", "s3:DeleteBucket"),
    ],
)
def test_each_needs_its_own_action(s3: S3, operation: str, action: str) -> None:
    assert s3.as_user("none", allow("s3:GetObject")).code(operation, Bucket="bucket") == "AccessDenied"
    s3.as_user("enough", allow(action, resource="arn:aws:s3:::bucket"))(operation, Bucket="bucket")
