"""What the engines are asked: sets of rules, each written down for IAM and for Cedar, with one request that is allowed and one that is not.

A rule is what both languages can say. What only one of them can, is not measured here: variables in a resource's ARN,
principals by account, NotAction and the like.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ACCOUNT = "111122223333"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
MANAGED_POLICY = 6_144
"""The most characters of a managed policy, white space not counted (IAM User Guide, "IAM and AWS STS quotas")."""

SERVICES = {
    "dynamodb": (("GetItem", "PutItem", "Query", "Scan", "UpdateItem", "BatchGetItem"), "arn:aws:dynamodb:*:{account}:table/app-{n}-*"),
    "sqs": (("SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueUrl"), "arn:aws:sqs:*:{account}:jobs-{n}-*"),
    "sns": (("Publish", "Subscribe", "ListSubscriptionsByTopic"), "arn:aws:sns:*:{account}:news-{n}-*"),
    "lambda": (("InvokeFunction", "GetFunction", "UpdateFunctionCode"), "arn:aws:lambda:*:{account}:function:work-{n}-*"),
    "logs": (("CreateLogStream", "PutLogEvents", "GetLogEvents"), "arn:aws:logs:*:{account}:log-group:/app/{n}/*"),
    "secretsmanager": (("GetSecretValue", "DescribeSecret"), "arn:aws:secretsmanager:*:{account}:secret:app/{n}/*"),
    "s3": (("GetObject", "PutObject", "DeleteObject", "GetObjectTagging"), "arn:aws:s3:::data-{n}/*"),
    "ssm": (("GetParameter", "GetParameters", "PutParameter"), "arn:aws:ssm:*:{account}:parameter/app/{n}/*"),
}  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """One statement. ``conditions`` are a team, a network, TLS, and an owner's name that is the caller's (a variable)."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principal: str | None = None
    conditions: bool = False

    def iam(self) -> dict[str, Any]:
        """In IAM's language."""
        written: dict[str, Any] = {"Sid": self.sid, "Effect": "Allow"}
        if self.principal is not None:
            written["Principal"] = {"AWS": self.principal}
        written |= {"Action": list(self.actions), "Resource": list(self.resources)}
        if self.conditions:
            written["Condition"] = {
                "StringEquals": {
                    "aws:PrincipalTag/team": ["blue", "green"],
                    "s3:ExistingObjectTag/owner": "${aws:username}",
                },
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
                "Bool": {"aws:SecureTransport": "true"},
            }
        return written

    def cedar(self) -> str:
        """In Cedar's."""
        who = "principal" if self.principal is None else f"principal == User::{quoted(self.principal)}"
        actions = ", ".join(f"Action::{quoted(action)}" for action in self.actions)
        when = ["(" + " || ".join(f"resource.arn like {quoted(pattern)}" for pattern in self.resources) + ")"]
        if self.conditions:
            when += [
                '["blue", "green"].contains(principal.team)',
                "resource.owner == principal.name",
                'context.ip.isInRange(ip("10.0.0.0/8"))',
                "context.secure",
            ]
        return f"@id({quoted(self.sid)}) permit({who}, action in [{actions}], resource) when {{ {' && '.join(when)} }};"


def quoted(text: str) -> str:
    return json.dumps(text)


@dataclass(frozen=True)
class Scene:
    """Policies (each a list of rules), and what is asked of them."""

    name: str
    policies: tuple[tuple[Rule, ...], ...]
    allowed: str
    refused: str
    """The ARNs of the resource of either request."""
    at_the_resource: bool = False
    principals: dict[str, str] = field(default_factory=lambda: {"allowed": ALICE, "refused": ALICE})

    def as_json(self) -> dict[str, Any]:
        """All that an engine needs to know."""
        return {
            "name": self.name,
            "policies": [_document(rules) for rules in self.policies],
            "at_the_resource": self.at_the_resource,
            "cedar": "\n".join(rule.cedar() for rules in self.policies for rule in rules),
            "statements": sum(map(len, self.policies)),
            "requests": {
                wanted: {
                    "principal": self.principals[wanted],
                    "action": "s3:GetObject",
                    "resource": resource,
                    "account": ACCOUNT,
                    "context": {
                        "aws:username": "alice",
                        "aws:PrincipalTag/team": "blue",
                        "aws:PrincipalArn": self.principals[wanted],
                        "aws:PrincipalAccount": ACCOUNT,
                        "aws:SourceIp": "10.1.2.3",
                        "aws:SecureTransport": "true",
                        "aws:CurrentTime": "2026-11-24T10:00:00Z",
                        "s3:ExistingObjectTag/owner": "alice",
                    },
                }
                for wanted, resource in (("allowed", self.allowed), ("refused", self.refused))
            },
        }


def _document(rules: Iterable[Rule]) -> str:
    document = {"Version": "2012-10-17", "Statement": [rule.iam() for rule in rules]}
    return json.dumps(document, separators=(",", ":"))


def _buckets(count: int, *, conditions: bool) -> list[Rule]:
    return [
        Rule(f"S{n}", ("s3:GetObject", "s3:PutObject"), (f"arn:aws:s3:::bucket-{n}/*",), conditions=conditions)
        for n in range(count)
    ]


def _policies(rules: Iterable[Rule]) -> tuple[tuple[Rule, ...], ...]:
    """As few managed policies as these rules fit into."""
    policies: list[list[Rule]] = [[]]
    for rule in rules:
        if len(_document([*policies[-1], rule])) > MANAGED_POLICY:
            policies.append([])
        policies[-1].append(rule)
    return tuple(map(tuple, policies))


def _mixed() -> tuple[tuple[Rule, ...], ...]:
    """Ten policies as full as they may be, for eight services; every third statement with conditions."""
    random, rules = Random(1), list[Rule]()
    while len(policies := _policies(rules)) <= 10:
        n = len(rules)
        service = random.choice(list(SERVICES))
        names, pattern = SERVICES[service]
        actions = tuple(f"{service}:{name}" for name in random.sample(names, random.randint(1, len(names))))
        resources = tuple(pattern.format(account=ACCOUNT, n=n * 2 + more) for more in range(random.randint(1, 2)))
        rules.append(Rule(f"S{n}", actions, resources, conditions=service == "s3" and n % 3 == 0))
    middle = len(policies[5]) // 2
    asked = Rule("Asked", ("s3:GetObject", "s3:PutObject"), ("arn:aws:s3:::reports/*",))
    return tuple(
        (*policy[:middle], asked, *policy[middle + 1 :]) if n == 5 else policy for n, policy in enumerate(policies[:10])
    )


def _named(count: int) -> tuple[Rule, ...]:
    names = (f"arn:aws:iam::{ACCOUNT}:user/user-{n}" for n in range(count))
    return tuple(
        Rule(f"S{n}", ("s3:GetObject",), ("arn:aws:s3:::box/*",), principal=name) for n, name in enumerate(names)
    )


def scenes() -> list[Scene]:
    """All of them."""
    hit, miss = "arn:aws:s3:::bucket-{}/k", "arn:aws:s3:::elsewhere/k"
    return [
        Scene("10 statements", _policies(_buckets(10, conditions=False)), hit.format(7), miss),
        Scene("10 statements, conditions", _policies(_buckets(10, conditions=True)), hit.format(7), miss),
        Scene("10 policies of 6 KiB", _mixed(), "arn:aws:s3:::reports/k", miss),
        Scene("1,000 statements", _policies(_buckets(1_000, conditions=False)), hit.format(700), miss),
        Scene("1,000 statements, conditions", _policies(_buckets(1_000, conditions=True)), hit.format(700), miss),
        Scene(
            "bucket policy, 1,000 principals",
            (_named(1_000),),
            "arn:aws:s3:::box/k",
            "arn:aws:s3:::box/k",
            at_the_resource=True,
            principals={"allowed": f"arn:aws:iam::{ACCOUNT}:user/user-700", "refused": ALICE},
        ),
    ]
