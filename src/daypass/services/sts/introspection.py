"""GetCallerIdentity and GetAccessKeyInfo (STS API Reference).

GetCallerIdentity needs no permission and cannot be denied, because a denial would tell the same facts. GetAccessKeyInfo
reads the account out of the key id, for keys of any account and whatever their state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.asking import Ask
from daypass.credentials import account_of
from daypass.directory import GLOBAL, AccessKey
from daypass.errors import ApiError
from daypass.services.registry import FREE
from daypass.services.sts.operations import sts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import View
    from daypass.services.registry import Call, Result


@sts("GetCallerIdentity", needs=FREE)
def get_caller_identity(call: Call, _view: View) -> Result:
    """Who the caller is: ARN, unique id, account."""
    caller = call.caller
    return {"Arn": caller.arn, "UserId": caller.user_id, "Account": caller.account}, []


def _on_everything(call: Call, _view: View) -> Iterable[Ask]:
    return (Ask(f"sts:{call.operation}", "*", call.account),)


@sts("GetAccessKeyInfo", needs=_on_everything)
def get_access_key_info(call: Call, view: View) -> Result:
    """The account that an access key id belongs to. Raises ValidationError for an id that holds no account."""
    key_id: str = call.input["AccessKeyId"]
    account = account_of(key_id)
    if account is None:
        key = view.get(AccessKey, GLOBAL, key_id)
        if key is None:
            raise ApiError("ValidationError", "Invalid Access Key ID.")
        account = key.account
    return {"Account": account}, []
