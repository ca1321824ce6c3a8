"""The credential report: all users of an account and the state of their credentials, as CSV.

IAM User Guide, "Generate credential reports for your AWS account". A report counts for four hours; until then it is given
as it is. It is made while the call that asks for it is answered, so the next call finds it complete.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from daypass.arns import root_arn
from daypass.directory import (
    GLOBAL,
    AccessKey,
    CredentialReport,
    LoginProfile,
    MfaDevice,
    Put,
    SigningCertificate,
    User,
    all_linked,
    all_of,
)
from daypass.errors import ApiError
from daypass.services.iam import authorization
from daypass.services.iam.entities import account_of
from daypass.services.iam.operations import iam
from daypass.services.iam.password_rules import DAY, rules_of
from daypass.services.iam.users_records import records_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daypass.directory import View
    from daypass.directory.passwords import PasswordRules
    from daypass.services.registry import Call, Result

FRESH: Final = 4 * 3600
"""Seconds that a report counts."""

COLUMNS: Final = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
]
_STARTED = "No report exists. Starting a new report generation task"
_NONE = "N/A"
_NO_PASSWORD = ("false", _NONE, _NONE, _NONE)
_ROOTS_PASSWORD = ("not_supported", _NONE, "not_supported", "not_supported")
_TWO: Final = 2


@iam("GenerateCredentialReport", needs=authorization.account_wide)
def generate_credential_report(call: Call, view: View) -> Result:
    """Make a report, unless there is one that still counts."""
    report = view.get(CredentialReport, call.account, "report")
    if report is not None and call.now < report.generated + FRESH:
        return {"State": "COMPLETE"}, []
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(call, view))
    made = CredentialReport(call.account, int(call.now), content.getvalue())
    started = {"State": "STARTED"} | ({"Description": _STARTED} if report is None else {})
    return started, [Put(made)]


@iam("GetCredentialReport", needs=authorization.account_wide)
def get_credential_report(call: Call, view: View) -> Result:
    """The last report."""
    report = view.get(CredentialReport, call.account, "report")
    if report is None:
        raise ApiError("ReportNotPresent", None)
    if call.now >= report.generated + FRESH:
        raise ApiError("ReportExpired", None)
    content = report.content.encode()
    return {"Content": content, "ReportFormat": "text/csv", "GeneratedTime": report.generated}, []


def _rows(call: Call, view: View) -> Iterator[tuple[str, ...]]:
    account = account_of(call, view)
    yield (
        "<root_account>",
        root_arn(account.id),
        _time(account.created),
        *_ROOTS_PASSWORD,
        _switch(any(all_linked(MfaDevice, view, account.id, "owner", account.id))),
        *_keys(account.id, view),
        *_certificates(()),
    )
    rules = rules_of(account.id, view)
    for user in all_of(User, view, account.id):
        yield (
            user.name,
            user.arn,
            _time(user.created),
            *_password(view.get(LoginProfile, account.id, user.id), rules),
            _switch(any(all_linked(MfaDevice, view, account.id, "owner", user.id))),
            *_keys(user.id, view),
            *_certificates(records_of(SigningCertificate, view, user)),
        )


def _password(profile: LoginProfile | None, rules: PasswordRules | None) -> tuple[str, ...]:
    """Whether there is one, when it was used, when changed, when it must be. Nobody signs in with a password here yet."""
    if profile is None:
        return _NO_PASSWORD
    ends = _NONE if rules is None or rules.max_age is None else _time(profile.changed + rules.max_age * DAY)
    return "true", "no_information", _time(profile.changed), ends


def _keys(owner: str, view: View) -> Iterator[str]:
    keys = sorted(all_linked(AccessKey, view, GLOBAL, "owner", owner), key=lambda key: (key.created, key.id))
    for key in keys[:_TWO]:
        used = view.last_use(key.id)
        last = (_NONE, _NONE, _NONE) if used is None else (_time(used.when), used.region, used.service)
        yield from (_switch(key.active), _time(key.created), *last)
    for _ in range(_TWO - len(keys)):
        yield from ("false", _NONE, _NONE, _NONE, _NONE)


def _certificates(own: Iterable[SigningCertificate]) -> Iterator[str]:
    shown = [(_switch(one.active), _time(one.uploaded)) for one in own][:_TWO]
    for pair in (*shown, *(("false", _NONE),) * (_TWO - len(shown))):
        yield from pair


def _switch(value: bool) -> str:
    return "true" if value else "false"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
