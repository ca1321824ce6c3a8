"""How the parameters and the answer of one operation become ``requestParameters`` and ``responseElements``.

Compiled from the service model once for each operation: which members are kept, under which name, and what has to be
converted on the way. A record then costs no look at the model. Names are the model's with the first letter lowered; S3 is
recorded under the names of its wire (headers, query, XML), as AWS does.

Source: CloudTrail User Guide, "CloudTrail record contents"; the S3 User Guide's sample log entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from daypass.audit.operations import Category, category, event_name, event_source, is_read_only, records_answer
from daypass.audit.redaction import is_secret, secret_places
from daypass.audit.size import deeper_than_kept

if TYPE_CHECKING:
    import re

    from daypass.protocol.models import Member, Model, Shape

Convert = Callable[[Any], Any]
Step = tuple[str, Convert | None]

S3_URI_NAMES: Final = {"Bucket": "bucketName", "Key": "key"}


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about one operation's records that no call changes."""

    service: str
    source: str
    name: str
    read_only: bool
    category: Category
    request: Convert | None
    answer: Convert | None
    """None where the answer is not recorded."""
    codes: Mapping[str, str]
    """IAM: what CloudTrail calls the errors that the wire calls otherwise (``NoSuchEntity``: the exception's name)."""
    secret_places: re.Pattern[str]
    """Where a refusal's text repeats a secret."""


def compile_plan(model: Model, service: str, operation: str) -> Plan:
    """The plan of an operation; of one that the model does not know, it keeps only the name."""
    shapes = _Shapes(model, service) if operation in model.operations else None
    named = model.input_of(operation) if shapes else None
    return Plan(
        service=service,
        source=event_source(service),
        name=event_name(service, operation),
        read_only=is_read_only(service, operation),
        category=category(service, operation, names_key=named is not None and "Key" in named.members),
        request=shapes.request(operation) if shapes else None,
        answer=shapes.answer(operation) if shapes and records_answer(service, operation) else None,
        codes=_exception_names(model) if service == "iam" else {},
        secret_places=secret_places(model),
    )


class _Shapes:
    """Compiles shapes of one model."""

    def __init__(self, model: Model, service: str) -> None:
        self._model = model
        self._on_wire = service == "s3"
        self._as_named = service == "signin"
        self._date = _date_with_comma if service == "sts" else _date_without_comma
        self._structures: dict[tuple[str, bool], dict[str, Step]] = {}

    def request(self, operation: str) -> Convert | None:
        """The converter of an operation's parameters; None where it takes none."""
        shape = self._model.input_of(operation)
        if shape is None:
            return None
        if not self._on_wire:
            return _walker(self._steps(shape, answer=False))
        constants = _constants(self._model.operations[operation].http.request_uri)
        steps = self._wire_steps(shape, answer=False)
        return lambda value: {**_walk(steps, value), **constants}

    def answer(self, operation: str) -> Convert | None:
        """The converter of an operation's answer; None where it gives none."""
        shape = self._model.output_of(operation)
        if shape is None:
            return None
        steps = self._wire_steps(shape, answer=True) if self._on_wire else self._steps(shape, answer=True)
        return _walker(steps)

    def _wire_steps(self, shape: Shape, *, answer: bool) -> dict[str, Step]:
        """Steps of S3's top level: headers and query under their own names, as text; the body's under its elements'."""
        steps: dict[str, Step] = {}
        for name, member in shape.members.items():
            target = self._model.shapes[member.shape]
            body = name == shape.payload and target.type in {"blob", "structure"} and not target.members
            if is_secret(name, sensitive=target.sensitive) or member.location == "headers" or body:
                continue
            match member.location:
                case "header" | "querystring":
                    steps[name] = (member.location_name or name, _as_text)
                case "uri":
                    steps[name] = (S3_URI_NAMES.get(name, name), None)
                case _ if name == "Policy" and name == shape.payload:
                    steps[name] = ("bucketPolicy", _as_document)
                case _:
                    steps[name] = (member.location_name or name, self._value(member, answer=answer))
        return steps

    def _structure(self, name: str, *, answer: bool) -> Convert:
        """The converter of a structure; kept, for structures may hold themselves."""
        steps = self._structures.get((name, answer))
        if steps is None:
            steps = self._structures[name, answer] = {}
            steps.update(self._steps(self._model.shapes[name], answer=answer))
        return _walker(steps)

    def _steps(self, shape: Shape, *, answer: bool) -> dict[str, Step]:
        steps: dict[str, Step] = {}
        for name, member in shape.members.items():
            if not is_secret(name, sensitive=self._model.shapes[member.shape].sensitive):
                steps[name] = (self._name(name, member), self._value(member, answer=answer))
        return steps

    def _name(self, name: str, member: Member) -> str:
        if self._as_named:
            return name
        return member.location_name or name if self._on_wire else name[:1].lower() + name[1:]

    def _value(self, member: Member, *, answer: bool) -> Convert | None:
        """The converter of a value; None where it is recorded as it is."""
        shape = self._model.shapes[member.shape]
        match shape.type:
            case "structure":
                return self._structure(member.shape, answer=answer)
            case "timestamp":
                return self._date if answer else _iso
            case "list" if shape.member is not None:
                return _each(self._value(shape.member, answer=answer))
            case "map" if shape.value is not None:
                return _each_value(self._value(shape.value, answer=answer))
            case _:
                return None


def _walker(steps: Mapping[str, Step]) -> Convert:
    return lambda value: _walk(steps, value)


def _walk(steps: Mapping[str, Step], value: Mapping[str, Any]) -> dict[str, Any]:
    recorded = {}
    for name, item in value.items():
        step = steps.get(name)
        if step is not None and item is not None:
            recorded[step[0]] = item if step[1] is None else step[1](item)
    return recorded


def _each(convert: Convert | None) -> Convert | None:
    return None if convert is None else lambda items: [convert(item) for item in items]


def _each_value(convert: Convert | None) -> Convert | None:
    return None if convert is None else lambda items: {key: convert(item) for key, item in items.items()}


def _constants(uri: str) -> dict[str, str]:
    """The sub-resource that a URI template names: ``/{Bucket}?list-type=2`` has ``list-type`` ``2``."""
    query = uri.partition("?")[2]
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {key: value for key, _, value in pairs if key != "x-id"}


def _as_text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return _iso(value)
        case list() | tuple():
            return ",".join(_as_text(item) for item in value)
        case _:
            return str(value)


def _as_document(text: Any) -> Any:
    """A bucket policy as the document it is; the text where it is none, or one that no walk through it survives."""
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, TypeError):
        return text
    return text if deeper_than_kept(document) else document


def _moment(value: Any) -> datetime:
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)


def _iso(value: Any) -> str:
    return f"{_moment(value):%Y-%m-%dT%H:%M:%SZ}"


@lru_cache(maxsize=256)  # many sessions end in the same second
def _date_with_comma(value: Any) -> str:
    """``Nov 24, 2026, 4:07:39 PM``: how Java of today writes a date, and with it STS."""
    return _java_date(_moment(value), ", ")


def _date_without_comma(value: Any) -> str:
    """``Nov 24, 2026 4:07:39 PM``: how IAM's records write it."""
    return _java_date(_moment(value), " ")


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _java_date(when: datetime, between: str) -> str:
    """By hand, for ``%b`` and ``%p`` follow the machine's locale."""
    half = "AM" if when.hour < 12 else "PM"
    clock = f"{when.hour % 12 or 12}:{when.minute:02}:{when.second:02}"
    return f"{_MONTHS[when.month - 1]} {when.day}, {when.year}{between}{clock} {half}"


def _exception_names(model: Model) -> dict[str, str]:
    """Code on the wire -> name of the exception, where they differ."""
    errors = ((shape.error.code, name) for name, shape in model.shapes.items() if shape.exception and shape.error)
    return {code: name for code, name in errors if code and code != name}
