"""IAM User Guide, "AWS Multi-factor authentication in IAM": a device from its seed to a session that knows of it."""

from __future__ import annotations

import hmac
import time
from base64 import b32decode
from typing import TYPE_CHECKING

from clientkit import Credentials, allow, make_user
from iamkit import refused

if TYPE_CHECKING:
    from clientkit import Clients


def code(seed: bytes, step: int) -> str:
    """What an authenticator shows (RFC 6238)."""
    mac = hmac.digest(b32decode(seed), step.to_bytes(8, "big"), "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def test_a_device_is_enabled_used_deactivated_and_deleted(account: Clients) -> None:
    own = f"arn:aws:iam::{account.account}:user/${{aws:username}}"
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    bob = make_user(account, "bob", allow("iam:ListAccessKeys", resource=own, Condition=condition))
    device = account.iam.create_virtual_mfa_device(VirtualMFADeviceName="bob")["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"]
    assert device["QRCodePNG"].startswith(b"\x89PNG")
    now = int(time.time() // 30)
    enable = {"UserName": "bob", "SerialNumber": serial}
    with refused("InvalidAuthenticationCode", "Authentication code for device is not valid.", status=403):
        account.iam.enable_mfa_device(AuthenticationCode1="000000", AuthenticationCode2="000000", **enable)
    account.iam.enable_mfa_device(
        AuthenticationCode1=code(seed, now - 1), AuthenticationCode2=code(seed, now), **enable
    )
    assert [d["SerialNumber"] for d in account.iam.list_mfa_devices(UserName="bob")["MFADevices"]] == [serial]
    (listed,) = account.iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert listed["User"]["UserName"] == "bob"

    with refused("AccessDenied", "because no identity-based policy allows the iam:ListAccessKeys action"):
        bob.clients.iam.list_access_keys()
    with refused("AccessDenied", "invalid MFA one time pass code. "):  # enabling used that code up
        bob.clients.sts.get_session_token(SerialNumber=serial, TokenCode=code(seed, now))
    token = bob.clients.sts.get_session_token(SerialNumber=serial, TokenCode=code(seed, now + 1))["Credentials"]
    session = bob.clients.with_credentials(Credentials.of(token))
    assert len(session.iam.list_access_keys()["AccessKeyMetadata"]) == 1
    with refused("AccessDenied", "invalid MFA one time pass code. "):
        bob.clients.sts.get_session_token(SerialNumber=serial, TokenCode=code(seed, now + 1))

    with refused("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", status=409):
        account.iam.delete_virtual_mfa_device(SerialNumber=serial)
    account.iam.deactivate_mfa_device(**enable)
    account.iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert account.iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
