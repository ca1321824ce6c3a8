"""The table of STS's operations."""

from daypass.services.registry import Operations

sts = Operations("sts")
