"""What kind of policy is validated: the four types of the API, and the resource types that narrow a resource policy.

Source: IAM Access Analyzer API Reference, ValidatePolicy, parameters policyType and validatePolicyResourceType.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SCP_QUOTA = 5_120
RCP_QUOTA = 5_120
IDENTITY_QUOTA = 6_144
TRUST_QUOTA = 2_048
RESOURCE_QUOTA = 20_480


class PolicyType(StrEnum):
    """The policy's type, in the API's words."""

    IDENTITY = "IDENTITY_POLICY"
    RESOURCE = "RESOURCE_POLICY"
    SERVICE_CONTROL = "SERVICE_CONTROL_POLICY"
    RESOURCE_CONTROL = "RESOURCE_CONTROL_POLICY"


TRUST_POLICY: Final = "AWS::IAM::AssumeRolePolicyDocument"


@dataclass(frozen=True, slots=True)
class Attached:
    """A resource type that a policy is attached to. ``resources`` are the resource types that its statements may name."""

    shown: str
    service: str
    resources: frozenset[str]


ATTACHED: Final = {
    "AWS::S3::Bucket": Attached("S3 Bucket", "s3", frozenset({"bucket", "object"})),
    "AWS::S3::AccessPoint": Attached("S3 Access Point", "s3", frozenset({"accesspoint", "accesspointobject"})),
    "AWS::S3::MultiRegionAccessPoint": Attached(
        "S3 Multi-Region Access Point", "s3", frozenset({"multiregionaccesspoint", "accesspointobject"})
    ),
    "AWS::S3ObjectLambda::AccessPoint": Attached(
        "S3 Object Lambda Access Point", "s3-object-lambda", frozenset({"objectlambdaaccesspoint"})
    ),
    "AWS::DynamoDB::Table": Attached("DynamoDB Table", "dynamodb", frozenset({"table", "index"})),
    TRUST_POLICY: Attached("IAM Role Trust Policy", "sts", frozenset()),
}
RESOURCE_TYPES: Final = frozenset(ATTACHED)


@dataclass(frozen=True, slots=True)
class Subject:
    """What is validated."""

    type: PolicyType
    resource_type: str | None = None

    @property
    def is_trust(self) -> bool:
        """Whether it was said to be a role's trust policy."""
        return self.resource_type == TRUST_POLICY

    @property
    def attached(self) -> Attached | None:
        """The resource type that was named, if one was."""
        return ATTACHED[self.resource_type] if self.resource_type else None

    @property
    def is_resource(self) -> bool:
        """Whether it is a resource policy, a trust policy included."""
        return self.type is PolicyType.RESOURCE

    @property
    def names_principals(self) -> bool:
        """Whether its statements must name principals."""
        return self.type in (PolicyType.RESOURCE, PolicyType.RESOURCE_CONTROL)

    @property
    def has_strict_sids(self) -> bool:
        """Whether Sids must be unique and alphanumeric: IAM and Organizations ask it, S3 and others do not."""
        return not self.is_resource or self.is_trust
