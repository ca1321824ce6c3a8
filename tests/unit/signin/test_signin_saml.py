"""Signing in to the console by a SAML response, as a browser posts it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from samlkit import PROVIDER, ROLE, Corp, Encrypting, Idp, claims, encoded, evil, rsa_key
from signinkit import browse
from worldkit import ACCOUNT, Answer, Host, trusting

OTHER = f"arn:aws:iam::{ACCOUNT}:role/Other"


@pytest.fixture
def corp(host: Host) -> Corp:
    return Corp.on(host)


def post(corp: Corp, tree: Any, **more: Any) -> Answer:
    return browse(
        corp.host, "/saml", {"SAMLResponse": encoded(tree), "RelayState": "https://evil.example/"} | more, method="POST"
    )


def page_of(corp: Corp, answer: Answer) -> str:
    assert (answer.status, answer.headers["location"]) == (302, "/console/"), answer.body
    return browse(corp.host, "/console/", cookie=answer.headers["set-cookie"].partition(";")[0]).body


def test_a_person_signs_in_by_an_assertion_and_is_the_role(corp: Corp) -> None:
    answer = post(corp, corp.response())
    assert f"arn:aws:sts::{ACCOUNT}:assumed-role/Saml/ada@example.com" in page_of(corp, answer)
    (record,) = (one for one in corp.host.journal.records if one["eventName"] == "ConsoleLogin")
    assert (record["eventSource"], record["eventType"]) == ("signin.amazonaws.com", "AwsConsoleSignIn")
    assert (record["userIdentity"]["type"], record["userIdentity"]["userName"]) == ("SAMLUser", "ada")
    assert (record["requestParameters"], record["responseElements"]) == (None, {"ConsoleLogin": "Success"})


def test_an_assertion_signs_in_once_whatever_the_setting_says(corp: Corp) -> None:
    tree = corp.response()
    assert corp.host.world.settings.federation_saml_replay == "allow"
    assert post(corp, tree).status == 302
    again = post(corp, tree)
    assert (again.status, "set-cookie" in again.headers) == (400, False)


def test_an_assertion_that_opened_a_session_by_the_api_still_signs_in_once(corp: Corp) -> None:
    tree = corp.response()
    assert corp.call(tree)["Credentials"]
    assert post(corp, tree).status == 302
    assert post(corp, tree).status == 400


def test_who_may_take_several_roles_chooses_one(corp: Corp) -> None:
    corp.host.role("Other", trusting({"Federated": PROVIDER}, "sts:AssumeRoleWithSAML"))
    tree = corp.response(attributes=claims(Role=[f"{ROLE},{PROVIDER}", f"{PROVIDER},{OTHER}"]))
    chooser = post(corp, tree)
    assert (chooser.status, "set-cookie" in chooser.headers) == (200, False)
    forms = re.findall(
        r'name="SAMLResponse" value="([^"]+)"><input type="hidden" name="roleIndex" value="([^"]+)"', chooser.body
    )
    assert [(unescape(text), role) for text, role in forms] == [(encoded(tree), OTHER), (encoded(tree), ROLE)]
    assert "assumed-role/Other/ada@example.com" in page_of(corp, post(corp, tree, roleIndex=OTHER))


def test_a_role_that_the_assertion_does_not_name_is_not_chosen(corp: Corp) -> None:
    corp.host.role("Other", trusting({"Federated": PROVIDER}, "sts:AssumeRoleWithSAML"))
    assert post(corp, corp.response(), roleIndex=OTHER).status == 400


def test_the_session_duration_attribute_says_how_long_the_console_is_open(corp: Corp) -> None:
    cookie = (
        post(corp, corp.response(attributes=claims(SessionDuration="43200"))).headers["set-cookie"].partition(";")[0]
    )
    corp.host.at(43_199)
    assert "ada@example.com" in browse(corp.host, "/console/", cookie=cookie).body
    corp.host.at(1)
    assert "Signed out" in browse(corp.host, "/console/", cookie=cookie).body


@pytest.mark.parametrize(
    "tree",
    [
        lambda corp: corp.response(signed="neither"),
        lambda corp: evil(corp.response()),
        lambda corp: corp.response(now=corp.host.now - 301),
        lambda corp: corp.response(audience="urn:somebody:else"),
        lambda corp: Corp(corp.host, Idp(key=rsa_key("other"))).response(),
        lambda corp: corp.response(attributes=claims(Role=None)),
        lambda corp: corp.response(attributes=claims(Role=f"{ROLE},arn:aws:iam::{ACCOUNT}:saml-provider/Nobody")),
        lambda corp: corp.response(attributes=claims(Role=f"arn:aws:iam::{ACCOUNT}:role/Nobody,{PROVIDER}")),
        lambda _corp: b"<x/>",
        lambda _corp: b"",
    ],
    ids=[
        "unsigned",
        "evil",
        "late",
        "audience",
        "another key",
        "no role",
        "no provider",
        "no such role",
        "no response",
        "empty",
    ],
)
def test_what_the_api_refuses_signs_nobody_in(corp: Corp, tree: Any) -> None:
    answer = post(corp, tree(corp))
    assert (answer.status, "set-cookie" in answer.headers) == (400, False)
    assert "invalid SAML response" in answer.body
    assert "evil.example" not in answer.body


def test_a_trust_policy_keeps_people_out(corp: Corp) -> None:
    corp.trust(Condition={"StringEquals": {"saml:sub": "bob"}})
    assert post(corp, corp.response()).status == 400


def test_an_encrypted_response_names_no_role_before_it_is_opened(corp: Corp) -> None:
    """Which provider's key opens it would have to stand beside it: AWS's own address for that is not served."""
    assert post(corp, corp.response(signed="response", encrypt=Encrypting(rsa_key("sp")))).status == 400
