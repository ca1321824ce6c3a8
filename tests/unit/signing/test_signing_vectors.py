"""AWS's published examples for S3 (s3.md 1.12)."""

from __future__ import annotations

import pytest
from signed_requests import EMPTY, KEY_ID, NOW, SECRET, STAMP, Sent, by_hand

from daypass.signing import ChunkedDecoder, Form, SigningError, SigningKeyCache

HOST = "examplebucket.s3.amazonaws.com"
CREDENTIAL = f"{KEY_ID}/20130524/us-east-1/s3/aws4_request"


def signed(names: str, signature: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={CREDENTIAL},SignedHeaders={names},Signature={signature}"


GET_OBJECT = by_hand(
    signed(
        "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    ),
    "GET",
    b"/test.txt",
    b"",
    host=HOST,
    range="bytes=0-9",
    x_amz_content_sha256=EMPTY,
    x_amz_date=STAMP,
)
PUT_OBJECT = by_hand(
    signed(
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "PUT",
    b"/test%24file.text",
    b"",
    date="Fri, 24 May 2013 00:00:00 GMT",
    host=HOST,
    x_amz_content_sha256="44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    x_amz_date=STAMP,
    x_amz_storage_class="REDUCED_REDUNDANCY",
)
GET_LIFECYCLE = by_hand(
    signed("host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    "GET",
    b"/",
    b"lifecycle",
    host=HOST,
    x_amz_content_sha256=EMPTY,
    x_amz_date=STAMP,
)
LIST_OBJECTS = by_hand(
    signed("host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    "GET",
    b"/",
    b"prefix=J&max-keys=2",
    host=HOST,
    x_amz_content_sha256=EMPTY,
    x_amz_date=STAMP,
)
PRESIGNED = Sent(
    "GET",
    b"/test.txt",
    b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    b"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    b"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    [(b"host", HOST.encode())],
)


@pytest.mark.parametrize("example", [GET_OBJECT, PUT_OBJECT, GET_LIFECYCLE, LIST_OBJECTS, PRESIGNED])
def test_a_published_example_verifies(example: Sent) -> None:
    signature = example.accept()
    assert (signature.access_key_id, signature.timestamp, signature.epoch) == (KEY_ID, STAMP, NOW)
    with pytest.raises(SigningError):
        example.accept(SECRET + "x")


def test_the_published_presigned_url_lives_a_day() -> None:
    assert PRESIGNED.accept(now=NOW + 86_399).expires == 86_400
    with pytest.raises(SigningError, match="Request has expired"):
        PRESIGNED.accept(now=NOW + 86_400)


def chunked_put(**headers: str) -> Sent:
    return by_hand(
        headers.pop("authorization"), "PUT", b"/examplebucket/chunkObject.txt", b"", host="s3.amazonaws.com", **headers
    )


def decode(sent: Sent, body: bytes, trailers: tuple[str, ...] = ()) -> tuple[bytes, ChunkedDecoder]:
    signature = sent.accept()
    key = SigningKeyCache().get(SECRET, signature)
    decoder = ChunkedDecoder(signature, key, signature.payload_kind, 66560, trailers)
    data = b"".join(decoder.feed(body))
    decoder.finish()
    return data, decoder


def chunk(size: int, signature: str) -> bytes:
    return f"{size:x};chunk-signature={signature}\r\n".encode() + (b"a" * size + b"\r\n" if size else b"")


def test_the_published_chunked_upload_verifies() -> None:
    sent = chunked_put(
        authorization=signed(
            "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
            "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        ),
        content_encoding="aws-chunked",
        content_length="66824",
        x_amz_content_sha256="STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        x_amz_date=STAMP,
        x_amz_decoded_content_length="66560",
        x_amz_storage_class="REDUCED_REDUNDANCY",
    )
    body = (
        chunk(65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648")
        + chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497")
        + chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")
        + b"\r\n"
    )
    assert len(body) == 66824
    assert decode(sent, body)[0] == b"a" * 66560


TRAILER_PUT = {
    "authorization": signed(
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    ),
    "content_encoding": "aws-chunked",
    "x_amz_content_sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "x_amz_date": STAMP,
    "x_amz_decoded_content_length": "66560",
    "x_amz_storage_class": "REDUCED_REDUNDANCY",
    "x_amz_trailer": "x-amz-checksum-crc32c",
}


@pytest.mark.parametrize("line_ends", [(b"\r\n", b""), (b"\n", b"\r\n")], ids=["as AWS's SDKs", "as minio-go"])
def test_the_published_upload_with_a_trailer_verifies(line_ends: tuple[bytes, bytes]) -> None:
    body = (
        chunk(65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2")
        + chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7")
        + chunk(0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992")
        + b"x-amz-checksum-crc32c:sOO8/Q=="
        + line_ends[0]
        + line_ends[1]
        + b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    )
    data, decoder = decode(chunked_put(**TRAILER_PUT), body, ("x-amz-checksum-crc32c",))
    assert data == b"a" * 66560
    assert decoder.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


def test_the_published_version_2_url_verifies() -> None:
    sent = Sent(
        "GET",
        b"/photos/puppy.jpg",
        b"AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=1No4mq5ETf02z8aet9voy6gui6E%3D&Expires=1175139620",
        [(b"host", b"awsexamplebucket1.s3.us-west-1.amazonaws.com")],
    )
    assert sent.accept(now=1175139619, host_bucket=b"awsexamplebucket1").form is Form.QUERY_V2
    with pytest.raises(SigningError, match="Request has expired"):
        sent.accept(now=1175139620, host_bucket=b"awsexamplebucket1")
    with pytest.raises(SigningError, match="does not match"):
        sent.accept(now=1175139619, host_bucket=b"awsexamplebucket2")
