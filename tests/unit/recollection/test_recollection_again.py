"""A recorded call is put to the engine again just as it was: caller, condition keys, layers, for every kind of caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from witnesskit import Witness
from worldkit import ACCOUNT, OTHER_ACCOUNT, allow, deny, document, refusal, trusting

from daypass.recollection.again import ask_again
from daypass.recollection.callers import caller_of
from daypass.recollection.past import CannotTell

if TYPE_CHECKING:
    from worldkit import Host

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
FEATURES = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")


@pytest.fixture
def witness(host: Host) -> Witness:
    return Witness(host)


def test_a_user_with_tags_groups_and_a_boundary(witness: Witness) -> None:
    host = witness.host
    bob = host.user("bob", allow("iam:Get*"))
    iam = host.admin("iam")
    iam.tag_user(UserName="bob", Tags=[{"Key": "team", "Value": "red"}])
    iam.create_group(GroupName="devs")
    iam.put_group_policy(GroupName="devs", PolicyName="p", PolicyDocument=deny("iam:List*"))
    iam.add_user_to_group(GroupName="devs", UserName="bob")
    iam.put_user_permissions_boundary(UserName="bob", PermissionsBoundary="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    host.client("iam", bob, user_agent_extra="x").get_user(UserName="bob")
    witness.check()
    refusal(host.client("iam", bob).list_users)
    witness.check()


def test_the_root_user_and_nobody(witness: Witness) -> None:
    host = witness.host
    host.root("iam").list_users()
    witness.check()
    host.root("s3").create_bucket(Bucket="open")
    host.root("s3").delete_public_access_block(Bucket="open")
    policy = document({"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::open"})
    host.root("s3").put_bucket_policy(Bucket="open", Policy=policy)
    witness.check()  # the root user's own question about a bucket's policy passes by that policy
    host.admin("s3").list_objects_v2(Bucket="open", Prefix="a/")
    witness.check()


def test_a_session_with_mfa(witness: Witness) -> None:
    host = witness.host
    bob = host.user("bob", allow("iam:*"))
    device = host.device("bob")
    made = host.client("sts", bob).get_session_token(SerialNumber=device.serial, TokenCode=device.code())
    host.at(90)
    host.client("iam", made["Credentials"]).list_users()
    witness.check()


def test_a_role_s_session_with_everything_that_it_can_bring_along(witness: Witness) -> None:
    host = witness.host
    bob = host.user("bob", allow("sts:*"))
    role = host.role("app", trusting(ROOT, *FEATURES), allow("iam:*"), Tags=[{"Key": "kind", "Value": "app"}])
    session = host.assume(
        bob,
        role,
        Tags=[{"Key": "Team", "Value": "red"}, {"Key": "kind", "Value": "other"}],
        TransitiveTagKeys=["Team"],
        Policy=allow("iam:List*"),
        PolicyArns=[{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}],
        SourceIdentity="bob@example.com",
        ExternalId="ticket",
    )
    witness.check(questions=3)
    host.at(5)
    host.client("iam", session).list_users()
    witness.check()
    refusal(host.client("iam", session).create_user, UserName="x")
    witness.check()


def test_a_chain_of_roles_with_inherited_tags(witness: Witness) -> None:
    host = witness.host
    bob = host.user("bob", allow("sts:*"))
    first = host.role("first", trusting(ROOT, *FEATURES), allow("sts:*"))
    second = host.role("second", trusting(first, *FEATURES), allow("iam:*"))
    session = host.assume(bob, first, Tags=[{"Key": "Team", "Value": "red"}], TransitiveTagKeys=["Team"])
    chained = host.assume(session, second, Tags=[{"Key": "x", "Value": "y"}])
    witness.check(questions=2)
    host.client("iam", chained).list_users()
    witness.check()


def test_a_federated_user_with_a_policy_and_without(witness: Witness) -> None:
    host = witness.host
    bob = host.user("bob", allow("sts:*", "s3:*"))
    host.admin("s3").create_bucket(Bucket="reports")
    for more in ({}, {"Policy": allow("s3:*"), "Tags": [{"Key": "k", "Value": "v"}]}):
        made = host.client("sts", bob).get_federation_token(Name="guest", **more)["Credentials"]
        s3 = host.client("s3", made)
        if more:
            s3.list_objects_v2(Bucket="reports")
        else:
            refusal(s3.list_objects_v2, Bucket="reports")
        witness.check()


def test_a_role_of_another_account(witness: Witness) -> None:
    host = witness.host
    bob = host.user("bob", allow("sts:*"))
    far = host.role("far", trusting(ROOT), allow("iam:*"), account=OTHER_ACCOUNT)
    host.client("iam", host.assume(bob, far)).list_users()
    witness.check()
    refusal(host.client("sts", bob).assume_role, RoleArn=far.replace("far", "none"), RoleSessionName="session")
    host.client("sts", bob).assume_role(RoleArn=far, RoleSessionName="session")
    witness.check()


def test_another_region_is_remembered(witness: Witness) -> None:
    host = witness.host
    bob = host.user("bob", allow("iam:*"))
    host.client("iam", bob, region="eu-west-1").list_users()
    witness.check()


def test_a_session_whose_opening_is_forgotten_cannot_be_asked_again(witness: Witness) -> None:
    host = witness.host
    bob = host.user("bob", allow("sts:*"))
    role = host.role("app", trusting(ROOT, *FEATURES), allow("iam:*"))
    host.client("iam", host.assume(bob, role, Policy=allow("iam:*"))).list_users()
    with pytest.raises(CannotTell, match="the record of the call that opened the session"):
        caller_of(witness.past(), {}, host.store.view())


def test_a_bucket_that_was_made_since_or_belongs_to_another_is_not_taken_for_the_old_one(witness: Witness) -> None:
    host = witness.host
    host.admin("s3").create_bucket(Bucket="reports")
    witness.check()  # a question about a bucket that was not there yet passes by its policy
    host.admin("s3").list_objects_v2(Bucket="reports")
    past = witness.past()
    host.admin("s3").delete_bucket(Bucket="reports")
    caller = caller_of(past, {}, host.store.view())
    assert past.decisions is not None
    with pytest.raises(CannotTell, match="there is no bucket reports any more"):
        ask_again(past, past.decisions.asked[0], caller, host.store.view())
    host.admin("s3", OTHER_ACCOUNT).create_bucket(Bucket="reports")
    with pytest.raises(CannotTell, match="belongs to another account now"):
        ask_again(past, past.decisions.asked[0], caller, host.store.view())


def test_a_caller_who_is_gone_is_named(witness: Witness) -> None:
    host = witness.host
    bob = host.user("bob", allow("iam:*"))
    host.client("iam", bob).list_users()
    past = witness.past()
    iam = host.admin("iam")
    iam.delete_access_key(UserName="bob", AccessKeyId=bob["AccessKeyId"])
    iam.delete_user_policy(UserName="bob", PolicyName="p")
    iam.delete_user(UserName="bob")
    with pytest.raises(CannotTell, match=f"arn:aws:iam::{ACCOUNT}:user/bob is gone"):
        caller_of(past, {}, host.store.view())
