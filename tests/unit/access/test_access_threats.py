"""What has gone wrong in servers like this one, as tests: identity, sessions and requests of STS. Names are of the threat list."""

from __future__ import annotations

from typing import Any

import pytest
from signkit import Signer
from worldkit import ACCOUNT, OTHER_ACCOUNT, PROTOCOLS, Host, allow, make_host, refusal, trusting

from daypass.request import Request

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
IDENTITY = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
BUCKET_ONLY = allow("s3:GetObject", resource="arn:aws:s3:::reports/*")
MISMATCH = "SignatureDoesNotMatch"


# Rows A, signatures


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_a5_no_operation_works_with_a_wrong_secret(host: Host, admin: dict[str, str], service: str) -> None:
    """All that the model has, so that a new one is covered."""
    model = PROTOCOLS.services[service]
    for operation in sorted(model.operation_names):
        if operation in model.unsigned_operations:
            continue
        answer = host.query(admin | {"SecretAccessKey": "x" * 40}, operation, service)
        assert (answer.status, answer.code) == (403, MISMATCH), operation


@pytest.mark.parametrize("seconds", [-901, 901, -3600, 86400 * 30])
@pytest.mark.parametrize("presigned", [False, True])
def test_a7_a_call_of_another_time_is_refused(host: Host, alice: dict[str, str], seconds: int, presigned: bool) -> None:
    signer = Signer(alice, host.now + seconds)
    request = signer.presigned(IDENTITY, "604800") if presigned else signer.header(IDENTITY)
    answer = host.ask(request)
    assert (answer.status, answer.code) == (403, MISMATCH)
    assert (answer.message or "").startswith("Signature expired: " if seconds < 0 else "Signature not yet current: ")


@pytest.mark.parametrize("seconds", [-900, 0, 900])
def test_a7_fifteen_minutes_either_way_are_accepted(host: Host, alice: dict[str, str], seconds: int) -> None:
    assert host.ask(Signer(alice, host.now + seconds).header(IDENTITY)).status == 200


def test_a7_a_date_is_needed_and_the_scope_s_must_be_the_same_day(host: Host, alice: dict[str, str]) -> None:
    request = Signer(alice, host.now).header(IDENTITY)
    request.headers = [(name, value) for name, value in request.headers if name != b"x-amz-date"]
    assert host.ask(request).code == "IncompleteSignature"
    assert host.ask(Signer(alice, host.now, day="20270114").header(IDENTITY)).code == MISMATCH


def test_a10_the_first_of_two_counts_in_routing_arguments_conditions_and_audit(
    host: Host, alice: dict[str, str]
) -> None:
    one = host.role("one", trusting(ALICE, Condition={"StringEquals": {"sts:RoleSessionName": "first"}}))
    host.role("two", trusting(ALICE))
    body = (
        f"Action=AssumeRole&Action=GetSessionToken&Version=2011-06-15&RoleArn={one}"
        f"&RoleArn=arn:aws:iam::{ACCOUNT}:role/two&RoleSessionName=first&RoleSessionName=second"
    )
    answer = host.ask(Signer(alice, host.now).header(body))
    assert answer.text("Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/one/first"
    record = host.journal.records[-1]
    assert record["eventName"] == "AssumeRole"
    assert record["requestParameters"] == {"roleArn": one, "roleSessionName": "first"}


def test_a10_semicolons_separate_nothing(host: Host, alice: dict[str, str]) -> None:
    body = "x=1;Action=GetSessionToken&Action=GetCallerIdentity&Version=2011-06-15"
    assert host.ask(Signer(alice, host.now).header(body)).text("Arn") == ALICE


@pytest.mark.parametrize(
    "name", ["X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Algorithm"]
)
def test_a10_an_authentication_parameter_twice_is_refused(host: Host, alice: dict[str, str], name: str) -> None:
    request = Signer(alice, host.now).presigned(IDENTITY)
    parameters = dict(pair.split("=", 1) for pair in request.raw_query.decode().split("&"))
    for added in (f"&{name}={parameters[name]}", f"&{name}=other"):
        doubled = Request("GET", b"/", request.raw_query + added.encode(), request.headers, b"", "192.0.2.7")
        assert host.ask(doubled).status in (400, 403)


def test_a11_the_host_must_be_signed(host: Host, alice: dict[str, str]) -> None:
    answer = host.ask(Signer(alice, host.now, unsigned=("host",)).header(IDENTITY))
    assert answer.refusal == (
        403,
        MISMATCH,
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    )


def test_a11_a_request_for_one_server_is_not_good_at_another(host: Host, alice: dict[str, str]) -> None:
    request = Signer(alice, host.now).header(IDENTITY)
    request.headers = [(name, b"other.example.com" if name == b"host" else value) for name, value in request.headers]
    assert host.ask(request).code == MISMATCH


# Rows B, sessions


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateAccessKey", {}),
        ("CreateAccessKey", {"UserName": "alice"}),
        ("PutUserPolicy", {"UserName": "alice", "PolicyName": "p", "PolicyDocument": allow("*")}),
        ("AttachUserPolicy", {"UserName": "alice", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
        ("PutRolePolicy", {"RoleName": "Admin", "PolicyName": "p", "PolicyDocument": allow("*")}),
        ("UpdateAssumeRolePolicy", {"RoleName": "Admin", "PolicyDocument": trusting("*")}),
        ("CreateUser", {"UserName": "eve"}),
        ("GetUser", {}),
        ("DeactivateMFADevice", {"UserName": "alice", "SerialNumber": "arn:aws:iam::111122223333:mfa/alice"}),
    ],
)
@pytest.mark.parametrize("kind", ["role session", "user session with MFA"])
def test_b1_a_narrow_session_does_nothing_to_its_own_account(
    host: Host, alice: dict[str, str], iam: Any, *, kind: str, operation: str, parameters: dict[str, str]
) -> None:
    role = host.role("Admin", trusting(ALICE), allow("*"))
    session = host.assume(alice, role, Policy=BUCKET_ONLY)
    if kind == "user session with MFA":
        iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=BUCKET_ONLY)
        device = host.device("alice")
        given = {"SerialNumber": device.serial, "TokenCode": device.code()}
        session = host.client("sts", alice).get_session_token(**given)["Credentials"]
    answer = host.query(session, operation, "iam", **parameters)
    nobody_named = kind == "role session" and "UserName" not in parameters and "RoleName" not in parameters
    assert answer.code == ("ValidationError" if nobody_named else "AccessDenied"), answer.body


def test_b1_a_narrow_session_neither_federates_nor_assumes(
    host: Host, alice: dict[str, str], admin: dict[str, str]
) -> None:
    role = host.role("Admin", trusting([ALICE, f"arn:aws:iam::{ACCOUNT}:root"]), allow("*"))
    narrow = host.assume(alice, role, Policy=BUCKET_ONLY)
    bob = host.client("sts", admin).get_federation_token(Name="Bob", Policy=BUCKET_ONLY)["Credentials"]
    for session in (narrow, bob):
        assert host.query(session, "GetFederationToken", Name="Bob").code == "AccessDenied"
        assert host.query(session, "GetSessionToken").code == "AccessDenied"
        assert host.query(session, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"


def test_b3_self_management_does_not_reach_other_users(host: Host, alice: dict[str, str], iam: Any) -> None:
    own = allow("iam:*AccessKey*", resource="arn:aws:iam::*:user/${aws:username}")
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=own)
    bob = host.user("bob")
    mine = host.query(alice, "CreateAccessKey", "iam")
    assert mine.status == 200
    for operation in ("CreateAccessKey", "ListAccessKeys"):
        assert host.query(alice, operation, "iam", UserName="bob").code == "AccessDenied"
    for parameters in ({"AccessKeyId": bob["AccessKeyId"]}, {"AccessKeyId": bob["AccessKeyId"], "UserName": "alice"}):
        for operation, more in (("DeleteAccessKey", {}), ("UpdateAccessKey", {"Status": "Inactive"})):
            assert host.query(alice, operation, "iam", **parameters, **more).code in ("NoSuchEntity", "AccessDenied")
    assert host.query(bob, "GetCallerIdentity").status == 200


def test_b6_nothing_else_that_the_key_ring_sealed_opens_as_a_session(host: Host, alice: dict[str, str]) -> None:
    """A paging marker of IAM's, in place of a session's token."""
    session = host.assume(alice, host.role("R", trusting(ALICE)))
    marker = host.admin("iam").list_users(MaxItems=1).get("Marker")
    assert marker
    for token in (marker, session["SessionToken"][:16] + marker, session["SecretAccessKey"]):
        assert host.query(session | {"SessionToken": token}, "GetCallerIdentity").code == "InvalidClientTokenId"


def test_b8_what_limits_a_session_is_enforced_or_refused(host: Host, alice: dict[str, str], iam: Any) -> None:
    """Each limiting parameter of each issuing operation, one by one: a session that may not list users."""
    role = host.role("R", trusting(ALICE, "sts:*"), allow("iam:*"))
    nothing = iam.create_policy(PolicyName="nothing", PolicyDocument=allow("s3:*"))["Policy"]["Arn"]
    for limit in ({"Policy": BUCKET_ONLY}, {"PolicyArns": [{"arn": nothing}]}):
        assert host.query(host.assume(alice, role, **limit), "ListUsers", "iam").code == "AccessDenied"
    short = host.assume(alice, role, DurationSeconds=900)
    host.at(900)
    assert host.query(short, "ListUsers", "iam").code == "ExpiredToken"
    contexts = {"ProvidedContexts.member.1.ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter", "ProvidedContexts.member.1.ContextAssertion": "abcd"}  # fmt: skip
    refused = host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev", **contexts)
    assert refused.code == "ValidationError"


def test_b8_a_session_policy_that_no_longer_parses_lets_nothing_through(
    host: Host, alice: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older version sealed and this one does not understand."""
    monkeypatch.setattr("daypass.services.sts.session_policies._check_inline", lambda _text: None)
    role = host.role("R", trusting(ALICE), allow("iam:*"))
    session = host.assume(alice, role, Policy=allow("iam:*", Frobnicate="yes"))
    answer = host.query(session, "ListUsers", "iam")
    assert answer.status in (403, 500)
    assert "ListUsersResult" not in answer.body


def test_b9_no_hop_of_a_chain_lives_longer_than_an_hour(host: Host, alice: dict[str, str]) -> None:
    one = host.role("one", trusting(ALICE), MaxSessionDuration=43200)
    two = host.role("two", trusting(one), MaxSessionDuration=43200)
    session = host.client("sts", host.assume(alice, one, DurationSeconds=43200))
    assert (
        refusal(session.assume_role, RoleArn=two, RoleSessionName="dev", DurationSeconds=3601)[1] == "ValidationError"
    )


def test_b11_the_account_of_a_token_is_that_of_its_key(host: Host, alice: dict[str, str]) -> None:
    carol = host.user("carol", account=OTHER_ACCOUNT)
    mine = host.client("sts", alice).get_session_token()["Credentials"]
    theirs = host.client("sts", carol).get_session_token()["Credentials"]
    mixed = mine | {"AccessKeyId": theirs["AccessKeyId"]}
    assert host.query(mixed, "GetCallerIdentity").code == "InvalidClientTokenId"


@pytest.mark.parametrize("limit", [0, 7200])
def test_b16_a_chain_may_be_prolonged_for_ever_unless_a_setting_ends_it(limit: int) -> None:
    host = make_host(sts_max_chain_age=limit)
    alice = host.user("alice")
    one, two = (host.role(name, trusting(ALICE), allow("sts:AssumeRole")) for name in ("one", "two"))
    for name in ("one", "two"):
        host.admin("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trusting([ALICE, one, two]))
    session = host.assume(alice, one)
    for hop in range(1, 8):
        host.at(1800)
        answer = host.query(session, "AssumeRole", RoleArn=(one, two)[hop % 2], RoleSessionName="dev")
        if limit and hop * 1800 >= limit:
            assert (answer.status, answer.code) == (403, "AccessDenied")
            assert "sts.max_chain_age" in (answer.message or "")
            break
        assert answer.status == 200
        session = {name: answer.text(name) or "" for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    assert hop == (4 if limit else 7)
    host.assume(alice, one)  # the person at the root of it begins anew


# Rows E, what an answer says


EVIL = "<GetCallerIdentityResult><Arn>arn:aws:iam::1:root</Arn></GetCallerIdentityResult>"


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
@pytest.mark.parametrize(
    "form",
    [
        {"Action": EVIL, "Version": "2011-06-15"},
        {"Action": "GetCallerIdentity", "Version": EVIL},
        {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": EVIL, "RoleSessionName": "dev"},
        {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": "a" * 20, "RoleSessionName": EVIL},
        {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{EVIL}", "RoleSessionName": "dev"},
        {"Action": "GetAccessKeyInfo", "Version": "2011-06-15", "AccessKeyId": EVIL},
        {"Action": "GetFederationToken", "Version": "2011-06-15", "Name": EVIL, "Policy": EVIL},
        {"Action": "GetSessionToken", "Version": "2011-06-15", "SerialNumber": EVIL, "TokenCode": "123456"},
    ],
)  # fmt: skip
def test_e1_what_a_stranger_writes_is_never_part_of_the_document(
    host: Host, alice: dict[str, str], form: dict[str, str], accept: str
) -> None:
    answer = host.ask(Signer(alice, host.now, headers={"accept": accept}).header(form))
    assert answer.status in (400, 403)
    if accept == "application/json":
        assert answer.headers["content-type"] == "application/json"
        assert answer.body.startswith('{"Error":{"Code":"')
    else:
        assert answer.headers["content-type"] == "text/xml"
        assert answer.body.startswith("<ErrorResponse ")
        assert "<GetCallerIdentityResult>" not in answer.body


def test_e1_only_accept_chooses_the_form_of_an_answer(host: Host, alice: dict[str, str]) -> None:
    signer = Signer(alice, host.now, headers={"x-accept": "application/json", "content-type": "application/x-www-form-urlencoded; a=application/json"})  # fmt: skip
    assert host.ask(signer.header(IDENTITY | {"ContentType": "JSON"})).headers["content-type"] == "text/xml"


@pytest.mark.parametrize(
    "name", ["X-Amz-Credential", "x-amz-credential", "AccessKeyId", "action", "X-Amz-Security-Token"]
)
def test_e2_nobody_chooses_who_they_are_by_a_second_parameter(host: Host, alice: dict[str, str], admin: dict[str, str], name: str) -> None:  # fmt: skip
    other = f"{admin['AccessKeyId']}/20270115/us-east-1/sts/aws4_request"
    for request in (
        Signer(alice, host.now).header(IDENTITY | {name: other}),
        Signer(alice, host.now, headers={name.lower(): other}).header(IDENTITY)
        if name != "X-Amz-Security-Token"
        else None,
    ):
        if request is None:
            continue
        answer = host.ask(request)
        record = host.journal.records[-1]
        if answer.status == 200:
            assert answer.text("Arn") == ALICE
            assert record["userIdentity"]["accessKeyId"] == alice["AccessKeyId"]
        assert admin["AccessKeyId"] not in str(record["userIdentity"])


def test_e4_a_presigned_request_buys_exactly_its_operation(host: Host, alice: dict[str, str]) -> None:
    request = Signer(alice, host.now).presigned(IDENTITY)
    for query in (
        request.raw_query.replace(b"GetCallerIdentity", b"GetSessionToken"),
        b"Action=GetSessionToken&" + request.raw_query,
        request.raw_query + b"&DurationSeconds=900",
    ):
        assert host.ask(Request("GET", b"/", query, request.headers, b"", "192.0.2.7")).code == MISMATCH
    posted = Request("POST", b"/", request.raw_query, [*request.headers, (b"content-type", b"application/x-www-form-urlencoded")], b"Action=GetSessionToken", "192.0.2.7")  # fmt: skip
    assert host.ask(posted).code == MISMATCH


# Rows F, confused deputies


@pytest.mark.parametrize(
    "given",
    ["", "&ExternalId=", "&ExternalId=Customer", "&ExternalId=CUSTOMER-7", "&ExternalId=other&ExternalId=customer-7", "&externalId=customer-7",
     "&ExternalId=customer-7%20", "&ExternalId=customer-7%00", "&ExternalId.=customer-7", "&ExternalId.member.1=customer-7"],
)  # fmt: skip
def test_f13_the_external_id_must_be_exactly_right(host: Host, alice: dict[str, str], given: str) -> None:
    role = host.role("R", trusting(ALICE, Condition={"StringEquals": {"sts:ExternalId": "customer-7"}}))
    form = f"Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=dev"
    answer = host.ask(Signer(alice, host.now).header(form + given))
    assert answer.code in ("AccessDenied", "ValidationError", "MalformedInput")
    assert host.ask(Signer(alice, host.now).header(form + "&ExternalId=customer-7")).status == 200


def test_f13_an_external_id_in_a_deny_is_exact_too(host: Host, alice: dict[str, str]) -> None:
    role = host.role("R", trusting(ALICE, Condition={"StringNotEquals": {"sts:ExternalId": "blocked"}}))
    assert host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev").status == 200
    assert (
        host.query(alice, "AssumeRole", RoleArn=role, RoleSessionName="dev", ExternalId="blocked").code
        == "AccessDenied"
    )


# Rows G, secrets


def test_g3_no_audit_record_holds_a_secret_or_a_token(host: Host, alice: dict[str, str], admin: dict[str, str]) -> None:
    role = host.role("R", trusting(ALICE))
    device = host.device("alice")
    code = device.code()
    sts = host.client("sts", alice)
    made = [host.assume(alice, role), sts.get_session_token(SerialNumber=device.serial, TokenCode=code)["Credentials"],
            host.client("sts", admin).get_federation_token(Name="Bob")["Credentials"]]  # fmt: skip
    host.query(made[0], "GetCallerIdentity")
    host.query(made[0] | {"SessionToken": made[0]["SessionToken"][:-1]}, "GetCallerIdentity")
    trail = b"\n".join(host.journal.lines).decode()
    secrets = [alice["SecretAccessKey"], admin["SecretAccessKey"]]
    secrets += [one[name] for one in made for name in ("SecretAccessKey", "SessionToken")]
    assert not [secret for secret in secrets if secret in trail]
    assert f'"{code}"' not in trail
