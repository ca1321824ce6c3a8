"""The settings of one server: read once, from flags, environment variables and a TOML file, in this order.

Every setting ``a.b`` is the variable ``DAYPASS_A_B`` and the key ``b`` of the table ``[a]``. A setting that is not in
:class:`Config` is refused by its name: a misspelt limit must not leave a server without one (design.md, "Contracts").
Nothing here touches the data folder.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daypass import settings_values as values
from daypass.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PREFIX = "DAYPASS_"
CONFIG_FILE = "DAYPASS_CONFIG"

# Kubernetes writes the address of a Service named "daypass" into the environment of every pod of its namespace.
FROM_KUBERNETES = re.compile(r"DAYPASS_(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_(TCP|UDP)\w*)")


EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - compared, not bound
"""Hosts to listen on that are the address of nothing."""


class ConfigProblem(Exception):
    """The configuration cannot be used; the text is one clear line for the operator."""


def _about(name: str, read: Callable[[object], Any], text: str) -> dict[str, Any]:
    return {"name": name, "read": read, "text": text}


def _cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Config:
    """One server's settings. The text beside each is what the documentation prints."""

    data: Path = field(
        default=Path(".daypass"), metadata=_about("data", values.path, "The data folder; made on the first start.")
    )
    host: str = field(default="127.0.0.1", metadata=_about("host", values.text, "The address to listen on."))
    port: int = field(
        default=4100, metadata=_about("port", values.number(0, 65535), "The port to listen on; 0 takes a free one.")
    )
    workers: int = field(
        default=0, metadata=_about("workers", values.number(0, 256), "Worker processes; 0 is one per processor.")
    )
    insecure_http: bool = field(
        default=False,
        metadata=_about(
            "insecure_http", values.switch, "Serve plain HTTP to other machines (behind a proxy that speaks TLS)."
        ),
    )
    tls_certificate: Path | None = field(
        default=None,
        metadata=_about("tls.certificate", values.path, "Serve HTTPS with this certificate chain (a PEM file)."),
    )
    tls_key: Path | None = field(
        default=None, metadata=_about("tls.key", values.path, "The certificate's private key (a PEM file).")
    )
    region: str = field(
        default="us-east-1",
        metadata=_about("region", values.region, "The region that answers where a request names none."),
    )
    domain: str = field(
        default="", metadata=_about("domain", values.domain, "The operator's own domain, for host names of services.")
    )
    buckets: tuple[str, ...] = field(
        default=(), metadata=_about("buckets", values.names, "Buckets to make on the first start.")
    )
    account_id: str | None = field(
        default=None, metadata=_about("account.id", values.account_id, "The first account's id (12 digits).")
    )
    account_name: str = field(default="main", metadata=_about("account.name", values.text, "The first account's name."))
    admin_access_key_id: str | None = field(
        default=None,
        metadata=_about("admin.access_key_id", values.access_key_id, "The access key id of the first admin."),
    )
    admin_secret_access_key: str | None = field(
        default=None, repr=False, metadata=_about("admin.secret_access_key", values.secret, "Its secret access key.")
    )
    sts_minimum_duration: int = field(
        default=900,
        metadata=_about(
            "sts.minimum_duration", values.number(1, 43200), "The shortest session in seconds; AWS's is 900."
        ),
    )
    sts_max_chain_age: int = field(
        default=0,
        metadata=_about(
            "sts.max_chain_age", values.number(0, 31536000), "Seconds a chain of roles may go on; 0 is no limit."
        ),
    )
    sts_issuer_base_url: str = field(
        default="",
        metadata=_about(
            "sts.issuer_base_url",
            values.issuer_base,
            "The https URL below which accounts are OpenID issuers; by default the server's own, if it speaks TLS.",
        ),
    )
    federation_allow_networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = field(
        default=(),
        metadata=_about(
            "federation.allow_networks",
            values.networks,
            "Networks (CIDR) that identity providers may be fetched from, beside all public and private addresses; loopback"
            " and link-local only if named here. As soon as a public or private network is named, only those named.",
        ),
    )
    federation_ca_bundle: Path | None = field(
        default=None,
        metadata=_about(
            "federation.ca_bundle",
            values.path,
            "CAs (a PEM file) that vouch for identity providers' servers, beside the system's.",
        ),
    )
    federation_saml_replay: str = field(
        default="allow",
        metadata=_about(
            "federation.saml_replay",
            values.one_of("allow", "refuse"),
            "Whether AssumeRoleWithSAML takes an assertion again within its five minutes, as AWS does, or once only.",
        ),
    )
    federation_key_max_age: int = field(
        default=3600,
        metadata=_about(
            "federation.key_max_age",
            values.number(10, 86400),
            "Seconds that an identity provider's keys are used at most without being fetched again.",
        ),
    )
    s3_signature_v2: bool = field(
        default=True,
        metadata=_about(
            "s3.signature_v2",
            values.switch,
            "Whether S3 takes Signature Version 2, which old clients still presign with.",
        ),
    )
    audit_durability: str = field(
        default="relaxed",
        metadata=_about(
            "audit.durability",
            values.one_of("relaxed", "strict"),
            "Whether an answer waits until the record of a reading call is on the disk (strict).",
        ),
    )
    audit_decisions: str = field(
        default="all",
        metadata=_about(
            "audit.decisions",
            values.one_of("all", "refused", "off"),
            "Of which calls the trail keeps, for the operator alone, what the policy engine was asked and why it decided so.",
        ),
    )
    access_encoded_messages: bool = field(
        default=False,
        metadata=_about(
            "access.encoded_messages",
            values.switch,
            "Whether access-denied texts of IAM, STS and CloudTrail end with an encoded authorization message, as EC2's do.",
        ),
    )
    metrics_enabled: bool = field(
        default=True, metadata=_about("metrics.enabled", values.switch, "Whether /metrics answers.")
    )
    limits_keep_alive: int = field(
        default=60,
        metadata=_about("limits.keep_alive", values.number(1, 3600), "Seconds an unused connection is kept."),
    )
    limits_stop: int = field(
        default=30,
        metadata=_about(
            "limits.stop", values.number(0, 3600), "Seconds that running requests get to finish when the server stops."
        ),
    )

    @property
    def settings(self) -> Settings:
        """What operations and access may know."""
        return Settings(
            region=self.region,
            sts_minimum_duration=self.sts_minimum_duration,
            sts_max_chain_age=self.sts_max_chain_age,
            sts_issuer_base_url=self.issuer_base_url,
            access_encoded_messages=self.access_encoded_messages,
            federation_saml_replay=self.federation_saml_replay,
        )

    @property
    def issuer_base_url(self) -> str:
        """Where accounts are OpenID issuers; empty where this server has no address of its own that could be told others."""
        if self.sts_issuer_base_url or not self.tls_certificate or not self.port or self.host in EVERYWHERE:
            return self.sts_issuer_base_url
        return self.endpoint(self.port).removesuffix(":443")

    @property
    def processes(self) -> int:
        """How many workers to start."""
        return self.workers or _cores()

    @property
    def loopback(self) -> bool:
        """Whether only programs on this machine reach the server."""
        return is_loopback(self.host)

    def endpoint(self, port: int) -> str:
        """The URL that clients on this machine use."""
        host = self.host
        if self.loopback or host in EVERYWHERE:
            host = "localhost"
        scheme = "https" if self.tls_certificate else "http"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load(flags: Mapping[str, object], environ: Mapping[str, str], file: Path | None = None) -> Config:
    """The settings from flags (by setting name; None is absent), environment and file. Raises ConfigProblem."""
    if file is None and environ.get(CONFIG_FILE):
        file = Path(environ[CONFIG_FILE])
    known = {f.metadata["name"]: f for f in fields(Config)}
    chosen: dict[str, Any] = {}
    for source in (_from_file(file), _from_environment(environ), _from_flags(flags)):
        for name, origin, value in source:
            if name not in known:
                raise ConfigProblem(f"{origin}: there is no setting {name}{_nearest(name, known)}")
            try:
                chosen[known[name].name] = known[name].metadata["read"](value)
            except ValueError as error:
                raise ConfigProblem(f"{origin}: {error}") from None
    config = Config(**chosen)
    _check(config)
    return config


def _from_flags(flags: Mapping[str, object]) -> Iterator[tuple[str, str, object]]:
    for name, value in flags.items():
        if value is not None:
            yield name, "--" + re.sub(r"[._]", "-", name), value


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str, object]]:
    variables = {_variable(f.metadata["name"]): f.metadata["name"] for f in fields(Config)}
    for key, value in environ.items():
        if not value or not key.startswith(PREFIX) or key == CONFIG_FILE or FROM_KUBERNETES.fullmatch(key):
            continue  # an empty variable is an absent one: compose files write ${NAME:-}
        if key == "DAYPASS_PORT" and value.startswith(("tcp://", "udp://")):
            continue  # Kubernetes again: the whole address of a Service named "daypass"
        yield variables.get(key, key.removeprefix(PREFIX).lower()), key, value


def _variable(name: str) -> str:
    return PREFIX + name.replace(".", "_").upper()


def _from_file(file: Path | None) -> Iterator[tuple[str, str, object]]:
    if file is None:
        return
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigProblem(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigProblem(f"{file}: {error}") from None
    for key, value in document.items():
        if isinstance(value, dict):
            for inner, inner_value in value.items():
                yield f"{key}.{inner}", str(file), inner_value
        else:
            yield key, str(file), value


def _nearest(name: str, known: Mapping[str, object]) -> str:
    spelt = {n.replace(".", "_"): n for n in known}
    near = difflib.get_close_matches(name.replace(".", "_"), spelt, n=1)
    return f" (did you mean {spelt[near[0]]}?)" if near else ""


def _check(config: Config) -> None:
    """What no single setting shows. Raises ConfigProblem."""
    if (config.admin_access_key_id is None) != (config.admin_secret_access_key is None):
        raise ConfigProblem("admin.access_key_id and admin.secret_access_key are given together or not at all")
    if (config.tls_certificate is None) != (config.tls_key is None):
        raise ConfigProblem("tls.certificate and tls.key are given together or not at all")
    if config.loopback:
        return
    if not config.insecure_http and config.tls_certificate is None:
        raise ConfigProblem(
            f"{config.host} is reached from other machines, and plain HTTP shows them all credentials: give"
            " tls.certificate and tls.key, or keep Daypass on 127.0.0.1 behind a proxy that speaks TLS, or say"
            " --insecure-http"
        )
    if config.admin_access_key_id is not None and config.admin_secret_access_key is not None:
        weakness = key_weakness(config.admin_access_key_id, config.admin_secret_access_key)
        if weakness:
            raise ConfigProblem(f"admin.secret_access_key {weakness}: not served to other machines")


# Keys that stand in the documentation or in the defaults of widely used products.
WELL_KNOWN = ("EXAMPLE", "minioadmin", "rustfsadmin", "password", "changeme", "localstack", "testing", "admin")


def key_weakness(access_key_id: str, secret_access_key: str) -> str | None:
    """Why a key pair is too weak for a server that other machines reach, or None (threats: K1, default secrets)."""
    folded = secret_access_key.lower()
    if any(word.lower() in folded for word in WELL_KNOWN):
        return "is one that everybody knows"
    if access_key_id.lower() in folded:
        return "holds its own access key id"
    if len(secret_access_key) < 32:
        return "is shorter than 32 characters"
    if len(set(secret_access_key)) < 12:
        return "has too few different characters"
    return None
