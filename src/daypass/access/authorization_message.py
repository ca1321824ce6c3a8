"""The encoded authorization message: why a call was refused, for those whom STS lets read it.

Form of the content: STS API Reference, "DecodeAuthorizationMessage", and the example of that command in the AWS CLI. The
encoded text is URL-safe base64 (RFC 4648 section 5) of a blob of the key ring under a purpose of its own, so that it
never opens as a session token, nor one of those as a message. It is bound to the account of the caller who was refused,
and opens for :data:`LIFETIME` seconds.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from daypass.credentials import CannotOpen, Purpose
from daypass.policy import ExplicitDeny, PrincipalKind
from daypass.policy.condition_keys import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.access.caller import Caller
    from daypass.credentials import KeyRing
    from daypass.policy import AccessRequest, Examined, ImplicitDeny

Json = dict[str, Any]

LIFETIME: Final = 24 * 3600
"""Seconds. AWS does not say how long its messages can be decoded."""

LONGEST: Final = 10_240
"""Characters of an encoded message (the model's limit on what may be decoded)."""

_LARGEST_CONTENT: Final = 1 << 20
_SEALED_OVERHEAD: Final = 2 + 12 + 16  # version and key id, nonce, tag
_STEP: Final = 256
"""Messages are this many characters long, or a multiple: a shorter step would tell of what is in them."""

_LARGEST_PACKED: Final = LONGEST // 4 * 3 - _SEALED_OVERHEAD
_KEPT_VALUES: Final = (100, 10, 0)
_CALLERS_OWN: Final = ("aws:principaltag/", "aws:sourceidentity", "aws:sourceip", "aws:useragent", "aws:referer")
"""Keys that AWS does not show in a message."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What a message is sealed with."""

    ring: KeyRing
    nonce: bytes
    now: float


def encoded(denied: ExplicitDeny | ImplicitDeny, request: AccessRequest, caller: Caller, seal: Seal) -> str:
    """The message of one refusal, sealed.

    What makes it too long is left out: first of the lists of matched statements, then the request's condition keys.
    """
    document = content(denied, request, caller)
    packed = _packed(document, seal.now)
    for kept in _KEPT_VALUES:
        if len(packed) <= _LARGEST_PACKED:
            break
        document = _without_long_lists(document, kept)
        packed = _packed(document, seal.now)
    if len(packed) > _LARGEST_PACKED:
        document["context"]["conditions"] = _items(())
        packed = _packed(document, seal.now)
    blob = seal.ring.seal(Purpose.AUTHORIZATION_MESSAGE, packed, caller.account.encode(), seal.nonce)
    return urlsafe_b64encode(blob).decode()


def decoded(text: str, ring: KeyRing, account: str, now: float) -> str:
    """The content of a message that was made for ``account``, as JSON.

    Raises CannotOpen, always the same, for what is none of this server's messages, is another account's, or is too old.
    """
    try:
        blob = urlsafe_b64decode(text)
        if urlsafe_b64encode(blob).decode() != text:  # the decoder skips foreign characters and spare bits
            raise CannotOpen
        packed = ring.open(Purpose.AUTHORIZATION_MESSAGE, blob, account.encode())
        plain = zlib.decompressobj().decompress(packed, _LARGEST_CONTENT)
    except (ValueError, zlib.error):
        raise CannotOpen from None
    expires_at, _, document = plain.partition(b"\n")
    if int(expires_at) <= now:
        raise CannotOpen
    return document.decode()


def content(denied: ExplicitDeny | ImplicitDeny, request: AccessRequest, caller: Caller) -> Json:
    """The decoded message, its members in AWS's order."""
    explicit = isinstance(denied, ExplicitDeny)
    matched = (seen for seen in denied.explanation if explicit and not seen.failures and seen.effect == "Deny")
    return {
        "allowed": False,
        "explicitDeny": explicit,
        "matchedStatements": _items(_statement(seen, caller) for seen in matched),
        "failures": _items(()),
        "context": {
            "principal": _principal(caller),
            "action": request.action,
            "resource": request.resource,
            "conditions": _items(
                _condition(spelled(key), (value,) if isinstance(value, str) else value)
                for key, value in sorted(request.context.items())
                if not key.startswith(_CALLERS_OWN)
            ),
        },
    }


def _packed(document: Json, now: float) -> bytes:
    packed = zlib.compress(b"%d\n%s" % (int(now) + LIFETIME, msgspec.json.encode(document)))
    # whole groups of base64, so that a message has one spelling; and whole steps
    return packed + b"\0" * (-(len(packed) + _SEALED_OVERHEAD) % (_STEP // 4 * 3))


def _without_long_lists(document: Json, kept: int) -> Json:
    statements = [
        {
            name: {"items": member["items"][:kept]} if isinstance(member, dict) else member
            for name, member in statement.items()
        }
        for statement in document["matchedStatements"]["items"][: kept or 1]
    ]
    return document | {"matchedStatements": {"items": statements}}


def _statement(seen: Examined, caller: Caller) -> Json:
    statement = seen.statement
    named = () if statement.principal is None else (value for _, value in statement.principal.names)
    return {
        "statementId": statement.sid or "",
        "effect": statement.effect.upper(),
        "principals": _values(tuple(named) or (_id_of(caller),)),
        "principalGroups": _items(()),
        "notActions" if statement.not_action else "actions": _values(statement.actions),
        "notResources" if statement.not_resource else "resources": _values(statement.resources or ("*",)),
        "conditions": _items(_condition(each.key, each.values) for each in statement.conditions),
    }


def _principal(caller: Caller) -> Json:
    name = {"name": caller.user.name} if caller.kind is PrincipalKind.USER and caller.user is not None else {}
    return {"id": caller.user_id, **name, "arn": caller.arn}


def _id_of(caller: Caller) -> str:
    return caller.role.id if caller.role is not None else caller.user_id


def _condition(key: str, values: Iterable[str]) -> Json:
    return {"key": key, "values": _values(values)}


def _values(values: Iterable[str]) -> Json:
    return _items({"value": value} for value in values)


def _items(items: Iterable[Json]) -> Json:
    return {"items": list(items)}
