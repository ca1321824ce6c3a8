"""The errors that a service may answer: a table of codes, statuses and texts, and none outside it.

The table is the service's model, the errors that all services of its protocol share (``common_errors.toml``) and what
AWS does otherwise than its models say (``corrections.toml``). A code that stands in no table is a bug of ours and raises
KeyError.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from daypass.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.protocol.models import Model


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One error of a service as its wire knows it."""

    code: str
    status: int
    message: str | None = None
    namespace: str | None = None

    @property
    def fault(self) -> str:
        """Whose fault it is, in the Query protocol's words."""
        return "Sender" if self.status < 500 else "Receiver"


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("daypass.protocol").joinpath(name).read_text("utf-8"))


COMMON = _read("common_errors.toml")
CORRECTIONS = _read("corrections.toml")


class ErrorTable:
    """Every error of one service, by the code that rooms raise."""

    def __init__(self, service: str, model: Model) -> None:
        common: dict[str, Any] = dict(COMMON[model.metadata.protocol])
        alias: dict[str, str] = common.pop("alias")
        self.entries = {code: _entry(code, data) for code, data in common.items()}
        for name, shape in model.shapes.items():
            if shape.exception:
                code = (shape.error.code if shape.error else None) or name
                status = (shape.error.http_status_code if shape.error else None) or 400
                message = self.entries[code].message if code in self.entries else None
                self.entries[code] = ErrorEntry(code, status, message)
        for code, data in CORRECTIONS.get(service, {}).get("errors", {}).items():
            self.entries[code] = _entry(code, data)
        for code, meant in alias.items():
            self.entries.setdefault(code, self.entries[meant])

    def of(self, error: ApiError) -> ErrorEntry:
        """The wire's view of an error, with the overrides that it carries. KeyError: the service has no such code."""
        entry = self.entries[error.code]
        if error.status is None and (error.message is not None or entry.message is None):
            return (
                entry if error.message is None else ErrorEntry(entry.code, entry.status, error.message, entry.namespace)
            )
        message = entry.message if error.message is None else error.message
        return ErrorEntry(entry.code, error.status or entry.status, message, entry.namespace)


def _entry(code: str, data: int | Mapping[str, Any]) -> ErrorEntry:
    return ErrorEntry(code, data) if isinstance(data, int) else ErrorEntry(code, **data)


def not_implemented(service: str, operation: str) -> ApiError:
    """The refusal of an operation that the model knows and Daypass does not offer yet, in its service's own form."""
    if service == "s3":
        return ApiError("NotImplemented", None, members={"Operation": operation})
    return ApiError("NotImplemented", f"{operation} is not implemented by this server.")
