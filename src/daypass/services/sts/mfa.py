"""MFA given along with a call: serial number and one-time code (STS API Reference, AssumeRole and GetSessionToken).

A code is good once, and none older than it afterwards; the newest step used is kept in the device's record, so the
directory's own conflict check also stops two calls that race with the same code.

Wrong codes count, in the directory and so for all workers: after five of one key within a quarter of an hour, further
codes of that key are refused unlooked at. The count is by the long-term key behind the call, so that a stolen key does not
shut out the others of its owner, and new sessions of it give no new tries.
"""

from __future__ import annotations

from base64 import b32decode
from typing import TYPE_CHECKING

import msgspec

from daypass.credentials import matching_step
from daypass.directory import MfaDevice, Put
from daypass.errors import ApiError

if TYPE_CHECKING:
    from daypass.directory import Change, View
    from daypass.services.registry import Call

_HALF_GIVEN = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
_NOT_YOURS = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user."
)
_WRONG_CODE = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
STEP_SECONDS = 30
MOST_FAILURES = 5
PAUSE = 15 * 60


def verified_device(call: Call, view: View) -> MfaDevice | None:
    """The caller's device whose code came with the call, its used step moved on; None when no MFA was given.

    Raises AccessDenied when the pair is half given, the device is not the caller's, or the code is wrong or used.
    """
    serial, code = call.input.get("SerialNumber"), call.input.get("TokenCode")
    if serial is None and code is None:
        return None
    if serial is None or code is None:
        raise ApiError("AccessDenied", _HALF_GIVEN)
    owner = call.caller.user.id if call.caller.user is not None else call.account
    device = view.get(MfaDevice, call.account, serial)
    if device is None or device.user_id != owner or call.caller.role is not None:
        raise ApiError("AccessDenied", _NOT_YOURS)
    recent = tuple(failure for failure in device.failures if failure[1] > call.now - PAUSE)
    signer = _signer(call)
    if sum(key == signer for key, _ in recent) >= MOST_FAILURES:
        raise ApiError("AccessDenied", _WRONG_CODE, reason="too many wrong codes of this key: not looked at")
    step = matching_step(_seed(device), code, call.now + device.drift * STEP_SECONDS)
    if step is None or step <= device.last_step:
        failed = msgspec.structs.replace(device, failures=(*recent, (signer, int(call.now))))
        raise ApiError("AccessDenied", _WRONG_CODE, changes=(Put(failed),))
    return msgspec.structs.replace(device, last_step=step, failures=tuple(f for f in recent if f[0] != signer))


def _signer(call: Call) -> str:
    """The long-term key that stands behind the call, through however many sessions."""
    session = call.caller.session
    return (call.caller.access_key_id or "") if session is None else session.chain_root.credential


def used(device: MfaDevice | None) -> list[Change]:
    """The change that makes the code of ``device`` a used one."""
    return [] if device is None else [Put(device)]


def _seed(device: MfaDevice) -> bytes:
    text = device.seed.reveal()
    return b32decode(text + "=" * (-len(text) % 8))
