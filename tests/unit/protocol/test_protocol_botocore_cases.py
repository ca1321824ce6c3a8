"""AWS's protocol test cases, run backwards (tests/cases/protocol, from botocore's source archive).

Input cases: the request that an SDK serializes parses to the parameters it was given. Output cases: the result, rendered
by us, is read by botocore's own parser as the same result; the errors, too.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import JSONParser, QueryParser, RestJSONParser, RestXMLParser
from botocore.utils import parse_timestamp

from daypass.errors import ApiError
from daypass.protocol.aws_json import JsonService
from daypass.protocol.models import Model
from daypass.protocol.percent import pairs_of, path_text
from daypass.protocol.query import QueryService
from daypass.protocol.rest_input import Dialect, RestInput
from daypass.protocol.rest_json import RestJsonService
from daypass.protocol.rest_output import RestOutput
from daypass.protocol.rest_parts import RestRequest
from daypass.protocol.service import Route
from daypass.protocol.xml_output import XmlStyle, XmlWriter
from daypass.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parents[2] / "cases" / "protocol"
PARSERS = {"query": QueryParser, "rest-xml": RestXMLParser, "json": JSONParser, "rest-json": RestJSONParser}

SERVICES = {"query": QueryService, "json": JsonService, "rest-json": RestJsonService}

SCALARS = {
    "timestamp": lambda value: datetime.fromtimestamp(value, UTC),
    "blob": str.encode,
    "float": float,
    "double": float,
}

NOT_OURS = {
    # What only an SDK does: filling in tokens, host prefixes, compression, dropping its own nulls.
    "Test cases for QueryIdempotencyTokenAutoFill operation": "the client makes the token up",
    "Test cases for PutWithContentEncoding operation": "no service here takes compressed requests",
    "Test cases for PutAndGetInlineDocuments operation": "no service here has document members",
    "Test cases for HostWithPathOperation operation": "the path prefix is the client's setting",
    "Test cases for HttpRequestWithFloatLabels operation": "no label here is a number",
    "Test cases for FractionalSeconds operation": "STS and IAM write whole seconds, S3 milliseconds on its own style",
    "QueryFlattenedListArgWithXmlName": "botocore skips it: it writes another name than the case",
    "AwsJson11StructuresDontSerializeNullValues": "nulls stay in the client",
    "QueryXmlLists": "botocore skips it",
    "QueryComplexError": "botocore skips it",
    "NullAndEmptyHeaders": "nulls stay in the client",
    "RestXmlQueryPrecedence": "a client's conflict: its map loses against a member of the same name",
    "RestXmlHttpPayloadWithUnsetUnion": "botocore skips it",
    "InputAndOutputWithTimestampHeaders": "botocore skips it: it cannot read a list of dates",
    "XmlLists": "botocore skips it: its names of flattened lists differ, and ours follow it",
    "QueryEmptyQueryMaps": "an empty map is not sent",
    "HttpPrefixHeadersAreNotPresent": "an empty map is not sent",
    "RestJsonQueryPrecedence": "a client's conflict: its map loses against a member of the same name",
    "RestJsonNullAndEmptyHeaders": "nulls stay in the client",
    "RestJsonHttpPayloadWithUnsetUnion": "botocore skips it",
    "RestJsonInputAndOutputWithTimestampHeaders": "botocore skips it: it cannot read a list of dates",
    "RestJsonInputAndOutputWithQuotedStringHeaders": "botocore skips it: it cannot read quoted commas",
    "RestJsonHttpPrefixHeadersAreNotPresent": "an empty map is not sent",
    "RestJsonQueryParamsStringListMap": "a server's map holds the whole query, a client's what it was given",
    "RestJsonOmitsEmptyListQueryValues": "an empty list is not sent",
    "RestJsonHttpPayloadTraitsWithNoBlobBody": "botocore skips it",
    "RestJsonHttpWithEmptyStructurePayload": "the client writes {} where it was given nothing",
    "RestJsonHttpWithHeadersButNoPayload": "the client writes {} where it was given nothing",
    "MediaTypeHeaderInputBase64": "botocore skips it: it takes a value where the case has its JSON",
    "MediaTypeHeaderOutputBase64": "botocore skips it: it gives a value where the case has its JSON",
    "HttpPrefixHeadersResponse": "our answers have headers of their own, and the empty prefix takes all",
    "BodyWithXmlName": "botocore skips it",
    "HttpPayloadTraitsWithNoBlobBody": "botocore skips it",
}


def _cases(direction: str) -> Iterator[Any]:
    for protocol in PARSERS:
        for suite in json.loads((CASES / direction / f"{protocol}.json").read_text("utf-8")):
            for case in suite["cases"]:
                if suite["description"] not in NOT_OURS and case["id"] not in NOT_OURS:
                    yield pytest.param(suite, case, id=f"{protocol}-{case['id']}")


def _model(suite: dict[str, Any], case: dict[str, Any]) -> Model:
    operations = {case["given"]["name"]: case["given"]}
    return msgspec.convert(suite | {"operations": operations}, Model)


def _typed(model: Model, shape_name: str, value: Any) -> Any:
    """A case's parameters as Python values: its times are numbers, its blobs text."""
    shape = model.shapes[shape_name]
    if value is None or shape.document:
        return value
    match shape.type:
        case "structure":
            return {name: _typed(model, shape.members[name].shape, item) for name, item in value.items()}
        case "list":
            return [_typed(model, shape.member.shape, item) for item in value]
        case "map":
            return {key: _typed(model, shape.value.shape, item) for key, item in value.items()}
    return SCALARS.get(shape.type, lambda item: item)(value)


def _request(case: dict[str, Any]) -> Request:
    sent = case["serialized"]
    path, _, query = sent.get("uri", "/").partition("?")
    headers = [(name.lower().encode(), value.encode()) for name, value in sent.get("headers", {}).items()]
    return Request(sent["method"], path.encode(), query.encode(), headers, sent.get("body", "").encode(), "test")


def _rest_arguments(model: Model, case: dict[str, Any], request: Request) -> dict[str, Any]:
    operation = model.operations[case["given"]["name"]]
    template = operation.http.request_uri.partition("?")[0]
    pattern = re.sub(
        r"\\\{(\w+)(\\\+)?\\\}", lambda found: f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})", re.escape(template)
    )
    found = re.fullmatch(pattern, request.raw_path.decode())
    assert found
    labels = {name: path_text(value.encode()) for name, value in found.groupdict().items()}
    constant = {part.partition("=")[0] for part in operation.http.request_uri.partition("?")[2].split("&")}
    query: dict[str, list[str]] = {}
    for name, value in pairs_of(request.raw_query):
        if name not in constant:
            query.setdefault(name, []).append(value)
    headers: dict[str, list[str]] = {}
    for raw_name, raw in request.headers:
        headers.setdefault(raw_name.decode(), []).append(raw.decode())
    reader = RestInput(model, operation, Dialect({}))
    arguments = reader.read(RestRequest(labels, query, headers, request.body))
    if reader.streaming and request.body:
        arguments[reader.streaming] = request.body
    return arguments


def _same(left: Any, right: Any) -> bool:
    """Equality where not-a-number equals itself."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return left == right


@pytest.mark.parametrize(("suite", "case"), list(_cases("input")))
def test_what_a_client_serializes_parses_to_its_parameters(suite: dict[str, Any], case: dict[str, Any]) -> None:
    model, request = _model(suite, case), _request(case)
    protocol = model.metadata.protocol
    if protocol == "rest-xml":
        arguments = _rest_arguments(model, case, request)
    else:
        service = SERVICES[protocol]("case", model)
        route = service.route(request)
        assert route.refusal is None
        arguments = service.parse(route, request, request.body)
    reference = model.operations[case["given"]["name"]].input
    expected = _typed(model, reference.shape, case["params"]) if reference else {}
    expected = {name: value for name, value in expected.items() if value is not None}
    assert _same(arguments, expected), (arguments, expected)


def _render(model: Model, name: str, result: dict[str, Any]) -> Any:
    operation = model.operations[name]
    protocol = model.metadata.protocol
    if protocol == "rest-xml":
        return RestOutput(model, operation, XmlWriter(model, XmlStyle())).render(result, [])
    service = SERVICES[protocol]("case", model)
    return service.render(_route(service, model, name), result, "id")


def _route(service: Any, model: Model, name: str) -> Route:
    if model.metadata.protocol == "rest-json":
        return Route("case", name)
    return service.route(_call(model, name))


def _call(model: Model, name: str) -> Request:
    if model.metadata.protocol == "json":
        target = f"{model.metadata.target_prefix}.{name}".encode()
        return Request("POST", b"/", b"", [(b"x-amz-target", target)], b"", "test")
    query = f"Action={name}&Version={model.metadata.api_version}".encode()
    return Request("GET", b"/", query, [], b"", "test")


def _read_back(suite: dict[str, Any], case: dict[str, Any], response: Any) -> dict[str, Any]:
    name = case["given"]["name"]
    service = ServiceModel(suite | {"operations": {name: case["given"]}})
    shape = OperationModel(case["given"], service).output_shape
    protocol = suite["metadata"]["protocol"]
    if protocol == "query" and shape is not None:
        shape.serialization["resultWrapper"] = f"{name}Result"
    headers = HeadersDict({key.decode(): value.decode() for key, value in response.headers})
    answer = {
        "status_code": response.status,
        "headers": headers,
        "body": response.body,
        "context": {"operation_name": name},
    }
    parser = PARSERS[protocol](timestamp_parser=lambda value: parse_timestamp(value).timestamp())
    parsed = parser.parse(answer, shape)
    parsed.pop("ResponseMetadata", None)
    return parsed


def _plain(value: Any) -> Any:
    """A parsed result in the words of the case file."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


@pytest.mark.parametrize(("suite", "case"), [param for param in _cases("output") if "result" in param.values[1]])
def test_what_we_render_is_read_by_botocore_as_the_result(suite: dict[str, Any], case: dict[str, Any]) -> None:
    model = _model(suite, case)
    reference = model.operations[case["given"]["name"]].output
    result = _typed(model, reference.shape, case["result"]) if reference else {}
    parsed = _read_back(suite, case, _render(model, case["given"]["name"], result))
    assert {k: v for k, v in _plain(parsed).items() if v is not None} == case["result"]


@pytest.mark.parametrize(
    ("suite", "case"),
    [param for param in _cases("output") if "error" in param.values[1] and "rest-xml" not in param.id],
)
def test_an_error_of_the_model_is_read_by_botocore_with_its_code(suite: dict[str, Any], case: dict[str, Any]) -> None:
    model = _model(suite, case)
    protocol = model.metadata.protocol
    service = SERVICES[protocol]("case", model)
    code = case["errorCode"]
    error = ApiError(code, case.get("errorMessage") or "text")
    response = service.render_error(None, error, "id", head=False)
    parsed = _read_back(suite, case, response)
    assert parsed["Error"]["Code"] == code
    assert parsed["Error"]["Message"] == error.message


def test_every_exemption_names_a_case_that_exists() -> None:
    names = set()
    for direction in ("input", "output"):
        for protocol in PARSERS:
            for suite in json.loads((CASES / direction / f"{protocol}.json").read_text("utf-8")):
                names |= {suite["description"], *(case["id"] for case in suite["cases"])}
    assert NOT_OURS.keys() <= names
