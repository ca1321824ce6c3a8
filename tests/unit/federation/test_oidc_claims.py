"""What a verified token must say: times, audience, subject, roles (sts.md 14; threats: C8, C17, C20)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from oidcworld import CLIENT, NOT_AUTHORIZED, compact, make_web, rsa_key
from worldkit import ACCOUNT, OTHER_ACCOUNT, START

if TYPE_CHECKING:
    from oidcworld import Web

NOW = int(START)
ROLES = "https://aws.amazon.com/roles"
WRONG_AUDIENCE = (400, "InvalidIdentityToken", "Incorrect token audience")


@pytest.fixture
def web() -> Web:
    return make_web()


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "iat", "exp"])
def test_every_required_claim_is_required(web: Web, name: str) -> None:
    wanted = (400, "InvalidIdentityToken", f"Missing a required claim: {name}")
    claims = web.issuer.claims()
    header = {"alg": "RS256", "kid": "rsa-0"}
    assert web.ask(compact(header, claims | {name: None}, rsa_key())).refusal == wanted
    del claims[name]
    assert web.ask(compact(header, claims, rsa_key())).refusal == wanted


@pytest.mark.parametrize(
    "times",
    [
        {"exp": NOW - 300},
        {"iat": NOW + 300, "exp": NOW + 900},
        {"nbf": NOW + 300},
        {"nbf": None},
        {"exp": str(NOW + 60), "iat": str(NOW), "nbf": str(NOW)},
        {"iat": 0, "exp": NOW + 10**9},
    ],
)
def test_five_minutes_are_tolerated(web: Web, times: dict[str, Any]) -> None:
    assert web.ask(web.issuer.token(**times)).status == 200


def test_an_expired_token_is_told_so_with_both_times(web: Web) -> None:
    text = f"Token expired: current date/time {NOW} must be before the expiration date/time {NOW - 301}"
    assert web.ask(web.issuer.token(exp=NOW - 301)).refusal == (400, "ExpiredTokenException", text)
    assert web.reason() == f"exp is {NOW - 301}, it is {NOW}; 300 s are tolerated"


@pytest.mark.parametrize("times", [{"iat": NOW + 301}, {"nbf": NOW + 301}, {"nbf": 10**12}])
def test_a_token_of_the_future_is_refused(web: Web, times: dict[str, Any]) -> None:
    assert web.ask(web.issuer.token(**times)).refusal[:2] == (400, "InvalidIdentityToken")
    assert "300 s are tolerated" in web.reason()


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [NOW + 0.5, float(NOW), f"{NOW}.0", "", "soon", True, [NOW], {"a": 1}, 10**18, "1" * 19, " 1", "0x1", "\u0661"])  # fmt: skip
def test_a_time_is_a_whole_number_or_a_text_of_one(web: Web, name: str, value: Any) -> None:
    answer = web.ask(web.issuer.token(**{"exp": NOW + 60, name: value}))
    assert answer.refusal == (400, "InvalidIdentityToken", f"Token timestamp {name} must be an integer")


def test_c17_an_email_names_nobody(web: Web) -> None:
    """C17: the subject is who comes; an address is one claim among others, below the provider's name."""
    answer = web.ask(web.issuer.token(sub="7", email="admin@example.com", preferred_username="admin"))
    assert answer.text("SubjectFromWebIdentityToken") == "7"
    assert web.host.journal.records[-1]["userIdentity"]["userName"] == "7"


@pytest.mark.parametrize("sub", ["", "x", "y" * 400, "repo:o/r:ref:refs/heads/main", "Jörg", "a b", "<&>\"'"])
def test_any_text_is_a_subject(web: Web, sub: str) -> None:
    answer = web.ask(web.issuer.token(sub=sub))
    assert (answer.status, answer.text("SubjectFromWebIdentityToken")) == (200, sub)


def test_a_number_is_a_subject_as_text(web: Web) -> None:
    web.trust(web.letting_in(Condition={"StringEquals": {"idp.example.com:sub": "248289761001"}}))
    assert web.ask(web.issuer.token(sub=248289761001)).text("SubjectFromWebIdentityToken") == "248289761001"


@pytest.mark.parametrize("sub", [True, ["a"], {"a": "b"}, "nul\0", "bell\a", "\uffff"])
def test_what_no_answer_could_carry_is_no_subject(web: Web, sub: Any) -> None:
    assert web.ask(web.issuer.token(sub=sub)).refusal == (400, "InvalidIdentityToken", "Token subject is not valid")


@pytest.mark.parametrize(
    ("claims", "audience"),
    [
        ({"aud": CLIENT}, CLIENT),
        ({"aud": [CLIENT]}, CLIENT),
        ({"aud": "other", "azp": CLIENT}, CLIENT),
        ({"aud": ["a", "b"], "azp": CLIENT}, CLIENT),
        ({"aud": CLIENT, "azp": "second"}, "second"),
        ({"aud": "second"}, "second"),
    ],
)
def test_azp_goes_before_aud(web: Web, claims: dict[str, Any], audience: str) -> None:
    web.register(web.issuer, CLIENT, "second")
    answer = web.ask(web.issuer.token(**claims))
    assert (answer.status, answer.text("Audience")) == (200, audience)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"aud": CLIENT.upper()},
        {"aud": f"{CLIENT} "},
        {"aud": []},
        {"aud": ""},
        {"aud": 7},
        {"aud": {"a": CLIENT}},
        {"aud": [[CLIENT]]},
        {"aud": [CLIENT, "other"]},
        {"aud": [CLIENT, CLIENT]},
        {"aud": [CLIENT, 7], "azp": CLIENT},
        {"aud": CLIENT, "azp": "other"},
        {"aud": CLIENT, "azp": ""},
        {"aud": CLIENT, "azp": [CLIENT]},
    ],
)
def test_c8_a_token_for_somebody_else_is_refused(web: Web, claims: dict[str, Any]) -> None:
    """C8."""
    assert web.ask(web.issuer.token(**claims)).refusal == WRONG_AUDIENCE
    assert "client ids is wanted: app" in web.reason()


def test_a_provider_without_client_ids_takes_no_token(web: Web) -> None:
    iam = web.host.admin("iam")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=web.issuer.arn, ClientID=CLIENT)
    assert web.ask(web.issuer.token()).refusal == WRONG_AUDIENCE
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=web.issuer.arn, ClientID=CLIENT)
    assert web.ask(web.issuer.token()).status == 200


@pytest.mark.parametrize(
    "form",
    [
        "{role}",
        ["{role}"],
        " {role} ",
        f"arn:aws:iam::{OTHER_ACCOUNT}:role/x;{{role}}",
        [f"arn:aws:iam::{ACCOUNT}:role/x", 7, "{role}"],
        "{role};nonsense",
    ],
)
def test_the_roles_claim_names_the_roles_that_a_token_is_for(web: Web, form: Any) -> None:
    claim = json.loads(json.dumps(form).replace("{role}", web.role))
    web.trust(web.letting_in(Condition={"Bool": {"sts:RoleAuthorizedByIdp": "true"}}))
    assert web.ask(web.issuer.token(**{ROLES: claim})).status == 200
    assert web.host.journal.records[-1]["additionalEventData"]["RoleAuthorizedByIdp"] is True


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/other", "The target role ARN is not present in the roles claim of the identity token"),
        (f"arn:aws:iam::{ACCOUNT}:role/*", "The target role ARN is not present in the roles claim of the identity token"),
        (f"arn:aws:iam::{ACCOUNT}:role/WEB", "The target role ARN is not present in the roles claim of the identity token"),
        ("", "The roles claim contains no valid role ARNs"),
        ("*", "The roles claim contains no valid role ARNs"),
        ([], "The roles claim contains no valid role ARNs"),
        (7, "The roles claim contains no valid role ARNs"),
        ({"a": "b"}, "The roles claim contains no valid role ARNs"),
    ],
)  # fmt: skip
def test_a_roles_claim_is_enforced_before_the_trust_policy(web: Web, claim: Any, text: str) -> None:
    for role in (web.role, f"{web.role}-that-is-not-there"):
        assert web.ask(web.issuer.token(**{ROLES: claim}), role).refusal == (400, "InvalidIdentityToken", text)


def test_a_token_without_a_roles_claim_says_nothing_about_roles(web: Web) -> None:
    for claims in ({}, {ROLES: None}):
        assert web.ask(web.issuer.token(**claims)).status == 200
        assert "RoleAuthorizedByIdp" not in web.host.journal.records[-1]["additionalEventData"]
    web.trust(web.letting_in(Condition={"Bool": {"sts:RoleAuthorizedByIdp": "true"}}))
    assert web.ask(web.issuer.token()).refusal == NOT_AUTHORIZED
    web.trust(web.letting_in(Condition={"Bool": {"sts:RoleAuthorizedByIdp": "false"}}))
    assert web.ask(web.issuer.token()).status == 200
