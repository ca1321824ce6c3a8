"""GetDelegatedAccessToken (STS API Reference): the requestor of an accepted delegation request trades in its exchange token.

The session acts as who accepted the request, limited by the policy that was asked for, until the delegated time is over. It
counts as issued when the token was sent: however often the token is traded in, one revocation by issue time
(``aws:TokenIssueTime``) ends all of it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING, Any

from daypass.access.asking import Ask
from daypass.credentials import CannotOpen, Purpose, SessionKind
from daypass.directory import GLOBAL, Account, DelegationRequest, Role, User
from daypass.errors import ApiError
from daypass.services.sts.issuing import issue
from daypass.services.sts.operations import sts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import View
    from daypass.directory.delegations import Approver
    from daypass.services.registry import Call, Result

_EXPIRED = "The trade-in token provided in the request has expired and can no longer be exchanged for credentials."
_INVALID = "The trade-in token provided in the request is not valid."


def _needs(call: Call, _view: View) -> Iterable[Ask]:
    return (Ask("sts:GetDelegatedAccessToken", "*", call.account),)


@sts("GetDelegatedAccessToken", needs=_needs)
def get_delegated_access_token(call: Call, view: View) -> Result:
    """Open a session of whoever accepted the request."""
    request = view.get(DelegationRequest, GLOBAL, _request_id(call))
    if request is None or request.state != "FINALIZED" or request.approver is None or request.owner_account is None:
        raise ApiError("ExpiredTradeInTokenException", _EXPIRED)
    if call.now >= request.updated + request.duration:
        raise ApiError("ExpiredTradeInTokenException", _EXPIRED)
    approver = request.approver
    if not _is_there(approver, request.owner_account, view):
        raise ApiError("ExpiredTradeInTokenException", _EXPIRED, reason="who accepted the request is gone")
    call.owner = request.owner_account
    named = f":{approver.session_name}" if approver.session_name is not None else ""
    call.notes |= {"delegationRequestId": request.id, "principalId": approver.principal_id + named}
    issued = issue(
        call,
        request.owner_account,
        request.duration,
        issued_at=request.updated,
        policy=request.policy,
        delegate=request.requestor,
        **_facts(approver),
    )
    return {"Credentials": issued.credentials, "AssumedPrincipal": approver.principal_arn}, []


def _request_id(call: Call) -> str:
    text: str = call.input["TradeInToken"]
    try:
        blob = urlsafe_b64decode(text.encode("ascii"))
        request_id = call.keyring.open(Purpose.TRADE_IN_TOKEN, blob, call.account.encode()).decode()
    except (CannotOpen, NotBase64, ValueError):
        raise ApiError("ValidationError", _INVALID) from None
    if urlsafe_b64encode(blob).decode() != text:  # the decoder skips foreign characters and spare bits
        raise ApiError("ValidationError", _INVALID)
    return request_id


def _is_there(approver: Approver, account: str, view: View) -> bool:
    if approver.principal_id == account:
        return view.get(Account, GLOBAL, account) is not None
    kind: type[Role | User] = User if approver.session_name is None else Role
    return view.by_id(kind, approver.principal_id) is not None


def _facts(approver: Approver) -> dict[str, Any]:
    return {
        "kind": SessionKind.USER if approver.session_name is None else SessionKind.ROLE,
        "principal_id": approver.principal_id,
        "principal_name": approver.principal_name,
        "principal_path": approver.principal_path,
        "session_name": approver.session_name,
        "source_identity": approver.source_identity,
        "tags": dict(approver.tags),
        "transitive_tag_keys": approver.transitive_tag_keys,
        "federation": approver.federation,
        "chained": approver.session_name is not None,
    }
