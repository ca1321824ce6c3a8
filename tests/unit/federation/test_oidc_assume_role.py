"""AssumeRoleWithWebIdentity (STS API Reference): who is let in, what the session carries, and what the trail says of it."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha512
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import pytest
from oidcworld import CLIENT, NOT_AUTHORIZED, Documents, Issuer, ec_key, make_web
from signkit import FORM, HOST, Signer
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, allow, deny, document, long_term, refusal

from daypass.credentials import open_session
from daypass.directory import Put, Role
from daypass.federation import OpenId, Verification
from daypass.request import Request

if TYPE_CHECKING:
    from oidcworld import Web

TAGS = "https://aws.amazon.com/tags"
SOURCE = "https://aws.amazon.com/source_identity"
IDP = "idp.example.com"
TAGGING = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession")


@pytest.fixture
def web() -> Web:
    return make_web()


def tagged(tags: dict[str, str], *transitive: str) -> dict[str, Any]:
    return {
        TAGS: {"principal_tags": {key: [value] for key, value in tags.items()}, "transitive_tag_keys": list(transitive)}
    }


def test_the_answer_has_all_members(web: Web) -> None:
    answer = web.ask(web.issuer.token(sub="alice"), DurationSeconds="900")
    role = web.host.admin("iam").get_role(RoleName="web")["Role"]
    assert answer.status == 200
    assert answer.text("SubjectFromWebIdentityToken") == "alice"
    assert answer.text("Audience") == CLIENT
    assert answer.text("Provider") == web.issuer.arn
    assert answer.text("Arn") == f"arn:aws:sts::{ACCOUNT}:assumed-role/web/me"
    assert answer.text("AssumedRoleId") == f"{role['RoleId']}:me"
    assert answer.text("Expiration") == "2027-01-15T08:15:00Z"
    assert int(answer.text("SessionTokenSize") or 0) < 600
    assert answer.text("PackedPolicySize") is None
    assert answer.text("SourceIdentity") is None


def test_the_session_is_the_roles(web: Web) -> None:
    iam = web.host.admin("iam")
    iam.put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=allow("iam:ListUsers"))
    session = web.assume(web.issuer.token())
    assert web.host.client("sts", session).get_caller_identity()["Arn"].endswith(":assumed-role/web/me")
    web.host.client("iam", session).list_users()
    assert refusal(web.host.client("iam", session).list_roles)[1] == "AccessDenied"


@pytest.mark.parametrize(
    ("condition", "claims", "good"),
    [
        ({"StringEquals": {f"{IDP}:sub": "someone"}}, {}, True),
        ({"StringEquals": {f"{IDP}:sub": "someone"}}, {"sub": "Someone"}, False),
        ({"StringEquals": {f"{IDP}:SUB": "someone"}}, {}, True),
        ({"StringEquals": {f"{IDP}:aud": CLIENT}}, {}, True),
        ({"StringEquals": {f"{IDP}:aud": "other"}}, {}, False),
        ({"StringEquals": {f"{IDP}:aud": CLIENT}}, {"aud": "other", "azp": CLIENT}, True),
        ({"StringEquals": {f"{IDP}:azp": CLIENT}}, {"aud": "other", "azp": CLIENT}, True),
        ({"StringEquals": {f"{IDP}:azp": CLIENT}}, {}, False),
        ({"ForAnyValue:StringEquals": {f"{IDP}:amr": "mfa"}}, {"amr": ["pwd", "mfa"]}, True),
        ({"ForAnyValue:StringEquals": {f"{IDP}:amr": "mfa"}}, {"amr": ["pwd"]}, False),
        ({"ForAnyValue:StringEquals": {f"{IDP}:amr": "mfa"}}, {"amr": "mfa"}, True),
        ({"ForAnyValue:StringEquals": {f"{IDP}:groups": "ops"}}, {"groups": ["dev", "ops"]}, True),
        ({"StringEquals": {f"{IDP}:email_verified": "true"}}, {"email_verified": True}, True),
        ({"NumericGreaterThan": {f"{IDP}:level": "3"}}, {"level": 4}, True),
        ({"NumericGreaterThan": {f"{IDP}:level": "3"}}, {"level": 3}, False),
        ({"StringEquals": {f"{IDP}:cognito:groups": "a"}}, {"cognito:groups": "a"}, True),
        ({"Null": {f"{IDP}:nested": "true"}}, {"nested": {"a": "b"}}, True),
        ({"Null": {f"{IDP}:mixed": "true"}}, {"mixed": ["a", 1]}, True),
        ({"Null": {f"{IDP}:team": "true"}}, {"team": "a", "Team": "b"}, True),
        ({"StringEquals": {f"{IDP}:sub": "someone"}}, {"SUB": "x", "Sub": "y"}, True),
        ({"Null": {f"{IDP}:azp": "true"}}, {"AZP": "admin"}, True),
        ({"StringEquals": {"sts:RoleSessionName": "me"}}, {}, True),
        ({"StringEquals": {"sts:RoleSessionName": "you"}}, {}, False),
        ({"StringEquals": {"aws:FederatedProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{IDP}"}}, {}, True),
        ({"StringEquals": {"aws:userid": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{IDP}"}}, {}, True),
        ({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, {}, True),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, {}, True),
        ({"Null": {"aws:PrincipalArn": "true", "aws:PrincipalOrgID": "true", "aws:username": "true"}}, {}, True),
        ({"Null": {"aws:TokenIssueTime": "true", "aws:MultiFactorAuthPresent": "true"}}, {}, True),
        ({"StringEquals": {"aws:ResourceTag/env": "prod"}}, {}, True),
        ({"StringEquals": {"iam:ResourceTag/Env": "dev"}}, {}, False),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, {}, True),
    ],
)
def test_c18_claims_are_condition_keys_below_the_providers_name(
    web: Web, condition: dict[str, Any], claims: dict[str, Any], good: bool
) -> None:
    """C17, C18."""
    role = web.trust(web.letting_in(Condition=condition), name="Asked", Tags=[{"Key": "env", "Value": "prod"}])
    answer = web.ask(web.issuer.token(**claims), role)
    assert answer.refusal == NOT_AUTHORIZED if not good else answer.status == 200


def test_no_claim_reads_as_another_providers(web: Web) -> None:
    """``8443:sub`` of one provider is not the subject of the provider with that port."""
    other = Issuer(f"{IDP}:8443", [ec_key()])
    web.register(other)
    both = {"Effect": "Allow", "Principal": {"Federated": [web.issuer.arn, other.arn]}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{IDP}:8443:sub": "boss"}}}  # fmt: skip
    web.trust(both)
    assert web.ask(other.token("ES256", sub="boss")).status == 200
    assert web.ask(web.issuer.token(**{"8443:sub": "boss"})).refusal == NOT_AUTHORIZED
    assert web.ask(web.issuer.token(sub="boss")).refusal == NOT_AUTHORIZED


@pytest.mark.parametrize("principal", [{"AWS": "*"}, {"AWS": ACCOUNT}, {"Federated": "accounts.google.com"}, {"Service": "ec2.amazonaws.com"}])  # fmt: skip
def test_only_a_statement_that_names_the_provider_lets_in(web: Web, principal: dict[str, str]) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"],
    }
    web.trust(statement)
    assert web.ask(web.issuer.token()).refusal == NOT_AUTHORIZED


def test_other_actions_and_denials_keep_out(web: Web) -> None:
    web.trust(web.letting_in("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:TagSession"))
    assert web.ask(web.issuer.token()).refusal == NOT_AUTHORIZED
    out = web.letting_in(Condition={"StringEquals": {f"{IDP}:sub": "mallory"}}) | {"Effect": "Deny"}
    web.trust(web.letting_in(), out)
    assert web.ask(web.issuer.token(sub="mallory")).refusal == NOT_AUTHORIZED
    assert web.ask(web.issuer.token(sub="alice")).status == 200
    assert refusal(web.host.client("sts", long_term(web.host.accounts[ACCOUNT].admin)).assume_role, RoleArn=web.role, RoleSessionName="me")[1] == "AccessDenied"  # fmt: skip


def test_the_operator_is_told_which_condition_had_what_and_wanted_what(
    web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    web.trust(web.letting_in(Condition={"StringEquals": {f"{IDP}:repository": "acme/shop", f"{IDP}:aud": CLIENT}}))
    answer = web.ask(web.issuer.token(repository="acme/other"))
    assert answer.refusal == NOT_AUTHORIZED
    told = f"StringEquals {IDP}:repository wants 'acme/shop', the request has 'acme/other'"
    assert told in web.reason()
    assert told in caplog.text
    assert "acme" not in answer.body


def test_a_role_that_is_not_there_refuses_like_one_that_does_not_trust(web: Web) -> None:
    token = web.issuer.token()
    for role in (f"arn:aws:iam::{ACCOUNT}:role/none", f"arn:aws:iam::{ACCOUNT}:role/x/web", f"arn:aws:iam::{ACCOUNT}:role/WEB",
                 f"arn:aws:iam::{ACCOUNT}:user/web", f"arn:aws:sts::{ACCOUNT}:assumed-role/web/me"):  # fmt: skip
        assert web.ask(token, role).refusal == NOT_AUTHORIZED
    assert "there is no role" in web.reason()


def test_c9_the_provider_is_looked_for_in_the_roles_account(web: Web) -> None:
    """C9: a provider of one account opens nothing in another, even if a role there trusts it."""
    iam = web.host.admin("iam", OTHER_ACCOUNT)
    role = iam.create_role(RoleName="web", AssumeRolePolicyDocument=document(web.letting_in()))["Role"]["Arn"]
    none = (400, "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for https://{IDP}")
    assert web.ask(web.issuer.token(), role).refusal == none
    assert web.ask(web.issuer.token(), f"arn:aws:iam::{OTHER_ACCOUNT}:role/none").refusal == none
    assert web.ask(web.issuer.token(), web.role.replace("arn:aws:", "arn:aws-cn:")).refusal == none
    web.register(web.issuer, account=OTHER_ACCOUNT)
    assert web.ask(web.issuer.token(), role).refusal == NOT_AUTHORIZED


def test_arguments_are_looked_at_before_the_token(web: Web) -> None:
    answer = web.ask("not.a.token", "arn:aws:iam::1")
    assert (answer.code, "roleArn" in (answer.message or "")) == ("ValidationError", True)
    assert web.ask("not.a.token", "not-an-arn-but-long-enough").refusal == (
        400,
        "ValidationError",
        "not-an-arn-but-long-enough is invalid",
    )
    for more in (
        {"RoleSessionName": "a b"},
        {"DurationSeconds": "899"},
        {"DurationSeconds": "43201"},
        {"Policy": "x" * 2049},
    ):
        assert web.ask(web.issuer.token(), **more).code == "ValidationError"
    assert web.documents.fetched == []


def test_provider_id_is_not_ignored(web: Web) -> None:
    for provider, code in (
        ("www.amazon.com", "InvalidIdentityToken"),
        ("graph.facebook.com", "IDPRejectedClaim"),
        (IDP, "AccessDenied"),
    ):
        assert web.ask(web.issuer.token(), ProviderId=provider).code == code


def test_the_token_does_not_limit_the_session_and_the_role_does(web: Web) -> None:
    answer = web.ask(web.issuer.token(exp=int(START) + 60))
    assert answer.text("Expiration") == "2027-01-15T09:00:00Z"
    over = (400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    assert web.ask(web.issuer.token(), DurationSeconds="3601").refusal == over
    web.host.admin("iam").update_role(RoleName="web", MaxSessionDuration=7200)
    assert web.ask(web.issuer.token(), DurationSeconds="7200").status == 200
    web.trust(web.letting_in("sts:AssumeRole"))
    assert web.ask(web.issuer.token(), DurationSeconds="7201").refusal == NOT_AUTHORIZED


def test_session_policies_limit_the_session(web: Web) -> None:
    iam = web.host.admin("iam")
    iam.put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=allow("iam:List*"))
    answer = web.ask(web.issuer.token(), Policy=allow("iam:ListUsers"))
    assert int(answer.text("PackedPolicySize") or 0) > 0
    session = web.assume(web.issuer.token(), Policy=allow("iam:ListUsers"))
    web.host.client("iam", session).list_users()
    assert refusal(web.host.client("iam", session).list_roles)[1] == "AccessDenied"
    managed = web.assume(
        web.issuer.token(), **{"PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}
    )
    assert refusal(web.host.client("iam", managed).list_users)[1] == "AccessDenied"
    assert web.ask(web.issuer.token(), Policy="{").code == "MalformedPolicyDocument"
    assert (
        web.ask(web.issuer.token(), **{"PolicyArns.member.1.arn": f"arn:aws:iam::{ACCOUNT}:policy/none"}).code
        == "ValidationError"
    )


def test_a_minimum_token_size_is_met(web: Web) -> None:
    assert int(web.ask(web.issuer.token(), MinimumSessionTokenSize="3000").text("SessionTokenSize") or 0) >= 3000


@pytest.mark.parametrize("flat", [False, True])
def test_tags_come_with_the_token_and_go_along_chains(web: Web, flat: bool) -> None:
    claims = {
        f"{TAGS}/principal_tags/team": "data",
        f"{TAGS}/principal_tags/cost": "7",
        f"{TAGS}/transitive_tag_keys": ["team"],
    }
    claims = claims if flat else tagged({"team": "data", "cost": "7"}, "team")
    condition = {
        "StringEquals": {"aws:RequestTag/team": "data"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"], "sts:TransitiveTagKeys": "team"},
    }
    web.trust(web.letting_in(*TAGGING, Condition=condition))
    iam = web.host.admin("iam")
    named = {"StringEquals": {"aws:PrincipalTag/team": "data"}}
    iam.put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=document(
        {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": named},
        {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "arn:aws:iam::*:user/${aws:PrincipalTag/team}"}))  # fmt: skip
    session = web.assume(web.issuer.token(**claims))
    web.host.client("iam", session).list_users()
    iam.create_user(UserName="data")
    web.host.client("iam", session).get_user(UserName="data")
    assert refusal(web.host.client("iam", session).get_user, UserName="admin")[1] == "AccessDenied"
    next_role = web.host.role(
        "next",
        document({"Effect": "Allow", "Principal": {"AWS": web.role}, "Action": ["sts:AssumeRole", "sts:TagSession"]}),
    )
    second = open_session(web.host.assume(session, next_role)["SessionToken"], web.host.world.keys.ring)
    assert (dict(second.tags), second.transitive_tag_keys) == ({"team": "data"}, ("team",))


def test_tags_need_their_own_permission(web: Web) -> None:
    assert web.ask(web.issuer.token(**tagged({"a": "b"}))).refusal == NOT_AUTHORIZED
    assert "sts:TagSession" in web.reason()
    web.trust(web.letting_in(*TAGGING, Condition={"StringEquals": {"aws:RequestTag/a": "c"}}))
    assert web.ask(web.issuer.token(**tagged({"a": "b"}))).refusal == NOT_AUTHORIZED
    assert web.ask(web.issuer.token(**tagged({"A": "c"}))).status == 200
    assert web.ask(web.issuer.token(**{TAGS: {}})).refusal == NOT_AUTHORIZED


@pytest.mark.parametrize(
    "claims",
    [
        {TAGS: "a"},
        {TAGS: {"principal_tags": {"a": "b"}}},
        {TAGS: {"principal_tags": {"a": ["b", "c"]}}},
        {TAGS: {"principal_tags": {"a": []}}},
        {TAGS: {"principal_tags": {"a": [7]}}},
        {TAGS: {"principal_tags": ["a"]}},
        {TAGS: {"principal_tags": {"a": ["b"]}, "transitive_tag_keys": "a"}},
        {TAGS: {"principal_tags": {"a": ["b"]}, "transitive_tag_keys": [7]}},
        {TAGS: {"principal_tags": {"a": ["b"]}, "more": 1}},
        {TAGS: {"principal_tags": {"a": ["b"]}}, f"{TAGS}/principal_tags/c": "d"},
        {f"{TAGS}/principal_tags/c": ["d"]},
        tagged({"": "a"}),
        tagged({"a": "<"}),
        tagged({"a\n": "b"}),
        tagged({"k" * 129: "b"}),
        tagged({"a": "v" * 257}),
        tagged({"a": "1", "A": "2"}),
        tagged({"aws:a": "1"}),
        tagged({"AWS:a": "1"}),
        tagged({"a": "1"}, "b"),
        tagged({f"k{number}": "v" for number in range(51)}),
    ],
)
def test_malformed_tags_are_refused_never_left_out(web: Web, claims: dict[str, Any]) -> None:
    web.trust(web.letting_in(*TAGGING))
    assert web.ask(web.issuer.token(**claims)).refusal[:2] == (400, "InvalidIdentityToken")


def test_fifty_tags_in_any_script_are_taken(web: Web) -> None:
    web.trust(web.letting_in(*TAGGING))
    assert (
        web.ask(
            web.issuer.token(**tagged({f"Schlüssel {number}": "värde/1=2@x" for number in range(50)}, "schlüssel 7"))
        ).status
        == 200
    )
    long = {f"k{number}": sha512(bytes([number])).hexdigest() * 2 for number in range(50)}
    assert web.ask(web.issuer.token(**tagged(long))).code == "PackedPolicyTooLarge"


def test_a_source_identity_sticks(web: Web) -> None:
    assert web.ask(web.issuer.token(**{SOURCE: "alice"})).refusal == NOT_AUTHORIZED
    assert "sts:SetSourceIdentity" in web.reason()
    web.trust(web.letting_in("sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity", Condition={"StringLike": {"sts:SourceIdentity": "a*"}}))  # fmt: skip
    answer = web.ask(web.issuer.token(**{SOURCE: "alice"}))
    assert answer.text("SourceIdentity") == "alice"
    assert web.ask(web.issuer.token(**{SOURCE: "bob"})).refusal == NOT_AUTHORIZED
    session = web.assume(web.issuer.token(**{SOURCE: "alice"}))
    web.host.admin("iam").put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=allow("iam:ListUsers", Condition={"StringEquals": {"aws:SourceIdentity": "alice"}}))  # fmt: skip
    web.host.client("iam", session).list_users()


@pytest.mark.parametrize("value", ["a", "", "a b", "x" * 257, 7, ["alice"], "aws:x", "élan"])
def test_a_malformed_source_identity_is_refused(web: Web, value: Any) -> None:
    web.trust(web.letting_in("sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"))
    assert web.ask(web.issuer.token(**{SOURCE: value})).refusal[:2] == (400, "InvalidIdentityToken")


def test_the_record_of_the_call_names_provider_audience_and_subject(web: Web) -> None:
    web.trust(web.letting_in(*TAGGING, "sts:SetSourceIdentity"))
    web.ask(
        web.issuer.token(sub="repo:o/r:x", **tagged({"team": "data"}, "team"), **{SOURCE: "alice"}),
        DurationSeconds="1800",
    )
    record = web.host.journal.records[-1]
    assert record["userIdentity"] == {"type": "WebIdentityUser", "principalId": f"{web.issuer.arn}:{CLIENT}:repo:o/r:x",
                                      "userName": "repo:o/r:x", "identityProvider": web.issuer.arn}  # fmt: skip
    assert record["requestParameters"] == {"roleArn": web.role, "roleSessionName": "me", "durationSeconds": 1800, "sourceIdentity": "alice",
                                           "principalTags": {"team": "data"}, "transitiveTagKeys": ["team"]}  # fmt: skip
    answered = record["responseElements"]
    assert (answered["subjectFromWebIdentityToken"], answered["provider"], answered["audience"]) == (
        "repo:o/r:x",
        web.issuer.arn,
        CLIENT,
    )
    assert set(answered["credentials"]) == {"accessKeyId", "expiration"}
    assert record["additionalEventData"] == {"identityProviderConnectionVerificationMethod": "IAMTrustStore"}
    assert record["resources"] == [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": web.role}]
    assert record["recipientAccountId"] == ACCOUNT


def test_a_provider_that_was_verified_by_its_thumbprint_is_recorded_so(web: Web) -> None:
    web.documents.by = Verification.THUMBPRINT
    web.ask(web.issuer.token())
    data = web.host.journal.records[-1]["additionalEventData"]
    assert data == {"identityProviderConnectionVerificationMethod": "Thumbprint"}


def test_a_refused_caller_whose_token_was_good_is_recorded_by_name(web: Web) -> None:
    web.trust(web.letting_in("sts:AssumeRole"))
    web.ask(web.issuer.token(sub="alice"))
    record = web.host.journal.records[-1]
    assert (record["errorCode"], record["userIdentity"]["userName"]) == ("AccessDenied", "alice")
    assert (record["requestParameters"], record["recipientAccountId"]) == (None, ACCOUNT)


def test_later_calls_of_the_session_say_who_vouched(web: Web) -> None:
    session = web.assume(web.issuer.token())
    web.host.client("sts", session).get_caller_identity()
    context = web.host.journal.records[-1]["userIdentity"]["sessionContext"]
    assert context["webIdFederationData"] == {"federatedProvider": web.issuer.arn, "attributes": {}}
    web.host.admin("iam").put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=allow("iam:ListUsers", Condition={"StringEquals": {"aws:FederatedProvider": web.issuer.arn}}))  # fmt: skip
    web.host.client("iam", session).list_users()


def test_the_session_keeps_subject_audience_and_methods_as_condition_keys(web: Web) -> None:
    """IAM User Guide, "Available keys for AWS web identity federation": also when the session assumes the next role."""
    session = web.assume(web.issuer.token(sub="alice", amr=["pwd", "mfa"], team="data"))
    kept = {
        "StringEquals": {f"{IDP}:sub": "alice", f"{IDP}:aud": CLIENT},
        "ForAnyValue:StringEquals": {f"{IDP}:amr": "mfa"},
        "Null": {f"{IDP}:team": "true"},
    }
    iam = web.host.admin("iam")
    iam.put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=allow("iam:ListUsers", Condition=kept))
    web.host.client("iam", session).list_users()
    trust = {"Effect": "Allow", "Principal": {"AWS": web.role}, "Action": "sts:AssumeRole", "Condition": kept}
    following = web.host.assume(session, web.host.role("next", document(trust), allow("iam:ListUsers", Condition=kept)))
    assert refusal(web.host.client("iam", following).list_users)[1] == "AccessDenied"
    other = web.assume(web.issuer.token(sub="bob", amr=["pwd", "mfa"]))
    assert refusal(web.host.client("iam", other).list_users)[1] == "AccessDenied"


def test_the_chain_of_a_session_begins_at_its_provider(web: Web) -> None:
    session = open_session(web.assume(web.issuer.token())["SessionToken"], web.host.world.keys.ring)
    assert (session.chain_root.credential, session.chain_root.at, session.chained) == (
        web.issuer.arn,
        int(START),
        False,
    )
    assert session.federation is not None
    assert (session.federation.subject, session.federation.audience) == ("someone", CLIENT)


def test_a_deleted_provider_opens_nothing_more_and_ends_nothing(web: Web) -> None:
    session = web.assume(web.issuer.token())
    iam = web.host.admin("iam")
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=web.issuer.arn)
    gone = (400, "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for https://{IDP}")
    assert web.ask(web.issuer.token()).refusal == gone
    web.host.client("sts", session).get_caller_identity()
    trust = iam.get_role(RoleName="web")["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {"Federated": web.issuer.arn}
    assert (
        refusal(iam.update_assume_role_policy, RoleName="web", PolicyDocument=json.dumps(trust))[1]
        == "MalformedPolicyDocument"
    )


def test_a_deleted_role_ends_its_sessions(web: Web) -> None:
    session = web.assume(web.issuer.token())
    iam = web.host.admin("iam")
    iam.delete_role(RoleName="web")
    assert refusal(web.host.client("sts", session).get_caller_identity)[1] == "InvalidClientTokenId"
    assert web.ask(web.issuer.token()).refusal == NOT_AUTHORIZED
    web.trust(web.letting_in())
    assert web.ask(web.issuer.token()).status == 200
    assert refusal(web.host.client("sts", session).get_caller_identity)[1] == "InvalidClientTokenId"


def test_older_sessions_can_be_revoked(web: Web) -> None:
    session = web.assume(web.issuer.token())
    web.host.at(5)
    when = {"DateLessThan": {"aws:TokenIssueTime": "2027-01-15T08:00:03Z"}}
    policy = deny("*", Condition=when)
    iam = web.host.admin("iam")
    iam.put_role_policy(RoleName="web", PolicyName="a", PolicyDocument=allow("iam:ListUsers"))
    iam.put_role_policy(RoleName="web", PolicyName="AWSRevokeOlderSessions", PolicyDocument=policy)
    assert refusal(web.host.client("iam", session).list_users)[1] == "AccessDenied"
    web.host.client("iam", web.assume(web.issuer.token())).list_users()


def test_access_is_decided_on_the_directory_as_it_is_after_the_fetch(web: Web) -> None:
    """While keys are fetched the role stops trusting: what was true before the wait does not count."""

    class Meanwhile(Documents):
        async def document(self, url: str, thumbprints: tuple[str, ...]) -> Any:
            if url.endswith("/jwks"):
                role = web.host.store.view().get(Role, ACCOUNT, "web")
                assert role is not None
                web.host.store.apply(
                    [Put(msgspec.structs.replace(role, trust=document(web.letting_in("sts:AssumeRole"))))]
                )
            return await super().document(url, thumbprints)

    rooms = web.host.world.rooms
    openid = OpenId(Meanwhile([web.issuer]), 3600, lambda: 0.0)  # type: ignore[arg-type]
    web.host.world.rooms = replace(rooms, federation=openid)
    assert web.ask(web.issuer.token()).refusal == NOT_AUTHORIZED


def test_a_signature_sent_along_counts_for_nothing(web: Web) -> None:
    """The session is the token's, whoever signs; sessions of every kind may call."""
    form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": web.role, "RoleSessionName": "me",
            "WebIdentityToken": web.issuer.token()}  # fmt: skip
    alice = web.host.user("alice", allow("sts:*"))
    session = web.host.client("sts", alice).get_session_token()["Credentials"]
    federated = web.host.client("sts", alice).get_federation_token(Name="bob")["Credentials"]
    wrong = alice | {"SecretAccessKey": "wrong"}
    for credentials in (alice, session, federated, wrong, wrong | {"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"}):
        answer = web.host.ask(Signer(credentials, web.host.now).header(form))
        assert answer.status == 200, answer.body
        record = web.host.journal.records[-1]
        assert record["userIdentity"]["type"] == "WebIdentityUser"
        opened = open_session(answer.text("SessionToken") or "", web.host.world.keys.ring)
        assert opened.chain_root.credential == web.issuer.arn


def test_the_call_works_as_a_get_and_answers_json_where_that_is_asked_for(web: Web) -> None:
    """Envoy asks so."""
    query = urlencode({"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": web.role, "RoleSessionName": "me",
                       "WebIdentityToken": web.issuer.token()})  # fmt: skip
    headers = [(b"host", HOST.encode()), (b"accept", b"application/json"), (b"content-type", FORM.encode())]
    response = web.host.send(Request("GET", b"/", query.encode(), headers, b"", "192.0.2.7"))
    told = json.loads(bytes(response.body))  # type: ignore[arg-type]
    result = told["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]
    assert result["Credentials"]["Expiration"] == START + 3600
    assert result["SubjectFromWebIdentityToken"] == "someone"
