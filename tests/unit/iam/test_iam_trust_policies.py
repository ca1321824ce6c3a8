"""IAM User Guide, "AWS JSON policy elements: Principal": a trust policy means the principals that exist when it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, OTHER_ACCOUNT

from daypass.directory import OidcProvider, Put, SamlProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam

    Trusting = Callable[[Any], str]
    Decoded = Callable[[str], Any]

BOB = f"arn:aws:iam::{ACCOUNT}:user/x/bob"


@pytest.fixture(autouse=True)
def bob(iam: Iam) -> str:
    return str(iam("CreateUser", UserName="bob", Path="/x/")["User"]["UserId"])


@pytest.fixture
def principal_read(iam: Iam, decoded: Decoded) -> Callable[[], Any]:
    return lambda: decoded(iam("GetRole", RoleName="app")["Role"]["AssumeRolePolicyDocument"])["Statement"][0][
        "Principal"
    ]


def trust(iam: Iam, text: str) -> None:
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=text)


def test_a_renamed_principal_is_shown_under_its_new_arn(
    iam: Iam, trusting: Trusting, principal_read: Callable[[], Any], bob: str
) -> None:
    trust(iam, trusting({"AWS": [BOB, f"arn:aws:iam::{ACCOUNT}:root"]}))
    assert iam.role("app").trust_bindings == ((BOB, bob),)
    iam("UpdateUser", UserName="bob", NewUserName="robert", NewPath="/")
    shown = [f"arn:aws:iam::{ACCOUNT}:user/robert", f"arn:aws:iam::{ACCOUNT}:root"]
    assert principal_read() == {"AWS": shown}


def test_a_deleted_principal_is_shown_as_its_id_also_when_its_name_is_taken_again(
    iam: Iam, trusting: Trusting, principal_read: Callable[[], Any], bob: str
) -> None:
    trust(iam, trusting({"AWS": BOB}))
    iam("DeleteUser", UserName="bob")
    assert principal_read() == {"AWS": bob}
    iam("CreateUser", UserName="bob", Path="/x/")
    assert principal_read() == {"AWS": bob}
    assert iam.role("app").trust_bindings == ((BOB, bob),)


def test_what_a_read_shows_of_a_deleted_principal_cannot_be_saved_again(iam: Iam, trusting: Trusting, bob: str) -> None:
    trust(iam, trusting({"AWS": BOB}))
    iam("DeleteUser", UserName="bob")
    refused = ("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{bob}"')
    assert iam.refusal("UpdateAssumeRolePolicy", RoleName="app", PolicyDocument=trusting({"AWS": bob})) == refused


def test_the_id_of_a_living_principal_reads_as_its_arn(
    iam: Iam, trusting: Trusting, principal_read: Callable[[], Any], bob: str
) -> None:
    trust(iam, trusting({"AWS": bob}))
    assert principal_read() == {"AWS": BOB}


def test_a_session_means_the_role_behind_it(iam: Iam, trusting: Trusting, principal_read: Callable[[], Any]) -> None:
    trusted = iam("CreateRole", RoleName="first", AssumeRolePolicyDocument=trusting({"AWS": ACCOUNT}))["Role"]["RoleId"]
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/first/me"
    trust(iam, trusting({"AWS": session}))
    assert iam.role("app").trust_bindings == ((session, trusted),)
    assert principal_read() == {"AWS": session}
    iam("DeleteRole", RoleName="first")
    assert principal_read() == {"AWS": f"{trusted}:me"}


def test_an_account_reads_as_its_root_arn(iam: Iam, trusting: Trusting, principal_read: Callable[[], Any]) -> None:
    trust(iam, trusting({"AWS": [OTHER_ACCOUNT, ACCOUNT]}))
    assert principal_read() == {"AWS": [f"arn:aws:iam::{OTHER_ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:root"]}
    assert iam.role("app").trust_bindings == ()


def test_principals_of_other_accounts_are_bound_too(iam: Iam, neighbour: Iam, trusting: Trusting) -> None:
    carol = neighbour("CreateUser", UserName="carol")["User"]
    trust(iam, trusting({"AWS": carol["Arn"]}))
    assert iam.role("app").trust_bindings == ((carol["Arn"], carol["UserId"]),)


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "*"},
        "*",
        {"Service": "ec2.amazonaws.com"},
        {"Service": ["lambda.amazonaws.com", "delivery.logs.amazonaws.com"]},
        {"Federated": "accounts.google.com"},
        {"AWS": f"arn:aws:sts::{ACCOUNT}:federated-user/eve"},
    ],
)
def test_what_needs_no_record_is_stored_as_it_is(
    iam: Iam, trusting: Trusting, principal_read: Callable[[], Any], principal: Any
) -> None:
    trust(iam, trusting(principal))
    assert principal_read() == principal


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("AWS", f"arn:aws:iam::{ACCOUNT}:user/bob"),  # that is not bob's path
        ("AWS", f"arn:aws:iam::{ACCOUNT}:user/x/Bob"),
        ("AWS", f"arn:aws:iam::{ACCOUNT}:user/x/*"),
        ("AWS", f"arn:aws:iam::{ACCOUNT}:role/none"),
        ("AWS", f"arn:aws:iam::{ACCOUNT}:role/x/bob"),
        ("AWS", f"arn:aws:iam::{ACCOUNT}:group/staff"),
        ("AWS", f"arn:aws:iam::{OTHER_ACCOUNT}:user/x/bob"),
        ("AWS", f"arn:aws:sts::{ACCOUNT}:assumed-role/none/s"),
        ("AWS", f"arn:aws-cn:iam::{ACCOUNT}:root"),
        ("AWS", "arn:aws:iam::999999999999:root"),
        ("AWS", "999999999999"),
        ("AWS", "AIDAAAAAAAAAAAAAAAAAA"),
        ("AWS", "AROAAAAAAAAAAAAAAAAAA"),
        ("AWS", "bob"),
        ("Service", "nope"),
        ("Service", "evil.example.com"),
        ("Federated", f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"),
        ("Federated", f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"),
        ("Federated", "idp.example.com"),
    ],
)
def test_who_does_not_exist_is_no_principal(iam: Iam, trusting: Trusting, kind: str, name: str) -> None:
    code, text = iam.refusal("CreateRole", RoleName="app", AssumeRolePolicyDocument=trusting({kind: name}))
    assert code == "MalformedPolicyDocument"
    assert text is not None
    assert text == f'Invalid principal in policy: "{kind.upper()}":"{name}"'


def test_other_actions_and_resources_are_refused(iam: Iam, trusting: Trusting) -> None:
    text = trusting({"AWS": ACCOUNT})
    refused = ("MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions.")
    given = text.replace("sts:AssumeRole", "s3:GetObject")
    assert iam.refusal("CreateRole", RoleName="app", AssumeRolePolicyDocument=given) == refused
    given = text.replace('"Effect"', '"Resource": "*", "Effect"')
    refused = ("MalformedPolicyDocument", "Has prohibited field Resource")
    assert iam.refusal("CreateRole", RoleName="app", AssumeRolePolicyDocument=given) == refused


def test_2048_characters_without_white_space_are_enough(iam: Iam, trusting: Trusting) -> None:
    text = trusting({"AWS": ACCOUNT})
    bare = len(text.replace(" ", ""))
    fits = text.replace('"Effect"', '"Sid": "' + "a" * (2048 - bare - len('"Sid":"",')) + '", "Effect"')
    iam("CreateRole", RoleName="app", AssumeRolePolicyDocument=fits)
    refused = ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
    given = fits.replace('"Sid": "', '"Sid": "a')
    assert iam.refusal("UpdateAssumeRolePolicy", RoleName="app", PolicyDocument=given) == refused


def test_an_identity_provider_must_be_registered_in_the_account_that_its_arn_names(
    iam: Iam, trusting: Trusting, principal_read: Callable[[], Any]
) -> None:
    oidc = OidcProvider(account=ACCOUNT, url="idp.example.com/a", created=0)
    saml = SamlProvider(account=ACCOUNT, name="idp", id="x", created=0, metadata="")
    iam.world.store.apply([Put(oidc), Put(saml)])
    trust(iam, trusting({"Federated": [oidc.arn, saml.arn]}))
    assert principal_read() == {"Federated": [oidc.arn, saml.arn]}
    for wrong in (
        oidc.arn.removesuffix("/a"),
        oidc.arn.replace(ACCOUNT, OTHER_ACCOUNT),
        oidc.arn.replace("aws:iam", "aws-cn:iam"),
        oidc.arn.replace("idp.", "IDP."),
        saml.arn.upper(),
    ):
        document = trusting({"Federated": wrong})
        assert (
            iam.refusal("CreateRole", RoleName="other", AssumeRolePolicyDocument=document)[0]
            == "MalformedPolicyDocument"
        )
