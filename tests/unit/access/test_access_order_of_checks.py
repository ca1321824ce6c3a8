"""The order in which STS checks a request: of two faults at once, the earlier step is named (recorded from AWS).

Each step of the order has one fault; every pair of steps is put into one request, which must be refused for the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from signkit import Signer
from worldkit import ACCOUNT, Host, allow, make_host, refusal, trusting

if TYPE_CHECKING:
    from daypass.request import Request

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
INVALID = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
EXPIRED = (403, "ExpiredToken", "The security token included in the request is expired")
MISMATCH = (
    403,
    "SignatureDoesNotMatch",
    (
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    ),
)


@pytest.fixture
def host() -> Host:
    """A server without object storage: there are many of them here."""
    return make_host()


@dataclass(frozen=True)
class Draft:
    """A request that has not been signed yet."""

    credentials: dict[str, Any]
    form: dict[str, str]
    bent: dict[str, Any] = field(default_factory=dict)
    now_shift: float = 0.0
    path: str = "/"
    strip: bool = False

    def signed(self, host: Host) -> Request:
        request = Signer(self.credentials, host.now + self.now_shift, **self.bent).header(self.form, self.path)
        if self.strip:
            request.headers = [(name, value) for name, value in request.headers if name != b"authorization"]
        return request


@dataclass(frozen=True)
class Scene:
    """What the faults are made of."""

    host: Host
    session: dict[str, Any]
    other: dict[str, Any]
    inactive: dict[str, str]
    device_serial: str

    def plain(self) -> Draft:
        form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/target"}
        return Draft(self.session, form | {"RoleSessionName": "dev"})


@pytest.fixture
def scene(host: Host, alice: dict[str, str]) -> Scene:
    """A user's session that may assume ``target``; another session; a key that was deactivated."""
    host.role("target", trusting(ALICE, Condition={"Bool": {"aws:SecureTransport": "false"}}))
    host.role("closed", trusting({"Service": "ec2.amazonaws.com"}))
    inactive = host.user("inactive")
    host.admin("iam").update_access_key(UserName="inactive", AccessKeyId=inactive["AccessKeyId"], Status="Inactive")
    device = host.device("alice")
    sts = host.client("sts", alice)
    session, other = (dict(sts.get_session_token(DurationSeconds=43200)["Credentials"]) for _ in range(2))
    return Scene(host, session, other, inactive, device.serial)


def with_form(draft: Draft, **parameters: str) -> Draft:
    return replace(draft, form=draft.form | parameters)


def with_credentials(draft: Draft, **parts: str | None) -> Draft:
    return replace(draft, credentials=draft.credentials | parts)


Fault = "tuple[str, Callable[[Scene, Draft], Draft], str, str]"

STEPS: list[Any] = [
    ("dispatch", lambda _, d: with_form(d, Action="NoSuchAction"), "InvalidAction", "NoSuchAction"),
    ("signature is there", lambda _, d: replace(d, strip=True), "MissingAuthenticationToken", "missing"),
    ("region of the scope", lambda _, d: replace(d, bent=d.bent | {"region": "nowhere-1"}), "SignatureDoesNotMatch", "valid region"),
    ("time", lambda _, d: replace(d, now_shift=-1200.0), "SignatureDoesNotMatch", "Signature expired"),
    ("key is known", lambda s, d: with_credentials(d, AccessKeyId=s.session["AccessKeyId"][:4] + "A" * 16), "InvalidClientTokenId", ""),
    ("token belongs to the key", lambda s, d: with_credentials(d, SessionToken=s.other["SessionToken"]), "InvalidClientTokenId", ""),
    ("HMAC", lambda _, d: with_credentials(d, SecretAccessKey="x" * 40), "SignatureDoesNotMatch", "we calculated"),
    ("numbers", lambda _, d: with_form(d, MinimumSessionTokenSize="abc"), "MalformedInput", ""),
    ("shape", lambda _, d: with_form(d, RoleSessionName="bad/name"), "ValidationError", "roleSessionName"),
    ("MFA", lambda s, d: with_form(d, SerialNumber=s.device_serial, TokenCode="000000"), "AccessDenied", "MultiFactorAuthentication"),
    ("tags", lambda _, d: with_form(d, **{"TransitiveTagKeys.member.1": "x"}), "InvalidParameterValue", "transitive"),
    ("authorization", lambda _, d: with_form(d, RoleArn=d.form["RoleArn"].replace("target", "closed")), "AccessDenied", "not authorized"),
    ("the role's maximum", lambda _, d: with_form(d, DurationSeconds="7200"), "ValidationError", "MaxSessionDuration"),
    ("session policy", lambda _, d: with_form(d, Policy="{"), "MalformedPolicyDocument", ""),
]  # fmt: skip
PAIRS = list(combinations(STEPS, 2))


def check(scene: Scene, draft: Draft, code: str, part: str) -> None:
    answer = scene.host.ask(draft.signed(scene.host))
    assert answer.code == code
    assert part in (answer.message or "")


def test_without_a_fault_the_call_works(scene: Scene) -> None:
    assert scene.host.ask(scene.plain().signed(scene.host)).status == 200


@pytest.mark.parametrize("step", STEPS, ids=[step[0] for step in STEPS])
def test_each_fault_alone(scene: Scene, step: Any) -> None:
    _, bend, code, part = step
    check(scene, bend(scene, scene.plain()), code, part)


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{one[0]} before {two[0]}" for one, two in PAIRS])
def test_the_earlier_fault_is_named(scene: Scene, first: Any, second: Any) -> None:
    _, bend, code, part = first
    check(scene, bend(scene, second[1](scene, scene.plain())), code, part)


# The pairs that the table cannot make


def identity(host: Host, credentials: dict[str, Any], **bent: Any) -> Any:
    form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
    return host.ask(Signer(credentials, host.now, **bent).header(form)).refusal


def test_a_wrong_region_and_a_wrong_service_are_both_named_before_every_fault_of_the_credentials(scene: Scene) -> None:
    text = "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'sts'. "
    wrong = scene.session | {"SessionToken": "x", "SecretAccessKey": "x"}
    told = identity(
        scene.host, wrong, region="nowhere-2", service="s3", headers={"host": "sts.us-east-1.amazonaws.com"}
    )
    assert told == (403, "SignatureDoesNotMatch", text)


def test_an_inactive_key_is_invalid_whatever_token_and_signature_come_with_it(scene: Scene) -> None:
    for token in (None, "rubbish", scene.session["SessionToken"]):
        for secret in (scene.inactive["SecretAccessKey"], "x" * 40):
            key = scene.inactive | {"SessionToken": token, "SecretAccessKey": secret}
            assert identity(scene.host, key) == INVALID


def test_b6_a_session_key_needs_its_own_token_whatever_the_signature(scene: Scene) -> None:
    for secret in (scene.session["SecretAccessKey"], scene.other["SecretAccessKey"], "x" * 40):
        for token in (None, "", "rubbish", scene.other["SessionToken"], scene.session["SessionToken"] + "A"):
            assert identity(scene.host, scene.session | {"SessionToken": token, "SecretAccessKey": secret}) == INVALID


def test_b6_a_token_sent_along_with_a_long_term_key_is_refused_after_the_signature(
    scene: Scene, alice: dict[str, str]
) -> None:
    for token in ("", "rubbish", scene.session["SessionToken"]):
        assert identity(scene.host, alice | {"SessionToken": token}) == INVALID
        assert identity(scene.host, alice | {"SessionToken": token, "SecretAccessKey": "x"}) == MISMATCH


def test_b6_a_session_token_is_no_bearer_token(scene: Scene) -> None:
    request = scene.plain().signed(scene.host)
    request.headers = [(n, v) for n, v in request.headers if n != b"authorization"]
    request.headers.append((b"authorization", f"Bearer {scene.session['SessionToken']}".encode()))
    assert scene.host.ask(request).status in (400, 403)


def test_an_expired_token_is_expired_before_its_role_is_gone_and_before_the_hmac(
    host: Host, alice: dict[str, str], iam: Any
) -> None:
    role = host.role("R", trusting(ALICE))
    session = host.assume(alice, role)
    other = host.assume(alice, role)
    iam.delete_role(RoleName="R")
    assert identity(host, session) == INVALID
    host.at(3600)
    assert identity(host, session) == EXPIRED
    assert identity(host, session | {"SecretAccessKey": "x"}) == EXPIRED
    assert identity(host, session | {"SessionToken": other["SessionToken"]}) == INVALID


def test_a_session_whose_role_is_gone_is_invalid_before_the_hmac(host: Host, alice: dict[str, str], iam: Any) -> None:
    session = host.assume(alice, host.role("R", trusting(ALICE)))
    iam.delete_role(RoleName="R")
    assert identity(host, session | {"SecretAccessKey": "x"}) == INVALID


def test_the_texts_of_sts_have_a_full_stop_for_invalid_and_none_for_expired() -> None:
    assert INVALID[2].endswith(".")
    assert not EXPIRED[2].endswith(".")


def test_shape_before_caller_kind_and_caller_kind_before_authorization(host: Host) -> None:
    sts = host.root("sts")
    assert refusal(sts.assume_role, RoleArn="short", RoleSessionName="dev")[1] == "ValidationError"
    told = refusal(sts.assume_role, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/absent", RoleSessionName="dev", TransitiveTagKeys=["x"])  # fmt: skip
    assert told[2] == "Roles may not be assumed by root accounts."


def test_the_wrong_source_identity_is_told_before_authorization(host: Host, alice: dict[str, str]) -> None:
    role = host.role("R", trusting(ALICE, "sts:AssumeRole", "sts:SetSourceIdentity"), allow("sts:*"))
    session = host.client("sts", host.assume(alice, role, SourceIdentity="alice"))
    told = refusal(session.assume_role, RoleArn=role, RoleSessionName="dev", SourceIdentity="bob")
    assert told == (400, "ValidationError", "The source identity is already set for this assume role session")


# Dispatch comes before any authentication


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"Action": "NoSuchAction", "Version": "2011-06-15"}, "NoSuchAction for version 2011-06-15"),
        ({"Action": "", "Version": "2011-06-15"}, " for version 2011-06-15"),
        ({"Action": "GetCallerIdentity"}, "GetCallerIdentity for version NO_VERSION_SPECIFIED"),
        ({"Action": "GetCallerIdentity", "Version": ""}, "GetCallerIdentity for version "),
        ({"Action": "GetCallerIdentity", "Version": "2000-01-01"}, "GetCallerIdentity for version 2000-01-01"),
        ({"Action": "getcalleridentity", "Version": "2011-06-15"}, "getcalleridentity for version 2011-06-15"),
    ],
)
@pytest.mark.parametrize("signed", [True, False])
def test_an_unknown_operation_is_refused_signed_or_not(host: Host, alice: dict[str, str], form: dict[str, str], text: str, signed: bool) -> None:  # fmt: skip
    answer = host.ask(
        Draft(alice, form, strip=not signed, bent={"headers": {"host": "sts.amazonaws.com"}}).signed(host)
    )
    assert answer.refusal == (400, "InvalidAction", f"Could not find operation {text}")
    assert "http://webservices.amazon.com/AWSFault/2005-15-09" in answer.body


def test_without_an_action_the_client_is_sent_away(host: Host, alice: dict[str, str]) -> None:
    for signed in (True, False):
        bent = {"headers": {"host": "sts.amazonaws.com"}}
        answer = host.ask(Draft(alice, {"Version": "2011-06-15"}, strip=not signed, bent=bent).signed(host))
        assert (answer.status, answer.headers["location"], answer.body) == (302, "https://aws.amazon.com/iam", "")


def test_every_refusal_names_its_request_id_twice(host: Host, alice: dict[str, str]) -> None:
    for answer in (
        host.query(alice, "NoSuchAction"),
        host.query(alice | {"SecretAccessKey": "x"}, "GetCallerIdentity"),
        host.query(alice, "AssumeRole"),
        host.query(alice, "GetAccessKeyInfo", AccessKeyId="AKIAIOSFODNN7EXAMPLE"),
    ):
        assert answer.text("RequestId") == answer.headers["x-amzn-requestid"]
        assert answer.text("Type") == "Sender"
        assert answer.headers["content-type"] == "text/xml"
