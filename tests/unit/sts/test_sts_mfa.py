"""STS API Reference, SerialNumber and TokenCode; IAM User Guide, "Secure API access with MFA"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from worldkit import ACCOUNT, OTHER_ACCOUNT, Device, Host, allow, refusal, trusting

from daypass.directory import MfaDevice, Put

if TYPE_CHECKING:
    from collections.abc import Mapping

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
WRONG = (403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
HALF = (
    403,
    "AccessDenied",
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
)
NOT_YOURS = (
    403,
    "AccessDenied",
    (
        "MultiFactorAuthentication failed, unable to validate MFA code.  "
        "Please verify your MFA serial number is valid and associated with this user."
    ),
)
PRESENT = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.fixture
def device(host: Host, alice: dict[str, str]) -> Device:
    return host.device("alice")


@pytest.fixture
def sts(host: Host, alice: dict[str, str]) -> Any:
    return host.client("sts", alice)


@pytest.fixture
def role(host: Host, alice: dict[str, str]) -> str:
    return host.role("R", trusting(ALICE))


@pytest.fixture(params=["AssumeRole", "GetSessionToken"])
def call(request: pytest.FixtureRequest, sts: Any, role: str) -> Any:
    """Both operations that take a code, the other parameters given."""
    if request.param == "GetSessionToken":
        return sts.get_session_token
    return lambda **given: sts.assume_role(RoleArn=role, RoleSessionName="dev", **given)


def test_a_right_code_is_accepted_once(host: Host, call: Any, device: Device) -> None:
    given = {"SerialNumber": device.serial, "TokenCode": device.code()}
    call(**given)
    assert refusal(call, **given) == WRONG
    host.at(30)
    assert refusal(call, **given) == WRONG
    call(SerialNumber=device.serial, TokenCode=device.code())


def test_a_code_that_was_used_by_one_operation_is_used_for_the_other(sts: Any, role: str, device: Device) -> None:
    given = {"SerialNumber": device.serial, "TokenCode": device.code()}
    sts.get_session_token(**given)
    assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="dev", **given) == WRONG


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_before_and_after_is_accepted(call: Any, device: Device, steps: int, accepted: bool) -> None:
    given = {"SerialNumber": device.serial, "TokenCode": device.code(steps)}
    if accepted:
        call(**given)
    else:
        assert refusal(call, **given) == WRONG


def test_no_code_older_than_the_newest_used_one_is_accepted(call: Any, device: Device) -> None:
    call(SerialNumber=device.serial, TokenCode=device.code(1))
    assert refusal(call, SerialNumber=device.serial, TokenCode=device.code()) == WRONG


def test_the_codes_that_enabled_the_device_are_used(host: Host, call: Any, device: Device) -> None:
    host.at(-60)
    assert refusal(call, SerialNumber=device.serial, TokenCode=device.code()) == WRONG


def test_a_wrong_code_is_refused_though_no_policy_asks_for_one(call: Any, device: Device) -> None:
    right = device.code()
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    assert refusal(call, SerialNumber=device.serial, TokenCode=wrong) == WRONG
    call(SerialNumber=device.serial, TokenCode=right)


@pytest.mark.parametrize("half", ["SerialNumber", "TokenCode"])
def test_half_a_pair_is_refused(call: Any, device: Device, half: str) -> None:
    given = {"SerialNumber": device.serial, "TokenCode": device.code()}
    assert refusal(call, **{half: given[half]}) == HALF


def test_a_device_must_exist_and_be_the_caller_s(host: Host, call: Any, device: Device) -> None:
    host.user("bob")
    host.user("alice", account=OTHER_ACCOUNT)
    for other in (host.device("bob"), host.device("alice", "alice", OTHER_ACCOUNT)):
        assert refusal(call, SerialNumber=other.serial, TokenCode=other.code()) == NOT_YOURS
    absent = f"arn:aws:iam::{ACCOUNT}:mfa/absent"
    assert refusal(call, SerialNumber=absent, TokenCode="123456") == NOT_YOURS


def test_a_device_that_was_deactivated_is_nobody_s(call: Any, device: Device, iam: Any) -> None:
    iam.deactivate_mfa_device(UserName="alice", SerialNumber=device.serial)
    assert refusal(call, SerialNumber=device.serial, TokenCode=device.code()) == NOT_YOURS


def test_no_failed_call_uses_a_code_up(sts: Any, role: str, device: Device) -> None:
    """What is refused changes nothing: the code is good for the call that is made right."""
    given = {"RoleSessionName": "dev", "SerialNumber": device.serial, "TokenCode": device.code()}
    assert refusal(sts.assume_role, RoleArn=role + "x", **given)[1] == "AccessDenied"
    assert refusal(sts.assume_role, RoleArn=role, DurationSeconds=43200, **given)[1] == "ValidationError"
    sts.assume_role(RoleArn=role, **given)


def test_a_role_session_has_no_device(host: Host, alice: dict[str, str], device: Device) -> None:
    first = host.role("first", trusting(ALICE))
    second = host.role("second", trusting(first))
    session = host.client("sts", host.assume(alice, first))
    given = {"RoleArn": second, "RoleSessionName": "dev", "SerialNumber": device.serial, "TokenCode": device.code()}
    assert refusal(session.assume_role, **given) == NOT_YOURS


def test_the_user_s_own_get_session_token_session_may_present_its_device(host: Host, sts: Any, role: str, device: Device) -> None:  # fmt: skip
    session = sts.get_session_token()["Credentials"]
    host.assume(session, role, SerialNumber=device.serial, TokenCode=device.code())


# What policies see


def test_a_trust_policy_may_demand_mfa_in_the_call_itself(
    host: Host, sts: Any, alice: dict[str, str], device: Device
) -> None:
    role = host.role("Guarded", trusting(ALICE, Condition=PRESENT))
    given = {"RoleArn": role, "RoleSessionName": "dev"}
    text = f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {role}"
    assert refusal(sts.assume_role, **given) == (403, "AccessDenied", text)
    sts.assume_role(**given, SerialNumber=device.serial, TokenCode=device.code())
    fresh = {"NumericLessThan": {"aws:MultiFactorAuthAge": "1"}}
    host.admin("iam").update_assume_role_policy(RoleName="Guarded", PolicyDocument=trusting(ALICE, Condition=fresh))
    host.at(60)
    sts.assume_role(**given, SerialNumber=device.serial, TokenCode=device.code())
    assert refusal(sts.assume_role, **given)[1] == "AccessDenied"


def test_a_trust_policy_may_demand_mfa_of_the_calling_session(host: Host, sts: Any, device: Device) -> None:
    role = host.role(
        "Guarded", trusting(ALICE, Condition=PRESENT | {"NumericLessThan": {"aws:MultiFactorAuthAge": "600"}})
    )
    with_mfa = sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())["Credentials"]
    without = sts.get_session_token()["Credentials"]
    host.assume(with_mfa, role)
    assert host.query(without, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"
    host.at(599)
    host.assume(with_mfa, role)
    host.at(1)
    assert host.query(with_mfa, "AssumeRole", RoleArn=role, RoleSessionName="dev").code == "AccessDenied"


ABSENT = None


def present(host: Host, credentials: Mapping[str, Any], owner: str) -> str | None:
    """What aws:MultiFactorAuthPresent is for these credentials, found out by policies of their user."""
    for value in ("true", "false"):
        condition = {"Bool": {"aws:MultiFactorAuthPresent": value}}
        host.admin("iam").put_user_policy(UserName=owner, PolicyName="probe", PolicyDocument=allow("s3:*", Condition=condition))  # fmt: skip
        try:
            host.client("s3", credentials).list_buckets()
        except Exception as error:  # noqa: BLE001 - boto3 makes its classes per client
            assert "AccessDenied" in str(error)  # noqa: PT017
        else:
            return value
    return ABSENT


def test_b15_the_key_is_absent_with_long_term_keys_and_false_in_sessions_without_mfa(
    host: Host, alice: dict[str, str], sts: Any, device: Device
) -> None:
    host.admin("iam").put_user_policy(UserName="alice", PolicyName="f", PolicyDocument=allow("sts:GetFederationToken"))
    given = {"SerialNumber": device.serial, "TokenCode": device.code()}
    assert present(host, alice, "alice") is ABSENT
    assert present(host, sts.get_session_token()["Credentials"], "alice") == "false"
    assert present(host, sts.get_session_token(**given)["Credentials"], "alice") == "true"
    federated = sts.get_federation_token(Name="Bob", Policy=allow("*"))["Credentials"]
    assert present(host, federated, "alice") == "false"


@pytest.mark.parametrize("with_code", [False, True])
def test_b15_a_role_session_says_false_though_a_code_opened_it(host: Host, alice: dict[str, str], device: Device, with_code: bool) -> None:  # fmt: skip
    role = host.role(
        "R", trusting(ALICE), allow("iam:ListUsers", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    )
    given = {"SerialNumber": device.serial, "TokenCode": device.code()} if with_code else {}
    session = host.assume(alice, role, **given)
    assert host.query(session, "ListUsers", "iam").status == 200
    age = {"Null": {"aws:MultiFactorAuthAge": "false"}}
    host.admin("iam").put_role_policy(
        RoleName="R", PolicyName="p", PolicyDocument=allow("iam:ListUsers", Condition=age)
    )
    assert host.query(session, "ListUsers", "iam").code == "AccessDenied"


def test_b15_the_age_counts_from_the_code_and_is_not_renewed_by_use(host: Host, sts: Any, device: Device) -> None:
    session = sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())["Credentials"]
    young = {"NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}
    host.admin("iam").put_user_policy(
        UserName="alice", PolicyName="p", PolicyDocument=allow("iam:ListUsers", Condition=young)
    )
    for seconds in (0, 150, 149):
        host.at(seconds)
        assert host.query(session, "ListUsers", "iam").status == 200
    host.at(1)
    assert host.query(session, "ListUsers", "iam").code == "AccessDenied"


def test_b15_iam_takes_get_session_token_sessions_with_mfa_only(host: Host, sts: Any, device: Device) -> None:
    host.admin("iam").put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=allow("iam:*"))
    with_mfa = sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())["Credentials"]
    without = sts.get_session_token()["Credentials"]
    assert host.query(with_mfa, "ListUsers", "iam").status == 200
    told = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    assert host.query(without, "ListUsers", "iam").refusal == told


def test_a_role_session_does_not_have_the_root_user_s_device_either(host: Host, alice: dict[str, str], device: Device) -> None:  # fmt: skip
    record = host.store.view().get(MfaDevice, ACCOUNT, device.serial)
    assert record is not None
    host.store.apply([Put(msgspec.structs.replace(record, user_id=ACCOUNT, user_name=None))])
    first = host.role("first", trusting(ALICE))
    second = host.role("second", trusting(first))
    given = {"RoleArn": second, "RoleSessionName": "dev", "SerialNumber": device.serial, "TokenCode": device.code()}
    assert refusal(host.client("sts", host.assume(alice, first)).assume_role, **given) == NOT_YOURS
    host.root("sts").get_session_token(SerialNumber=device.serial, TokenCode=device.code())
