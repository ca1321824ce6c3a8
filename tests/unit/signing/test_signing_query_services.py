"""What STS, IAM and CloudTrail say to a broken signature (sts.md 1.7, endpoints.md 2.1)."""

from __future__ import annotations

import re

import pytest
from signed_requests import EMPTY, KEY_ID, NOW, SECRET, STAMP, Sent, by_hand, sts_post

from daypass.signing import (
    Dialect,
    SigningError,
    SigningKeyCache,
    check_scope,
    check_time,
    missing_signature,
    presign,
    read_signature,
    verify,
)

CREDENTIAL = f"{KEY_ID}/20130524/us-east-1/sts/aws4_request"
GOOD = f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


def post(authorization: str, **headers: str) -> Sent:
    sent = by_hand(authorization, "POST", b"/", b"", **({"host": "sts.example.com", "x_amz_date": STAMP} | headers))
    sent.dialect = Dialect.QUERY
    return sent


def refusal(sent: Sent, **options: object) -> tuple[str, str, int]:
    with pytest.raises(SigningError) as caught:
        sent.accept(**options)  # type: ignore[arg-type]
    assert caught.value.members == {}
    return caught.value.code, caught.value.message, caught.value.status


def test_a_good_signature_passes_every_check() -> None:
    assert sts_post().accept().access_key_id == KEY_ID


def test_an_unsigned_request_is_none_and_has_its_own_refusal() -> None:
    assert read_signature("POST", b"/", b"", [(b"host", b"x")], Dialect.QUERY) is None
    assert read_signature("POST", b"/", b"", [(b"authorization", b"")], Dialect.QUERY) is None
    error = missing_signature(Dialect.QUERY)
    assert (error.code, error.message, error.status) == (
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
        403,
    )
    assert missing_signature(Dialect.JSON).code == "MissingAuthenticationTokenException"
    assert missing_signature(Dialect.S3).code == "AccessDenied"


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        (
            "AWS4-HMAC-SHA256",
            (
                "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
                "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256"
            ),
        ),
        (
            f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host",
            (
                "Authorization header requires 'Signature' parameter. "
                f"Authorization=AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host"
            ),
        ),
        (
            "AWS4-HMAC-SHA256 Credential",
            (
                "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: "
                "'AWS4-HMAC-SHA256 Credential'."
            ),
        ),
        ("AWS4-HMAC-SHA1 Credential=x", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."),
        ("AWS4-ECDSA-P256-SHA256 Credential=x", "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'."),
        ("AWS AKIA:sig", "Unsupported AWS 'algorithm': 'AWS'."),
        (
            GOOD.replace("/sts/", "/"),
            (
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
                f"got '{CREDENTIAL.replace('/sts/', '/')}'"
            ),
        ),
        (
            "Bearer IQoJtoken",
            "'IQoJtoken' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer IQoJtoken'.",
        ),
    ],
)
def test_a_broken_header_is_incomplete(authorization: str, message: str) -> None:
    assert refusal(post(authorization)) == ("IncompleteSignature", message, 400)


def test_another_schemes_parameters_do_not_count() -> None:
    code, message, _ = refusal(post(GOOD.replace("AWS4-HMAC-SHA256", "Digest")))
    assert code == "IncompleteSignature"
    assert message.startswith("Authorization header requires 'Credential' parameter.")


def test_a_parameter_of_the_header_twice_is_refused() -> None:
    assert refusal(post(GOOD + f", Credential={CREDENTIAL}"))[0] == "IncompleteSignature"


def test_no_date_and_a_malformed_date_are_incomplete() -> None:
    undated = Sent("POST", b"/", b"", post(GOOD).without(b"x-amz-date"), dialect=Dialect.QUERY)
    code, message, status = refusal(undated)
    assert (code, status) == ("IncompleteSignature", 400)
    assert message == (
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=" + GOOD
    )
    for date in (
        "yesterday",
        "2013-05-24T00:00:00Z",
        "20131324T000000Z",
        "20130524T000000",
        "２0130524T00000Z",
        "20130524t000000z",
    ):
        assert refusal(post(GOOD, x_amz_date=date)) == (
            "IncompleteSignature",
            (
                f"Date must be in ISO-8601 'basic format'. Got '{date.encode().decode('latin-1')}'. "
                "See http://en.wikipedia.org/wiki/ISO_8601"
            ),
            400,
        )


def test_the_date_header_serves_where_there_is_no_x_amz_date() -> None:
    sent = Sent("POST", b"/", b"", post(GOOD).without(b"x-amz-date"), dialect=Dialect.QUERY)
    for date in (b"Fri, 24 May 2013 00:00:00 GMT", b"20130524T000000Z"):
        assert sent.with_header(b"date", date).signature().timestamp == STAMP
    for date in (b"Fri, 32 May 2013 00:00:00 GMT", b"Friday, 24-May-13 00:00:00 GMT", b"Fri, 24 May 2013 00:00:00 CET"):
        assert refusal(sent.with_header(b"date", date))[0] == "IncompleteSignature"


@pytest.mark.parametrize(
    ("credential", "message"),
    [
        ("20130524/us-west-9/sts/aws4_request", "Credential should be scoped to a valid region. "),
        ("20130524/us-east-1/iam/aws4_request", "Credential should be scoped to correct service: 'sts'. "),
        (
            "20130524/us-west-9/iam/aws4_request",
            "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'sts'. ",
        ),
        (
            "20130524/us-east-1/sts/aws4",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4'.",
        ),
        (
            "20130523/us-east-1/sts/aws4_request",
            (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                "'20130523' != '20130524', from '20130524T000000Z'."
            ),
        ),
    ],
)
def test_a_wrong_scope_says_what_is_wrong(credential: str, message: str) -> None:
    sent = post(GOOD.replace(CREDENTIAL, f"{KEY_ID}/{credential}"))
    assert refusal(sent) == ("SignatureDoesNotMatch", message, 403)


def test_a_request_of_another_time_is_refused_with_both_times() -> None:
    sent = sts_post()
    sent.accept(now=NOW + 900)
    sent.accept(now=NOW - 900)
    assert refusal(sent, now=NOW + 901) == (
        "SignatureDoesNotMatch",
        "Signature expired: 20130524T000000Z is now earlier than 20130524T000001Z (20130524T001501Z - 15 min.)",
        403,
    )
    assert refusal(sent, now=NOW - 901) == (
        "SignatureDoesNotMatch",
        "Signature not yet current: 20130524T000000Z is still later than 20130523T235959Z (20130523T234459Z + 15 min.)",
        403,
    )


def test_the_window_is_data() -> None:
    signature = sts_post().signature()
    check_time(signature, NOW + 300, window=300)
    with pytest.raises(SigningError, match=re.escape("- 5 min.)")):
        check_time(signature, NOW + 301, window=300)


def test_a_wrong_secret_is_told_nothing_but_that() -> None:
    assert refusal(sts_post(), secret="x") == ("SignatureDoesNotMatch", MISMATCH, 403)


@pytest.mark.parametrize("value", ["", "0", "é" * 64, "0" * 63, "0" * 65])
def test_a_signature_of_another_form_does_not_match(value: str) -> None:
    sent = sts_post()
    authorization = sent.header(b"authorization").decode()
    changed = re.sub("Signature=.*", f"Signature={value}", authorization)
    code = refusal(sent.with_header(b"authorization", changed.encode()))[0]
    assert code == ("SignatureDoesNotMatch" if value else "IncompleteSignature")


def test_json_services_have_their_own_names_for_it() -> None:
    sent = sts_post(dialect=Dialect.JSON)
    assert refusal(sent, secret="x") == ("InvalidSignatureException", MISMATCH, 400)
    assert refusal(sent, now=NOW + 901)[0] == "InvalidSignatureException"
    broken = post("AWS4-HMAC-SHA256 Credential")
    broken.dialect = Dialect.JSON
    assert refusal(broken)[0] == "IncompleteSignatureException"


def test_the_operation_of_a_json_call_must_be_signed() -> None:
    sent = sts_post(dialect=Dialect.JSON).with_header(b"x-amz-target", b"CloudTrail_20131101.DeleteTrail")
    code, message, _ = refusal(sent)
    assert (code, message) == (
        "InvalidSignatureException",
        "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
    )


def presigned(query: bytes) -> Sent:
    return Sent("GET", b"/", query, [(b"host", b"sts.example.com")], dialect=Dialect.QUERY)


def url(expires: int = 60) -> bytes:
    return presign(
        "GET",
        b"/",
        b"Action=GetCallerIdentity&Version=2011-06-15",
        [(b"host", b"sts.example.com")],
        access_key_id=KEY_ID,
        secret=SECRET,
        region="us-east-1",
        service="sts",
        now=NOW,
        expires=expires,
        payload=EMPTY,
    )


def test_a_presigned_call_lives_fifteen_minutes_whatever_it_says() -> None:
    for expires in (0, 1, 60, 604_800, 10**9):
        presigned(url(expires)).accept(now=NOW + 899)
        assert refusal(presigned(url(expires)), now=NOW + 901)[0] == "SignatureDoesNotMatch"
    without = url().replace(b"X-Amz-Expires=60&", b"")
    assert refusal(presigned(without))[0] == "SignatureDoesNotMatch"  # signed, so it cannot be taken away


def test_missing_query_parameters_are_named() -> None:
    assert refusal(presigned(b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20130524T000000Z")) == (
        "IncompleteSignature",
        (
            "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include "
            "'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
            "Re-examine the query-string parameters."
        ),
        400,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"AWS4-HMAC-SHA256", b"AWS4-HMAC-MD5", "Unsupported AWS 'algorithm': 'AWS4-HMAC-MD5'."),
        (b"%2Fsts%2F", b"%2F", "Credential must have exactly 5 slash-delimited elements"),
        (b"20130524T000000Z", b"now", "Date must be in ISO-8601 'basic format'. Got 'now'."),
    ],
)
def test_broken_query_parameters_are_incomplete(old: bytes, new: bytes, message: str) -> None:
    code, text, status = refusal(presigned(url().replace(old, new, 1)))
    assert (code, status) == ("IncompleteSignature", 400)
    assert text.startswith(message)


def test_the_checks_come_in_aws_order() -> None:
    """sts.md 1.6: form, then scope, then time, then (elsewhere) the key, then the HMAC."""
    everything_wrong = post(
        GOOD.replace("us-east-1/sts", "nowhere/iam").replace("SignedHeaders=host;", "SignedHeaders=")
    )
    signature = everything_wrong.signature()
    with pytest.raises(SigningError, match="valid region"):
        check_scope(signature, service="sts", regions={"us-east-1"})
    with pytest.raises(SigningError, match="Signature expired"):
        check_time(signature, NOW + 10_000)
    with pytest.raises(SigningError, match="'Host'"):
        verify(signature, SigningKeyCache().get(SECRET, signature), EMPTY)


def test_version_2_is_unknown_here() -> None:
    assert presigned(b"AWSAccessKeyId=AKIA&SignatureVersion=2&Signature=x&Action=GetUser").read() is None
