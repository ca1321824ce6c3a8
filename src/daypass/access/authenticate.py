"""Station 3: who calls. A signature leads to a key, the key to a principal, and everything about it is checked.

The order of the checks is AWS's (sts.md 1.6, recorded; s3.md 1.11): form, scope, time, key, token, expiry, issuer, and
the HMAC after all of them; a token sent along with a long-term key is refused last. What was verified is what is used:
the values of the signature are read once, here, from the request that is answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from daypass.access.payload import anonymous_body, as_api_error, verified_body
from daypass.access.principals import ANONYMOUS, caller_of_key, caller_of_session
from daypass.access.refusals import JSON_SERVICES, REST_JSON_SERVICES, KeyRefusal, refusal
from daypass.access.revocation import is_revoked, revocable
from daypass.credentials import CannotOpen, account_of, open_session
from daypass.directory import GLOBAL, AccessKey
from daypass.signing import (
    Dialect,
    SigningError,
    check_scope,
    check_time,
    read_signature,
    unsupported_mechanism,
    verify,
)

if TYPE_CHECKING:
    from daypass.access.caller import Caller
    from daypass.credentials import KeyRing, Secret, Session
    from daypass.directory import View
    from daypass.request import Request
    from daypass.signing import Signature, SigningKeyCache

TEMPORARY = "ASIA"
EMPTY_SHA256 = sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that authentication needs: the ring that opens tokens, and signing keys derived before."""

    ring: KeyRing
    signing: SigningKeyCache
    regions: frozenset[str]
    """Regions that a credential scope may name."""
    signature_v2: bool = True
    """Whether S3 takes Signature Version 2."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """What station 3 found. ``signature`` is None for an anonymous caller."""

    caller: Caller
    signature: Signature | None


def dialect_of(service: str) -> Dialect:
    """How a service, by its signing name, words its refusals."""
    if service == "s3":
        return Dialect.S3
    if service in REST_JSON_SERVICES:
        return Dialect.REST_JSON
    return Dialect.JSON if service in JSON_SERVICES else Dialect.QUERY


@dataclass(frozen=True, slots=True)
class Target:
    """What authentication must know of where a request goes. ``service`` is the signing name."""

    service: str
    streams: bool = False
    """Whether the operation takes its body as a stream (S3)."""
    host_bucket: bytes = b""
    """The bucket that the host name names (S3)."""


def authenticate(request: Request, target: Target, view: View, keys: Keys, now: float) -> Authenticated:
    """Find out who signed a request, or that nobody did; the body is left so that reading it verifies it.

    Raises ApiError in the words of the target's service.
    """
    try:
        return _authenticate(request, target, view, keys, now)
    except SigningError as error:
        raise as_api_error(error) from None


def _authenticate(request: Request, target: Target, view: View, keys: Keys, now: float) -> Authenticated:
    service = target.service
    dialect = dialect_of(service)
    signature = read_signature(request.method, request.raw_path, request.raw_query, request.headers, dialect)
    if signature is None:
        if dialect is Dialect.S3:
            request.body = anonymous_body(request, streams=target.streams)
        return Authenticated(ANONYMOUS, None)
    caller, secret = _holder(signature, service, view, keys, now)
    key = keys.signing.get(secret.reveal(), signature)
    verify(signature, key, _payload_hash(request, signature, dialect), host_bucket=target.host_bucket)
    if signature.session_token is not None and caller.session is None:
        raise refusal(KeyRefusal.TOKEN_WITH_LONG_TERM_KEY, service)
    if dialect is Dialect.S3:
        request.body = verified_body(request, signature, key, streams=target.streams)
    return Authenticated(caller, signature)


def names_a_key(request: Request, service: str, view: View, keys: Keys, now: float) -> bool:
    """Whether a request whose body has not been read is signed, as far as its head tells. Raises ApiError.

    Nobody is believed yet: it only keeps strangers from making the server hold large bodies.
    """
    try:
        signature = read_signature(
            request.method, request.raw_path, request.raw_query, request.headers, dialect_of(service)
        )
        if signature is not None:
            _holder(signature, service, view, keys, now)
    except SigningError as error:
        raise as_api_error(error) from None
    return signature is not None


def _holder(signature: Signature, service: str, view: View, keys: Keys, now: float) -> tuple[Caller, Secret]:
    """Scope, time, key, token, expiry and issuer, in this order: all that comes before the HMAC."""
    if signature.form.is_version_2 and not keys.signature_v2:
        raise unsupported_mechanism()
    check_scope(signature, service=service, regions=keys.regions)
    check_time(signature, now)
    if signature.access_key_id.startswith(TEMPORARY):
        return _session_holder(signature, service, view, keys, now)
    return _key_holder(signature, service, view)


def _key_holder(signature: Signature, service: str, view: View) -> tuple[Caller, Secret]:
    key = view.get(AccessKey, GLOBAL, signature.access_key_id)
    if key is None or not key.active:
        raise refusal(KeyRefusal.UNKNOWN_KEY, service, signature.access_key_id)
    holder: Caller | None = view.derived(key.account, ("caller", key.id), lambda: caller_of_key(key, view))
    if holder is None:
        raise refusal(KeyRefusal.ISSUER_GONE, service, signature.access_key_id)
    return holder, key.secret


def _session_holder(signature: Signature, service: str, view: View, keys: Keys, now: float) -> tuple[Caller, Secret]:
    key_id, token = signature.access_key_id, signature.session_token
    if token is None:
        raise refusal(KeyRefusal.TOKEN_MISSING, service, key_id)
    found = session_holder(key_id, token, view, keys.ring, now)
    if isinstance(found, KeyRefusal):
        raise refusal(found, service, key_id)
    return found[1], found[0].secret


def session_holder(
    key_id: str, token: str, view: View, ring: KeyRing, now: float
) -> tuple[Session, Caller] | KeyRefusal:
    """The session of a token and its key, and the principal it has now; or why it has none.

    Its secret is still to be proven. ``now`` 0 leaves the expiry to the caller.
    """
    account = account_of(key_id)
    if account is None:
        return KeyRefusal.UNKNOWN_KEY
    try:
        session, holder = view.derived(
            account, ("session", key_id, token), lambda: _opened(key_id, account, token, ring, view)
        )
    except CannotOpen:
        return KeyRefusal.BAD_TOKEN
    if now >= session.expires_at:
        return KeyRefusal.EXPIRED
    return holder if isinstance(holder, KeyRefusal) else (session, holder)


def _opened(key_id: str, account: str, token: str, ring: KeyRing, view: View) -> tuple[Session, Caller | KeyRefusal]:
    """The session of a token and the principal it has now, or why it has none any more.

    Raises CannotOpen for a token of another key or account.
    """
    session = open_session(token, ring)
    if session.access_key_id != key_id or session.account != account:
        raise CannotOpen
    if is_revoked(revocable(session), view):
        return session, KeyRefusal.REVOKED
    return session, caller_of_session(session, view) or KeyRefusal.ISSUER_GONE


def _payload_hash(request: Request, signature: Signature, dialect: Dialect) -> str:
    """The hash that the signature must cover: of the body at hand, or S3's declared one, which the body is held to."""
    if dialect is Dialect.S3:
        return signature.payload or EMPTY_SHA256
    if not isinstance(request.body, bytes):
        raise TypeError("the body of a call that is no stream is read before its signature is verified")
    return sha256(request.body).hexdigest() if request.body else EMPTY_SHA256
