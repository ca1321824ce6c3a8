"""What S3 says to a broken signature, and S3's own rules (s3.md 1.1-1.11 and 9)."""

from __future__ import annotations

import pytest
from signed_requests import EMPTY, KEY_ID, NOW, SECRET, STAMP, Sent, by_hand, s3_get

from daypass.signing import (
    Dialect,
    Form,
    PayloadKind,
    SigningError,
    anonymous_payload,
    check_scope,
    presign,
    unsupported_mechanism,
)

CREDENTIAL = f"{KEY_ID}/20130524/us-east-1/s3/aws4_request"
NAMES = "host;x-amz-content-sha256;x-amz-date"
GOOD = f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders={NAMES}, Signature={'0' * 64}"
MALFORMED = "The authorization header is malformed; "
PARSING = "Error parsing the X-Amz-Credential parameter; "
MECHANISM = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."


def get(authorization: str, **headers: str) -> Sent:
    fixed = {"host": "s3.example.com", "x_amz_date": STAMP, "x_amz_content_sha256": EMPTY}
    return by_hand(authorization, "GET", b"/bucket/key", b"", **(fixed | headers))


def refused(sent: Sent, **options: object) -> SigningError:
    with pytest.raises(SigningError) as caught:
        sent.accept(**options)  # type: ignore[arg-type]
    return caught.value


def said(error: SigningError) -> tuple[str, str, int]:
    return error.code, error.message, error.status


def url(expires: int = 600, method: str = "GET", **headers: str) -> Sent:
    listed = [
        (b"host", b"s3.example.com"),
        *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
    ]
    query = presign(
        method,
        b"/bucket/key",
        b"",
        listed,
        access_key_id=KEY_ID,
        secret=SECRET,
        region="us-east-1",
        service="s3",
        now=NOW,
        expires=expires,
    )
    return Sent(method, b"/bucket/key", query, listed)


def test_anonymous_requests_are_none() -> None:
    assert Sent(headers=[(b"host", b"x"), (b"x-amz-date", STAMP.encode())]).read() is None
    assert Sent(query=b"prefix=a%20b&list-type=2").read() is None


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("AWS4-HMAC-SHA256", "Authorization header is invalid -- one and only one ' ' (space) required."),
        ("AWS4-HMAC-SHA256  Credential=x", "Authorization header is invalid -- one and only one ' ' (space) required."),
        ("", "Authorization header is invalid -- one and only one ' ' (space) required."),
        ("Bearer abc", "Unsupported Authorization Type"),
        ("aws4-hmac-sha256 Credential=x", "Unsupported Authorization Type"),
        ("AWS AKIA", "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature"),
        ("AWS AKIA:a:b", "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature"),
    ],
)
def test_a_header_of_another_scheme_is_an_invalid_argument(authorization: str, message: str) -> None:
    error = refused(get(authorization))
    assert said(error) == ("InvalidArgument", message, 400)
    assert error.members == {"ArgumentName": "Authorization", "ArgumentValue": authorization}


def test_version_4a_is_refused_by_name() -> None:
    assert said(refused(get(GOOD.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")))) == (
        "InvalidRequest",
        MECHANISM,
        400,
    )
    assert said(unsupported_mechanism()) == ("InvalidRequest", MECHANISM, 400)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (f"Credential={CREDENTIAL}, ", "", "the authorization header requires three components: Credential, SignedHeaders, and Signature."),
        ("Signature=", "Signature=0, Signature=", "the authorization header requires three components: Credential, SignedHeaders, and Signature."),
        ("Credential=", "Creds=", "missing Credential."),
        (NAMES, "", "missing SignedHeaders."),
        ("0" * 64, "", "missing Signature."),
        ("/s3/", "/", 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'),
        (KEY_ID, "", 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'),
        ("/s3/", "/ec2/", 'incorrect service "ec2". This endpoint belongs to "s3".'),
        ("aws4_request", "x", 'incorrect terminator "x". This endpoint uses "aws4_request".'),
        ("20130524/", "24.5.13/", 'incorrect date format "24.5.13". This date in the credential must be in the format "yyyyMMdd".'),
        ("20130524/", "20130523/", "Invalid credential date. Date is not the same as X-Amz-Date."),
        ("us-east-1", "nowhere", "the region 'nowhere' is wrong; expecting 'eu-west-1'"),
    ],
)  # fmt: skip
def test_a_malformed_header_says_what_is_wrong(old: str, new: str, message: str) -> None:
    assert said(refused(get(GOOD.replace(old, new, 1)))) == ("AuthorizationHeaderMalformed", MALFORMED + message, 400)


def test_a_wrong_region_names_the_right_one() -> None:
    signature = get(GOOD).signature()
    with pytest.raises(SigningError) as caught:
        check_scope(signature, service="s3", regions={"a-1", "b-1"}, expected_region="b-1")
    assert caught.value.members == {"Region": "b-1"}


def test_components_may_stand_in_any_order_and_closely() -> None:
    signature = get(f"AWS4-HMAC-SHA256 Signature=0,SignedHeaders=X-Amz-Date;Host,Credential={CREDENTIAL}").signature()
    assert signature.signed_headers == (b"host", b"x-amz-date")


def test_without_a_date_nobody_is_let_in() -> None:
    undated = Sent("GET", b"/b/k", b"", get(GOOD).without(b"x-amz-date"))
    expected = ("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403)
    assert said(refused(undated)) == expected
    assert said(refused(get(GOOD, x_amz_date="now"))) == expected


def test_the_clock_may_differ_by_fifteen_minutes() -> None:
    sent = s3_get()
    sent.accept(now=NOW + 900)
    sent.accept(now=NOW - 900)
    error = refused(sent, now=NOW + 901)
    assert said(error) == (
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        403,
    )
    assert error.members == {
        "RequestTime": STAMP,
        "ServerTime": "2013-05-24T00:15:01Z",
        "MaxAllowedSkewMilliseconds": "900000",
    }
    assert refused(sent, now=NOW - 901).code == "RequestTimeTooSkewed"


def test_a_mismatch_shows_what_was_to_be_signed() -> None:
    sent = s3_get()
    error = refused(sent, secret="x")
    assert said(error) == (
        "SignatureDoesNotMatch",
        (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        ),
        403,
    )
    assert list(error.members) == [
        "AWSAccessKeyId",
        "StringToSign",
        "SignatureProvided",
        "StringToSignBytes",
        "CanonicalRequest",
        "CanonicalRequestBytes",
    ]
    assert error.members["AWSAccessKeyId"] == KEY_ID
    assert error.members["SignatureProvided"] == sent.signature().signature
    assert error.members["StringToSign"].startswith(
        "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
    )
    assert bytes.fromhex(error.members["StringToSignBytes"]).decode() == error.members["StringToSign"]
    assert error.members["CanonicalRequest"].startswith("GET\n/bucket/key\n\nhost:s3.example.com\n")
    assert error.members["CanonicalRequestBytes"].startswith("47 45 54 0a 2f")


def test_the_payload_hash_is_required_in_the_header_form() -> None:
    sent = Sent("GET", b"/b/k", b"", get(GOOD).without(b"x-amz-content-sha256"))
    assert said(refused(sent)) == (
        "InvalidRequest",
        "Missing required header for this request: x-amz-content-sha256",
        400,
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (EMPTY, PayloadKind.HASH),
        ("UNSIGNED-PAYLOAD", PayloadKind.UNSIGNED),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", PayloadKind.UNSIGNED_TRAILER),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", PayloadKind.SIGNED_CHUNKS),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", PayloadKind.SIGNED_CHUNKS_TRAILER),
    ],
)
def test_what_the_payload_header_may_say(value: str, kind: PayloadKind) -> None:
    signature = get(GOOD, x_amz_content_sha256=value).signature()
    assert (signature.payload, signature.payload_kind) == (value, kind)
    assert kind.is_chunked is value.startswith("STREAMING")
    assert kind.has_trailer is value.endswith("TRAILER")
    assert kind.has_signed_chunks is ("HMAC" in value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "hash",
        "unsigned-payload",
        EMPTY.upper(),
        EMPTY[:-1],
        EMPTY + "0",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256",
    ],
)
def test_any_other_payload_value_is_refused(value: str) -> None:
    error = refused(get(GOOD, x_amz_content_sha256=value))
    assert (error.code, error.status) == ("InvalidArgument", 400)
    assert error.message.startswith(
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
    )
    assert error.members == {"ArgumentName": "x-amz-content-sha256", "ArgumentValue": value}


def test_anonymous_payloads() -> None:
    assert anonymous_payload([]) == (PayloadKind.UNSIGNED, "UNSIGNED-PAYLOAD")
    assert anonymous_payload([(b"x-amz-content-sha256", EMPTY.encode())]) == (PayloadKind.HASH, EMPTY)
    trailer = b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert anonymous_payload([(b"x-amz-content-sha256", trailer)])[0] is PayloadKind.UNSIGNED_TRAILER
    for value in (b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"):
        with pytest.raises(SigningError, match="Anonymous requests don't support this"):
            anonymous_payload([(b"x-amz-content-sha256", value)])
    with pytest.raises(SigningError, match="must be"):
        anonymous_payload([(b"x-amz-content-sha256", EMPTY.encode()), (b"x-amz-content-sha256", EMPTY.encode())])


def test_a_presigned_url_lives_as_long_as_it_says() -> None:
    url(1).accept(now=NOW + 0.9)
    url(604_800).accept(now=NOW + 604_799)
    url().accept(now=NOW - 900)
    error = refused(url(), now=NOW + 600)
    assert said(error) == ("AccessDenied", "Request has expired", 403)
    assert error.members == {
        "X-Amz-Expires": "600",
        "Expires": "2013-05-24T00:10:00Z",
        "ServerTime": "2013-05-24T00:10:00Z",
    }
    assert said(refused(url(), now=NOW - 901)) == ("AccessDenied", "Request is not valid yet", 403)
    assert refused(url(0), now=NOW - 10).message == "Request has expired"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"X-Amz-Algorithm=AWS4-HMAC-SHA256&", b"", None),
        (b"X-Amz-Expires=600&", b"", None),
        (b"X-Amz-SignedHeaders=host", b"X-Amz-SignedHeaders=", None),
        (b"X-Amz-Date=", b"X-Amz-Datum=", None),
        (b"AWS4-HMAC-SHA256", b"AWS4-ECDSA-P256-SHA256", 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'),
        (b"%2Fs3%2F", b"%2F", PARSING + 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'),
        (b"%2Fs3%2F", b"%2Fec2%2F", PARSING + 'incorrect service "ec2". This endpoint belongs to "s3".'),
        (b"aws4_request", b"x", PARSING + 'incorrect terminator "x". This endpoint uses "aws4_request".'),
        (b"20130524%2F", b"2013%2F", PARSING + 'incorrect date format "2013". This date in the credential must be in the format "yyyyMMdd".'),
        (b"us-east-1", b"x-1", PARSING + "the region 'x-1' is wrong; expecting 'eu-west-1'"),
        (b"20130524%2F", b"20130523%2F", PARSING + "Invalid credential date. Date is not the same as X-Amz-Date."),
        (b"20130524T000000Z", b"2013-05-24", "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
    ],
)  # fmt: skip
def test_a_malformed_url_says_what_is_wrong(old: bytes, new: bytes, message: str | None) -> None:
    sent = url()
    assert old in sent.query
    error = refused(sent.with_query(sent.query.replace(old, new, 1)))
    missing = (
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
        "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
    )
    assert said(error) == ("AuthorizationQueryParametersError", message or missing, 400)


def test_a_header_listed_in_a_url_must_come_with_it() -> None:
    sent = url(x_amz_acl="private", content_type="text/plain")
    sent.accept()
    assert refused(sent.with_header(b"content-type", b"text/html")).code == "SignatureDoesNotMatch"
    stripped = Sent(sent.method, sent.path, sent.query, sent.without(b"content-type"))
    assert refused(stripped).code == "SignatureDoesNotMatch"


def test_a_url_may_name_the_payload_in_a_parameter_or_a_signed_header() -> None:
    assert url().signature().payload == "UNSIGNED-PAYLOAD"
    sent = url()
    named = sent.with_query(sent.query + b"&X-Amz-Content-Sha256=" + EMPTY.encode())
    assert (named.signature().payload, named.signature().payload_kind) == (EMPTY, PayloadKind.HASH)
    header = url(x_amz_content_sha256=EMPTY)
    assert header.signature().payload == EMPTY
    with pytest.raises(SigningError, match="does not match"):
        header.accept()  # it was signed as UNSIGNED-PAYLOAD


@pytest.mark.parametrize(
    ("raw_path", "signed_path"),
    [
        (b"/bucket/a%2fb", b"/bucket/a/b"),
        (b"/bucket/it's(1)!*", b"/bucket/it%27s%281%29%21%2A"),
        (b"/bucket/it's(1)!*", b"/bucket/it's(1)!*"),
        (b"/bucket/a+b", b"/bucket/a%2Bb"),
        (b"/bucket/%7Etilde", b"/bucket/~tilde"),
        (b"/bucket/a%20b", b"/bucket/a%20b"),
        (b"/bucket/\xe2\x82\xac", b"/bucket/%E2%82%AC"),
        (b"/b/%2E%2E/c", b"/b/../c"),
    ],
)
def test_paths_are_verified_as_clients_may_have_encoded_them(raw_path: bytes, signed_path: bytes) -> None:
    signed = s3_get(signed_path)
    Sent("GET", raw_path, b"", signed.headers).accept()


def test_a_plus_in_a_query_is_a_blank() -> None:
    s3_get(query=b"prefix=a%20b").with_query(b"prefix=a+b").accept()
    s3_get(query=b"prefix=a+b").with_query(b"prefix=a%20b").accept()
    assert refused(s3_get(query=b"prefix=a+b").with_query(b"prefix=a%2Bb")).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("other", [b"/bucket/a/../c", b"/bucket//c", b"/bucket/./c", b"/bucket/c/"])
def test_a13_paths_are_never_normalised(other: bytes) -> None:
    signed = s3_get(b"/bucket/c")
    assert refused(Sent("GET", other, b"", signed.headers)).code == "SignatureDoesNotMatch"
    s3_get(other).accept()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (b"AWSAccessKeyId=AKIA&Expires=2000000000", "requires the Signature, Expires and AWSAccessKeyId parameters"),
        (b"Signature=x", "requires the Signature, Expires and AWSAccessKeyId parameters"),
        (b"Expires=1", "requires the Signature, Expires and AWSAccessKeyId parameters"),
        (b"AWSAccessKeyId=A&Signature=x&Expires=soon", "Invalid date (should be seconds since epoch): soon"),
        (b"AWSAccessKeyId=A&Signature=x&Expires=-1", "Invalid date (should be seconds since epoch): -1"),
        (b"AWSAccessKeyId=A&Signature=x&Expires=9" + b"9" * 40, "Invalid date (should be seconds since epoch): 99"),
    ],
)
def test_a_broken_version_2_url_is_denied(query: bytes, message: str) -> None:
    error = refused(Sent(query=query, headers=[(b"host", b"x")]))
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert message in error.message


def test_version_2_has_no_signed_chunks() -> None:
    query = b"AWSAccessKeyId=A&Signature=x&Expires=2000000000"
    for value in (b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"):
        error = refused(Sent(query=query, headers=[(b"host", b"x"), (b"x-amz-content-sha256", value)]))
        assert said(error) == ("InvalidRequest", "The value of x-amz-content-sha256 header is invalid.", 400)


def test_version_2_can_be_told_from_version_4() -> None:
    assert Form.QUERY_V2.is_version_2
    assert Form.HEADER_V2.is_version_2
    assert not Form.QUERY.is_version_2
    assert s3_get().signature().form is Form.HEADER


def test_a_signature_does_not_show_its_token() -> None:
    sent = get(GOOD, x_amz_security_token="tokentoken")
    assert sent.signature().session_token == "tokentoken"
    assert "tokentoken" not in repr(sent.signature())
    assert Dialect.S3 is sent.signature().dialect
