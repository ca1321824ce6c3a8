"""JSON answers of Query services for clients that send ``Accept: application/json`` (Envoy, JavaScript web clients).

``{"AssumeRoleResponse": {"AssumeRoleResult": {...}, "ResponseMetadata": {"RequestId": ".."}}}``: times are seconds since
the epoch, and members without a value are null (seen in Envoy's tests and public logs; AWS documents neither).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from daypass.protocol.scalars import to_epoch, write_blob

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from daypass.protocol.models import Model


_SCALARS: dict[str, Callable[[Any], Any]] = {"timestamp": to_epoch, "blob": write_blob}


class QueryJson:
    """Writes the outputs of one Query service as JSON."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def render(self, operation: str, output: Mapping[str, Any], request_id: str) -> str:
        """An operation's output."""
        answer: dict[str, Any] = {}
        reference = self._model.operations[operation].output
        if reference is not None:
            answer[reference.result_wrapper or f"{operation}Result"] = self._plain(reference.shape, output)
        answer["ResponseMetadata"] = {"RequestId": request_id}
        return json.dumps({f"{operation}Response": answer}, separators=(",", ":"))

    def error(self, fields: Mapping[str, Any], request_id: str) -> str:
        """A refusal."""
        return json.dumps({"Error": fields, "RequestId": request_id}, separators=(",", ":"))

    def _plain(self, name: str, value: Any) -> Any:
        """A value of a shape as what JSON can hold."""
        shape = self._model.shapes[name]
        if value is None:
            return None
        match shape.type:
            case "structure":
                return {member: self._plain(use.shape, value.get(member)) for member, use in shape.members.items()}
            case "list" if shape.member:
                return [self._plain(shape.member.shape, item) for item in value]
            case "map" if shape.value:
                return {key: self._plain(shape.value.shape, item) for key, item in value.items()}
        return _SCALARS[shape.type](value) if shape.type in _SCALARS else value
