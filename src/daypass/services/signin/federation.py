"""``getSigninToken`` and ``login``: from temporary credentials to a session of the console.

IAM User Guide, "Enabling custom identity broker access to the AWS console". Only sessions of roles and of federated users
may sign in; GetSessionToken's may not (AWS's pages contradict each other). A sign-in token is good once, within a quarter
of an hour, and as long as the session it stands for is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import msgspec

from daypass.access.authenticate import session_holder
from daypass.access.refusals import KeyRefusal
from daypass.credentials import CannotOpen, Secret, SessionKind
from daypass.directory import UsedProof, use_once
from daypass.errors import ApiError
from daypass.protocol.hosts import host_name
from daypass.services.registry import FREE
from daypass.services.signin.console import CONSOLE_PATH, ConsoleSession, cookie, read_blob, sealed
from daypass.services.signin.operations import signin

if TYPE_CHECKING:
    from daypass.access.caller import Caller
    from daypass.credentials import Session
    from daypass.directory import View
    from daypass.services.registry import Call, Result

TOKEN_LIFE = 900
SHORTEST, LONGEST = 900, 43_200
SORT = "signin-token"
_ABOUT = b"signin"
_SECONDS = re.compile(r"[1-9][0-9]{2,4}", re.ASCII)

_BAD = "Invalid credentials parameter"
_BAD_DURATION = (
    "SessionDuration is a number of seconds from 900 to 43200, for the session of a role that was not chained."
)
_SPENT = "This sign-in link has been used, or is older than 15 minutes."
_NO_CONSOLE = "Destination must be an address of the console."


class _Shown(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The ``Session`` parameter: temporary credentials, whole."""

    session_id: str
    session_key: str
    session_token: str


class _Token(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What is sealed into a sign-in token."""

    id: str
    made_at: int
    key_id: str
    session_token: str
    until: int


@signin("GetSigninToken", needs=FREE, unsigned=True)
def get_signin_token(call: Call, view: View) -> Result:
    """Take temporary credentials, whole, and give a token that signs in with them once."""
    shown = _shown(call.input.get("Session", ""))
    session, holder = _holder(call, view, shown.session_id, shown.session_token)
    if session.secret != Secret(shown.session_key):
        _refuse(_BAD, "the secret is not that of the session")
    if session.kind in (SessionKind.USER, SessionKind.ROOT):
        _refuse(_BAD, "a session of GetSessionToken or AssumeRoot does not sign in")
    call.caller = holder
    until = _until(session, call)
    token = _Token(call.mint.uuid(), int(call.now), shown.session_id, shown.session_token, until)
    text = sealed(call, msgspec.msgpack.encode(token), _ABOUT)
    return {"SigninToken": text, "GetSigninToken": "Success"}, []


@signin("ConsoleLogin", needs=FREE, unsigned=True)
def console_login(call: Call, view: View) -> Result:
    """Take a sign-in token, once, and open the console's session."""
    issuer = _issuer(call.input.get("Issuer", ""))
    try:
        token = msgspec.msgpack.decode(read_blob(call, call.input.get("SigninToken", ""), _ABOUT), type=_Token)
    except (CannotOpen, ValueError):
        _refuse(_SPENT, "no sign-in token of this server")
    if call.now >= token.made_at + TOKEN_LIFE:
        _refuse(_SPENT, "the token is older than 15 minutes", issuer)
    session, holder = _holder(call, view, token.key_id, token.session_token, issuer)
    used = UsedProof(session.account, SORT, token.id, token.made_at + TOKEN_LIFE)
    changes = use_once(used, view, call.now)
    if changes is None:
        _refuse(_SPENT, "the token has been used", issuer)
    place = _destination(call, call.input.get("Destination", ""))
    call.caller = holder
    opened = ConsoleSession(token.key_id, token.session_token, token.until, issuer)
    output = {"ConsoleLogin": "Success", "Location": place, "Cookie": cookie(call, opened)}
    return output, changes


def _holder(call: Call, view: View, key_id: str, token: str, issuer: str = "") -> tuple[Session, Caller]:
    """The session that signs in, and its principal, as they are now."""
    found = session_holder(key_id, token, view, call.keyring, call.now)
    if isinstance(found, KeyRefusal):
        _refuse(_BAD, found.value, issuer)
    return found


def _shown(text: str) -> _Shown:
    try:
        return msgspec.json.decode(text, type=_Shown)
    except ValueError:
        _refuse(_BAD, "Session is not the JSON of sessionId, sessionKey and sessionToken")


def _until(session: Session, call: Call) -> int:
    """The end of the console's session: that of the credentials, or of the duration that was asked for."""
    asked = call.input.get("SessionDuration")
    if asked is None:
        return session.expires_at
    if session.kind is not SessionKind.ROLE or session.chained:
        _refuse(_BAD_DURATION, "SessionDuration with these credentials")
    if not _SECONDS.fullmatch(asked) or not SHORTEST <= int(asked) <= LONGEST:
        _refuse(_BAD_DURATION, "SessionDuration is out of range")
    return int(call.now) + int(asked)


def _issuer(text: str) -> str:
    """Where a person signs in again: a web address, or nothing."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("https", "http") and parts.netloc and text.isascii() and text.isprintable() else ""


def _destination(call: Call, text: str) -> str:
    """The place in this server's console that a destination means. AWS's own console is this one here."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        _refuse(_NO_CONSOLE, "Destination is no address")
    aws = parts.scheme == "https" and (host == "console.aws.amazon.com" or host.endswith(".console.aws.amazon.com"))
    own = parts.scheme in ("https", "http") and host == host_name(call.request.header(b"host") or "")
    local = not parts.scheme and not parts.netloc and text.startswith(CONSOLE_PATH)
    if not (aws or local or (own and parts.path.startswith(CONSOLE_PATH))):
        _refuse(_NO_CONSOLE, "Destination is elsewhere")
    return CONSOLE_PATH


def _refuse(text: str, reason: str, issuer: str = "") -> NoReturn:
    raise ApiError(
        "ValidationException", text, status=400, reason=reason, members={"Issuer": issuer} if issuer else None
    )
