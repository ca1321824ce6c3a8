"""The federation endpoint: credentials to a sign-in token, once, to the console's session; and what opens none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from signinkit import browse
from worldkit import ACCOUNT, SECURE, Answer, Host, allow, deny, trusting

from daypass.request import Listener, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

CONSOLE = "https://console.aws.amazon.com/"
SPENT = "This sign-in link has been used, or is older than 15 minutes."


def shown(credentials: Mapping[str, Any]) -> str:
    named = {"sessionId": "AccessKeyId", "sessionKey": "SecretAccessKey", "sessionToken": "SessionToken"}
    return json.dumps({member: credentials[name] for member, name in named.items()})


def ask_token(host: Host, credentials: Mapping[str, Any], method: str = "GET", **more: str) -> Answer:
    query = {"Action": "getSigninToken", "SessionType": "json", "Session": shown(credentials)} | more
    return browse(host, "/federation", query, method=method)


def token_of(host: Host, credentials: Mapping[str, Any], **more: str) -> str:
    answer = ask_token(host, credentials, **more)
    assert answer.status == 200, answer.body
    assert json.loads(answer.body).keys() == {"SigninToken"}
    return str(json.loads(answer.body)["SigninToken"])


def login(host: Host, token: str, destination: str = CONSOLE, issuer: str = "https://idp.example.com/") -> Answer:
    query = {"Action": "login", "Issuer": issuer, "Destination": destination, "SigninToken": token}
    return browse(host, "/federation", query)


def cookie_of(answer: Answer) -> str:
    assert (answer.status, answer.headers["location"]) == (302, "/console/"), answer.body
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.fixture
def role(host: Host, alice: dict[str, str]) -> str:
    return host.role("Developer", trusting(f"arn:aws:iam::{ACCOUNT}:user/alice"), allow("*"))


@pytest.fixture
def session(host: Host, alice: dict[str, str], role: str) -> dict[str, Any]:
    return host.assume(alice, role, "ana")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_session_ends_in_the_console_which_shows_who_is_signed_in(host: Host, session: dict[str, Any], method: str) -> None:  # fmt: skip
    answer = ask_token(host, session, method)
    cookie = cookie_of(login(host, json.loads(answer.body)["SigninToken"]))
    page = browse(host, "/console/", cookie=cookie)
    assert page.status == 200
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/Developer/ana" in page.body
    assert session["Expiration"].strftime("%Y-%m-%d %H:%M:%S UTC") in page.body
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["x-frame-options"] == "DENY"


def test_the_cookie_is_for_the_console_alone(host: Host, session: dict[str, Any]) -> None:
    answer = login(host, token_of(host, session))
    attributes = answer.headers["set-cookie"].split("; ")[1:]
    assert attributes == ["Path=/console/", "Max-Age=3600", "HttpOnly", "SameSite=Lax", "Secure"]
    plain = browse(host, "/federation", {"Action": "login", "Destination": "/console/", "SigninToken": token_of(host, session)}, listener=Listener())  # fmt: skip
    assert "Secure" not in plain.headers["set-cookie"]


def test_j9_a_signin_token_is_good_once(host: Host, session: dict[str, Any]) -> None:
    token = token_of(host, session)
    assert login(host, token).status == 302
    again = login(host, token)
    assert again.status == 400
    assert SPENT in again.body
    assert 'href="https://idp.example.com/"' in again.body
    assert "set-cookie" not in again.headers


def test_j9_a_signin_token_is_good_for_a_quarter_of_an_hour(host: Host, session: dict[str, Any]) -> None:
    first, second = token_of(host, session), token_of(host, session)
    host.at(899)
    assert login(host, first).status == 302
    host.at(1)
    assert login(host, second).status == 400


def test_j9_no_cookie_is_a_signin_token_or_a_session_token(host: Host, session: dict[str, Any]) -> None:
    token = token_of(host, session)
    cookie = cookie_of(login(host, token))
    value = cookie.partition("=")[2]
    assert login(host, value).status == 400
    assert "Signed out" in browse(host, "/console/", cookie=f"daypass_console={token}").body
    for stolen in (token, value):
        assert host.query(session | {"SessionToken": stolen}, "GetCallerIdentity").code == "InvalidClientTokenId"


def test_what_ends_the_session_ends_the_console_with_the_next_click(host: Host, session: dict[str, Any]) -> None:
    cookie = cookie_of(login(host, token_of(host, session)))
    unused = token_of(host, session)
    iam = host.admin("iam")
    iam.delete_role_policy(RoleName="Developer", PolicyName="p")
    iam.delete_role(RoleName="Developer")
    page = browse(host, "/console/", cookie=cookie)
    assert "Signed out" in page.body
    assert page.headers["set-cookie"].startswith("daypass_console=; ")
    assert login(host, unused).status == 400


def test_the_console_ends_with_the_credentials(host: Host, session: dict[str, Any]) -> None:
    cookie = cookie_of(login(host, token_of(host, session)))
    host.at(3599)
    assert "ana" in browse(host, "/console/", cookie=cookie).body
    host.at(1)
    assert "Signed out" in browse(host, "/console/", cookie=cookie).body


def test_a_session_duration_outlives_the_credentials(host: Host, session: dict[str, Any]) -> None:
    cookie = cookie_of(login(host, token_of(host, session, SessionDuration="43200")))
    host.at(43_199)
    assert "ana" in browse(host, "/console/", cookie=cookie).body
    host.at(1)
    assert "Signed out" in browse(host, "/console/", cookie=cookie).body


@pytest.mark.parametrize(
    "seconds",
    [
        "899",
        "43201",
        "-900",
        "3600.5",
        "abc",
        "",
        "９００",
        "9" * 5000,
        "000900999999",
        "000900",
        "0900",
        "+900",
        "9e2",
        "1_000",
        "000900" + "9" * 15,
    ],
)
def test_a_session_duration_out_of_range_is_refused(host: Host, session: dict[str, Any], seconds: str) -> None:
    assert ask_token(host, session, SessionDuration=seconds).status == 400


def test_a_chained_session_takes_no_duration(host: Host, session: dict[str, Any]) -> None:
    chained = host.assume(session, host.role("Next", trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:role/Developer"})))
    assert ask_token(host, chained, SessionDuration="3600").status == 400
    assert ask_token(host, chained).status == 200


def test_a_federated_user_signs_in_and_takes_no_duration(host: Host) -> None:
    ann = host.user("ann", allow("*"))
    bob = host.client("sts", ann).get_federation_token(Name="Bob", Policy=allow("*"))["Credentials"]
    page = browse(host, "/console/", cookie=cookie_of(login(host, token_of(host, bob))))
    assert f"arn:aws:sts::{ACCOUNT}:federated-user/Bob" in page.body
    assert ask_token(host, bob, SessionDuration="3600").status == 400


def test_who_is_no_session_of_a_role_or_federated_user_does_not_sign_in(host: Host, alice: dict[str, str], session: dict[str, Any]) -> None:  # fmt: skip
    of_user = host.client("sts", alice).get_session_token()["Credentials"]
    for credentials in (of_user, alice | {"SessionToken": ""}, alice | {"SessionToken": session["SessionToken"]},
                        session | {"SecretAccessKey": "x" * 40}, session | {"AccessKeyId": of_user["AccessKeyId"]},
                        session | {"SessionToken": session["SessionToken"][:-4] + "AAAA"}):  # fmt: skip
        answer = ask_token(host, credentials)
        assert (answer.status, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
        assert "SigninToken" not in answer.body
    host.at(3600)
    assert ask_token(host, session).status == 400


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"sessionId":1}', '{"sessionId":"A","sessionKey":"B"}', "{" * 5000]
)
def test_a_malformed_session_is_refused(host: Host, text: str) -> None:
    answer = browse(host, "/federation", {"Action": "getSigninToken", "Session": text})
    assert answer.status == 400
    assert "Invalid credentials parameter" in answer.body


@pytest.mark.parametrize("destination", ["https://evil.example/", "//evil.example/console/", "javascript:alert(1)", "", "https://console.aws.amazon.com.evil.example/",
                                         "https://evil.example/console/", "https://[", "http://console.aws.amazon.com/", "/console/../../x?", "\\\\evil"])  # fmt: skip
def test_a_browser_is_sent_nowhere_else(host: Host, session: dict[str, Any], destination: str) -> None:
    answer = login(host, token_of(host, session), destination)
    assert answer.status == 400 or answer.headers["location"] == "/console/"
    if answer.status == 302:
        assert destination.startswith("/console/")


@pytest.mark.parametrize(
    "destination",
    [
        "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1",
        "/console/",
        "https://signin.aws.amazon.com/console/x",
    ],
)
def test_the_console_of_aws_is_this_one_here(host: Host, session: dict[str, Any], destination: str) -> None:
    cookie_of(login(host, token_of(host, session), destination))


@pytest.mark.parametrize("issuer", ["javascript:alert(1)", 'https://x/"><script>alert(1)</script>', "data:text/html,x"])
def test_an_issuer_runs_no_script(host: Host, session: dict[str, Any], issuer: str) -> None:
    token = token_of(host, session)
    login(host, token, issuer=issuer)
    body = login(host, token, issuer=issuer).body
    assert "href" not in login(host, "forged").body
    assert "<script>" not in body
    assert "javascript:" not in body
    assert "data:" not in body


def test_signing_out_forgets_the_cookie_and_shows_the_way_back(host: Host, session: dict[str, Any]) -> None:
    cookie = cookie_of(login(host, token_of(host, session)))
    for path, query, method in (("/console/logout", None, "POST"), ("/federation", {"Action": "logout"}, "GET")):
        answer = browse(host, path, query, cookie=cookie, method=method)
        assert answer.headers["set-cookie"].startswith("daypass_console=; Path=/console/; Max-Age=0")
        assert 'href="https://idp.example.com/"' in answer.body


def test_signing_in_stands_in_the_trail_without_any_secret(host: Host, session: dict[str, Any]) -> None:
    token = token_of(host, session)
    cookie = cookie_of(login(host, token))
    made, entered = host.journal.records[-2:]
    assert [made["eventName"], entered["eventName"]] == ["GetSigninToken", "ConsoleLogin"]
    for record, name in ((made, "GetSigninToken"), (entered, "ConsoleLogin")):
        assert record["eventSource"] == "signin.amazonaws.com"
        assert (record["eventType"], record["readOnly"], record["eventCategory"]) == (
            "AwsConsoleSignIn",
            False,
            "Management",
        )
        assert record["userIdentity"]["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/Developer/ana"
        assert record["responseElements"] == {name: "Success"}
        assert record["requestParameters"] is None
    login(host, token)
    assert host.journal.records[-1]["errorCode"] == "ValidationException"
    browse(host, "/console/", cookie=cookie)
    assert host.journal.records[-1]["eventCategory"] == "Data"
    text = b"\n".join(host.journal.lines)
    for secret in (token, cookie.partition("=")[2], session["SecretAccessKey"], session["SessionToken"]):
        assert secret.encode() not in text


def test_a_policy_that_denies_everything_does_not_keep_a_page_from_showing_who_is_there(
    host: Host, session: dict[str, Any]
) -> None:
    host.admin("iam").put_role_policy(RoleName="Developer", PolicyName="p", PolicyDocument=deny("*"))
    assert "ana" in browse(host, "/console/", cookie=cookie_of(login(host, token_of(host, session)))).body


def test_a_bucket_may_be_called_like_a_path_of_ours(host: Host) -> None:
    s3 = host.admin("s3")
    s3.create_bucket(Bucket="federation")
    s3.put_object(Bucket="federation", Key="k", Body=b"x")
    assert s3.get_object(Bucket="federation", Key="k")["Body"].read() == b"x"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="federation")["Contents"]] == ["k"]


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/federation", "GET"),
        ("/federation", "PUT"),
        ("/federation", "POST"),
        ("/console/x", "GET"),
        ("/console/", "POST"),
        ("/console/logout", "GET"),
        ("/", "GET"),
    ],
)
def test_what_is_no_page_is_refused_with_a_page(host: Host, path: str, method: str) -> None:
    answer = browse(host, path, method=method)
    assert answer.status in (400, 404)
    assert "<h1>Sign-in failed</h1>" in answer.body


def test_a_parameter_that_comes_twice_is_refused(host: Host, session: dict[str, Any]) -> None:
    one = {"Action": "getSigninToken", "Session": shown(session)}
    text = f"{urlencode(one)}&{urlencode({'Session': shown(session)})}".encode()
    request = Request("GET", b"/federation", text, [(b"host", b"localhost:4100")], b"", "192.0.2.7", SECURE)
    assert host.ask(request).status == 400
