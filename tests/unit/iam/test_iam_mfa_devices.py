"""IAM API Reference: CreateVirtualMFADevice, EnableMFADevice, ResyncMFADevice, DeactivateMFADevice...; RFC 6238."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, START

from daypass.directory import MfaDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from iam_world import Iam, World

    Code = Callable[[str, float], str]

SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/bob"
WRONG = ("InvalidAuthenticationCode", "Authentication code for device is not valid.")
MISSING = ("NoSuchEntity", f"MFA Device with serial number {SERIAL} does not exist.")


@pytest.fixture(autouse=True)
def bob(iam: Iam) -> None:
    iam("CreateUser", UserName="bob")


@pytest.fixture
def seed(iam: Iam) -> str:
    device = iam("CreateVirtualMFADevice", VirtualMFADeviceName="bob")["VirtualMFADevice"]
    return str(device["Base32StringSeed"].decode())


@pytest.fixture
def device(world: World) -> Callable[[], MfaDevice]:
    def now() -> MfaDevice:
        found = world.store.view().get(MfaDevice, ACCOUNT, SERIAL)
        assert found is not None
        return found

    return now


def enable(iam: Iam, first: str, second: str, **other: str) -> dict[str, Any]:
    given = {"UserName": "bob", "SerialNumber": SERIAL, **other}
    return iam("EnableMFADevice", AuthenticationCode1=first, AuthenticationCode2=second, **given)


def refused(iam: Iam, operation: str, first: str, second: str) -> tuple[str, str | None]:
    given = {"UserName": "bob", "SerialNumber": SERIAL}
    return iam.refusal(operation, AuthenticationCode1=first, AuthenticationCode2=second, **given)


def test_a_new_device_shows_its_seed_and_a_picture_of_it(iam: Iam) -> None:
    device = iam("CreateVirtualMFADevice", VirtualMFADeviceName="bob", Path="/x/")["VirtualMFADevice"]
    assert device["SerialNumber"] == f"arn:aws:iam::{ACCOUNT}:mfa/x/bob"
    assert len(device["Base32StringSeed"]) == 64
    assert device["QRCodePNG"].startswith(b"\x89PNG\r\n")
    assert iam("ListVirtualMFADevices")["VirtualMFADevices"] == [{"SerialNumber": device["SerialNumber"]}]


def test_a_device_is_made_once(iam: Iam, seed: str) -> None:
    exists = ("EntityAlreadyExists", "MFA device already exists.")
    assert iam.refusal("CreateVirtualMFADevice", VirtualMFADeviceName="bob") == exists


def test_a_serial_number_has_256_characters_at_most(iam: Iam) -> None:
    iam("CreateVirtualMFADevice", VirtualMFADeviceName="n" * 226)
    text = "1 validation error detected: Value at 'serialNumber' failed to satisfy constraint: Member must have length less than or equal to 256"
    assert iam.refusal("CreateVirtualMFADevice", VirtualMFADeviceName="n" * 227) == ("ValidationError", text)


@pytest.mark.parametrize("ahead", [-2, -1, 0, 1, 2])
def test_two_consecutive_codes_enable_a_device_whatever_its_clock_says(
    iam: Iam, seed: str, code: Code, device: Callable[[], MfaDevice], ahead: int
) -> None:
    then = START + 30 * ahead
    assert enable(iam, code(seed, then - 30), code(seed, then)) == {}
    listed = iam("ListMFADevices", UserName="bob")["MFADevices"]
    assert listed == [{"UserName": "bob", "SerialNumber": SERIAL, "EnableDate": START}]
    assert device().drift == ahead
    assert device().last_step == then // 30


def test_other_pairs_of_codes_do_not(iam: Iam, seed: str, code: Code) -> None:
    now = code(seed, START)
    for first, second in (
        (now, now),
        (now, code(seed, START - 30)),
        (code(seed, START - 60), now),
        (code(seed, START - 3600), code(seed, START - 3570)),
        ("000000", "000001"),
    ):
        assert refused(iam, "EnableMFADevice", first, second) == WRONG


def test_the_codes_that_enabled_a_device_are_used_up(
    iam: Iam, seed: str, code: Code, device: Callable[[], MfaDevice]
) -> None:
    enable(iam, code(seed, START - 30), code(seed, START))
    assert device().last_step == START // 30
    assert refused(iam, "ResyncMFADevice", code(seed, START - 30), code(seed, START)) == WRONG
    assert refused(iam, "ResyncMFADevice", code(seed, START), code(seed, START + 30)) == WRONG
    iam("DeactivateMFADevice", UserName="bob", SerialNumber=SERIAL)
    assert refused(iam, "EnableMFADevice", code(seed, START - 30), code(seed, START)) == WRONG


def test_a_device_belongs_to_one_user_until_it_is_deactivated(iam: Iam, world: World, seed: str, code: Code) -> None:
    enable(iam, code(seed, START - 30), code(seed, START))
    world.now += 300
    codes = code(seed, world.now - 30), code(seed, world.now)
    assert refused(iam, "EnableMFADevice", *codes) == ("EntityAlreadyExists", "MFA Device is already in use.")
    conflict = ("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    assert iam.refusal("DeleteVirtualMFADevice", SerialNumber=SERIAL) == conflict
    assert iam.refusal("DeactivateMFADevice", UserName="admin", SerialNumber=SERIAL) == MISSING
    iam("DeactivateMFADevice", UserName="bob", SerialNumber=SERIAL)
    assert iam("ListMFADevices", UserName="bob")["MFADevices"] == []
    enable(iam, *codes, UserName="admin")
    assert iam("ListMFADevices")["MFADevices"][0]["SerialNumber"] == SERIAL


def test_a_clock_that_went_wrong_is_found_again(
    iam: Iam, world: World, seed: str, code: Code, device: Callable[[], MfaDevice]
) -> None:
    enable(iam, code(seed, START - 30), code(seed, START))
    world.now += 86_400
    fast = world.now + 20 * 60
    given = {"UserName": "bob", "SerialNumber": SERIAL}
    iam("ResyncMFADevice", AuthenticationCode1=code(seed, fast), AuthenticationCode2=code(seed, fast + 30), **given)
    assert device().drift == 41
    far = world.now + 7200
    assert refused(iam, "ResyncMFADevice", code(seed, far), code(seed, far + 30)) == WRONG


def test_only_a_device_of_the_user_is_synchronized(iam: Iam, seed: str, code: Code) -> None:
    assert refused(iam, "ResyncMFADevice", code(seed, START), code(seed, START + 30)) == MISSING


def test_a_device_of_another_account_is_no_device(iam: Iam, neighbour: Iam, seed: str) -> None:
    for operation in ("DeactivateMFADevice", "DeleteVirtualMFADevice", "GetMFADevice", "ListMFADeviceTags"):
        assert neighbour.refusal(operation, SerialNumber=SERIAL) == MISSING


def test_the_account_lists_its_devices_by_assignment(iam: Iam, seed: str, code: Code) -> None:
    enable(iam, code(seed, START - 30), code(seed, START))
    for name in ("a", "b"):
        iam("CreateVirtualMFADevice", VirtualMFADeviceName=name)
    (assigned,) = iam("ListVirtualMFADevices", AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert (assigned["SerialNumber"], assigned["EnableDate"]) == (SERIAL, START)
    assert assigned["User"]["UserName"] == "bob"
    unassigned = iam("ListVirtualMFADevices", AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert sorted(device["SerialNumber"][-1] for device in unassigned) == ["a", "b"]
    pages = list(iam.pages("ListVirtualMFADevices", "VirtualMFADevices", MaxItems=2))
    assert [len(page) for page in pages] == [2, 1]
    assert len({device["SerialNumber"] for page in pages for device in page}) == 3


def test_eight_devices_are_enough_for_one_user(iam: Iam, code: Code) -> None:
    for n in range(9):
        made = iam("CreateVirtualMFADevice", VirtualMFADeviceName=f"d{n}")["VirtualMFADevice"]
        seed = made["Base32StringSeed"].decode()
        given = {
            "UserName": "bob",
            "SerialNumber": made["SerialNumber"],
            "AuthenticationCode1": code(seed, START),
            "AuthenticationCode2": code(seed, START + 30),
        }
        if n < 8:
            iam("EnableMFADevice", **given)
        else:
            full = ("LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8")
            assert iam.refusal("EnableMFADevice", **given) == full


def test_a_device_follows_its_user_and_keeps_it_from_being_deleted(iam: Iam, seed: str, code: Code) -> None:
    enable(iam, code(seed, START - 30), code(seed, START))
    iam("UpdateUser", UserName="bob", NewUserName="robert")
    device = iam("GetMFADevice", UserName="robert", SerialNumber=SERIAL)
    assert device == {"UserName": "robert", "SerialNumber": SERIAL, "EnableDate": START}
    conflict = ("DeleteConflict", "Cannot delete entity, must delete MFA device first.")
    assert iam.refusal("DeleteUser", UserName="robert") == conflict
    iam("DeactivateMFADevice", UserName="robert", SerialNumber=SERIAL)
    iam("DeleteUser", UserName="robert")
    iam("DeleteVirtualMFADevice", SerialNumber=SERIAL)
    assert iam.refusal("DeleteVirtualMFADevice", SerialNumber=SERIAL) == MISSING


def test_devices_have_tags(iam: Iam) -> None:
    made = iam("CreateVirtualMFADevice", VirtualMFADeviceName="bob", Tags=[{"Key": "a", "Value": "1"}])
    assert made["VirtualMFADevice"]["Tags"] == [{"Key": "a", "Value": "1"}]
    iam("TagMFADevice", SerialNumber=SERIAL, Tags=[{"Key": "A", "Value": "2"}])
    iam("UntagMFADevice", SerialNumber=SERIAL, TagKeys=["a"])
    assert iam("ListMFADeviceTags", SerialNumber=SERIAL)["Tags"] == [{"Key": "A", "Value": "2"}]
