"""Worked cases of CheckNoNewAccess, CheckAccessNotGranted and CheckNoPublicAccess: what must be proven, and what must not.

A case is written short: ``allow("s3:*", "b/*", k="StringEquals aws:PrincipalOrgID o-1")``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.loaders import Loader

from daypass.analysis.access_checks import check_access_not_granted, check_no_new_access
from daypass.analysis.access_checks_public import RESOURCE_TYPES, check_no_public_access
from daypass.analysis.subject import PolicyType
from daypass.directory.aws_managed import aws_policies
from daypass.policy import Grammar, parse

if TYPE_CHECKING:
    from daypass.policy import Policy

B = "arn:aws:s3:::b"
ALICE, BOB = "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/bob"
ROLE, SESSION = "arn:aws:iam::111122223333:role/r", "arn:aws:sts::111122223333:assumed-role/r/s"
ACCOUNT, OTHER = "111122223333", "444455556666"


def statement(
    effect: str, action: Any, resource: Any = "*", *when: tuple[str, str, Any], **more: Any
) -> dict[str, Any]:
    """``more`` may hold NotAction, NotResource, Principal, NotPrincipal, Sid."""
    made: dict[str, Any] = {"Effect": effect}
    if action is not None:
        made["Action"] = action
    if resource is not None:
        made["Resource"] = resource
    for operator, key, value in when:
        made.setdefault("Condition", {}).setdefault(operator, {})[key] = value
    return made | more


def allow(action: Any, resource: Any = "*", *when: tuple[str, str, Any], **more: Any) -> dict[str, Any]:
    return statement("Allow", action, resource, *when, **more)


def deny(action: Any, resource: Any = "*", *when: tuple[str, str, Any], **more: Any) -> dict[str, Any]:
    return statement("Deny", action, resource, *when, **more)


def policy(*statements: dict[str, Any], grammar: Grammar = Grammar.IDENTITY) -> Policy:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), grammar)


def everyone(effect: str = "Allow", *when: tuple[str, str, Any], **more: Any) -> dict[str, Any]:
    """A statement of a bucket's policy about everybody."""
    return statement(effect, "s3:GetObject", f"{B}/*", *when, **{"Principal": "*"} | more)


ORG = ("StringEquals", "aws:PrincipalOrgID", "o-1234567890")
NOT_ORG = ("StringNotEquals", "aws:PrincipalOrgID", "o-1234567890")
TLS, NO_TLS = ("Bool", "aws:SecureTransport", "true"), ("Bool", "aws:SecureTransport", "false")
TEAM = ("StringEquals", "aws:PrincipalTag/team", ["red", "blue"])

NOT_NEW: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "the same policy": ([allow("s3:*", f"{B}/*")], [allow("s3:*", f"{B}/*")]),
    "an action less": ([allow("s3:GetObject")], [allow(["s3:GetObject", "s3:PutObject"])]),
    "an action within a wildcard, in another case": ([allow("S3:getobject")], [allow("s3:Get*")]),
    "a wildcard within a wildcard": ([allow("s3:Get?bject*")], [allow("s3:Get*")]),
    "a bucket within all": ([allow("s3:*", [B, f"{B}/*"])], [allow("s3:*")]),
    "a prefix within a bucket": ([allow("s3:*", f"{B}/a/*")], [allow("s3:*", f"{B}/*")]),
    "a short ARN is filled up": ([allow("s3:*", "arn:aws:s3:::x")], [allow("s3:*", "arn:aws:s3")]),
    "split into statements": (
        [allow("s3:GetObject"), allow("s3:PutObject", B)],
        [allow(["s3:GetObject", "s3:PutObject"])],
    ),
    "joined from statements": (
        [allow(["s3:GetObject", "s3:PutObject"])],
        [allow("s3:GetObject"), allow("s3:PutObject")],
    ),
    "NotAction that spares more": (
        [allow(None, NotAction=["iam:*", "sts:*"])],
        [allow(None, NotAction="iam:*")],
    ),
    "an action that NotAction does not spare": ([allow("s3:GetObject")], [allow(None, NotAction="iam:*")]),
    "NotResource that spares more": (
        [allow("s3:*", None, NotResource=[f"{B}/*", f"{B}2/*"])],
        [allow("s3:*", None, NotResource=f"{B}/*")],
    ),
    "a resource that NotResource does not spare": (
        [allow("s3:*", "arn:aws:s3:::c/*")],
        [allow("s3:*", None, NotResource=f"{B}/*")],
    ),
    "a condition more": ([allow("s3:*", "*", TLS)], [allow("s3:*")]),
    "a value less": (
        [allow("s3:*", "*", ("StringEquals", "aws:PrincipalTag/team", "red"))],
        [allow("s3:*", "*", TEAM)],
    ),
    "a key in another case": (
        [allow("s3:*", "*", ("StringEquals", "AWS:principaltag/TEAM", "red"))],
        [allow("s3:*", "*", TEAM)],
    ),
    "equal is like": (
        [allow("s3:*", "*", ("StringEquals", "s3:prefix", "home/bob/x"))],
        [allow("s3:*", "*", ("StringLike", "s3:prefix", "home/bob/*"))],
    ),
    "excluding more": (
        [allow("s3:*", "*", ("StringNotEquals", "s3:prefix", ["a", "b"]))],
        [allow("s3:*", "*", ("StringNotEquals", "s3:prefix", "a"))],
    ),
    "excluding a pattern excludes its texts": (
        [allow("s3:*", "*", ("StringNotLike", "s3:prefix", "a*"))],
        [allow("s3:*", "*", ("StringNotEquals", "s3:prefix", "abc"))],
    ),
    "one value is not another": (
        [allow("s3:*", "*", ("StringEquals", "s3:prefix", "a"))],
        [allow("s3:*", "*", ("StringNotEquals", "s3:prefix", "b"))],
    ),
    "a network within a network": (
        [allow("s3:*", "*", ("IpAddress", "aws:SourceIp", "203.0.113.0/26"))],
        [allow("s3:*", "*", ("IpAddress", "aws:SourceIp", ["198.51.100.0/24", "203.0.113.0/24"]))],
    ),
    "an earlier date": (
        [allow("s3:*", "*", ("DateLessThan", "aws:CurrentTime", "2026-01-01"))],
        [allow("s3:*", "*", ("DateLessThanEquals", "aws:CurrentTime", "2027-01-01T00:00:00Z"))],
    ),
    "a smaller number": (
        [allow("s3:*", "*", ("NumericEquals", "s3:max-keys", "5"))],
        [allow("s3:*", "*", ("NumericLessThan", "s3:max-keys", "10"))],
    ),
    "an ARN within a pattern": (
        [allow("sts:*", "*", ("StringEquals", "aws:SourceArn", "arn:aws:sns:eu-west-1:111122223333:t"))],
        [allow("sts:*", "*", ("ArnLike", "aws:SourceArn", "arn:aws:sns:*:111122223333:*"))],
    ),
    "a key that must be there is there": (
        [allow("s3:*", "*", TEAM)],
        [allow("s3:*", "*", ("Null", "aws:PrincipalTag/team", "false"))],
    ),
    "if it exists, and it exists": (
        [
            allow(
                "s3:*",
                "*",
                ("StringEqualsIfExists", "aws:PrincipalTag/team", "red"),
                ("Null", "aws:PrincipalTag/team", "false"),
            )
        ],
        [allow("s3:*", "*", TEAM)],
    ),
    "absent, so nothing is excluded": (
        [allow("s3:*", "*", ("Null", "s3:prefix", "true"))],
        [allow("s3:*", "*", ("StringNotLike", "s3:prefix", "a*"))],
    ),
    "fewer tag keys": (
        [allow("iam:*", "*", ("ForAllValues:StringEquals", "aws:TagKeys", ["a"]))],
        [allow("iam:*", "*", ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"]))],
    ),
    "the same variable": (
        [allow("s3:GetObject", f"{B}/${{aws:username}}/*")],
        [allow("s3:*", f"{B}/${{aws:username}}/*")],
    ),
    "a variable within a star": ([allow("s3:*", f"{B}/${{aws:username}}/*")], [allow("s3:*", f"{B}/*")]),
    "a deny more": ([allow("s3:*"), deny("s3:DeleteObject")], [allow("s3:*")]),
    "the same deny": ([allow("s3:Get*"), deny("s3:*", "*", NO_TLS)], [allow("s3:*"), deny("s3:*", "*", NO_TLS)]),
    "a wider deny": (
        [allow("s3:*"), deny(["s3:Delete*", "s3:Put*"])],
        [allow("s3:*"), deny("s3:DeleteObject", f"{B}/*")],
    ),
    "a deny that went with its grant": ([allow("s3:Get*")], [allow("*"), deny("iam:*")]),
    "a deny takes back what is new": (
        [allow(["s3:GetObject", "iam:CreateUser"]), deny("iam:*")],
        [allow("s3:GetObject")],
    ),
    "a deny of everything else": (
        [allow("*"), deny(None, NotAction="s3:*")],
        [allow("s3:*")],
    ),
    "a deny of every other resource": (
        [allow("s3:*"), deny("s3:*", None, NotResource=f"{B}/*")],
        [allow("s3:*", f"{B}/*")],
    ),
    "a deny outside the organization": (
        [allow("s3:*"), deny("s3:*", "*", NOT_ORG)],
        [allow("s3:*", "*", ORG)],
    ),
    "a deny outside the network": (
        [allow("s3:*"), deny("*", "*", ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"))],
        [allow("s3:*", "*", ("IpAddress", "aws:SourceIp", "203.0.113.0/24"))],
    ),
    "a deny without the key": (
        [allow("s3:*"), deny("s3:*", "*", ("Null", "aws:PrincipalTag/team", "true"))],
        [allow("s3:*", "*", ("Null", "aws:PrincipalTag/team", "false"))],
    ),
    "nothing is allowed": ([deny("*")], [allow("s3:GetObject")]),
}

NEW: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "a Deny of a variable for a whole ARN is gone": (
        [allow("s3:GetObject", "*", ("ArnEquals", "aws:SourceArn", ROLE))],
        [
            allow("s3:GetObject", "*", ("ArnEquals", "aws:SourceArn", ROLE)),
            deny("s3:GetObject", "*", ("ArnEquals", "aws:SourceArn", "${aws:PrincipalTag/own}")),
        ],
    ),
    "an Allow of a variable for a whole ARN": (
        [allow("s3:GetObject", "*", ("ArnEquals", "aws:SourceArn", "${aws:PrincipalTag/own}"))],
        [allow("s3:GetObject", "*", ("ArnEquals", "aws:SourceArn", ROLE))],
    ),
    "an action more": ([allow(["s3:GetObject", "s3:GetObjectAcl"])], [allow("s3:GetObject")]),
    "a wider action": ([allow("s3:Get*")], [allow("s3:GetObject")]),
    "a wider resource": ([allow("s3:*", f"{B}*")], [allow("s3:*", f"{B}/*")]),
    "objects are not the bucket": ([allow("s3:*", B)], [allow("s3:*", f"{B}/*")]),
    "all resources are more than all ARNs": ([allow("s3:*")], [allow("s3:*", "arn:aws:s3:::*")]),
    "a condition less": ([allow("s3:*")], [allow("s3:*", "*", TLS)]),
    "a value more": (
        [allow("s3:*", "*", TEAM)],
        [allow("s3:*", "*", ("StringEquals", "aws:PrincipalTag/team", "red"))],
    ),
    "if it exists": (
        [allow("s3:*", "*", ("StringEqualsIfExists", "aws:PrincipalTag/team", "red"))],
        [allow("s3:*", "*", TEAM)],
    ),
    "like is more than equal": (
        [allow("s3:*", "*", ("StringLike", "s3:prefix", "a*"))],
        [allow("s3:*", "*", ("StringEquals", "s3:prefix", "a*"))],
    ),
    "excluding less": (
        [allow("s3:*", "*", ("StringNotEquals", "s3:prefix", "a"))],
        [allow("s3:*", "*", ("StringNotEquals", "s3:prefix", ["a", "b"]))],
    ),
    "no values are within any": (
        [allow("iam:*", "*", ("ForAllValues:StringEquals", "aws:TagKeys", "a"))],
        [allow("iam:*", "*", ("ForAnyValue:StringEquals", "aws:TagKeys", "a"))],
    ),
    "another version of IP": (
        [allow("s3:*", "*", ("IpAddress", "aws:SourceIp", "2001:db8::/32"))],
        [allow("s3:*", "*", ("IpAddress", "aws:SourceIp", "0.0.0.0/0"))],
    ),
    "another variable": (
        [allow("s3:*", f"{B}/${{aws:userid}}/*")],
        [allow("s3:*", f"{B}/${{aws:username}}/*")],
    ),
    "what spares a variable asks for the variable": (
        [allow("s3:*", "arn:aws:s3:::c/*")],
        [allow("s3:*", None, NotResource=f"{B}/${{aws:username}}/*")],
    ),
    "a deny of a variable denies nothing without it": (
        [allow("s3:*"), deny("s3:*", f"{B}/${{aws:username}}/*")],
        [allow("s3:*", None, NotResource=f"{B}/${{aws:username}}/*")],
    ),
    "a deny less": ([allow("s3:*")], [allow("s3:*"), deny("s3:DeleteObject")]),
    "a deny that has one more condition": (
        [allow("s3:*"), deny("s3:DeleteObject", "*", NO_TLS)],
        [allow("s3:*"), deny("s3:DeleteObject")],
    ),
    "a deny that spares an action": (
        [allow("*"), deny(None, NotAction=["s3:*", "iam:*"])],
        [allow("*"), deny(None, NotAction="s3:*")],
    ),
    "NotAction that spares less": ([allow(None, NotAction="iam:*")], [allow(None, NotAction=["iam:*", "sts:*"])]),
    "a deny that may be spared": (
        [allow("s3:*"), deny("s3:*", "*", ("StringNotEqualsIfExists", "aws:PrincipalOrgID", "o-1234567890"))],
        [allow("s3:*", "*", ("StringEquals", "aws:PrincipalOrgID", "o-9999999999"))],
    ),
}


class TestNoNewAccess:
    @pytest.mark.parametrize("name", NOT_NEW)
    def test_what_is_not_new_is_proven(self, name: str) -> None:
        new, existing = NOT_NEW[name]
        verdict = check_no_new_access(policy(*new), policy(*existing), kind=PolicyType.IDENTITY)
        assert verdict.result == "PASS"
        assert verdict.reasons == ()

    @pytest.mark.parametrize("name", NEW)
    def test_what_is_new_is_told(self, name: str) -> None:
        new, existing = NEW[name]
        verdict = check_no_new_access(policy(*new), policy(*existing), kind=PolicyType.IDENTITY)
        assert verdict.result == "FAIL"

    def test_in_awss_words(self) -> None:
        """AWS CLI Command Reference, check-no-new-access; recorded with Sids."""
        old = policy(allow(["s3:GetObject", "s3:ListBucket"], [B, f"{B}/*"]))
        new = policy(allow(["s3:GetObject", "s3:GetObjectAcl", "s3:ListBucket"], [B, f"{B}/*"]))
        verdict = check_no_new_access(new, old, kind=PolicyType.IDENTITY)
        assert verdict.message == "The modified permissions grant new access compared to your existing policy."
        (reason,) = verdict.reasons
        assert (reason.description, reason.statement_index, reason.statement_id) == (
            "New access in the statement with index: 0.",
            0,
            None,
        )
        named = policy(allow("s3:GetObject"), allow("s3:*", Sid="S3ReadWrite"))
        (reason,) = check_no_new_access(named, old, kind=PolicyType.IDENTITY).reasons[1:]
        assert reason.description == "New access in the statement with sid: S3ReadWrite."
        assert (reason.statement_index, reason.statement_id) == (1, "S3ReadWrite")

    @pytest.mark.parametrize(
        ("new", "existing", "result"),
        [
            (ALICE, ALICE, "PASS"),
            (ALICE, [BOB, ALICE], "PASS"),
            (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "PASS"),
            (ALICE, "*", "PASS"),
            (ALICE, ACCOUNT, "FAIL"),  # delegating to the account asks alice for permissions of her own
            (ACCOUNT, ALICE, "FAIL"),
            (SESSION, ROLE, "FAIL"),  # a session that is named itself passes by its boundary
            (BOB, ALICE, "FAIL"),
            ("*", ACCOUNT, "FAIL"),
        ],
    )
    def test_principals_are_compared_by_what_a_grant_to_them_is_worth(
        self, new: Any, existing: Any, result: str
    ) -> None:
        def named(who: Any) -> Policy:
            return policy(allow("s3:*", f"{B}/*", Principal={"AWS": who}), grammar=Grammar.BUCKET)

        assert check_no_new_access(named(new), named(existing), kind=PolicyType.RESOURCE).result == result

    def test_not_principal(self) -> None:
        def without(effect: str, *who: str) -> dict[str, Any]:
            return statement(effect, "s3:*", f"{B}/*", NotPrincipal={"AWS": list(who)})

        def result(new: list[dict[str, Any]], existing: list[dict[str, Any]]) -> str:
            old, young = policy(*existing, grammar=Grammar.BUCKET), policy(*new, grammar=Grammar.BUCKET)
            return check_no_new_access(young, old, kind=PolicyType.RESOURCE).result

        root = f"arn:aws:iam::{ACCOUNT}:root"
        assert result([without("Allow", ALICE, BOB)], [without("Allow", ALICE)]) == "PASS"
        assert result([without("Allow", ALICE)], [without("Allow", ALICE, BOB)]) == "FAIL"
        all_of_it = everyone("Allow", Action="s3:*")
        assert result([all_of_it, without("Deny", root)], [all_of_it, without("Deny", root, ALICE)]) == "PASS"
        assert result([all_of_it, without("Deny", root, ALICE)], [all_of_it, without("Deny", root)]) == "FAIL"

    def test_a_trust_policy_has_no_resources(self) -> None:
        def trust(who: str, *when: tuple[str, str, Any]) -> Policy:
            return policy(allow("sts:AssumeRole", None, *when, Principal={"AWS": who}), grammar=Grammar.TRUST)

        mfa = ("Bool", "aws:MultiFactorAuthPresent", "true")
        assert check_no_new_access(trust(ALICE, mfa), trust(ALICE), kind=PolicyType.RESOURCE).result == "PASS"
        assert check_no_new_access(trust(ALICE), trust(ALICE, mfa), kind=PolicyType.RESOURCE).result == "FAIL"

    def test_a_policy_too_large_to_be_taken_apart_is_not_proven(self) -> None:
        many = [f"arn:aws:s3:::{number}" for number in range(120)]
        big = policy(allow([f"s3:Get{number}" for number in range(120)], many))
        assert check_no_new_access(big, big, kind=PolicyType.IDENTITY).result == "FAIL"

    def test_awss_largest_policies_are_compared(self) -> None:
        read_only, admin = (
            parse(found.document, Grammar.IDENTITY)
            for name in ("ReadOnlyAccess", "AdministratorAccess")
            for found in aws_policies()
            if found.name == name
        )
        for new, existing, result in (
            (read_only, read_only, "PASS"),
            (read_only, admin, "PASS"),
            (admin, read_only, "FAIL"),
        ):
            assert check_no_new_access(new, existing, kind=PolicyType.IDENTITY).result == result
        access = [{"actions": ["iam:PassRole", *(f"iam:Create{number}" for number in range(99))]}]
        assert check_access_not_granted(read_only, access, kind=PolicyType.IDENTITY).result == "PASS"


class TestAccessNotGranted:
    @pytest.mark.parametrize(
        ("statements", "access", "result"),
        [
            (
                [allow(["s3:GetObject", "s3:ListBucket"])],
                {"actions": ["s3:DeleteBucket", "s3:GetBucketLocation"]},
                "PASS",
            ),
            ([allow("s3:Get*")], {"actions": ["s3:DeleteBucket", "s3:GetBucketLocation"]}, "FAIL"),
            ([allow("s3:*")], {"actions": ["iam:*"]}, "PASS"),
            ([allow("*")], {"actions": ["iam:PassRole"]}, "FAIL"),
            ([allow("*"), deny("iam:*")], {"actions": ["iam:PassRole", "IAM:CreateUser"]}, "PASS"),
            ([allow("*"), deny("iam:Create*")], {"actions": ["iam:PassRole", "iam:CreateUser"]}, "FAIL"),
            ([allow("*"), deny("iam:PassRole", ROLE)], {"actions": ["iam:PassRole"]}, "FAIL"),
            ([allow("*"), deny("iam:PassRole", "*", NO_TLS)], {"actions": ["iam:PassRole"]}, "FAIL"),
            ([allow("*", "*", TLS), deny("iam:*", "*", TLS)], {"actions": ["iam:PassRole"]}, "PASS"),
            ([allow(None, NotAction="iam:*")], {"actions": ["iam:PassRole"]}, "PASS"),
            ([allow(None, NotAction="iam:*")], {"actions": ["s3:GetObject"]}, "FAIL"),
            ([allow("*"), deny(None, NotAction="s3:*")], {"actions": ["iam:PassRole"]}, "PASS"),
            ([allow("s3:*", f"{B}/*")], {"resources": ["arn:aws:s3:::secret/*"]}, "PASS"),
            ([allow("s3:*", f"{B}*")], {"resources": [f"{B}-secret/*"]}, "FAIL"),
            (
                [allow("s3:*", None, NotResource="arn:aws:s3:::secret/*")],
                {"resources": ["arn:aws:s3:::secret/*"]},
                "PASS",
            ),
            ([allow("s3:*"), deny("s3:*", f"{B}/*")], {"actions": ["s3:GetObject"], "resources": [f"{B}/a/*"]}, "PASS"),
            (
                [allow("s3:*"), deny("s3:Put*", f"{B}/*")],
                {"actions": ["s3:GetObject"], "resources": [f"{B}/a/*"]},
                "FAIL",
            ),
            ([allow("s3:GetObject", f"{B}/*")], {"actions": ["s3:PutObject"], "resources": [f"{B}/*"]}, "PASS"),
            ([allow("s3:GetObject", "*", ("StringEquals", "s3:prefix", []))], {"actions": ["s3:GetObject"]}, "PASS"),
            (
                [allow("s3:*", "*", ("StringEquals", "k", "a"), ("StringNotEquals", "k", ["a", "b"]))],
                {"actions": ["s3:GetObject"]},
                "PASS",
            ),
            ([allow("s3:*")], {}, "FAIL"),
            ([deny("s3:*")], {}, "PASS"),
        ],
    )
    def test_cases(self, statements: list[dict[str, Any]], access: dict[str, list[str]], result: str) -> None:
        assert check_access_not_granted(policy(*statements), [access], kind=PolicyType.IDENTITY).result == result

    def test_in_awss_words(self) -> None:
        """AWS SDK for JavaScript, CheckAccessNotGrantedCommand, examples."""
        john = {"AWS": "arn:aws:iam::123456789012:user/JohnDoe"}
        put = allow("s3:PutObject", "arn:aws:s3:::my-bucket/*", Sid="AllowJohnDoe", Principal=john)
        given = policy(put, grammar=Grammar.BUCKET)
        access = [{"resources": ["arn:aws:s3:::my-bucket/*"]}]
        verdict = check_access_not_granted(given, access, kind=PolicyType.RESOURCE)
        assert verdict.result == "FAIL"
        assert verdict.message == (
            "The policy document grants access to perform one or more of the listed actions or resources."
        )
        (reason,) = verdict.reasons
        assert reason.description == (
            "One or more of the listed actions or resources in the statement with sid: AllowJohnDoe."
        )
        assert (reason.statement_index, reason.statement_id) == (0, "AllowJohnDoe")
        verdict = check_access_not_granted(given, [{"actions": ["s3:GetObject"]}], kind=PolicyType.RESOURCE)
        assert (verdict.result, verdict.message) == (
            "PASS",
            "The policy document does not grant access to perform the listed actions or resources.",
        )

    def test_no_access_at_all_is_never_granted(self) -> None:
        assert check_access_not_granted(policy(allow("*")), [], kind=PolicyType.IDENTITY).result == "PASS"


VPCE = ("StringEquals", "aws:SourceVpce", "vpce-12345678")

PRIVATE: dict[str, list[dict[str, Any]]] = {
    "a user": [everyone(Principal={"AWS": ALICE})],
    "accounts and roles": [everyone(Principal={"AWS": [ACCOUNT, f"arn:aws:iam::{OTHER}:root", ROLE]})],
    "a service": [everyone(Principal={"Service": "cloudtrail.amazonaws.com"})],
    "nobody": [everyone("Deny")],
    "everybody of an organization": [everyone("Allow", ORG)],
    "everybody of a branch of one": [
        everyone("Allow", ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", ["o-1234567890/r-ab12/ou-1/*"]))
    ],
    "everybody in a network": [everyone("Allow", ("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32"]))],
    "everybody in one of the largest networks": [everyone("Allow", ("IpAddress", "aws:SourceIp", "10.0.0.0/8"))],
    "everybody in a few networks": [
        everyone(
            "Allow", ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "52.0.0.0/8"])
        )
    ],
    "everybody through an endpoint": [everyone("Allow", VPCE)],
    "everybody with a role's ARN": [
        everyone("Allow", ("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/*"))
    ],
    "everybody in an account": [everyone("Allow", ("StringLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:*"))],
    "a topic's events": [everyone("Allow", ("ArnEquals", "aws:SourceArn", "arn:aws:sns:eu-west-1:111122223333:t"))],
    "everybody, but strangers are denied": [everyone(), everyone("Deny", NOT_ORG)],
    "everybody, but other networks are denied": [
        everyone(),
        statement("Deny", "*", "*", ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"), Principal="*"),
    ],
    "everybody, but all are denied": [everyone(), statement("Deny", "s3:*", f"{B}/*", Principal="*")],
    "everybody but the accounts named are denied": [
        everyone(),
        everyone("Deny", Principal=None, NotPrincipal={"AWS": [f"arn:aws:iam::{ACCOUNT}:root", ALICE]}),
    ],
    "an action of another service": [everyone(Action="sqs:SendMessage", Resource=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q")],
}
PUBLIC: dict[str, list[dict[str, Any]]] = {
    "everybody": [everyone()],
    "every AWS principal": [everyone(Principal={"AWS": "*"})],
    "everybody but one": [everyone(Principal=None, NotPrincipal={"AWS": ALICE})],
    "one of two statements": [everyone(Principal={"AWS": ALICE}), everyone()],
    "with TLS": [everyone("Allow", TLS)],
    "with a header that clients choose": [everyone("Allow", ("StringEquals", "aws:Referer", "https://example.com"))],
    "in an organization, if there is one": [
        everyone("Allow", ("StringEqualsIfExists", "aws:PrincipalOrgID", "o-1234567890"))
    ],
    "in any organization": [everyone("Allow", ("StringLike", "aws:PrincipalOrgID", "o-*"))],
    "in no value that is known": [everyone("Allow", ("StringEquals", "aws:PrincipalOrgID", "${aws:PrincipalOrgID}"))],
    "in half of the internet": [everyone("Allow", ("IpAddress", "aws:SourceIp", "0.0.0.0/1"))],
    "in all networks, each small": [
        everyone("Allow", ("IpAddress", "aws:SourceIp", [f"{first}.0.0.0/8" for first in range(256)]))
    ],
    "in half of all networks, no two of them neighbours": [
        everyone("Allow", ("IpAddress", "aws:SourceIp", [f"{first}.0.0.0/8" for first in range(0, 256, 2)]))
    ],
    "in two networks that are one too large": [
        everyone("Allow", ("IpAddress", "aws:SourceIp", ["2001:db8::/32", "2001:db9::/32"]))
    ],
    "in all networks but none that is denied": [
        everyone(),
        everyone("Deny", ("NotIpAddress", "aws:SourceIp", [f"{first}.0.0.0/8" for first in range(256)])),
    ],
    "in an organization or anywhere": [everyone("Allow", ("StringLike", "aws:PrincipalOrgID", ["o-1234567890", "*"]))],
    "outside an organization": [everyone("Allow", NOT_ORG)],
    "every value, and there are none": [
        everyone("Allow", ("ForAllValues:StringEquals", "aws:PrincipalOrgPaths", "o-1234567890/r-1/"))
    ],
    "anonymous ids": [everyone("Allow", ("StringEquals", "aws:userid", "anonymous"))],
    "strangers are denied something else": [everyone(), everyone("Deny", NOT_ORG, Action="s3:PutObject")],
    "strangers are denied if they are of an organization": [
        everyone(),
        everyone("Deny", ("Null", "aws:PrincipalOrgID", "false"), NOT_ORG),
    ],
    "any ARN": [everyone("Allow", ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/app"))],
}


GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
EXAMPLE_IDP = f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com"


class TestNoPublicAccess:
    @staticmethod
    def result(
        statements: list[dict[str, Any]], kind: str = "AWS::S3::Bucket", grammar: Grammar = Grammar.ENDPOINT
    ) -> str:
        kept = [{name: value for name, value in one.items() if value is not None} for one in statements]
        return check_no_public_access(policy(*kept, grammar=grammar), kind).result

    @pytest.mark.parametrize("name", PRIVATE)
    def test_what_is_private_is_proven(self, name: str) -> None:
        assert self.result(PRIVATE[name]) == "PASS"

    @pytest.mark.parametrize("name", PUBLIC)
    def test_what_is_public_is_told(self, name: str) -> None:
        assert self.result(PUBLIC[name]) == "FAIL"

    @pytest.mark.parametrize(
        ("provider", "claim", "result"),
        [
            (f"arn:aws:iam::{ACCOUNT}:saml-provider/corp", None, "PASS"),
            (f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com", None, "FAIL"),
            (f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com", ("aud", "me"), "PASS"),
            (f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.example.com", ("email", "me"), "FAIL"),
            ("cognito-identity.amazonaws.com", None, "FAIL"),
            ("cognito-identity.amazonaws.com", ("aud", "eu-west-1:1234"), "PASS"),
            (f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com", ("sub", "*"), "FAIL"),
            (f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com", ("sub", "repo:*"), "FAIL"),
            (
                f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
                ("sub", "repo:acme/*"),
                "PASS",
            ),
            (GITHUB, ("aud", "sts.amazonaws.com"), "FAIL"),
            (GITHUB, ("sub", "repo:acme/app:ref:refs/heads/main"), "PASS"),
            (GITHUB, ("job_workflow_ref", "acme/app/.github/workflows/x.yml@*"), "PASS"),
            (GITHUB, ("sub", "repo:/*"), "FAIL"),
            (f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com", ("aud", "https://gitlab.com"), "FAIL"),
            (f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com", ("sub", "project_path:acme/*"), "PASS"),
            (EXAMPLE_IDP, ("sub", "https://*"), "FAIL"),
            (EXAMPLE_IDP, ("sub", "spiffe://*"), "FAIL"),
            (EXAMPLE_IDP, ("sub", "https://idp.example.com/*"), "FAIL"),
            (EXAMPLE_IDP, ("sub", "spiffe://corp*"), "FAIL"),
            (EXAMPLE_IDP, ("sub", "spiffe://corp/*"), "PASS"),
            (EXAMPLE_IDP, ("sub", "https://idp.example.com/acme/*"), "PASS"),
        ],
    )
    def test_providers_may_serve_everybody(self, provider: str, claim: tuple[str, str] | None, result: str) -> None:
        host = provider.partition(":oidc-provider/")[2] or provider
        when = [] if claim is None else [("StringLike", f"{host}:{claim[0]}", claim[1])]
        trust = allow("sts:AssumeRoleWithWebIdentity", None, *when, Principal={"Federated": provider})
        assert self.result([trust], "AWS::IAM::AssumeRolePolicyDocument", Grammar.TRUST) == result

    def test_in_awss_words(self) -> None:
        """Recorded."""
        verdict = check_no_public_access(policy(everyone(Sid="Reports"), grammar=Grammar.BUCKET), "AWS::S3::Bucket")
        assert verdict.message == "The resource policy grants public access for the given resource type."
        (reason,) = verdict.reasons
        assert reason.description == "Public access granted in the following statement with sid: Reports."
        verdict = check_no_public_access(policy(everyone("Deny"), grammar=Grammar.BUCKET), "AWS::S3::Bucket")
        assert verdict.message == "The resource policy does not grant public access for the given resource type."

    def test_all_resource_types_of_the_api_are_known(self) -> None:
        shapes = Loader().load_service_model("accessanalyzer", "service-2")["shapes"]
        assert set(shapes["AccessCheckResourceType"]["enum"]) == set(RESOURCE_TYPES)
