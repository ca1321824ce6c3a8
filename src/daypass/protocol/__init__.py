"""Requests to calls and outputs to answers, driven by AWS's own service models.

Start reading at :mod:`daypass.protocol.service`, which says what the pipeline sees, then at
:mod:`daypass.protocol.protocols`, which finds the service of a request. Nothing here is written by hand for one
operation: what AWS does and its models do not say stands in ``common_errors.toml`` and ``corrections.toml``.
"""

from __future__ import annotations

from daypass.protocol.errors import ErrorTable, not_implemented
from daypass.protocol.protocols import SERVICES, Protocols
from daypass.protocol.service import Address, Route, Service

__all__ = [
    "SERVICES",
    "Address",
    "ErrorTable",
    "Protocols",
    "Route",
    "Service",
    "not_implemented",
]
