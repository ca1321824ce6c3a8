"""Session tokens: every fact of a session, sealed into the token that its client carries.

Any node with the key ring opens a session without reading a database. What is sealed is what is fixed at issue (IAM
User Guide, "Temporary security credentials"); permission policies, boundaries and tags of the role or user are read
live and must not be added here.

    token     = prefix, then base64 (RFC 4648 section 5, no padding) of a blob of the key ring
    plaintext = 1 byte: 0 plain, 1 deflated | 2 bytes: length | positional MessagePack of Session | zero bytes

The zero bytes bring a token to MinimumSessionTokenSize, and every token to a whole number of base64 groups, so that a
token has one spelling only. Long contents (session policies, tags) are deflated (RFC 1951) with a dictionary of what
policies are made of. The secret in the same stream is new in every token, so lengths tell nothing about it.

:func:`open_session` proves who sealed a token, and nothing else: whether it belongs to the access key of the request,
is still in time and not revoked is checked where callers are authenticated.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from enum import IntEnum
from typing import Any, Final

import msgspec

from daypass.credentials.keyring import CannotOpen, KeyRing, Purpose
from daypass.credentials.secrets import Secret

LARGEST_TOKEN: Final = 4096
_PREFIX: Final = "IQoJZGF5cGFzc18x"  # "!\n\tdaypass_1": AWS's tokens begin with "!\n\norigin_ec"
_PLAIN: Final = b"\x00"
_DEFLATED: Final = b"\x01"
_DEFLATE_FROM: Final = 400  # shorter contents gain too little for their microseconds
_LEVEL: Final = 3  # a policy of 2,048 characters: 9 microseconds, 690 bytes; level 6: 11 and 670
_LARGEST_CONTENT: Final = 0xFFFF
_SEALED_OVERHEAD: Final = 2 + 12 + 16  # version and key id, nonce, tag
_DICTIONARY: Final = (
    b'"Principal":{"AWS":"Sid":"NotAction":["NotResource":["ForAllValues:StringEquals":{"aws:PrincipalTag/'
    b'"DateLessThan":{"aws:CurrentTime":"IpAddress":{"aws:SourceIp":"Bool":{"aws:SecureTransport":"true"'
    b'"StringLike":{"s3:prefix":["StringEquals":{"aws:RequestedRegion":"us-east-1"arn:aws:iam::aws:policy/'
    b"lambda:InvokeFunctionkms:Decryptdynamodb:GetItemsqs:SendMessagesecretsmanager:GetSecretValuelogs:PutLogEvents"
    b'ec2:Describe*iam:Get*"iam:List*"sts:AssumeRole"s3:GetBucketLocation","s3:ListBucket","s3:DeleteObject",'
    b'"s3:PutObject","s3:GetObject"],"Resource":["arn:aws:s3:::*"/*"]}]},"Condition":{"Effect":"Deny","Action":"'
    b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"*"}]}'
)


class SessionKind(IntEnum):
    """Which operation's session it is, by the principal that acts."""

    ROLE = 1
    """An AssumeRole* session."""
    USER = 2
    """A GetSessionToken session of an IAM user or the root user."""
    FEDERATED_USER = 3
    """A GetFederationToken session."""
    ROOT = 4
    """An AssumeRoot session: the root user of a member account, for one task."""


class ChainRoot(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a chain of sessions began: the access key id or the provider that first vouched, and when."""

    credential: str
    at: int


class Federation(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What an identity provider said, as far as a session keeps it. ``provider`` is ``aws:FederatedProvider``."""

    provider: str
    subject: str
    audience: str | None = None
    amr: tuple[str, ...] = ()
    subject_type: str | None = None
    name_qualifier: str | None = None
    document: str | None = None
    """``saml:doc``: account and provider name."""


class Session(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, kw_only=True):
    """The sealed facts of one session. Fields are stored by position: append only, each new one with a default.

    ``principal_id`` is the stable id of the role or user, or the account id of a root user; name and path are those at
    issue. Times are whole seconds of the epoch.
    """

    access_key_id: str
    secret: Secret
    kind: SessionKind
    account: str
    principal_id: str
    principal_name: str
    issued_at: int
    expires_at: int
    chain_root: ChainRoot
    region: str
    principal_path: str = "/"
    session_name: str | None = None
    """RoleSessionName, or the Name of a federated user."""
    source_identity: str | None = None
    tags: Mapping[str, str] = {}
    """Session tags, inherited ones included."""
    transitive_tag_keys: tuple[str, ...] = ()
    policy: str | None = None
    """The inline session policy, as it was passed."""
    policy_arns: tuple[str, ...] = ()
    mfa_at: int | None = None
    """When an MFA code was checked (GetSessionToken)."""
    federation: Federation | None = None
    contexts: Mapping[str, str] = {}
    """Keys from ProvidedContexts."""
    chained: bool = False
    """Opened by a role session."""
    token_version: int = 2
    delegate: str | None = None
    """The account to which this access was delegated (GetDelegatedAccessToken): it calls, not the principal."""


def seal_session(session: Session, ring: KeyRing, nonce: bytes, minimum_size: int = 0) -> str:
    """The session token of ``session``, at least ``minimum_size`` characters long.

    It may come out longer than LARGEST_TOKEN: the caller then refuses the call (PackedPolicyTooLarge) and never hands
    it out. Raises ValueError where the content is beyond any token (64 KiB).
    """
    content = _ENCODER.encode(session)
    if len(content) > _LARGEST_CONTENT:
        raise ValueError("a session's facts take more than 64 KiB")
    form = _PLAIN
    if len(content) > _DEFLATE_FROM:
        packer = zlib.compressobj(_LEVEL, wbits=-15, zdict=_DICTIONARY)
        deflated = packer.compress(content) + packer.flush()
        if len(deflated) < len(content):
            content, form = deflated, _DEFLATED
    plaintext = form + len(content).to_bytes(2, "big") + content
    least = -(-(minimum_size - len(_PREFIX)) * 3 // 4)  # bytes of blob that fill minimum_size characters
    size = max(len(plaintext) + _SEALED_OVERHEAD, least)
    size += -size % 3
    plaintext = plaintext.ljust(size - _SEALED_OVERHEAD, b"\0")
    return _PREFIX + urlsafe_b64encode(ring.seal(Purpose.SESSION_TOKEN, plaintext, b"", nonce)).decode()


def open_session(token: str, ring: KeyRing) -> Session:
    """The session of a token. Raises CannotOpen, always the same, for anything that is none of this ring's tokens."""
    if len(token) > LARGEST_TOKEN or not token.startswith(_PREFIX):
        raise CannotOpen
    text = token[len(_PREFIX) :]
    try:
        blob = urlsafe_b64decode(text)
        if urlsafe_b64encode(blob).decode() != text:  # the decoder skips foreign characters and spare bits
            raise CannotOpen
        plaintext = ring.open(Purpose.SESSION_TOKEN, blob, b"")
        return _DECODER.decode(_content(plaintext))
    except (ValueError, zlib.error):
        raise CannotOpen from None


def utilization(token: str) -> int:
    """Percent of the largest token that this one takes, rounded up: above 100 it must not be handed out."""
    return -(-len(token) * 100 // LARGEST_TOKEN)


def _content(plaintext: bytes) -> bytes:
    content = plaintext[3 : 3 + int.from_bytes(plaintext[1:3], "big")]
    if plaintext.startswith(_PLAIN):
        return content
    if not plaintext.startswith(_DEFLATED):
        raise CannotOpen
    return zlib.decompressobj(wbits=-15, zdict=_DICTIONARY).decompress(content, _LARGEST_CONTENT)


def _write_secret(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(f"not part of a session: {type(value)}")


def _read_secret(kind: type, value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise NotImplementedError(f"not part of a session: {kind}")


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=_write_secret)
_DECODER: Final = msgspec.msgpack.Decoder(Session, dec_hook=_read_secret)
