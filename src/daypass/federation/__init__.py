"""Proof from outside: tokens of OpenID Connect providers and assertions of SAML identity providers.

Nothing here decides who may do what: it says who somebody is, by whom, and on which conditions that was verified.
"""

from daypass.federation.aws_claims import Roles, SessionClaims
from daypass.federation.fetching import Fetcher, Verification
from daypass.federation.networks import AllowedNetworks, Network
from daypass.federation.openid import OpenId, Verified
from daypass.federation.problems import Faulty, ProviderProblem, Unreachable, Untrusted
from daypass.federation.web_claims import WebIdentity, web_identity
from daypass.federation.web_tokens import UnverifiedToken, read

__all__ = [
    "AllowedNetworks",
    "Faulty",
    "Fetcher",
    "Network",
    "OpenId",
    "ProviderProblem",
    "Roles",
    "SessionClaims",
    "Unreachable",
    "Untrusted",
    "UnverifiedToken",
    "Verification",
    "Verified",
    "WebIdentity",
    "read",
    "web_identity",
]
