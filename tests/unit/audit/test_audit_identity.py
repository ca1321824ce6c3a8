"""userIdentity for every kind of caller (CloudTrail User Guide, "CloudTrail userIdentity element")."""

from __future__ import annotations

from dataclasses import replace

import pytest
from audit_calls import (
    ACCOUNT,
    ANONYMOUS,
    BEGAN,
    DEV,
    OTHER,
    call,
    federated_user,
    record_of,
    recorder,
    records_of,
    role_session,
    root,
    session,
    user,
)

from daypass.access.caller import Caller
from daypass.audit.identity import _FORMS, identity_of
from daypass.credentials import Federation, SessionKind
from daypass.policy import Principal, PrincipalKind

CREATED = {"creationDate": "2026-11-24T15:00:00Z", "mfaAuthenticated": "false"}


def test_an_iam_user_is_named_with_its_key() -> None:
    assert identity_of(user()) == {
        "type": "IAMUser",
        "principalId": "AIDAQRSTUVWXYZEXAMPLE",
        "arn": "arn:aws:iam::111122223333:user/team/alice",
        "accountId": ACCOUNT,
        "accessKeyId": "AKIAQRSTUVWXYZEXAMPLE",
        "userName": "alice",
    }


def test_a_session_token_session_is_the_user_with_attributes_and_no_issuer() -> None:
    held = session(SessionKind.USER, mfa_at=BEGAN, principal_id="AIDAQRSTUVWXYZEXAMPLE")
    identity = identity_of(user(with_session=held))
    assert identity["type"] == "IAMUser"
    assert identity["accessKeyId"] == "ASIAQRSTUVWXYZEXAMPLE"
    assert identity["sessionContext"] == {
        "sessionIssuer": {},
        "attributes": {"creationDate": "2026-11-24T15:00:00Z", "mfaAuthenticated": "true"},
    }


def test_the_root_user_is_its_account() -> None:
    assert identity_of(root()) == {
        "type": "Root",
        "principalId": ACCOUNT,
        "arn": "arn:aws:iam::111122223333:root",
        "accountId": ACCOUNT,
        "accessKeyId": "AKIAQRSTUVWXYZROOTKEY",
    }
    assert identity_of(root(session(SessionKind.USER)))["sessionContext"]["attributes"] == CREATED


def test_a_role_session_names_its_role_with_the_path_and_its_source_identity() -> None:
    assert identity_of(role_session(source_identity="JohnDoe")) == {
        "type": "AssumedRole",
        "principalId": f"{DEV.id}:s1",
        "arn": "arn:aws:sts::111122223333:assumed-role/dev/s1",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAQRSTUVWXYZEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": DEV.id,
                "arn": "arn:aws:iam::111122223333:role/team/dev",
                "accountId": ACCOUNT,
                "userName": "dev",
            },
            "attributes": CREATED,
            "sourceIdentity": "JohnDoe",
        },
    }


def test_a_role_session_by_web_identity_names_its_provider() -> None:
    provider = "arn:aws:iam::111122223333:oidc-provider/idp.example.com"
    context = identity_of(role_session(federation=Federation(provider, "sub")))["sessionContext"]
    assert context["webIdFederationData"] == {"federatedProvider": provider, "attributes": {}}


def test_a_federated_user_names_the_user_who_vouched() -> None:
    identity = identity_of(federated_user())
    assert identity["type"] == "FederatedUser"
    assert identity["principalId"] == f"{ACCOUNT}:Bob"
    assert identity["arn"] == "arn:aws:sts::111122223333:federated-user/Bob"
    assert identity["sessionContext"]["sessionIssuer"] == {
        "type": "IAMUser",
        "principalId": "AIDAQRSTUVWXYZEXAMPLE",
        "arn": "arn:aws:iam::111122223333:user/team/alice",
        "accountId": ACCOUNT,
        "userName": "alice",
    }
    assert identity["sessionContext"]["attributes"] == CREATED


def test_a_federated_user_of_the_root_user_names_root() -> None:
    issuer = identity_of(federated_user(parent=None))["sessionContext"]["sessionIssuer"]
    assert issuer["type"] == "Root"
    assert issuer["arn"] == "arn:aws:iam::111122223333:root"


def test_a_service_is_named_by_its_host_name() -> None:
    service = Principal(kind=PrincipalKind.SERVICE, account="", arn="", service="ec2.amazonaws.com")
    assert identity_of(Caller(service, "")) == {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}


OIDC = "arn:aws:iam::111122223333:oidc-provider/idp"


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        (
            PrincipalKind.WEB_IDENTITY,
            Federation(OIDC, "repo:o/r:ref", "client"),
            ("WebIdentityUser", f"{OIDC}:client:repo:o/r:ref", "repo:o/r:ref", OIDC),
        ),
        (
            PrincipalKind.SAML,
            Federation("arn:aws:iam::111122223333:saml-provider/idp", "a:b", name_qualifier="bdGO="),
            ("SAMLUser", "bdGO=:a:b", "a:b", "bdGO="),
        ),
    ],
)
def test_who_brings_proof_of_a_provider_is_named_by_it(
    kind: PrincipalKind, said: Federation, expected: tuple[str, str, str, str]
) -> None:
    caller = Caller(Principal(kind=kind, account="", arn="", federated=(said.provider,)), said.provider)
    identity = identity_of(replace(caller, federation=said))
    assert tuple(identity.values()) == expected
    assert identity_of(caller) == {"type": "Unknown"}


def test_an_anonymous_reader_is_recorded_for_the_owner_of_the_bucket() -> None:
    record = record_of(call("s3", "GetObject", {"Bucket": "b", "Key": "k"}, ANONYMOUS), owner=OTHER)
    assert record["userIdentity"] == {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}
    assert record["recipientAccountId"] == OTHER


def test_who_proved_nothing_enters_no_account_and_no_identity() -> None:
    """AWS delivers calls that fail authentication nowhere; the operator finds them in the journal."""
    made = call("sts", "GetCallerIdentity", {})
    (recorded,) = recorder().of(
        service="sts",
        operation="GetCallerIdentity",
        request_id="r",
        request=made.request,
        facts=made.facts,
        status=403,
        caller=ANONYMOUS,
    )
    row = recorded.row()
    assert recorded.recipient == row.account == ""
    assert b'"userIdentity":{"type":"Unknown"}' in recorded.line
    assert row.username is None
    assert row.access_key_id is None


def test_the_owner_of_a_role_learns_account_and_id_of_a_foreign_caller_and_no_more() -> None:
    role = "arn:aws:iam::111122223333:role/dev"
    made = call("sts", "AssumeRole", {"RoleArn": role, "RoleSessionName": "x"}, user(OTHER))
    own, owners = records_of(made, {"AssumedRoleUser": {"Arn": "a", "AssumedRoleId": "i"}}, owner=ACCOUNT)
    assert own["userIdentity"]["userName"] == "alice"
    assert own["recipientAccountId"] == OTHER
    assert owners["userIdentity"] == {
        "type": "AWSAccount",
        "principalId": "AIDAQRSTUVWXYZEXAMPLE",
        "accountId": OTHER,
    }
    assert owners["recipientAccountId"] == ACCOUNT
    assert own["sharedEventID"] == owners["sharedEventID"]
    assert own["eventID"] != owners["eventID"]
    differing = {"userIdentity", "recipientAccountId", "eventID"}
    assert {k: v for k, v in own.items() if k not in differing} == {
        k: v for k, v in owners.items() if k not in differing
    }


def test_every_kind_of_principal_has_a_form() -> None:
    assert set(_FORMS) == set(PrincipalKind)
