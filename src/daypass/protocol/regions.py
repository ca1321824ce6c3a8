"""The regions of AWS's own partition data, as botocore ships it."""

from __future__ import annotations

import json
from importlib.resources import files


def known_regions() -> frozenset[str]:
    """Every region of every partition."""
    text = files("botocore").joinpath("data", "partitions.json").read_text(encoding="utf-8")
    return frozenset(region for partition in json.loads(text)["partitions"] for region in partition["regions"])
