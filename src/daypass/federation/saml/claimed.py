"""Which providers and roles a response speaks of, before anybody vouches for it.

A person who signs in by posting a response names no provider beside it. What is read here says only whose keys are to be
asked, and can only refuse: everything is read again from the verified assertion.
"""

from __future__ import annotations

from daypass.federation.saml.claims import PREFIX, roles_of
from daypass.federation.saml.documents import SAML, elements, whole_text
from daypass.federation.saml.response import response_of


def claimed_providers(text: str) -> tuple[str, ...]:
    """The ARNs of the providers in the Role attributes of a response, each once. Raises ApiError for what is no response."""
    values = tuple(
        whole_text(value)
        for attribute in response_of(text).iter(f"{SAML}Attribute")
        if attribute.get("Name") == f"{PREFIX}Role"
        for value in elements(attribute, f"{SAML}AttributeValue")
    )
    return tuple(sorted({provider for _, provider in roles_of(values)}))
