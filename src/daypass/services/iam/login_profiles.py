"""Passwords of IAM users (IAM API Reference: Create-, Get-, Update- and DeleteLoginProfile, ChangePassword)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from daypass.access.authorize import decision_on
from daypass.credentials import SALT_BYTES, SessionKind, hashed_password, is_password
from daypass.directory import Delete, LoginProfile, Put, User
from daypass.errors import ApiError
from daypass.policy import ExplicitDeny, PrincipalKind
from daypass.services.iam import authorization
from daypass.services.iam.entities import account_of, named, user_or_root
from daypass.services.iam.operations import iam
from daypass.services.iam.password_rules import MOST_REMEMBERED, check_password, is_expired, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.access.asking import Ask
    from daypass.credentials import Secret
    from daypass.directory import View
    from daypass.services.registry import Call, Output, Result

MOST_FAILURES = 5
PAUSE = 900
"""Seconds after which a wrong password is forgotten."""

_NO_USER = "Must specify userName when calling with non-User credentials"
_WRONG = "The old password was incorrect."
_EXPIRED = "The password has expired and can only be set anew by an administrator."


@iam("CreateLoginProfile", needs=authorization.user)
def create_login_profile(call: Call, view: View) -> Result:
    """Give a user a password."""
    user = _user(call, view)
    if view.get(LoginProfile, call.account, user.id) is not None:
        raise ApiError("EntityAlreadyExists", f"Login Profile for user {user.name} already exists.")
    password = call.input.get("Password")
    if password is None:
        raise ApiError("ValidationError", "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null")  # fmt: skip
    check_password(password, account_of(call, view), view)
    profile = LoginProfile(
        account=call.account,
        user_id=user.id,
        password=_hashed(call, password),
        created=int(call.now),
        changed=int(call.now),
        reset_required=call.input.get("PasswordResetRequired", False),
        longest_session=call.input.get("MaxSigninSessionDuration"),
    )
    return {"LoginProfile": _shape(profile, user)}, [Put(profile)]


@iam("GetLoginProfile", needs=authorization.user)
def get_login_profile(call: Call, view: View) -> Result:
    """Whether a user has a password, and since when."""
    user = _user(call, view)
    return {"LoginProfile": _shape(_profile(call, view, user), user)}, []


@iam("UpdateLoginProfile", needs=authorization.user)
def update_login_profile(call: Call, view: View) -> Result:
    """Set a user's password, or only how it is used."""
    profile = _profile(call, view, _user(call, view))
    given = call.input
    if given.get("ResetMaxSigninSessionDuration") and "MaxSigninSessionDuration" in given:
        text = "MaxSigninSessionDuration cannot be set and reset in one request."
        raise ApiError("InvalidInput", text)
    if "Password" in given:
        check_password(given["Password"], account_of(call, view), view, profile)
        profile = _with_password(call, profile, given["Password"])
    if "PasswordResetRequired" in given:
        profile = msgspec.structs.replace(profile, reset_required=given["PasswordResetRequired"])
    if given.get("ResetMaxSigninSessionDuration") or "MaxSigninSessionDuration" in given:
        profile = msgspec.structs.replace(profile, longest_session=given.get("MaxSigninSessionDuration"))
    return {}, [Put(profile)]


@iam("DeleteLoginProfile", needs=authorization.user)
def delete_login_profile(call: Call, view: View) -> Result:
    """Take a user's password away."""
    return {}, [Delete(_profile(call, view, _user(call, view)).key)]


def _own_password(call: Call, view: View) -> Iterable[Ask]:
    """ChangePassword: allowed by a policy, or by the account's rules as long as no policy denies it."""
    if call.caller.kind is not PrincipalKind.USER:
        return []  # refused by the operation
    (ask,) = authorization.user(call, view)
    rules = rules_of(call.account, view)
    if rules is None or not rules.users_may_change:
        return [ask]
    denied = isinstance(decision_on(ask, call.caller, view, call.facts), ExplicitDeny)
    return [ask] if denied else []


@iam("ChangePassword", needs=_own_password)
def change_password(call: Call, view: View) -> Result:
    """Set one's own password by showing the old one. Wrong ones count, and after five of late none is looked at."""
    if call.caller.kind is not PrincipalKind.USER:
        raise ApiError("InvalidUserType", "Only IAM Users can change their own password")
    profile = _profile(call, view, _user(call, view))
    failures = tuple(at for at in profile.failures if at > call.now - PAUSE)
    if len(failures) >= MOST_FAILURES:
        raise ApiError("AccessDenied", _WRONG, reason="too many wrong passwords of late")
    if not is_password(call.input["OldPassword"], profile.password):
        failed = msgspec.structs.replace(profile, failures=(*failures, int(call.now)))
        raise ApiError("AccessDenied", _WRONG, reason="wrong password", changes=(Put(failed),))
    rules = rules_of(call.account, view)
    if rules is not None and rules.hard_expiry and is_expired(profile, rules, call.now):
        raise ApiError("PasswordPolicyViolation", _EXPIRED)
    check_password(call.input["NewPassword"], account_of(call, view), view, profile)
    changed = _with_password(call, profile, call.input["NewPassword"])
    return {}, [Put(msgspec.structs.replace(changed, reset_required=False))]


def _user(call: Call, view: View) -> User:
    if "UserName" in call.input:
        return named(User, view, call.account, call.input["UserName"])
    user = user_or_root(call, view)
    if user is None:
        session = call.caller.session
        if session is not None and session.kind is SessionKind.ROOT and call.operation != "CreateLoginProfile":
            raise ApiError("NoSuchEntity", "Login Profile for User root cannot be found.")  # root users have none here
        raise ApiError("ValidationError", _NO_USER)
    return user


def _profile(call: Call, view: View, user: User) -> LoginProfile:
    profile = view.get(LoginProfile, call.account, user.id)
    if profile is None:
        raise ApiError("NoSuchEntity", f"Login Profile for User {user.name} cannot be found.")
    return profile


def _with_password(call: Call, profile: LoginProfile, password: str) -> LoginProfile:
    return msgspec.structs.replace(
        profile,
        password=_hashed(call, password),
        changed=int(call.now),
        former=(profile.password, *profile.former)[: MOST_REMEMBERED - 1],
        failures=(),
    )


def _hashed(call: Call, password: str) -> Secret:
    return hashed_password(password, call.mint.random(SALT_BYTES))


def _shape(profile: LoginProfile, user: User) -> Output:
    shape: Output = {
        "UserName": user.name,
        "CreateDate": profile.created,
        "PasswordResetRequired": profile.reset_required,
    }
    if profile.longest_session is not None:
        shape["MaxSigninSessionDuration"] = profile.longest_session
    return shape
