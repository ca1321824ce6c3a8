"""The ``resources`` of a record: what the call was about, with its ARN, type and owner.

Source: the sample records of the IAM and S3 User Guides. IAM's records have none: their parameters name the entity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from daypass.arns import Arn

if TYPE_CHECKING:
    from collections.abc import Mapping

Resource = dict[str, str]

_STS_MEMBERS: Final = (("RoleArn", "AWS::IAM::Role"), ("PrincipalArn", "AWS::IAM::SAMLProvider"))


def resources_of(service: str, parameters: Mapping[str, Any], owner: str | None) -> list[Resource]:
    """The resources of a call with these parameters (the model's member names)."""
    match service:
        case "sts":
            return [_owned(parameters[name], kind) for name, kind in _STS_MEMBERS if parameters.get(name)]
        case "s3" if bucket := parameters.get("Bucket"):
            return _of_bucket(f"arn:aws:s3:::{bucket}", parameters, owner)
        case _:
            return []


def _owned(arn: str, kind: str) -> Resource:
    """A resource whose account stands in its ARN; the text may be none that names one."""
    try:
        account = Arn.parse(arn).account
    except ValueError:
        account = ""
    return {"accountId": account, "type": kind, "ARN": arn} if account else {"type": kind, "ARN": arn}


def _of_bucket(bucket: str, parameters: Mapping[str, Any], owner: str | None) -> list[Resource]:
    resources: list[Resource] = []
    if key := parameters.get("Key"):
        resources.append({"type": "AWS::S3::Object", "ARN": f"{bucket}/{key}"})
    elif "Prefix" in parameters:
        resources.append({"type": "AWS::S3::Object", "ARNPrefix": f"{bucket}/{parameters['Prefix'] or ''}"})
    account = {"accountId": owner} if owner else {}
    return [*resources, {**account, "type": "AWS::S3::Bucket", "ARN": bucket}]
