"""Revocation by the operator: exactly the named sessions die, and no later one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, OTHER_ACCOUNT, Host, allow, refusal, trusting

from daypass.services.sts.revoking import NoSuchSessions, of_principal, of_session, revoke

if TYPE_CHECKING:
    from collections.abc import Mapping

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
INVALID = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
BOB = f"arn:aws:sts::{ACCOUNT}:federated-user/Bob"


def is_alive(host: Host, credentials: Mapping[str, Any]) -> bool:
    answer = host.query(credentials, "GetCallerIdentity")
    assert answer.status == 200 or answer.refusal == INVALID
    return answer.status == 200


def kill(host: Host, where: tuple[str, str, str], until: int | None = None) -> None:
    now = int(host.now)
    host.store.apply(revoke(where, now if until is None else until, now, host.store.view()))


@pytest.fixture
def sessions(host: Host, alice: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Sessions of every kind, all issued in one second."""
    host.admin("iam").put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("sts:GetFederationToken"))
    role = host.role("R", trusting(ALICE, "sts:AssumeRole", "sts:SetSourceIdentity"), allow("sts:*"))
    other = host.role("Other", trusting({"AWS": "*"}, "sts:AssumeRole", "sts:SetSourceIdentity"))
    sts = host.client("sts", alice)
    made = {
        "one": host.assume(alice, role, "one", SourceIdentity="anna"),
        "two": host.assume(alice, role, "two"),
        "two again": host.assume(alice, role, "two"),
        "other role": host.assume(alice, other, "two"),
        "user": sts.get_session_token()["Credentials"],
        "Bob": sts.get_federation_token(Name="Bob")["Credentials"],
    }
    made["chained"] = host.assume(made["one"], other, "next")
    made["root"] = host.root("sts").get_session_token()["Credentials"]
    assert all(is_alive(host, session) for session in made.values())
    return made


def killed(host: Host, sessions: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, session in sessions.items() if not is_alive(host, session)}


def test_one_session_by_its_key(host: Host, sessions: dict[str, dict[str, Any]]) -> None:
    kill(host, of_session(sessions["two"]["AccessKeyId"], host.store.view()))
    assert killed(host, sessions) == {"two"}


@pytest.mark.parametrize(
    ("arn", "dead"),
    [
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/R/two", {"two", "two again"}),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Other/next", {"chained"}),
        (BOB, {"Bob"}),
    ],
)
def test_sessions_by_their_name(host: Host, sessions: dict[str, dict[str, Any]], arn: str, dead: set[str]) -> None:
    kill(host, of_session(arn, host.store.view()))
    assert killed(host, sessions) == dead


@pytest.mark.parametrize(
    ("arn", "dead"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/R", {"one", "two", "two again"}),
        (ALICE, {"user", "Bob"}),
        (f"arn:aws:iam::{ACCOUNT}:root", {"root"}),
    ],
)
def test_all_sessions_of_a_principal(host: Host, sessions: dict[str, dict[str, Any]], arn: str, dead: set[str]) -> None:
    kill(host, of_principal(arn, host.store.view()))
    assert killed(host, sessions) == dead


def test_a_principal_may_be_named_by_its_unique_id(host: Host, sessions: dict[str, dict[str, Any]]) -> None:
    role_id = host.admin("iam").get_role(RoleName="Other")["Role"]["RoleId"]
    kill(host, of_principal(role_id, host.store.view()))
    assert killed(host, sessions) == {"other role", "chained"}


def test_a_source_identity_is_followed_through_the_chain(host: Host, sessions: dict[str, dict[str, Any]]) -> None:
    kill(host, (ACCOUNT, "source-identity", "anna"))
    assert killed(host, sessions) == {"one", "chained"}


def test_a_whole_account_and_no_other(host: Host, sessions: dict[str, dict[str, Any]]) -> None:
    sessions["elsewhere"] = host.root("sts", OTHER_ACCOUNT).get_session_token()["Credentials"]
    kill(host, (ACCOUNT, "account", ""))
    assert killed(host, sessions) == set(sessions) - {"elsewhere"}


def test_the_same_source_identity_of_another_account_lives_on(host: Host, sessions: dict[str, dict[str, Any]]) -> None:
    kill(host, (OTHER_ACCOUNT, "source-identity", "anna"))
    assert killed(host, sessions) == set()


def test_long_term_keys_and_later_sessions_live(host: Host, alice: dict[str, str], sessions: dict[str, Any]) -> None:
    kill(host, of_principal(ALICE, host.store.view()))
    assert is_alive(host, alice)
    host.at(1)
    assert is_alive(host, host.client("sts", alice).get_session_token()["Credentials"])


def test_only_sessions_issued_before_a_time(host: Host, alice: dict[str, str], sessions: dict[str, Any]) -> None:
    host.at(100)
    later = host.assume(alice, f"arn:aws:iam::{ACCOUNT}:role/R", "two")
    kill(host, of_principal(f"arn:aws:iam::{ACCOUNT}:role/R", host.store.view()), until=int(host.now) - 1)
    assert not is_alive(host, sessions["two"])
    assert is_alive(host, later)


def test_an_earlier_revocation_does_not_give_back_what_a_later_one_took(host: Host, sessions: dict[str, Any]) -> None:
    where = of_principal(ALICE, host.store.view())
    kill(host, where)
    kill(host, where, until=int(host.now) - 1000)
    assert killed(host, sessions) == {"user", "Bob"}


def test_a_revoked_session_is_refused_everywhere(host: Host, sessions: dict[str, dict[str, Any]]) -> None:
    session = sessions["two"]
    kill(host, of_session(session["AccessKeyId"], host.store.view()))
    assert refusal(host.client("iam", session).list_users) == INVALID
    assert refusal(host.client("s3", session).list_buckets)[:2] == (403, "InvalidAccessKeyId")


def test_what_can_kill_nothing_any_more_is_forgotten(host: Host, sessions: dict[str, dict[str, Any]]) -> None:
    kill(host, of_session(sessions["two"]["AccessKeyId"], host.store.view()))
    host.at(129_601)
    kill(host, (ACCOUNT, "source-identity", "anna"))
    assert [key.name for key in host.store.records if key.kind == "revocation"] == ["source-identity anna"]


@pytest.mark.parametrize("name", ["ASIA", "ASIAnonsense", "alice", ALICE, f"arn:aws:sts::{ACCOUNT}:assumed-role/Nobody/x",
                                  f"arn:aws:sts::{ACCOUNT}:assumed-role/R", f"arn:aws:sts::{ACCOUNT}:federated-user/"])  # fmt: skip
def test_what_names_no_session_is_refused(host: Host, sessions: dict[str, Any], name: str) -> None:
    with pytest.raises(NoSuchSessions):
        of_session(name, host.store.view())


@pytest.mark.parametrize("name", ["AROANOBODY", "AIDANOBODY", "R", BOB, f"arn:aws:iam::{ACCOUNT}:user/path/alice",
                                  f"arn:aws:iam::{ACCOUNT}:group/g", f"arn:aws:iam::{ACCOUNT}:role/Nobody"])  # fmt: skip
def test_what_names_no_principal_is_refused(host: Host, sessions: dict[str, Any], name: str) -> None:
    with pytest.raises(NoSuchSessions):
        of_principal(name, host.store.view())
