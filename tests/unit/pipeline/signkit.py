"""Signature Version 4 by its plain rules: what no client would send is signed here, each part as a test bends it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from daypass.request import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "localhost:4100"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def stamp(now: float) -> str:
    """``20260115T080000Z``."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")


@dataclass
class Signer:
    """Signature Version 4 by its plain rules, each part of which a test may bend."""

    credentials: Mapping[str, str]
    now: float
    service: str = "sts"
    region: str = "us-east-1"
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers, signed."""
    day: str | None = None
    unsigned: tuple[str, ...] = ()
    """Headers that are sent and not signed."""

    def header(self, parameters: Mapping[str, str] | str, path: str = "/") -> Request:
        """A POST with a form body, signed in the Authorization header."""
        body = parameters if isinstance(parameters, str) else urlencode(parameters)
        headers = {"content-type": FORM, "host": HOST, "x-amz-date": stamp(self.now)}
        if self.credentials.get("SessionToken") is not None:
            headers["x-amz-security-token"] = self.credentials["SessionToken"]
        headers |= self.headers
        names = ";".join(sorted(name for name in headers if name not in self.unsigned))
        signature = self._signature("POST", path, "", headers, names, body.encode())
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.credentials['AccessKeyId']}/{self._scope()}, "
            f"SignedHeaders={names}, Signature={signature}"
        )
        return Request("POST", path.encode(), b"", _pairs(headers), body.encode(), "192.0.2.7")

    def presigned(self, parameters: Mapping[str, str], expires: str = "60") -> Request:
        """A GET signed in its query."""
        headers = {"host": HOST} | self.headers
        names = ";".join(sorted(name for name in headers if name not in self.unsigned))
        query = dict(parameters) | {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.credentials['AccessKeyId']}/{self._scope()}",
            "X-Amz-Date": stamp(self.now),
            "X-Amz-Expires": expires,
            "X-Amz-SignedHeaders": names,
        }
        if self.credentials.get("SessionToken") is not None:
            query["X-Amz-Security-Token"] = self.credentials["SessionToken"]
        text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items()))
        text += f"&X-Amz-Signature={self._signature('GET', '/', text, headers, names, b'')}"
        return Request("GET", b"/", text.encode(), _pairs(headers), b"", "192.0.2.7")

    def _scope(self) -> str:
        return f"{self.day or stamp(self.now)[:8]}/{self.region}/{self.service}/aws4_request"

    def _signature(  # noqa: PLR0917 - the parts of a canonical request, in its order
        self, method: str, path: str, query: str, headers: dict[str, str], names: str, body: bytes
    ) -> str:
        lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names.split(";"))
        request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        key = f"AWS4{self.credentials['SecretAccessKey']}".encode()
        for part in self._scope().split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        to_sign = f"AWS4-HMAC-SHA256\n{stamp(self.now)}\n{self._scope()}\n{hashed}"
        return hmac.digest(key, to_sign.encode(), "sha256").hex()


def signed(credentials: Mapping[str, str], parameters: Mapping[str, str] | str, *, now: float, **bent: Any) -> Request:
    """A form signed in the Authorization header."""
    return Signer(credentials, now, **bent).header(parameters)


def _pairs(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
