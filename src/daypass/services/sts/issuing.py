"""Issuing a session: its facts sealed into a token, and the part of the answer that all issuing calls share.

Issuing keeps no state: everything about the session travels in its token (sts.md 7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from daypass.credentials import LARGEST_TOKEN, ChainRoot, Session, seal_session, utilization
from daypass.errors import ApiError

if TYPE_CHECKING:
    from daypass.services.registry import Call, Output

BEYOND_MEASURE = 1600
"""Percent; what is said of contents that are too long even to be packed (64 KiB: fifty long tags in a far script)."""


class Issued(NamedTuple):
    """A session's credentials as the API answers them."""

    credentials: Output

    def sizes(self, *, packed: bool) -> Output:
        """The size members of an answer; ``PackedPolicySize`` only where policies or tags were passed."""
        token = self.credentials["SessionToken"]
        percent = utilization(token)
        output: Output = {"SessionTokenUtilization": percent, "SessionTokenSize": len(token)}
        if packed:
            output["PackedPolicySize"] = percent
        return output


def issue(call: Call, account: str, duration: int, **facts: Any) -> Issued:
    """Seal a session of ``duration`` seconds with these facts (members of :class:`Session`), issued now or then.

    Raises PackedPolicyTooLarge when the token would be longer than 4,096 bytes.
    """
    key_id, secret = call.mint.session_key(account)
    issued_at: int = facts.pop("issued_at", int(call.now))
    calling = call.caller.session
    if calling is not None and calling.delegate is not None:
        facts.setdefault("delegate", calling.delegate)  # whom it was delegated to stays known along a chain
    session = Session(
        access_key_id=key_id,
        secret=secret,
        account=account,
        issued_at=issued_at,
        expires_at=issued_at + duration,
        region=call.facts.region,
        chain_root=_chain_root(call),
        **facts,
    )
    try:
        token = seal_session(session, call.keyring, call.mint.nonce(), call.input.get("MinimumSessionTokenSize") or 0)
    except ValueError:
        raise _too_large(BEYOND_MEASURE) from None
    if len(token) > LARGEST_TOKEN:
        raise _too_large(utilization(token))
    credentials = {
        "AccessKeyId": key_id,
        "SecretAccessKey": secret.reveal(),
        "SessionToken": token,
        "Expiration": session.expires_at,
    }
    return Issued(credentials)


def caller_facts(call: Call) -> dict[str, str]:
    """The facts of a session that acts as the calling user, or root user, itself."""
    user = call.caller.user
    return {
        "principal_id": call.caller.user_id,
        "principal_name": "root" if user is None else user.name,
        "principal_path": "/" if user is None else user.path,
    }


def _too_large(percent: int) -> ApiError:
    text = f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
    return ApiError("PackedPolicyTooLarge", text)


def _chain_root(call: Call) -> ChainRoot:
    caller = call.caller
    if caller.session is not None:
        return caller.session.chain_root
    if caller.federation is not None:
        return ChainRoot(caller.federation.provider, int(call.now))
    return ChainRoot(caller.access_key_id or "", int(call.now))
