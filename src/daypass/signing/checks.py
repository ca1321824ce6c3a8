"""Scope and time of a signature: what is refused before the key is looked up and the HMAC computed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.signing.dates import basic, extended
from daypass.signing.faults import Dialect, SigningError, denied, malformed_header, malformed_query, mismatch
from daypass.signing.signature import TERMINATOR, Form

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from daypass.signing.signature import Signature

WINDOW: Final = 15 * 60
_DAY: Final = re.compile(r"[0-9]{8}")


def check_scope(
    signature: Signature, *, service: str, regions: AbstractSet[str], expected_region: str | None = None
) -> None:
    """The credential's scope is for ``service``, one of ``regions``, and the day of the request.

    ``expected_region`` is what S3 tells a client that signed for another region (SDKs read it and sign again); by
    default the first of ``regions``. Signature Version 2 has no scope.
    """
    if signature.form.is_version_2:
        return
    if signature.dialect is Dialect.S3:
        _check_s3_scope(signature, service, regions, expected_region)
        return
    faults = []
    if signature.region not in regions:
        faults.append("Credential should be scoped to a valid region. ")
    if signature.service != service:
        faults.append(f"Credential should be scoped to correct service: '{service}'. ")
    if signature.terminator != TERMINATOR:
        faults.append(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{signature.terminator}'."
        )
    today = signature.timestamp[:8]
    if signature.date != today:
        faults.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signature.date}' != '{today}', from '{signature.timestamp}'."
        )
    if faults:
        raise mismatch(signature.dialect, "".join(faults))


def check_time(signature: Signature, now: float, window: int = WINDOW) -> None:
    """The request was made within ``window`` seconds of ``now``; an S3 presigned URL within the life it was given."""
    match signature.form:
        case Form.QUERY_V2:
            _check_end(now, signature.expires or 0)
        case Form.QUERY if signature.dialect is Dialect.S3:
            _check_life(signature, now, window)
        case _:
            _check_window(signature, now, window)


def _check_s3_scope(signature: Signature, service: str, regions: AbstractSet[str], expected: str | None) -> None:
    fault, members = None, None
    if signature.service != service:
        fault = f'incorrect service "{signature.service}". This endpoint belongs to "{service}".'
    elif signature.terminator != TERMINATOR:
        fault = f'incorrect terminator "{signature.terminator}". This endpoint uses "{TERMINATOR}".'
    elif not _DAY.fullmatch(signature.date):
        fault = (
            f'incorrect date format "{signature.date}". This date in the credential must be in the format "yyyyMMdd".'
        )
    elif signature.region not in regions:
        expected = expected or min(regions)
        fault = f"the region '{signature.region}' is wrong; expecting '{expected}'"
        members = {"Region": expected}
    elif signature.date != signature.timestamp[:8]:
        fault = "Invalid credential date. Date is not the same as X-Amz-Date."
    if fault is None:
        return
    if signature.form is Form.QUERY:
        raise malformed_query(f"Error parsing the X-Amz-Credential parameter; {fault}", members)
    raise malformed_header(fault, members)


def _check_window(signature: Signature, now: float, window: int) -> None:
    age = now - signature.epoch
    if -window <= age <= window:
        return
    if signature.dialect is Dialect.S3:
        raise SigningError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            403,
            {
                "RequestTime": signature.sent_time,
                "ServerTime": extended(now),
                "MaxAllowedSkewMilliseconds": str(window * 1000),
            },
        )
    sent, minutes = signature.timestamp, window // 60
    if age > 0:
        text = f"Signature expired: {sent} is now earlier than {basic(now - window)} ({basic(now)} - {minutes} min.)"
    else:
        text = f"Signature not yet current: {sent} is still later than {basic(now + window)} ({basic(now)} + {minutes} min.)"
    raise mismatch(signature.dialect, text)


def _check_life(signature: Signature, now: float, window: int) -> None:
    expires = signature.expires or 0
    if signature.epoch > now + window:
        raise denied("Request is not valid yet")
    end = signature.epoch + expires
    if now >= end or not expires:  # of no life at all, even if the clock of its maker is ahead
        members = {"X-Amz-Expires": str(expires), "Expires": extended(end), "ServerTime": extended(now)}
        raise denied("Request has expired", members)


def _check_end(now: float, end: int) -> None:
    if now >= end:
        raise denied("Request has expired", {"Expires": extended(end), "ServerTime": extended(now)})
