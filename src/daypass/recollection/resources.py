"""The policy that stands at a resource now: a bucket's, or a role's trust policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.access.asking import ResourcePolicy
from daypass.directory import GLOBAL, Bucket, Role
from daypass.policy import PrincipalKind
from daypass.recollection.past import CannotTell, KeptOut
from daypass.services.s3.public_policies import is_public

if TYPE_CHECKING:
    from daypass.access.caller import Caller
    from daypass.directory import View

S3: Final = "arn:aws:s3:::"
_OF_NO_BUCKET: Final = frozenset({"CreateBucket", "ListBuckets"})
"""Events of S3 whose questions are about no bucket that is there."""

_ROOT_ALWAYS_MAY: Final = frozenset({"PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy"})
_RESTRICT_PUBLIC_BUCKETS: Final = 3


def trust_policy(arn: str, account: str, view: View) -> ResourcePolicy:
    """The trust policy of a role. Raises CannotTell where there is none (any more)."""
    role = view.get(Role, account, arn.rpartition("/")[2].lower())
    if role is None or role.arn != arn:
        raise CannotTell(f"there is no role {arn} any more")
    return ResourcePolicy(role.trust, role.trust_bindings, is_trust=True)


def bucket_policy(resource: str, account: str | None, event: str, caller: Caller, view: View) -> ResourcePolicy | None:
    """The policy of the bucket that a resource is, or is in; None where it has none. Raises CannotTell, KeptOut.

    ``account`` is the owner that is meant; None takes whoever it is. ``event`` is the name of the call.
    """
    if event in _OF_NO_BUCKET or (caller.kind is PrincipalKind.ROOT and event in _ROOT_ALWAYS_MAY):
        return None
    name = resource.removeprefix(S3).partition("/")[0]
    bucket = view.get(Bucket, GLOBAL, name)
    if bucket is None:
        raise CannotTell(f"there is no bucket {name} any more")
    if account is not None and bucket.account != account:
        raise CannotTell(f"the bucket {name} belongs to another account now")
    if bucket.policy is None:
        return None
    block = bucket.public_access_block
    stranger = caller.is_anonymous or (caller.account != bucket.account and is_public(bucket.policy))
    if block is not None and block[_RESTRICT_PUBLIC_BUCKETS] and stranger:
        raise KeptOut(f"because RestrictPublicBuckets keeps strangers out of the bucket {name}, whatever policies say")
    return ResourcePolicy(bucket.policy, bucket.policy_bindings)
