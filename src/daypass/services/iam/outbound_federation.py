"""An account as an OpenID issuer for its own principals (IAM API Reference: EnableOutboundWebIdentityFederation...).

On AWS the issuer is ``https://UUID.tokens.sts.global.api.aws``; here it is ``UUID`` below this server's own base URL.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from daypass.directory import OutboundIssuer, Put
from daypass.errors import ApiError
from daypass.services.iam import authorization
from daypass.services.iam.operations import iam
from daypass.services.issuer_documents import required_issuer_url
from daypass.services.signing_keys import new_keys

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Result, Rooms

_ENABLED = "Outbound web identity federation is already enabled for this account."
_DISABLED = "Outbound web identity federation is not enabled for this account."


@iam.with_rooms("EnableOutboundWebIdentityFederation", needs=authorization.account_wide)
async def enable_outbound_web_identity_federation(call: Call, view: View, _rooms: Rooms) -> Result:
    """Make the account an issuer, or again the issuer that it was."""
    found = _issuer(call, view)
    if found is not None and found.enabled:
        raise ApiError("FeatureEnabled", _ENABLED)
    now = int(call.now)
    if found is None:
        found = OutboundIssuer(call.account, call.mint.uuid(), now, enabled=False, keys=())
        url = required_issuer_url(found, call.settings)  # before keys are made for nothing
        found = msgspec.structs.replace(found, keys=await asyncio.to_thread(new_keys, now))
    else:
        url = required_issuer_url(found, call.settings)
    return {"IssuerIdentifier": url}, [Put(msgspec.structs.replace(found, enabled=True))]


@iam("DisableOutboundWebIdentityFederation", needs=authorization.account_wide)
def disable_outbound_web_identity_federation(call: Call, view: View) -> Result:
    """Issue no further tokens. Those that were issued stay good, so the keys stay published."""
    found = _issuer(call, view)
    if found is None or not found.enabled:
        raise ApiError("FeatureDisabled", _DISABLED)
    return {}, [Put(msgspec.structs.replace(found, enabled=False))]


@iam("GetOutboundWebIdentityFederationInfo", needs=authorization.account_wide)
def get_outbound_web_identity_federation_info(call: Call, view: View) -> Result:
    """The issuer's URL, and whether it issues tokens."""
    found = _issuer(call, view)
    if found is None:
        raise ApiError("FeatureDisabled", _DISABLED)
    return {"IssuerIdentifier": required_issuer_url(found, call.settings), "JwtVendingEnabled": found.enabled}, []


def _issuer(call: Call, view: View) -> OutboundIssuer | None:
    return view.get(OutboundIssuer, call.account, "")
