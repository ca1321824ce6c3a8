"""IAM User Guide, "AWS global condition context keys": each key is there exactly when AWS has it, with AWS's value.

One table: for each kind of caller, the whole context. A key that is missing from a row must be absent from the context.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from daypass.access.context import context_of
from daypass.access.facts import RequestFacts
from daypass.access.principals import ANONYMOUS, caller_of_key, caller_of_session
from daypass.credentials import ChainRoot, Federation, Secret, Session, SessionKind
from daypass.directory import AccessKey, Account, Role, User
from daypass.store import MemoryStore

if TYPE_CHECKING:
    from daypass.access.caller import Caller

ACCOUNT = "111122223333"
NOW = 1_800_000_000
ISSUED = NOW - 600
USER_ID, ROLE_ID = "AIDARTX3GSDSQAAAAAAAA", "AROARTX3GSDSQAAAAAAAA"
USER_ARN, ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:user/team/alice", f"arn:aws:iam::{ACCOUNT}:role/a/b/R"

FACTS = RequestFacts(now=NOW + 0.9, source_ip="192.0.2.7", secure=False, region="eu-west-1")
ALWAYS = {
    "aws:currenttime": "2027-01-15T08:00:00Z",
    "aws:epochtime": str(NOW),
    "aws:securetransport": "false",
    "aws:sourceip": "192.0.2.7",
    "aws:requestedregion": "eu-west-1",
    "aws:principalisawsservice": "false",
}
SIGNED = ALWAYS | {"aws:viaawsservice": "false", "aws:principalaccount": ACCOUNT}
TEMPORARY = SIGNED | {"aws:tokenissuetime": "2027-01-15T07:50:00Z", "aws:multifactorauthpresent": "false"}
USER = {
    "aws:principaltype": "User",
    "aws:principalarn": USER_ARN,
    "aws:userid": USER_ID,
    "aws:username": "alice",
    "aws:principaltag/dept": "user",
}
ROLE = {
    "aws:principaltype": "AssumedRole",
    "aws:principalarn": ROLE_ARN,
    "aws:userid": f"{ROLE_ID}:s1",
    "aws:principaltag/site": "role",
}
ROOT = {"aws:principaltype": "Account", "aws:principalarn": f"arn:aws:iam::{ACCOUNT}:root", "aws:userid": ACCOUNT}
FEDERATED_USER = {
    "aws:principaltype": "FederatedUser",
    "aws:principalarn": f"arn:aws:sts::{ACCOUNT}:federated-user/Bob",
    "aws:userid": f"{ACCOUNT}:Bob",
}
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"


def store() -> MemoryStore:
    user = User(account=ACCOUNT, name="alice", id=USER_ID, path="/team/", created=NOW, tags=(("Dept", "user"),))
    trust = '{"Version":"2012-10-17","Statement":[]}'
    role = Role(account=ACCOUNT, name="R", id=ROLE_ID, path="/a/b/", created=NOW, trust=trust, tags=(("Site", "role"),))
    return MemoryStore([Account(id=ACCOUNT, name="a", email="", created=NOW), user, role])


VIEW = store().view()


def key(user_id: str | None) -> Caller:
    names = {"user_id": user_id, "user_name": None if user_id is None else "alice"}
    record = AccessKey(id="AKIARTX3GSDSQERUKZ4J", account=ACCOUNT, secret=Secret("x"), created=NOW, **names)
    found = caller_of_key(record, VIEW)
    assert found is not None
    return found


def session(kind: SessionKind, principal: str, **facts: Any) -> Caller:
    made = Session(
        access_key_id="ASIARTX3GSDSQERUKZ4J",
        secret=Secret("x"),
        kind=kind,
        account=ACCOUNT,
        principal_id=principal,
        principal_name="as it was",
        issued_at=ISSUED,
        expires_at=NOW + 60,
        chain_root=ChainRoot("AKIARTX3GSDSQERUKZ4J", ISSUED),
        region="us-east-1",
        **facts,
    )
    found = caller_of_session(made, VIEW)
    assert found is not None
    return found


def role_session(**facts: Any) -> Caller:
    return session(SessionKind.ROLE, ROLE_ID, session_name="s1", **facts)


ROWS = {
    "user": (key(USER_ID), SIGNED | USER),
    "root": (key(None), SIGNED | ROOT),
    "GetSessionToken of a user": (session(SessionKind.USER, USER_ID), TEMPORARY | USER),
    "GetSessionToken of root": (session(SessionKind.USER, ACCOUNT), TEMPORARY | ROOT),
    "AssumeRoot": (session(SessionKind.ROOT, ACCOUNT), TEMPORARY | ROOT | {"aws:assumedroot": "true"}),
    "GetSessionToken with MFA": (
        session(SessionKind.USER, USER_ID, mfa_at=ISSUED),
        TEMPORARY | USER | {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "600"},
    ),
    "federated user": (
        session(SessionKind.FEDERATED_USER, USER_ID, session_name="Bob"),
        TEMPORARY | FEDERATED_USER | {"aws:principaltag/dept": "user"},
    ),
    "federated user with tags": (
        session(SessionKind.FEDERATED_USER, USER_ID, session_name="Bob", tags={"DEPT": "session", "x": ""}),
        TEMPORARY | FEDERATED_USER | {"aws:principaltag/dept": "session", "aws:principaltag/x": ""},
    ),
    "federated user of root": (session(SessionKind.FEDERATED_USER, ACCOUNT, session_name="Bob"), TEMPORARY | FEDERATED_USER),
    "role session": (role_session(), TEMPORARY | ROLE),
    "role session with source identity": (
        role_session(source_identity="alice"),
        TEMPORARY | ROLE | {"aws:sourceidentity": "alice"},
    ),
    "role session with tags": (
        role_session(tags={"SITE": "session", "Team": "t"}, transitive_tag_keys=("Team",)),
        TEMPORARY | ROLE | {"aws:principaltag/site": "session", "aws:principaltag/team": "t"},
    ),
    "chained role session": (role_session(chained=True), TEMPORARY | ROLE),
    "role session from a provider": (
        role_session(federation=Federation(provider=PROVIDER, subject="s")),
        {name: value for name, value in (TEMPORARY | ROLE).items() if name != "aws:multifactorauthpresent"}
        | {"aws:federatedprovider": PROVIDER, "idp.example.com:sub": "s"},
    ),
    "nobody": (
        ANONYMOUS,
        ALWAYS | {"aws:principaltype": "Anonymous", "aws:principalaccount": "anonymous", "aws:userid": "anonymous"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_each_kind_of_caller_has_these_keys_and_no_others(row: str) -> None:
    caller, expected = ROWS[row]
    assert context_of(caller, FACTS) == expected


@pytest.mark.parametrize("row", ROWS)
def test_headers_give_keys_only_where_they_were_sent(row: str) -> None:
    caller, expected = ROWS[row]
    facts = replace(FACTS, user_agent="aws-cli/2", referer="https://example.com/")
    assert context_of(caller, facts) == expected | {"aws:useragent": "aws-cli/2", "aws:referer": "https://example.com/"}
    assert context_of(caller, replace(FACTS, user_agent=""))["aws:useragent"] == ""


def test_secure_transport_is_what_the_listener_says() -> None:
    assert context_of(ANONYMOUS, replace(FACTS, secure=True))["aws:securetransport"] == "true"


def test_mfa_is_of_get_session_token_sessions_alone() -> None:
    """A role session that says otherwise is not believed (B15)."""
    context = context_of(role_session(mfa_at=ISSUED), FACTS)
    assert context["aws:multifactorauthpresent"] == "false"
    assert "aws:multifactorauthage" not in context


def test_the_age_of_mfa_is_never_negative() -> None:
    ahead = session(SessionKind.USER, USER_ID, mfa_at=NOW + 5)
    assert context_of(ahead, FACTS)["aws:multifactorauthage"] == "0"


def test_names_are_those_of_now_not_those_sealed_at_issue() -> None:
    assert context_of(session(SessionKind.USER, USER_ID), FACTS)["aws:username"] == "alice"
    assert role_session().arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/R/s1"


@pytest.mark.parametrize("kind", SessionKind)
def test_a_session_whose_issuer_is_gone_is_nobody(kind: SessionKind) -> None:
    """Neither an id that was, nor one of another kind of principal, nor an account that is not here."""
    for principal in ("AIDARTX3GSDSQBBBBBBBB", "AROARTX3GSDSQBBBBBBBB", "444455556666", "", USER_ID if kind is SessionKind.ROLE else ROLE_ID):  # fmt: skip
        made = Session(
            access_key_id="ASIARTX3GSDSQERUKZ4J", secret=Secret("x"), kind=kind, account=ACCOUNT, principal_id=principal,
            principal_name="n", issued_at=ISSUED, expires_at=NOW, chain_root=ChainRoot("k", 0), region="r", session_name="s1",
        )  # fmt: skip
        assert caller_of_session(made, VIEW) is None
