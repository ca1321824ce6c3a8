"""botocore as the stranger: whatever its signers make, verifies; with another secret it does not."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.auth import (
    HmacV1Auth,
    HmacV1QueryAuth,
    S3SigV4Auth,
    S3SigV4QueryAuth,
    SigV4Auth,
    SigV4QueryAuth,
)
from signed_requests import SECRET, Sent, by_botocore, present

from daypass.signing import Dialect, Form, PayloadKind, SigningError

TOKEN = "IQoJb3JpZ2luX2Vj/+token=="
S3 = "http://localhost:4100"
STS = "http://localhost:4100/"
PATHS = [
    "/bucket/key",
    "/bucket/",
    "/",
    "/bucket//a/../b/./c",
    "/bucket/a%20b%2Bc%25d",
    "/bucket/%E2%82%AC%F0%9F%98%80",
    "/bucket/tilde~-_.txt",
    "/bucket/paren%28%29%27%21%2A",
    "/bucket/k?versions&prefix=a%20b%2F&max-keys=2&delimiter=%2F",
    "/bucket/k?partNumber=2&uploadId=x~y%3D%3D",
    "/bucket/k?empty=&flag&z=2&z=1&Z=3",
    "/bucket/k?list-type=2&encoding-type=url&continuation-token=a%2Bb%2F%3D",
]


def accept(sent: Sent, **options: Any) -> None:
    sent.accept(now=present(), **options)
    with pytest.raises(SigningError, match="does not match"):
        sent.accept(SECRET + "x", now=present(), **options)


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("path", PATHS)
def test_s3_requests_signed_in_the_header(path: str, token: str | None) -> None:
    sent = by_botocore(
        S3SigV4Auth,
        "PUT",
        S3 + path,
        "s3",
        "us-east-1",
        headers={"x-amz-meta-a": "  two   blanks ", "Content-Type": "text/plain"},
        data=b"body",
        token=token,
    )
    accept(sent)
    signature = sent.signature()
    assert (signature.form, signature.session_token, signature.payload_kind) == (Form.HEADER, token, PayloadKind.HASH)


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("path", PATHS)
def test_s3_presigned_urls(path: str, token: str | None) -> None:
    sent = by_botocore(S3SigV4QueryAuth, "GET", S3 + path, "s3", "us-east-1", expires=60, token=token)
    accept(sent)
    signature = sent.signature()
    assert (signature.form, signature.session_token, signature.expires) == (Form.QUERY, token, 60)
    assert signature.payload_kind is PayloadKind.UNSIGNED


@pytest.mark.parametrize("token", [None, TOKEN])
def test_sts_calls_in_the_header(token: str | None) -> None:
    sent = by_botocore(
        SigV4Auth,
        "POST",
        STS,
        "sts",
        "us-east-1",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        data=b"Action=GetCallerIdentity&Version=2011-06-15",
        token=token,
        dialect=Dialect.QUERY,
    )
    accept(sent)
    sent.body += b"&Action=GetSessionToken"
    with pytest.raises(SigningError, match="does not match"):
        sent.accept(now=present())


@pytest.mark.parametrize("token", [None, TOKEN])
def test_sts_calls_presigned_as_for_kubernetes(token: str | None) -> None:
    """Aws eks get-token: a signed header with the cluster's name, and 60 seconds that STS does not count."""
    sent = by_botocore(
        SigV4QueryAuth,
        "GET",
        STS + "?Action=GetCallerIdentity&Version=2011-06-15",
        "sts",
        "us-east-1",
        headers={"x-k8s-aws-id": "cluster"},
        expires=60,
        token=token,
        dialect=Dialect.QUERY,
    )
    accept(sent)
    sent.accept(now=present() + 890)
    with pytest.raises(SigningError, match="Signature expired"):
        sent.accept(now=present() + 910)
    with pytest.raises(SigningError, match="does not match"):
        sent.with_header(b"x-k8s-aws-id", b"other").accept(now=present())


def test_json_calls() -> None:
    sent = by_botocore(
        SigV4Auth,
        "POST",
        STS,
        "cloudtrail",
        "us-east-1",
        headers={"X-Amz-Target": "CloudTrail_20131101.LookupEvents", "Content-Type": "application/x-amz-json-1.1"},
        data=b"{}",
        dialect=Dialect.JSON,
    )
    accept(sent, service="cloudtrail")


@pytest.mark.parametrize("path", ["/v1/a b", "/v1/arn%3Aaws%3Aiam%3A%3A1%3Auser%2Fx", "/v1/~x/", "/v1//a/../b/"])
def test_paths_of_other_services_are_normalised_and_encoded_twice(path: str) -> None:
    sent = by_botocore(SigV4Auth, "GET", STS[:-1] + path, "sts", "us-east-1", dialect=Dialect.QUERY)
    accept(sent)


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize(
    "path",
    [
        "/bucket/key",
        "/bucket/a%20b%2Bc",
        "/bucket/?acl",
        "/bucket/k?versionId=a%2Bb&response-content-type=text%2Fplain",
        "/bucket/?prefix=a&list-type=2",
        "/bucket/k?partNumber=2&uploadId=x",
    ],
)
def test_version_2_urls_as_boto3_still_presigns(path: str, token: str | None) -> None:
    made = by_botocore(HmacV1QueryAuth, "GET", S3 + path, expires=600, token=token)
    sent = Sent("GET", made.path, made.query, [(b"host", b"localhost:4100")])
    accept(sent)
    assert (sent.signature().form, sent.signature().session_token) == (Form.QUERY_V2, token)
    with pytest.raises(SigningError, match="Request has expired"):
        sent.accept(now=present() + 601)


def test_version_2_urls_with_headers_that_boto3_moves_into_the_query() -> None:
    """generate_presigned_url("put_object", {"ContentType": ..., "ACL": ...}): the client sends the type as it was signed."""
    signed = {"x-amz-acl": "private", "Content-Type": "text/plain"}
    sent = by_botocore(HmacV1QueryAuth, "PUT", S3 + "/bucket/k", expires=600, headers=signed)
    arrives = Sent("PUT", sent.path, sent.query, [(b"host", b"localhost:4100"), (b"content-type", b"text/plain")])
    accept(arrives)
    with pytest.raises(SigningError, match="does not match"):
        arrives.with_header(b"content-type", b"text/html").accept(now=present())


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("path", ["/bucket/key", "/bucket/?acl", "/bucket/k?versionId=3", "/bucket/?delete"])
def test_version_2_in_the_header(path: str, token: str | None) -> None:
    headers = {"Content-Type": "text/plain", "x-amz-meta-b": "2", "x-amz-meta-a": "1"}
    sent = by_botocore(HmacV1Auth, "PUT", S3 + path, headers=headers, token=token)
    accept(sent)
    assert (sent.signature().form, sent.signature().session_token) == (Form.HEADER_V2, token)
    with pytest.raises(SigningError, match="too large"):
        sent.accept(now=present() + 902)


def test_version_2_of_a_bucket_in_the_host_name() -> None:
    sent = by_botocore(HmacV1QueryAuth, "GET", S3 + "/bucket/key", expires=600)
    arrives = Sent("GET", b"/key", sent.query, [(b"host", b"bucket.s3.example.com")])
    accept(arrives, host_bucket=b"bucket")
    with pytest.raises(SigningError, match="does not match"):
        arrives.accept(now=present(), host_bucket=b"other")
