"""What is not offered at the global endpoint (STS API Reference: AssumeRoot, GetWebIdentityToken).

The global endpoint is AWS's own host name, ``sts.amazonaws.com``; every other name of this server is a regional one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.errors import ApiError

if TYPE_CHECKING:
    from daypass.services.registry import Call

GLOBAL_HOST = "sts.amazonaws.com"


def refuse_global_endpoint(call: Call) -> None:
    """Raise where a call came to the global endpoint."""
    host = (call.request.header(b"host") or "").lower().partition(":")[0].rstrip(".")
    if host == GLOBAL_HOST:
        raise ApiError("InvalidAction", f"Could not find operation {call.operation} for version 2011-06-15")
