"""The table of S3's operations."""

from daypass.services.registry import Operations

s3 = Operations("s3")
