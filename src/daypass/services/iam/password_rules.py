"""What passwords must be like: the account's own policy, or IAM's rules where it has none.

IAM User Guide, "Set an account password policy for IAM users": by default 8 to 128 characters, three of four sorts of
characters, and not the name or e-mail address of the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.credentials import is_password
from daypass.directory import PasswordPolicy
from daypass.errors import ApiError

if TYPE_CHECKING:
    from daypass.directory import Account, LoginProfile, View
    from daypass.directory.passwords import PasswordRules

SYMBOLS: Final = frozenset("!@#$%^&*()_+-=[]{}|'")
LEAST_LENGTH: Final = 8
LEAST_SORTS: Final = 3
MOST_REMEMBERED: Final = 24
DAY: Final = 86_400

_VIOLATED = "Password does not conform to the account password policy."
_SORTS: Final = {
    "uppercase letter": str.isupper,
    "lowercase letter": str.islower,
    "number": str.isdigit,
    "symbol": SYMBOLS.__contains__,
}


def rules_of(account: str, view: View) -> PasswordRules | None:
    """The account's own rules; None where IAM's count."""
    policy = view.get(PasswordPolicy, account, "account")
    return None if policy is None else policy.rules


def check_password(password: str, account: Account, view: View, profile: LoginProfile | None = None) -> None:
    """Raise PasswordPolicyViolation for a password that may not be set, or not again by the owner of ``profile``."""
    rules = rules_of(account.id, view)
    if rules is None:
        _check_by_default(password, account)
    elif not _conforms(password, rules):
        raise ApiError("PasswordPolicyViolation", _VIOLATED)
    remembered = 0 if rules is None else rules.reuse_prevention or 0
    if profile is not None and remembered:
        known = (profile.password, *profile.former)[:remembered]
        if any(is_password(password, kept) for kept in known):
            raise ApiError("PasswordPolicyViolation", _VIOLATED)


def is_expired(profile: LoginProfile, rules: PasswordRules | None, now: float) -> bool:
    """Whether a password is older than the account lets it grow."""
    return rules is not None and rules.max_age is not None and now >= profile.changed + rules.max_age * DAY


def _conforms(password: str, rules: PasswordRules) -> bool:
    wanted = {
        "uppercase letter": rules.uppercase,
        "lowercase letter": rules.lowercase,
        "number": rules.numbers,
        "symbol": rules.symbols,
    }
    missing = _missing_sorts(password)
    return len(password) >= rules.minimum_length and not any(wanted[sort] for sort in missing)


def _check_by_default(password: str, account: Account) -> None:
    if len(password) < LEAST_LENGTH:
        raise ApiError("PasswordPolicyViolation", f"Password should have a minimum length of {LEAST_LENGTH}")
    missing = _missing_sorts(password)
    lacking = LEAST_SORTS - (len(_SORTS) - len(missing))
    if lacking > 0:
        listed = ", ".join(f"Password should have at least one {sort}" for sort in missing)
        text = f"Password should meet {lacking} more of the following requirements: {listed}"
        raise ApiError("PasswordPolicyViolation", text)
    if password in (account.name, account.email):
        raise ApiError("PasswordPolicyViolation", "Password should not be the account's name or email address")


def _missing_sorts(password: str) -> list[str]:
    """Only letters and digits of the Latin alphabet count, as IAM's pages list them."""
    return [
        sort for sort, has in _SORTS.items() if not any(has(character) for character in password if character.isascii())
    ]
