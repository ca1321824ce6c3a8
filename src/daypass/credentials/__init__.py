"""Credentials: their identifiers, their secrets, the key ring, session tokens, and codes of MFA devices.

Pure: keys, time and random bytes are arguments.
"""

from daypass.credentials.ids import access_key_id, account_of, unique_id
from daypass.credentials.keyring import CannotOpen, KeyDates, KeyRing, LiveKeyRing, Purpose, key_id_of
from daypass.credentials.passwords import SALT_BYTES, hashed_password, is_password
from daypass.credentials.secrets import Secret, secret_access_key
from daypass.credentials.session_token import (
    LARGEST_TOKEN,
    ChainRoot,
    Federation,
    Session,
    SessionKind,
    open_session,
    seal_session,
    utilization,
)
from daypass.credentials.totp import base32_seed, matching_step, provisioning_uri

__all__ = [
    "LARGEST_TOKEN",
    "SALT_BYTES",
    "CannotOpen",
    "ChainRoot",
    "Federation",
    "KeyDates",
    "KeyRing",
    "LiveKeyRing",
    "Purpose",
    "Secret",
    "Session",
    "SessionKind",
    "access_key_id",
    "account_of",
    "base32_seed",
    "hashed_password",
    "is_password",
    "key_id_of",
    "matching_step",
    "open_session",
    "provisioning_uri",
    "seal_session",
    "secret_access_key",
    "unique_id",
    "utilization",
]
