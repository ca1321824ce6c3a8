"""Passwords of IAM users, and what an account asks of them (IAM API Reference: LoginProfile, PasswordPolicy)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from daypass.credentials import Secret  # noqa: TC001 - msgspec reads the annotations
from daypass.directory.records import Key, Link, Record


class LoginProfile(Record, frozen=True, array_like=True):
    """An IAM user's password. ``password`` is its Argon2id string, ``former`` those of earlier ones, newest first."""

    kind: ClassVar[str] = "login_profile"
    account: str
    user_id: str
    password: Secret
    created: int
    changed: int
    reset_required: bool = False
    longest_session: int | None = None
    """``MaxSigninSessionDuration``."""
    former: tuple[Secret, ...] = ()
    failures: tuple[int, ...] = ()
    """When wrong passwords were given of late (seconds)."""

    @property
    def key(self) -> Key:
        return Key("login_profile", self.account, self.user_id)

    def links(self) -> tuple[Link, ...]:
        return (Link("owner", self.user_id),)


class PasswordRules(msgspec.Struct, frozen=True, array_like=True):
    """The members of PasswordPolicy with the values that UpdateAccountPasswordPolicy gives to those left out."""

    minimum_length: int = 6
    symbols: bool = False
    numbers: bool = False
    uppercase: bool = False
    lowercase: bool = False
    users_may_change: bool = False
    max_age: int | None = None
    """Days."""
    reuse_prevention: int | None = None
    hard_expiry: bool | None = None


class PasswordPolicy(Record, frozen=True, array_like=True):
    """What an account asks of passwords; without one, IAM's own rules count."""

    kind: ClassVar[str] = "password_policy"
    account: str
    rules: PasswordRules

    @property
    def key(self) -> Key:
        return Key("password_policy", self.account, "account")
