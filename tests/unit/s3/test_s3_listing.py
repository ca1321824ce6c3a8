"""Listings (S3 API Reference, ListObjectsV2, ListObjects, ListObjectVersions; s3.md 8.6)."""

from __future__ import annotations

from typing import Any

import pytest
from s3_world import ACCOUNT, S3, allow, etag

from daypass.services.s3.owners import canonical_id

KEYS = ["a-b", "a/1", "a/2", "a0", "b", "é"]


@pytest.fixture(autouse=True)
def stored(s3: S3) -> None:
    for key in reversed(KEYS):
        s3.put(key, b"data")


def v2(s3: S3, **given: Any) -> dict[str, Any]:
    return s3("ListObjectsV2", Bucket="bucket", **given)


def keys(output: dict[str, Any]) -> list[str]:
    return [entry["Key"] for entry in output["Contents"]]


def prefixes(output: dict[str, Any]) -> list[str]:
    return [entry["Prefix"] for entry in output["CommonPrefixes"]]


def test_everything_in_byte_order(s3: S3) -> None:
    output = v2(s3)
    assert keys(output) == KEYS
    assert (output["Name"], output["Prefix"], output["MaxKeys"], output["KeyCount"]) == ("bucket", "", 1000, 6)
    assert output["IsTruncated"] is False
    assert output["Contents"][0] == {
        "Key": "a-b",
        "LastModified": s3.world.now,
        "ETag": etag(b"data"),
        "Size": 4,
        "StorageClass": "STANDARD",
        "ChecksumAlgorithm": ["CRC64NVME"],
        "ChecksumType": "FULL_OBJECT",
    }


def test_prefix_and_delimiter(s3: S3) -> None:
    output = v2(s3, Delimiter="/")
    assert (keys(output), prefixes(output), output["KeyCount"]) == (["a-b", "a0", "b", "é"], ["a/"], 5)
    assert output["Delimiter"] == "/"
    assert keys(v2(s3, Prefix="a/", Delimiter="/")) == ["a/1", "a/2"]
    assert "Delimiter" not in v2(s3, Delimiter="")


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_page_after_page(s3: S3, size: int) -> None:
    found, more = [], {}
    while True:
        page = v2(s3, MaxKeys=size, **more)
        assert page["KeyCount"] <= size
        found += keys(page)
        if not page["IsTruncated"]:
            assert "NextContinuationToken" not in page
            break
        more = {"ContinuationToken": page["NextContinuationToken"]}
        assert v2(s3, **more)["ContinuationToken"] == more["ContinuationToken"]
    assert found == KEYS


def test_a_token_wins_over_a_start(s3: S3) -> None:
    token = v2(s3, MaxKeys=1)["NextContinuationToken"]
    output = v2(s3, StartAfter="b", ContinuationToken=token)
    assert (keys(output)[0], output["StartAfter"]) == ("a/1", "b")
    assert keys(v2(s3, StartAfter="a1")) == ["b", "é"]


def test_h13_a_token_of_another_bucket_or_none(s3: S3) -> None:
    token = v2(s3, MaxKeys=1)["NextContinuationToken"]
    s3("CreateBucket", Bucket="another")
    assert s3.code("ListObjectsV2", Bucket="another", ContinuationToken=token) == "InvalidArgument"
    for broken in ("", "x", "é", token[:-4], "gA=="):
        assert s3.code("ListObjectsV2", Bucket="bucket", ContinuationToken=broken) == "InvalidArgument"


def test_how_many(s3: S3) -> None:
    none = v2(s3, MaxKeys=0)
    assert (keys(none), none["IsTruncated"], none["MaxKeys"]) == ([], False, 0)
    assert v2(s3, MaxKeys=5000)["MaxKeys"] == 1000


def test_the_owner_is_shown_when_asked_for(s3: S3) -> None:
    assert "Owner" not in v2(s3)["Contents"][0]
    assert v2(s3, FetchOwner=True)["Contents"][0]["Owner"] == {"ID": canonical_id(ACCOUNT)}


def test_the_older_form_goes_on_after_a_marker(s3: S3) -> None:
    output = s3("ListObjects", Bucket="bucket", MaxKeys=2)
    assert (keys(output), output["IsTruncated"], output["Marker"]) == (["a-b", "a/1"], True, "")
    assert "NextMarker" not in output
    assert output["Contents"][0]["Owner"] == {"ID": canonical_id(ACCOUNT)}
    assert keys(s3("ListObjects", Bucket="bucket", Marker="a/1")) == ["a/2", "a0", "b", "é"]
    rolled = s3("ListObjects", Bucket="bucket", Delimiter="/", MaxKeys=2)
    assert rolled["NextMarker"] == "a/"
    assert keys(s3("ListObjects", Bucket="bucket", Delimiter="/", Marker="a/")) == ["a0", "b", "é"]


class TestPermissions:
    def test_a_prefix_is_a_condition(self, s3: S3) -> None:
        """S3 User Guide, "Bucket policy examples using condition keys", s3:prefix."""
        below = {"StringLike": {"s3:prefix": ["a/", "a/*"]}}
        user = s3.as_user("user", allow("s3:ListBucket", Condition=below))
        assert keys(v2(user, Prefix="a/")) == ["a/1", "a/2"]
        for prefix in ({}, {"Prefix": ""}, {"Prefix": "b"}):
            assert user.code("ListObjectsV2", Bucket="bucket", **prefix) == "AccessDenied"

    @pytest.mark.parametrize(
        ("condition", "fitting", "failing"),
        [
            ({"StringEquals": {"s3:delimiter": "/"}}, {"Delimiter": "/"}, {}),
            ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"MaxKeys": 10}, {"MaxKeys": 11}),
            ({"StringEquals": {"s3:prefix": ""}}, {"Prefix": ""}, {}),
            ({"Null": {"s3:prefix": "true"}}, {}, {"Prefix": ""}),
        ],
    )
    def test_as_is_what_else_was_sent(
        self, s3: S3, condition: dict[str, Any], fitting: dict[str, Any], failing: dict[str, Any]
    ) -> None:
        user = s3.as_user("user", allow("s3:ListBucket", Condition=condition))
        v2(user, **fitting)
        assert user.code("ListObjectsV2", Bucket="bucket", **failing) == "AccessDenied"

    def test_versions_are_another_action(self, s3: S3) -> None:
        assert s3.as_user("user", allow("s3:ListBucket")).code("ListObjectVersions", Bucket="bucket") == "AccessDenied"
        s3.as_user("more", allow("s3:ListBucketVersions"))("ListObjectVersions", Bucket="bucket")


class TestVersions:
    def test_of_a_bucket_that_keeps_none(self, s3: S3) -> None:
        output = s3("ListObjectVersions", Bucket="bucket")
        assert [(v["Key"], v["VersionId"], v["IsLatest"]) for v in output["Versions"]] == [
            (k, "null", True) for k in KEYS
        ]
        assert output["DeleteMarkers"] == []

    def test_page_after_page(self, s3: S3) -> None:
        s3("PutBucketVersioning", Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        newest = [s3.put("b", b"%d" % number)["VersionId"] for number in range(3)]
        marker = s3("DeleteObject", Bucket="bucket", Key="b")["VersionId"]
        found: list[tuple[str, str]] = []
        more: dict[str, str] = {}
        while True:
            page = s3("ListObjectVersions", Bucket="bucket", MaxKeys=2, Prefix="b", **more)
            found += [(entry["VersionId"], "marker") for entry in page["DeleteMarkers"]]
            found += [(entry["VersionId"], "version") for entry in page["Versions"]]
            if not page["IsTruncated"]:
                break
            more = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
        assert found == [(marker, "marker"), *((version, "version") for version in [*reversed(newest), "null"])]

    def test_a_version_marker_belongs_to_a_key(self, s3: S3) -> None:
        assert s3.code("ListObjectVersions", Bucket="bucket", VersionIdMarker="null") == "InvalidArgument"
