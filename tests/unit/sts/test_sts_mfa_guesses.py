"""Guessing one-time codes (threats K7): wrong ones count, for all workers, by the long-term key behind the call."""

from __future__ import annotations

from typing import Any

import pytest
from worldkit import Device, Host, refusal

from daypass.services.sts.mfa import MOST_FAILURES, PAUSE

WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code. "


@pytest.fixture
def device(host: Host, alice: dict[str, str]) -> Device:
    return host.device("alice")


def guess(sts: Any, device: Device, times: int) -> None:
    wrong = f"{(int(device.code()) + 1) % 10**6:06d}"
    for _ in range(times):
        error = refusal(sts.get_session_token, SerialNumber=device.serial, TokenCode=wrong)
        assert error == (403, "AccessDenied", WRONG)


def test_k7_after_five_wrong_codes_the_right_one_is_refused_in_the_same_words(
    host: Host, alice: dict[str, str], device: Device
) -> None:
    sts = host.client("sts", alice)
    guess(sts, device, MOST_FAILURES)
    right = {"SerialNumber": device.serial, "TokenCode": device.code()}
    assert refusal(sts.get_session_token, **right) == (403, "AccessDenied", WRONG)
    host.at(PAUSE + 1)
    assert sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())


def test_k7_a_right_code_in_time_starts_the_count_anew(host: Host, alice: dict[str, str], device: Device) -> None:
    sts = host.client("sts", alice)
    guess(sts, device, MOST_FAILURES - 1)
    assert sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())
    host.at(60)
    guess(sts, device, MOST_FAILURES - 1)
    assert sts.get_session_token(SerialNumber=device.serial, TokenCode=device.code())


def test_k7_a_stolen_key_does_not_shut_out_another_key_of_the_user(
    host: Host, alice: dict[str, str], device: Device
) -> None:
    other = dict(host.admin("iam").create_access_key(UserName="alice")["AccessKey"])
    guess(host.client("sts", alice), device, MOST_FAILURES)
    assert host.client("sts", other).get_session_token(SerialNumber=device.serial, TokenCode=device.code())


def test_k7_new_sessions_of_a_key_give_no_new_tries(host: Host, alice: dict[str, str], device: Device) -> None:
    sts = host.client("sts", alice)
    guess(sts, device, MOST_FAILURES)
    session = host.client("sts", sts.get_session_token()["Credentials"])
    role = host.role("target", '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},'
                     '"Action":"sts:AssumeRole"}}')  # fmt: skip
    right = {"SerialNumber": device.serial, "TokenCode": device.code()}
    assert refusal(session.assume_role, RoleArn=role, RoleSessionName="dev", **right)[2] == WRONG
