"""Which service a request is for: host name, then signature scope, then what only that service's clients send.

The order is the one that makes one port serve all of them (endpoints.md 2): a host name that names a service is believed,
since its clients sign it; then the service in the credential scope; then ``X-Amz-Target``, a Query action, a form, JSON
posted to the path of a rest-json operation (to a key, S3 takes POST with a query only); and everything else is S3, whose
clients may be anonymous.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from daypass.protocol.aws_json import JsonService
from daypass.protocol.errors import CORRECTIONS
from daypass.protocol.hosts import service_of_host
from daypass.protocol.models import load_model
from daypass.protocol.percent import NotText, pairs_of
from daypass.protocol.query import FORM, QueryService
from daypass.protocol.rest_json import RestJsonService
from daypass.protocol.s3 import S3Service
from daypass.protocol.signin import PATHS as SIGNIN_PATHS
from daypass.protocol.signin import SigninService

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daypass.protocol.service import Service
    from daypass.request import Request

SERVICES = ("sts", "iam", "s3", "cloudtrail", "signin", "access-analyzer")
MODELS = {"access-analyzer": "accessanalyzer"}
"""Where botocore's folder of a model is not called by the service's signing name."""
_DURATIONS = ("roleDurationSecondsType", "durationSecondsType")


class Protocols:
    """The services of one server."""

    def __init__(self, services: Mapping[str, Service], domains: tuple[str, ...] = ()) -> None:
        self.services = services
        self._domains = domains
        self._versions = {
            service.model.metadata.api_version: service
            for service in services.values()
            if service.model.metadata.protocol == "query"
        }

    @classmethod
    def load(
        cls, services: Sequence[str] = SERVICES, *, domains: Sequence[str] = (), minimum_duration: int = 900
    ) -> Self:
        """Read the models. ``domains`` are the operator's own; ``minimum_duration`` replaces AWS's least session length."""
        loaded: dict[str, Service] = {}
        lowered = tuple(domain.lower().strip(".") for domain in domains)
        for name in services:
            if name == "signin":
                loaded[name] = SigninService()
                continue
            corrections = dict(CORRECTIONS.get(name, {}).get("shapes", {}))
            if name == "sts":
                corrections |= {shape: {"min": minimum_duration} for shape in _DURATIONS}
            model = load_model(MODELS.get(name, name), corrections, CORRECTIONS.get(name, {}).get("order", {}))
            match model.metadata.protocol:
                case "query":
                    loaded[name] = QueryService(name, model)
                case "json":
                    loaded[name] = JsonService(name, model)
                case "rest-json":
                    loaded[name] = RestJsonService(name, model)
                case _:
                    loaded[name] = S3Service(name, model, lowered)
        return cls(loaded, lowered)

    def service_of(self, request: Request) -> Service:
        """The service of a request, from its head alone. Never fails."""
        host, authorization, kind = "", "", ""
        target = False
        for name, value in request.headers:
            if name == b"host":
                host = host or value.decode("latin-1")
            elif name == b"authorization":
                authorization = authorization or value.decode("latin-1")
            elif name == b"x-amz-target":
                target = True
            elif name == b"content-type":
                kind = value.partition(b";")[0].strip().lower().decode("latin-1")
        found = service_of_host(host, self._domains) or _scope(authorization) or ""
        if service := self.services.get(found):
            return service
        return self._by_content(request, kind, target=target)

    def _by_content(self, request: Request, kind: str, *, target: bool) -> Service:
        """The service of a request that neither host nor header names."""
        first: dict[str, str] = {}
        if request.raw_query:
            try:
                for name, value in pairs_of(request.raw_query):
                    first.setdefault(name, value)
            except NotText:
                first = {}
        credential = first.get("X-Amz-Credential", "").split("/")
        if len(credential) >= 5 and credential[-2] in self.services:
            return self.services[credential[-2]]
        if request.raw_path in SIGNIN_PATHS and "signin" in self.services and not _signed(request, first):
            return self.services["signin"]
        root = request.raw_path in (b"/", b"")
        if target and root and "cloudtrail" in self.services:
            return self.services["cloudtrail"]
        if root and ("Action" in first or "Version" in first):
            return self._versions.get(first.get("Version", ""), self._fallback("sts"))
        if kind == "application/json" and request.method == "POST" and not (root or request.raw_query):
            for service in self.services.values():
                if isinstance(service, RestJsonService) and service.routes.knows("POST", request.raw_path):
                    return service
        return self._fallback("sts" if root and kind == FORM and request.method == "POST" else "s3")

    def _fallback(self, name: str) -> Service:
        return self.services.get(name) or next(iter(self.services.values()))


def _signed(request: Request, query: Mapping[str, str]) -> bool:
    """Whether a request carries a signature of any version: then a bucket is meant, whatever it is called."""
    return request.header(b"authorization") is not None or not query.keys().isdisjoint(("X-Amz-Signature", "Signature"))


def _scope(authorization: str) -> str | None:
    """The service in the credential scope of a Signature Version 4 header, unverified."""
    if not authorization.startswith("AWS4-HMAC-SHA256"):
        return None
    credential = authorization.partition("Credential=")[2].partition(",")[0].strip()
    parts = credential.rsplit("/", 2)
    return parts[1] if len(parts) == 3 else None
