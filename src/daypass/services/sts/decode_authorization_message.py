"""DecodeAuthorizationMessage (STS API Reference): why a call was refused, from the encoded message in its refusal.

Only messages of this server open, those of one's own account, and for a day. All others are answered alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.asking import Ask
from daypass.access.authorization_message import decoded
from daypass.credentials import CannotOpen
from daypass.errors import ApiError
from daypass.services.sts.operations import sts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import View
    from daypass.services.registry import Call, Result


def _needs(call: Call, _view: View) -> Iterable[Ask]:
    return (Ask("sts:DecodeAuthorizationMessage", "*", call.account),)


@sts("DecodeAuthorizationMessage", needs=_needs)
def decode_authorization_message(call: Call, _view: View) -> Result:
    """The message as a JSON document."""
    try:
        document = decoded(call.input["EncodedMessage"], call.keyring, call.account, call.now)
    except CannotOpen:
        raise ApiError("InvalidAuthorizationMessageException", "Message is not valid") from None
    return {"DecodedMessage": document}, []
