"""The error tables: what models, common errors and corrections say together, and that no room raises a code outside them."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import daypass
from daypass.errors import ApiError
from daypass.protocol import Protocols

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICES = Protocols.load().services
SOURCE = Path(daypass.__file__).parent


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("sts", "ExpiredToken", 403),
        ("sts", "ExpiredTokenException", 400),
        ("sts", "IDPRejectedClaim", 403),
        ("sts", "IDPCommunicationError", 400),
        ("sts", "RegionDisabledException", 403),
        ("sts", "MalformedPolicyDocument", 400),
        ("sts", "PackedPolicyTooLarge", 400),
        ("sts", "OptInRequired", 403),
        ("sts", "Throttling", 400),
        ("iam", "NoSuchEntity", 404),
        ("iam", "EntityAlreadyExists", 409),
        ("iam", "DeleteConflict", 409),
        ("iam", "ReportNotPresent", 410),
        ("iam", "PolicyEvaluation", 500),
        ("iam", "OrganizationNotFoundException", 400),
        ("s3", "NoSuchBucket", 404),
        ("s3", "ExpiredToken", 400),
        ("s3", "RequestTimeTooSkewed", 403),
        ("s3", "InvalidRange", 416),
        ("s3", "SlowDown", 503),
        ("s3", "UnsupportedMediaType", 415),
        ("cloudtrail", "TrailNotFoundException", 400),
        ("cloudtrail", "AccessDeniedException", 400),
    ],
)
def test_a_code_has_its_status(service: str, code: str, status: int) -> None:
    assert SERVICES[service].errors.of(ApiError(code, "text")).status == status


def test_an_error_may_override_status_and_message_of_its_code() -> None:
    table = SERVICES["s3"].errors
    assert table.of(ApiError("AccessDenied", None)).message == "Access Denied"
    entry = table.of(ApiError("AccessDenied", "no", status=418))
    assert (entry.code, entry.status, entry.message, entry.fault) == ("AccessDenied", 418, "no", "Sender")


def test_a_code_of_another_protocol_is_translated() -> None:
    assert SERVICES["s3"].errors.of(ApiError("InternalFailure", None)).code == "InternalError"
    assert SERVICES["sts"].errors.of(ApiError("InternalError", None)).code == "InternalFailure"


def _raised() -> Iterator[tuple[Path, str]]:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("ApiError", "SigningError")
            ):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield path, first.value


def test_no_room_raises_a_code_outside_the_tables() -> None:
    unknown = []
    for path, code in _raised():
        parts = path.relative_to(SOURCE).parts
        owners = [parts[1]] if parts[0] == "services" and parts[1] in SERVICES else list(SERVICES)
        if not any(code in SERVICES[owner].errors.entries for owner in owners):
            unknown.append((str(Path(*parts)), code))
    assert not unknown
