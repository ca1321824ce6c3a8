"""Listings in pages (IAM API Reference, parameters Marker and MaxItems).

A marker says after which key a listing goes on. It is sealed for one operation of one account: a changed or foreign one
is refused, and since a listing is always read in the caller's own account, none could lead into another.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import TYPE_CHECKING, Any, TypeVar

from daypass.credentials import CannotOpen, Purpose
from daypass.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from daypass.services.registry import Call, Output

T = TypeVar("T")
DEFAULT_MAX_ITEMS = 100


def max_items(call: Call) -> int:
    """How many items the caller wants at most."""
    return int(call.input.get("MaxItems", DEFAULT_MAX_ITEMS))


def position(call: Call) -> str:
    """The key after which the listing goes on; empty at its beginning. Raises ValidationError for a bad marker."""
    marker = call.input.get("Marker")
    if marker is None:
        return ""
    try:
        blob = urlsafe_b64decode(marker.encode("ascii"))
        return call.keyring.open(Purpose.PAGINATION_MARKER, blob, _bound_to(call)).decode()
    except (CannotOpen, NotBase64, ValueError):
        raise ApiError("ValidationError", "Invalid Marker.") from None


def end(call: Call, after: str | None) -> Output:
    """``IsTruncated`` and, where the listing goes on after a key, ``Marker``."""
    if after is None:
        return {"IsTruncated": False}
    blob = call.keyring.seal(Purpose.PAGINATION_MARKER, after.encode(), _bound_to(call), call.mint.nonce())
    return {"IsTruncated": True, "Marker": urlsafe_b64encode(blob).decode()}


def paged(call: Call, items: Iterable[T], key: Callable[[T], str]) -> tuple[list[T], Output]:
    """One page of items that are all at hand, in order of ``key`` (no two alike, at most 200 characters)."""
    after = position(call)
    rest = sorted((item for item in items if key(item) > after), key=key)
    page = rest[: max_items(call)]
    return page, end(call, key(page[-1]) if len(rest) > len(page) else None)


def paged_in_order(call: Call, items: list[Any]) -> tuple[list[Any], Output]:
    """One page of a short list that keeps its own order: the marker counts."""
    begin = int(position(call) or 0)
    page = items[begin : begin + max_items(call)]
    stop = begin + len(page)
    return page, end(call, str(stop) if stop < len(items) else None)


def _bound_to(call: Call) -> bytes:
    return f"{call.account}/{call.operation}".encode()
