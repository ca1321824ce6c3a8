"""What is told of a decision: layers, statements with their places, values compared, keys missing, and the way out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daypass.access.explanation import explained
from daypass.access.explanation_text import printable, recorded_tree, tree
from daypass.access.remedies import statement_for
from daypass.policy import (
    AccessRequest,
    CompiledLayer,
    Grammar,
    Layer,
    Layers,
    Principal,
    PrincipalKind,
    Source,
    check_provider_controls,
    compile_layer,
    obvious_decide,
    parse,
)
from daypass.policy.condition_keys import spelled

A, B = "111122223333", "444455556666"
ALICE = f"arn:aws:iam::{A}:user/alice"
ROLE, SESSION = f"arn:aws:iam::{A}:role/x/app", f"arn:aws:sts::{A}:assumed-role/app/s1"
USER = Principal(PrincipalKind.USER, A, ALICE, direct=(ALICE,))
APP = Principal(PrincipalKind.ROLE_SESSION, A, SESSION, direct=(SESSION,), through=(ROLE,))
FILE = "arn:aws:s3:::b/k"

POLICY = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Home", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"},
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
     "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}, "Bool": {"aws:MultiFactorAuthPresent": "true"}}},
      {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
  ]
}"""


def layer(text: str | dict[str, Any], grammar: Grammar = Grammar.IDENTITY, **where: Any) -> CompiledLayer:
    if isinstance(text, dict):
        text = json.dumps({"Version": "2012-10-17", "Statement": text})
    return compile_layer([Source(parse(text, grammar), where.pop("name", "p"), **where)])


def ask(
    principal: Principal = USER, account: str = A, action: str = "s3:GetObject", resource: str = FILE, **context: Any
) -> AccessRequest:
    return AccessRequest(principal, action, resource, account, context)


def tell(request: AccessRequest, **layers: Any) -> dict[str, Any]:
    gathered = Layers(**layers)
    return explained(obvious_decide(gathered, request), request, gathered)


def test_each_statement_about_the_action_is_told_with_its_place_and_what_failed() -> None:
    told = tell(ask(**{"aws:sourceip": "198.51.100.7"}), identity=layer(POLICY, holder="user alice"))
    (identity,) = told["Layers"]
    assert (identity["Layer"], identity["Says"], identity["StatementsAboutOtherActions"]) == (
        "identity-based policy",
        "nothing",
        1,
    )
    home, office = identity["Statements"]
    assert (home["Policy"], home["PolicyHolder"], home["Sid"], home["Index"], home["Line"], home["Column"]) == (
        "p", "user alice", "Home", 0, 4, 5,
    )  # fmt: skip
    assert home["Failures"] == [
        {"Part": "Resource", "Wanted": ["arn:aws:s3:::b/${aws:PrincipalTag/team}/*"], "Actual": FILE,
         "MissingKeys": ["aws:PrincipalTag/team"]},
    ]  # fmt: skip
    assert [(each["Key"], each["Actual"], each["MissingKeys"]) for each in office["Failures"]] == [
        ("aws:SourceIp", "198.51.100.7", []),
        ("aws:MultiFactorAuthPresent", None, ["aws:MultiFactorAuthPresent"]),
    ]
    assert told["MissingContextKeys"] == ["aws:MultiFactorAuthPresent", "aws:PrincipalTag/team"]


def test_a_statement_that_only_its_conditions_keep_away_is_named_beside_the_addition() -> None:
    (change,) = tell(ask(), identity=layer(POLICY, holder="user alice"))["Changes"]
    assert change["Statement"] == {"Effect": "Allow", "Action": "s3:GetObject", "Resource": FILE}
    assert change["To"] == "an identity-based policy of user alice"
    assert [near["Index"] for near in change["OrMeet"]] == [1]


def test_a_deny_is_told_with_the_values_that_made_it_match() -> None:
    deny = {
        "Sid": "No",
        "Effect": "Deny",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    told = tell(
        ask(**{"aws:securetransport": "false"}), identity=layer(deny, arn=f"arn:aws:iam::{A}:policy/P", name="P")
    )
    assert told["Because"] == f"with an explicit deny in an identity-based policy: arn:aws:iam::{A}:policy/P"
    (statement,) = told["Layers"][0]["Statements"]
    assert statement["Conditions"] == [
        {"Operator": "Bool", "Key": "aws:SecureTransport", "Wanted": ["false"], "Actual": "false"}
    ]
    narrow, add = told["Changes"]
    assert (narrow["Change"], narrow["Sid"], narrow["PolicyArn"]) == ("narrow", "No", f"arn:aws:iam::{A}:policy/P")
    assert add["Change"] == "add", "once the Deny is gone, nothing allows it yet"


def test_every_silent_layer_is_told_in_aws_s_order() -> None:
    other = layer({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}, arn=f"arn:aws:iam::{A}:policy/Limit")
    told = tell(ask(APP, B), identity=other, boundary=other, session=other)
    assert [change["Layer"] for change in told["Changes"]] == [
        "identity-based policy", "permissions boundary", "session policy", "resource-based policy",
    ]  # fmt: skip
    assert [change["To"] for change in told["Changes"]] == [
        "an identity-based policy of role app",
        f"the permissions boundary arn:aws:iam::{A}:policy/Limit",
        "the session policies that are passed when the session is opened",
        "the bucket policy of b",
    ]
    assert told["Changes"][3]["Statement"]["Principal"] == {"AWS": ROLE}


def test_a_change_that_is_enough_alone_says_so() -> None:
    trust = layer(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{A}:user/bob"}},
        Grammar.TRUST,
    )
    told = tell(
        ask(action="sts:AssumeRole", resource=ROLE), resource=trust, resource_is_trust=True, resource_must_allow=True
    )
    assert [(change["Layer"], change["EnoughAlone"]) for change in told["Changes"]] == [
        ("identity-based policy", False),
        ("role trust policy", True),
    ]
    assert told["Changes"][1]["Statement"] == {
        "Effect": "Allow",
        "Principal": {"AWS": ALICE},
        "Action": "sts:AssumeRole",
    }


def test_an_allow_says_by_what_and_how_it_names_the_caller() -> None:
    grant = layer(
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": {"AWS": f"arn:aws:iam::{A}:root"}},
        Grammar.ENDPOINT,
    )
    told = tell(ask(), resource=grant, identity=layer({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}))
    assert (told["Decision"], told["Because"]) == (
        "allow",
        "allowed by a resource-based policy and an identity-based policy",
    )
    assert told["Layers"][0]["Statements"][0]["PrincipalNames"] == (
        "the caller's account: the caller's own policies must allow it, too"
    )
    assert told["Changes"] == []


def test_the_root_user_needs_no_policy() -> None:
    root = f"arn:aws:iam::{A}:root"
    told = tell(ask(Principal(PrincipalKind.ROOT, A, root, direct=(root,))))
    assert (told["Layers"], told["Because"]) == ([], "allowed: the root user of the account needs no policy")


@pytest.mark.parametrize(
    ("principal", "context", "expected"),
    [
        (Principal(PrincipalKind.ANONYMOUS, "", "anonymous"), {}, {"Principal": "*"}),
        (Principal(PrincipalKind.SERVICE, "", "s", service="ec2.amazonaws.com"), {}, {"Principal": {"Service": "ec2.amazonaws.com"}}),
        (
            Principal(PrincipalKind.WEB_IDENTITY, "", "sub", federated=("arn:aws:iam::1:oidc-provider/idp.example",)),
            {"idp.example:sub": "repo:*", "idp.example:aud": "sts", "aws:sourceip": "192.0.2.7"},
            {
                "Principal": {"Federated": "arn:aws:iam::1:oidc-provider/idp.example"},
                "Condition": {"StringEquals": {"idp.example:aud": "sts", "idp.example:sub": "repo:${*}"}},
            },
        ),
        (
            Principal(PrincipalKind.ROOT, B, f"arn:aws:iam::{B}:root"),
            {"aws:principalarn": f"arn:aws:iam::{B}:root"},
            {
                "Principal": {"AWS": f"arn:aws:iam::{B}:root"},
                "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{B}:root"}},
            },
        ),
    ],
)  # fmt: skip
def test_a_resource_s_policy_is_told_who_and_no_more(principal: Principal, context: Any, expected: Any) -> None:
    statement = statement_for(Layer.TRUST, ask(principal, action="sts:AssumeRoleWithWebIdentity", **context))
    assert statement == {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity"} | expected


@pytest.mark.parametrize(
    ("key", "pattern"), [("a*b", "a${*}b"), ("a?", "a${?}"), ("${x}", "${$}{x}"), ("plain", "plain")]
)
def test_a_resource_with_wildcards_in_its_name_is_meant_literally(key: str, pattern: str) -> None:
    request = ask(resource=f"arn:aws:s3:::b/{key}")
    assert statement_for(Layer.IDENTITY, request)["Resource"] == f"arn:aws:s3:::b/{pattern}"
    (change,) = tell(request, identity=layer(POLICY))["Changes"]
    assert change["Statement"]["Resource"] == f"arn:aws:s3:::b/{pattern}"


GITHUB = "token.actions.githubusercontent.com"
TRUST = layer(
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{A}:root"}, "Action": "sts:AssumeRole"}, Grammar.TRUST
)


def job(host: str = GITHUB, **context: Any) -> dict[str, Any]:
    """What is told of somebody whom an identity provider vouches for, at a role that does not trust it."""
    provider = f"arn:aws:iam::{A}:oidc-provider/{host}"
    caller = Principal(PrincipalKind.WEB_IDENTITY, A, provider, federated=(provider,))
    request = ask(caller, action="sts:AssumeRoleWithWebIdentity", resource=ROLE, **context)
    return tell(request, resource=TRUST, resource_is_trust=True, resource_must_allow=True)


@pytest.mark.parametrize("host", [GITHUB, "gitlab.com", "idp.example.com/realms/x"])
@pytest.mark.parametrize("subject", [None, "", "of another provider"])
def test_nobody_is_told_to_trust_all_of_an_identity_provider(host: str, subject: str | None) -> None:
    context = {f"{host}:aud": "sts.amazonaws.com"}
    if subject is not None:
        context[f"{host}:sub" if not subject else "other.example.com:sub"] = subject
    told = job(host, **context)
    assert told["Changes"] == [
        {"Change": "addWithCondition", "Layer": "role trust policy", "To": "the trust policy of role app",
         "ConditionKey": f"{host}:sub", "OrMeet": []},
    ]  # fmt: skip
    assert f"- add to the trust policy of role app: a statement with a condition on {host}:sub\n" in tree(told)
    assert "Federated" not in tree(told)


@pytest.mark.parametrize(
    ("subject", "pattern"), [("repo:acme/app", "repo:acme/app"), ("*", "${*}"), ("repo:*", "repo:${*}")]
)
def test_the_subject_and_audience_of_a_job_are_bound(subject: str, pattern: str) -> None:
    context = {f"{GITHUB}:sub": subject, f"{GITHUB}:aud": "sts.amazonaws.com", "other.example.com:sub": "x"}
    (change,) = job(**context)["Changes"]
    assert change["Statement"]["Condition"] == {
        "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": pattern}
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": change["Statement"]})
    check_provider_controls(parse(document, Grammar.TRUST))


def test_a_statement_that_could_not_be_stored_is_not_told() -> None:
    """S3 knows no such action, though a policy that is read by wider rules may name it."""
    other = layer(
        {"Effect": "Allow", "Principal": {"AWS": A}, "Action": "s3:PutObject", "Resource": "*"}, Grammar.ENDPOINT
    )
    everything = layer({"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert tell(ask(APP, B, "s3:GetObject"), resource=other, identity=everything)["Changes"]
    assert tell(ask(APP, B, "s3:Get-Object"), resource=other, identity=everything)["Changes"] == []


def test_the_tree_is_short_and_complete() -> None:
    told = tell(ask(**{"aws:sourceip": "198.51.100.7"}), identity=layer(POLICY, holder="user alice"))
    assert tree(told) == (
        """\
REFUSED  s3:GetObject on arn:aws:s3:::b/k
for arn:aws:iam::111122223333:user/alice
because no identity-based policy allows the s3:GetObject action

identity-based policy: allows nothing here
├─ Allow, statement 1 (Sid "Home") of policy p of user alice, line 4, column 5: does not match
│     Resource "arn:aws:s3:::b/${aws:PrincipalTag/team}/*": the request has "arn:aws:s3:::b/k"; nothing stands for ${aws:PrincipalTag/team}
├─ Allow, statement 2 of policy p of user alice, line 5, column 5: does not match
│     IpAddress aws:SourceIp "203.0.113.0/24": the request has "198.51.100.7"
│     Bool aws:MultiFactorAuthPresent "true": the request has no such key
└─ 1 statement about other actions

Condition keys that were asked for and not there: aws:MultiFactorAuthPresent, aws:PrincipalTag/team

It would be allowed by this change:
- add to an identity-based policy of user alice:
  {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}
  or: statement 2 of policy p of user alice would match if
      IpAddress aws:SourceIp "203.0.113.0/24": the request has "198.51.100.7"
      Bool aws:MultiFactorAuthPresent "true": the request has no such key
"""
    )


def test_what_strangers_chose_cannot_steer_a_terminal() -> None:
    told = tell(ask(resource="arn:aws:s3:::b/\x1b[2J\u202ekey\n"), identity=layer(POLICY))
    text = tree(told)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "REFUSED  s3:GetObject on arn:aws:s3:::b/\\x1b[2J\\u202ekey\\n\n" in text
    assert printable("a\tb") == "a\\tb"


def test_a_call_of_which_nothing_was_kept_says_so() -> None:
    told = {
        "RequestId": "r", "EventTime": "t", "EventSource": "iam.amazonaws.com", "EventName": "ListUsers", "Principal": "p",
        "SourceIPAddress": "192.0.2.7", "ErrorCode": None, "ErrorMessage": None, "Reason": None, "Kept": False, "Questions": [],
    }  # fmt: skip
    assert recorded_tree(told) == (
        "ListUsers (iam.amazonaws.com) at t, request r\nby p from 192.0.2.7\nanswered\n"
        "How it was decided was not kept (audit.decisions).\n"
    )
    assert recorded_tree(told | {"Kept": True}).endswith("answered\nNo policy was asked.\n")


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("aws:sourceip", "aws:SourceIp"),
        ("aws:principaltag/Cost Center", "aws:PrincipalTag/Cost Center"),
        ("token.example.com:sub", "token.example.com:sub"),
        ("s3:prefix", "s3:prefix"),
    ],
)
def test_keys_are_spelled_as_aws_spells_them(key: str, written: str) -> None:
    assert spelled(key) == written
