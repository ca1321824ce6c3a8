"""A record as the index holds it: what LookupEvents finds it by, and who used which key or role.

Both are read from the record itself, so that the index can be made again from the journal at any time.
Source: CloudTrail API Reference, LookupEvents and the Event data type.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from daypass.store.interface import EventRow, Use


class Issuer(msgspec.Struct, rename="camel"):
    """``sessionIssuer``, as far as it is needed here."""

    type: str = ""
    principal_id: str = ""


class SessionContext(msgspec.Struct, rename="camel"):
    """``sessionContext``, as far as it is needed here."""

    session_issuer: Issuer = msgspec.field(default_factory=Issuer)


class Identity(msgspec.Struct, rename="camel"):
    """``userIdentity``, as far as it is needed here."""

    type: str
    principal_id: str = ""
    user_name: str | None = None
    access_key_id: str | None = None
    session_context: SessionContext = msgspec.field(default_factory=SessionContext)


class Head(msgspec.Struct, rename="camel"):
    """What of a record says whether and for whom it is indexed, and what was used."""

    event_id: str = msgspec.field(name="eventID")
    event_time: str
    event_source: str
    event_name: str
    aws_region: str
    event_category: str
    recipient_account_id: str
    read_only: bool
    user_identity: Identity

    @property
    def seconds(self) -> int:
        """The event's time in seconds since the epoch."""
        return _seconds(self.event_time)

    @property
    def is_indexed(self) -> bool:
        """Whether LookupEvents can find it: management events of an account."""
        return self.event_category == "Management" and self.recipient_account_id != ""

    def uses(self) -> list[Use]:
        """The long-term key and the role that made the call, for "last used"; nothing that was merely claimed."""
        if not self.recipient_account_id:
            return []
        key, issuer = self.user_identity.access_key_id or "", self.user_identity.session_context.session_issuer
        subjects = [key] if key.startswith("AKIA") else []
        if issuer.type == "Role":
            subjects.append(issuer.principal_id)
        service = self.event_source.partition(".")[0]
        return [Use(subject, self.seconds, service, self.aws_region) for subject in subjects]


@lru_cache(maxsize=256)  # a batch is of a few seconds
def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


class Parts(msgspec.Struct, rename="camel"):
    """What of a record names resources."""

    request_parameters: dict[str, Any] | None = None
    response_elements: dict[str, Any] | None = None
    resources: list[dict[str, str]] = []


def read_head(line: bytes) -> Head:
    """The head of a record. Raises msgspec.MsgspecError where the line is none."""
    return _HEAD.decode(line)


def row_of(line: bytes, head: Head | None = None, decisions: bytes | None = None) -> EventRow:
    """The row of a record, and of how its call was decided."""
    head = head or read_head(line)
    return EventRow(
        id=head.event_id,
        account=head.recipient_account_id,
        region=head.aws_region,
        time=head.seconds,
        name=head.event_name,
        source=head.event_source,
        username=_username(head.user_identity),
        access_key_id=head.user_identity.access_key_id,
        read_only=head.read_only,
        category=head.event_category,
        resources=_resources(_PARTS.decode(line)),
        record=line,
        decisions=decisions,
    )


def _username(identity: Identity) -> str | None:
    """As LookupEvents names callers: users by name, sessions by session name, root as ``root``."""
    match identity.type:
        case "Root":
            return "root"
        case "AssumedRole" | "FederatedUser":
            return identity.principal_id.partition(":")[2]
        case _:
            return identity.user_name


Named = tuple[tuple[str, str], ...]

_PARAMETERS: Final[Named] = (
    ("userName", "AWS::IAM::User"),
    ("newUserName", "AWS::IAM::User"),
    ("groupName", "AWS::IAM::Group"),
    ("newGroupName", "AWS::IAM::Group"),
    ("roleName", "AWS::IAM::Role"),
    ("roleArn", "AWS::IAM::Role"),
    ("policyArn", "AWS::IAM::Policy"),
    ("permissionsBoundary", "AWS::IAM::Policy"),
    ("accessKeyId", "AWS::IAM::AccessKey"),
    ("serialNumber", "AWS::IAM::MFADevice"),
    ("bucketName", "AWS::S3::Bucket"),
)
"""Request parameters that name a resource."""

_ELEMENTS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "user": ("AWS::IAM::User", ("userName", "userId", "arn")),
    "group": ("AWS::IAM::Group", ("groupName", "groupId", "arn")),
    "role": ("AWS::IAM::Role", ("roleName", "roleId", "arn")),
    "policy": ("AWS::IAM::Policy", ("policyName", "policyId", "arn")),
    "accessKey": ("AWS::IAM::AccessKey", ("accessKeyId",)),
    "virtualMFADevice": ("AWS::IAM::MFADevice", ("serialNumber",)),
    "credentials": ("AWS::IAM::AccessKey", ("accessKeyId",)),
    "assumedRoleUser": ("AWS::STS::AssumedRole", ("assumedRoleId", "arn")),
    "federatedUser": ("AWS::STS::FederatedUser", ("federatedUserId", "arn")),
}
"""Elements of answers that name a resource, and by which of their members."""


def _resources(parts: Parts) -> tuple[tuple[str, str], ...]:
    """(type, name) of every resource that a record names, each once, in the order of the record."""
    parameters, elements = parts.request_parameters or {}, parts.response_elements or {}
    found = [(kind, parameters.get(name)) for name, kind in _PARAMETERS]
    for name, (kind, members) in _ELEMENTS.items():
        element = elements.get(name)
        if isinstance(element, dict):
            found += [(kind, element.get(member)) for member in members]
    found += [(resource.get("type", ""), resource.get("ARN")) for resource in parts.resources]
    return tuple(dict.fromkeys((kind, name) for kind, name in found if isinstance(name, str) and name))


_HEAD: Final = msgspec.json.Decoder(Head)
_PARTS: Final = msgspec.json.Decoder(Parts)
