"""What relying parties fetch of an account that issues identity tokens: its discovery document and its public keys.

Sources: OpenID Connect Discovery 1.0 section 4, RFC 7517 section 5. Both are open to everybody, without a signature, below
``/oidc/UUID/``. They go on being served when the feature is switched off, for tokens outlive that. The path is ours for
unsigned requests alone, whatever stands there in a bucket named ``oidc``: nobody's object can pass for a document of an
issuer. A signed request for it, or one to the host name of a bucket, is S3's as ever. Other spellings of such a path are
the same URL (RFC 3986 section 6.2.2), and what lies between may take them for it: nothing is found there, no object either.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import msgspec

from daypass.directory import OutboundIssuer
from daypass.directory.issuers import AHEAD, ALGORITHMS
from daypass.errors import ApiError
from daypass.protocol.hosts import bucket_of
from daypass.protocol.percent import raw_bytes
from daypass.request import Response
from daypass.services.signing_keys import public_jwk
from daypass.store import Conflict, StoreProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.directory import View
    from daypass.request import Request
    from daypass.settings import Settings

LOG = logging.getLogger("daypass")
PREFIX = b"/oidc/"
DISCOVERY = "openid-configuration"
KEYS = "jwks.json"
NO_BASE_URL = (
    "This server has no URL under which relying parties could fetch the keys of an issuer: its operator has to set "
    "sts.issuer_base_url."
)

_PATH = re.compile(
    rb"/oidc/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/\.well-known/(openid-configuration|jwks\.json)"
)
_SPELT_OTHERWISE = re.compile(rb"%|//|/\.")
"""What a path has that may stand for another one."""
_NO_NAME = frozenset({b"", b".", b".."})
_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"public, max-age=%d" % (AHEAD // 2)),
    (b"access-control-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
)
_CLAIMS = ("aud", "exp", "https://sts.amazonaws.com/", "iat", "iss", "jti", "sub")
_SIGNED_QUERY = (b"X-Amz-Signature", b"X-Amz-Algorithm", b"Signature=")
_NOT_FOUND = Response(404, ((b"content-type", b"application/json"),), b'{"error":"not_found"}')
_NOT_NOW = Response(503, ((b"content-type", b"application/json"),), b'{"error":"temporarily_unavailable"}')


class IssuerDocuments:
    """The documents of all issuers of a server. ``domains`` are the operator's own, below which buckets have names."""

    def __init__(
        self,
        view: Callable[[], View],
        settings: Settings,
        now: Callable[[], float],
        domains: tuple[str, ...] = (),
    ) -> None:
        self._view = view
        self._settings = settings
        self._now = now
        self._domains = domains

    def answer(self, request: Request) -> Response | None:
        """The answer to a request for a document of an issuer; None for any other request. Never raises."""
        path = request.raw_path
        if not path.startswith(PREFIX) and _SPELT_OTHERWISE.search(path) is None:
            return None
        asked = _PATH.fullmatch(path)
        if (asked is None and not _stands_for_a_document(path)) or not self._is_ours(request):
            return None
        if asked is None:
            return _NOT_FOUND
        try:
            return self._document(asked[1].decode(), asked[2].decode())
        except (Conflict, StoreProblem):
            LOG.exception("an issuer's document cannot be read")
            return _NOT_NOW

    def _is_ours(self, request: Request) -> bool:
        if request.method not in {"GET", "HEAD"} or request.header(b"authorization") is not None:
            return False
        if any(mark in request.raw_query for mark in _SIGNED_QUERY):
            return False
        return bucket_of(request.header(b"host") or "", self._domains) is None

    def _document(self, issuer_id: str, name: str) -> Response:
        view = self._view()
        issuer = view.by_id(OutboundIssuer, issuer_id)
        url = None if issuer is None else issuer_url(issuer, self._settings)
        if issuer is None or url is None:
            return _NOT_FOUND
        content = _discovery(url) if name == DISCOVERY else _keys(issuer, view, self._now())
        return Response(200, _HEADERS, msgspec.json.encode(content))


def _stands_for_a_document(path: bytes) -> bool:
    """Whether a path may be taken for that of a document: by RFC 3986, or by a proxy that makes more of slashes."""
    for segments in (raw_bytes(path).split(b"/"), [raw_bytes(part) for part in path.split(b"/")]):
        if segments[-1] in _NO_NAME:
            return False
        merged = [segment for segment in segments if segment]
        if any(_PATH.fullmatch(_without_dots(each)) for each in (segments[1:], merged)):
            return True
    return False


def _without_dots(segments: list[bytes]) -> bytes:
    """The path of segments, dot segments resolved (RFC 3986 section 5.2.4) and slashes that follow one another merged."""
    kept: list[bytes] = []
    for segment in segments:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    return b"".join(b"/" + segment for segment in kept if segment)


def issuer_url(issuer: OutboundIssuer, settings: Settings) -> str | None:
    """The issuer identifier: the ``iss`` of its tokens. None where the server has no base URL for issuers."""
    return f"{settings.sts_issuer_base_url}/oidc/{issuer.id}" if settings.sts_issuer_base_url else None


def required_issuer_url(issuer: OutboundIssuer, settings: Settings) -> str:
    """The same for operations of IAM. Raises InvalidInput, which tells whose fault it is."""
    url = issuer_url(issuer, settings)
    if url is None:
        raise ApiError("InvalidInput", NO_BASE_URL)
    return url


def _discovery(url: str) -> dict[str, Any]:
    return {
        "issuer": url,
        "jwks_uri": f"{url}/.well-known/{KEYS}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "claims_supported": list(_CLAIMS),
    }


def _keys(issuer: OutboundIssuer, view: View, now: float) -> dict[str, Any]:
    shown = view.derived(issuer.account, "issuer-jwks", lambda: {key.id: public_jwk(key) for key in issuer.keys})
    return {"keys": [shown[key.id] for key in issuer.published(now)]}
