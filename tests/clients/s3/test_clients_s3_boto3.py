"""S3 as boto3 sees it, against a running server with two workers."""

from __future__ import annotations

import hashlib
import io
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from clientkit import REGION, Clients, Server, allow, make_user, trusting

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = hashlib.shake_256(b"boto3").digest(20 * 1024 * 1024 + 7)
"""More than two parts of boto3's transfers."""


@pytest.fixture
def bucket(admin: Clients, unique: str) -> str:
    admin.s3.create_bucket(Bucket=unique)
    return unique


def code(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as raised:
        call()
    answer = raised.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_an_object_goes_out_and_comes_back(admin: Clients, bucket: str) -> None:
    s3 = admin.s3
    s3.put_object(Bucket=bucket, Key="a/ü +%.txt", Body=b"hello", ContentType="text/plain", Metadata={"who": "me"})
    got = s3.get_object(Bucket=bucket, Key="a/ü +%.txt")
    assert got["Body"].read() == b"hello"
    assert (got["ContentType"], got["Metadata"]) == ("text/plain", {"who": "me"})
    assert s3.get_object(Bucket=bucket, Key="a/ü +%.txt", Range="bytes=1-3")["ContentRange"] == "bytes 1-3/5"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/ü +%.txt"]
    s3.delete_object(Bucket=bucket, Key="a/ü +%.txt")
    assert code(lambda: s3.head_object(Bucket=bucket, Key="a/ü +%.txt")) == ("404", 404)
    s3.delete_bucket(Bucket=bucket)
    assert code(lambda: s3.list_objects_v2(Bucket=bucket)) == ("NoSuchBucket", 404)


@pytest.mark.parametrize(
    "key", ["../../x", "/etc/passwd", "//", "a/../b", ".", "a//b/", "k" * 1024, "new\nline", "%2e%2e", "?x=y#z"]
)
def test_h1_odd_keys_are_keys(admin: Clients, bucket: str, key: str) -> None:
    s3 = admin.s3
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    assert s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})["Deleted"] == [{"Key": key}]


def test_a_large_file_goes_in_parts_and_comes_in_ranges(admin: Clients, bucket: str) -> None:
    s3 = admin.s3
    s3.upload_fileobj(io.BytesIO(DATA), bucket, "large")
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"].endswith('-3"')
    received = io.BytesIO()
    s3.download_fileobj(bucket, "large", received)
    assert received.getvalue() == DATA
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == DATA
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copy")
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "parts", Config=TransferConfig(multipart_threshold=1 << 20))
    for key in ("copy", "parts"):
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == DATA


def test_pages_of_a_listing(admin: Clients, bucket: str) -> None:
    s3 = admin.s3
    for number in range(7):
        s3.put_object(Bucket=bucket, Key=f"{number % 2}/{number}", Body=b"")
    for operation in ("list_objects_v2", "list_objects", "list_object_versions"):
        member = "Versions" if operation.endswith("versions") else "Contents"
        pages = s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
        keys = [item["Key"] for page in pages for item in page.get(member, [])]
        assert keys == ["0/0", "0/2", "0/4", "0/6", "1/1", "1/3", "1/5"]
        pages = s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
        assert [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])] == ["0/", "1/"]


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned(admin: Clients, bucket: str, version: str) -> None:
    s3 = admin.client("s3", signature_version=version)
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    no_type = {"Content-Type": ""}  # version 2 signs it, and urllib has a default of its own
    sent = urllib.request.Request(put, data=b"by link", method="PUT", headers=no_type)
    urllib.request.urlopen(sent, timeout=10).close()
    get = s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "k", "ResponseContentType": "text/x"}
    )
    with urllib.request.urlopen(get, timeout=10) as answer:
        assert (answer.read(), answer.headers["content-type"]) == (b"by link", "text/x")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(get.replace("/k?", "/l?"), timeout=10)
    assert refused.value.code == 403
    refused.value.close()


def test_conditional_writes_of_many_have_one_winner(admin: Clients, bucket: str) -> None:
    s3 = admin.s3

    def write(number: int) -> str:
        try:
            s3.put_object(Bucket=bucket, Key="k", Body=b"%d" % number, IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "won"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(write, range(16)))
    assert sorted(results) == ["PreconditionFailed"] * 15 + ["won"]


def test_readers_see_the_old_or_the_new(admin: Clients, bucket: str) -> None:
    """s3.md 10.1: never a mixture, also across workers."""
    s3 = admin.s3
    sizes = {letter: 200_000 + ord(letter) for letter in "abcd"}
    s3.put_object(Bucket=bucket, Key="k", Body=b"a" * sizes["a"])

    def write(letter: str) -> None:
        s3.put_object(Bucket=bucket, Key="k", Body=letter.encode() * sizes[letter])

    def read(_number: int) -> bytes:
        return bytes(s3.get_object(Bucket=bucket, Key="k")["Body"].read())

    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(write, letter) for letter in "bcd" * 5]
        seen = list(pool.map(read, range(30)))
        for write_done in writing:
            write_done.result()
    for body in seen:
        letter = chr(body[0])
        assert body == letter.encode() * sizes[letter]


class TestPolicies:
    def test_a_role_that_may_read_one_prefix(self, admin: Clients, bucket: str) -> None:
        arn = f"arn:aws:s3:::{bucket}"
        admin.iam.create_role(RoleName=bucket, AssumeRolePolicyDocument=trusting({"AWS": admin.account}))
        admin.iam.put_role_policy(
            RoleName=bucket, PolicyName="p", PolicyDocument=allow("s3:GetObject", resource=f"{arn}/mine/*")
        )
        for key in ("mine/k", "theirs/k"):
            admin.s3.put_object(Bucket=bucket, Key=key, Body=b"data")
        session = admin.assume(f"arn:aws:iam::{admin.account}:role/{bucket}").s3
        assert session.get_object(Bucket=bucket, Key="mine/k")["Body"].read() == b"data"
        for call in (
            lambda: session.get_object(Bucket=bucket, Key="theirs/k"),
            lambda: session.put_object(Bucket=bucket, Key="mine/k", Body=b""),
            lambda: session.list_objects_v2(Bucket=bucket),
            lambda: session.get_object(Bucket=bucket, Key="mine/missing"),
        ):
            assert code(call) == ("AccessDenied", 403)

    def test_accounts_are_apart(self, admin: Clients, account: Clients, bucket: str) -> None:
        admin.s3.put_object(Bucket=bucket, Key="k", Body=b"data")
        assert code(lambda: account.s3.get_object(Bucket=bucket, Key="k")) == ("AccessDenied", 403)
        assert code(lambda: account.s3.create_bucket(Bucket=bucket)) == ("BucketAlreadyExists", 409)
        policy = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": account.account},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{bucket}/*",
            },
        }
        admin.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        assert account.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"data"
        assert code(lambda: account.s3.get_bucket_policy(Bucket=bucket)) == ("MethodNotAllowed", 405)

    def test_h11_everybody_only_when_it_was_said_twice(self, admin: Clients, server: Server, bucket: str) -> None:
        nobody = boto3.client(
            "s3", endpoint_url=server.url, region_name=REGION, config=Config(signature_version=UNSIGNED)
        )
        admin.s3.put_object(Bucket=bucket, Key="k", Body=b"data")
        public = allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*", Principal="*")
        assert code(lambda: nobody.get_object(Bucket=bucket, Key="k")) == ("AccessDenied", 403)
        assert code(lambda: admin.s3.put_bucket_policy(Bucket=bucket, Policy=public)) == ("AccessDenied", 403)
        admin.s3.delete_public_access_block(Bucket=bucket)
        admin.s3.put_bucket_policy(Bucket=bucket, Policy=public)
        assert admin.s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
        assert nobody.get_object(Bucket=bucket, Key="k")["Body"].read() == b"data"
        assert code(lambda: nobody.put_object(Bucket=bucket, Key="k", Body=b"")) == ("AccessDenied", 403)
        assert code(lambda: nobody.list_objects_v2(Bucket=bucket)) == ("AccessDenied", 403)

    def test_a_user_named_by_the_bucket_needs_no_policy_of_his_own(self, admin: Clients, bucket: str) -> None:
        person = make_user(admin, bucket)
        admin.s3.put_object(Bucket=bucket, Key="k", Body=b"data")
        named = allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/*", Principal={"AWS": person.arn})
        admin.s3.put_bucket_policy(Bucket=bucket, Policy=named)
        assert person.clients.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"data"
        assert admin.s3.get_bucket_policy(Bucket=bucket)["Policy"] == named


def test_versions(admin: Clients, bucket: str) -> None:
    s3 = admin.s3
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    assert code(lambda: s3.get_object(Bucket=bucket, Key="k")) == ("NoSuchKey", 404)
    assert code(lambda: s3.get_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])) == (
        "MethodNotAllowed",
        405,
    )
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    listed = s3.list_object_versions(Bucket=bucket)
    assert len(listed["Versions"]) == 2
    assert listed["DeleteMarkers"][0]["IsLatest"] is True
    assert code(lambda: s3.delete_bucket(Bucket=bucket)) == ("BucketNotEmpty", 409)


def test_what_is_not_offered_says_so(admin: Clients, bucket: str) -> None:
    s3 = admin.s3
    for call in (
        lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="AES256"),
        lambda: s3.get_bucket_cors(Bucket=bucket),
        lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket),
        lambda: s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": []}),
        lambda: s3.get_object_torrent(Bucket=bucket, Key="k"),
    ):
        assert code(call) == ("NotImplemented", 501)
    assert code(lambda: s3.head_object(Bucket=bucket, Key="k")) == ("404", 404)


def test_version_2_signs_a_bucket_alone(admin: Clients, unique: str) -> None:
    """boto3 signs ``/bucket/`` where it sends ``/bucket``."""
    s3 = admin.client("s3", signature_version="s3")
    s3.create_bucket(Bucket=unique)
    s3.head_bucket(Bucket=unique)
    assert s3.list_objects_v2(Bucket=unique)["KeyCount"] == 0
    s3.delete_bucket(Bucket=unique)
