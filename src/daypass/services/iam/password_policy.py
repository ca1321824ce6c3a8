"""The account's password policy (IAM API Reference: Get-, Update- and DeleteAccountPasswordPolicy)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.directory import Delete, PasswordPolicy, Put
from daypass.directory.passwords import PasswordRules
from daypass.errors import ApiError
from daypass.services.iam import authorization
from daypass.services.iam.operations import iam
from daypass.services.iam.password_rules import rules_of

if TYPE_CHECKING:
    from daypass.directory import View
    from daypass.services.registry import Call, Result

_MEMBERS = {
    "MinimumPasswordLength": "minimum_length",
    "RequireSymbols": "symbols",
    "RequireNumbers": "numbers",
    "RequireUppercaseCharacters": "uppercase",
    "RequireLowercaseCharacters": "lowercase",
    "AllowUsersToChangePassword": "users_may_change",
    "MaxPasswordAge": "max_age",
    "PasswordReusePrevention": "reuse_prevention",
    "HardExpiry": "hard_expiry",
}


@iam("UpdateAccountPasswordPolicy", needs=authorization.account_wide)
def update_account_password_policy(call: Call, _view: View) -> Result:
    """Put new rules in the place of all former ones: what is left out goes back to its default."""
    given = {field: call.input[member] for member, field in _MEMBERS.items() if member in call.input}
    return {}, [Put(PasswordPolicy(call.account, PasswordRules(**given)))]


@iam("GetAccountPasswordPolicy", needs=authorization.account_wide)
def get_account_password_policy(call: Call, view: View) -> Result:
    """Show the rules."""
    rules = rules_of(call.account, view)
    if rules is None:
        text = f"The Password Policy with domain name {call.account} cannot be found."
        raise ApiError("NoSuchEntity", text)
    shown = {member: getattr(rules, field) for member, field in _MEMBERS.items()}
    known = {member: value for member, value in shown.items() if value is not None}
    return {"PasswordPolicy": {**known, "ExpirePasswords": bool(rules.max_age)}}, []


@iam("DeleteAccountPasswordPolicy", needs=authorization.account_wide)
def delete_account_password_policy(call: Call, view: View) -> Result:
    """Go back to IAM's own rules."""
    policy = view.get(PasswordPolicy, call.account, "account")
    if policy is None:
        raise ApiError("NoSuchEntity", "The account policy with name PasswordPolicy cannot be found.")
    return {}, [Delete(policy.key)]
