"""Signed requests for the tests of this room: made by hand, by our own signer, or by botocore as a stranger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from daypass.signing import (
    Dialect,
    Signature,
    SigningKeyCache,
    check_scope,
    check_time,
    read_signature,
    sign_header,
    verify,
)

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGIONS = frozenset(("us-east-1", "eu-west-1"))
EMPTY = sha256(b"").hexdigest()
NOW = 1369353600.0  # 2013-05-24 00:00:00 UTC, the day of S3's examples
STAMP = "20130524T000000Z"


@dataclass
class Sent:
    """A request as it arrives. Tests change it and see what still verifies."""

    method: str = "GET"
    path: bytes = b"/"
    query: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    dialect: Dialect = Dialect.S3

    def read(self) -> Signature | None:
        return read_signature(self.method, self.path, self.query, self.headers, self.dialect)

    def signature(self) -> Signature:
        signature = self.read()
        assert signature is not None
        return signature

    def accept(
        self, secret: str = SECRET, *, service: str | None = None, now: float = NOW, host_bucket: bytes = b""
    ) -> Signature:
        """All checks in order, as the room's caller makes them."""
        signature = self.signature()
        check_scope(signature, service=service or ("s3" if self.dialect is Dialect.S3 else "sts"), regions=REGIONS)
        check_time(signature, now)
        payload = sha256(self.body).hexdigest()
        if self.dialect is Dialect.S3:
            assert signature.payload is not None
            payload = signature.payload
        verify(signature, SigningKeyCache().get(secret, signature), payload, host_bucket=host_bucket)
        return signature

    def header(self, name: bytes) -> bytes:
        return next(value for key, value in self.headers if key == name)

    def without(self, name: bytes) -> list[tuple[bytes, bytes]]:
        return [(key, value) for key, value in self.headers if key != name]

    def with_header(self, name: bytes, value: bytes) -> Sent:
        return Sent(self.method, self.path, self.query, [*self.without(name), (name, value)], self.body, self.dialect)

    def with_query(self, query: bytes) -> Sent:
        return Sent(self.method, self.path, query, self.headers, self.body, self.dialect)


def by_hand(authorization: str, method: str, path: bytes, query: bytes, **headers: str) -> Sent:
    """A request with an Authorization header as written; ``_`` in header names stands for ``-``."""
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Sent(method, path, query, [*listed, (b"authorization", authorization.encode())])


def s3_get(path: bytes = b"/bucket/key", query: bytes = b"", method: str = "GET", **more: str) -> Sent:
    """An S3 request signed by ourselves."""
    extra = [(name.replace("_", "-").encode(), value.encode()) for name, value in more.items()]
    headers = sign_header(
        method,
        path,
        query,
        [(b"host", b"s3.example.com"), *extra],
        access_key_id=KEY_ID,
        secret=SECRET,
        region="us-east-1",
        service="s3",
        now=NOW,
        payload=EMPTY,
    )
    return Sent(method, path, query, headers)


def sts_post(body: bytes = b"Action=GetCallerIdentity&Version=2011-06-15", dialect: Dialect = Dialect.QUERY) -> Sent:
    """An STS request signed by ourselves."""
    headers = sign_header(
        "POST",
        b"/",
        b"",
        [(b"host", b"sts.example.com"), (b"content-type", b"application/x-www-form-urlencoded")],
        access_key_id=KEY_ID,
        secret=SECRET,
        region="us-east-1",
        service="sts",
        now=NOW,
        payload=sha256(body).hexdigest(),
    )
    return Sent("POST", b"/", b"", headers, body, dialect)


def by_botocore(
    signer: Any,
    method: str,
    url: str,
    *arguments: Any,
    headers: dict[str, str] | None = None,
    data: bytes = b"",
    token: str | None = None,
    dialect: Dialect = Dialect.S3,
    **options: Any,
) -> Sent:
    """A request that botocore's ``signer`` has signed, at the present time, as it would go over the wire."""
    request: Any = AWSRequest(method=method, url=url, data=data, headers=headers or {})  # type: ignore[no-untyped-call]
    if signer.__name__.startswith("S3"):
        request.context["client_config"] = None
        request.context["payload_signing_enabled"] = True
    credentials = Credentials(KEY_ID, SECRET, token)  # type: ignore[no-untyped-call]
    signer(credentials, *arguments, **options).add_auth(request)
    parts = urlsplit(request.url)
    listed = [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]
    if not any(name == b"host" for name, _ in listed):
        listed.append((b"host", parts.netloc.encode()))
    listed.append((b"user-agent", b"Boto3"))
    listed.append((b"amz-sdk-request", b"attempt=1"))
    return Sent(method, parts.path.encode(), parts.query.encode(), listed, data, dialect)


def present() -> float:
    return dt.datetime.now(dt.UTC).timestamp()
