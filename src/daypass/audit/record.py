"""One call as a CloudTrail record (CloudTrail User Guide, "CloudTrail record contents", eventVersion 1.11).

The pipeline asks for the records of every call that reached the server, whatever became of it; nothing here can be
switched off. A record is one line of JSON: control characters of every sort are escaped, long texts are cut, and what is
cut says so.
"""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from daypass.audit.decisions import SEPARATOR, written, written_reason
from daypass.audit.identity import Identity, foreign_identity_of, identity_of
from daypass.audit.json_lines import encode
from daypass.audit.operations import event_region, event_type
from daypass.audit.plan import Plan, compile_plan
from daypass.audit.redaction import without_echoes
from daypass.audit.resources import resources_of
from daypass.audit.rows import row_of
from daypass.audit.size import LARGEST_PART, shortened
from daypass.clock import iso_time
from daypass.policy import ENCODED_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daypass.access.caller import Caller
    from daypass.access.facts import RequestFacts
    from daypass.errors import ApiError
    from daypass.protocol.service import Service
    from daypass.request import Request
    from daypass.services.registry import Call
    from daypass.store.interface import EventRow

LOG = logging.getLogger("daypass")

_UNWRITABLE: Final = (RecursionError, ValueError, OverflowError)
"""What values that no record can hold raise. Not TypeError: that is a secret where none belongs, and a bug of ours."""

NOBODY: Final = ""
"""The recipient of records of calls that proved no identity: they stay in the journal, for the operator alone."""

UNKNOWN_OPERATION: Final = "UnknownOperation"
"""The event's name where a request names no operation that its service knows."""

_OPERATOR: Final = "daypass"
"""Who has the data folder: what is recorded as caller, address and agent of the command line's changes."""

_OPERATORS_REGION: Final = "us-east-1"
_VERSION_7: Final = 0x7000_8000_0000_0000_0000
_LONGEST_TEXT: Final = 1024
_LONGEST_HOST: Final = 255
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
_REFUSED: Final = 400
_SIGNED_IN_HEADER: Final = {"SignatureVersion": "SigV4", "AuthenticationMethod": "AuthHeader"}
_SIGNED_IN_QUERY: Final = {"SignatureVersion": "SigV4", "AuthenticationMethod": "QueryString"}


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


class Recorded(NamedTuple):
    """A record, and what the operator alone is told of it. ``recipient`` is the account that may see it, or NOBODY."""

    recipient: str
    line: bytes
    decisions: bytes | None = None

    @property
    def entry(self) -> bytes:
        """The line of the journal."""
        return self.line if self.decisions is None else self.line + SEPARATOR + self.decisions

    def row(self) -> EventRow:
        """The record as the store holds it."""
        return row_of(self.line, decisions=self.decisions)


class _AskedAndAnswered(NamedTuple):
    parameters: dict[str, Any] | None
    answer: dict[str, Any] | None
    omitted: bool | UnsetType


class Recorder:
    """Makes records. ``services`` are the services on the wire by their name; time and randomness are passed in.

    ``decisions`` says of which calls it is remembered how they were decided: ``all``, ``refused``, or none (``off``).
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        now: Callable[[], float],
        random: Callable[[int], bytes],
        decisions: str = "all",
    ) -> None:
        self._services = services
        self._decisions = decisions
        self._now = now
        self._random = random
        self._plans: dict[tuple[str, str], Plan] = {}

    def of(
        self,
        *,
        service: str,
        operation: str | None,
        request_id: str,
        request: Request,
        facts: RequestFacts,
        status: int,
        caller: Caller | None = None,
        call: Call | None = None,
        owner: str | None = None,
        output: Mapping[str, Any] | None = None,
        error: ApiError | None = None,
    ) -> tuple[Recorded, ...]:
        """The records of one call that is complete, one for each account that gets a copy; never none.

        ``operation`` is None where the request names none that its service knows. ``caller`` is None, or anonymous,
        where nobody was authenticated, ``call`` None where the arguments were not read. ``owner`` is the account of the
        resource that the call is about (that of the operation's first question to the policy engine). ``status`` says
        of an answer without ``error`` whether it is a refusal all the same. The call's notes are further request
        parameters, under the record's own names.
        """
        at = self._now()
        plan = self._plan(service, operation)
        caller = None if caller is not None and caller.is_anonymous and call is None else caller
        code, message = self._refusal(service, error, status)
        parameters = call.input if call else None
        host = request.header(b"host")
        told = _asked_and_answered(plan, call, code, host, output)
        record = Record(
            user_identity=identity_of(caller),
            event_time=iso_time(int(at)),
            event_source=plan.source,
            event_name=plan.name,
            aws_region=event_region(service, facts.region),
            source_ip_address=facts.source_ip,
            user_agent=_user_agent(service, facts.user_agent),
            error_code=plan.codes.get(code, code) if code else UNSET,
            error_message=_error_text(message, plan) if message else UNSET,
            request_parameters=told.parameters,
            response_elements=told.answer,
            additional_event_data=_additional(service, request, call),
            request_id=request_id,
            event_id=self._event_id(at),
            read_only=plan.read_only,
            resources=resources_of(service, parameters, owner) or UNSET if parameters else UNSET,
            event_type=event_type(service),
            management_event=plan.category == "Management",
            recipient_account_id=_recipient(caller, owner),
            shared_event_id=UNSET,
            event_category=plan.category,
            tls_details={"clientProvidedHostHeader": host[:_LONGEST_HOST]} if host and facts.secure else UNSET,
            omitted=told.omitted,
        )
        decisions = self._remembered(call, facts, error, record, refused=code is not None, at=int(at))
        if caller is None or code or not caller.account or not owner or owner == caller.account:
            return (_written(record, decisions),)
        return self._copies(record, caller, owner, at, decisions)

    def of_operator(
        self, account: str, source: str, name: str, parameters: dict[str, Any], answer: dict[str, Any] | None = None
    ) -> Recorded:
        """The record of something the operator did to an account with the ``daypass`` command, beside every API."""
        at = self._now()
        record = Record(
            user_identity={"type": "AWSService", "invokedBy": _OPERATOR},
            event_time=iso_time(int(at)),
            event_source=source,
            event_name=name,
            aws_region=_OPERATORS_REGION,
            source_ip_address=_OPERATOR,
            user_agent=_OPERATOR,
            error_code=UNSET,
            error_message=UNSET,
            request_parameters=parameters,
            response_elements=answer,
            additional_event_data=UNSET,
            request_id=str(uuid.UUID(bytes=self._random(16), version=4)),
            event_id=self._event_id(at),
            read_only=False,
            resources=UNSET,
            event_type="AwsServiceEvent",
            management_event=True,
            recipient_account_id=account,
            shared_event_id=UNSET,
            event_category="Management",
            tls_details=UNSET,
        )
        return _written(record)

    def _refusal(self, service: str, error: ApiError | None, status: int) -> tuple[str | None, str | None]:
        """Code and text as the wire has them."""
        if error is None:
            return (str(status) if status >= _REFUSED else None), None
        known = self._services[service].errors.entries.get(error.code)
        if known is None:
            return error.code, error.message
        return known.code, error.message or known.message

    def _remembered(
        self, call: Call | None, facts: RequestFacts, error: ApiError | None, record: Record, *, refused: bool, at: int
    ) -> bytes | None:
        """How the call was decided, for the operator."""
        if self._decisions == "off" or (self._decisions == "refused" and not refused):
            return None
        reason = None if error is None else error.reason
        if call is None:
            return None if reason is None else written_reason(reason)
        return written(call, facts, reason, at=at, region=record.aws_region, own=record.recipient_account_id)

    def _copies(
        self, record: Record, caller: Caller, owner: str, at: float, decisions: bytes | None
    ) -> tuple[Recorded, ...]:
        """The caller's record and the resource owner's, who learns no more of the caller than its account and id."""
        record.shared_event_id = str(uuid.UUID(bytes=self._random(16), version=4))
        own = _written(record, decisions)
        record.user_identity = foreign_identity_of(caller)
        record.recipient_account_id = owner
        record.event_id = self._event_id(at)
        return own, _written(record)

    def _plan(self, service: str, operation: str | None) -> Plan:
        name = operation or UNKNOWN_OPERATION
        plan = self._plans.get((service, name))
        if plan is None:
            plan = self._plans[service, name] = compile_plan(self._services[service].model, service, name)
        return plan

    def _event_id(self, at: float) -> str:
        """A UUID of version 7 (RFC 9562), so that events of one second keep their order: 60 bits of time in 1/4096 ms."""
        time = int(at * 4_096_000)
        random = int.from_bytes(self._random(8)) >> 2
        text = f"{(time >> 12 << 16 | time & 0xFFF) << 64 | random | _VERSION_7:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _recipient(caller: Caller | None, owner: str | None) -> str:
    """The caller's account; the resource owner's where the caller has none (anonymous, services, federated proof)."""
    return NOBODY if caller is None else caller.account or owner or NOBODY


def _user_agent(service: str, text: str | None) -> str:
    cut = (text or "")[:_LONGEST_TEXT]
    return f"[{cut}]" if service == "s3" else cut


def _parameters(plan: Plan, call: Call | None, code: str | None, host: str | None) -> dict[str, Any] | None:
    """IAM and STS record no parameters of a call that was denied; the message names action and resource."""
    s3 = plan.service == "s3"
    if call is None or plan.request is None or (code in _DENIED and not s3):
        return None
    recorded = plan.request(call.input)
    if call.notes:
        recorded = {**recorded, **call.notes}
    if s3 and host:
        recorded["Host"] = host[:_LONGEST_HOST]
    return recorded or None


def _additional(service: str, request: Request, call: Call | None) -> Mapping[str, Any] | UnsetType:
    if service == "s3":
        return _signature_facts(request)
    return UNSET if call is None else call.event_data or UNSET


def _signature_facts(request: Request) -> Mapping[str, Any] | UnsetType:
    """How an S3 request was signed, if it was."""
    if request.header(b"authorization") is not None:
        return _SIGNED_IN_HEADER
    return _SIGNED_IN_QUERY if b"X-Amz-Signature=" in request.raw_query else UNSET


def _error_text(message: str, plan: Plan) -> str:
    """A refusal's text. An encoded message in it is as little recorded as one that is sent to be decoded."""
    return without_echoes(message.partition(ENCODED_MESSAGE)[0], plan.secret_places)[:_LONGEST_TEXT]


def _written(record: Record, decisions: bytes | None = None) -> Recorded:
    try:
        line = _line(record)
    except _UNWRITABLE as error:
        _say_omitted(record.request_id, error)
        line = encode(msgspec.structs.replace(record, request_parameters=None, response_elements=None, omitted=True))
    return Recorded(record.recipient_account_id, line, decisions)


def _line(record: Record) -> bytes:
    line = encode(record)
    if len(line) > LARGEST_PART:
        parameters, cut_parameters = shortened(record.request_parameters)
        elements, cut_elements = shortened(record.response_elements)
        if cut_parameters or cut_elements:
            parts = {"request_parameters": parameters, "response_elements": elements}
            line = encode(msgspec.structs.replace(record, **parts, omitted=True))
    return line


def _asked_and_answered(
    plan: Plan, call: Call | None, code: str | None, host: str | None, output: Mapping[str, Any] | None
) -> _AskedAndAnswered:
    """What the call said and what it was told; neither where no record can hold them."""
    try:
        parameters = _parameters(plan, call, code, host)
        answer = None if code or not output or plan.answer is None else plan.answer(output) or None
    except _UNWRITABLE as problem:
        _say_omitted(call.request_id if call else "of nobody", problem)
        return _AskedAndAnswered(None, None, omitted=True)
    return _AskedAndAnswered(parameters, answer, UNSET)


def _say_omitted(request_id: str, error: Exception) -> None:
    """One line: whoever can bring this about must not fill the log with traces."""
    LOG.error("request %s is recorded without its parameters: %s", request_id, type(error).__name__)
