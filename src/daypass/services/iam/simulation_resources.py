"""On which resource an action is simulated, and whose it is.

Source: IAM API Reference, parameters ResourceArns, ResourceOwner and ResourceHandlingOption; Service Authorization
Reference for what an action can be asked on. An action that has no resource types is asked on ``*``, as a request would
be, whatever ARN is given; one that is given the ARN of something it is not about is denied (recorded).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from daypass.arns import Arn
from daypass.catalog import ResourceType, arn_matches, catalog
from daypass.catalog.templates import literal_length
from daypass.directory.naming import is_account_id
from daypass.services.iam.simulation_documents import invalid_input

if TYPE_CHECKING:
    from daypass.services.registry import Call

ANY: Final = "*"
MOST_RESOURCES: Final = 1_000
_WILDCARDS: Final = frozenset("*?")
_ASKED_ON_PATHS: Final = frozenset(
    {
        "iam:listgroups",
        "iam:listinstanceprofiles",
        "iam:listpolicies",
        "iam:listroles",
        "iam:listusers",
        "iam:listvirtualmfadevices",
    }
)
"""Listings of IAM, which have no resource types, and are asked on the ARN of a path all the same."""
_S3_DATA: Final = frozenset({"bucket", "object"})
"""The resource types of S3 that the simulators do not tell apart (recorded)."""
_LAUNCHES: Final = "ec2:runinstances"
_HANDLING: Final = frozenset(
    {"EC2-VPC-InstanceStore", "EC2-VPC-InstanceStore-Subnet", "EC2-VPC-EBS", "EC2-VPC-EBS-Subnet"}
)


@dataclass(frozen=True, slots=True)
class Question:
    """An action on a resource. ``owner`` is None where nobody but the caller's account has a say.

    ``shown`` is the resource as it was given; ``fits`` is false where the action is about other things.
    """

    action: str
    shown: str
    resource: str
    owner: str | None
    fits: bool


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a simulation. ``owner`` is the account that owns those whose ARN names none."""

    arns: tuple[str, ...]
    owner: str | None
    crosses: bool
    """Whether the owner has a say: a resource-based policy, or a ResourceOwner, is given."""

    @property
    def is_any(self) -> bool:
        """Whether no resource was named."""
        return self.arns == (ANY,)

    def questions(self, action: str) -> list[Question]:
        """What is to be decided for one action."""
        return [self._question(action, arn) for arn in self.arns]

    def _question(self, action: str, arn: str) -> Question:
        if arn == ANY:
            return Question(action, arn, arn, self.owner if self.crosses else None, fits=True)
        owner = Arn.parse(arn).account
        owner = owner if is_account_id(owner) else self.owner or ""
        types = _types_of(action.lower())
        asked = ANY if types == () and action.lower() not in _ASKED_ON_PATHS else arn
        fits = not types or any(arn_matches(kind, arn) for kind in types)
        return Question(action, arn, asked, owner if self.crosses and owner else None, fits)

    def name_for(self, action: str) -> str:
        """The one resource asked about; of several, the template of their ARNs."""
        if len(self.arns) == 1:
            return self.arns[0]
        fitting = [kind for kind in _types_of(action.lower()) or () if arn_matches(kind, self.arns[0])]
        return max(fitting, key=_precision).arn if fitting else ANY


def resources(call: Call) -> Resources:
    """The resources of a call. Raises InvalidInput."""
    arns = tuple(call.input.get("ResourceArns") or (ANY,))
    if len(arns) > MOST_RESOURCES:
        raise invalid_input(f"The list of resources cannot exceed {MOST_RESOURCES} items.")
    if arns != (ANY,):
        for arn in arns:
            _check_arn(arn)
    owner = call.input.get("ResourceOwner")
    crosses = owner is not None or "ResourcePolicy" in call.input
    return Resources(arns, None if owner is None else _account(owner), crosses)


def actions(call: Call) -> list[str]:
    """The actions of a call. Actions that do not exist are asked like any other. Raises InvalidInput.

    Wildcards are refused, though a recorded simulation took them for names: a pattern that is allowed as a name says
    nothing of the actions that it means.
    """
    names: list[str] = call.input["ActionNames"]
    if not names:
        raise invalid_input("ActionNames cannot be null or empty.")
    if any(":" not in name for name in names):
        raise invalid_input("The action is invalid since it is missing names")
    pattern = next((name for name in names if not _WILDCARDS.isdisjoint(name)), None)
    if pattern is not None:
        raise invalid_input(f'Invalid Input Actions: "{pattern}" require different authorization information.')
    return names


def check_handling(call: Call, names: list[str], asked: Resources) -> None:
    """ResourceHandlingOption names a way to launch instances. Which resources are given with it is not checked (recorded)."""
    option = call.input.get("ResourceHandlingOption")
    if option is None:
        return
    if option not in _HANDLING:
        raise invalid_input(f"Invalid input resource handling options: {option}.")
    other = next((name for name in names if name.lower() != _LAUNCHES), None)
    if other is not None and not asked.is_any:
        raise invalid_input(
            "Invalid input resource handling options. Action does not support resource handling options: "
            f"{other}. Please refer to the documentation for more details: "
            f"https://docs.aws.amazon.com/IAM/latest/APIReference/API_{call.operation}.html"
        )


def _check_arn(arn: str) -> None:
    try:
        parts = Arn.parse(arn)
    except ValueError:
        raise invalid_input(f"ResourceNames are not in a valid ARN format: {arn}.") from None
    if not parts.service:
        raise invalid_input(f"ResourceNames are not in a valid ARN format: {arn}.")


def _account(owner: str) -> str:
    """The account of a ResourceOwner: its number, as the API Reference has it, or an ARN of it, as AWS wants it."""
    if is_account_id(owner):
        return owner
    try:
        account = Arn.parse(owner).account
    except ValueError:
        account = ""
    if not owner.startswith("arn:aws") or not is_account_id(account):
        raise invalid_input(f"'{owner}' is not a valid as a Resource Owner.")
    return account


@lru_cache(maxsize=4096)
def _types_of(action: str) -> tuple[ResourceType, ...] | None:
    """The resource types that an action can be asked on; None for an action that nobody knows."""
    service, _, name = action.partition(":")
    found = catalog.action(service, name)
    if found is None:
        return None
    names = {kind for kind, _ in found.resource_types}
    if service == "s3" and names & _S3_DATA:
        names |= _S3_DATA
    return tuple(kind for kind in (catalog.resource_type(service, name) for name in sorted(names)) if kind is not None)


def _precision(kind: ResourceType) -> int:
    return literal_length(kind.arn)
