"""CheckNoPublicAccess: whether a resource-based policy lets in people whom it has not chosen.

Source: IAM Access Analyzer API Reference; IAM User Guide, "Access Analyzer findings for public access"; S3 User Guide,
"The meaning of public". A grant is not public where it names accounts, people, roles or services, or where a condition
that must hold ties it to values that a stranger cannot have: an organization, a network, the resource a service acts for.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import TYPE_CHECKING, Final

from daypass.analysis.access_checks import allowing, pieces_of, verdict
from daypass.analysis.access_checks_conditions import Known
from daypass.analysis.access_checks_patterns import Glob
from daypass.analysis.access_checks_principals import Name, is_stranger
from daypass.analysis.access_checks_regions import TooManyPieces
from daypass.analysis.access_checks_values import ArnText, Network, One, Text
from daypass.policy.conditions import FOR_ANY
from daypass.policy.provider_controls import shared_claims

if TYPE_CHECKING:
    from daypass.analysis.access_checks import Verdict
    from daypass.analysis.access_checks_conditions import Clause
    from daypass.analysis.access_checks_regions import Piece, Region
    from daypass.analysis.access_checks_values import ValueSet
    from daypass.policy import Policy

_TEXTS: Final = (
    "The resource policy does not grant public access for the given resource type.",
    "The resource policy grants public access for the given resource type.",
    "Public access granted in the following statement with",
)
RESOURCE_TYPES: Final = {
    "AWS::ApiGateway::RestApi": ("execute-api", "apigateway"),
    "AWS::Backup::BackupVault": ("backup",),
    "AWS::CloudTrail::Dashboard": ("cloudtrail",),
    "AWS::CloudTrail::EventDataStore": ("cloudtrail", "cloudtrail-data"),
    "AWS::CodeArtifact::Domain": ("codeartifact",),
    "AWS::DynamoDB::Stream": ("dynamodb",),
    "AWS::DynamoDB::Table": ("dynamodb",),
    "AWS::EFS::FileSystem": ("elasticfilesystem",),
    "AWS::IAM::AssumeRolePolicyDocument": ("sts",),
    "AWS::KMS::Key": ("kms",),
    "AWS::Kinesis::Stream": ("kinesis",),
    "AWS::Kinesis::StreamConsumer": ("kinesis",),
    "AWS::Lambda::Function": ("lambda",),
    "AWS::OpenSearchService::Domain": ("es", "opensearch"),
    "AWS::S3::AccessPoint": ("s3",),
    "AWS::S3::Bucket": ("s3",),
    "AWS::S3::Glacier": ("glacier",),
    "AWS::S3Express::AccessPoint": ("s3express",),
    "AWS::S3Express::DirectoryBucket": ("s3express",),
    "AWS::S3Outposts::AccessPoint": ("s3-outposts",),
    "AWS::S3Outposts::Bucket": ("s3-outposts",),
    "AWS::S3Tables::Table": ("s3tables",),
    "AWS::S3Tables::TableBucket": ("s3tables",),
    "AWS::SNS::Topic": ("sns",),
    "AWS::SQS::Queue": ("sqs",),
    "AWS::SecretsManager::Secret": ("secretsmanager",),
}
"""The resource types of the API, and the services whose actions they are asked for."""

_FIXED_KEYS: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "kms:calleraccount",
        "lambda:sourcefunctionarn",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
"""Keys whose values AWS sets, and that tell strangers from others."""
_ARN_KEYS: Final = frozenset(key for key in _FIXED_KEYS if key.endswith("arn"))
_PATH_KEYS: Final = frozenset({"aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths"})
_ADDRESS_KEYS: Final = frozenset({"aws:sourceip", "aws:vpcsourceip"})
_WIDEST: Final = {4: 8, 6: 32}
_MOST_ADDRESSES: Final = 1 << 28
"""A sixteenth of the IPv4 addresses: whoever lists more, in however small pieces, has chosen nobody."""
_ACCOUNT: Final = re.compile("[0-9]{12}")
_OF_ACCOUNT: Final = re.compile("arn:[^:]+:[^:]+:[^:]*:[0-9]{12}:")
_ORGANIZATION: Final = re.compile("o-[a-z0-9]{10,32}/")
_SCHEMES: Final = re.compile("(?:[A-Za-z][A-Za-z0-9+._-]*:)*/*")
"""Kinds of names before a name: ``repo:``, ``https://``."""
_NOBODY: Final = frozenset({"anonymous", ""})
"""Values that strangers have where others have an account or an id."""


def check_no_public_access(policy: Policy, resource_type: str) -> Verdict:
    """Whether strangers are never allowed by the policy of such a resource. Raises KeyError for an unknown type."""
    services = [Glob.of(f"{service}:*") for service in RESOURCE_TYPES[resource_type]]
    allows, denies = allowing(policy)
    return verdict(_TEXTS, (allow.statement for allow in allows if _is_public(allow, denies, services)))


def _is_public(allow: Region, denies: list[Region], services: list[Glob]) -> bool:
    try:
        return any(
            _admits_strangers(piece)
            for piece in pieces_of(allow, denies)
            if not all(piece.actions.misses(service) for service in services)
        )
    except TooManyPieces:
        return True


def _admits_strangers(piece: Piece) -> bool:
    if not all(is_stranger(callers) for callers in piece.principals):
        return False
    clauses = [literal.clause for literal in piece.literals if literal.known is Known.TRUE]
    providers = [callers.value for callers in piece.principals if isinstance(callers, Name)]
    if providers:
        return not any(_is_of_one_client(provider, clauses) for provider in providers)
    return not any(_tells_strangers_apart(clause) for clause in clauses)


def _tells_strangers_apart(clause: Clause) -> bool:
    """Whether a condition, where it holds, holds for nobody but chosen people."""
    if not _must_fit(clause):
        return False
    if clause.key in _ADDRESS_KEYS:
        return _are_narrow(clause.values)
    if clause.key in _PATH_KEYS:
        return all(_begins_with_organization(value) for value in clause.values)
    if clause.key not in _FIXED_KEYS:
        return False
    return all(_is_fixed(value) or (clause.key in _ARN_KEYS and _has_account(value)) for value in clause.values)


def _must_fit(clause: Clause) -> bool:
    """Whether it only holds where the key is there and one of its values is one of the clause's."""
    return not clause.negated and not clause.if_exists and clause.qualifier in (None, FOR_ANY) and bool(clause.values)


def _is_fixed(value: ValueSet) -> bool:
    match value:
        case Text(glob):
            return glob.text is not None and glob.text.lower() not in _NOBODY
        case ArnText(parts):
            return bool(parts) and all(part.text is not None for part in parts)
        case One("text", text):
            return text not in _NOBODY
    return False


def _has_account(value: ValueSet) -> bool:
    """Whether all ARNs of a pattern are of one account."""
    match value:
        case ArnText((_, _, _, _, account, _)):
            return account.text is not None and _ACCOUNT.fullmatch(account.text) is not None
        case Text(glob):
            return _OF_ACCOUNT.match(glob.beginning) is not None
    return False


def _begins_with_organization(value: ValueSet) -> bool:
    return isinstance(value, Text) and _ORGANIZATION.match(value.glob.beginning) is not None


def _are_narrow(values: tuple[ValueSet, ...]) -> bool:
    """Whether ranges, united, are few addresses: two halves of the internet are all of it."""
    ranges = [value for value in values if isinstance(value, Network)]
    four = [IPv4Network((each.first, each.mask.bit_count())) for each in ranges if each.version == 4]
    six = [IPv6Network((each.first, each.mask.bit_count())) for each in ranges if each.version == 6]
    united: list[IPv4Network | IPv6Network] = [*collapse_addresses(four), *collapse_addresses(six)]
    return (
        len(ranges) == len(values)
        and all(each.prefixlen >= _WIDEST[each.version] for each in united)
        and sum(each.num_addresses for each in united if each.version == 4) <= _MOST_ADDRESSES
    )


def _is_of_one_client(provider: str, clauses: list[Clause]) -> bool:
    """Whether an identity provider's people are only let in through, or as, whom a claim names.

    A SAML provider is the account's own; an OpenID Connect provider may serve everybody who has an account there. Of
    those that strangers share, everybody may ask for a token for any audience, so there only the subject tells.
    """
    if ":saml-provider/" in provider:
        return True
    host = provider.partition(":oidc-provider/")[2] or provider
    claims = {claim.lower() for claim in shared_claims(provider) or (f"{host}:aud", f"{host}:sub")}
    return any(
        clause.key in claims and _must_fit(clause) and all(_begins_fixed(value, host) for value in clause.values)
        for clause in clauses
    )


def _begins_fixed(value: ValueSet, host: str) -> bool:
    """Whether a pattern for a claim says anything: ``repo:acme/*`` does; ``*``, ``repo:*`` and ``https://*`` do not.

    Nor does the provider's own address, with which all its subjects may begin.
    """
    if not isinstance(value, Text):
        return _is_fixed(value)
    begin = value.glob.beginning
    said = _SCHEMES.sub("", begin, count=1).removeprefix(f"{host}/").lstrip("/")
    return value.glob.text == begin or "/" in said
