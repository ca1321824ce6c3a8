"""Checks of the document as a whole: its size, its Sids (IAM User Guide, "IAM and AWS STS quotas"; "Sid")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from daypass.analysis.subject import IDENTITY_QUOTA, RCP_QUOTA, RESOURCE_QUOTA, SCP_QUOTA, TRUST_QUOTA, PolicyType
from daypass.policy.json_text import policy_size

if TYPE_CHECKING:
    from daypass.analysis.places import Spot
    from daypass.analysis.review import Review

_SID: Final = re.compile("[0-9A-Za-z]*")
_TRUST: Final = "trust"
_QUOTAS: Final = {
    PolicyType.IDENTITY: ("POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", IDENTITY_QUOTA),
    PolicyType.RESOURCE: ("POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA", RESOURCE_QUOTA),
    PolicyType.SERVICE_CONTROL: ("POLICY_SIZE_EXCEEDS_SCP_QUOTA", SCP_QUOTA),
    PolicyType.RESOURCE_CONTROL: ("POLICY_SIZE_EXCEEDS_RCP_QUOTA", RCP_QUOTA),
    _TRUST: ("POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA", TRUST_QUOTA),
}


def check_size(review: Review) -> None:
    """Quotas. IAM does not count white space outside of strings; S3 and Organizations count what is stored."""
    subject, text, root = review.subject, review.document.text, review.document.root
    code, quota = _QUOTAS[_TRUST if subject.is_trust else subject.type]
    by_iam = subject.type is PolicyType.IDENTITY or subject.is_trust
    size = policy_size(text) if by_iam else len(text.encode())
    if size > quota:
        review.report.add(code, root, policySize=size, policySizeQuota=quota)


def check_sids(review: Review) -> None:
    """Sids that are empty, hold what they must not, or come twice."""
    strict = review.subject.has_strict_sids
    first: dict[str, Spot] = {}
    for statement in review.document.statements:
        sid = statement.sid
        if sid is None:
            continue
        if not sid.text:
            review.report.add("EMPTY_SID_VALUE", sid)
            continue
        if strict and not _SID.fullmatch(sid.text):
            review.report.add("UNSUPPORTED_SID", sid)
        before = first.setdefault(sid.text, sid)
        if before is not sid:
            review.report.add("UNIQUE_SIDS_REQUIRED" if strict else "UNIQUE_SIDS_RECOMMENDED", sid, before)
