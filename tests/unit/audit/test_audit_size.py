"""A record cut for its size says what it left out (threat I3: a policy pushed out of its own record)."""

from __future__ import annotations

from hashlib import sha256

import msgspec
from audit_calls import call, record_of

from daypass.audit.size import LARGEST_PART, shortened


def test_a_padded_policy_keeps_who_what_where_and_its_hash() -> None:
    policy = '{"Version":"2012-10-17"' + " " * 102_400 + "}"
    made = call("iam", "PutUserPolicy", {"UserName": "alice", "PolicyName": "p", "PolicyDocument": policy})
    record = record_of(made)
    assert record["omitted"] is True
    assert record["userIdentity"]["userName"] == "alice"
    assert record["requestParameters"]["userName"] == "alice"
    assert record["requestParameters"]["policyName"] == "p"
    shown = record["requestParameters"]["policyDocument"]
    assert shown.startswith('{"Version":"2012-10-17"')
    assert sha256(policy.encode()).hexdigest() in shown
    assert str(len(policy)) in shown


def test_a_record_within_its_size_is_whole() -> None:
    record = record_of(call("iam", "PutUserPolicy", {"PolicyDocument": "x" * 100_000}))
    assert record["requestParameters"]["policyDocument"] == "x" * 100_000
    assert "omitted" not in record


def test_long_lists_keep_their_beginning() -> None:
    part, cut = shortened({"bucketName": "b", "objects": [{"key": f"{n}" * 200} for n in range(1000)]})
    assert cut
    assert part is not None
    assert len(part["objects"]) == 101
    assert "all 1000 items" in part["objects"][-1]
    assert len(msgspec.json.encode(part)) <= LARGEST_PART


def test_what_stays_too_large_is_named_by_its_hash() -> None:
    deep = {"a": {str(n): "x" * 300 for n in range(2000)}}
    part, cut = shortened({"name": "n", **deep})
    assert cut
    assert part is not None
    assert part["name"] == "n"
    assert "SHA-256" in part["a"]
    many, _ = shortened({str(n): "x" * 300 for n in range(2000)})
    assert many is not None
    assert list(many) == ["leftOut"]
