"""The table of sign-in's operations."""

from daypass.services.registry import Operations

signin = Operations("signin")
