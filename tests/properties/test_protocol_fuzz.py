"""Invariant: any bytes give a parsed call, a refusal or an ApiError of the service's own table; never another exception.

Every refusal that comes out is rendered and, where it has a body, read again: attacker-chosen text never breaks the
document that carries it (threats E1, H8, H9).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes

from defusedxml.ElementTree import fromstring
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daypass.errors import ApiError
from daypass.protocol import Protocols, Route
from daypass.protocol.models import load_model
from daypass.request import Request, Response

if TYPE_CHECKING:
    from daypass.protocol import Service

PROTOCOLS = Protocols.load()
S3_QUERY_NAMES = sorted(
    {
        use.location_name or name
        for operation in load_model("s3").operations.values()
        if operation.input
        for name, use in load_model("s3").shapes[operation.input.shape].members.items()
        if use.location == "querystring"
    }
    | {operation.http.request_uri.partition("?")[2] for operation in load_model("s3").operations.values()} - {""}
)
S3_HEADERS = sorted(
    {
        (use.location_name or name).lower()
        for operation in load_model("s3").operations.values()
        if operation.input
        for name, use in load_model("s3").shapes[operation.input.shape].members.items()
        if use.location in ("header", "headers")
    }
)
NASTY = st.one_of(
    st.sampled_from(
        [
            b"",
            b"\x00",
            b"\xff\xfe",
            b"<&>\"'",
            b"%zz",
            b"%00",
            b"1e9",
            b"-1",
            b"9" * 5000,
            b"a" * 8000,
            b"\xc3\xa9",
            b"&x;",
        ]
    ),
    st.binary(max_size=40),
)
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "get", ""])
NAMES = st.sampled_from(["Action", "Version", "RoleArn", "RoleSessionName", "DurationSeconds", "Tags.member.1.Key", "Tags",
                         "Tags.member.1.Value", "Tags.member.x.Key", "PolicyArns.member.1.arn", "TransitiveTagKeys.member.1",
                         "RoleArn.x", "Tags.member", "Tags.member.1", "UserName", "MaxItems", "SetAsDefault"])  # fmt: skip
ACTIONS = sorted(PROTOCOLS.services["sts"].operation_names | PROTOCOLS.services["iam"].operation_names)


def _outcome(service: Service, request: Request) -> None:
    """Send a request through route, parse and render_error; check what comes out."""
    route = service.route(request)
    if isinstance(route.refusal, Response):
        return
    if route.refusal is not None:
        _check_error(service, route, route.refusal, request)
        return
    assert route.operation in service.operation_names
    try:
        arguments = service.parse(route, request, b"" if route.streaming_input else request.body)
    except ApiError as error:
        _check_error(service, route, error, request)
    else:
        shape = service.model.input_of(route.operation)
        assert set(arguments) <= set(shape.members if shape else ())


def _check_error(service: Service, route: Route, error: ApiError, request: Request) -> None:
    head = request.method == "HEAD"
    response = service.render_error(route, error, "id", head=head)
    assert 300 <= response.status < 600
    if head:
        assert response.body == b""
    elif service.name in ("cloudtrail", "access-analyzer") or route.form == "json":
        json.loads(response.body)
    elif service.name == "s3" and re.search(rb"&#x[0-9a-f]+;", response.body):
        return  # S3's references to control characters are not XML 1.0, as on AWS
    else:
        root = fromstring(response.body.decode())
        assert root.tag.rpartition("}")[2] in ("ErrorResponse", "Error")
        assert not [element for element in root.iter() if element.tag.endswith("Result")]


@settings(max_examples=400, deadline=None)
@given(
    fields=st.lists(st.tuples(NAMES, NASTY), max_size=8),
    action=st.one_of(st.sampled_from(ACTIONS), st.text(max_size=8)),
    service=st.sampled_from(["sts", "iam"]),
    encoded=st.booleans(),
    accept=st.sampled_from([b"*/*", b"application/json"]),
)
def test_any_form_is_parsed_or_refused(
    fields: list[tuple[str, bytes]], action: str, service: str, encoded: bool, accept: bytes
) -> None:
    found = PROTOCOLS.services[service]
    parts = [f"Action={action}".encode("utf-8", "replace"), f"Version={found.model.metadata.api_version}".encode()]
    parts += [name.encode() + b"=" + (quote_from_bytes(value).encode() if encoded else value) for name, value in fields]
    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"accept", accept)]
    _outcome(found, Request("POST", b"/", b"", headers, b"&".join(parts), "test"))


@settings(max_examples=300, deadline=None)
@given(
    body=st.binary(max_size=200),
    path=NASTY,
    query=NASTY,
    method=METHODS,
    service=st.sampled_from(["sts", "iam", "cloudtrail"]),
)
def test_any_bytes_to_a_service_of_one_path_are_refused_or_routed(
    body: bytes, path: bytes, query: bytes, method: str, service: str
) -> None:
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"x-amz-target", b"CloudTrail_20131101.LookupEvents"),
    ]
    _outcome(PROTOCOLS.services[service], Request(method, b"/" + path, query, headers, body, "test"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data(), operation=st.sampled_from(sorted(PROTOCOLS.services["cloudtrail"].operation_names)))
def test_any_json_is_parsed_or_refused(data: st.DataObject, operation: str) -> None:
    service = PROTOCOLS.services["cloudtrail"]
    members = sorted((service.model.input_of(operation) or service.model.shapes["Tag"]).members)
    document = data.draw(st.dictionaries(st.sampled_from(members or ["x"]), JSON, max_size=4) | JSON)
    headers = [(b"x-amz-target", f"CloudTrail_20131101.{operation}".encode())]
    _outcome(service, Request("POST", b"/", b"", headers, json.dumps(document).encode(), "test"))


ANALYZER = PROTOCOLS.services["access-analyzer"]
ANALYZER_PATHS = sorted({operation.http.request_uri.encode() for operation in ANALYZER.model.operations.values()})


@settings(max_examples=400, deadline=None)
@given(
    method=METHODS,
    path=st.sampled_from(ANALYZER_PATHS) | NASTY.map(lambda value: b"/analyzer/" + value),
    query=st.lists(st.tuples(st.sampled_from(["maxResults", "nextToken", "analyzerArn", "x"]), NASTY), max_size=3),
    document=st.dictionaries(st.sampled_from(["policyDocument", "policyType", "access", "clientToken"]), JSON) | JSON,
)
def test_any_rest_json_request_is_parsed_or_refused(
    method: str, path: bytes, query: list[tuple[str, bytes]], document: object
) -> None:
    raw_query = b"&".join(name.encode() + b"=" + quote_from_bytes(value).encode() for name, value in query)
    _outcome(ANALYZER, Request(method, path, raw_query, [], json.dumps(document).encode(), "test"))


def test_deep_json_is_refused() -> None:
    headers = [(b"x-amz-target", b"CloudTrail_20131101.LookupEvents")]
    for body in (b"[" * 100_000, b'{"a":' * 50_000, b"1" * 100_000, b'{"MaxResults":1e999}', b"\xff"):
        _outcome(PROTOCOLS.services["cloudtrail"], Request("POST", b"/", b"", headers, body, "test"))


@settings(max_examples=600, deadline=None)
@given(
    method=METHODS,
    path=st.one_of(st.just(b"/b"), st.just(b"/b/k"), st.just(b"/"), NASTY.map(lambda value: b"/" + value)),
    query=st.lists(st.tuples(st.sampled_from(S3_QUERY_NAMES) | st.text("abc", max_size=3), NASTY), max_size=4),
    headers=st.lists(st.tuples(st.sampled_from(S3_HEADERS), NASTY), max_size=4),
    body=st.binary(max_size=60) | st.sampled_from([b"<a/>", b"<!DOCTYPE a><a/>", b"<Delete>" * 1000]),
)
@example("PUT", b"/b/k", [], [("x-amz-copy-source", b"")], b"")
@example("PUT", b"/b/k", [], [("x-amz-meta-", b"\xff\xfe")], b"")
def test_any_s3_request_is_parsed_or_refused(
    method: str, path: bytes, query: list[tuple[str, bytes]], headers: list[tuple[str, bytes]], body: bytes
) -> None:
    raw_query = b"&".join(name.encode() + b"=" + quote_from_bytes(value).encode() for name, value in query)
    pairs = [(name.encode(), value) for name, value in headers]
    _outcome(PROTOCOLS.services["s3"], Request(method, path, raw_query, pairs, body, "test"))


@settings(max_examples=400, deadline=None)
@given(
    host=NASTY
    | st.sampled_from([b"sts.amazonaws.com", b"a.localhost", b"[::1]:4100", b"a.b.s3.eu-west-1.amazonaws.com:443"]),
    authorization=NASTY | st.just(b"AWS4-HMAC-SHA256 Credential=a/20261124/us-east-1/iam/aws4_request, x"),
    query=NASTY,
    method=METHODS,
)
def test_a_service_is_found_for_any_head(host: bytes, authorization: bytes, query: bytes, method: str) -> None:
    headers = [
        (b"host", host),
        (b"authorization", authorization),
        (b"content-type", b"application/x-www-form-urlencoded"),
    ]
    request = Request(method, b"/", query, headers, b"", "test")
    service = PROTOCOLS.service_of(request)
    assert service.name in PROTOCOLS.services
    service.route(request)
