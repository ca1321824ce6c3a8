"""Condition keys as AWS spells them. The engine compares them without case; people read them.

Sources: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference for STS, IAM and S3.
A key that is not listed here is shown as the engine has it.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = (
    *(
        f"aws:{name}"
        for name in (
            "AssumedRoot", "CalledVia", "CalledViaFirst", "CalledViaLast", "CurrentTime", "EpochTime", "FederatedProvider",
            "MultiFactorAuthAge", "MultiFactorAuthPresent", "PrincipalAccount", "PrincipalArn", "PrincipalIsAWSService",
            "PrincipalOrgID", "PrincipalOrgPaths", "PrincipalServiceName", "PrincipalServiceNamesList", "PrincipalType",
            "RequestedRegion", "ResourceAccount", "ResourceOrgID", "ResourceOrgPaths", "SecureTransport",
            "SignInSessionArn", "SourceAccount", "SourceArn", "SourceIdentity", "SourceIp", "SourceOrgID", "SourceOrgPaths",
            "SourceVpc", "SourceVpcArn", "SourceVpce", "TagKeys", "TokenIssueTime", "UserAgent", "ViaAWSService",
            "VpcSourceIp", "VpceAccount", "VpceOrgID", "VpceOrgPaths",
        )
    ),
    *(
        f"sts:{name}"
        for name in (
            "AWSServiceName", "DurationSeconds", "ExternalId", "IdentityTokenAudience", "RequestContextProviders",
            "RoleSessionName", "SigningAlgorithm", "SourceIdentity", "TaskPolicyArn", "TransitiveTagKeys",
        )
    ),
    *(
        f"iam:{name}"
        for name in (
            "AWSServiceName", "AssociatedResourceArn", "PassedToService", "PermissionsBoundary", "PolicyARN",
        )
    ),
    *(
        f"s3:{name}"
        for name in (
            "BucketOwnership", "DataAccessPointAccount", "DataAccessPointArn", "LocationConstraint", "RequestObjectTagKeys",
            "ResourceAccount", "TlsVersion", "VersionId", "authType", "object-lock-legal-hold", "signatureAge",
            "signatureversion",
        )
    ),
)  # fmt: skip
_FAMILIES: Final = (
    "aws:PrincipalTag/",
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "iam:ResourceTag/",
    "s3:ExistingObjectTag/",
    "s3:RequestObjectTag/",
    "sts:RequestContext/",
)
_SPELLED: Final = {name.casefold(): name for name in (*_NAMES, *_FAMILIES)}


def spelled(key: str) -> str:
    """A key of the engine's context as AWS writes it; what follows the slash of a tag's key stays as it is."""
    family, slash, rest = key.partition("/")
    if slash and (family + slash).casefold() in _SPELLED:
        return _SPELLED[(family + slash).casefold()] + rest
    return _SPELLED.get(key.casefold(), key)
