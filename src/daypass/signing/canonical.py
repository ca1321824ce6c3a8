"""The canonical request (IAM User Guide, "Create a signed AWS API request"): the text whose hash is signed.

Paths, queries and header values stay bytes, as they were sent. This is the only module of the room that decodes percent
signs, so no second reading of a request can differ from the one that was verified.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from daypass.signing.faults import Dialect
from daypass.signing.signature import ALGORITHM

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from daypass.signing.signature import Headers

_PLAIN: Final = re.compile(rb"[A-Za-z0-9\-._~]*").fullmatch
_PLAIN_PATH: Final = re.compile(rb"[A-Za-z0-9\-._~/]*").fullmatch


def decode(raw: bytes) -> bytes:
    """A name or value of a query, percent and plus signs decoded."""
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    return unquote_to_bytes(raw) if b"%" in raw else raw


def encode(value: bytes, safe: str = "") -> bytes:
    """Percent-encode all but the unreserved characters of RFC 3986 and ``safe``."""
    return quote_from_bytes(value, safe=safe).encode()


def query_pairs(raw_query: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and values of a query as they were sent, in order. Only ``&`` separates."""
    for piece in raw_query.split(b"&"):
        if piece:
            name, _, value = piece.partition(b"=")
            yield name, value


def canonical_query(raw_query: bytes, leave_out: bytes | None = None) -> bytes:
    """The query, encoded anew and sorted, without the parameter named ``leave_out`` (X-Amz-Signature)."""
    if not raw_query:
        return b""
    pairs = [(_normal(name), _normal(value)) for name, value in query_pairs(raw_query)]
    return b"&".join([name + b"=" + value for name, value in sorted(pairs) if name != leave_out])


def canonical_paths(raw_path: bytes, dialect: Dialect) -> tuple[bytes, ...]:
    """The path as a client may have signed it.

    S3 signs the key once encoded and never normalised; some clients leave more characters alone than the rule says, so
    the path as sent is the second reading. Both decode to the same key. Every other service normalises the path
    (RFC 3986, section 5.2.4) and encodes it a second time.
    """
    if dialect is not Dialect.S3:
        return (b"/",) if raw_path in (b"/", b"") else (encode(_without_dots(raw_path), "/"),)
    if _PLAIN_PATH(raw_path):
        return (raw_path or b"/",)
    normal = encode(unquote_to_bytes(raw_path), "/")
    return (normal,) if normal == raw_path else (normal, raw_path)


def canonical_headers(headers: Headers, names: Sequence[bytes]) -> tuple[bytes, bool]:
    """The lines of the signed headers, and whether all of them were sent.

    Values are trimmed and their inner blanks folded; several fields of one name are joined with a comma, in order.
    """
    values: dict[bytes, bytes | None] = dict.fromkeys(names)
    for name, value in headers:
        if name in values:
            before = values[name]
            folded = b" ".join(value.split())
            values[name] = folded if before is None else before + b"," + folded
    lines = [name + b":" + (values[name] or b"") for name in names]
    return b"\n".join(lines), None not in values.values()


def canonical_request(  # noqa: PLR0917 - the six parts of a canonical request, in its order
    method: str, path: bytes, query: bytes, lines: bytes, names: Sequence[bytes], payload: str
) -> bytes:
    """The canonical request of its finished parts."""
    return b"\n".join((method.encode(), path, query, lines, b"", b";".join(names), payload.encode()))


def string_to_sign(timestamp: str, scope: str, request: bytes) -> bytes:
    """What the signing key signs: algorithm, time, scope, and the hash of the canonical request."""
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(request).hexdigest()}".encode()


def _normal(raw: bytes) -> bytes:
    return raw if _PLAIN(raw) else encode(decode(raw))


def _without_dots(path: bytes) -> bytes:
    kept: list[bytes] = []
    segments = path.split(b"/")
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    end = b"/" if kept and segments[-1] in (b"", b".", b"..") else b""
    return b"/" + b"/".join(kept) + end
