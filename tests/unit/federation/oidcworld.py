"""OpenID providers in a test's own process: their keys, their documents, their tokens, and whom they open roles for.

What a test wants to be wrong it passes as a part (``token(iss=...)``, ``header=...``), or writes with its own hands
(:func:`compact`). :class:`Documents` stands where the network is: it tells what was fetched, and fails as it is told.
"""

from __future__ import annotations

import asyncio
import functools
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from signkit import FORM, HOST
from worldkit import ACCOUNT, START, Answer, Host, document, make_host

from daypass.directory import OidcProvider, Put
from daypass.federation import OpenId, Verification
from daypass.federation.fetching import Fetched
from daypass.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from daypass.federation import ProviderProblem

CLIENT = "app"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
NOT_AUTHORIZED = (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
NO_KEY = (
    400,
    "InvalidIdentityToken",
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
)
NO_JWT = (
    400,
    "InvalidIdentityToken",
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
)


@functools.cache
def rsa_key(number: int = 0, bits: int = 2048) -> RSAKey:
    """One of a few keys that all tests share; making one takes long."""
    return RSAKey.generate_key(bits, {"kid": f"rsa-{number}", "use": "sig"})


@functools.cache
def ec_key(curve: str = "P-256", number: int = 0) -> ECKey:
    return ECKey.generate_key(curve, {"kid": f"{curve}-{number}"})


def b64(data: bytes | str | dict[str, Any]) -> str:
    """One segment of a token."""
    text = json.dumps(data) if isinstance(data, dict) else data
    return urlsafe_b64encode(text.encode() if isinstance(text, str) else text).rstrip(b"=").decode()


def compact(header: bytes | str | dict[str, Any], payload: bytes | str | dict[str, Any], key: Any, alg: str = "RS256") -> str:  # fmt: skip
    """A token of these very parts, signed."""
    signed = f"{b64(header)}.{b64(payload)}"
    signature = jws.JWSRegistry.algorithms[alg].sign(signed.encode(), key)
    return f"{signed}.{b64(signature)}"


@dataclass
class Issuer:
    """A provider: what it is called, and its keys."""

    url: str = "idp.example.com"
    keys: list[Any] = field(default_factory=lambda: [rsa_key()])
    described: dict[str, Any] = field(default_factory=dict)
    """What its description says otherwise."""
    jwks: bytes | None = None
    """Its keys, where a test writes them."""

    @property
    def name(self) -> str:
        return f"https://{self.url}"

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:oidc-provider/{self.url}"

    def documents(self) -> dict[str, bytes]:
        """What stands at its URLs."""
        described = {
            "issuer": self.name,
            "jwks_uri": f"{self.name}/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        } | self.described
        told = {name: value for name, value in described.items() if value is not None}
        jwks = {"keys": [key.as_dict(private=False) for key in self.keys]}
        return {
            f"{self.name}/.well-known/openid-configuration": json.dumps(told).encode(),
            f"{self.name}/jwks": json.dumps(jwks).encode() if self.jwks is None else self.jwks,
        }

    def claims(self, now: float = START, **changed: Any) -> dict[str, Any]:
        """The claims of an ordinary token; None takes one out."""
        common = {"iss": self.name, "sub": "someone", "aud": CLIENT, "iat": int(now), "exp": int(now) + 300}
        return {name: value for name, value in (common | changed).items() if value is not None}

    def token(self, alg: str = "RS256", header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        """A token of its first key that fits."""
        signer = key or next(one for one in self.keys if one.key_type == ("EC" if alg in CURVES else "RSA"))
        head = {"alg": alg, "kid": signer.kid, "typ": "JWT"} | (header or {})
        told = {name: value for name, value in head.items() if value is not None}
        return compact(told, self.claims(**claims), signer, alg)


@dataclass
class Documents:
    """What is fetched from: the documents of several providers, or their failures."""

    issuers: list[Issuer] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    max_age: int = 300
    by: Verification = Verification.TRUST_STORE
    problem: ProviderProblem | None = None
    gate: Callable[[], Any] | None = None
    thumbprint: str = "a" * 40

    async def document(self, url: str, _thumbprints: tuple[str, ...]) -> Fetched:
        self.fetched.append(url)
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate()
        if self.problem is not None:
            raise self.problem
        known = {where: body for issuer in self.issuers for where, body in issuer.documents().items()}
        return Fetched(known[url], self.max_age, self.by)

    async def thumbprint_of(self, url: str) -> str:
        self.fetched.append(url)
        if self.problem is not None:
            raise self.problem
        return self.thumbprint

    async def close(self) -> None:
        pass

    @property
    def key_fetches(self) -> int:
        return sum(url.endswith("/jwks") for url in self.fetched)


@dataclass
class Web:
    """A server that trusts a provider, and a role that does."""

    host: Host
    issuer: Issuer
    documents: Documents

    @property
    def role(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role/web"

    def register(self, issuer: Issuer, *client_ids: str, account: str = ACCOUNT, thumbprints: tuple[str, ...] = ()) -> str:  # fmt: skip
        """Trust a provider in an account."""
        self.documents.issuers.append(issuer)
        made = OidcProvider(account, issuer.url, int(START), client_ids or (CLIENT,), thumbprints)
        self.host.store.apply([Put(made)])
        return made.arn

    def trust(self, *statements: dict[str, Any], name: str = "web", **more: Any) -> str:
        """A role with this trust policy, made or changed."""
        iam = self.host.admin("iam")
        text = document(*statements)
        try:
            return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=text, **more)["Role"]["Arn"])
        except iam.exceptions.EntityAlreadyExistsException:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=text)
            return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def letting_in(self, *actions: str, issuer: Issuer | None = None, **extra: Any) -> dict[str, Any]:
        """The statement that lets in whom a provider sends."""
        wanted = list(actions) or ["sts:AssumeRoleWithWebIdentity"]
        return {"Effect": "Allow", "Principal": {"Federated": (issuer or self.issuer).arn}, "Action": wanted} | extra

    def ask(self, token: str, role: str | None = None, **more: str) -> Answer:
        """The call as any client makes it, without a signature."""
        form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": role or self.role,
                "RoleSessionName": "me", "WebIdentityToken": token} | more  # fmt: skip
        headers = [(b"content-type", FORM.encode()), (b"host", HOST.encode())]
        return self.host.ask(Request("POST", b"/", b"", headers, urlencode(form).encode(), "192.0.2.7"))

    def assume(self, token: str, role: str | None = None, **more: str) -> dict[str, str]:
        """Credentials of the session that it must open."""
        answer = self.ask(token, role, **more)
        assert answer.status == 200, answer.body
        return {name: answer.text(name) or "" for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}

    def reason(self) -> str:
        """What the operator was told of the last call."""
        line = self.host.journal.lines[-1].partition(b"\t")[2]
        return str(json.loads(line or b"{}").get("reason", ""))


def make_web(**settings: Any) -> Web:
    """A server with the provider and the role."""
    host = make_host(**settings)
    documents = Documents()
    openid = OpenId(documents, 3600, lambda: host.now)  # type: ignore[arg-type]
    host.world.rooms = replace(host.world.rooms, federation=openid)
    web = Web(host, Issuer(), documents)
    web.register(web.issuer)
    web.trust(web.letting_in())
    return web
