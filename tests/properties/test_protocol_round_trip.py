"""What botocore serializes we parse, and what we render botocore parses: for every operation of every service.

Arguments and outputs are generated from botocore's own reading of the models, so neither side is ours alone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import HeadersDict
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.utils import percent_encode_sequence
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daypass.protocol import SERVICES, Protocols, Route
from daypass.protocol.errors import CORRECTIONS
from daypass.protocol.protocols import MODELS
from daypass.request import Request

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

PROTOCOLS = Protocols.load()
UNROUTABLE = CORRECTIONS["s3"]["unroutable"]
SMALL = {"PartNumber": (1, 10_000), "Integer": (1, 1_000)}  # parts as S3 counts them, pages of Access Analyzer
NO_PLAIN_OUTPUT = {"SelectObjectContent": "an event stream", "GetBucketLocation": "its root is its value"}

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=12
)
NAME = st.text(st.sampled_from("abcXYZ019-_"), min_size=1, max_size=10)
TIME = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "float": st.floats(0, 1e6),
    "double": st.floats(0, 1e6),
    "boolean": st.booleans(),
    "timestamp": TIME,
    "blob": st.binary(min_size=1, max_size=8),
}
CANDIDATES = """/ /a/ v1 123456789012 abcdefgh aaaaaaaaaaaaaaaaaaaa arn:aws:iam::123456789012:role/abc 000000 o-abcdefghij
p-abcdefgh bucket/key s3://bucket https://a.b AKIAAAAAAAAAAAAAAAAA a.amazonaws.com 01:02 o-abcdefghij/r-abcd/ 12345
abcdef-0123 ABCDEF0123456789ABCDEF arn:aws:kms:us-east-1:123456789012:key/abc arn:aws:s3:::bucket a arn:aws:access-analyzer:us-east-1:123456789012:analyzer/abc
arn:aws:cloudtrail:us-east-1:123456789012:trail/abc arn:aws:iam::123456789012:role/service-role/abc
0123456789abcdef01234567 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
01234567-89ab-cdef-0123-456789abcdef aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:""".split()  # noqa: SIM905 - a list would be three times as long


def _python(pattern: str) -> str:
    """A pattern of the models cut down to what Python reads; only the candidates above are asked about."""
    for java, python in ((r"\p{L}", "a-z"), (r"\p{Z}", " "), (r"\p{N}", "0-9"), (r"\uD800\uDC00-\uDBFF\uDFFF", "")):
        pattern = pattern.replace(java, python)
    return pattern


@cache
def _service(name: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(MODELS.get(name, name), "service-2"))


def _operations() -> list[Any]:
    return [
        pytest.param(service, operation, id=f"{service}-{operation}")
        for service in SERVICES
        if service != "signin"  # no SDK speaks it
        for operation in _service(service).operation_names
        if operation not in UNROUTABLE
    ]


def _with_output() -> list[Any]:
    return [parameters for parameters in _operations() if parameters.values[1] not in NO_PLAIN_OUTPUT]


def _fitting(shape: Shape) -> st.SearchStrategy[str]:
    """Text that the shape's own pattern and lengths allow; models know no simpler way to say it."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 1 << 30)
    if shape.enum:
        return st.sampled_from(shape.enum)
    pattern = shape.metadata.get("pattern")
    if pattern is None:
        return TEXT.map(lambda text: text.ljust(int(least), "x")[: int(most)])
    allowed = re.compile(_python(pattern)).fullmatch
    good = [text for text in CANDIDATES if allowed(text) and least <= len(text) <= most]
    assert good, (shape.name, pattern, least, most)
    return st.sampled_from(good)


def _numbers(shape: Shape) -> st.SearchStrategy[int]:
    bits = 63 if shape.type_name == "long" else 31
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", (1 << bits) - 1)
    return st.integers(int(least), int(most))


def _values(shape: Shape, depth: int = 0, *, location: str | None = None) -> st.SearchStrategy[Any]:
    if shape.type_name == "structure":
        return _structures(shape, depth)
    if shape.type_name == "list":
        least, most = max(int(shape.metadata.get("min", 0)), 1), int(shape.metadata.get("max", 2))
        return st.lists(_values(shape.member, depth + 1), min_size=least, max_size=max(least, min(most, 2)))
    if shape.type_name == "map":
        inner = "header" if location == "headers" else None  # S3 answers metadata beyond ASCII as RFC 2047 says
        values = _values(shape.value, depth + 1, location=inner)
        return st.dictionaries(_keys(shape.key), values, min_size=1, max_size=1)
    if shape.type_name in ("string", "character"):
        free = not (shape.enum or "pattern" in shape.metadata)
        return NAME if free and (location in ("header", "uri") or shape.name == "Policy") else _fitting(shape)
    if shape.type_name in ("integer", "long"):
        limits = SMALL.get(shape.name)
        return st.integers(*limits) if limits else _numbers(shape)
    return SCALARS[shape.type_name]


def _keys(shape: Shape) -> st.SearchStrategy[str]:
    return _fitting(shape) if shape.enum or "pattern" in shape.metadata else NAME.map(str.lower)


@st.composite
def _structures(draw: st.DrawFn, shape: Shape, depth: int) -> dict[str, Any]:
    found = {}
    if getattr(shape, "is_tagged_union", False):
        name = draw(st.sampled_from(sorted(shape.members)))
        return {name: draw(_values(shape.members[name], depth + 1))}
    for name, member in shape.members.items():
        if name == "Expires" and member.serialization.get("location") == "header":
            continue  # botocore's loader makes a time of it; AWS's model, and S3, keep the text
        if name in shape.required_members or (depth < 4 and draw(st.integers(0, 9)) < (5 if depth < 2 else 2)):
            found[name] = draw(_values(member, depth + 1, location=member.serialization.get("location")))
    if depth and not found and shape.members:  # the Query protocol has no way to send an empty structure
        plain = [name for name, member in shape.members.items() if member.type_name not in ("structure", "list", "map")]
        name = draw(st.sampled_from(plain or list(shape.members)))
        found[name] = draw(_values(shape.members[name], depth + 1))
    return found


def _sent(service: str, operation: OperationModel, arguments: dict[str, Any]) -> Request:
    serialized = create_serializer(
        _service(service).metadata["protocol"], include_validation=False
    ).serialize_to_request(arguments, operation)
    url = urlsplit(serialized["url_path"])
    query = url.query
    if isinstance(serialized["query_string"], dict):
        from_dict = [(name, value) for name, value in serialized["query_string"].items()]
        query = "&".join(filter(None, [query, *(_pair(name, value) for name, value in from_dict)]))
    body = serialized["body"]
    if isinstance(body, dict):
        body = "&".join(_pair(name, value) for name, value in body.items()).encode()
    headers = [(name.lower().encode(), str(value).encode()) for name, value in serialized["headers"].items()]
    return Request(serialized["method"], url.path.encode(), query.encode(), headers, body or b"", "test")


def _pair(name: str, value: Any) -> str:
    return percent_encode_sequence([(name, value)])


def _normal(value: Any, shape: Shape | None) -> Any:
    """What both sides can agree on: a member without content is not on the wire, and a blob may come back as a stream."""
    if shape is None:
        return {}
    match shape.type_name:
        case "structure":
            members = {name: _normal(item, shape.members[name]) for name, item in value.items() if item is not None}
            return {name: item for name, item in members.items() if item not in ({}, [])}
        case "list":
            return [item for item in (_normal(item, shape.member) for item in value) if item not in ({}, [])]
        case "map":
            members = {key: _normal(item, shape.value) for key, item in value.items()}
            return {key: item for key, item in members.items() if item not in ({}, [])}
        case "timestamp":
            return value.timestamp()
    return value


def _check_input(service_name: str, operation_name: str, arguments: dict[str, Any]) -> None:
    operation = _service(service_name).operation_model(operation_name)
    request = _sent(service_name, operation, arguments)
    service = PROTOCOLS.services[service_name]
    route = service.route(request)
    assert route.operation == operation_name, route
    parsed = service.parse(route, request, b"" if route.streaming_input else request.body)
    if route.streaming_input:
        payload = operation.input_shape.serialization["payload"]
        assert parsed.pop(payload) == arguments.get(payload, b"")
        arguments = {name: value for name, value in arguments.items() if name != payload}
    assert _normal(parsed, operation.input_shape) == _normal(arguments, operation.input_shape)


def _check_output(service_name: str, operation_name: str, output: dict[str, Any]) -> None:
    operation = _service(service_name).operation_model(operation_name)
    shape = operation.output_shape
    output.pop("EncodingType", None)  # tested on its own
    if operation.http["method"] != "HEAD":
        output.pop("ContentLength", None)  # the server says it
    response = PROTOCOLS.services[service_name].render(Route(service_name, operation_name), output, "0123456789ABCDEF")
    headers = HeadersDict({name.decode(): value.decode() for name, value in response.headers})
    body = response.body
    if operation.has_streaming_output:
        assert body == output.pop(shape.serialization["payload"], b"")
        body = b""
    answer = {
        "status_code": response.status,
        "headers": headers,
        "body": body,
        "context": {"operation_name": operation_name},
    }
    parsed = create_parser(_service(service_name).metadata["protocol"]).parse(answer, shape)
    parsed.pop("ResponseMetadata")
    if operation.has_streaming_output:
        parsed.pop(shape.serialization["payload"], None)
    if operation_name == "GetBucketPolicy" and not parsed.get("Policy"):
        parsed.pop("Policy", None)  # botocore reads an empty body as an empty policy
    assert _normal(parsed, shape) == _normal(output, shape)


def _sample(shape: Shape, depth: int, *, everything: bool) -> Any:
    """One fixed value of a shape: required members only, or all of them down to some depth."""
    if shape.type_name == "structure":
        if getattr(shape, "is_tagged_union", False):
            chosen = list(shape.members)[:1]
        else:
            wanted = shape.members if everything and depth < 4 else shape.required_members
            chosen = [name for name in shape.members if name in wanted and name != "Expires"] or list(shape.members)[:1]
        if depth == 0 and not everything:
            chosen = list(shape.required_members)
        return {name: _sample(shape.members[name], depth + 1, everything=everything) for name in chosen}
    if shape.type_name == "list":
        return [_sample(shape.member, depth + 1, everything=everything)] * max(int(shape.metadata.get("min", 1)), 1)
    if shape.type_name == "map":
        return {_sample_text(shape.key): _sample(shape.value, depth + 1, everything=everything)}
    if shape.type_name in ("integer", "long"):
        return max(int(shape.metadata.get("min", 1)), 1 if shape.name in SMALL else 0)
    fixed = {
        "boolean": True,
        "timestamp": datetime(2026, 11, 24, tzinfo=UTC),
        "blob": b"b",
        "float": 0.5,
        "double": 0.5,
    }
    return fixed[shape.type_name] if shape.type_name in fixed else _sample_text(shape)


def _sample_text(shape: Shape) -> str:
    if shape.enum:
        return shape.enum[0]
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 1 << 30)
    if "pattern" not in shape.metadata:
        return "x y/z+".ljust(least, "x")[:most]
    allowed = re.compile(_python(shape.metadata["pattern"])).fullmatch
    return next(text for text in reversed(CANDIDATES) if allowed(text) and least <= len(text) <= most)


@pytest.mark.parametrize("everything", [False, True], ids=["required", "everything"])
@pytest.mark.parametrize(("service_name", "operation_name"), _operations())
def test_each_operation_reads_what_botocore_sends(service_name: str, operation_name: str, everything: bool) -> None:
    shape = _service(service_name).operation_model(operation_name).input_shape
    _check_input(service_name, operation_name, _sample(shape, 0, everything=everything) if shape else {})


@pytest.mark.parametrize("everything", [False, True], ids=["required", "everything"])
@pytest.mark.parametrize(("service_name", "operation_name"), _with_output())
def test_each_operation_writes_what_botocore_reads(service_name: str, operation_name: str, everything: bool) -> None:
    shape = _service(service_name).operation_model(operation_name).output_shape
    _check_output(service_name, operation_name, _sample(shape, 0, everything=everything) if shape else {})


@pytest.mark.parametrize("service_name", [name for name in SERVICES if name != "signin"])
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_botocore_serializes_parses_to_the_same_arguments(service_name: str, data: st.DataObject) -> None:
    operation_name = data.draw(st.sampled_from([p.values[1] for p in _operations() if p.values[0] == service_name]))
    shape = _service(service_name).operation_model(operation_name).input_shape
    _check_input(service_name, operation_name, data.draw(_structures(shape, 0)) if shape else {})


@pytest.mark.parametrize("service_name", [name for name in SERVICES if name != "signin"])
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_we_render_botocore_parses_to_the_same_output(service_name: str, data: st.DataObject) -> None:
    operation_name = data.draw(st.sampled_from([p.values[1] for p in _with_output() if p.values[0] == service_name]))
    shape = _service(service_name).operation_model(operation_name).output_shape
    _check_output(service_name, operation_name, data.draw(_structures(shape, 0)) if shape else {})
