"""What a recorded call must look like to be told of: the fields of a CloudTrail record that recollection reads.

A journal may be torn, or touched by other hands; a line of another shape is no record, whatever JSON it is.
(CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element".)
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

SECONDS: Final = "%Y-%m-%dT%H:%M:%SZ"
_KEY_HOLDERS: Final = frozenset({"AssumedRole", "FederatedUser", "IAMUser", "Root"})


class _Attributes(msgspec.Struct, rename="camel"):
    creation_date: datetime | None = None
    mfa_authenticated: str | None = None


class _Issuer(msgspec.Struct, rename="camel"):
    principal_id: str | None = None
    arn: str | None = None


class _Federation(msgspec.Struct, rename="camel"):
    federated_provider: str | None = None


class _SessionContext(msgspec.Struct, rename="camel"):
    attributes: _Attributes | None = None
    session_issuer: _Issuer | None = None
    web_id_federation_data: _Federation | None = None
    source_identity: str | None = None


class _Identity(msgspec.Struct, rename="camel"):
    type: str
    principal_id: str | None = None
    account_id: str | None = None
    arn: str | None = None
    access_key_id: str | None = None
    session_context: _SessionContext | None = None

    def __post_init__(self) -> None:
        if self.type in _KEY_HOLDERS and (self.principal_id is None or self.account_id is None):
            raise ValueError(f"{self.type} without its ids")
        context = self.session_context
        issuer = None if context is None else context.session_issuer
        if self.type == "FederatedUser" and (issuer is None or issuer.principal_id is None):
            raise ValueError("FederatedUser without its issuer")


class _Shape(msgspec.Struct, rename="camel"):
    event_id: str = msgspec.field(name="eventID")
    event_time: str
    event_source: str
    event_name: str
    aws_region: str
    source_ip_address: str = msgspec.field(name="sourceIPAddress")
    recipient_account_id: str
    user_identity: _Identity
    request_id: str = msgspec.field(name="requestID", default="")
    user_agent: str | None = None
    request_parameters: dict[str, Any] | None = None
    response_elements: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        datetime.strptime(self.event_time, SECONDS)  # noqa: DTZ007 - only whether it is one


class _Tag(msgspec.Struct):
    key: str
    value: str


class _PolicyArn(msgspec.Struct):
    arn: str


class Opening(msgspec.Struct, rename="camel"):
    """What the parameters of a call that opens a session say of the session."""

    policy: str | None = None
    policy_arns: tuple[_PolicyArn, ...] | None = None
    task_policy_arn: str | None = None
    tags: tuple[_Tag, ...] | None = None
    principal_tags: dict[str, str] | None = None
    incoming_transitive_tags: dict[str, str] | None = None
    principal_arn: str = ""


class Answer(msgspec.Struct, rename="camel"):
    """What the answer to such a call says of it."""

    subject: str = ""
    audience: str | None = None
    subject_type: str | None = None
    name_qualifier: str | None = None
    provider: str = ""
    subject_from_web_identity_token: str = ""


def read_record(line: bytes) -> dict[str, Any]:
    """The record of a line. Raises ValueError for whatever is none."""
    try:
        record: dict[str, Any] = msgspec.json.decode(line)
        msgspec.convert(record, _Shape)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return record
