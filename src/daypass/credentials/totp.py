"""Time-based one-time passwords of virtual MFA devices (RFC 6238: SHA-1, 30 seconds, six digits).

A code counts once. That is the caller's to hold: :func:`matching_step` says which step a code belongs to, and the store
takes each (device, step) one time, in one transaction for all nodes.
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import Final
from urllib.parse import quote

STEP_SECONDS: Final = 30
_DIGITS: Final = 6
_CODE: Final = re.compile(r"[0-9]{6}")


def matching_step(seed: bytes, code: str, now: float, drift: int = 1) -> int | None:
    """The time step that ``code`` is right for, at most ``drift`` steps away from ``now``, or None.

    Anything but six ASCII digits is no code: a blank inside must not make a second spelling of a used code.
    All steps are computed and compared in constant time, whichever matches.
    """
    if not _CODE.fullmatch(code):
        return None
    current = int(now // STEP_SECONDS)
    found = None
    for step in range(max(0, current - drift), current + drift + 1):
        if hmac.compare_digest(_code_at(seed, step), code):
            found = step
    return found


def base32_seed(seed: bytes) -> str:
    """The seed as people type it into an authenticator (``Base32StringSeed``, before its own base64)."""
    return base64.b32encode(seed).decode().rstrip("=")


def provisioning_uri(device_name: str, account_name: str, seed: bytes) -> str:
    """The ``otpauth`` URI that CreateVirtualMFADevice puts into its QR code: ``device@account``, then the seed."""
    label = quote(f"{device_name}@{account_name}", safe="@")
    return f"otpauth://totp/{label}?secret={base32_seed(seed)}"


def _code_at(seed: bytes, step: int) -> str:
    """The code of one step: RFC 4226's dynamic truncation."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}d}"
