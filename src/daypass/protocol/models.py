"""AWS's service models as botocore ships them (``botocore/data/<service>/<version>/service-2.json.gz``).

The JSON is decoded straight into the few fields that the wire needs: documentation, which is nine tenths of a model,
is never built. All four models load in under 20 ms, where importing ``botocore.model`` alone takes 100. The ``sdk-extras``
files beside some models are not read: they describe what an SDK does with an answer, not what AWS sends.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class XmlNamespace(msgspec.Struct, frozen=True):
    """An ``xmlNamespace`` trait."""

    uri: str = ""
    prefix: str = ""


class ErrorTrait(msgspec.Struct, rename="camel", frozen=True):
    """What a model says of an error: the code on the wire and its status, if they differ from the defaults."""

    code: str | None = None
    http_status_code: int | None = None


class Member(msgspec.Struct, rename="camel", frozen=True):
    """A reference to a shape, with the traits of this use of it."""

    shape: str
    location: str | None = None
    location_name: str | None = None
    query_name: str | None = None
    result_wrapper: str | None = None
    timestamp_format: str | None = None
    xml_namespace: XmlNamespace | str | None = None
    flattened: bool = False
    streaming: bool = False
    xml_attribute: bool = False
    jsonvalue: bool = False


class Shape(msgspec.Struct, rename="camel", frozen=True):
    """One shape. ``member``, ``key`` and ``value`` are set for lists and maps, ``members`` for structures."""

    type: str
    members: dict[str, Member] = {}
    required: list[str] = []
    member: Member | None = None
    key: Member | None = None
    value: Member | None = None
    flattened: bool = False
    enum: list[str] | None = None
    min: float | None = None
    max: float | None = None
    pattern: str | None = None
    sensitive: bool = False
    payload: str | None = None
    location_name: str | None = None
    xml_namespace: XmlNamespace | str | None = None
    timestamp_format: str | None = None
    exception: bool = False
    error: ErrorTrait | None = None
    eventstream: bool = False
    document: bool = False
    """Any JSON value (Smithy: document)."""


class Http(msgspec.Struct, rename="camel", frozen=True):
    """Method, URI template and success status of an operation."""

    method: str = "POST"
    request_uri: str = "/"
    response_code: int = 200


class Operation(msgspec.Struct, rename="camel", frozen=True):
    """One operation."""

    http: Http = Http()
    name: str = "OperationName"
    input: Member | None = None
    output: Member | None = None
    authtype: str | None = None


class Metadata(msgspec.Struct, rename="camel", frozen=True):
    """The head of a model."""

    protocol: str
    api_version: str = ""
    endpoint_prefix: str = ""
    signing_name: str | None = None
    xml_namespace: str | XmlNamespace | None = None
    target_prefix: str = ""
    json_version: str = "1.0"


class Model(msgspec.Struct, frozen=True):
    """One service model."""

    metadata: Metadata
    operations: dict[str, Operation]
    shapes: dict[str, Shape]

    def input_of(self, operation: str) -> Shape | None:
        """The input structure of an operation, if it takes any."""
        reference = self.operations[operation].input
        return self.shapes[reference.shape] if reference else None

    def output_of(self, operation: str) -> Shape | None:
        """The output structure of an operation, if it gives any."""
        reference = self.operations[operation].output
        return self.shapes[reference.shape] if reference else None


def load_model(
    service: str,
    corrections: Mapping[str, Mapping[str, Any]] | None = None,
    order: Mapping[str, Sequence[str]] | None = None,
) -> Model:
    """The newest model of a service, with ``corrections`` (shape -> trait -> value) laid over it.

    ``order`` names members that AWS writes first, by shape.
    """
    spec = find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("botocore's service models are not installed")
    files = sorted(Path(spec.submodule_search_locations[0], "data", service).glob("*/service-2.json.gz"))
    model = read_model(gzip.decompress(files[-1].read_bytes()))
    for name, traits in (corrections or {}).items():
        model.shapes[name] = msgspec.structs.replace(model.shapes[name], **traits)
    for name, first in (order or {}).items():
        members = model.shapes[name].members
        ordered = {member: members[member] for member in (*first, *members)}
        model.shapes[name] = msgspec.structs.replace(model.shapes[name], members=ordered)
    return model


def read_model(text: bytes) -> Model:
    """The model in a file of botocore's form."""
    return msgspec.json.decode(text, type=Model)


def namespace_uri(namespace: XmlNamespace | str | None) -> str:
    """The URI of a namespace trait in either of its two spellings; empty without one."""
    return namespace.uri if isinstance(namespace, XmlNamespace) else namespace or ""
