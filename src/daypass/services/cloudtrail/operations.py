"""The table of CloudTrail's operations, and what those that read for a whole account ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.access.asking import Ask
from daypass.services.registry import Operations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.directory import View
    from daypass.services.registry import Call

cloudtrail = Operations("cloudtrail")


def on_account(call: Call, _view: View) -> Iterable[Ask]:
    """The operation's own action, on all resources (Service Authorization Reference, CloudTrail: no resource type)."""
    return (Ask(f"cloudtrail:{call.operation}", "*", call.account, shown=""),)
