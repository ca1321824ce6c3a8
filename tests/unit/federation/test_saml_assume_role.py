"""STS API Reference, AssumeRoleWithSAML: parameters, answer, durations, tags, source identity, and the session it opens."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from samlkit import AWS, DENIED, PERSISTENT, PROVIDER, ROLE, SIGN_IN, Corp, at, claims, encoded, told
from signkit import signed
from worldkit import ACCOUNT, OTHER_ACCOUNT, START, Host, allow, refusal, trusting

from daypass.federation.saml.condition_keys import name_qualifier

if TYPE_CHECKING:
    from collections.abc import Mapping

TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


@pytest.fixture
def corp(host: Host) -> Corp:
    return Corp.on(host)


def test_a_person_opens_a_session_of_the_role_and_uses_it(corp: Corp, host: Host) -> None:
    answer = corp.assume()
    role_id = host.admin("iam").get_role(RoleName="Saml")["Role"]["RoleId"]
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role_id}:ada@example.com",
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Saml/ada@example.com",
    }
    assert {name: answer[name] for name in ("Subject", "SubjectType", "Issuer", "Audience")} == {
        "Subject": "ada",
        "SubjectType": "persistent",
        "Issuer": "https://idp.example.com/metadata",
        "Audience": SIGN_IN,
    }
    assert answer["Credentials"]["Expiration"] == datetime.fromtimestamp(START + 3600, UTC)
    assert "SourceIdentity" not in answer
    assert "PackedPolicySize" not in answer
    assert answer["SessionTokenSize"] == len(answer["Credentials"]["SessionToken"])
    identity = host.client("sts", answer["Credentials"]).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert host.client("iam", answer["Credentials"]).list_users()["Users"]


def test_the_name_qualifier_is_the_hash_that_the_documentation_tells_of(host: Host) -> None:
    """BASE64(SHA1("https://example.com/saml" + "123456789012" + "/MySAMLIdP")), STS API Reference."""
    assert name_qualifier("https://example.com/saml", "123456789012", "MySAMLIdP") == "1uAJanUnBc2XeUkHURMht+xam2c="
    corp = Corp.on(host)
    assert corp.assume()["NameQualifier"] == name_qualifier(corp.idp.entity_id, ACCOUNT, "Corp")


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (f' Format="{PERSISTENT}"', "persistent"),
        (f' Format="{TRANSIENT}"', "transient"),
        (f' Format="{EMAIL}"', EMAIL),
        ("", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
    ],
)
def test_the_subject_s_type_loses_only_the_prefix_of_saml_2(corp: Corp, written: str, kind: str) -> None:
    assert corp.assume(name_id=f"<saml:NameID{written}>ada</saml:NameID>")["SubjectType"] == kind


def test_no_signature_is_needed(corp: Corp, host: Host) -> None:
    form = {"Action": "AssumeRoleWithSAML", "Version": "2011-06-15", "RoleArn": ROLE, "PrincipalArn": PROVIDER}
    request = signed({"AccessKeyId": "x", "SecretAccessKey": "y"}, form | {"SAMLAssertion": encoded(corp.response())}, now=host.now)  # fmt: skip
    request.headers[:] = [(name, value) for name, value in request.headers if name != b"authorization"]
    assert host.ask(request).text("Subject") == "ada"


def test_the_assertion_is_the_proof_even_of_a_call_that_is_signed_by_somebody_else(corp: Corp, host: Host, alice: Mapping[str, str]) -> None:  # fmt: skip
    sent = {"RoleArn": ROLE, "PrincipalArn": PROVIDER, "SAMLAssertion": encoded(corp.response())}
    assert host.query(alice, "AssumeRoleWithSAML", **sent).status == 200
    assert corp.record["userIdentity"]["type"] == "SAMLUser"


def test_a_line_broken_base64_text_is_read(corp: Corp) -> None:
    text = encoded(corp.response())
    assert (
        corp.call(b"", SAMLAssertion="\r\n".join(text[i : i + 76] for i in range(0, len(text), 76)))["Subject"] == "ada"
    )


# -- durations (sts.md 6, 13.1) ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "attribute", "session_end", "seconds"),
    [
        (None, None, None, 3600),
        (900, None, None, 900),
        (7200, None, None, 7200),
        (None, "1800", None, 1800),
        (7200, "1800", None, 1800),
        (900, "1800", None, 900),
        (None, "43200", None, 3600),
        (None, None, 1200, 1200),
        (None, "1800", 1200, 1200),
        (None, "1800", 7200, 1800),
    ],
)
def test_the_shortest_of_call_attribute_and_session_end_counts(corp: Corp, asked: int | None, attribute: str | None, session_end: int | None, seconds: int) -> None:  # fmt: skip
    parts = {
        "attributes": claims(SessionDuration=attribute),
        "session_end": at(START + session_end) if session_end else None,
    }
    answer = corp.assume({"DurationSeconds": asked} if asked else {}, **parts)
    assert answer["Credentials"]["Expiration"].timestamp() == START + seconds


def test_more_than_the_role_allows_is_refused(corp: Corp) -> None:
    refused = corp.refused(corp.response(), DurationSeconds=7201)
    text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert told(refused) == (400, "ValidationError", text)


@pytest.mark.parametrize("value", ["899", "43201", "1h", "", "-900", "9e3", "٩٠٠"])
def test_a_session_duration_that_is_no_number_of_seconds_is_refused(corp: Corp, value: str) -> None:
    refused = corp.refused(corp.response(attributes=claims(SessionDuration=value)))
    assert refused.code == "InvalidIdentityToken"
    assert "SessionDuration" in refused.reason


# -- what the attributes say ---------------------------------------------------------------------------------------


def test_the_session_name_is_required(corp: Corp) -> None:
    refused = corp.refused(corp.response(attributes=claims(RoleSessionName=None)))
    assert told(refused) == (400, "InvalidIdentityToken", "RoleSessionName is required in AuthnResponse")


@pytest.mark.parametrize("name", ["a", "x" * 65, "a b", "a/b", "ädä", ["one", "two"], ""])
def test_a_session_name_of_another_form_is_refused(corp: Corp, name: Any) -> None:
    refused = corp.refused(corp.response(attributes=claims(RoleSessionName=name)))
    text = "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}"
    assert told(refused) == (400, "InvalidIdentityToken", text)
    assert "RoleSessionName is" in refused.reason


def test_attribute_names_are_compared_with_case(corp: Corp) -> None:
    said = {name.replace("RoleSessionName", "rolesessionname"): value for name, value in claims().items()}
    assert corp.refused(corp.response(attributes=said)).text == "RoleSessionName is required in AuthnResponse"


@pytest.mark.parametrize(
    "pair", [f"{PROVIDER},{ROLE}", f" {ROLE} , {PROVIDER} ", [f"{ROLE}2,{PROVIDER}", f"{ROLE},{PROVIDER}"]]
)
def test_role_and_provider_stand_in_either_order_and_beside_others(corp: Corp, pair: Any) -> None:
    assert corp.assume(attributes=claims(Role=pair))["Subject"] == "ada"


@pytest.mark.parametrize(
    "pair",
    [
        None,
        ROLE,
        f"{ROLE}2,{PROVIDER}",
        f"{ROLE},{PROVIDER}2",
        f"{ROLE.replace(ACCOUNT, OTHER_ACCOUNT)},{PROVIDER}",
        f"{ROLE},{PROVIDER},{ROLE}",
        f"{ROLE.lower()},{PROVIDER}",
    ],
)
def test_an_assertion_that_does_not_name_role_and_provider_opens_nothing(corp: Corp, pair: str | None) -> None:
    refused = corp.refused(corp.response(attributes=claims(Role=pair)))
    assert told(refused) == DENIED
    assert f"has not the pair {ROLE},{PROVIDER}" in refused.reason


def test_tags_come_from_the_assertion_and_transitive_ones_go_on(corp: Corp, host: Host) -> None:
    said = claims(PrincipalTag__Project="Unicorn", PrincipalTag__Cost="", TransitiveTagKeys=["Project"])
    answer = corp.assume(attributes=said)
    assert answer["PackedPolicySize"] == answer["SessionTokenUtilization"]
    host.role("Next", trusting(ROLE, "sts:AssumeRole", "sts:TagSession"))
    next_session = host.assume(answer["Credentials"], f"arn:aws:iam::{ACCOUNT}:role/Next")
    host.admin("iam").put_role_policy(RoleName="Next", PolicyName="p", PolicyDocument=allow("iam:ListUsers", Condition={"StringEquals": {"aws:PrincipalTag/Project": "Unicorn"}, "Null": {"aws:PrincipalTag/Cost": "true"}}))  # fmt: skip
    assert host.client("iam", next_session).list_users()["Users"]


def test_tags_are_asked_for_in_the_trust_policy(corp: Corp) -> None:
    corp.trust("sts:AssumeRoleWithSAML")
    refused = corp.refused(corp.response(attributes=claims(PrincipalTag__Project="Unicorn")))
    assert told(refused) == DENIED
    assert "sts:TagSession" in refused.reason
    corp.trust(
        "sts:AssumeRoleWithSAML", "sts:TagSession", Condition={"StringEquals": {"aws:RequestTag/Project": "Unicorn"}}
    )
    assert corp.assume(attributes=claims(PrincipalTag__Project="Unicorn"))["Subject"] == "ada"
    assert told(corp.refused(corp.response(attributes=claims(PrincipalTag__Project="Pony")))) == DENIED


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"PrincipalTag__a": "1", "PrincipalTag__A": "2"}, "Duplicate tag keys found. Please note that Tag keys are case insensitive."),
        ({"PrincipalTag__aws:a": "1"}, "aws: prefixed tag key names are not allowed for external use."),
        ({"PrincipalTag__a": "1", "TransitiveTagKeys": ["b"]}, "The specified transitive tag key must be included in the requested tags."),
        ({"PrincipalTag__a": ["1", "2"]}, None),
        ({"PrincipalTag__": "1"}, None),
        ({"PrincipalTag__a": "1<2"}, None),
        ({"PrincipalTag__" + "k" * 129: "1"}, None),
        ({"PrincipalTag__a": "v" * 257}, None),
        ({f"PrincipalTag__k{i}": "v" for i in range(51)}, None),
    ],
)  # fmt: skip
def test_tags_that_no_session_may_have_are_refused(corp: Corp, said: dict[str, Any], text: str | None) -> None:
    refused = corp.refused(corp.response(attributes=claims(**said)))
    assert refused.code == "InvalidIdentityToken"
    assert refused.text == (text or "PrincipalTag and TransitiveTagKeys in AuthnResponse must be valid session tags")
    assert refused.reason


def test_a_source_identity_is_asked_for_and_sticks(corp: Corp, host: Host) -> None:
    answer = corp.assume(attributes=claims(SourceIdentity="ada"))
    assert answer["SourceIdentity"] == "ada"
    corp.trust(
        "sts:AssumeRoleWithSAML", "sts:SetSourceIdentity", Condition={"StringEquals": {"sts:SourceIdentity": "grace"}}
    )
    assert told(corp.refused(corp.response(attributes=claims(SourceIdentity="ada")))) == DENIED
    corp.trust("sts:AssumeRoleWithSAML")
    refused = corp.refused(corp.response(attributes=claims(SourceIdentity="ada")))
    assert told(refused) == DENIED
    assert "sts:SetSourceIdentity" in refused.reason
    host.role("Next", trusting(ROLE, "sts:AssumeRole", "sts:SetSourceIdentity"))
    chained = host.client("sts", answer["Credentials"]).assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/Next", RoleSessionName="n2"
    )
    assert chained["SourceIdentity"] == "ada"


@pytest.mark.parametrize("value", ["aws:x", "x", "y" * 65, "a b", ["one", "two"]])
def test_a_source_identity_of_another_form_is_refused(corp: Corp, value: Any) -> None:
    refused = corp.refused(corp.response(attributes=claims(SourceIdentity=value)))
    text = 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'
    assert told(refused) == (400, "InvalidIdentityToken", text)


# -- trust and condition keys --------------------------------------------------------------------------------------


def test_a_role_that_does_not_trust_the_provider_or_is_not_there_refuses_alike(corp: Corp, host: Host) -> None:
    host.role("Other", trusting({"AWS": "*"}, "sts:AssumeRoleWithSAML"))
    host.admin("iam").create_saml_provider(Name="Second", SAMLMetadataDocument=corp.idp.metadata())
    second = f"arn:aws:iam::{ACCOUNT}:saml-provider/Second"
    other, absent = f"arn:aws:iam::{ACCOUNT}:role/Other", f"arn:aws:iam::{ACCOUNT}:role/Absent"
    said = claims(Role=[f"{ROLE},{second}", f"{other},{PROVIDER}", f"{absent},{PROVIDER}"])
    for parameters in ({"PrincipalArn": second}, {"RoleArn": other}, {"RoleArn": absent}):
        assert told(corp.refused(corp.response(attributes=said), **parameters)) == DENIED


def test_a_provider_opens_no_role_of_another_account_even_one_that_trusts_it(corp: Corp, host: Host) -> None:
    role = host.role("Foreign", trusting({"Federated": PROVIDER}, "sts:AssumeRoleWithSAML"), account=OTHER_ACCOUNT)
    refused = corp.refused(corp.response(attributes=claims(Role=f"{role},{PROVIDER}")), RoleArn=role)
    assert told(refused) == DENIED


def test_sts_assume_role_in_a_trust_policy_does_not_let_saml_in(corp: Corp, host: Host) -> None:
    corp.trust("sts:AssumeRoleWithWebIdentity", "sts:TagSession")
    refused = corp.refused(corp.response())
    assert told(refused) == DENIED


KEYS = {
    "saml:aud": SIGN_IN,
    "saml:iss": "https://idp.example.com/metadata",
    "saml:sub": "ada",
    "saml:sub_type": "persistent",
    "saml:doc": f"{ACCOUNT}/Corp",
    "saml:edupersonprincipalname": "ada@corp",
    "saml:mail": "ada@example.com",
    "saml:commonName": "Ada",
    "saml:uid": "ada-1",
    "saml:x500UniqueIdentifier": "u1",
    "saml:primaryGroupSID": "S-1-5",
    "sts:RoleSessionName": "ada@example.com",
    "aws:FederatedProvider": PROVIDER,
    "aws:PrincipalAccount": ACCOUNT,
}
ATTRIBUTES = {
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6": "ada@corp",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": ["ada@example.com", "second@example.com"],
    "2.5.4.3": "Ada",
    "2.5.4.45": "u1",
    "0.9.2342.19200300.100.1.1": "ada-1",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": "S-1-5",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": ["staff", "member"],
    "urn:oid:2.5.4.3": ["Ada", "Lovelace"],
}


@pytest.mark.parametrize("key", KEYS)
def test_a_trust_policy_sees_what_the_assertion_says(corp: Corp, key: str) -> None:
    corp.trust("sts:AssumeRoleWithSAML", Condition={"StringEquals": {key: KEYS[key]}})
    assert corp.assume(attributes=claims() | ATTRIBUTES)["Subject"] == "ada"
    corp.trust("sts:AssumeRoleWithSAML", Condition={"StringEquals": {key: "else"}})
    assert told(corp.refused(corp.response(attributes=claims() | ATTRIBUTES))) == DENIED


@pytest.mark.parametrize(("key", "value"), [("saml:edupersonaffiliation", "member"), ("saml:cn", "Lovelace")])
def test_keys_of_several_values_have_them_all(corp: Corp, key: str, value: str) -> None:
    corp.trust("sts:AssumeRoleWithSAML", Condition={"ForAnyValue:StringEquals": {key: value}})
    assert corp.assume(attributes=claims() | ATTRIBUTES)["Subject"] == "ada"


def test_other_attributes_are_seen_by_no_policy(corp: Corp) -> None:
    corp.trust("sts:AssumeRoleWithSAML", Condition={"Null": {"saml:department": "true", "aws:PrincipalArn": "true"}})
    assert corp.assume(attributes=claims() | {"department": "x"})["Subject"] == "ada"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"saml:sub": "ada"}}, True),
        ({"StringEquals": {"saml:sub_type": "persistent"}}, True),
        ({"StringEquals": {"aws:FederatedProvider": PROVIDER}}, True),
        ({"Null": {"saml:namequalifier": "false"}}, True),
        ({"Null": {"saml:iss": "false"}}, False),
        ({"Null": {"saml:aud": "false"}}, False),
        ({"Null": {"saml:doc": "false"}}, False),
        ({"Null": {"aws:MultiFactorAuthPresent": "false"}}, False),
    ],
)
def test_a_session_keeps_who_the_person_is_and_no_more(
    corp: Corp, host: Host, condition: dict[str, Any], holds: bool
) -> None:
    session = corp.assume()["Credentials"]
    host.admin("iam").put_role_policy(
        RoleName="Saml", PolicyName="p", PolicyDocument=allow("iam:ListUsers", Condition=condition)
    )
    assert (host.query(session, "ListUsers", "iam").status == 200) is holds


def test_what_the_provider_said_is_lost_in_the_next_session_of_a_chain(corp: Corp, host: Host) -> None:
    next_role = host.role("Next", trusting(ROLE), allow("iam:ListUsers", Condition={"Null": {"saml:sub": "true", "aws:FederatedProvider": "true"}}))  # fmt: skip
    session = host.assume(corp.assume()["Credentials"], next_role)
    assert host.client("iam", session).list_users()["Users"]


def test_session_policies_limit_the_session(corp: Corp, host: Host) -> None:
    limited = corp.assume({"Policy": allow("iam:ListRoles")})
    assert "PackedPolicySize" in limited
    code, text = refusal(host.client("iam", limited["Credentials"]).list_users)[1:]
    assert (code, text.endswith("because no session policy allows the iam:ListUsers action")) == ("AccessDenied", True)


# -- shape, records, secrets ---------------------------------------------------------------------------------------


def test_arns_that_are_none_are_named(corp: Corp) -> None:
    bad = "not-an-arn-but-long-enough"
    assert told(corp.refused(corp.response(), RoleArn=bad)) == (400, "ValidationError", f"{bad} is invalid")
    assert told(corp.refused(corp.response(), PrincipalArn=bad)) == (400, "ValidationError", f"{bad} is invalid")


@pytest.mark.parametrize("arn", [f"{PROVIDER}2", PROVIDER.replace(ACCOUNT, OTHER_ACCOUNT), PROVIDER.replace("saml", "oidc"), PROVIDER.lower(), ROLE])  # fmt: skip
def test_a_provider_that_is_not_registered_is_named(corp: Corp, arn: str) -> None:
    refused = corp.refused(corp.response(), PrincipalArn=arn)
    assert told(refused) == (400, "InvalidIdentityToken", "Specified provider doesn't exist.")
    assert arn in refused.reason


def test_an_assertion_of_more_than_100_000_characters_is_not_looked_at(corp: Corp) -> None:
    refused = corp.refused(b"", SAMLAssertion="A" * 100_001)
    assert (refused.status, refused.code) == (400, "ValidationError")
    assert "AAAA" not in refused.text


def test_the_record_tells_the_person_and_what_was_asked_but_no_assertion(corp: Corp) -> None:
    said = claims(SourceIdentity="ada", PrincipalTag__Project="Unicorn", TransitiveTagKeys=["Project"])
    answer = corp.assume({"DurationSeconds": 1800}, attributes=said)
    record = corp.record
    assert record["userIdentity"] == {
        "type": "SAMLUser",
        "principalId": f"{answer['NameQualifier']}:ada",
        "userName": "ada",
        "identityProvider": answer["NameQualifier"],
    }
    assert record["requestParameters"] == {
        "sAMLAssertionID": "_assertion",
        "roleSessionName": "ada@example.com",
        "sourceIdentity": "ada",
        "principalTags": {"Project": "Unicorn"},
        "transitiveTagKeys": ["Project"],
        "durationSeconds": 1800,
        "roleArn": ROLE,
        "principalArn": PROVIDER,
    }
    elements = record["responseElements"]
    assert elements.keys() >= {
        "subjectType",
        "issuer",
        "sourceIdentity",
        "nameQualifier",
        "assumedRoleUser",
        "subject",
        "audience",
    }
    assert elements["credentials"]["accessKeyId"] == answer["Credentials"]["AccessKeyId"]
    assert {(one["type"], one["ARN"], one["accountId"]) for one in record["resources"]} == {
        ("AWS::IAM::Role", ROLE, ACCOUNT),
        ("AWS::IAM::SAMLProvider", PROVIDER, ACCOUNT),
    }
    assert record["recipientAccountId"] == ACCOUNT
    everything = b"".join(corp.host.journal.lines)
    assert encoded(corp.response())[:200].encode() not in everything
    assert answer["Credentials"]["SecretAccessKey"].encode() not in everything


def test_later_calls_are_recorded_as_the_session_s(corp: Corp, host: Host) -> None:
    session = corp.assume(attributes=claims(SourceIdentity="ada"))["Credentials"]
    host.client("sts", session).get_caller_identity()
    identity = corp.record["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == ROLE
    assert identity["sessionContext"]["sourceIdentity"] == "ada"
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"


def test_a_refused_person_is_recorded_with_the_reason_once_the_assertion_is_verified(corp: Corp) -> None:
    corp.trust("sts:AssumeRoleWithSAML", Condition={"StringEquals": {"saml:sub": "grace"}})
    refused = corp.refused(corp.response())
    assert told(refused) == DENIED
    assert "StringEquals saml:sub wants 'grace', the request has 'ada'" in refused.reason
    assert corp.record["userIdentity"]["userName"] == "ada"
    assert corp.record["errorCode"] == "AccessDenied"
    assert corp.record["recipientAccountId"] == ACCOUNT


def test_an_assertion_that_is_not_verified_names_nobody_in_the_record(corp: Corp) -> None:
    corp.refused(corp.response(signed="neither"))
    assert corp.record["userIdentity"].get("userName") is None
    assert corp.record["userIdentity"]["type"] != "SAMLUser"


def test_deleting_the_provider_ends_new_sessions_and_no_open_ones(corp: Corp, host: Host) -> None:
    session = corp.assume()["Credentials"]
    host.admin("iam").delete_saml_provider(SAMLProviderArn=PROVIDER)
    assert corp.refused(corp.response()).text == "Specified provider doesn't exist."
    assert host.client("sts", session).get_caller_identity()["Arn"].endswith("ada@example.com")


def test_the_prefix_of_aws_attributes_is_not_seen_as_a_tag_elsewhere(corp: Corp) -> None:
    said = claims() | {f"{AWS}PrincipalTagProject": "Unicorn"}
    assert "PackedPolicySize" not in corp.assume(attributes=said)


def test_policy_variables_name_the_person(corp: Corp, host: Host) -> None:
    """IAM User Guide, "Uniquely identifying users in SAML-based federation"."""
    session = corp.assume()["Credentials"]
    own = f"arn:aws:iam::{ACCOUNT}:user/${{saml:sub_type}}/${{saml:sub}}"
    host.admin("iam").put_role_policy(
        RoleName="Saml", PolicyName="p", PolicyDocument=allow("iam:GetUser", resource=own)
    )
    for name in ("ada", "grace"):
        host.admin("iam").create_user(UserName=name, Path="/persistent/")
    assert host.client("iam", session).get_user(UserName="ada")["User"]["UserName"] == "ada"
    assert refusal(host.client("iam", session).get_user, UserName="grace")[1] == "AccessDenied"


def test_what_does_not_fit_into_a_token_is_refused(corp: Corp) -> None:
    name_id = f"<saml:NameID>{random_text(6000)}</saml:NameID>"
    refused = corp.refused(corp.response(name_id=name_id))
    assert (refused.status, refused.code) == (400, "PackedPolicyTooLarge")


def random_text(length: int) -> str:
    """Text that no packing makes shorter."""
    return os.urandom(length // 2).hex()


def test_a_plain_session_s_token_is_short(corp: Corp) -> None:
    assert corp.assume()["SessionTokenSize"] < 1200


def test_the_same_person_of_two_providers_is_two_people(corp: Corp, host: Host) -> None:
    host.admin("iam").create_saml_provider(Name="Second", SAMLMetadataDocument=corp.idp.metadata())
    second = f"arn:aws:iam::{ACCOUNT}:saml-provider/Second"
    host.role("Both", trusting({"Federated": [PROVIDER, second]}, "sts:AssumeRoleWithSAML"))
    role = f"arn:aws:iam::{ACCOUNT}:role/Both"
    said = claims(Role=[f"{role},{PROVIDER}", f"{role},{second}"])
    first = corp.call(corp.response(attributes=said), RoleArn=role)
    other = corp.call(corp.response(attributes=said), RoleArn=role, PrincipalArn=second)
    assert first["Subject"] == other["Subject"]
    assert first["NameQualifier"] != other["NameQualifier"]
