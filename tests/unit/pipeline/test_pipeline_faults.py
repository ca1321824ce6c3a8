"""Errors are never an Allow (F19), and a conflict runs authorization again (F17): stations made to fail, one by one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from signkit import Signer
from worldkit import ACCOUNT, Host, allow, trusting

from daypass.directory import GLOBAL, AccessKey, Put, User
from daypass.pipeline import answer as answer_of
from daypass.policy import ImplicitDeny, Layer
from daypass.store.interface import Conflict, StoreProblem

if TYPE_CHECKING:
    from collections.abc import Callable

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"

# Where a station can fail: the name that the code looks up there.
PLACES = [
    "daypass.pipeline.authenticate",
    "daypass.access.authenticate.read_signature",
    "daypass.access.authenticate.check_scope",
    "daypass.access.authenticate.check_time",
    "daypass.access.authenticate.verify",
    "daypass.access.authenticate.caller_of_key",
    "daypass.pipeline.check_session_kind",
    "daypass.pipeline.require",
    "daypass.access.authorize.context_of",
    "daypass.access.authorize.layers_of",
    "daypass.access.authorize.decide",
]
SESSION_PLACES = ["daypass.access.authenticate.open_session", "daypass.access.authenticate.caller_of_session"]
FAILURES = [RuntimeError("secret detail"), KeyError("x"), AssertionError(), OSError(5, "gone"), StoreProblem("down"), MemoryError(), RecursionError()]  # fmt: skip


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise error

    return fail


@pytest.fixture
def key(host: Host) -> dict[str, str]:
    """The key of a user who may do everything."""
    return host.user("alice", allow("*"))


def calls(host: Host, credentials: dict[str, Any]) -> list[Any]:
    """One call that reads, one that issues, one that changes."""
    return [
        host.query(credentials, "ListUsers", "iam"),
        host.query(credentials, "GetFederationToken", Name="Bob"),
        host.query(credentials, "CreateUser", "iam", UserName="made"),
    ]


def assert_nothing_happened(host: Host, answers: list[Any]) -> None:
    for answer in answers:
        assert answer.status in (403, 500, 503), answer.body
        assert answer.code in ("AccessDenied", "InternalFailure", "ServiceUnavailable", "InvalidClientTokenId")
        assert "secret detail" not in answer.body
        assert answer.text("RequestId") == answer.headers["x-amzn-requestid"]
    assert not any(getattr(record, "name", "") == "made" for record in host.store.records.values())


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", PLACES)
def test_f19_a_station_that_fails_lets_nothing_through(
    host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, place: str, error: BaseException
) -> None:
    host.store.derived.drop(ACCOUNT)
    with monkeypatch.context() as broken:
        broken.setattr(place, failing(error))
        assert_nothing_happened(host, calls(host, key))
    assert [answer.status for answer in calls(host, key)] == [200, 200, 200]


@pytest.mark.parametrize("place", SESSION_PLACES)
def test_f19_a_session_that_cannot_be_opened_is_nobody_s(
    host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    session = host.assume(key, host.role("R", trusting(ALICE), allow("*")))
    monkeypatch.setattr(place, failing(RuntimeError("secret detail")))
    assert_nothing_happened(host, calls(host, session)[::2])


@pytest.mark.parametrize("answer", [None, True, "Allow", object()])
def test_f19_only_an_allow_is_an_allow(
    host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr("daypass.access.authorize.decide", lambda *_: answer)
    assert_nothing_happened(host, calls(host, key))


@pytest.mark.parametrize("error", [StoreProblem("disk"), OSError(5, "gone"), RuntimeError("secret detail")])
def test_f19_a_store_that_cannot_be_read_refuses(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:  # fmt: skip
    monkeypatch.setattr(host.store, "view", failing(error))
    assert_nothing_happened(host, calls(host, key))


def test_f19_a_store_that_fails_in_the_middle_refuses(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """At each of its first reads in turn."""
    view_class = type(host.store.view())
    real = view_class.get
    for allowed in range(8):
        count = iter(range(allowed))

        def get(self: Any, cls: Any, scope: str, name: str, count: Any = count) -> Any:
            if next(count, None) is None:
                raise StoreProblem("disk")
            return real(self, cls, scope, name)

        host.store.derived.drop(ACCOUNT)
        with monkeypatch.context() as broken:
            broken.setattr(view_class, "get", get)
            answer = host.query(key, "CreateUser", "iam", UserName="made")
        if answer.status == 200:
            break
        assert answer.status == 503
        assert not [r for r in host.store.records.values() if getattr(r, "name", "") == "made"]
    else:
        raise AssertionError("the store was never read to the end")


def test_f19_changes_that_cannot_be_written_are_not_answered(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    async def commit(*_: Any) -> None:
        raise StoreProblem("disk full")

    monkeypatch.setattr(host.store, "commit", commit)
    answer = host.query(key, "CreateAccessKey", "iam", UserName="alice")
    assert (answer.status, answer.code) == (503, "ServiceUnavailable")
    assert "SecretAccessKey" not in answer.body


def test_f19_a_used_code_that_cannot_be_written_opens_no_session(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    device = host.device("alice")

    async def commit(*_: Any) -> None:
        raise StoreProblem("disk full")

    monkeypatch.setattr(host.store, "commit", commit)
    answer = host.query(key, "GetSessionToken", SerialNumber=device.serial, TokenCode=device.code())
    assert answer.status == 503
    assert "SessionToken" not in answer.body


@pytest.mark.parametrize("strict", [False, True])
def test_f19_no_credentials_leave_without_their_record(host: Host, key: dict[str, str], strict: bool) -> None:
    role = host.role("R", trusting(ALICE))
    host.world.strict = strict
    host.journal.broken = True
    for answer in (
        host.query(key, "AssumeRole", RoleArn=role, RoleSessionName="dev"),
        host.query(key, "GetSessionToken"),
        host.query(key, "GetFederationToken", Name="Bob"),
        host.query(key, "ListUsers", "iam"),
        host.query(key | {"SecretAccessKey": "x"}, "GetSessionToken"),
    ):
        assert (answer.status, answer.code) == (503, "ServiceUnavailable")
        assert "SecretAccessKey" not in answer.body


def test_f19_strict_durability_waits_for_the_disk(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    async def sync() -> None:
        raise OSError(5, "gone")

    monkeypatch.setattr(host.journal, "sync", sync)
    assert host.query(key, "GetSessionToken").status == 200
    host.world.strict = True
    answer = host.query(key, "GetSessionToken")
    assert (answer.status, "SecretAccessKey" in answer.body) == (503, False)


@pytest.mark.parametrize("error", [RuntimeError("secret detail"), TypeError("secret detail")])
def test_f19_a_recorder_that_fails_lets_nothing_out_and_nothing_in(
    host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(host.world.recorder, "of", failing(error))
    assert_nothing_happened(host, calls(host, key))


def test_f19_an_output_that_cannot_be_rendered_is_not_committed(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(type(host.world.protocols.services["iam"]), "render", failing(RuntimeError("secret detail")))
    answers = [host.query(key, "ListUsers", "iam"), host.query(key, "CreateUser", "iam", UserName="made")]
    assert_nothing_happened(host, answers)


def test_f19_engines_that_disagree_refuse_and_raise_the_alarm(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    denied = ImplicitDeny((Layer.IDENTITY,), disagreed=True)
    monkeypatch.setattr("daypass.access.authorize.decide", lambda *_: denied)
    before = host.world.metrics.disagreements
    assert host.query(key, "ListUsers", "iam").code == "AccessDenied"
    assert host.world.metrics.disagreements == before + 1


# Conflicts


def overtaking(host: Host, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], times: int = 1) -> None:
    """Have somebody else's change come in just before the next commits."""
    real, left = host.store.commit, [times]

    async def commit(view: Any, changes: Any, events: Any) -> None:
        if left[0]:
            left[0] -= 1
            act()
        await real(view, changes, events)

    monkeypatch.setattr(host.store, "commit", commit)


def deactivate(host: Host, key: dict[str, str]) -> None:
    record = host.store.view().get(AccessKey, GLOBAL, key["AccessKeyId"])
    assert record is not None
    host.store.apply([Put(msgspec.structs.replace(record, active=False))])


def take_rights(host: Host) -> None:
    user = host.store.view().get(User, ACCOUNT, "alice")
    assert user is not None
    host.store.apply([Put(msgspec.structs.replace(user, policies=()))])


def test_f17_rights_that_are_taken_while_a_call_runs_count_in_its_commit(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    overtaking(host, monkeypatch, lambda: take_rights(host))
    answer = host.query(key, "CreateUser", "iam", UserName="made")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert_nothing_happened(host, [answer])


def test_f17_a_key_that_is_deactivated_while_a_call_runs_is_authenticated_again(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    overtaking(host, monkeypatch, lambda: deactivate(host, key))
    answer = host.query(key, "CreateUser", "iam", UserName="made")
    assert (answer.status, answer.code) == (403, "InvalidClientTokenId")
    assert_nothing_happened(host, [answer])


def test_f17_a_code_that_two_calls_bring_at_once_is_used_by_one(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    device = host.device("alice")
    given = {
        "Action": "GetSessionToken",
        "Version": "2011-06-15",
        "SerialNumber": device.serial,
        "TokenCode": device.code(),
    }

    async def both() -> list[Any]:
        waiting = [answer_of(Signer(key, host.now).header(given), host.world) for _ in range(2)]
        return [one if not hasattr(one, "__await__") else await one for one in waiting]

    statuses = sorted(response.status for response in asyncio.run(both()))
    assert statuses == [200, 403]


def test_f17_a_call_that_is_overtaken_without_harm_goes_through(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    def touch() -> None:
        user = host.store.view().get(User, ACCOUNT, "alice")
        assert user is not None
        host.store.apply([Put(msgspec.structs.replace(user, tags=(*user.tags, (str(len(user.tags)), ""))))])

    overtaking(host, monkeypatch, touch, times=5)
    assert host.query(key, "CreateUser", "iam", UserName="made").status == 200
    assert sum(record["eventName"] == "CreateUser" and "made" in str(record) for record in host.journal.records) == 1


def test_f17_a_call_that_is_always_overtaken_gives_up(host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    async def commit(*_: Any) -> None:
        raise Conflict

    monkeypatch.setattr(host.store, "commit", commit)
    answer = host.query(key, "CreateUser", "iam", UserName="made")
    assert (answer.status, answer.code) == (503, "ServiceUnavailable")


# F18: nobody by default


def test_f18_an_unsigned_call_is_nobody_s(host: Host) -> None:
    for service, version in (("sts", "2011-06-15"), ("iam", "2010-05-08")):
        table = host.world.operations[service]
        own_proof = {name for name, operation in table.items() if operation.unsigned}
        assert own_proof == ({"AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"} if service == "sts" else set())
        for operation in table.keys() - own_proof:
            request = Signer({"AccessKeyId": "x", "SecretAccessKey": "x"}, host.now, headers={"host": f"{service}.amazonaws.com"}).header({"Action": operation, "Version": version})  # fmt: skip
            request.headers = [(name, value) for name, value in request.headers if name != b"authorization"]
            told = (403, "MissingAuthenticationToken", "Request is missing Authentication Token")
            assert host.ask(request).refusal == told, operation


def test_f2_a_user_without_policy_may_nothing_that_needs_permission(host: Host) -> None:
    key = host.user("nobody")
    model = {"sts": {"GetCallerIdentity", "GetSessionToken"}, "iam": set[str]()}
    for service, free in model.items():
        for operation in host.world.operations[service]:
            answer = host.query(key, operation, service)
            assert operation in free or answer.status in (400, 403), (operation, answer.body)


@pytest.mark.parametrize("error", [Conflict(), RuntimeError("secret detail")], ids=lambda error: type(error).__name__)
def test_k7_a_wrong_code_that_cannot_be_counted_is_not_told_from_a_right_one(
    host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Neither where others' changes always come first, nor where deciding again fails."""
    device = host.device("alice")
    wrong = f"{(int(device.code()) + 1) % 10**6:06d}"

    async def commit(*_: Any) -> None:
        if not isinstance(error, Conflict):
            monkeypatch.setattr("daypass.pipeline.authenticate", failing(error))
        raise Conflict

    monkeypatch.setattr(host.store, "commit", commit)
    answer = host.query(key, "GetSessionToken", SerialNumber=device.serial, TokenCode=wrong)
    assert (answer.status, answer.code) == (503, "ServiceUnavailable")
    assert "secret detail" not in answer.body


@pytest.mark.parametrize("error", [OSError(5, "gone"), RuntimeError("secret detail")])
def test_a_change_that_is_stored_is_answered_whatever_the_journal_does(
    host: Host, key: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(host.journal, "append", failing(error))
    assert host.query(key, "CreateUser", "iam", UserName="made").status == 200
