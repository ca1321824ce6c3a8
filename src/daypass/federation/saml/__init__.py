"""Proof by SAML 2.0: an identity provider's metadata, and what its signed assertions say (OASIS SAML 2.0 core, bindings).

XML is parsed in one place (:mod:`documents`), signatures and ciphertexts are checked by xmlsec, and every value that is
used is read from the bytes that a signature was verified over (:mod:`response`). Nothing here knows roles or policies.
"""

from daypass.federation.saml.assertion import Assertion
from daypass.federation.saml.claimed import claimed_providers
from daypass.federation.saml.claims import Claims, claims_of
from daypass.federation.saml.condition_keys import saml_keys
from daypass.federation.saml.encryption import UnusableKey, check_private_key
from daypass.federation.saml.metadata import Metadata, UnusableMetadata, read_metadata, writable
from daypass.federation.saml.once import used_once
from daypass.federation.saml.refusals import no_provider
from daypass.federation.saml.response import Trusted, assertion_of
from daypass.federation.saml.rules import check_conditions, check_metadata_time

__all__ = [
    "Assertion",
    "Claims",
    "Metadata",
    "Trusted",
    "UnusableKey",
    "UnusableMetadata",
    "assertion_of",
    "check_conditions",
    "check_metadata_time",
    "check_private_key",
    "claimed_providers",
    "claims_of",
    "no_provider",
    "read_metadata",
    "saml_keys",
    "used_once",
    "writable",
]
