"""Dispatch of Query requests before any authentication, as recorded from STS, and the forms of its answers."""

from __future__ import annotations

import json

import pytest
from defusedxml.ElementTree import fromstring

from daypass.errors import ApiError
from daypass.protocol import Protocols, Route, not_implemented
from daypass.request import Request, Response

PROTOCOLS = Protocols.load()
STS, IAM = PROTOCOLS.services["sts"], PROTOCOLS.services["iam"]
FORM = (b"content-type", b"application/x-www-form-urlencoded; charset=utf-8")
IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"


def post(body: bytes = b"", path: bytes = b"/", *headers: tuple[bytes, bytes], query: bytes = b"") -> Request:
    return Request("POST", path, query, [*(headers or [FORM])], body, "test")


def get(query: bytes = b"", path: bytes = b"/", method: str = "GET") -> Request:
    return Request(method, path, query, [], b"", "test")


def refusal_text(route: Route) -> str | None:
    assert isinstance(route.refusal, ApiError)
    assert route.refusal.code == "InvalidAction"
    return route.refusal.message


@pytest.mark.parametrize("request_", [post(IDENTITY), get(IDENTITY), post(query=IDENTITY)])
def test_an_action_may_stand_in_form_or_query(request_: Request) -> None:
    assert STS.route(request_).operation == "GetCallerIdentity"


@pytest.mark.parametrize(
    "request_",
    [
        post(b"Version=2011-06-15"),
        post(b""),
        post(IDENTITY, b"/", (b"content-type", b"text/plain")),
        post(IDENTITY, b"/", (b"accept", b"*/*")),
        post(b"action=GetCallerIdentity&Version=2011-06-15"),
    ],
    ids=["no action", "no body", "another content type", "no content type", "names have case"],
)
def test_without_an_action_the_client_is_sent_away(request_: Request) -> None:
    answer = STS.route(request_).refusal
    assert isinstance(answer, Response)
    assert (answer.status, answer.body) == (302, b"")
    assert dict(answer.headers)[b"location"] == b"https://aws.amazon.com/iam"


def test_the_query_of_a_get_without_action_is_kept_in_the_location() -> None:
    answer = STS.route(get(b"Version=2011-06-15")).refusal
    assert isinstance(answer, Response)
    assert dict(answer.headers)[b"location"] == b"https://aws.amazon.com/iam?Version=2011-06-15"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"Action=NoSuchAction&Version=2011-06-15", "Could not find operation NoSuchAction for version 2011-06-15"),
        (
            b"Action=getcalleridentity&Version=2011-06-15",
            "Could not find operation getcalleridentity for version 2011-06-15",
        ),
        (b"Action=&Version=2011-06-15", "Could not find operation  for version 2011-06-15"),
        (b"Action=GetCallerIdentity", "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED"),
        (b"Action=GetCallerIdentity&Version=", "Could not find operation GetCallerIdentity for version "),
        (
            b"Action=GetCallerIdentity&Version=2000-01-01",
            "Could not find operation GetCallerIdentity for version 2000-01-01",
        ),
        (b"Action=x&Action=GetCallerIdentity&Version=2011-06-15", "Could not find operation x for version 2011-06-15"),
        (
            b"a;Action=GetCallerIdentity&Action=x&Version=2011-06-15",
            "Could not find operation x for version 2011-06-15",
        ),
    ],
)
def test_an_unknown_operation_is_refused_in_the_words_of_aws(body: bytes, text: str) -> None:
    assert refusal_text(STS.route(post(body))) == text


def test_the_first_of_two_actions_and_versions_counts() -> None:
    route = STS.route(post(IDENTITY + b"&Action=GetSessionToken&Version=x"))
    assert route.operation == "GetCallerIdentity"


def test_the_first_of_two_values_counts_and_the_query_comes_before_the_form() -> None:
    request = post(
        b"RoleArn=arn:aws:iam::1:role/second&RoleSessionName=ab",
        query=b"Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::1:role/first",
    )
    route = STS.route(request)
    assert STS.parse(route, request, b"")["RoleArn"] == "arn:aws:iam::1:role/first"


def test_a_refused_action_is_rendered_in_the_namespace_of_awsfault_and_escaped() -> None:
    route = STS.route(post(b"Action=<GetCallerIdentityResult>%26&Version=2011-06-15"))
    assert isinstance(route.refusal, ApiError)
    response = STS.render_error(route, route.refusal, "id", head=False)
    assert response.status == 400
    assert b"<GetCallerIdentityResult>" not in response.body
    root = fromstring(response.body.decode())
    assert root.tag == "{http://webservices.amazon.com/AWSFault/2005-15-09}ErrorResponse"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD"])
def test_another_path_is_no_operation(method: str) -> None:
    answer = STS.route(get(b"", b"/x", method)).refusal
    assert isinstance(answer, Response)
    assert answer.status == 404
    assert answer.body == (b"" if method == "HEAD" else b"<UnknownOperationException/>\n")


def test_an_action_on_another_path_is_dispatched_all_the_same() -> None:
    assert STS.route(post(IDENTITY, b"/x")).operation == "GetCallerIdentity"


def test_a_broken_escape_in_the_path_is_refused_without_a_word() -> None:
    answer = STS.route(post(IDENTITY, b"/%zz")).refusal
    assert isinstance(answer, Response)
    assert (answer.status, list(answer.headers), answer.body) == (400, [], b"")


def test_a_preflight_is_answered() -> None:
    headers = [(b"origin", b"https://a.example"), (b"access-control-request-method", b"POST")]
    answer = STS.route(Request("OPTIONS", b"/x", b"", headers, b"", "test")).refusal
    assert isinstance(answer, Response)
    assert answer.status == 200
    assert dict(answer.headers)[b"access-control-allow-origin"] == b"*"
    assert dict(answer.headers)[b"access-control-max-age"] == b"172800"


def test_methods_have_case() -> None:
    assert isinstance(STS.route(get(IDENTITY, method="get")).refusal, Response)


def test_a_body_over_ten_million_bytes_is_answered_without_a_word() -> None:
    assert STS.body_limit == 10_000_000
    assert isinstance(STS.too_large, Response)
    assert (STS.too_large.status, STS.too_large.body) == (413, b"")


def test_text_that_is_no_utf8_is_malformed_input() -> None:
    route = STS.route(post(b"Action=%ff&Version=2011-06-15"))
    assert isinstance(route.refusal, ApiError)
    assert route.refusal.code == "MalformedInput"


def test_an_answer_is_indented_and_carries_its_id_twice() -> None:
    output = {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/a", "UserId": "AIDA"}
    response = STS.render(STS.route(post(IDENTITY)), output, "59dbff89-35bd-4eac-99ed-be587EXAMPLE")
    assert dict(response.headers) == {
        b"x-amzn-requestid": b"59dbff89-35bd-4eac-99ed-be587EXAMPLE",
        b"content-type": b"text/xml",
    }
    assert response.body.decode() == (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        "  <GetCallerIdentityResult>\n"
        "    <Arn>arn:aws:iam::111122223333:user/a</Arn>\n"
        "    <UserId>AIDA</UserId>\n"
        "    <Account>111122223333</Account>\n"
        "  </GetCallerIdentityResult>\n"
        "  <ResponseMetadata>\n"
        "    <RequestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</RequestId>\n"
        "  </ResponseMetadata>\n"
        "</GetCallerIdentityResponse>\n"
    )


def test_assume_role_writes_its_members_in_the_recorded_order() -> None:
    output = {
        "Credentials": {
            "AccessKeyId": "ASIA",
            "SecretAccessKey": "s",
            "SessionToken": "t",
            "Expiration": 1_795_521_312,
        },
        "AssumedRoleUser": {"Arn": "arn", "AssumedRoleId": "AROA:a"},
        "SourceIdentity": "alice",
    }
    body = STS.render(Route("sts", "AssumeRole"), output, "id").body.decode()
    assert "<Expiration>2026-11-24T11:55:12Z</Expiration>" in body
    assert (
        body.index("<AssumedRoleUser>")
        < body.index("<AssumedRoleId>")
        < body.index("<Arn>")
        < body.index("<Credentials>")
    )
    assert body.index("<Credentials>") < body.index("<SourceIdentity>")


def test_an_operation_without_output_answers_its_metadata_only() -> None:
    body = IAM.render(Route("iam", "DeleteUser"), {}, "id").body.decode()
    assert body == (
        '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n'
        "  <ResponseMetadata>\n    <RequestId>id</RequestId>\n  </ResponseMetadata>\n</DeleteUserResponse>\n"
    )


def test_an_error_has_type_code_and_message() -> None:
    response = STS.render_error(None, ApiError("AccessDenied", 'a < b & "c"'), "id", head=False)
    assert response.status == 403
    assert response.body.decode() == (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <Error>\n    <Type>Sender</Type>\n'
        "    <Code>AccessDenied</Code>\n    <Message>a &lt; b &amp; &quot;c&quot;</Message>\n  </Error>\n"
        "  <RequestId>id</RequestId>\n</ErrorResponse>\n"
    )


def test_an_error_without_message_has_no_message_element() -> None:
    body = STS.render_error(None, ApiError("MalformedInput", None), "id", head=False).body
    assert b"Message" not in body


def test_a_fault_of_ours_is_the_receivers() -> None:
    response = STS.render_error(None, ApiError("InternalFailure", "x"), "id", head=False)
    assert response.status == 500
    assert b"<Type>Receiver</Type>" in response.body


def test_an_unknown_code_is_a_bug_of_ours() -> None:
    with pytest.raises(KeyError):
        STS.render_error(None, ApiError("NoSuchKey", None), "id", head=False)


def test_an_operation_that_is_not_there_yet_says_so() -> None:
    response = IAM.render_error(None, not_implemented("iam", "AcquireRole"), "id", head=False)
    assert response.status == 501
    assert b"<Code>NotImplemented</Code>" in response.body
    assert b"AcquireRole" in response.body


def test_control_characters_do_not_break_the_document() -> None:
    response = STS.render_error(None, ApiError("ValidationError", "a\x00b\x1bc\ud800\r"), "id", head=False)
    assert "a\ufffdb\ufffdc\ufffd&#13;" in response.body.decode()
    fromstring(response.body.decode())


def test_a_client_that_accepts_json_gets_json() -> None:
    request = post(IDENTITY, b"/", FORM, (b"accept", b"application/json"))
    route = STS.route(request)
    response = STS.render(Route("sts", "AssumeRole", form="json"), {"Credentials": {"Expiration": 5}}, "id")
    assert route.form == "json"
    assert dict(response.headers)[b"content-type"] == b"application/json"
    answer = json.loads(response.body)["AssumeRoleResponse"]
    assert answer["AssumeRoleResult"]["Credentials"]["Expiration"] == 5
    assert answer["AssumeRoleResult"]["SourceIdentity"] is None
    assert answer["ResponseMetadata"] == {"RequestId": "id"}
    refused = json.loads(STS.render_error(route, ApiError("AccessDenied", "no"), "id", head=False).body)
    assert refused == {"Error": {"Code": "AccessDenied", "Message": "no", "Type": "Sender"}, "RequestId": "id"}


def test_the_unsigned_operations_come_from_the_model() -> None:
    assert STS.unsigned_operations == {"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}
    assert IAM.unsigned_operations == frozenset()
