"""The managed policies of AWS, as data of the program: every account may attach them, nobody changes them.

AWS publishes them (AWS Managed Policy Reference); the file under ``data/`` carries the default version of each as of the
date in its name. Refresh it with ``scripts/refresh_aws_managed_policies.py``. It is a ZIP file, opened at the first
question: its index takes a few milliseconds, a document a tenth of one. The file is kept in memory as it is, packed, so
that processes which fork share no file position.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final
from zipfile import ZipFile

from daypass.arns import iam_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

ARN_PREFIX: Final = "arn:aws:iam::aws:policy/"
INDEX: Final = "index.json"
_SERVICE_ROLE_PATH: Final = "/aws-service-role/"
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_KNOWN_IDS: Final = {"AdministratorAccess": "ANPAIWMBCKSKIEE64ZLYK"}
_KEPT_DOCUMENTS: Final = 128


@dataclass(frozen=True, slots=True)
class AwsPolicy:
    """One managed policy of AWS: its newest version, the only one that is carried."""

    name: str
    path: str
    version: int
    created: int
    updated: int

    @property
    def arn(self) -> str:
        """``arn:aws:iam::aws:policy/path/NAME``."""
        return iam_arn("aws", "policy", self.path, self.name)

    @property
    def id(self) -> str:
        """The policy id: AWS's own where it is known, else one that is derived from the ARN and never changes."""
        return _KNOWN_IDS.get(self.name) or _derived_id(self.arn)

    @property
    def attachable(self) -> bool:
        """Whether it may be attached: the policies of service-linked roles are for those roles alone."""
        return self.path != _SERVICE_ROLE_PATH

    @property
    def document(self) -> str:
        """The text of the policy."""
        return _document(self.name)


def aws_policy(arn: str) -> AwsPolicy | None:
    """The policy of AWS with that ARN, or None."""
    return _by_arn().get(arn) if arn.startswith(ARN_PREFIX) else None


@cache
def aws_policies() -> tuple[AwsPolicy, ...]:
    """All managed policies of AWS, by name."""
    return tuple(AwsPolicy(*row) for row in json.loads(_archive().read(INDEX)))


@cache
def _by_arn() -> Mapping[str, AwsPolicy]:
    return {policy.arn: policy for policy in aws_policies()}


@lru_cache(maxsize=_KEPT_DOCUMENTS)
def _document(name: str) -> str:
    return _archive().read(f"policies/{name}.json").decode()


@cache
def _archive() -> ZipFile:
    (file,) = (f for f in files("daypass.directory").joinpath("data").iterdir() if f.name.endswith(".zip"))
    return ZipFile(BytesIO(file.read_bytes()))


def _derived_id(arn: str) -> str:
    digest = int.from_bytes(hashlib.sha256(arn.encode()).digest(), "big")
    return "ANPA" + "".join(_ALPHABET[digest >> shift & 31] for shift in range(0, 5 * 17, 5))
