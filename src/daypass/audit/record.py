"""One call as a CloudTrail record (CloudTrail User Guide, "CloudTrail record contents", eventVersion 1.11).

The pipeline asks for the records of every call that reached the server, whatever became of it; nothing here can be
switched off. A record is one line of JSON: control characters of every sort are escaped, long texts are cut, and what is
cut says so.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from daypass.audit.identity import Identity, foreign_identity_of, identity_of, iso_time
from daypass.audit.operations import event_region
from daypass.audit.plan import Plan, compile_plan
from daypass.audit.resources import resources_of
from daypass.audit.rows import row_of
from daypass.audit.size import LARGEST_PART, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daypass.access.caller import Caller
    from daypass.access.facts import RequestFacts
    from daypass.errors import ApiError
    from daypass.protocol.models import Model
    from daypass.store.interface import EventRow

NOBODY: Final = ""
"""The recipient of records of calls that proved no identity: they stay in the journal, for the operator alone."""

_LONGEST_TEXT: Final = 1024
_LONGEST_HOST: Final = 255
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NOTHING: Final[Mapping[str, Any]] = {}


class Record(msgspec.Struct, rename="camel", kw_only=True):
    """The record's fields in the order of AWS's log files. UNSET ones are left out, None ones are ``null``."""

    event_version: str = "1.11"
    user_identity: Identity
    event_time: str
    event_source: str
    event_name: str
    aws_region: str
    source_ip_address: str = msgspec.field(name="sourceIPAddress")
    user_agent: str
    error_code: str | UnsetType
    error_message: str | UnsetType
    request_parameters: dict[str, Any] | None
    response_elements: dict[str, Any] | None
    additional_event_data: Mapping[str, Any] | UnsetType
    request_id: str = msgspec.field(name="requestID")
    event_id: str = msgspec.field(name="eventID")
    read_only: bool
    resources: list[dict[str, str]] | UnsetType
    event_type: str
    management_event: bool
    recipient_account_id: str
    shared_event_id: str | UnsetType = msgspec.field(name="sharedEventID")
    event_category: str
    tls_details: dict[str, str] | UnsetType
    omitted: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Tls:
    """What a connection was encrypted with, in OpenSSL's names (``TLSv1.3``, ``TLS_AES_128_GCM_SHA256``)."""

    version: str
    cipher: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record as it goes to the journal. ``recipient`` is the account that may see it, or NOBODY."""

    recipient: str
    line: bytes

    def row(self) -> EventRow | None:
        """The record as the index holds it; None for what is not indexed: data events and records for NOBODY."""
        return row_of(self.line)


class Recorder:
    """Makes records. ``models`` are the service models by signing name; ``random`` gives random bytes."""

    def __init__(self, models: Mapping[str, Model], random: Callable[[int], bytes]) -> None:
        self._models = models
        self._random = random
        self._plans: dict[tuple[str, str], Plan] = {}

    def of(
        self,
        *,
        service: str,
        operation: str,
        request_id: str,
        facts: RequestFacts,
        at: float,
        caller: Caller | None,
        owner: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        answer: Mapping[str, Any] | None = None,
        error: ApiError | None = None,
        notes: Mapping[str, Any] = _NOTHING,
        additional: Mapping[str, Any] = _NOTHING,
        host: str | None = None,
        tls: Tls | None = None,
    ) -> tuple[Recorded, ...]:
        """The records of one call, one for each account that gets a copy; never none.

        ``operation`` is the API's name, or what the request called it where no model knows it. ``at`` is when the
        call was complete. ``caller`` is None where nobody was authenticated. ``owner`` is the account of the resource
        that the call was about (of the operation's first question to the policy engine). ``notes`` are further
        request parameters (``incomingTransitiveTags``), under the record's own names; ``additional`` becomes
        ``additionalEventData``.
        """
        plan = self._plan(service, operation)
        record = Record(
            user_identity=identity_of(caller),
            event_time=iso_time(int(at)),
            event_source=plan.source,
            event_name=plan.name,
            aws_region=event_region(service, facts.region),
            source_ip_address=facts.source_ip,
            user_agent=_user_agent(service, facts.user_agent),
            error_code=UNSET if error is None else plan.codes.get(error.code, error.code),
            error_message=UNSET if error is None or not error.message else error.message[:_LONGEST_TEXT],
            request_parameters=_parameters(plan, parameters, notes, error, host),
            response_elements=plan.answer(answer) or None if plan.answer and answer and error is None else None,
            additional_event_data=additional or UNSET,
            request_id=request_id,
            event_id=self._event_id(at),
            read_only=plan.read_only,
            resources=resources_of(service, parameters, owner) or UNSET if parameters else UNSET,
            event_type="AwsApiCall",
            management_event=plan.category == "Management",
            recipient_account_id=_recipient(caller, owner),
            shared_event_id=UNSET,
            event_category=plan.category,
            tls_details=_tls_details(facts, host, tls),
        )
        if caller is None or error is not None or not caller.account or not owner or owner == caller.account:
            return (_written(record),)
        return self._copies(record, caller, owner, at)

    def _copies(self, record: Record, caller: Caller, owner: str, at: float) -> tuple[Recorded, ...]:
        """The caller's record and the resource owner's, who learns no more of the caller than its account and id."""
        record.shared_event_id = str(uuid.UUID(bytes=self._random(16), version=4))
        own = _written(record)
        record.user_identity = foreign_identity_of(caller)
        record.recipient_account_id = owner
        record.event_id = self._event_id(at)
        return own, _written(record)

    def _plan(self, service: str, operation: str) -> Plan:
        plan = self._plans.get((service, operation))
        if plan is None:
            model = self._models.get(service)
            plan = compile_plan(model, service, operation)
            if model is not None and operation in model.operations:  # names that strangers make up are not kept
                self._plans[service, operation] = plan
        return plan

    def _event_id(self, at: float) -> str:
        """A UUID of version 7 (RFC 9562), so that events of one second keep their order."""
        milliseconds, fraction = divmod(at * 1000, 1)
        random = int.from_bytes(self._random(8)) & 0x3FFF_FFFF_FFFF_FFFF
        text = f"{int(milliseconds) << 16 | 0x7000 | int(fraction * 4096):016x}{random | 1 << 63:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _recipient(caller: Caller | None, owner: str | None) -> str:
    """The caller's account; the resource owner's where the caller has none (anonymous, services, federated proof)."""
    return NOBODY if caller is None else caller.account or owner or NOBODY


def _user_agent(service: str, text: str | None) -> str:
    cut = (text or "")[:_LONGEST_TEXT]
    return f"[{cut}]" if service == "s3" else cut


def _parameters(
    plan: Plan,
    parameters: Mapping[str, Any] | None,
    notes: Mapping[str, Any],
    error: ApiError | None,
    host: str | None,
) -> dict[str, Any] | None:
    """IAM and STS record no parameters of a call that was denied; the message names action and resource."""
    s3 = plan.service == "s3"
    if parameters is None or plan.request is None or (error is not None and error.code in _DENIED and not s3):
        return None
    recorded = plan.request(parameters)
    if notes:
        recorded = {**recorded, **notes}
    if s3 and host:
        recorded["Host"] = host[:_LONGEST_HOST]
    return recorded or None


def _tls_details(facts: RequestFacts, host: str | None, tls: Tls | None) -> dict[str, str] | UnsetType:
    if not facts.secure:
        return UNSET
    details = {"tlsVersion": tls.version, "cipherSuite": tls.cipher} if tls else {}
    if host:
        details["clientProvidedHostHeader"] = host[:_LONGEST_HOST]
    return details or UNSET


def _written(record: Record) -> Recorded:
    line = _encode(record)
    if len(line) > LARGEST_PART:
        parameters, cut_parameters = shortened(record.request_parameters)
        elements, cut_elements = shortened(record.response_elements)
        if cut_parameters or cut_elements:
            parts = {"request_parameters": parameters, "response_elements": elements}
            line = _encode(msgspec.structs.replace(record, **parts, omitted=True))
    return Recorded(record.recipient_account_id, line)


def _encode(record: Record) -> bytes:
    try:
        line = _ENCODER.encode(record)
    except (UnicodeEncodeError, OverflowError):
        line = _ENCODER.encode(_writable(msgspec.to_builtins(record)))
    if line.isascii() and b"\x7f" not in line:
        return line
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line.decode()).encode()


def _writable(value: Any) -> Any:
    """Lone surrogates and numbers beyond 64 bits, which JSON's writer refuses, as texts."""
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case bool():
            return value
        case int():
            return value if -(1 << 63) <= value < 1 << 64 else str(value)
        case dict():
            return {_writable(key): _writable(item) for key, item in value.items()}
        case list() | tuple():
            return [_writable(item) for item in value]
        case _:
            return value


_ENCODER: Final = msgspec.json.Encoder()
