"""Login profiles, ChangePassword and the account's password policy, as boto3 sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from worldkit import ACCOUNT, Host, allow, deny, make_host, refusal

from daypass.credentials import hashed_password, is_password
from daypass.directory import LoginProfile
from daypass.services.iam.login_profiles import MOST_FAILURES, PAUSE

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD, OTHER = "Correct-Horse-7", "Battery+Staple9"
VIOLATED = (400, "PasswordPolicyViolation", "Password does not conform to the account password policy.")
WRONG = (403, "AccessDenied", "The old password was incorrect.")
DAY = 86_400


@pytest.fixture
def host() -> Iterator[Host]:
    made = make_host()
    yield made
    made.close()


@pytest.fixture
def admin(host: Host) -> Any:
    return host.admin("iam")


@pytest.fixture
def bob(host: Host) -> Any:
    """IAM as bob sees it, who has a password and may change it."""
    key = host.user("bob", allow("iam:ChangePassword", "iam:GetLoginProfile"))
    host.admin("iam").create_login_profile(UserName="bob", Password=GOOD)
    return host.client("iam", key)


def kept(host: Host) -> LoginProfile:
    (found,) = (record for record in host.store.records.values() if isinstance(record, LoginProfile))
    return found


def test_a_login_profile_is_made_shown_changed_and_deleted(host: Host, admin: Any) -> None:
    admin.create_user(UserName="ann")
    made = admin.create_login_profile(UserName="ann", Password=GOOD, PasswordResetRequired=True)["LoginProfile"]
    assert (made["UserName"], made["PasswordResetRequired"], made["CreateDate"].timestamp()) == ("ann", True, host.now)
    admin.update_login_profile(UserName="ann", PasswordResetRequired=False, MaxSigninSessionDuration=7200)
    shown = admin.get_login_profile(UserName="ann")["LoginProfile"]
    assert (shown["PasswordResetRequired"], shown["MaxSigninSessionDuration"]) == (False, 7200)
    admin.update_login_profile(UserName="ann", ResetMaxSigninSessionDuration=True)
    assert "MaxSigninSessionDuration" not in admin.get_login_profile(UserName="ann")["LoginProfile"]
    assert refusal(admin.create_login_profile, UserName="ann", Password=GOOD) == (409, "EntityAlreadyExists", "Login Profile for user ann already exists.")  # fmt: skip
    admin.delete_login_profile(UserName="ann")
    gone = (404, "NoSuchEntity", "Login Profile for User ann cannot be found.")
    for call, more in ((admin.get_login_profile, {}), (admin.delete_login_profile, {}), (admin.update_login_profile, {"Password": OTHER})):  # fmt: skip
        assert refusal(call, UserName="ann", **more) == gone


def test_a_login_profile_follows_a_rename_and_keeps_its_user_from_being_deleted(host: Host, admin: Any) -> None:
    admin.create_user(UserName="ann")
    admin.create_login_profile(UserName="ann", Password=GOOD)
    admin.update_user(UserName="ann", NewUserName="anna")
    assert admin.get_login_profile(UserName="anna")["LoginProfile"]["UserName"] == "anna"
    assert refusal(admin.delete_user, UserName="anna") == (409, "DeleteConflict", "Cannot delete entity, must delete login profile first.")  # fmt: skip
    admin.delete_login_profile(UserName="anna")
    admin.delete_user(UserName="anna")


def test_who_names_no_user_means_itself_and_must_be_one(host: Host, admin: Any, bob: Any) -> None:
    assert bob.get_login_profile()["LoginProfile"]["UserName"] == "bob"
    assert refusal(host.root("iam").get_login_profile)[:2] == (400, "ValidationError")
    admin.create_user(UserName="ann")
    assert refusal(admin.create_login_profile, UserName="ann")[:2] == (400, "ValidationError")


def test_a_password_is_kept_as_argon2id_and_told_to_nobody(host: Host, bob: Any) -> None:
    profile = kept(host)
    assert profile.password.reveal().startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert is_password(GOOD, profile.password)
    assert not is_password(GOOD + " ", profile.password)
    bob.change_password(OldPassword=GOOD, NewPassword=OTHER)
    text = b"\n".join(host.journal.lines).decode()
    assert "ChangePassword" in text
    assert GOOD not in text
    assert OTHER not in text
    assert hashed_password(GOOD, b"0" * 16) != hashed_password(GOOD, b"1" * 16)
    with pytest.raises(ValueError, match="16 bytes"):
        hashed_password(GOOD, b"0")


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("Short-7", "Password should have a minimum length of 8"),
        ("onlylowercase", "Password should meet 2 more of the following requirements: Password should have at least one uppercase letter, Password should have at least one number, Password should have at least one symbol"),
        ("lower-and-symbols", "Password should meet 1 more of the following requirements: Password should have at least one uppercase letter, Password should have at least one number"),
        ("ÄÖÜ-äöü-lower", "Password should meet 1 more of the following requirements: Password should have at least one uppercase letter, Password should have at least one number"),
    ],
)  # fmt: skip
def test_iams_own_rules_ask_for_length_and_three_sorts(admin: Any, password: str, text: str) -> None:
    admin.create_user(UserName="ann")
    assert refusal(admin.create_login_profile, UserName="ann", Password=password) == (400, "PasswordPolicyViolation", text)  # fmt: skip


def test_the_accounts_rules_stand_in_for_iams(admin: Any, bob: Any) -> None:
    admin.update_account_password_policy(MinimumPasswordLength=12, RequireSymbols=True, RequireNumbers=True,
                                         RequireUppercaseCharacters=True, RequireLowercaseCharacters=True)  # fmt: skip
    for password in (
        "Short-7aB",
        "nouppercase-7",
        "NOLOWERCASE-7",
        "NoNumber-here",
        "NoSymbols7here",
        "Wrong~symbols7",
    ):
        assert refusal(bob.change_password, OldPassword=GOOD, NewPassword=password) == VIOLATED
    bob.change_password(OldPassword=GOOD, NewPassword="Long-enough-77")
    admin.update_account_password_policy()  # everything else goes back to its default: six characters of any sort
    bob.change_password(OldPassword="Long-enough-77", NewPassword="simple")


def test_the_policy_is_replaced_whole_shown_and_deleted(admin: Any) -> None:
    assert refusal(admin.get_account_password_policy) == (404, "NoSuchEntity", f"The Password Policy with domain name {ACCOUNT} cannot be found.")  # fmt: skip
    admin.update_account_password_policy(MaxPasswordAge=90, PasswordReusePrevention=3, HardExpiry=True)
    shown = admin.get_account_password_policy()["PasswordPolicy"]
    assert shown == {"MinimumPasswordLength": 6, "RequireSymbols": False, "RequireNumbers": False, "RequireUppercaseCharacters": False,
                     "RequireLowercaseCharacters": False, "AllowUsersToChangePassword": False, "ExpirePasswords": True,
                     "MaxPasswordAge": 90, "PasswordReusePrevention": 3, "HardExpiry": True}  # fmt: skip
    admin.update_account_password_policy(MinimumPasswordLength=10)
    shown = admin.get_account_password_policy()["PasswordPolicy"]
    assert (shown["MinimumPasswordLength"], shown["ExpirePasswords"]) == (10, False)
    assert not {"MaxPasswordAge", "PasswordReusePrevention", "HardExpiry"} & shown.keys()
    admin.delete_account_password_policy()
    assert refusal(admin.delete_account_password_policy) == (404, "NoSuchEntity", "The account policy with name PasswordPolicy cannot be found.")  # fmt: skip


def test_every_fault_of_a_policy_is_told_at_once(admin: Any) -> None:
    told = refusal(admin.update_account_password_policy, MinimumPasswordLength=129, PasswordReusePrevention=25, MaxPasswordAge=1096)  # fmt: skip
    faults = ("minimumPasswordLength", 128), ("passwordReusePrevention", 24), ("maxPasswordAge", 1095)  # AWS's order
    each = (f"Value at '{name}' failed to satisfy constraint: Member must have value less than or equal to {most}" for name, most in faults)  # fmt: skip
    assert told == (400, "ValidationError", "3 validation errors detected: " + "; ".join(each))


def test_former_passwords_do_not_come_back_as_far_as_the_policy_remembers(admin: Any, bob: Any) -> None:
    admin.update_account_password_policy(PasswordReusePrevention=2)
    bob.change_password(OldPassword=GOOD, NewPassword="second")
    for password in ("second", GOOD):
        assert refusal(bob.change_password, OldPassword="second", NewPassword=password) == VIOLATED
        assert refusal(admin.update_login_profile, UserName="bob", Password=password) == VIOLATED
    bob.change_password(OldPassword="second", NewPassword="third!")
    bob.change_password(OldPassword="third!", NewPassword=GOOD)


def test_a_password_beyond_its_age_is_changed_by_its_owner_unless_expiry_is_hard(host: Host, admin: Any, bob: Any) -> None:  # fmt: skip
    admin.update_account_password_policy(MaxPasswordAge=30)
    host.at(30 * DAY)
    bob.change_password(OldPassword=GOOD, NewPassword="second")
    admin.update_account_password_policy(MaxPasswordAge=30, HardExpiry=True)
    host.at(30 * DAY - 1)
    bob.change_password(OldPassword="second", NewPassword="third!")
    host.at(30 * DAY)
    assert refusal(bob.change_password, OldPassword="third!", NewPassword="fourth")[:2] == (400, "PasswordPolicyViolation")  # fmt: skip
    admin.update_login_profile(UserName="bob", Password="fourth")
    bob.change_password(OldPassword="fourth", NewPassword="fifth.")


def test_who_may_change_its_own_password(host: Host, admin: Any) -> None:
    key = host.user("eve")
    admin.create_login_profile(UserName="eve", Password=GOOD)
    eve = host.client("iam", key)
    assert refusal(eve.change_password, OldPassword=GOOD, NewPassword=OTHER)[1] == "AccessDenied"
    admin.update_account_password_policy(AllowUsersToChangePassword=True)
    eve.change_password(OldPassword=GOOD, NewPassword=OTHER)
    admin.put_user_policy(UserName="eve", PolicyName="p", PolicyDocument=deny("iam:ChangePassword"))
    assert "explicit deny" in refusal(eve.change_password, OldPassword=OTHER, NewPassword=GOOD)[2]


def test_who_is_no_user_has_no_password(host: Host) -> None:
    told = (400, "InvalidUserType", "Only IAM Users can change their own password")
    assert refusal(host.root("iam").change_password, OldPassword=GOOD, NewPassword=OTHER) == told


def test_a_change_takes_the_mark_that_one_is_due_away(host: Host, admin: Any, bob: Any) -> None:
    admin.update_login_profile(UserName="bob", PasswordResetRequired=True)
    bob.change_password(OldPassword=GOOD, NewPassword=OTHER)
    assert kept(host).reset_required is False


def test_wrong_passwords_count_and_are_not_looked_at_after_five(host: Host, bob: Any) -> None:
    for _ in range(MOST_FAILURES):
        assert refusal(bob.change_password, OldPassword="wrong", NewPassword=OTHER) == WRONG
    assert refusal(bob.change_password, OldPassword=GOOD, NewPassword=OTHER) == WRONG
    host.at(PAUSE + 1)
    bob.change_password(OldPassword=GOOD, NewPassword=OTHER)
