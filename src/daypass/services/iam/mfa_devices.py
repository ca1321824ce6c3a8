"""Virtual MFA devices (IAM API Reference; IAM User Guide, "AWS Multi-factor authentication in IAM"; RFC 6238).

A device is made first, with a seed that is shown once, and enabled for a user by two consecutive codes. Enabling and
resynchronizing find out how far the device's clock is off; a code of a step that was used, or of one before it, is
never taken, also by these two.
"""

from __future__ import annotations

from base64 import b32decode
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Final

import msgspec
import segno

from daypass.credentials import Secret, base32_seed, matching_step, provisioning_uri
from daypass.directory import Delete, MfaDevice, Put, User, all_linked, all_of
from daypass.directory.naming import LONGEST_SERIAL, check_name, check_path
from daypass.directory.quotas import Quota
from daypass.errors import ApiError
from daypass.services.iam import authorization, paging, shapes, tagging
from daypass.services.iam.entities import account_of, device_of, named, no_such_device, user_or_root
from daypass.services.iam.operations import iam

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result

SEED_BYTES: Final = 40
"""64 characters of base32, without padding."""
ENABLE_WINDOW: Final = 3
RESYNC_WINDOW: Final = 120
"""How far off a clock may be, in steps of 30 seconds: an hour before resynchronizing, one and a half minutes at first."""
_STEP_SECONDS: Final = 30
_QR_SCALE: Final = 4


@iam("CreateVirtualMFADevice", needs=authorization.new_mfa_device)
def create_virtual_mfa_device(call: Call, view: View) -> Result:
    """Make a device. Its seed, as text and as QR code, is in this answer and never again."""
    name, path = call.input["VirtualMFADeviceName"], call.input.get("Path", "/")
    check_name(name, "VirtualMFADeviceName")
    check_path(path)
    tags = tagging.given_tags(call.input.get("Tags", ()), ignoring_case=False)
    seed = call.mint.random(SEED_BYTES)
    text = base32_seed(seed)
    device = MfaDevice(account=call.account, name=name, path=path, seed=Secret(text), created=int(call.now), tags=tags)
    if len(device.arn) > LONGEST_SERIAL:
        fault = f"Member must have length less than or equal to {LONGEST_SERIAL}"
        text = f"1 validation error detected: Value at 'serialNumber' failed to satisfy constraint: {fault}"
        raise ApiError("ValidationError", text)
    if view.get(MfaDevice, call.account, device.arn) is not None:
        raise ApiError("EntityAlreadyExists", "MFA device already exists.")
    Quota.MFA_DEVICES.check(view.count(MfaDevice, call.account) + 1)
    account = account_of(call, view)
    shape: Output = {
        "SerialNumber": device.arn,
        "Base32StringSeed": text.encode(),
        "QRCodePNG": _qr_code(provisioning_uri(name, account.alias or account.id, seed)),
    }
    if tags:
        shape["Tags"] = tagging.shown(tags)
    return {"VirtualMFADevice": shape}, [Put(device)]


@iam("EnableMFADevice", needs=authorization.user)
def enable_mfa_device(call: Call, view: View) -> Result:
    """Give a device to a user, who proves by two consecutive codes that it works."""
    user = named(User, view, call.account, call.input["UserName"])
    device = device_of(call, view)
    if device.user_id is not None:
        raise ApiError("EntityAlreadyExists", "MFA Device is already in use.")
    Quota.MFA_DEVICES_PER_USER.check(view.count_linked(call.account, "owner", user.id) + 1)
    enabled = msgspec.structs.replace(
        _synchronized(call, device, ENABLE_WINDOW),
        user_name=user.name,
        user_id=user.id,
        enabled=int(call.now),
    )
    return {}, [Put(enabled)]


@iam("ResyncMFADevice", needs=authorization.user)
def resync_mfa_device(call: Call, view: View) -> Result:
    """Find out anew how far the clock of a user's device is off."""
    device = _device_of_user(call, view, named(User, view, call.account, call.input["UserName"]))
    return {}, [Put(_synchronized(call, device, RESYNC_WINDOW))]


@iam("DeactivateMFADevice", needs=authorization.user)
def deactivate_mfa_device(call: Call, view: View) -> Result:
    """Take a device from a user. It stays, unassigned, until it is deleted."""
    device = _device_of_user(call, view, user_or_root(call, view))
    return {}, [Put(msgspec.structs.replace(device, user_name=None, user_id=None, enabled=None))]


@iam("DeleteVirtualMFADevice", needs=authorization.mfa_device)
def delete_virtual_mfa_device(call: Call, view: View) -> Result:
    """Delete a device that is nobody's."""
    device = device_of(call, view)
    if device.user_id is not None:
        raise ApiError("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    return {}, [Delete(device.key)]


@iam("GetMFADevice", needs=authorization.user)
def get_mfa_device(call: Call, view: View) -> Result:
    """Show a device of a user. Virtual devices have no certifications."""
    return _enabled_shape(_device_of_user(call, view, user_or_root(call, view))), []


@iam("ListMFADevices", needs=authorization.user)
def list_mfa_devices(call: Call, view: View) -> Result:
    """The devices of a user."""
    user = user_or_root(call, view)
    owner = user.id if user is not None else call.account
    devices = all_linked(MfaDevice, view, call.account, "owner", owner)
    page, end = paging.paged_in_order(call, sorted(devices, key=lambda device: (device.enabled or 0, device.arn)))
    return {"MFADevices": [_enabled_shape(device) for device in page], **end}, []


@iam("ListVirtualMFADevices", needs=authorization.listed_mfa_devices)
def list_virtual_mfa_devices(call: Call, view: View) -> Result:
    """The virtual devices of the account, in the order in which they were made."""
    status = call.input.get("AssignmentStatus", "Any")
    devices = [
        device
        for device in all_of(MfaDevice, view, call.account)
        if status == "Any" or (device.user_id is not None) == (status == "Assigned")
    ]
    page, end = paging.paged(call, devices, _by_age)
    return {"VirtualMFADevices": [_virtual_shape(device, view) for device in page], **end}, []


def _device_of_user(call: Call, view: View, user: User | None) -> MfaDevice:
    device = device_of(call, view)
    if device.user_id != (user.id if user is not None else call.account):
        raise no_such_device(device.arn)
    return device


def _synchronized(call: Call, device: MfaDevice, window: int) -> MfaDevice:
    """The device with its clock's drift, and both codes used up. Raises InvalidAuthenticationCode."""
    seed = b32decode(device.seed.reveal())
    first, second = call.input["AuthenticationCode1"], call.input["AuthenticationCode2"]
    current = int(call.now // _STEP_SECONDS)
    for step in range(max(device.last_step + 1, current - window - 1), current + window):
        if _is_code(seed, first, step) and _is_code(seed, second, step + 1):
            return msgspec.structs.replace(device, drift=step + 1 - current, last_step=step + 1)
    raise ApiError("InvalidAuthenticationCode", "Authentication code for device is not valid.")


def _is_code(seed: bytes, code: str, step: int) -> bool:
    return matching_step(seed, code, step * _STEP_SECONDS, drift=0) is not None


def _enabled_shape(device: MfaDevice) -> Output:
    return {"UserName": device.user_name or "", "SerialNumber": device.arn, "EnableDate": device.enabled or 0}


def _virtual_shape(device: MfaDevice, view: View) -> Output:
    shape: Output = {"SerialNumber": device.arn}
    if device.user_id is not None:
        user = view.by_id(User, device.user_id)
        shape["EnableDate"] = device.enabled
        if user is not None:
            shape["User"] = shapes.listed_user(user)
    return shape


def _by_age(device: MfaDevice) -> str:
    """The order of a listing, in fewer characters than a serial number may have."""
    return f"{device.created:012d}/{sha256(device.arn.encode()).hexdigest()}"


def _qr_code(text: str) -> bytes:
    image = BytesIO()
    segno.make_qr(text).save(image, kind="png", scale=_QR_SCALE)
    return image.getvalue()
