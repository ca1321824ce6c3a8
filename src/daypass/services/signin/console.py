"""The console's session: a cookie that stands for temporary credentials, and the page that shows who is signed in.

The cookie is sealed and holds the session's token, which is opened and looked at anew for every page: a session that was
revoked, or whose role is gone, is signed out with the next click. It signs nothing and opens no session by itself.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.access.authenticate import session_holder
from daypass.access.refusals import KeyRefusal
from daypass.credentials import CannotOpen, Purpose
from daypass.errors import ApiError
from daypass.protocol.signin import CONSOLE, COOKIE
from daypass.services.registry import FREE
from daypass.services.signin.operations import signin

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result

CONSOLE_PATH = CONSOLE.decode()
_ABOUT = b"console"
_LONGEST_COOKIE = 3800
"""Browsers keep cookies of 4,096 bytes with their name and attributes."""

_SIGNED_OUT: dict[str, Any] = {"Title": "Signed out", "Text": "Nobody is signed in to this console."}


class ConsoleSession(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What the cookie holds. ``until`` is its end in seconds: with a SessionDuration it outlives the credentials."""

    key_id: str
    session_token: str
    until: int
    issuer: str


def cookie(call: Call, opened: ConsoleSession) -> str:
    """The Set-Cookie header of a console session. Raises ApiError where its token is too long for any browser."""
    text = sealed(call, msgspec.msgpack.encode(opened), _ABOUT)
    if len(text) > _LONGEST_COOKIE:
        too_long = "The session's policies and tags are too long for a console session."
        raise ApiError("ValidationException", too_long, status=400)
    return _set_cookie(call, text, opened.until - int(call.now))


@signin("ConsoleHome", needs=FREE, unsigned=True)
def console_home(call: Call, view: View) -> Result:
    """The page that shows who is signed in, and until when."""
    opened = _opened(call)
    if opened is None:
        return {"Page": _SIGNED_OUT}, []
    signed_out = _SIGNED_OUT | ({"Link": opened.issuer} if opened.issuer else {})
    # the cookie's end counts, not that of the credentials, which were in time when it was made
    found = session_holder(opened.key_id, opened.session_token, view, call.keyring, 0)
    if isinstance(found, KeyRefusal) or call.now >= opened.until:
        return {"Page": signed_out, "Cookie": _set_cookie(call, "", 0)}, []
    session, holder = found
    call.caller = holder
    facts = {"Account": holder.account, "Signed in as": holder.arn, "Until": _shown(opened.until)}
    if session.source_identity is not None:
        facts["Source identity"] = session.source_identity
    return {"Page": {"Title": "Daypass", "Facts": facts, "SignOut": True}}, []


@signin("ConsoleLogout", needs=FREE, unsigned=True)
def console_logout(call: Call, view: View) -> Result:
    """Forget the cookie. The credentials behind it live on; revoking them is another thing."""
    opened = _opened(call)
    output: Output = {"ConsoleLogout": "Success", "Page": dict(_SIGNED_OUT), "Cookie": _set_cookie(call, "", 0)}
    if opened is not None:
        if opened.issuer:
            output["Page"]["Link"] = opened.issuer
        found = session_holder(opened.key_id, opened.session_token, view, call.keyring, 0)
        if not isinstance(found, KeyRefusal):
            call.caller = found[1]
    return output, []


def sealed(call: Call, content: bytes, about: bytes) -> str:
    """What only this server opens again, as text for a query or a cookie. The token in it is base64: deflating undoes that."""
    blob = call.keyring.seal(Purpose.SIGNIN_TOKEN, zlib.compress(content), about, call.mint.nonce())
    return urlsafe_b64encode(blob).decode().rstrip("=")


def read_blob(call: Call, text: str, about: bytes) -> bytes:
    """What was sealed about the same thing. Raises CannotOpen, ValueError."""
    blob = urlsafe_b64decode(text.encode("ascii") + b"==")
    return zlib.decompress(call.keyring.open(Purpose.SIGNIN_TOKEN, blob, about))


def _opened(call: Call) -> ConsoleSession | None:
    try:
        return msgspec.msgpack.decode(read_blob(call, call.input.get("Cookie", ""), _ABOUT), type=ConsoleSession)
    except (CannotOpen, ValueError):
        return None


def _set_cookie(call: Call, text: str, seconds: int) -> str:
    secure = "; Secure" if call.request.listener.secure else ""
    return f"{COOKIE}={text}; Path={CONSOLE_PATH}; Max-Age={max(0, seconds)}; HttpOnly; SameSite=Lax{secure}"


def _shown(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
