"""``saml:*`` condition keys of a call (IAM User Guide, "Available keys for SAML-based AWS STS federation").

An attribute is seen by policies only where it stands in this table. Of several attributes, or values, that mean one key of
a single value, the first in the order of the table counts.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from daypass.federation.saml.assertion import Assertion

_FORMAT_PREFIX: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
_EDU_PERSON: Final = "urn:oid:1.3.6.1.4.1.5923.1.1.1."
_EDU_ORG: Final = "urn:oid:1.3.6.1.4.1.5923.1.2.1."
_CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_SEVERAL: Final = {
    f"{_EDU_PERSON}1": "edupersonaffiliation",
    f"{_EDU_PERSON}2": "edupersonnickname",
    f"{_EDU_PERSON}4": "edupersonorgunitdn",
    f"{_EDU_PERSON}7": "edupersonentitlement",
    f"{_EDU_PERSON}9": "edupersonscopedaffiliation",
    f"{_EDU_PERSON}10": "edupersontargetedid",
    f"{_EDU_PERSON}11": "edupersonassurance",
    f"{_EDU_ORG}2": "eduorghomepageuri",
    f"{_EDU_ORG}3": "eduorgidentityauthnpolicyuri",
    f"{_EDU_ORG}4": "eduorglegalname",
    f"{_EDU_ORG}5": "eduorgsuperioruri",
    f"{_EDU_ORG}6": "eduorgwhitepagesuri",
    "urn:oid:2.5.4.3": "cn",
}
_ONE: Final = {
    f"{_EDU_PERSON}3": "edupersonorgdn",
    f"{_EDU_PERSON}5": "edupersonprimaryaffiliation",
    f"{_EDU_PERSON}6": "edupersonprincipalname",
    f"{_EDU_PERSON}8": "edupersonprimaryorgunitdn",
    f"{_CLAIMS}name": "name",
    "http://schemas.xmlsoap.org/claims/CommonName": "commonname",
    f"{_CLAIMS}givenname": "givenname",
    f"{_CLAIMS}surname": "surname",
    f"{_CLAIMS}emailaddress": "mail",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": "primarygroupsid",
    "2.5.4.3": "commonname",
    "2.5.4.4": "surname",
    "2.5.4.42": "givenname",
    "2.5.4.45": "x500uniqueidentifier",
    "0.9.2342.19200300.100.1.1": "uid",
    "0.9.2342.19200300.100.1.3": "mail",
    "0.9.2342.19200300.100.1.45": "organizationstatus",
}


def subject_type(assertion: Assertion) -> str:
    """``SubjectType``: the format of the NameID, without the prefix of SAML 2.0's own formats."""
    return assertion.subject_format.removeprefix(_FORMAT_PREFIX)


def name_qualifier(issuer: str, account: str, provider: str) -> str:
    """``NameQualifier``: with the subject it names a person for good. The hash is AWS's, and a name, no proof."""
    return b64encode(sha1(f"{issuer}{account}/{provider}".encode(), usedforsecurity=False).digest()).decode()


def saml_keys(assertion: Assertion, account: str, provider: str, recipient: str) -> dict[str, str | tuple[str, ...]]:
    """The condition keys, names in lower case."""
    keys: dict[str, str | tuple[str, ...]] = {
        "saml:aud": recipient,
        "saml:iss": assertion.issuer,
        "saml:sub": assertion.subject or "",
        "saml:sub_type": subject_type(assertion),
        "saml:namequalifier": name_qualifier(assertion.issuer, account, provider),
        "saml:doc": f"{account}/{provider}",
    }
    for attribute, name in _SEVERAL.items():
        values = assertion.attributes.get(attribute, ())
        if values:
            keys[f"saml:{name}"] = values
    for attribute, name in _ONE.items():
        values = assertion.attributes.get(attribute, ())
        if values:
            keys.setdefault(f"saml:{name}", values[0])
    return keys
