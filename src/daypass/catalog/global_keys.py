"""The global condition keys (IAM User Guide, "AWS global condition context keys", as of 2026-10).

The Service Authorization Reference does not list them, but for the tag keys.
"""

from __future__ import annotations

from typing import Final

from daypass.catalog.entries import ConditionKey

_SINGLE: Final = {
    "String": """
        aws:CalledViaAWSMCP aws:CalledViaFirst aws:CalledViaLast aws:Ec2InstanceSourceVpc aws:FederatedProvider
        aws:PrincipalAccount aws:PrincipalOrgID aws:PrincipalServiceName aws:PrincipalTag/${TagKey} aws:PrincipalType
        aws:referer aws:RequestedRegion aws:RequestTag/${TagKey} aws:ResourceAccount aws:ResourceOrgID
        aws:ResourceTag/${TagKey} aws:SourceAccount aws:SourceIdentity aws:SourceOrgID aws:SourceOwner aws:SourceVpc
        aws:SourceVpce aws:UserAgent aws:userid aws:username aws:VpceAccount aws:VpceOrgID
    """,
    "ARN": "aws:ChatbotSourceArn aws:PrincipalArn aws:SignInSessionArn aws:SourceArn aws:SourceVpcArn",
    "Bool": """
        aws:AssumedRoot aws:IsMcpServiceAction aws:MultiFactorAuthPresent aws:PrincipalIsAWSService aws:SecureTransport
        aws:ViaAWSMCPService aws:ViaAWSService
    """,
    "Date": "aws:CurrentTime aws:EpochTime aws:TokenIssueTime",
    "Numeric": "aws:MultiFactorAuthAge",
    "IPAddress": "aws:Ec2InstanceSourcePrivateIPv4 aws:SourceIp aws:VpcSourceIp",
}
"""Keys with one value, by type."""

_MANY: Final = """
    aws:CalledVia aws:PrincipalOrgPaths aws:PrincipalServiceNamesList aws:ResourceOrgPaths aws:SourceOrgPaths
    aws:TagKeys aws:VpceOrgPaths
"""
"""Keys with several values, all of them texts."""

GLOBAL_KEYS: Final[dict[str, ConditionKey]] = {
    key.casefold(): ConditionKey(key, kind, multivalued=False) for kind, keys in _SINGLE.items() for key in keys.split()
} | {key.casefold(): ConditionKey(key, "String", multivalued=True) for key in _MANY.split()}
"""All of them by their name in lower case; ``aws:EpochTime`` may be compared as a number, too."""
