"""Checks of condition values: that they are what their operator compares, and what their key can hold.

Source: IAM User Guide, "Condition operators" and the pages of the keys; RFC 1918, 4193 and kin for private addresses.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Final

from daypass.analysis.action_checks import has_wildcard
from daypass.analysis.globs import VARIABLE
from daypass.analysis.json_tree import Kind
from daypass.analysis.principal_checks import SERVICE_FORM, is_service_principal
from daypass.policy import operands

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.analysis.places import Spot
    from daypass.analysis.review import Review
    from daypass.analysis.statements import Statement, Use

Network = IPv4Network | IPv6Network

_VPC, _VPCE = re.compile("vpc-(?:[0-9a-z]{8}|[0-9a-z]{17})"), re.compile("vpce-(?:[0-9a-z]{8}|[0-9a-z]{17})")
_KMS_KEY: Final = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+")
_KMS_KEYS: Final = frozenset({"s3:x-amz-server-side-encryption-aws-kms-key-id"})
_VIA_SERVICE: Final = re.compile(r"[a-z0-9-]+\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?")
_SERVICE_KEYS: Final = frozenset(
    {
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "iam:awsservicename",
        "iam:passedtoservice",
        "sts:awsservicename",
    }
)
_LEAST: Final = {"NumericGreaterThan": "least", "NumericGreaterThanEquals": "least"}
_GREATEST: Final = {"NumericLessThan": "greatest", "NumericLessThanEquals": "greatest"}


def check_values(statement: Statement, review: Review) -> None:
    """All values of all conditions."""
    for use in statement.uses:
        base = use.base
        if base in ("Bool", "Null"):
            _check_booleans(use, review)
        elif base.startswith("Numeric"):
            _check_numbers(use, review)
        elif base.startswith("Date"):
            _check_dates(use, review)
        elif base.removeprefix("Not") == "IpAddress":
            _check_addresses(use, review)
        elif base == "BinaryEquals":
            _check_each(use, review, "TYPE_MISMATCH_STRING", lambda text: operands.binary(text) is not None)
        elif base.startswith("String"):
            _check_texts(use, review)


def _check_each(use: Use, review: Review, code: str, fits: Callable[[str], bool]) -> None:
    for value in use.values:
        if "${" not in value.text and not fits(value.text):
            review.report.add(code, value, operator=use.written_operator)


def _check_booleans(use: Use, review: Review) -> None:
    _check_each(use, review, "TYPE_MISMATCH_BOOLEAN", lambda text: operands.truth(text) is not None)
    if use.base == "Bool" and len(use.values) > 1:
        review.report.add("INVALID_CONDITION_MULTIPLE_BOOLEAN", use.value_spot)


def _check_numbers(use: Use, review: Review) -> None:
    _check_each(use, review, "TYPE_MISMATCH_NUMBER", lambda text: operands.number(text) is not None)
    which = (_LEAST | _GREATEST).get(use.base)
    if which is not None and len(use.values) > 1:
        review.report.add(
            "REDUNDANT_CONDITION_VALUE_NUM", use.value_spot,
            operator=use.written_operator, which=which, key=use.written_key,
        )  # fmt: skip


def _check_dates(use: Use, review: Review) -> None:
    for value in use.values:
        if operands.instant(value.text) is None and "${" not in value.text:
            review.report.add("TYPE_MISMATCH_DATE", value)
        elif value.text.isdigit():
            review.report.add("INVALID_DATE_VALUE", value, date=value.text)


def _network(text: str) -> Network | None:
    if operands.network(text) is None:
        return None
    return ip_network(text, strict=False)


def _check_addresses(use: Use, review: Review) -> None:
    found: list[Network] = []
    for value in use.values:
        network = _network(value.text)
        if network is None:
            if "${" not in value.text:
                review.report.add("TYPE_MISMATCH_IP_RANGE", value, operator=use.written_operator)
            continue
        found.append(network)
        if (
            "/" in value.text
            and ip_network(f"{value.text.partition('/')[0]}").network_address != network.network_address
        ):
            review.report.add("IMPROVE_IP_RANGE", value, addr=network)
    if use.key == "aws:sourceip" and found:
        _check_private(use, found, review)


def _check_private(use: Use, found: list[Network], review: Review) -> None:
    """AWS sees public addresses only."""
    private = [_is_private(network) for network in found]
    code = "PRIVATE_NOT_IP_ADDRESS" if use.base == "NotIpAddress" else "PRIVATE_IP_ADDRESS"
    if all(private):
        review.report.add(code, use.value_spot)
    elif any(private):
        review.report.add(f"{code}_SUBSET", use.value_spot)


_PRIVATE: Final = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10", "::1/128")))  # fmt: skip


def _is_private(network: Network) -> bool:
    return any(
        network.version == private.version and network.subnet_of(private)  # type: ignore[arg-type] # same version
        for private in _PRIVATE
    )


def _check_texts(use: Use, review: Review) -> None:
    for value in use.values:
        if value.kind is not Kind.STRING:
            continue
        _check_wildcard(use, value, review)
        if "${" not in value.text and not has_wildcard(value.text):
            _check_form(use, value, review)


def _check_wildcard(use: Use, value: Spot, review: Review) -> None:
    if "Like" not in use.base and has_wildcard(VARIABLE.sub("", value.text)):
        review.report.add("WILDCARD_WITHOUT_LIKE_OPERATOR", use.operator_spot, value)


def _check_form(use: Use, value: Spot, review: Review) -> None:
    """What keys of known content can hold."""
    text = value.text
    if use.key == "aws:requestedregion" and text not in review.knowledge.regions:
        review.report.add("INVALID_REGION", value, region=text)
    elif use.key == "aws:sourcevpc" and not _VPC.fullmatch(text):
        review.report.add("INVALID_VPC_FORMAT", value)
    elif use.key == "aws:sourcevpce" and not _VPCE.fullmatch(text):
        review.report.add("INVALID_VPCE_FORMAT", value)
    elif use.key in _SERVICE_KEYS and not is_service_principal(text):
        review.report.add("INVALID_SERVICE_PRINCIPAL_FORMAT", value, expectedFormat=SERVICE_FORM)
    elif use.key == "kms:viaservice" and not _VIA_SERVICE.fullmatch(text):
        review.report.add(
            "INVALID_SERVICE_PRINCIPAL_FORMAT", value, expectedFormat="service-name.AWS_region.amazonaws.com"
        )
    elif use.key in _KMS_KEYS and not _KMS_KEY.fullmatch(text):
        review.report.add("INVALID_KMS_KEY_VALUE", value, key=use.written_key)
