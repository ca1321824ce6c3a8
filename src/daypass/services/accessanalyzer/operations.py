"""The table of Access Analyzer's operations, what they ask, and what all of them share."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from daypass.access.asking import Ask
from daypass.analysis.knowledge import Knowledge
from daypass.catalog import catalog
from daypass.errors import ApiError
from daypass.protocol.regions import known_regions
from daypass.services.registry import Operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from daypass.directory import View
    from daypass.services.registry import Call

P = ParamSpec("P")
T = TypeVar("T")

accessanalyzer = Operations("access-analyzer")

_AT_ONCE: Final = 2_048
"""Characters of policy that are looked at without a thread of their own."""


def on_policy(call: Call, _view: View) -> Iterable[Ask]:
    """The operation's own action, on all resources (Service Authorization Reference: no resource type).

    AWS's refusals name the account's resources all the same (recorded).
    """
    shown = f"arn:aws:access-analyzer:{call.facts.region}:{call.account}:*"
    return (Ask(f"access-analyzer:{call.operation}", "*", call.account, shown=shown),)


@cache
def knowledge() -> Knowledge:
    """What is known of AWS, loaded at the first question."""
    return Knowledge(catalog, known_regions())


async def aside(text: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A function of policies; of a long ``text`` in a thread, so that other callers need not wait for it."""
    if len(text) <= _AT_ONCE:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)


def invalid(message: str) -> ApiError:
    """The refusal of parameters that do not go together."""
    return ApiError("ValidationException", message, members={"reason": "other"})
