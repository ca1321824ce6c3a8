"""The rows of threats.md, part A, that are this room's: each broke a real product once."""

from __future__ import annotations

import base64
import hmac
import re
from hashlib import sha256
from pathlib import Path

import pytest
from botocore.auth import HmacV1QueryAuth
from signed_requests import EMPTY, KEY_ID, NOW, SECRET, Sent, by_botocore, present, s3_get, sts_post

import daypass.signing
from daypass.signing import ChunkedDecoder, Dialect, SigningError, SigningKeyCache, presign, read_signature

STREAMING = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def code(sent: Sent, **options: object) -> str:
    with pytest.raises(SigningError) as caught:
        sent.accept(**options)  # type: ignore[arg-type]
    return caught.value.code


def put_url(query: bytes = b"", dialect: Dialect = Dialect.S3) -> Sent:
    host = [(b"host", b"s3.example.com")]
    signed = presign(
        "PUT",
        b"/bucket/key",
        query,
        host,
        access_key_id=KEY_ID,
        secret=SECRET,
        region="us-east-1",
        service="s3",
        now=NOW,
        expires=600,
    )
    return Sent("PUT", b"/bucket/key", signed, host, dialect=dialect)


def test_a1_unsigned_trailer_is_verified() -> None:
    sent = s3_get(method="PUT")
    authorization = sent.header(b"authorization")
    streaming = sent.with_header(b"x-amz-content-sha256", STREAMING.encode())
    assert code(streaming) == "SignatureDoesNotMatch"
    last = authorization[-1:]
    off_by_one = authorization[:-1] + (b"0" if last != b"0" else b"1")
    assert code(sent.with_header(b"authorization", off_by_one)) == "SignatureDoesNotMatch"


def test_a2_a_credential_in_the_query_alone_is_no_signature() -> None:
    headers = [(b"host", b"x"), (b"x-amz-content-sha256", STREAMING.encode())]
    credential = f"X-Amz-Credential={KEY_ID}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request".encode()
    assert code(Sent("PUT", b"/b/k", credential, headers)) == "AuthorizationQueryParametersError"
    unsigned = credential + (
        b"&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host"
    )
    assert code(Sent("PUT", b"/b/k", unsigned, headers)) == "AuthorizationQueryParametersError"
    assert code(Sent("PUT", b"/b/k", unsigned + b"&X-Amz-Signature=", headers)) == "AuthorizationQueryParametersError"
    assert code(Sent("PUT", b"/b/k", unsigned + b"&X-Amz-Signature=00", [headers[0]])) == "SignatureDoesNotMatch"


def test_a2_header_and_query_together_are_refused() -> None:
    with_query = s3_get(query=b"X-Amz-Expires=60")
    with pytest.raises(SigningError, match="Only one auth mechanism allowed") as caught:
        with_query.read()
    assert caught.value.code == "InvalidArgument"
    assert list(caught.value.members) == ["ArgumentName", "ArgumentValue"]
    assert code(s3_get(query=b"Signature=x")) == "InvalidArgument"
    assert code(put_url(b"AWSAccessKeyId=AKIA")) == "InvalidArgument"
    assert code(s3_get(query=b"X%2DAmz%2DCredential=x")) == "InvalidArgument"
    query_dialect = sts_post().with_query(b"X-Amz-Signature=x")
    assert code(query_dialect) == "IncompleteSignature"


def test_a5_a_known_key_with_any_other_secret_is_refused() -> None:
    for sent in (s3_get(), put_url(), sts_post()):
        for secret in ("", SECRET[:-1], SECRET + "=", SECRET.lower(), KEY_ID):
            assert code(sent, secret=secret) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("seconds", [901, -901])
def test_a7_requests_of_another_time_are_refused(seconds: int) -> None:
    assert code(s3_get(), now=NOW + seconds) == "RequestTimeTooSkewed"
    assert code(sts_post(), now=NOW + seconds) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("expires", "text"),
    [
        (b"-1", "non-negative"),
        (b"604801", "less than a week"),
        (b"9" * 5000, "less than a week"),
        (b"1e3", "should be a number"),
        (b"%2060", "should be a number"),
        (b"+60", "should be a number"),
        (b"60.0", "should be a number"),
        (b"0x10", "should be a number"),
        (b"%D9%A6%D9%A0", "should be a number"),
    ],
)
def test_a7_lifetimes_that_are_none_are_refused(expires: bytes, text: str) -> None:
    sent = put_url()
    error = sent.with_query(sent.query.replace(b"X-Amz-Expires=600", b"X-Amz-Expires=" + expires))
    with pytest.raises(SigningError, match=text) as caught:
        error.read()
    assert (caught.value.code, caught.value.status) == ("AuthorizationQueryParametersError", 400)


@pytest.mark.parametrize(
    "name",
    [
        "x-amz-copy-source",
        "x-amz-acl",
        "x-amz-tagging",
        "x-amz-grant-full-control",
        "x-amz-server-side-encryption",
        "x-amz-object-lock-mode",
        "x-amz-website-redirect-location",
        "x-amz-security-token",
        "x-amz-content-sha256",
        "x-amz-anything-new",
    ],
)
def test_a8_unsigned_headers_are_refused_and_named(name: str) -> None:
    value = EMPTY if name.endswith("sha256") else "private"
    for sent in (put_url(), s3_get()):
        if name == "x-amz-content-sha256" and sent.query == b"":
            continue  # in the header form it is signed already
        with pytest.raises(SigningError) as caught:
            sent.with_header(name.encode(), value.encode()).accept()
        assert (caught.value.code, caught.value.message, caught.value.status) == (
            "AccessDenied",
            "There were headers present in the request which were not signed",
            403,
        )
        assert caught.value.members == {"HeadersNotSigned": name}


def test_a8_headers_outside_amazons_own_may_be_unsigned() -> None:
    s3_get().with_header(b"x-amzn-trace-id", b"Root=1").with_header(b"amz-sdk-request", b"attempt=1").accept()


def test_a9_a_signature_needs_the_secret() -> None:
    sent = s3_get()
    signature = sent.signature()
    for text in (EMPTY, sha256(SECRET.encode()).hexdigest(), hmac.digest(b"", b"", "sha256").hex(), "0" * 64):
        authorization = sent.header(b"authorization").decode().replace(signature.signature, text)
        assert code(sent.with_header(b"authorization", authorization.encode())) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    "name",
    [
        b"X-Amz-Algorithm",
        b"X-Amz-Credential",
        b"X-Amz-Date",
        b"X-Amz-Expires",
        b"X-Amz-SignedHeaders",
        b"X-Amz-Signature",
    ],
)
def test_a10_an_authentication_parameter_twice_is_refused(name: bytes) -> None:
    sent = put_url()
    value = next(piece for piece in sent.query.split(b"&") if piece.startswith(name))
    for extra in (value, name + b"=", name.replace(b"-", b"%2D") + b"=x"):
        assert code(sent.with_query(sent.query + b"&" + extra)) == "InvalidArgument"
        assert code(sent.with_query(extra + b"&" + sent.query)) == "InvalidArgument"
    query_dialect = Sent("GET", b"/", sent.query + b"&" + value, sent.headers, dialect=Dialect.QUERY)
    assert code(query_dialect) == "IncompleteSignature"


def test_a10_a_header_of_the_signature_twice_is_refused() -> None:
    for sent, expected in ((s3_get(), "InvalidArgument"), (sts_post(), "IncompleteSignature")):
        for name in (b"authorization", b"x-amz-date"):
            again = [*sent.headers, (name, sent.header(name))]
            assert code(Sent(sent.method, sent.path, sent.query, again, sent.body, sent.dialect)) == expected


def test_a10_the_signature_covers_every_parameter_as_sent() -> None:
    signed = s3_get(query=b"a=1&b=2")
    signed.with_query(b"b=2&a=1").accept()
    for query in (
        b"a=1&b=2&a=1",
        b"a=1;b=2",
        b"a=1&b=2;c=3",
        b"a=1",
        b"a=1&b=3",
        b"A=1&b=2",
        b"a=1&b=2&=",
        b"",
        b"a=1%26b=2",
    ):
        assert code(signed.with_query(query)) == "SignatureDoesNotMatch"


def test_a11_the_host_must_be_signed() -> None:
    for sent in (s3_get(), sts_post()):
        authorization = sent.header(b"authorization").replace(b"host;", b"").replace(b";host", b"")
        with pytest.raises(SigningError) as caught:
            sent.with_header(b"authorization", authorization).accept()
        error = caught.value
        if sent.dialect is Dialect.S3:
            assert (error.code, error.members) == ("AccessDenied", {"HeadersNotSigned": "host"})
        else:
            assert error.message == "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        assert code(sent.with_header(b"host", b"other.example.com")) == "SignatureDoesNotMatch"
        two = [*sent.headers, (b"host", b"other.example.com")]
        assert code(Sent(sent.method, sent.path, sent.query, two, sent.body, sent.dialect)) == "SignatureDoesNotMatch"


def test_a12_fields_of_one_name_are_joined_in_order() -> None:
    sent = s3_get(x_amz_meta_a="1,2")
    rest = sent.without(b"x-amz-meta-a")
    Sent("GET", sent.path, b"", [*rest, (b"x-amz-meta-a", b"1"), (b"x-amz-meta-a", b" 2 ")]).accept()
    assert (
        code(Sent("GET", sent.path, b"", [*rest, (b"x-amz-meta-a", b"2"), (b"x-amz-meta-a", b"1")]))
        == "SignatureDoesNotMatch"
    )
    assert code(Sent("GET", sent.path, b"", rest)) == "SignatureDoesNotMatch"


def test_a12_a_signed_header_that_is_absent_does_not_count_as_empty() -> None:
    sent = s3_get(x_amz_meta_a="")
    sent.accept()
    assert code(Sent("GET", sent.path, b"", sent.without(b"x-amz-meta-a"))) == "SignatureDoesNotMatch"


def test_a13_percent_signs_are_decoded_in_one_module_only() -> None:
    room = Path(daypass.signing.__file__).parent
    assert [path.name for path in sorted(room.glob("*.py")) if "unquote" in path.read_text()] == ["canonical.py"]


def test_a14_the_hash_of_a_query_body_is_ours_not_the_clients() -> None:
    sent = sts_post()
    assert code(Sent("POST", b"/", b"", sent.headers, b"Action=Other", Dialect.QUERY)) == "SignatureDoesNotMatch"
    claimed = sent.with_header(b"x-amz-content-sha256", sha256(sent.body).hexdigest().encode())
    claimed.body = b"Action=Other"
    assert code(claimed) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    "tampered",
    [
        b"policy",
        b"acl",
        b"versionId=1",
        b"response-content-type=text%2Fhtml",
        b"uploadId=1",
        b"tagging",
        b"retention",
        b"legal-hold",
        b"attributes",
        b"encryption",
        b"publicAccessBlock",
        b"session",
        b"something-new",
        b"%70olicy",
    ],
)
def test_a15_version_2_lets_no_sub_resource_be_added(tampered: bytes) -> None:
    made = by_botocore(HmacV1QueryAuth, "GET", "http://localhost:4100/bucket/key", expires=600)
    sent = Sent("GET", made.path, made.query, [(b"host", b"localhost")])
    sent.accept(now=present())
    for query in (made.query + b"&" + tampered, tampered + b"&" + made.query):
        assert code(sent.with_query(query), now=present()) in {"SignatureDoesNotMatch", "AccessDenied"}
    assert code(
        Sent("GET", made.path, made.query, [(b"host", b"x"), (b"x-amz-copy-source", b"/a/b")]), now=present()
    ) == ("SignatureDoesNotMatch")


def test_a15_version_2_is_of_s3_only_and_version_1_of_nobody() -> None:
    for query in (
        b"AWSAccessKeyId=A&Signature=x&Expires=9999999999",
        b"AWSAccessKeyId=A&SignatureVersion=1&Signature=x",
    ):
        assert read_signature("GET", b"/", query, [(b"host", b"x")], Dialect.QUERY) is None
    assert (
        code(Sent("GET", b"/", b"", [(b"authorization", b"AWS A:x")], dialect=Dialect.QUERY)) == "IncompleteSignature"
    )


def test_a16_signatures_are_compared_in_constant_time() -> None:
    """No comparison operator touches a name that holds a signature, a MAC or a digest."""
    room = Path(daypass.signing.__file__).parent
    suspicious = re.compile(
        r"\b\w*(?:signature|mac|digest|promised)\w*(?:\(\))?\s*(?:==|!=)|(?:==|!=)\s*\w*(?:hexmac|digest|promised)"
    )
    for path in room.glob("*.py"):
        assert not suspicious.findall(path.read_text()), path.name
    assert "compare_digest" in (room / "verify.py").read_text()
    assert "compare_digest" in (room / "version2.py").read_text()
    assert "compare_digest" in (room / "chunked.py").read_text()


@pytest.mark.parametrize("service", ["s3tables", "iam", "sts", "", "S3"])
def test_a17_the_scope_is_of_the_service_that_serves(service: str) -> None:
    sent = s3_get()
    authorization = sent.header(b"authorization").replace(b"/s3/", f"/{service}/".encode())
    assert code(sent.with_header(b"authorization", authorization)) == "AuthorizationHeaderMalformed"


def test_a17_an_s3_scope_is_refused_by_other_services() -> None:
    sent = sts_post()
    with pytest.raises(SigningError, match="correct service: 'iam'"):
        sent.accept(service="iam")


def test_b6_a_session_token_is_no_bearer_token() -> None:
    token = base64.urlsafe_b64encode(b"token").decode()
    for dialect in Dialect:
        with pytest.raises(SigningError):
            read_signature("GET", b"/", b"", [(b"authorization", f"Bearer {token}".encode())], dialect)


def test_a4_and_a18_need_a_finished_decoder() -> None:
    """The rows about chunks and trailers are in test_signing_chunked.py; here: nothing is valid before finish()."""
    sent = s3_get(method="PUT")
    signature = sent.accept()
    key = SigningKeyCache().get(SECRET, signature)
    with pytest.raises(ValueError, match="no chunks"):
        ChunkedDecoder(signature, key, signature.payload_kind, 0)
