"""The settings that operations and access read. Where they come from is :mod:`daypass.config`'s business."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one server, the same in every worker. Names follow ``DAYPASS_A_B`` / ``a.b`` of the configuration."""

    region: str = "us-east-1"
    """The region that answers where a request names none."""
    sts_minimum_duration: int = 900
    """Seconds; AWS's least is 900, tests of refreshing clients need shorter sessions."""
    sts_max_chain_age: int = 0
    """Seconds since the first session of a role chain after which it may not be extended; 0 is no limit."""
    sts_issuer_base_url: str = ""
    """The URL (scheme and host) below which accounts are OpenID issuers; empty where there is none."""
    access_encoded_messages: bool = False
    """Whether access-denied texts of IAM, STS and CloudTrail end with an encoded authorization message."""
    federation_saml_replay: str = "allow"
    """Whether an assertion may be used again within its time (``allow``) or is good once (``refuse``)."""
