"""The parts of a request that its signature is about, and the scope that a credential names."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from daypass.signing.dates import basic, parse_basic, parse_http_date

if TYPE_CHECKING:
    from daypass.signing.faults import Dialect
    from daypass.signing.signature import Headers

HEADERS_OF_SIGNATURE: Final = frozenset(
    (b"authorization", b"date", b"x-amz-date", b"x-amz-content-sha256", b"x-amz-security-token")
)


class RequestParts(NamedTuple):
    """One request, with those of its headers that a signature is made of (trimmed, each sent once)."""

    dialect: Dialect
    method: str
    raw_path: bytes
    raw_query: bytes
    headers: Headers
    fields: dict[bytes, str]


class RequestTime(NamedTuple):
    """When a request says it was made: ISO basic form, as sent, seconds of the epoch."""

    timestamp: str
    sent: str
    epoch: int


class Credential(NamedTuple):
    """The five elements of a Credential, and the scope they make."""

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    scope: str


@lru_cache(maxsize=128)  # a client says the same all day
def split_credential(text: str) -> Credential | None:
    """A Credential taken apart, or None where it has not five elements."""
    elements = text.split("/")
    if len(elements) != 5:
        return None
    access_key_id, date, region, service, terminator = elements
    return Credential(access_key_id, date, region, service, terminator, text.partition("/")[2])


def header_time(fields: dict[bytes, str]) -> RequestTime | None:
    """The time in X-Amz-Date, or else in Date; None where neither says one that can be read."""
    sent = fields.get(b"x-amz-date")
    if sent is None:
        sent = fields.get(b"date", "")
        epoch = parse_http_date(sent)
        if epoch is not None:
            return RequestTime(basic(epoch), sent, epoch)
    epoch = parse_basic(sent)
    return None if epoch is None else RequestTime(sent, sent, epoch)
