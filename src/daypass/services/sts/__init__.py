"""AWS Security Token Service (API version 2011-06-15): sessions that expire by themselves.

Importing this package fills :data:`sts` with the operations that are implemented.
"""

from daypass.services.sts import (
    assume_role,
    assume_role_with_saml,
    assume_role_with_web_identity,
    assume_root,
    decode_authorization_message,
    get_delegated_access_token,
    get_federation_token,
    get_session_token,
    get_web_identity_token,
    introspection,
)
from daypass.services.sts.operations import sts

__all__ = [
    "assume_role",
    "assume_role_with_saml",
    "assume_role_with_web_identity",
    "assume_root",
    "decode_authorization_message",
    "get_delegated_access_token",
    "get_federation_token",
    "get_session_token",
    "get_web_identity_token",
    "introspection",
    "sts",
]
