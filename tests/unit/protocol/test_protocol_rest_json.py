"""rest-json beyond botocore's cases: routing, values that no client sends, refusals, and which requests are for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daypass.errors import ApiError
from daypass.protocol import Protocols, Route
from daypass.protocol.models import Http, Metadata, Model, Operation
from daypass.protocol.rest_paths import PathRoutes
from daypass.request import Request

PROTOCOLS = Protocols.load()
ANALYZER = PROTOCOLS.services["access-analyzer"]
POLICY = {"policyDocument": "{}", "policyType": "IDENTITY_POLICY"}


def request(
    method: str = "POST", path: bytes = b"/policy/validation", query: bytes = b"", body: Any = b"", **headers: str
) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(method, path, query, pairs, body if isinstance(body, bytes) else json.dumps(body).encode(), "test")


def parse(sent: Request) -> dict[str, Any]:
    route = ANALYZER.route(sent)
    assert route.refusal is None
    return ANALYZER.parse(route, sent, sent.body)


def refused(sent: Request) -> ApiError:
    with pytest.raises(ApiError) as caught:
        parse(sent)
    return caught.value


def routes(*operations: tuple[str, str, str]) -> PathRoutes:
    table = {name: Operation(Http(method, uri), name) for name, method, uri in operations}
    return PathRoutes(Model(Metadata("rest-json"), table, {}))


def test_the_most_specific_path_is_meant() -> None:
    table = routes(
        ("Greedy", "GET", "/a/{Rest+}"),
        ("Label", "GET", "/a/{Name}"),
        ("Literal", "GET", "/a/b"),
        ("Chosen", "GET", "/a/b?kind=x"),
        ("Marked", "GET", "/a/{Name}?versions"),
        ("Put", "PUT", "/a/{Name}"),
    )
    found = {
        "b": table.find("GET", b"/a/b", {}),
        "chosen": table.find("GET", b"/a/b", {"kind": ["x"]}),
        "c": table.find("GET", b"/a/c", {}),
        "c/d": table.find("GET", b"/a/c/d", {}),
        "marked": table.find("GET", b"/a/c", {"versions": [""]}),
        "put": table.find("PUT", b"/a/b", {}),
        "none": table.find("GET", b"/b", {}),
        "no method": table.find("DELETE", b"/a/b", {}),
    }
    assert found == {
        "b": ("Literal", {}),
        "chosen": ("Chosen", {}),
        "c": ("Label", {"Name": "c"}),
        "c/d": ("Greedy", {"Rest": "c/d"}),
        "marked": ("Marked", {"Name": "c"}),
        "put": ("Put", {"Name": "b"}),
        "none": None,
        "no method": None,
    }


def test_a_label_is_decoded_once_and_after_the_path_was_cut() -> None:
    sent = request("GET", b"/analyzer/a%252Fb%2Fc%20d")
    assert ANALYZER.route(sent).params.labels == {"analyzerName": "a%2Fb/c d"}


@pytest.mark.parametrize("path", [b"/analyzer/%ff", b"/analyzer/%zz"])
def test_a_label_that_is_no_text_is_refused(path: bytes) -> None:
    assert ANALYZER.route(request("GET", path)).refusal.code == "SerializationException"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", b"/policy/validation"), ("POST", b"/policy"), ("POST", b"/policy/validation/"), ("POST", b"")],
)
def test_a_path_that_no_operation_has_is_unknown(method: str, path: bytes) -> None:
    route = ANALYZER.route(request(method, path))
    response = ANALYZER.render_error(route, route.refusal, "id", head=False)
    assert (response.status, dict(response.headers)[b"x-amzn-errortype"]) == (404, b"UnknownOperationException")


def test_query_and_body_become_one_set_of_arguments() -> None:
    assert parse(request(query=b"maxResults=7&nextToken=a%2Bb", body=POLICY)) == POLICY | {
        "maxResults": 7,
        "nextToken": "a+b",
    }


@pytest.mark.parametrize(
    "query", [b"maxResults=x", b"maxResults=", b"maxResults=1&maxResults=2", b"maxResults=99999999999"]
)
def test_a_parameter_of_another_type_or_given_twice_is_refused(query: bytes) -> None:
    assert refused(request(query=query, body=POLICY)).code == "SerializationException"


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'"x"', b'{"policyType": 5}', b'{"policyDocument": {}}', b"\xff", b"[" * 99_999]
)
def test_a_body_that_is_no_object_of_the_model_is_refused(body: bytes) -> None:
    assert refused(request(body=body)).code == "SerializationException"


def test_what_breaks_the_model_is_named_with_the_reason_that_the_model_asks_for() -> None:
    error = refused(request(body={"policyType": "X"}))
    assert error.code == "ValidationException"
    assert error.message == (
        "2 validation errors detected: Value null at 'policyDocument' failed to satisfy constraint: Member must not be "
        "null; Value 'X' at 'policyType' failed to satisfy constraint: Member must satisfy enum value set: "
        "[IDENTITY_POLICY, RESOURCE_POLICY, SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY]"
    )
    assert error.members == {"reason": "fieldValidationFailed"}


def test_a_refusal_names_its_code_in_a_header_and_its_text_in_the_body() -> None:
    error = ApiError("ConflictException", "exists", members={"resourceId": "a", "resourceType": "b"})
    response = ANALYZER.render_error(None, error, "id", head=False)
    assert response.status == 409
    assert list(response.headers) == [
        (b"x-amzn-requestid", b"id"),
        (b"x-amzn-errortype", b"ConflictException"),
        (b"content-type", b"application/json"),
    ]
    assert json.loads(response.body) == {"message": "exists", "resourceId": "a", "resourceType": "b"}


def test_a_member_of_an_error_that_the_model_puts_in_a_header_goes_there() -> None:
    error = ApiError("ThrottlingException", None, members={"retryAfterSeconds": 5})
    response = ANALYZER.render_error(None, error, "id", head=False)
    assert response.status == 429
    assert dict(response.headers)[b"retry-after"] == b"5"
    assert json.loads(response.body) == {"message": "Rate exceeded"}


def test_a_refusal_of_head_has_no_body() -> None:
    response = ANALYZER.render_error(None, ApiError("AccessDeniedException", "no"), "id", head=True)
    assert (response.status, response.body) == (403, b"")


def test_an_error_that_no_table_holds_is_our_bug() -> None:
    with pytest.raises(KeyError):
        ANALYZER.render_error(None, ApiError("NoSuchBucket", "text"), "id", head=False)


def test_an_operation_without_output_answers_an_empty_object() -> None:
    response = ANALYZER.render(Route("access-analyzer", "DeleteAnalyzer"), {}, "id")
    assert (response.status, response.body) == (200, b"{}")


SCOPE = "AWS4-HMAC-SHA256 Credential=A/20261124/us-east-1/access-analyzer/aws4_request, SignedHeaders=host, Signature=x"


@pytest.mark.parametrize(
    ("sent", "service"),
    [
        (request(host="access-analyzer.eu-west-1.amazonaws.com"), "access-analyzer"),
        (request(host="vpce-0123-abc.access-analyzer.eu-west-1.vpce.amazonaws.com"), "access-analyzer"),
        (request(host="localhost:4100", authorization=SCOPE), "access-analyzer"),
        (request(query=b"X-Amz-Credential=A/20261124/us-east-1/access-analyzer/aws4_request"), "access-analyzer"),
        (request(content_type="application/json; charset=utf-8"), "access-analyzer"),
        (request(content_type="text/plain"), "s3"),
        (request(query=b"uploads", content_type="application/json"), "s3"),
        (request("PUT", content_type="application/json"), "s3"),
        (request(path=b"/bucket/key", content_type="application/json"), "s3"),
    ],
)
def test_a_request_finds_its_service(sent: Request, service: str) -> None:
    assert PROTOCOLS.service_of(sent).name == service
