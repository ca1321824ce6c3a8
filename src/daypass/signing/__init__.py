"""Signatures: read from a request, checked one by one in AWS's order, and made.

``read_signature`` (form), ``check_scope``, ``check_time``, then the caller finds the key, then ``verify``; the body of an
S3 upload in chunks goes through a ``ChunkedDecoder``. Pure: keys and time are arguments.
"""

from daypass.signing.checks import check_scope, check_time
from daypass.signing.chunked import ChunkedDecoder
from daypass.signing.faults import Dialect, SigningError, missing_signature, unsupported_mechanism
from daypass.signing.keys import SigningKey, SigningKeyCache, signing_key
from daypass.signing.presign import presign, sign_header
from daypass.signing.read import read_signature
from daypass.signing.signature import Form, PayloadKind, Signature, anonymous_payload
from daypass.signing.verify import verify

__all__ = [
    "ChunkedDecoder",
    "Dialect",
    "Form",
    "PayloadKind",
    "Signature",
    "SigningError",
    "SigningKey",
    "SigningKeyCache",
    "anonymous_payload",
    "check_scope",
    "check_time",
    "missing_signature",
    "presign",
    "read_signature",
    "sign_header",
    "signing_key",
    "unsupported_mechanism",
    "verify",
]
