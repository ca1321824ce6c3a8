"""Buckets (S3 API Reference, CreateBucket and its neighbours; S3 User Guide, "General purpose bucket naming rules")."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest
from s3_world import ACCOUNT, OTHER_ACCOUNT, S3, allow, s3_errors, s3_model

from daypass.services.s3 import s3 as operations
from daypass.services.s3.owners import canonical_id

SOURCE = Path(__file__).parents[3] / "src" / "daypass"


@pytest.mark.parametrize("name", ["abc", "a" * 63, "a.b-c", "1ab", "xn-a", "my.bucket.1"])
def test_legal_names(s3: S3, name: str) -> None:
    assert s3("CreateBucket", Bucket=name) == {"Location": f"/{name}", "BucketArn": f"arn:aws:s3:::{name}"}


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 64, "Abc", "a_b", "-ab", "ab-", ".ab", "a..b", "127.0.0.1", "xn--abc", "sthree-x", "amzn-s3-demo-x",
     "x-s3alias", "x--ol-s3", "x.mrap", "x--use1-az4--x-s3", "x--table-s3", "a b", "é" * 3],
)  # fmt: skip
def test_illegal_names(s3: S3, name: str) -> None:
    error = s3.refusal("CreateBucket", Bucket=name)
    assert (error.code, error.members) == ("InvalidBucketName", {"BucketName": name})


@pytest.mark.parametrize("name", ["console", "healthz", "readyz", "metrics", "latest"])
def test_h14_names_of_the_servers_own_paths(s3: S3, name: str) -> None:
    assert s3.code("CreateBucket", Bucket=name) == "InvalidBucketName"


def test_one_name_is_one_bucket_on_the_whole_server(s3: S3, other: S3) -> None:
    """H12: nobody gets what another account has."""
    assert other.code("CreateBucket", Bucket="bucket") == "BucketAlreadyExists"
    assert s3("CreateBucket", Bucket="bucket")["Location"] == "/bucket"
    assert s3.bucket().account == ACCOUNT


@pytest.mark.parametrize(
    ("endpoint", "constraint", "region"),
    [
        ("us-east-1", None, "us-east-1"),
        ("us-east-1", "eu-west-1", "eu-west-1"),
        ("us-east-1", "EU", "eu-west-1"),
        ("eu-west-1", "eu-west-1", "eu-west-1"),
        ("us-east-1", "us-east-1", "InvalidLocationConstraint"),
        ("us-east-1", "moon-1", "InvalidLocationConstraint"),
        ("eu-west-1", None, "IllegalLocationConstraintException"),
        ("eu-west-1", "us-west-2", "IllegalLocationConstraintException"),
    ],
)
def test_where_a_bucket_is_made(s3: S3, endpoint: str, constraint: str | None, region: str) -> None:
    s3.world.region = endpoint
    configuration = {"CreateBucketConfiguration": {"LocationConstraint": constraint}} if constraint else {}
    if region[:1].isupper():
        assert s3.code("CreateBucket", Bucket="another", **configuration) == region
        return
    s3("CreateBucket", Bucket="another", **configuration)
    assert s3("HeadBucket", Bucket="another")["BucketRegion"] == region
    shown = None if region == "us-east-1" else region
    assert s3("GetBucketLocation", Bucket="another") == {"LocationConstraint": shown}


def test_making_ones_own_again_succeeds_in_us_east_1_only(s3: S3) -> None:
    s3.world.region = "eu-west-1"
    given = {"Bucket": "mine", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    s3("CreateBucket", **given)
    assert s3.code("CreateBucket", **given) == "BucketAlreadyOwnedByYou"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ACL": "public-read"}, "InvalidBucketAclWithObjectOwnership"),
        ({"GrantRead": "uri=x"}, "InvalidBucketAclWithObjectOwnership"),
        ({"ObjectOwnership": "ObjectWriter"}, "NotImplemented"),
        ({"ObjectLockEnabledForBucket": True}, "NotImplemented"),
        ({"BucketNamespace": "account-regional"}, "NotImplemented"),
        ({"CreateBucketConfiguration": {"Bucket": {"Type": "Directory"}}}, "InvalidRequest"),
        ({"CreateBucketConfiguration": {"Tags": [{"Key": "aws:x", "Value": ""}]}}, "InvalidTag"),
    ],
)
def test_what_a_bucket_cannot_be(s3: S3, given: dict[str, object], code: str) -> None:
    assert s3.code("CreateBucket", Bucket="another", **given) == code


def test_what_means_nothing_new_is_taken(s3: S3) -> None:
    more = {"ACL": "private", "ObjectOwnership": "BucketOwnerEnforced", "BucketNamespace": "global"}
    tags = [{"Key": "team", "Value": "red"}]
    s3("CreateBucket", Bucket="another", CreateBucketConfiguration={"Tags": tags}, **more)
    assert s3("GetBucketTagging", Bucket="another") == {"TagSet": tags}


def test_deleting_wants_an_empty_bucket(s3: S3) -> None:
    s3.put("k")
    error = s3.refusal("DeleteBucket", Bucket="bucket")
    assert (error.code, error.members) == ("BucketNotEmpty", {"BucketName": "bucket"})
    s3("DeleteObject", Bucket="bucket", Key="k")
    s3("DeleteBucket", Bucket="bucket")
    assert s3.code("HeadBucket", Bucket="bucket") == "NoSuchBucket"


def test_a_bucket_made_again_shows_nothing_of_the_one_before(s3: S3) -> None:
    upload = s3("CreateMultipartUpload", Bucket="bucket", Key="k")
    s3("DeleteBucket", Bucket="bucket")
    s3("CreateBucket", Bucket="bucket")
    assert s3("ListMultipartUploads", Bucket="bucket")["Uploads"] == []
    code = s3.code("UploadPart", Bucket="bucket", Key="k", UploadId=upload["UploadId"], PartNumber=1, body=b"1")
    assert code == "NoSuchUpload"
    s3.put("k")
    assert s3.get("k") == b"data"


def test_an_upload_that_ends_after_its_bucket_is_refused_rather_than_lost(s3: S3) -> None:
    """DeleteBucket retires the bucket before its record goes; a slow PUT still has the record in its view."""
    asyncio.run(s3.world.objects.retire(s3.bucket().id))
    assert s3.code("PutObject", Bucket="bucket", Key="k", body=b"1") == "OperationAborted"
    s3("DeleteBucket", Bucket="bucket")


class TestListBuckets:
    def test_shows_the_accounts_own_by_name(self, s3: S3, other: S3) -> None:
        for name in ("zeta", "alpha"):
            s3("CreateBucket", Bucket=name)
        other("CreateBucket", Bucket="theirs")
        output = s3("ListBuckets")
        assert [bucket["Name"] for bucket in output["Buckets"]] == ["alpha", "bucket", "zeta"]
        assert output["Owner"] == {"ID": canonical_id(ACCOUNT)}
        assert [bucket["Name"] for bucket in other("ListBuckets")["Buckets"]] == ["theirs"]

    def test_goes_on_where_it_stopped(self, s3: S3) -> None:
        for number in range(5):
            s3("CreateBucket", Bucket=f"page-{number}")
        names: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = s3("ListBuckets", MaxBuckets=2, Prefix="page-", **more)
            names += [bucket["Name"] for bucket in page["Buckets"]]
            if "ContinuationToken" not in page:
                break
            more = {"ContinuationToken": page["ContinuationToken"]}
        assert names == [f"page-{number}" for number in range(5)]
        assert s3.code("ListBuckets", ContinuationToken="é!") == "InvalidArgument"

    def test_by_region(self, s3: S3) -> None:
        s3("CreateBucket", Bucket="west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        assert [b["Name"] for b in s3("ListBuckets", BucketRegion="eu-west-1")["Buckets"]] == ["west"]

    def test_needs_its_permission(self, s3: S3) -> None:
        assert s3.as_user("bob").code("ListBuckets") == "AccessDenied"


def test_the_region_is_said_also_in_a_refusal(s3: S3) -> None:
    """A client finds its way by it (s3.md 7)."""
    assert s3.as_user("bob").refusal("HeadBucket", Bucket="bucket").headers == {"x-amz-bucket-region": "us-east-1"}


@pytest.mark.parametrize("operation", sorted(operations.table.keys() - {"ListBuckets", "CreateBucket"}))
def test_h12_another_owner_than_expected_is_refused_everywhere(s3: S3, operation: str) -> None:
    given = {"Bucket": "bucket", "Key": "k", "CopySource": "bucket/k", "Policy": "{}", "UploadId": "u", "PartNumber": 1,
             "Tagging": {"TagSet": []}, "Delete": {"Objects": [{"Key": "k"}]}, "ObjectAttributes": ["ETag"],
             "VersioningConfiguration": {"Status": "Enabled"}, "PublicAccessBlockConfiguration": {}}  # fmt: skip
    members = s3_model().operation_model(operation).input_shape.members
    asked = {name: value for name, value in given.items() if name in members}
    if "Tagging" in asked and operation not in {"PutBucketTagging", "PutObjectTagging"}:
        del asked["Tagging"]
    assert s3.code(operation, **asked, ExpectedBucketOwner=OTHER_ACCOUNT) == "AccessDenied"


@pytest.mark.parametrize("operation", ["GetObject", "HeadBucket", "ListObjectsV2", "DeleteBucket", "PutObject"])
def test_a_bucket_that_is_not_there_is_said_to_everybody(s3: S3, operation: str) -> None:
    given = {"Key": "k"} if "Object" in operation and "List" not in operation else {}
    nobody = s3.as_user("bob")
    error = nobody.refusal(operation, Bucket="absent", **given)
    assert (error.code, error.members) == ("NoSuchBucket", {"BucketName": "absent"})


def test_making_a_bucket_needs_what_its_parameters_say(s3: S3) -> None:
    maker = s3.as_user("maker", allow("s3:CreateBucket"))
    maker("CreateBucket", Bucket="plain")
    tags = {"CreateBucketConfiguration": {"Tags": [{"Key": "a", "Value": "b"}]}}
    for more in (
        {"ACL": "public-read"},
        {"ObjectLockEnabledForBucket": True},
        {"ObjectOwnership": "ObjectWriter"},
        tags,
    ):
        assert maker.code("CreateBucket", Bucket="more", **more) == "AccessDenied"
    tied = s3.as_user(
        "tied", allow("s3:CreateBucket", Condition={"StringEquals": {"s3:LocationConstraint": "eu-west-1"}})
    )
    assert tied.code("CreateBucket", Bucket="tied") == "AccessDenied"
    tied("CreateBucket", Bucket="tied", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


def test_every_error_that_s3_raises_stands_in_its_table() -> None:
    raised = {
        node.args[0].value
        for folder in ("services/s3", "objects")
        for path in (SOURCE / folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "ApiError"
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(raised) > 30
    assert raised <= s3_errors().entries.keys()
