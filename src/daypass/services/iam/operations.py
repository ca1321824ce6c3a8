"""The table of IAM's operations."""

from daypass.services.registry import Operations

iam = Operations("iam")
