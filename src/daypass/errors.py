"""The error a caller gets. Anything else that is raised is a bug of ours, and is answered ``InternalFailure``."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A refusal in a service's own words.

    ``code`` is the code on the wire; its HTTP status comes from the service's error table
    (:mod:`daypass.protocol.errors`) unless ``status`` overrides it. ``members`` are further elements of the error
    body (S3: ``BucketName``, ``Key``...), in order. ``reason`` is for the operator and never leaves the server. ``changes`` are
    committed although the call is refused: a wrong one-time code counts.
    """

    def __init__(
        self,
        code: str,
        message: str | None,
        *,
        status: int | None = None,
        members: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        reason: str | None = None,
        changes: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members or {}
        self.headers = headers or {}
        self.reason = reason
        self.changes = changes
