"""Whatever a stranger changes, a signature no longer holds; whatever a stranger sends, no other exception comes out."""

from __future__ import annotations

from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from daypass.signing import (
    ChunkedDecoder,
    Dialect,
    PayloadKind,
    SigningError,
    SigningKeyCache,
    check_scope,
    check_time,
    presign,
    read_signature,
    sign_header,
    verify,
)

NOW = 1369353600.0
KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EMPTY = sha256(b"").hexdigest()
CACHE = SigningKeyCache()
Headers = list[tuple[bytes, bytes]]

methods = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"])
segments = st.lists(st.sampled_from([b"a", b"b%20c", b"%2F", b"..", b".", b"", b"~x", b"%E2%82%AC", b"k!"]), max_size=5)
paths = segments.map(lambda parts: b"/" + b"/".join(parts))
pairs = st.tuples(
    st.sampled_from([b"a", b"b", b"prefix", b"versions", b"z%2Fz"]), st.sampled_from([b"", b"1", b"x%20y", b"%2B"])
)
queries = st.lists(pairs, max_size=4).map(lambda found: b"&".join(name + b"=" + value for name, value in found))
values = st.binary(max_size=12).map(lambda raw: bytes(33 + byte % 90 for byte in raw))


def accept(  # noqa: PLR0917 - a request has many parts
    method: str, path: bytes, query: bytes, headers: Headers, secret: str = SECRET, dialect: Dialect = Dialect.S3
) -> None:
    """All checks in their order. Raises SigningError, for an anonymous request too."""
    signature = read_signature(method, path, query, headers, dialect)
    if signature is None or signature.access_key_id != KEY_ID:  # the key id is not signed: it only finds the secret
        raise SigningError("unknown", "", 403)
    check_scope(signature, service="s3", regions={"us-east-1"})
    check_time(signature, NOW)
    payload = signature.payload or "" if dialect is Dialect.S3 else EMPTY
    verify(signature, CACHE.get(secret, signature), payload)


class Signed(NamedTuple):
    """A request under a good signature; ``tail`` is what presigning added to the query."""

    method: str
    path: bytes
    query: bytes
    meta: bytes
    headers: Headers
    tail: bytes

    def accept(self, secret: str = SECRET) -> None:
        headers = [(name, self.meta if name == b"x-amz-meta-a" else value) for name, value in self.headers]
        query = b"&".join(part for part in (self.query, self.tail) if part)
        accept(self.method, self.path, query, headers, secret)

    def meaning(self) -> tuple[str, bytes, list[list[bytes]], bytes]:
        """What a server does with it: two requests of one meaning may share a signature."""
        pairs = sorted([unquote_to_bytes(part) for part in pair.split(b"=")] for pair in self.query.split(b"&") if pair)
        return self.method, unquote_to_bytes(self.path), pairs, self.meta


def make(method: str, path: bytes, query: bytes, meta: bytes, form: str) -> Signed:
    headers = [(b"host", b"h.example.com"), (b"x-amz-meta-a", meta)]
    keys = {"access_key_id": KEY_ID, "secret": SECRET, "region": "us-east-1", "service": "s3"}
    if form == "header":
        headers = sign_header(method, path, query, headers, now=NOW, payload=EMPTY, **keys)
        return Signed(method, path, query, meta, headers, b"")
    sent = presign(method, path, query, headers, now=NOW, expires=60, **keys)
    return Signed(method, path, query, meta, headers, sent[len(query) :].lstrip(b"&"))


requests = st.builds(make, methods, paths, queries, values, st.sampled_from(["header", "query"]))


@given(requests)
def test_what_was_signed_verifies_under_its_own_secret_only(sent: Signed) -> None:
    sent.accept()
    with pytest.raises(SigningError):
        sent.accept(SECRET + "=")


@given(requests, requests, st.sampled_from(["method", "path", "query", "meta"]))
def test_a9_another_requests_parts_do_not_verify(sent: Signed, other: Signed, part: str) -> None:
    changed = sent._replace(**{part: getattr(other, part)})
    assume(changed.meaning() != sent.meaning())
    with pytest.raises(SigningError):
        changed.accept()


@given(requests, st.data())
def test_a9_no_byte_of_what_is_signed_can_be_flipped(sent: Signed, data: st.DataObject) -> None:
    """Host, path, query, signed headers, and the signature's own text: scope, names, digits."""
    fields: list[tuple[str, bytes]] = [("path", sent.path), ("query", sent.query), ("tail", sent.tail)]
    fields += [(str(number), value) for number, (_, value) in enumerate(sent.headers)]
    name, value = data.draw(st.sampled_from([field for field in fields if field[1]]))
    at = data.draw(st.integers(0, len(value) - 1))
    flipped = value[:at] + bytes((value[at] ^ data.draw(st.sampled_from([1, 2, 4, 8])),)) + value[at + 1 :]
    if name.isdigit():
        headers = [(key, flipped if str(number) == name else old) for number, (key, old) in enumerate(sent.headers)]
        assume([value.split() for _, value in headers] != [value.split() for _, value in sent.headers])
        changed = sent._replace(headers=headers, meta=dict(headers)[b"x-amz-meta-a"])
    else:
        parts: dict[str, Any] = {name: flipped}
        changed = sent._replace(**parts)
        assume(changed.meaning() != sent.meaning() or name == "tail")
        assume(unquote_to_bytes(changed.tail).split(b"&") != unquote_to_bytes(sent.tail).split(b"&") or name != "tail")
    with pytest.raises(SigningError):
        changed.accept()


soup = st.lists(
    st.sampled_from(
        [
            b"AWS4-HMAC-SHA256 ",
            b"AWS ",
            b"Credential=",
            b"AKIA/20130524/us-east-1/s3/aws4_request",
            b"SignedHeaders=",
            b"host;x-amz-date",
            b"Signature=",
            b", ",
            b",",
            b"=",
            b" ",
            b"/",
            b"%2F",
            b"%",
            b"&",
            b"X-Amz-Algorithm=AWS4-HMAC-SHA256",
            b"X-Amz-Date=20130524T000000Z",
            b"X-Amz-Expires=1",
            b"AWSAccessKeyId=a",
            b"Expires=1",
            b"\xff\xfe",
            b"\x00",
            "\u00e9".encode(),
            b"20130524T000000Z",
            b"Fri, 24 May 2013 00:00:00 GMT",
            b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        ]
    ),
    max_size=12,
).map(b"".join)
names = st.sampled_from(
    [
        b"authorization",
        b"date",
        b"x-amz-date",
        b"x-amz-content-sha256",
        b"x-amz-security-token",
        b"host",
        b"x-amz-target",
    ]
)


@settings(max_examples=400)
@given(
    soup, soup, st.lists(st.tuples(names, soup | st.just(b"20130524T000000Z")), max_size=6), st.sampled_from(Dialect)
)
def test_any_bytes_are_refused_in_the_rooms_own_words(
    path: bytes, query: bytes, headers: Headers, dialect: Dialect
) -> None:
    with pytest.raises(SigningError):
        accept("GET", path, query, headers, dialect=dialect)


def _chunks(sizes: list[int]) -> tuple[bytes, ChunkedDecoder, bytes]:
    kind = PayloadKind.SIGNED_CHUNKS
    keys = {"access_key_id": KEY_ID, "secret": SECRET, "region": "us-east-1", "service": "s3"}
    headers = sign_header("PUT", b"/b/k", b"", [(b"host", b"h")], now=NOW, payload=kind.value, **keys)
    signature = read_signature("PUT", b"/b/k", b"", headers, Dialect.S3)
    assert signature is not None
    key = CACHE.get(SECRET, signature)
    data = bytes(index % 251 for index in range(sum(sizes)))
    out, at, previous = bytearray(), 0, signature.signature
    for size in [*sizes, 0]:
        piece = data[at : at + size]
        at += size
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{signature.timestamp}\n{signature.scope}\n{previous}\n{EMPTY}\n"
        previous = key.hexmac((text + sha256(piece).hexdigest()).encode())
        out += f"{size:x};chunk-signature={previous}\r\n".encode() + (piece + b"\r\n" if size else b"")
    return bytes(out + b"\r\n"), ChunkedDecoder(signature, key, kind, len(data)), data


sizes = st.lists(st.integers(8192, 9000), max_size=2).flatmap(
    lambda whole: st.integers(1, 50).map(lambda last: [*whole, last])
)


@given(sizes, st.lists(st.integers(0, 20_000), max_size=6))
def test_a_chunked_body_decodes_alike_wherever_it_is_cut(chunk_sizes: list[int], cuts: list[int]) -> None:
    coded, decoder, data = _chunks(chunk_sizes)
    ends = sorted({0, len(coded), *(cut % (len(coded) + 1) for cut in cuts)})
    pieces = [piece for start, stop in pairwise(ends) for piece in decoder.feed(coded[start:stop])]
    decoder.finish()
    assert b"".join(pieces) == data


@given(sizes, st.integers(0, 20_000), st.sampled_from([1, 2, 4, 8, 16, 64, 128]))
def test_a4_a_chunked_body_with_a_flipped_bit_is_refused(chunk_sizes: list[int], place: int, bit: int) -> None:
    coded, decoder, _ = _chunks(chunk_sizes)
    at = place % len(coded)
    changed = coded[:at] + bytes((coded[at] ^ bit,)) + coded[at + 1 :]
    with pytest.raises(SigningError):
        decoder.feed(changed)
        decoder.finish()
