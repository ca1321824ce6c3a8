"""What a host name says: the service, and the bucket of a virtual-hosted request.

Host names are AWS's own (``sts.eu-west-1.amazonaws.com``, ``bucket.s3.amazonaws.com``, dual-stack, FIPS and VPC endpoint
forms), the same below an operator's domains, and below ``localhost``, which RFC 6761 gives to loopback.
"""

from __future__ import annotations

import re
from functools import lru_cache

_AWS = (
    ".aws.amazon.com",
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
    ".amazonaws.eu",
    ".api.amazonwebservices.eu",
)
_LOCAL = "localhost"
_REGION = r"[a-z]{2,5}(?:-[a-z]+)+-\d{1,2}"
_S3 = re.compile(rf"(?:(?P<bucket>.+)\.)?s3(?:-fips)?(?:-{_REGION})?(?:\.dualstack)?(?:\.{_REGION})?")
_SIGNIN = re.compile(rf"(?:{_REGION}\.)?signin")
_OTHER = re.compile(rf"(?P<service>sts|iam|cloudtrail|access-analyzer)(?:-fips)?(?:\.(?:{_REGION}|global|us-gov))?")
_VPC_ENDPOINT = re.compile(
    r"(?:(?P<bucket>.+)\.bucket\.)?vpce-[0-9a-z-]+\.(?P<service>sts|iam|s3|cloudtrail|access-analyzer)\.[a-z0-9-]+\.vpce"
)


def host_name(host: str) -> str:
    """A Host header without its port, in lower case."""
    name = host.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0][1:]
    return name.partition(":")[0].rstrip(".")


def service_of_host(host: str, domains: tuple[str, ...]) -> str | None:
    """The service that a host name belongs to, or None where it says nothing."""
    found = _split(host_name(host), domains)
    return found[0] if found else None


def bucket_of(host: str, domains: tuple[str, ...]) -> str | None:
    """The bucket in a virtual-hosted request's host name."""
    found = _split(host_name(host), domains)
    return found[1] if found else None


@lru_cache(maxsize=1024)
def _split(name: str, domains: tuple[str, ...]) -> tuple[str, str | None] | None:
    """Service and bucket of a host name."""
    for suffix in _AWS:
        if name.endswith(suffix):
            return _aws(name[: -len(suffix)])
    for domain in (*domains, _LOCAL):
        if name.endswith(f".{domain}"):
            front = name[: -len(domain) - 1]
            return _aws(front) or ("s3", front)
    return None


def _aws(front: str) -> tuple[str, str | None] | None:
    """Service and bucket of a host name in AWS's form without its suffix."""
    if found := _VPC_ENDPOINT.fullmatch(front):
        return found["service"], found["bucket"] if found["service"] == "s3" else None
    if _SIGNIN.fullmatch(front):
        return "signin", None
    if found := _OTHER.fullmatch(front):
        return found["service"], None
    if found := _S3.fullmatch(front):
        return "s3", found["bucket"]
    return None
