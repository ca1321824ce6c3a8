"""Which service a request is for: host, scope, target, action, form; and what CloudTrail's JSON looks like."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from daypass.errors import ApiError
from daypass.protocol import Protocols, Route, not_implemented
from daypass.request import Request, Response

PROTOCOLS = Protocols.load(domains=["Daypass.Example.org."])
TRAIL = PROTOCOLS.services["cloudtrail"]
FORM = (b"content-type", b"application/x-www-form-urlencoded; charset=utf-8")


def scope(service: str) -> tuple[bytes, bytes]:
    value = (
        f"AWS4-HMAC-SHA256 Credential=AKIA/20261124/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
    return b"authorization", value.encode()


def service_of(
    *headers: tuple[bytes, bytes],
    method: str = "POST",
    path: bytes = b"/",
    query: bytes = b"",
    host: str = "localhost:4100",
) -> str:
    return PROTOCOLS.service_of(Request(method, path, query, [(b"host", host.encode()), *headers], b"", "test")).name


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("sts.amazonaws.com", "sts"),
        ("sts.eu-west-1.amazonaws.com:443", "sts"),
        ("STS.us-gov-west-1.amazonaws.com", "sts"),
        ("sts-fips.us-east-1.amazonaws.com", "sts"),
        ("sts.eu-west-1.api.aws", "sts"),
        ("sts.cn-north-1.amazonaws.com.cn", "sts"),
        ("vpce-0abc-1.sts.eu-west-1.vpce.amazonaws.com", "sts"),
        ("iam.amazonaws.com", "iam"),
        ("iam.us-gov.amazonaws.com", "iam"),
        ("iam.global.api.aws", "iam"),
        ("cloudtrail.eu-west-1.amazonaws.com", "cloudtrail"),
        ("s3.amazonaws.com", "s3"),
        ("s3.dualstack.eu-west-1.amazonaws.com", "s3"),
        ("sts.daypass.example.org", "sts"),
        ("iam.daypass.example.org", "iam"),
        ("sts.localhost:4100", "sts"),
        ("cloudtrail.localhost", "cloudtrail"),
    ],
)
def test_a_host_name_of_a_service_is_believed_before_the_scope(host: str, service: str) -> None:
    assert service_of(scope("s3" if service != "s3" else "sts"), FORM, host=host) == service


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("b.s3.amazonaws.com", "b"),
        ("my.iam.bucket.s3.eu-west-1.amazonaws.com", "my.iam.bucket"),
        ("b.s3-fips.us-east-1.amazonaws.com", "b"),
        ("b.s3.dualstack.us-east-1.amazonaws.com", "b"),
        ("b.bucket.vpce-0abc-1.s3.eu-west-1.vpce.amazonaws.com", "b"),
        ("b.localhost:4100", "b"),
        ("b.s3.localhost:4100", "b"),
        ("a.b.daypass.example.org", "a.b"),
        ("b.s3.daypass.example.org", "b"),
    ],
)
def test_a_bucket_in_the_host_name_is_s3s(host: str, bucket: str) -> None:
    request = Request("GET", b"/k//x", b"", [(b"host", host.encode())], b"", "test")
    service = PROTOCOLS.service_of(request)
    route = service.route(request)
    assert (service.name, route.operation) == ("s3", "GetObject")
    assert service.parse(route, request, b"") == {"Bucket": bucket, "Key": "k//x"}


@pytest.mark.parametrize(
    "host",
    ["localhost:4100", "127.0.0.1:4100", "[::1]:4100", "daypass:4100", "daypass.example.org", "", "notlocalhost"],
)
def test_a_host_that_says_nothing_leaves_the_path_style(host: str) -> None:
    request = Request("GET", b"/b/k", b"", [(b"host", host.encode())], b"", "test")
    service = PROTOCOLS.service_of(request)
    assert service.parse(service.route(request), request, b"") == {"Bucket": "b", "Key": "k"}


@pytest.mark.parametrize("service", ["sts", "iam", "s3", "cloudtrail"])
def test_the_scope_of_the_signature_tells(service: str) -> None:
    assert service_of(scope(service)) == service
    credential = f"X-Amz-Credential=AKIA%2F20261124%2Feu-west-1%2F{service}%2Faws4_request".encode()
    assert service_of(query=credential, method="GET") == service


def test_a_scope_of_iam_on_an_object_path_is_no_way_to_s3() -> None:
    request = Request("GET", b"/bucket/key", b"", [scope("iam")], b"", "test")
    service = PROTOCOLS.service_of(request)
    assert service.name == "iam"
    assert isinstance(service.route(request).refusal, Response)


def test_parameter_names_of_the_signature_have_case() -> None:
    assert service_of(query=b"x-amz-credential=A%2F20261124%2Fr%2Fsts%2Faws4_request", method="GET") == "s3"


def test_without_a_signature_the_content_tells() -> None:
    assert service_of((b"x-amz-target", b"CloudTrail_20131101.LookupEvents")) == "cloudtrail"
    assert service_of(FORM) == "sts"
    assert service_of(method="GET", query=b"Action=ListUsers&Version=2010-05-08") == "iam"
    assert service_of(method="GET", query=b"Action=GetCallerIdentity&Version=2011-06-15") == "sts"
    assert service_of(method="GET", query=b"Action=GetCallerIdentity") == "sts"
    assert service_of(method="GET") == "s3"
    assert service_of(method="GET", path=b"/b/k", query=b"Action=x&Version=2011-06-15") == "s3"
    assert service_of((b"content-type", b"multipart/form-data; boundary=x"), path=b"/b") == "s3"
    assert service_of(scope("ec2"), FORM) == "sts"


def target(
    name: str, body: bytes = b"{}", prefix: str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
) -> Request:
    headers = [(b"x-amz-target", f"{prefix}.{name}".encode()), (b"content-type", b"application/x-amz-json-1.1")]
    return Request("POST", b"/", b"", headers, body, "test")


@pytest.mark.parametrize("prefix", ["com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "CloudTrail_20131101"])
def test_a_target_may_have_the_long_or_the_short_prefix(prefix: str) -> None:
    assert TRAIL.route(target("LookupEvents", prefix=prefix)).operation == "LookupEvents"


@pytest.mark.parametrize("request_", [target("NoSuch"), target("LookupEvents", prefix="Other")])
def test_an_unknown_target_is_an_unknown_operation(request_: Request) -> None:
    refusal = TRAIL.route(request_).refusal
    assert isinstance(refusal, ApiError)
    response = TRAIL.render_error(None, refusal, "id", head=False)
    assert (response.status, response.body) == (400, b'{"__type":"UnknownOperationException"}')


def test_arguments_are_read_by_type() -> None:
    body = b'{"StartTime":1795521312.5,"MaxResults":5,"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"x"}],"Other":1,"NextToken":null}'
    request = target("LookupEvents", body)
    assert TRAIL.parse(TRAIL.route(request), request, body) == {
        "StartTime": datetime(2026, 11, 24, 11, 55, 12, 500_000, tzinfo=UTC),
        "MaxResults": 5,
        "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x"}],
    }


@pytest.mark.parametrize("body", [b"", b" \n", b"{}"])
def test_an_empty_body_is_an_empty_object(body: bytes) -> None:
    request = target("LookupEvents", body)
    assert TRAIL.parse(TRAIL.route(request), request, body) == {}


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'"x"', b'{"MaxResults":"5"}', b'{"MaxResults":true}', b'{"MaxResults":3000000000}', b'{"MaxResults":1.5}',
     b'{"LookupAttributes":{}}', b'{"NextToken":5}', b'{"StartTime":"x"}', b'{"StartTime":1e300}', b"\xff"],
)  # fmt: skip
def test_another_type_than_the_models_is_a_serialization_exception(body: bytes) -> None:
    request = target("LookupEvents", body)
    with pytest.raises(ApiError) as caught:
        TRAIL.parse(TRAIL.route(request), request, body)
    assert caught.value.code == "SerializationException"


def test_a_constraint_is_a_validation_exception_with_the_members_of_the_enumeration() -> None:
    request = target("LookupEvents", b'{"EventCategory":"x"}')
    with pytest.raises(ApiError) as caught:
        TRAIL.parse(TRAIL.route(request), request, b'{"EventCategory":"x"}')
    assert caught.value.code == "ValidationException"
    assert caught.value.message == (
        "1 validation error detected: Value 'x' at 'eventCategory' failed to satisfy constraint: "
        "Member must satisfy enum value set: [insight]"
    )


def test_an_answer_is_json_with_numbers_for_times() -> None:
    output = {
        "Events": [{"EventId": "e", "EventTime": datetime(2026, 11, 24, 11, 55, 12, tzinfo=UTC), "Username": None}]
    }
    response = TRAIL.render(Route("cloudtrail", "LookupEvents"), output, "id")
    assert dict(response.headers) == {b"x-amzn-requestid": b"id", b"content-type": b"application/x-amz-json-1.1"}
    assert json.loads(response.body) == {"Events": [{"EventId": "e", "EventTime": 1795521312}]}


@pytest.mark.parametrize(
    ("code", "wire"),
    [
        ("TrailNotFoundException", "TrailNotFoundException"),
        ("SignatureDoesNotMatch", "InvalidSignatureException"),
        ("InvalidClientTokenId", "UnrecognizedClientException"),
        ("ExpiredToken", "ExpiredTokenException"),
        ("AccessDenied", "AccessDeniedException"),
    ],
)
def test_an_error_has_the_code_of_its_own_protocol(code: str, wire: str) -> None:
    response = TRAIL.render_error(None, ApiError(code, "text"), "id", head=False)
    assert response.status == 400
    assert json.loads(response.body) == {"__type": wire, "message": "text"}


def test_an_operation_that_is_not_there_yet_names_itself() -> None:
    response = TRAIL.render_error(None, not_implemented("cloudtrail", "CreateTrail"), "id", head=False)
    assert response.status == 501
    assert json.loads(response.body)["message"] == "CreateTrail is not implemented by this server."


def test_all_operations_of_all_services_are_known_by_name() -> None:
    counts = {name: len(service.operation_names) for name, service in PROTOCOLS.services.items()}
    assert counts["sts"] >= 12
    assert counts["iam"] >= 181
    assert counts["s3"] >= 116
    assert counts["cloudtrail"] >= 60
