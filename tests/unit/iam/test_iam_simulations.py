"""IAM API Reference, SimulateCustomPolicy and SimulatePrincipalPolicy. What is marked recorded was answered by AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from iam_world import ACCOUNT, OTHER_ACCOUNT

from daypass.directory import Organization, Put
from daypass.policy import statement_spans
from daypass.services.iam import simulation_positions

if TYPE_CHECKING:
    from iam_world import Iam

A, B = "arn:aws:s3:::simulation/a", "arn:aws:s3:::simulation/b"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
TRUST = json.dumps(
    {"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}
)


def policy(effect: str = "Allow", action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def custom(iam: Iam, *policies: str, actions: Any = ("s3:GetObject",), **given: Any) -> list[dict[str, Any]]:
    output = iam("SimulateCustomPolicy", PolicyInputList=list(policies), ActionNames=list(actions), **given)
    results: list[dict[str, Any]] = output["EvaluationResults"]
    return results


def principal(iam: Iam, arn: str, *actions: str, **given: Any) -> list[dict[str, Any]]:
    output = iam("SimulatePrincipalPolicy", PolicySourceArn=arn, ActionNames=list(actions), **given)
    results: list[dict[str, Any]] = output["EvaluationResults"]
    return results


def decisions(results: list[dict[str, Any]]) -> list[str]:
    return [result["EvalDecision"] for result in results]


def sources(result: dict[str, Any]) -> list[str]:
    return [matched["SourcePolicyId"] for matched in result["MatchedStatements"]]


def matched(name: str, kind: str, *positions: int) -> dict[str, Any]:
    line, column, end_line, end_column = positions
    return {
        "SourcePolicyId": name,
        "SourcePolicyType": kind,
        "StartPosition": {"Line": line, "Column": column},
        "EndPosition": {"Line": end_line, "Column": end_column},
    }


class TestAnswers:
    def test_without_a_resource_the_action_is_simulated_on_all(self, iam: Iam) -> None:
        """Recorded."""
        assert custom(iam, policy()) == [
            {
                "EvalActionName": "s3:GetObject",
                "EvalResourceName": "*",
                "EvalDecision": "allowed",
                "MatchedStatements": [matched("PolicyInputList.1", "IAM Policy", 1, 38, 1, 95)],
                "MissingContextValues": [],
            }
        ]

    def test_awss_recorded_example_of_two_actions_on_a_bucket(self, iam: Iam) -> None:
        """Recorded: a role with one inline policy, its statement alone and not in a list."""
        text = (
            '{"Version": "2012-10-17", "Statement": {"Sid": "", "Effect": "Allow", "Action": "s3:PutObject",'
            ' "Resource": "*"}}'
        )
        assert len(text) == 113
        iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
        arn = iam("CreatePolicy", PolicyName="put", PolicyDocument=text)["Policy"]["Arn"]
        iam("AttachRolePolicy", RoleName="r", PolicyArn=arn)
        bucket = "arn:aws:s3:::bucket"
        first, second = principal(
            iam, f"arn:aws:iam::{ACCOUNT}:role/r", "s3:PutObject", "s3:GetObjectVersion", ResourceArns=[bucket]
        )
        statement = matched("put", "IAM Policy", 1, 41, 1, 113)
        assert first == {
            "EvalActionName": "s3:PutObject",
            "EvalResourceName": bucket,
            "EvalDecision": "allowed",
            "MatchedStatements": [statement],
            "MissingContextValues": [],
            "EvalDecisionDetails": {},
            "ResourceSpecificResults": [
                {"EvalResourceName": bucket, "EvalResourceDecision": "allowed", "MatchedStatements": [statement]}
            ],
        }
        assert second == {
            "EvalActionName": "s3:GetObjectVersion",
            "EvalResourceName": bucket,
            "EvalDecision": "implicitDeny",
            "MatchedStatements": [],
            "MissingContextValues": [],
            "EvalDecisionDetails": {},
            "ResourceSpecificResults": [{"EvalResourceName": bucket, "EvalResourceDecision": "implicitDeny"}],
        }

    def test_of_several_resources_the_most_restrictive_decision_stands_for_all(self, iam: Iam) -> None:
        """Recorded, but for the name of the resource: AWS has spellings of its own for templates."""
        (result,) = custom(iam, policy(resource=A), ResourceArns=[A, B])
        assert result["EvalDecision"] == "implicitDeny"
        assert result["EvalResourceName"] == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
        assert sources(result) == ["PolicyInputList.1"]
        assert [one["EvalResourceDecision"] for one in result["ResourceSpecificResults"]] == ["allowed", "implicitDeny"]
        denied = custom(iam, policy(), policy("Deny", resource=B), ResourceArns=[A, B])
        assert decisions(denied) == ["explicitDeny"]

    def test_positions_are_where_awss_parser_stood(self, iam: Iam) -> None:
        """Recorded: in a list, a statement begins behind the bracket, or where the one before it ended."""
        text = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Sid": "First"},
                    {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*", "Sid": "Second"},
                ],
            },
            indent=2,
        )
        first, second = custom(iam, text, actions=["s3:GetObject", "s3:PutObject"])
        assert first["MatchedStatements"] == [matched("PolicyInputList.1", "IAM Policy", 3, 17, 9, 6)]
        assert second["MatchedStatements"] == [matched("PolicyInputList.1", "IAM Policy", 9, 6, 15, 6)]
        crlf = ' \r\n{\r\n  "Version": "2012-10-17",\r\n  "Statement": [\r\n    {\r\n      "Effect": "Allow",\r\n'
        crlf += '      "Action": "s3:GetObject",\r\n      "Resource": "*"\r\n    }\r\n  ]\r\n}\r\n '
        (result,) = custom(iam, crlf)
        assert result["MatchedStatements"] == [matched("PolicyInputList.1", "IAM Policy", 4, 17, 9, 6)]
        alone = '{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}'
        (result,) = custom(iam, alone)
        assert result["MatchedStatements"] == [matched("PolicyInputList.1", "IAM Policy", 1, 16, 1, 77)]

    def test_a_document_is_read_for_positions_once(self, iam: Iam, monkeypatch: pytest.MonkeyPatch) -> None:
        reads: list[str] = []
        read = statement_spans
        monkeypatch.setattr(
            simulation_positions, "statement_spans", lambda text: (reads.append(text), read(text))[1], raising=True
        )
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement] * 20})
        custom(iam, text, actions=["s3:GetObject", "s3:PutObject"], ResourceArns=[A, B])
        assert reads == [text]

    def test_only_denials_are_told_of_a_denial(self, iam: Iam) -> None:
        (result,) = custom(iam, policy(), policy("Deny", "s3:*"), policy("Deny", "*"))
        assert result["EvalDecision"] == "explicitDeny"
        assert sources(result) == ["PolicyInputList.2", "PolicyInputList.3"]

    def test_actions_that_do_not_exist_are_simulated_like_others(self, iam: Iam) -> None:
        """Recorded."""
        actions = ["madeup:Action", "s3:MadeUp", "S3:gEtObJeCt", "s3:", "s3:Get Object"]
        assert decisions(custom(iam, policy(), actions=actions)) == [
            "implicitDeny",
            "implicitDeny",
            "allowed",
            "implicitDeny",
            "implicitDeny",
        ]

    def test_no_policies_at_all_allow_nothing(self, iam: Iam) -> None:
        """Recorded."""
        assert decisions(custom(iam)) == ["implicitDeny"]

    def test_a_resource_of_another_kind_is_denied(self, iam: Iam) -> None:
        """Recorded."""
        (result,) = custom(iam, policy(), ResourceArns=[ALICE])
        assert (result["EvalDecision"], result["MatchedStatements"]) == ("implicitDeny", [])

    def test_an_action_without_resource_types_is_asked_on_the_star(self, iam: Iam) -> None:
        """As a request would be: a grant on ARNs never allows it."""
        given = {"actions": ["s3:ListAllMyBuckets"], "ResourceArns": ["arn:aws:s3:::b"]}
        assert decisions(custom(iam, policy(action="s3:*", resource="arn:aws:s3:::*"), **given)) == ["implicitDeny"]
        assert decisions(custom(iam, policy(action="s3:*"), **given)) == ["allowed"]

    def test_listings_of_iam_are_asked_on_their_path(self, iam: Iam) -> None:
        roles = f"arn:aws:iam::{ACCOUNT}:role/"
        given = {"actions": ["iam:ListRoles"], "ResourceArns": [roles]}
        assert decisions(custom(iam, policy(action="iam:ListRoles", resource=f"{roles}*"), **given)) == ["allowed"]


class TestContext:
    def test_what_is_missing_is_told_where_nothing_allows(self, iam: Iam) -> None:
        """Recorded: all keys of the policies, whether or not their statements are about the action."""
        condition = {"StringEquals": {"stack:missing": "yes"}}
        for text in (
            policy(Condition=condition),
            policy(action="s3:PutObject", Condition=condition),
            policy(resource=B, Condition=condition),
            policy("Deny", Condition=condition),
        ):
            (result,) = custom(iam, text, ResourceArns=[A])
            assert result["EvalDecision"] == "implicitDeny"
            assert result["MissingContextValues"] == ["stack:missing"]
            assert result["ResourceSpecificResults"][0]["MissingContextValues"] == ["stack:missing"]
            (result,) = custom(iam, policy(), text, ResourceArns=[A])
            assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])

    def test_variables_are_missing_too_with_and_without_a_default(self, iam: Iam) -> None:
        """Recorded."""
        for variable in ("${stack:key}", "${stack:key, 'different'}"):
            (result,) = custom(iam, policy(resource=f"arn:aws:s3:::simulation/{variable}"), ResourceArns=[A])
            assert result["MissingContextValues"] == ["stack:key"]
        (result,) = custom(iam, policy(resource="arn:aws:s3:::simulation/${stack:key, 'a'}"), ResourceArns=[A])
        assert result["EvalDecision"] == "allowed"

    def test_what_the_caller_says_of_itself_is_not_missing(self, iam: Iam) -> None:
        keys = {"aws:username": "other", "aws:PrincipalArn": "x", "aws:CurrentTime": "y"}
        text = policy(Condition={"StringEquals": keys})
        (result,) = custom(iam, text, CallerArn=ALICE)
        assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["aws:CurrentTime"])

    def test_nothing_is_missing_from_an_explicit_denial(self, iam: Iam) -> None:
        """Recorded."""
        (result,) = custom(iam, policy("Deny"), policy(Condition={"StringEquals": {"stack:missing": "yes"}}))
        assert (result["EvalDecision"], result["MissingContextValues"]) == ("explicitDeny", [])

    @pytest.mark.parametrize(
        ("operator", "wanted", "kind", "values"),
        [
            ("StringEquals", "a", "string", ["a"]),
            ("ForAllValues:StringEquals", ["a", "b"], "stringList", ["b", "a"]),
            ("ForAnyValue:StringEquals", "b", "stringList", ["c", "b"]),
            ("NumericEquals", "100", "numeric", ["1e2"]),
            ("NumericLessThan", "2", "numeric", ["+1"]),
            ("NumericEquals", "1", "numeric", ["01.00"]),
            ("ForAnyValue:NumericEquals", "2", "numericList", ["1", "2"]),
            ("Bool", "true", "boolean", ["TRUE"]),
            ("ForAnyValue:Bool", "true", "booleanList", ["true"]),
            ("IpAddress", "203.0.113.0/24", "ip", ["203.0.113.9"]),
            ("ForAnyValue:IpAddress", "2001:db8::/32", "ipList", ["2001:db8::1"]),
            ("BinaryEquals", "QmFzZQ==", "binary", ["QmFzZQ=="]),
            ("ForAnyValue:BinaryEquals", "QmFzZQ==", "binaryList", ["QmFzZQ=="]),
            ("DateLessThan", "2030-01-01T00:00:00Z", "date", ["2026-11-24T10:00:00Z"]),
            ("DateGreaterThan", "2026-01-01", "date", ["1790000000"]),
            ("ForAnyValue:DateEquals", "2035", "dateList", ["2035"]),
        ],
    )
    def test_entries_of_every_type_are_compared(
        self, iam: Iam, operator: str, wanted: Any, kind: str, values: list[str]
    ) -> None:
        text = policy(Condition={operator: {"stack:Key": wanted}})
        entry = {"ContextKeyName": "STACK:key", "ContextKeyType": kind, "ContextKeyValues": values}
        assert decisions(custom(iam, text, ContextEntries=[entry])) == ["allowed"]
        empty = ["x"] if kind in ("string", "boolean") else None
        if empty is not None:
            assert decisions(custom(iam, text, ContextEntries=[entry | {"ContextKeyValues": empty}])) == [
                "implicitDeny"
            ]

    @pytest.mark.parametrize(
        ("entry", "text"),
        [
            (("abcde:k", "string", ["a", "b"]), "Context key string expected a single value, but received 2."),
            (("abcde:k", "string", []), "Context values for context key abcde:k cannot be null or empty."),
            (("abcde:k", "string", None), "Context values for context key abcde:k cannot be null or empty."),
            (("abcde:k", None, ["a"]), "Context key abcde:k has invalid type null."),
            ((None, "string", ["a"]), "ContextKeyName cannot be null or empty."),
            (("abcde:k", "numeric", ["0x10"]), "Invalid context value for key abcde:k: expected numeric format."),
            (("abcde:k", "numeric", [" 1 "]), "Invalid context value for key abcde:k: expected numeric format."),
            (("abcde:k", "numeric", ["NaN"]), "Invalid context value for key abcde:k: expected numeric format."),
            (("abcde:k", "numericList", ["1", "b"]), "Invalid context value for key abcde:k: expected numeric format."),
            (("abcde:k", "date", ["tomorrow"]), "Invalid context value for key abcde:k: expected DateTime format."),
            (("abcde:k", "ip", ["999.0.0.1"]), "Invalid context value for key abcde:k: expected IP address."),
            (
                ("abcde:k", "binary", ["!base64"]),
                "Invalid context value for key abcde:k: expected base-64 encoded binary format.",
            ),
        ],
    )
    def test_entries_that_are_none_are_refused_in_awss_words(self, iam: Iam, entry: Any, text: str) -> None:
        """Recorded."""
        members = ("ContextKeyName", "ContextKeyType", "ContextKeyValues")
        given = {member: value for member, value in zip(members, entry, strict=True) if value is not None}
        refusal = iam.refusal(
            "SimulateCustomPolicy", PolicyInputList=[policy()], ActionNames=["s3:GetObject"], ContextEntries=[given]
        )
        assert refusal == ("InvalidInput", text)

    def test_a_key_is_given_once_whatever_its_case(self, iam: Iam) -> None:
        """Recorded."""
        one = {"ContextKeyName": "stack:test", "ContextKeyType": "string", "ContextKeyValues": ["a"]}
        entries = [one, {}, one | {"ContextKeyName": "STACK:TEST"}]
        assert iam.refusal(
            "SimulateCustomPolicy", PolicyInputList=[], ActionNames=["s3:GetObject"], ContextEntries=entries
        ) == ("InvalidInput", "Duplicate context key: STACK:TEST.")

    def test_the_caller_is_known_and_entries_are_put_over_it(self, iam: Iam) -> None:
        """Recorded, but for the unique id: AWS's simulator does not know it."""
        for key, value in (
            ("aws:PrincipalArn", ALICE),
            ("aws:username", "alice"),
            ("aws:PrincipalAccount", ACCOUNT),
            ("aws:PrincipalType", "User"),
        ):
            text = policy(Condition={"StringEquals": {key: value}})
            assert decisions(custom(iam, text, CallerArn=ALICE)) == ["allowed"], key
        text = policy(Condition={"StringEquals": {"aws:username": "override"}})
        entry = {"ContextKeyName": "aws:username", "ContextKeyType": "string", "ContextKeyValues": ["override"]}
        assert decisions(custom(iam, text, CallerArn=ALICE, ContextEntries=[entry])) == ["allowed"]
        assert decisions(custom(iam, text, CallerArn=ALICE)) == ["implicitDeny"]
        role = f"arn:aws:iam::{ACCOUNT}:role/alice"
        alice = policy(Condition={"StringEquals": {"aws:username": "alice"}})
        assert decisions(custom(iam, alice, CallerArn=role)) == ["implicitDeny"]

    def test_a_simulation_of_texts_tells_nothing_of_records(self, iam: Iam) -> None:
        """Whoever may simulate texts need not be allowed to read the tags of users."""
        iam("CreateUser", UserName="alice", Tags=[{"Key": "team", "Value": "red"}])
        text = policy(Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
        assert decisions(custom(iam, text, CallerArn=ALICE)) == ["implicitDeny"]
        assert decisions(principal(iam, ALICE, "s3:GetObject", PolicyInputList=[text])) == ["allowed"]
        userid = policy(Condition={"StringEquals": {"aws:userid": iam.user("alice").id}})
        assert decisions(principal(iam, ALICE, "s3:GetObject", PolicyInputList=[userid])) == ["allowed"]


class TestBoundary:
    def test_a_boundary_limits_and_is_told_apart(self, iam: Iam) -> None:
        """Recorded."""
        (result,) = custom(iam, policy(), PermissionsBoundaryPolicyInputList=[policy(action="s3:PutObject")])
        assert result["EvalDecision"] == "implicitDeny"
        assert result["MatchedStatements"] == []
        assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
        (result,) = custom(iam, policy(), PermissionsBoundaryPolicyInputList=[policy()], ResourceArns=[A])
        assert result["EvalDecision"] == "allowed"
        assert sources(result) == ["PolicyInputList.1"]
        detail = {"AllowedByPermissionsBoundary": True}
        assert result["PermissionsBoundaryDecisionDetail"] == detail
        assert result["ResourceSpecificResults"][0]["PermissionsBoundaryDecisionDetail"] == detail

    def test_a_boundarys_denial_is_told_before_others(self, iam: Iam) -> None:
        """Recorded."""
        (result,) = custom(iam, policy("Deny"), PermissionsBoundaryPolicyInputList=[policy("Deny")])
        assert result["MatchedStatements"] == [
            matched("PermissionsBoundaryPolicyInputList.1", "Permissions Boundary Policy", 1, 38, 1, 94),
            matched("PolicyInputList.1", "IAM Policy", 1, 38, 1, 94),
        ]

    def test_a_boundarys_conditions_may_lack_context(self, iam: Iam) -> None:
        """Recorded."""
        boundary = policy(Condition={"StringEquals": {"stack:boundary": "yes"}})
        (result,) = custom(iam, policy(), PermissionsBoundaryPolicyInputList=[boundary])
        assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["stack:boundary"])

    def test_an_entity_has_one_boundary(self, iam: Iam) -> None:
        """Recorded."""
        given = {"PermissionsBoundaryPolicyInputList": [policy(), policy()]}
        assert iam.refusal(
            "SimulateCustomPolicy", PolicyInputList=[policy()], ActionNames=["s3:GetObject"], **given
        ) == ("InvalidInput", "The list of Permissions Boundary policies cannot exceed 1 items.")


class TestOrganization:
    @pytest.mark.parametrize(
        ("level", "decision"),
        [
            ([policy(action="*")], "allowed"),
            ([policy("Deny"), policy(action="*")], "explicitDeny"),
            ([policy(action="s3:PutObject")], "implicitDeny"),
        ],
    )
    def test_every_level_must_allow(self, iam: Iam, level: list[str], decision: str) -> None:
        """Recorded."""
        levels = [{"ServiceControlPolicyInputList": [policy(action="*")]}, {"ServiceControlPolicyInputList": level}]
        (result,) = custom(iam, policy(), OrderedOrganizationPolicyInputList=levels, ResourceArns=[A])
        assert result["EvalDecision"] == decision
        assert result["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": decision == "allowed"}
        assert result["EvalDecisionDetails"] == {}
        if decision != "allowed":
            assert result["MatchedStatements"] == result["MissingContextValues"] == []
            assert result["ResourceSpecificResults"] == [{"EvalResourceName": A, "EvalResourceDecision": decision}]

    def test_an_account_in_an_organization_is_told_so(self, iam: Iam) -> None:
        """Recorded. No service control policy can be stored here: the organization allows everything."""
        iam("CreateUser", UserName="alice")
        (alone,) = principal(iam, ALICE, "s3:GetObject")
        assert "OrganizationsDecisionDetail" not in alone
        iam.world.store.apply([Put(Organization("o-1234567890", OTHER_ACCOUNT, "r-ab12", 0, (ACCOUNT,)))])
        (member,) = principal(iam, ALICE, "s3:GetObject")
        assert member == alone | {"OrganizationsDecisionDetail": {"AllowedByOrganizations": True}}

    def test_a_level_without_policies_is_refused(self, iam: Iam) -> None:
        """Recorded."""
        assert iam.refusal(
            "SimulateCustomPolicy",
            PolicyInputList=[policy()],
            ActionNames=["s3:GetObject"],
            OrderedOrganizationPolicyInputList=[{"ServiceControlPolicyInputList": []}],
        ) == ("InvalidInput", "Organization policy at index 1 must contain at least one service control policy")


class TestResourcePolicy:
    @staticmethod
    def text(effect: str = "Allow", who: Any = ALICE) -> str:
        return policy(effect, resource="arn:aws:s3:::simulation/*", Principal={"AWS": who})

    def test_a_user_who_is_named_needs_nothing_else_in_one_account(self, iam: Iam) -> None:
        """Recorded."""
        given = {"ResourcePolicy": self.text(), "CallerArn": ALICE, "ResourceArns": [A]}
        (result,) = custom(iam, **given)
        assert (result["EvalDecision"], sources(result)) == ("allowed", ["ResourcePolicy"])
        assert result["MatchedStatements"][0]["SourcePolicyType"] == "Resource Policy"
        assert result["EvalDecisionDetails"] == {}
        (result,) = custom(iam, policy(), **given)
        assert sources(result) == ["ResourcePolicy", "PolicyInputList.1"]
        boundary = [policy(action="s3:PutObject")]
        (result,) = custom(iam, PermissionsBoundaryPolicyInputList=boundary, **given)
        assert result["EvalDecision"] == "allowed"
        assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}

    @pytest.mark.parametrize("owner", [OTHER_ACCOUNT, f"arn:aws:iam::{OTHER_ACCOUNT}:root"])
    @pytest.mark.parametrize(
        ("identity", "boundary", "decision", "details"),
        [
            ((), None, "implicitDeny", {"Resource Policy": "allowed", "IAM Policy": "implicitDeny"}),
            ((policy(),), None, "allowed", {"Resource Policy": "allowed", "IAM Policy": "allowed"}),
            (
                (policy(),),
                policy(action="s3:PutObject"),
                "implicitDeny",
                {
                    "Permissions Boundary Policy": "implicitDeny",
                    "Resource Policy": "allowed",
                    "IAM Policy": "allowed",
                },
            ),
            (
                (policy(),),
                policy("Deny"),
                "explicitDeny",
                {
                    "Permissions Boundary Policy": "explicitDeny",
                    "Resource Policy": "allowed",
                    "IAM Policy": "allowed",
                },
            ),
        ],
    )
    def test_across_accounts_each_kind_of_policy_is_told(  # noqa: PLR0917 - a row of the table
        self, iam: Iam, owner: str, identity: Any, boundary: str | None, decision: str, details: dict[str, str]
    ) -> None:
        """Recorded, with the ARN as owner; the API Reference has the account's id."""
        given: dict[str, Any] = {"PermissionsBoundaryPolicyInputList": [boundary]} if boundary else {}
        (result,) = custom(
            iam,
            *identity,
            CallerArn=ALICE,
            ResourceArns=[A],
            ResourcePolicy=self.text(),
            ResourceOwner=owner,
            **given,
        )
        assert result["EvalDecision"] == decision
        assert result["EvalDecisionDetails"] == details
        assert result["ResourceSpecificResults"][0]["EvalDecisionDetails"] == details

    def test_the_owner_in_the_arn_goes_before_the_given_one(self, iam: Iam) -> None:
        queue = f"arn:aws:sqs:eu-west-1:{OTHER_ACCOUNT}:q"
        text = policy(action="sqs:SendMessage", resource=queue, Principal={"AWS": ACCOUNT})
        (result,) = custom(iam, actions=["sqs:SendMessage"], CallerArn=ALICE, ResourceArns=[queue], ResourcePolicy=text)
        assert result["EvalDecisionDetails"] == {"Resource Policy": "allowed", "IAM Policy": "implicitDeny"}

    def test_roles_and_groups_are_named_as_their_members_would_be(self, iam: Iam) -> None:
        iam("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
        iam("CreateGroup", GroupName="g")
        role, group = (f"arn:aws:iam::{ACCOUNT}:{name}" for name in ("role/r", "group/g"))
        for arn, who, decision in (
            (role, role, "allowed"),
            (role, "*", "allowed"),
            (role, ALICE, "implicitDeny"),
            (role, ACCOUNT, "implicitDeny"),  # delegated to the account, whose policies allow nothing
            (group, "*", "allowed"),
            (group, ALICE, "implicitDeny"),
        ):
            given = {"ResourcePolicy": self.text(who=who), "ResourceArns": [A]}
            assert decisions(principal(iam, arn, "s3:GetObject", **given)) == [decision], (arn, who)

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({}, "Invalid caller - Caller cannot be null or empty."),
            (
                {"CallerArn": ALICE, "ResourceArns": ["*"]},
                "Invalid Entity Arn: * does not clearly define entity type and name.",
            ),
            (
                {"CallerArn": f"arn:aws:iam::{ACCOUNT}:root"},
                "Invalid caller - Caller must be an IAM user, role or group in this context.",
            ),
            (
                {"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"},
                "Invalid caller - Caller must be an IAM user, role or group in this context.",
            ),
            ({"CallerArn": ALICE, "ResourceOwner": "me"}, "'me' is not a valid as a Resource Owner."),
            (
                {"CallerArn": ALICE, "ResourcePolicy": policy(Principal="*")},
                "ResourceNames are not in a valid ARN format: *.",
            ),
            ({"CallerArn": ALICE, "ResourcePolicy": policy()}, "Resource policy has invalid content"),
        ],
    )
    def test_what_it_lacks_is_refused(self, iam: Iam, given: dict[str, Any], text: str) -> None:
        call = {"PolicyInputList": [], "ActionNames": ["s3:GetObject"], "ResourceArns": [A]}
        call |= {"ResourcePolicy": self.text()} | given
        assert iam.refusal("SimulateCustomPolicy", **call) == ("InvalidInput", text)


class TestRefusals:
    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({"ActionNames": ["GetObject"]}, "The action is invalid since it is missing names"),
            (
                {"ActionNames": ["s3:GetObject", "s3:Delete*"]},
                'Invalid Input Actions: "s3:Delete*" require different authorization information.',
            ),
            ({"ResourceArns": ["not-an-arn"]}, "ResourceNames are not in a valid ARN format: not-an-arn."),
            ({"ResourceArns": ["arn:aws:s3"]}, "ResourceNames are not in a valid ARN format: arn:aws:s3."),
            ({"ResourceArns": [A, "*"]}, "ResourceNames are not in a valid ARN format: *."),
            ({"PolicyInputList": ["{"]}, "Policy input list item 1 has invalid content"),
            (
                {"PolicyInputList": [policy(), '{"Version":"2099-01-01","Statement":[]}']},
                "Policy input list item 2 has invalid content",
            ),
            ({"Marker": "not-a-simulation-marker"}, "Invalid marker for pagination."),
            ({"ResourceHandlingOption": "EC2-Magic"}, "Invalid input resource handling options: EC2-Magic."),
            (
                {"ResourceHandlingOption": "EC2-VPC-EBS", "ResourceArns": [A]},
                (
                    "Invalid input resource handling options. Action does not support resource handling options: "
                    "s3:GetObject. Please refer to the documentation for more details: "
                    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html"
                ),
            ),
        ],
    )
    def test_what_cannot_be_simulated_is_refused_in_awss_words(self, iam: Iam, given: Any, text: str) -> None:
        """Recorded, but for the wildcard and the unknown handling option."""
        call = {"PolicyInputList": [policy()], "ActionNames": ["s3:GetObject"]} | given
        assert iam.refusal("SimulateCustomPolicy", **call) == ("InvalidInput", text)

    def test_a_launch_of_instances_may_say_how(self, iam: Iam) -> None:
        """Recorded: incomplete sets of resources are taken."""
        instance = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0123456789abcdef0"
        results = custom(
            iam,
            policy(action="*"),
            actions=["ec2:RunInstances"],
            ResourceArns=[instance],
            ResourceHandlingOption="EC2-VPC-EBS-Subnet",
        )
        assert decisions(results) == ["allowed"]


class TestPages:
    def test_pages_count_actions(self, iam: Iam) -> None:
        actions = [f"s3:Get{number}" for number in range(5)]
        given = {"PolicyInputList": [policy()], "ActionNames": actions, "MaxItems": 2}
        pages = list(iam.pages("SimulateCustomPolicy", "EvaluationResults", **given))
        assert [[result["EvalActionName"] for result in page] for page in pages] == [
            actions[:2],
            actions[2:4],
            actions[4:],
        ]

    def test_a_page_holds_so_many_decisions_and_no_more(self, iam: Iam) -> None:
        arns = [f"arn:aws:s3:::b/{number}" for number in range(400)]
        given = {"PolicyInputList": [policy()], "ActionNames": ["s3:GetObject"] * 5, "ResourceArns": arns}
        pages = list(iam.pages("SimulateCustomPolicy", "EvaluationResults", **given))
        assert [len(page) for page in pages] == [2, 2, 1]
        assert all(len(result["ResourceSpecificResults"]) == 400 for page in pages for result in page)


class TestPrincipals:
    @pytest.fixture
    def alice(self, iam: Iam) -> Iam:
        iam("CreateUser", UserName="alice", Path="/team/")
        iam("CreateGroup", GroupName="g")
        iam("AddUserToGroup", GroupName="g", UserName="alice")
        arn = iam("CreatePolicy", PolicyName="managed", PolicyDocument=policy(action="s3:DeleteObject"))["Policy"][
            "Arn"
        ]
        iam("AttachUserPolicy", UserName="alice", PolicyArn=arn)
        iam("AttachGroupPolicy", GroupName="g", PolicyArn=arn)
        iam("AttachGroupPolicy", GroupName="g", PolicyArn="arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess")
        iam("PutUserPolicy", UserName="alice", PolicyName="own", PolicyDocument=policy(resource=A))
        iam("PutGroupPolicy", GroupName="g", PolicyName="shared", PolicyDocument=policy(action="s3:PutObject"))
        return iam

    ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "sqs:ListQueues")
    ARN = f"arn:aws:iam::{ACCOUNT}:user/team/alice"

    def test_all_policies_of_a_user_and_its_groups_count(self, alice: Iam) -> None:
        """Recorded: names of policies, and that a path does not matter. A managed policy counts once."""
        for arn in (self.ARN, ALICE, f"arn:aws:iam::{ACCOUNT}:user/wrong/alice"):
            results = principal(alice, arn, *self.ACTIONS[:3], ResourceArns=[A])
            assert [sources(result) for result in results] == [["user_alice_own"], ["group_g_shared"], ["managed"]]
        (result,) = principal(alice, self.ARN, "sqs:ListQueues")
        assert sources(result) == ["AmazonSQSReadOnlyAccess"]
        assert result["MatchedStatements"][0]["SourcePolicyType"] == "IAM Policy"

    def test_of_a_group_only_its_own(self, alice: Iam) -> None:
        results = principal(alice, f"arn:aws:iam::{ACCOUNT}:group/g", *self.ACTIONS, ResourceArns=["*"])
        assert decisions(results) == ["implicitDeny", "allowed", "allowed", "allowed"]

    def test_policies_given_are_added(self, alice: Iam) -> None:
        (result,) = principal(alice, self.ARN, "s3:PutObject", PolicyInputList=[policy(action="*")])
        assert sources(result) == ["group_g_shared", "PolicyInputList.1"]

    def test_the_boundary_counts_unless_another_is_given_or_it_is_excluded(self, alice: Iam) -> None:
        arn = alice("CreatePolicy", PolicyName="wall", PolicyDocument=policy(action="s3:PutObject"))["Policy"]["Arn"]
        alice("PutUserPermissionsBoundary", UserName="alice", PermissionsBoundary=arn)
        alice("AttachUserPolicy", UserName="alice", PolicyArn=arn)

        def simulated(**given: Any) -> list[str]:
            return decisions(principal(alice, self.ARN, *self.ACTIONS[1:3], **given))

        assert simulated() == ["allowed", "implicitDeny"]
        other = policy(action="s3:DeleteObject")
        assert simulated(PermissionsBoundaryPolicyInputList=[other]) == ["implicitDeny", "allowed"]
        assert simulated(PolicyExclusionList=[{"PolicyType": "permission-boundary"}]) == ["allowed", "allowed"]
        assert simulated(PolicyExclusionList=[{"PolicyArn": arn}]) == ["allowed", "implicitDeny"]
        (result,) = principal(alice, self.ARN, "s3:DeleteObject", PolicyInputList=[policy("Deny", "iam:*")])
        assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}

    @pytest.mark.parametrize(
        ("exclusion", "gone"),
        [
            ({"PolicyType": "inline"}, {"s3:GetObject", "s3:PutObject"}),
            ({"PolicyType": "aws-managed"}, {"sqs:ListQueues"}),
            ({"PolicyType": "user-managed"}, {"s3:DeleteObject"}),
            ({"PolicyType": "scp"}, set()),
            ({"PolicyType": "rcp"}, set()),
            ({"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/managed"}, {"s3:DeleteObject"}),
            ({"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/m*?d"}, {"s3:DeleteObject"}),
            ({"PolicyArn": "arn:aws:iam::aws:policy/AmazonSQS*"}, {"sqs:ListQueues"}),
            ({"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/other"}, set()),
            ({"InlinePolicyIdentifier": ("own", "user", "alice")}, {"s3:GetObject"}),
            ({"InlinePolicyIdentifier": ("own", "user", "al*")}, {"s3:GetObject"}),
            ({"InlinePolicyIdentifier": ("own", "user", "alic?")}, {"s3:GetObject"}),
            ({"InlinePolicyIdentifier": ("own", "group", "alice")}, set()),
            ({"InlinePolicyIdentifier": ("shared", "group", "g")}, {"s3:PutObject"}),
        ],
    )
    def test_what_if_a_policy_were_not_there(self, alice: Iam, exclusion: dict[str, Any], gone: set[str]) -> None:
        results = principal(
            alice, self.ARN, *self.ACTIONS[:3], ResourceArns=[A], PolicyExclusionList=[self.identifier(exclusion)]
        )
        results += principal(alice, self.ARN, "sqs:ListQueues", PolicyExclusionList=[self.identifier(exclusion)])
        denied = {result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"}
        assert denied == gone

    @pytest.mark.parametrize(
        ("exclusion", "text"),
        [
            (
                {"PolicyArn": "arn:aws:iam::aws:policy/*S3*"},
                "Invalid policy ARN exclusion: arn:aws:iam::aws:policy/*S3*",
            ),
            ({"PolicyArn": "arn:aws:iam::*:policy/x"}, "Invalid policy ARN exclusion: arn:aws:iam::*:policy/x"),
            ({"PolicyArn": "arn:aws:iam::aws:role/xxxxx"}, "Invalid policy ARN exclusion: arn:aws:iam::aws:role/xxxxx"),
            (
                {"InlinePolicyIdentifier": ("ow*", "user", "alice")},
                "Invalid inline policy exclusion: policyName, attachmentType, and attachmentName are required",
            ),
            (
                {"InlinePolicyIdentifier": ("own", "user", "a*i*e")},
                "Invalid inline policy exclusion: policyName, attachmentType, and attachmentName are required",
            ),
            (
                {"PolicyType": "inline", "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/managed"},
                "A policy exclusion must have exactly one of PolicyType, PolicyArn, InlinePolicyIdentifier.",
            ),
        ],
    )
    def test_identifiers_that_are_none_are_refused(self, alice: Iam, exclusion: dict[str, Any], text: str) -> None:
        call = {"PolicySourceArn": self.ARN, "ActionNames": ["s3:GetObject"]}
        unchecked = replace(alice, checks_input=False)
        refusal = unchecked.refusal("SimulatePrincipalPolicy", **call, PolicyExclusionList=[self.identifier(exclusion)])
        assert refusal == ("InvalidInput", text)

    @staticmethod
    def identifier(exclusion: dict[str, Any]) -> dict[str, Any]:
        inline = exclusion.get("InlinePolicyIdentifier")
        if inline is None:
            return exclusion
        members = ("PolicyName", "AttachmentType", "AttachmentName")
        return {"InlinePolicyIdentifier": dict(zip(members, inline, strict=True))}

    @pytest.mark.parametrize(
        ("arn", "code", "text"),
        [
            (f"arn:aws:iam::{ACCOUNT}:role/missing", "NoSuchEntity", "Unable to retrieve specified IAM entity."),
            (
                f"arn:aws:iam::{OTHER_ACCOUNT}:user/alice",
                "InvalidInput",
                (
                    f"Invalid Policy Source Arn: caller's account {ACCOUNT} does not have access to policies in account "
                    f"{OTHER_ACCOUNT}."
                ),
            ),
            *(
                (arn, "InvalidInput", f"Invalid ARN provided in the request: {arn}")
                for arn in (
                    f"arn:aws:iam::{ACCOUNT}:root",
                    f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s",
                    "not-an-arn-but-long-enough",
                )
            ),
        ],
    )
    def test_other_sources_are_refused_in_awss_words(self, iam: Iam, arn: str, code: str, text: str) -> None:
        """Recorded."""
        for operation in ("SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"):
            given = {"ActionNames": ["s3:GetObject"]} if operation.startswith("Sim") else {}
            assert iam.refusal(operation, PolicySourceArn=arn, **given) == (code, text)

    def test_the_permission_is_asked_for_on_the_entity(self, alice: Iam) -> None:
        (ask,) = alice.asks("SimulatePrincipalPolicy", PolicySourceArn=ALICE, ActionNames=["s3:GetObject"])
        assert (ask.action, ask.resource, ask.shown) == ("iam:SimulatePrincipalPolicy", self.ARN, ALICE)
        (ask,) = alice.asks("SimulateCustomPolicy", PolicyInputList=[], ActionNames=["s3:GetObject"])
        assert (ask.action, ask.resource) == ("iam:SimulateCustomPolicy", "*")


class TestContextKeys:
    def test_keys_and_variables_in_the_order_in_which_they_stand(self, iam: Iam) -> None:
        """AWS CLI Command Reference, get-context-keys-for-custom-policy, example 1."""
        text = policy(
            action="dynamodb:*",
            resource="arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}",
            Condition={"DateGreaterThan": {"aws:CurrentTime": "2015-08-16T12:00:00Z"}},
        )
        assert iam("GetContextKeysForCustomPolicy", PolicyInputList=[text]) == {
            "ContextKeyNames": ["aws:username", "aws:CurrentTime"]
        }

    def test_defaults_count_and_escapes_do_not(self, iam: Iam) -> None:
        text = policy(
            resource="arn:aws:s3:::b/${*}/${aws:PrincipalTag/team, 'all'}",
            Condition={"StringLike": {"s3:prefix": "${aws:userid}/*", "AWS:UserID": "x"}},
        )
        assert iam("GetContextKeysForCustomPolicy", PolicyInputList=[text, text]) == {
            "ContextKeyNames": ["aws:PrincipalTag/team", "s3:prefix", "aws:userid"]
        }

    def test_version_2008_has_no_variables(self, iam: Iam) -> None:
        text = policy(resource="arn:aws:s3:::b/${aws:username}").replace("2012-10-17", "2008-10-17")
        assert iam("GetContextKeysForCustomPolicy", PolicyInputList=[text]) == {"ContextKeyNames": []}

    def test_of_a_principal_all_its_policies_count(self, iam: Iam) -> None:
        def keyed(key: str) -> str:
            return policy(Condition={"StringEquals": {key: "x"}})

        iam("CreateUser", UserName="alice")
        iam("CreateGroup", GroupName="g")
        iam("AddUserToGroup", GroupName="g", UserName="alice")
        iam("PutUserPolicy", UserName="alice", PolicyName="own", PolicyDocument=keyed("test:user"))
        iam("PutGroupPolicy", GroupName="g", PolicyName="shared", PolicyDocument=keyed("test:group"))
        arn = iam("CreatePolicy", PolicyName="wall", PolicyDocument=keyed("test:wall"))["Policy"]["Arn"]
        iam("PutUserPermissionsBoundary", UserName="alice", PermissionsBoundary=arn)
        given = {"PolicySourceArn": ALICE, "PolicyInputList": [keyed("test:given")]}
        assert iam("GetContextKeysForPrincipalPolicy", **given) == {
            "ContextKeyNames": ["test:user", "test:group", "test:wall", "test:given"]
        }

    def test_what_is_no_policy_is_refused(self, iam: Iam) -> None:
        refusal = iam.refusal("GetContextKeysForCustomPolicy", PolicyInputList=["[]"])
        assert refusal == ("InvalidInput", "Policy input list item 1 has invalid content")
