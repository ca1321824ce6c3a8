"""Calls that race decide one after the other, in whatever worker they land: no quota and no name is outrun."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from clientkit import allow

if TYPE_CHECKING:
    from collections.abc import Callable

    from clientkit import Clients

CALLERS = 8


def outcomes(call: Callable[[int], object]) -> Counter[str]:
    """How many of the calls that begin together end how."""

    def one(number: int) -> str:
        try:
            call(number)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "done"

    with ThreadPoolExecutor(CALLERS) as pool:
        return Counter(pool.map(one, range(CALLERS)))


def test_a_user_gets_two_keys_however_many_are_asked_for_at_once(account: Clients) -> None:
    account.iam.create_user(UserName="bob")
    clients = [account.iam for _ in range(CALLERS)]
    done = outcomes(lambda n: clients[n].create_access_key(UserName="bob"))
    assert done == {"done": 2, "LimitExceeded": CALLERS - 2}
    assert len(account.iam.list_access_keys(UserName="bob")["AccessKeyMetadata"]) == 2


def test_a_name_is_given_once(account: Clients) -> None:
    clients = [account.iam for _ in range(CALLERS)]
    names = ("bob", "Bob", "BOB", "bOB")
    done = outcomes(lambda n: clients[n].create_user(UserName=names[n % 4]))
    assert done == {"done": 1, "EntityAlreadyExists": CALLERS - 1}


def test_no_change_of_one_entity_is_lost_to_another(account: Clients) -> None:
    account.iam.create_user(UserName="bob")
    clients = [account.iam for _ in range(CALLERS)]
    put = {"UserName": "bob", "PolicyDocument": allow("s3:GetObject")}
    assert outcomes(lambda n: clients[n].put_user_policy(PolicyName=f"p{n}", **put)) == {"done": CALLERS}
    names = account.iam.list_user_policies(UserName="bob")["PolicyNames"]
    assert names == [f"p{n}" for n in range(CALLERS)]


def test_a_policy_is_deleted_or_attached_but_never_both(account: Clients) -> None:
    arn = account.iam.create_policy(PolicyName="p", PolicyDocument=allow("s3:GetObject"))["Policy"]["Arn"]
    clients = [account.iam for _ in range(CALLERS)]
    outcomes(
        lambda n: (
            clients[n].delete_policy(PolicyArn=arn)
            if n % 2
            else clients[n].attach_user_policy(UserName="admin", PolicyArn=arn)
        )
    )
    attached = [p["PolicyArn"] for p in account.iam.list_attached_user_policies(UserName="admin")["AttachedPolicies"]]
    there = [p["Arn"] for p in account.iam.list_policies(Scope="Local")["Policies"]]
    assert (arn in attached) == (arn in there)
