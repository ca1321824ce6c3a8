"""S3 routing: each operation by method, path and query, and the refusal of everything that asks for none."""

from __future__ import annotations

import pytest

from daypass.errors import ApiError
from daypass.protocol import Address, Protocols, Route
from daypass.request import Request

S3 = Protocols.load(("s3",)).services["s3"]


def route(method: str, target: str, *headers: tuple[bytes, bytes]) -> Route:
    path, _, query = target.partition("?")
    return S3.route(
        Request(method, path.encode(), query.encode(), [(b"host", b"localhost:4100"), *headers], b"", "test")
    )


def refusal(method: str, target: str, *headers: tuple[bytes, bytes]) -> ApiError:
    found = route(method, target, *headers)
    assert found.operation is None
    assert isinstance(found.refusal, ApiError)
    return found.refusal


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/?max-buckets=3&x-id=ListBuckets", "ListBuckets"),
        ("PUT", "/b", "CreateBucket"),
        ("PUT", "/b/", "CreateBucket"),
        ("HEAD", "/b", "HeadBucket"),
        ("DELETE", "/b", "DeleteBucket"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b?prefix=a&delimiter=/", "ListObjects"),
        ("GET", "/b?list-type=2&prefix=a", "ListObjectsV2"),
        ("GET", "/b?versions", "ListObjectVersions"),
        ("GET", "/b?uploads", "ListMultipartUploads"),
        ("GET", "/b?location", "GetBucketLocation"),
        ("GET", "/b?policy", "GetBucketPolicy"),
        ("GET", "/b?policy=", "GetBucketPolicy"),
        ("PUT", "/b?policy", "PutBucketPolicy"),
        ("DELETE", "/b?policy", "DeleteBucketPolicy"),
        ("GET", "/b?lifecycle", "GetBucketLifecycleConfiguration"),
        ("PUT", "/b?notification", "PutBucketNotificationConfiguration"),
        ("POST", "/b?delete", "DeleteObjects"),
        ("GET", "/b?analytics", "ListBucketAnalyticsConfigurations"),
        ("GET", "/b?analytics&id=x", "GetBucketAnalyticsConfiguration"),
        ("GET", "/b/k", "GetObject"),
        ("GET", "/b/k?versionId=1&response-content-type=a/b&partNumber=2", "GetObject"),
        ("GET", "/b/k?cache=1", "GetObject"),
        ("HEAD", "/b/k", "HeadObject"),
        ("PUT", "/b/k?x-id=PutObject", "PutObject"),
        ("DELETE", "/b/k?versionId=1", "DeleteObject"),
        ("GET", "/b/k?tagging", "GetObjectTagging"),
        ("GET", "/b/k?attributes", "GetObjectAttributes"),
        ("POST", "/b/k?uploads", "CreateMultipartUpload"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"),
        ("POST", "/b/k?uploadId=u", "CompleteMultipartUpload"),
        ("GET", "/b/k?uploadId=u", "ListParts"),
        ("DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"),
        ("POST", "/b/k?select&select-type=2", "SelectObjectContent"),
    ],
)
def test_an_operation_is_found(method: str, target: str, operation: str) -> None:
    assert route(method, target).operation == operation


def test_a_copy_is_told_by_its_header_or_by_the_presigned_query() -> None:
    source = (b"x-amz-copy-source", b"a/b")
    assert route("PUT", "/b/k", source).operation == "CopyObject"
    assert route("PUT", "/b/k?partNumber=1&uploadId=u", source).operation == "UploadPartCopy"
    assert route("PUT", "/b/k?x-amz-copy-source=a%2Fb").operation == "CopyObject"
    assert route("PUT", "/b/k", (b"x-amz-copy-source", b"")).operation == "CopyObject"


def test_authentication_in_the_query_is_no_sub_resource() -> None:
    v4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x&X-Amz-Date=y&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
    assert route("PUT", f"/b/k?{v4}").operation == "PutObject"
    assert route("PUT", "/b/k?AWSAccessKeyId=a&Signature=b&Expires=1&x-amz-security-token=t").operation == "PutObject"


@pytest.mark.parametrize("target", ["/b?unknownsub", "/b/k?unknownsub", "/b?unknownsub=", "/?unknownsub"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "POST"])
def test_an_unknown_sub_resource_is_never_taken_for_the_plain_operation(method: str, target: str) -> None:
    assert refusal(method, target).code in ("NotImplemented", "MethodNotAllowed", "PreconditionFailed")


@pytest.mark.parametrize(
    ("method", "target"), [("PUT", "/b?newfeature=1"), ("DELETE", "/b/k?newfeature=1"), ("PUT", "/b/k?prefix=x")]
)
def test_a_write_with_a_parameter_that_nobody_reads_is_not_done(method: str, target: str) -> None:
    assert refusal(method, target).code == "NotImplemented"


def test_a_sub_resource_with_another_method_is_not_allowed() -> None:
    error = refusal("POST", "/b?acl")
    assert (error.code, error.members) == ("MethodNotAllowed", {"Method": "POST", "ResourceType": "ACL"})
    assert error.headers == {"Allow": "GET, PUT"}


@pytest.mark.parametrize(
    ("method", "target"),
    [("PATCH", "/b/k"), ("get", "/b/k"), ("POST", "/b/k"), ("PUT", "/"), ("POST", "/"), ("HEAD", "/"), ("GET", "/b/k?policy"),
     ("HEAD", "/b/k?acl"), ("GET", "/?policy")],
)  # fmt: skip
def test_another_method_or_level_is_not_allowed(method: str, target: str) -> None:
    assert refusal(method, target).code == "MethodNotAllowed"


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/b?acl&policy"), ("PUT", "/b/k?uploadId=u"), ("PUT", "/b/k?partNumber=1"), ("PUT", "/b/k?versionId=1"),
     ("GET", "/b?list-type=1"), ("GET", "/b?list-type=2&versions")],
)  # fmt: skip
def test_parameters_that_do_not_go_together_are_invalid(method: str, target: str) -> None:
    assert refusal(method, target).code == "InvalidArgument"


def test_a_form_upload_is_refused_as_what_it_is() -> None:
    assert refusal("POST", "/b", (b"content-type", b"text/plain")).code == "PreconditionFailed"
    assert refusal("POST", "/b", (b"content-type", b"multipart/form-data; boundary=x")).code == "NotImplemented"


def test_a_preflight_finds_no_cors_configuration() -> None:
    assert refusal("OPTIONS", "/b/k").code == "BadRequest"
    error = refusal("OPTIONS", "/b/k", (b"origin", b"https://a"), (b"access-control-request-method", b"PUT"))
    assert (error.code, error.members) == ("AccessForbidden", {"Method": "PUT", "ResourceType": "OBJECT"})


@pytest.mark.parametrize(
    ("path", "bucket", "key"),
    [
        ("/b/a/../c", "b", "a/../c"),
        ("/b//c", "b", "/c"),
        ("/b/a//", "b", "a//"),
        ("/b/%2e%2e/c", "b", "../c"),
        ("/b/a%2Fb", "b", "a/b"),
        ("/b/%252F", "b", "%2F"),
        ("/b/a+b", "b", "a+b"),
        ("/b/%C3%A9", "b", "é"),
        ("/b%2Fc/k", "b/c", "k"),
        ("/../k", "..", "k"),
    ],
)
def test_bucket_and_key_are_decoded_once_and_never_tidied(path: str, bucket: str, key: str) -> None:
    address = route("GET", path).params
    assert isinstance(address, Address)
    assert (address.bucket, address.key) == (bucket, key)


@pytest.mark.parametrize("path", ["/b/%zz", "/b/%", "/b/%ff", "/b/a%00b", "/%zz"])
def test_a_path_that_is_no_text_is_refused(path: str) -> None:
    assert refusal("GET", path).code == "InvalidURI"


def test_an_empty_bucket_name_is_invalid() -> None:
    assert refusal("GET", "//k").code == "InvalidBucketName"


def test_streams_are_marked() -> None:
    put, get, delete = route("PUT", "/b/k"), route("GET", "/b/k"), route("POST", "/b?delete")
    assert (put.streaming_input, put.streaming_output) == (True, False)
    assert (get.streaming_input, get.streaming_output) == (False, True)
    assert (delete.streaming_input, delete.streaming_output) == (False, False)
