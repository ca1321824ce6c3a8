"""Calls of federated callers, and of the sessions they open, are put to the engine again just as they were."""

from __future__ import annotations

import pytest
from oidcworld import make_web
from samlkit import ACTIONS, Corp, claims
from witnesskit import Witness
from worldkit import Host, allow

from daypass.recollection import CannotTell, Hypothesis
from daypass.recollection.explaining import _hypothetical

TAGS = "https://aws.amazon.com/tags"
WEB = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession")


def test_a_web_identity_and_its_session() -> None:
    web = make_web()
    witness = Witness(web.host)
    web.trust(web.letting_in(*WEB))
    web.host.admin("iam").put_role_policy(RoleName="web", PolicyName="p", PolicyDocument=allow("iam:*"))
    said = {TAGS: {"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]}}
    session = web.assume(web.issuer.token(sub="alice", **said), Policy=allow("iam:List*"))
    witness.check(questions=2)
    web.host.client("iam", session).list_users()
    witness.check()


def test_a_web_identity_whom_the_role_does_not_trust() -> None:
    web = make_web()
    witness = Witness(web.host)
    web.trust(web.letting_in(Condition={"StringEquals": {f"{web.issuer.url}:sub": "bob"}}))
    assert web.ask(web.issuer.token(sub="alice")).status == 403
    witness.check()


def test_a_claim_that_the_trail_does_not_keep_is_named() -> None:
    web = make_web()
    witness = Witness(web.host)
    assert web.ask(web.issuer.token(sub="alice", email="alice@example.com")).status == 200
    decisions = witness.past().decisions
    assert decisions is not None
    assert f"{web.issuer.url}:email" in decisions.unkept
    assert b"alice@example.com" not in web.host.journal.lines[-1]
    witness.check()


def test_whoever_a_provider_vouches_for_can_be_asked_about_beforehand() -> None:
    web = make_web()
    key = f"{web.issuer.url}:sub"
    web.trust(web.letting_in(Condition={"StringEquals": {key: "alice"}}))
    view = web.host.store.view()
    asked = Hypothesis(web.issuer.arn, "sts:AssumeRoleWithWebIdentity", web.role, ((key, "alice"),))
    assert _hypothetical(asked, view, "us-east-1")["Decision"] == "allow"
    told = _hypothetical(asked._replace(context=((key, "bob"),)), view, "us-east-1")
    assert told["Because"] == "because no role trust policy allows the sts:AssumeRoleWithWebIdentity action"
    (change,) = told["Changes"]
    assert change["Statement"] == {
        "Effect": "Allow",
        "Principal": {"Federated": web.issuer.arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {key: "bob"}},
    }
    with pytest.raises(CannotTell, match="there is no"):
        _hypothetical(asked._replace(principal=f"{web.issuer.arn}x"), view, "us-east-1")


@pytest.fixture
def corp(host: Host) -> Corp:
    return Corp.on(host)


def test_a_person_of_a_saml_provider_and_the_session(corp: Corp, host: Host) -> None:
    witness = Witness(host)
    corp.trust(*ACTIONS)
    session = corp.assume(attributes=claims(PrincipalTag__team="red"))["Credentials"]
    witness.check(questions=2)
    host.client("iam", session).list_users()
    witness.check()
