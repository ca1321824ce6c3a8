"""What IAM does not offer yet is said so, never made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iamkit import refused

if TYPE_CHECKING:
    from clientkit import Clients


def test_an_operation_that_is_not_offered_says_so(account: Clients) -> None:
    with refused("NotImplemented", "SetSecurityTokenServicePreferences is not implemented by this server."):
        account.iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")


def test_a_parameter_that_is_not_offered_says_so(account: Clients) -> None:
    with refused("NotImplemented", "MaxSigninSessionDuration is not implemented by this server."):
        account.iam.create_role(RoleName="app", AssumeRolePolicyDocument="{}", MaxSigninSessionDuration=7200)


def test_the_summary_and_the_alias_of_the_account(account: Clients, unique: str) -> None:
    assert account.iam.get_account_summary()["SummaryMap"]["Users"] == 1
    account.iam.create_account_alias(AccountAlias=unique)
    assert account.iam.list_account_aliases()["AccountAliases"] == [unique]
    account.iam.delete_account_alias(AccountAlias=unique)
    assert account.iam.list_account_aliases()["AccountAliases"] == []
