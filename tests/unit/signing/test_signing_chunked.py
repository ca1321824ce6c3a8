"""aws-chunked bodies (s3.md 1.5, 1.6; threats.md A4, A18): nothing is believed before finish()."""

from __future__ import annotations

from hashlib import sha256

import pytest
from signed_requests import EMPTY, KEY_ID, NOW, SECRET, Sent

from daypass.signing import ChunkedDecoder, PayloadKind, Signature, SigningError, SigningKeyCache, sign_header

DATA = bytes(range(256)) * 100  # 25,600 bytes: three whole chunks and a rest
CHUNK = 8192
TRAILER = "x-amz-checksum-crc32"


def request(kind: PayloadKind) -> Signature:
    headers = sign_header(
        "PUT",
        b"/bucket/key",
        b"",
        [(b"host", b"s3.example.com")],
        access_key_id=KEY_ID,
        secret=SECRET,
        region="us-east-1",
        service="s3",
        now=NOW,
        payload=kind.value,
    )
    return Sent("PUT", b"/bucket/key", b"", headers).accept()


def decoder(kind: PayloadKind, length: int = len(DATA), trailers: tuple[str, ...] = ()) -> ChunkedDecoder:
    signature = request(kind)
    return ChunkedDecoder(signature, SigningKeyCache().get(SECRET, signature), kind, length, trailers)


def body(
    kind: PayloadKind, data: bytes = DATA, trailer: dict[str, str] | None = None, sizes: tuple[int, ...] = ()
) -> bytes:
    """The encoded body, as a client makes it; independent of the decoder but for the key."""
    signature = request(kind)
    key = SigningKeyCache().get(SECRET, signature)
    previous, out, at = signature.signature, bytearray(), 0
    cuts = [*sizes] if sizes else [CHUNK] * (len(data) // CHUNK) + [len(data) % CHUNK]
    for size in [size for size in cuts if size] + [0]:
        piece = data[at : at + size]
        at += size
        out += f"{size:x}".encode()
        if kind.has_signed_chunks:
            hashes = f"{EMPTY}\n{sha256(piece).hexdigest()}"
            text = f"AWS4-HMAC-SHA256-PAYLOAD\n{signature.timestamp}\n{signature.scope}\n{previous}\n{hashes}"
            previous = key.hexmac(text.encode())
            out += f";chunk-signature={previous}".encode()
        out += b"\r\n" + (piece + b"\r\n" if size else b"")
    lines = "".join(f"{name}:{value}\n" for name, value in sorted((trailer or {}).items()))
    out += lines.replace("\n", "\r\n").encode()
    if kind is PayloadKind.SIGNED_CHUNKS_TRAILER:
        digest = sha256(lines.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256-TRAILER\n{signature.timestamp}\n{signature.scope}\n{previous}\n{digest}"
        out += f"x-amz-trailer-signature:{key.hexmac(text.encode())}\r\n".encode()
    return bytes(out + b"\r\n")


FORMS = [
    (PayloadKind.SIGNED_CHUNKS, None),
    (PayloadKind.SIGNED_CHUNKS_TRAILER, {TRAILER: "NhCmhg=="}),
    (PayloadKind.UNSIGNED_TRAILER, {TRAILER: "NhCmhg=="}),
]
forms = pytest.mark.parametrize(("kind", "trailer"), FORMS, ids=lambda value: getattr(value, "name", ""))


def decode(coded: bytes, made: ChunkedDecoder, step: int = 10**9) -> bytes:
    pieces = []
    for at in range(0, len(coded), step):
        pieces += made.feed(coded[at : at + step])
    made.finish()
    return b"".join(pieces)


def refusal(coded: bytes, made: ChunkedDecoder) -> SigningError:
    with pytest.raises(SigningError) as caught:
        decode(coded, made)
    return caught.value


@forms
@pytest.mark.parametrize("step", [1, 2, 7, 8192, 8200, 10**9])
def test_a_body_decodes_in_pieces_of_any_size(kind: PayloadKind, trailer: dict[str, str] | None, step: int) -> None:
    made = decoder(kind, trailers=tuple(trailer or ()))
    assert decode(body(kind, trailer=trailer), made, step) == DATA
    assert made.trailers == (trailer or {})


@forms
def test_an_empty_body_is_a_body(kind: PayloadKind, trailer: dict[str, str] | None) -> None:
    made = decoder(kind, 0, tuple(trailer or ()))
    assert decode(body(kind, b"", trailer), made) == b""


def test_the_newest_sdks_over_tls() -> None:
    """boto3, put_object(Body=b"hello"), as captured (s3.md 1.6); also of an anonymous caller."""
    coded = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    made = ChunkedDecoder(None, None, PayloadKind.UNSIGNED_TRAILER, 5, (" X-Amz-Checksum-CRC32 ",))
    assert decode(coded, made) == b"hello"
    assert made.trailers == {TRAILER: "NhCmhg=="}


def test_minio_go_ends_an_unsigned_trailer_with_two_empty_lines() -> None:
    coded = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\n\r\n\r\n"
    assert decode(coded, decoder(PayloadKind.UNSIGNED_TRAILER, 5, (TRAILER,))) == b"hello"
    assert (
        refusal(coded + b"\r\n", decoder(PayloadKind.UNSIGNED_TRAILER, 5, (TRAILER,))).code == "MalformedTrailerError"
    )


@forms
def test_a4_a_body_cut_anywhere_is_incomplete(kind: PayloadKind, trailer: dict[str, str] | None) -> None:
    coded = body(kind, trailer=trailer)
    places = [*range(150), *range(8150, 8400), *range(len(coded) - 400, len(coded))]
    for length in places:
        error = refusal(coded[:length], decoder(kind, trailers=tuple(trailer or ())))
        assert (error.code, error.status) == ("IncompleteBody", 400), length


@forms
def test_a4_a_wrong_decoded_length_is_incomplete(kind: PayloadKind, trailer: dict[str, str] | None) -> None:
    for length in (0, 1, len(DATA) - 1, len(DATA) + 1):
        error = refusal(body(kind, trailer=trailer), decoder(kind, length, tuple(trailer or ())))
        assert error.code == "IncompleteBody"


def test_a4_a_body_without_its_last_chunk_is_incomplete() -> None:
    coded = body(PayloadKind.SIGNED_CHUNKS)
    assert (
        refusal(coded[: coded.rindex(b"0;chunk-signature")], decoder(PayloadKind.SIGNED_CHUNKS)).code
        == "IncompleteBody"
    )


def test_what_follows_the_end_is_refused() -> None:
    for extra in (b"x", b"\r\n", b"0\r\n\r\n"):
        error = refusal(body(PayloadKind.SIGNED_CHUNKS) + extra, decoder(PayloadKind.SIGNED_CHUNKS))
        assert error.code == "IncompleteBody"


@pytest.mark.parametrize("kind", [PayloadKind.SIGNED_CHUNKS, PayloadKind.SIGNED_CHUNKS_TRAILER])
def test_a_changed_byte_breaks_its_chunk(kind: PayloadKind) -> None:
    trailer = {TRAILER: "NhCmhg=="} if kind.has_trailer else None
    coded = body(kind, trailer=trailer)
    for place in (100, 5000, 9000, len(coded) - (400 if kind.has_trailer else 100) - 500):
        changed = coded[:place] + bytes((coded[place] ^ 1,)) + coded[place + 1 :]
        error = refusal(changed, decoder(kind, trailers=tuple(trailer or ())))
        assert (error.code, error.status) == ("SignatureDoesNotMatch", 403)
        assert error.members["StringToSign"].startswith("AWS4-HMAC-SHA256-PAYLOAD\n20130524T000000Z\n")


def test_chunks_cannot_change_places_nor_be_left_out() -> None:
    kind = PayloadKind.SIGNED_CHUNKS
    coded = body(kind, DATA[:CHUNK] + DATA[:CHUNK] + b"z" * CHUNK)
    size = len(b"2000;chunk-signature=") + 64 + 2 + CHUNK + 2
    first, second, third, rest = coded[:size], coded[size : 2 * size], coded[2 * size : 3 * size], coded[3 * size :]
    assert decode(first + second + third + rest, decoder(kind, 3 * CHUNK))
    for order in (
        (second, first, third),
        (first, third, second),
        (first, third),
        (first, first, third),
        (second, third),
    ):
        error = refusal(b"".join(order) + rest, decoder(kind, len(order) * CHUNK))
        assert error.code == "SignatureDoesNotMatch"


def test_a_chunk_of_another_request_does_not_fit() -> None:
    kind = PayloadKind.SIGNED_CHUNKS
    signature = request(kind)
    other = SigningKeyCache().get(SECRET + "x", signature)
    assert refusal(body(kind), ChunkedDecoder(signature, other, kind, len(DATA))).code == "SignatureDoesNotMatch"


@forms
def test_only_the_last_chunk_may_be_small(kind: PayloadKind, trailer: dict[str, str] | None) -> None:
    names = tuple(trailer or ())
    error = refusal(body(kind, DATA, trailer, (CHUNK, 100, len(DATA) - CHUNK - 100)), decoder(kind, trailers=names))
    assert (error.code, error.status) == ("InvalidChunkSizeError", 400)
    assert error.message == "Only the last chunk is allowed to have a size less than 8192 bytes"
    assert error.members == {"Chunk": "2", "BadChunkSize": "100"}
    assert decode(body(kind, DATA, trailer, (CHUNK, len(DATA) - CHUNK - 1, 1)), decoder(kind, trailers=names)) == DATA


@pytest.mark.parametrize(
    "head",
    [
        b"5\r\n",  # no signature
        b"5;chunk-signature\r\n",
        b"5;signature=00\r\n",
        b"-5;chunk-signature=00\r\n",
        b"0x5;chunk-signature=00\r\n",
        b"5 ;chunk-signature=00\r\n",
        b";chunk-signature=00\r\n",
        b"5;chunk-signature=00\n",
        b"1" + b"0" * 16 + b";chunk-signature=00\r\n",
        b"f" * 2000,
        b"\r\n",
    ],
)
def test_a_broken_chunk_head_is_refused(head: bytes) -> None:
    assert refusal(head + b"hello\r\n", decoder(PayloadKind.SIGNED_CHUNKS, 5)).code == "IncompleteBody"


@pytest.mark.parametrize("head", [b"5;chunk-signature=00\r\n", b"5;x=y\r\n", b"g\r\n", b"5\n"])
def test_a_broken_head_of_an_unsigned_chunk_is_refused(head: bytes) -> None:
    coded = head + b"hello\r\n0\r\n\r\n"
    assert refusal(coded, decoder(PayloadKind.UNSIGNED_TRAILER, 5)).code == "IncompleteBody"


def test_data_that_runs_over_its_chunk_is_refused() -> None:
    coded = b"5\r\nhelloX\r\n0\r\n\r\n"
    assert refusal(coded, decoder(PayloadKind.UNSIGNED_TRAILER, 5)).code == "IncompleteBody"


def trailer_refusal(lines: bytes, declared: tuple[str, ...] = (TRAILER,)) -> str:
    return refusal(b"5\r\nhello\r\n0\r\n" + lines, decoder(PayloadKind.UNSIGNED_TRAILER, 5, declared)).code


def test_a18_trailers_are_the_declared_ones_each_once() -> None:
    line = b"x-amz-checksum-crc32:NhCmhg==\r\n"
    assert trailer_refusal(line + b"x-amz-meta-a:1\r\n\r\n") == "MalformedTrailerError"
    assert trailer_refusal(line + line + b"\r\n") == "MalformedTrailerError"
    assert trailer_refusal(line + b"\r\n", ()) == "MalformedTrailerError"
    assert trailer_refusal(b"\r\n") == "MalformedTrailerError"
    assert trailer_refusal(line + b"\r\n", (TRAILER, "x-amz-checksum-sha256")) == "MalformedTrailerError"
    assert trailer_refusal(line + b"x-amz-trailer-signature:00\r\n\r\n") == "MalformedTrailerError"
    assert trailer_refusal(b"no colon\r\n\r\n") == "MalformedTrailerError"
    assert trailer_refusal(b"x amz:1\r\n\r\n") == "MalformedTrailerError"
    assert trailer_refusal(line + b"\r\nmore") == "IncompleteBody"
    assert trailer_refusal(line + b"\r\nmore\r\n") == "MalformedTrailerError"


def test_a18_an_undeclared_trailer_is_refused_when_it_is_read() -> None:
    made = decoder(PayloadKind.UNSIGNED_TRAILER, 5, (TRAILER,))
    with pytest.raises(SigningError, match="trailing data"):
        made.feed(b"5\r\nhello\r\n0\r\nx-amz-meta-a:1\r\n")
    assert made.trailers == {}


def test_a18_a_trailer_that_nobody_can_send_is_refused_at_once() -> None:
    with pytest.raises(SigningError, match="trailing data"):
        decoder(PayloadKind.SIGNED_CHUNKS, 5, (TRAILER,))


def test_a18_trailers_are_bounded() -> None:
    names = tuple(f"x-{number}" for number in range(200))
    lines = b"".join(name.encode() + b":" + b"v" * 100 + b"\r\n" for name in names)
    assert trailer_refusal(lines + b"\r\n", names) == "MalformedTrailerError"
    assert trailer_refusal(b"x-amz-checksum-crc32:" + b"v" * 2000 + b"\r\n\r\n") == "IncompleteBody"


def test_a18_a_signed_trailer_is_verified() -> None:
    kind = PayloadKind.SIGNED_CHUNKS_TRAILER
    coded = body(kind, trailer={TRAILER: "NhCmhg=="})
    made = decoder(kind, trailers=(TRAILER,))
    error = refusal(coded.replace(b"NhCmhg==", b"OhCmhg=="), made)
    assert error.code == "SignatureDoesNotMatch"
    assert error.members["StringToSign"].startswith("AWS4-HMAC-SHA256-TRAILER\n")
    unsigned = coded[: coded.index(b"x-amz-trailer-signature")] + b"\r\n"
    assert refusal(unsigned, decoder(kind, trailers=(TRAILER,))).code == "IncompleteBody"
    assert refusal(unsigned + b"\r\n", decoder(kind, trailers=(TRAILER,))).code == "MalformedTrailerError"
    after = coded[:-2] + b"x-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    assert refusal(after, decoder(kind, trailers=(TRAILER,))).code == "MalformedTrailerError"


def test_a_signed_trailer_may_be_empty() -> None:
    kind = PayloadKind.SIGNED_CHUNKS_TRAILER
    assert decode(body(kind), decoder(kind)) == DATA


def test_plain_bodies_have_no_decoder() -> None:
    for kind in (PayloadKind.HASH, PayloadKind.UNSIGNED):
        with pytest.raises(ValueError, match="no chunks"):
            ChunkedDecoder(None, None, kind, 0)


def test_signed_chunks_need_a_key() -> None:
    for kind in (PayloadKind.SIGNED_CHUNKS, PayloadKind.SIGNED_CHUNKS_TRAILER):
        with pytest.raises(ValueError, match="no key"):
            ChunkedDecoder(None, None, kind, 0)


def test_a_large_chunk_is_handed_on_and_not_held() -> None:
    made = decoder(PayloadKind.SIGNED_CHUNKS, 10**12)
    assert made.feed(b"e8d4a51000;chunk-signature=" + b"0" * 64 + b"\r\n") == []
    for _ in range(50):
        assert made.feed(DATA) == [DATA]
    with pytest.raises(SigningError, match="terminated"):
        made.finish()
