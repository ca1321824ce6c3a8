"""What the checks know of AWS: actions, resource types and condition keys, Regions and partitions; all handed in.

The data is the Service Authorization Reference's; the room stays pure, so whoever calls brings it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from daypass.analysis.globs import intersect
from daypass.policy.patterns import atoms, static_matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PARTITIONS: Final = ("aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc")
_LONGEST_RESOURCE: Final = 2_048
_MOST_REMEMBERED: Final = 10_000
_MOST_SERVICES: Final = 64
_PREFIXES: Final = {
    "catalog": "aws-marketplace",
    "cognito-identity-auth": "cognito-identity",
    "cognito-identity-unauth": "cognito-identity",
    "identitycenter": "sso",
}
"""Prefixes of condition keys that are no service's, and where the reference lists them; identity providers' are STS's."""
_TAG_FORMS: Final = ("<key>", "tag-key", "")
"""What the reference writes in place of a tag where it does not write ``${TagKey}``."""
_ELSEWHERE: Final = {"iam": ("root",)}
"""Resource parts that exist and that the reference lists under another service."""
_LOOSE: Final = frozenset({"apigateway", "backup"})
"""Services whose resources have forms that the reference does not list: paths of collections, ARNs of other services."""


class Action(Protocol):
    """An action, in AWS's spelling."""

    @property
    def name(self) -> str: ...
    @property
    def resource_types(self) -> tuple[tuple[str, bool], ...]: ...
    @property
    def condition_keys(self) -> Iterable[str]: ...


class ResourceType(Protocol):
    """A resource type: its ARN with ``${Name}`` where something stands for itself."""

    @property
    def name(self) -> str: ...
    @property
    def arn(self) -> str: ...
    @property
    def condition_keys(self) -> Iterable[str]: ...


class ConditionKey(Protocol):
    """A condition key."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def multivalued(self) -> bool: ...


class Catalog(Protocol):
    """The Service Authorization Reference as data."""

    def services(self) -> frozenset[str]: ...
    def action(self, service: str, name: str) -> Action | None: ...
    def actions(self, service: str) -> Iterable[Action]: ...
    def resource_type(self, service: str, name: str) -> ResourceType | None: ...
    def resource_types(self, service: str) -> Iterable[ResourceType]: ...
    def condition_key(self, service: str, key: str) -> ConditionKey | None: ...
    def global_key(self, name: str) -> ConditionKey | None: ...


class Template:
    """The ARN of one resource type, cut at its colons."""

    def __init__(self, name: str, arn: str) -> None:
        _, _, self.service, region, account, resource = arn.split(":", 5)
        self.name = name
        self.has_region, self.has_account = bool(region), bool(account)
        self.resource = _placeholders(resource)

    def fits(self, resource: str) -> bool:
        """Whether some resource of this type has an ARN whose last part the pattern ``resource`` matches."""
        return intersect(self.resource, resource)


def _placeholders(text: str) -> str:
    """``role/${RoleName}`` as a pattern: something, at least one character of it."""
    parts = text.split("${")
    return parts[0] + "".join("?*" + part.partition("}")[2] for part in parts[1:])


class Knowledge:
    """What is known, with a memory for what is asked again and again. One serves any number of validations, and threads."""

    def __init__(self, catalog: Catalog, regions: frozenset[str]) -> None:
        self.catalog = catalog
        self.regions = regions
        self._templates: dict[str, tuple[Template, ...]] = {}
        self._names: dict[str, tuple[tuple[str, Action], ...]] = {}
        self._matches: dict[str, tuple[Action, ...]] = {}
        self._supported: dict[str, frozenset[str]] = {}

    def is_arn_service(self, service: str) -> bool:
        """Whether an ARN may name a service: one with actions, or one that only their resources' ARNs name."""
        return service in self.catalog.services() or service in self._services_of_arns

    @cached_property
    def _services_of_arns(self) -> frozenset[str]:
        services = self.catalog.services()
        return frozenset(template.service for service in services for template in self.templates(service))

    def templates(self, service: str) -> tuple[Template, ...]:
        """The ARNs of a service's resource types."""
        found = self._templates.get(service)
        if found is None:
            types = self.catalog.resource_types(service)
            found = tuple(Template(kind.name, kind.arn) for kind in types if kind.arn.count(":") >= 5)
            self._templates[service] = found
        return found

    def candidates(self, service: str, resource: str) -> tuple[Template, ...] | None:
        """The resource types that an ARN's last part may stand for. None: nothing is known of this service's ARNs."""
        own = tuple(template for template in self.templates(service) if template.service == service)
        if not own or service in _LOOSE or len(resource) > _LONGEST_RESOURCE or resource in _ELSEWHERE.get(service, ()):
            return None
        if resource[:1] in ("*", "?") or resource.startswith("${"):
            return own  # the types begin with their names, so it may stand for any
        return tuple(template for template in own if template.fits(resource))

    def _actions(self, service: str) -> tuple[tuple[str, Action], ...]:
        found = self._names.get(service)
        if found is None:
            if len(self._names) >= _MOST_SERVICES:
                self._names.clear()
            actions = self.catalog.actions(service)
            found = self._names[service] = tuple((action.name.lower(), action) for action in actions)
        return found

    def matching(self, service: str, pattern: str) -> tuple[Action, ...]:
        """The actions of a service (in lower case) that a pattern for their names matches."""
        text = pattern.lower()
        found = self._matches.get(f"{service}:{text}")
        if found is None:
            if len(self._matches) >= _MOST_REMEMBERED:
                self._matches.clear()
            found = self._matches[f"{service}:{text}"] = self._match(service, text)
        return found

    def _match(self, service: str, text: str) -> tuple[Action, ...]:
        if service not in self.catalog.services():
            return ()
        if "*" not in text and "?" not in text:
            action = self.catalog.action(service, text)
            return (action,) if action else ()
        fits: Callable[[str], bool] = static_matcher(atoms(text, variables=False))
        return tuple(action for name, action in self._actions(service) if fits(name))

    def supported_keys(self, service: str, action: Action) -> frozenset[str]:
        """The condition keys that an action supplies, its resource types' included."""
        known = f"{service}:{action.name}"
        found = self._supported.get(known)
        if found is None:
            if len(self._supported) >= _MOST_REMEMBERED:
                self._supported.clear()
            keys = [*action.condition_keys]
            for name, _ in action.resource_types:
                kind = self.catalog.resource_type(service, name)
                keys += kind.condition_keys if kind else ()
            found = self._supported[known] = frozenset(_comparable(key) for key in keys)
        return found

    def condition_key(self, written: str) -> ConditionKey | None:
        """A condition key by its name in a policy: global, a service's, or an identity provider's."""
        prefix = written.partition(":")[0].lower()
        if prefix == "aws":
            return self.catalog.global_key(written)
        service = prefix if prefix in self.catalog.services() else _PREFIXES.get(prefix, "sts")
        head, _, tag = written.partition("/")
        forms = [written, *(f"{head}/{form}" for form in _TAG_FORMS if tag and "tag" in head.lower())]
        return next(filter(None, (self.catalog.condition_key(service, form) for form in forms)), None)

    def key_to_compare(self, written: str) -> str | None:
        """A key as it stands in :meth:`supported_keys`; None of one that does not exist."""
        known = self.condition_key(written)
        return None if known is None else _comparable(known.name)


def _comparable(key: str) -> str:
    """A key by the reference's name, in lower case; one that takes a tag without it, for the reference writes that in many ways."""
    head, slash, _ = key.partition("/")
    return (head + slash if "tag" in head.lower() else key).lower()
