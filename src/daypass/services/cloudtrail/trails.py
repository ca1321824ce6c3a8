"""Trails (CloudTrail API Reference, DescribeTrails and ListTrails).

No account has a trail, for none can be created yet: CreateTrail is answered NotImplemented. What these two operations
say is therefore true: there are none, in this region or another, under any name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.errors import ApiError
from daypass.services.cloudtrail.operations import cloudtrail, on_account

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Result


@cloudtrail("DescribeTrails", needs=on_account)
def describe_trails(_call: Call, _view: View) -> Result:
    """All trails, or those named; names of which there is no trail are left out."""
    return {"trailList": []}, []


@cloudtrail("ListTrails", needs=on_account)
def list_trails(call: Call, _view: View) -> Result:
    """Name and ARN of all trails. One page, so that no token was ever given out."""
    if call.input.get("NextToken"):
        raise ApiError("InvalidNextTokenException", "Invalid token.")
    return {"Trails": []}, []
