"""What the Service Authorization Reference says of one action, one resource type, one condition key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """An action, ``name`` as AWS writes it. ``resource_types`` are pairs of a type's name and whether it is required.

    ``condition_keys`` and ``dependent_actions`` hold those of the action and those it has for one of its resource types.
    """

    name: str
    service: str
    access_level: str
    resource_types: tuple[tuple[str, bool], ...]
    condition_keys: tuple[str, ...]
    dependent_actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type. ``arn`` is its template: ``arn:${Partition}:s3:::${BucketName}``."""

    name: str
    arn: str
    condition_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """A condition key. ``type`` is String, Bool, Numeric, Date, ARN, IPAddress or Binary, also where there are many."""

    name: str
    type: str
    multivalued: bool
