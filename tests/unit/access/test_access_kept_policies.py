"""What a worker keeps of policies is bounded by their text, not by their number (whoever may write can choose both)."""

from __future__ import annotations

import json

from worldkit import ACCOUNT

from daypass.access import gather
from daypass.access.asking import ResourcePolicy
from daypass.policy import Grammar

_LONG = [f"arn:aws:s3:::b/*{n:x}*" for n in range(900)]


def bucket_policy(number: int) -> str:
    allow = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "s3:GetObject", "Resource": _LONG}
    return json.dumps({"Version": "2012-10-17", "Id": str(number), "Statement": [allow]})


def test_long_policies_push_out_others_before_they_are_many() -> None:
    most = gather._KEPT_CHARACTERS
    made = 0
    for number in range(150):
        text = bucket_policy(number)
        made += len(text)
        layer = gather.resource_layer(ResourcePolicy(text))
        assert gather.resource_layer(ResourcePolicy(text)) is layer
        assert gather.parsed(text, Grammar.BUCKET) is gather.parsed(text, Grammar.BUCKET)
    assert made > most
    assert gather._PARSED.weight <= most
    assert gather._OF_RESOURCES.weight <= most
