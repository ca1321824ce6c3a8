"""A record cut for its size says what it left out (threat I3: a policy pushed out of its own record)."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec
import pytest
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


@pytest.mark.parametrize("deep", [30, 300, 900])
def test_a_deep_and_long_bucket_policy_is_recorded_cut(deep: int) -> None:
    policy = '{"a":' + "[" * deep + "1," * 60_000 + "1" + "]" * deep + "}"
    record = record_of(call("s3", "PutBucketPolicy", {"Bucket": "b", "Policy": policy}))
    assert record["omitted"] is True
    assert record["requestParameters"]["bucketName"] == "b"
    assert sha256(policy.encode()).hexdigest() in record["requestParameters"]["bucketPolicy"]


def test_a_deep_and_short_bucket_policy_is_recorded_as_its_text() -> None:
    policy = '{"a":' + "[" * 900 + "]" * 900 + "}"
    record = record_of(call("s3", "PutBucketPolicy", {"Bucket": "b", "Policy": policy}))
    assert record["requestParameters"]["bucketPolicy"] == policy
    assert "omitted" not in record


def test_what_is_cut_is_cut_in_depth_too() -> None:
    value: Any = "x"
    for _ in range(500):
        value = [value]
    part, cut = shortened({"name": "n", "deep": value, "long": "x" * 2 * LARGEST_PART})
    assert cut
    assert part is not None
    assert part["name"] == "n"
    assert "[left out: too deep]" in str(part["deep"])


def test_what_cannot_be_written_is_recorded_without_its_parameters(caplog: pytest.LogCaptureFixture) -> None:
    value: Any = "x"
    for _ in range(100_000):
        value = [value]
    made = call("iam", "CreateUser", {"UserName": "alice"}, notes={"deep": value})
    record = record_of(made)
    assert record["omitted"] is True
    assert record["requestParameters"] is None
    assert record["eventName"] == "CreateUser"
    assert [line.exc_info for line in caplog.records] == [None]


def test_what_cannot_be_converted_is_recorded_without_its_parameters() -> None:
    record = record_of(call("cloudtrail", "LookupEvents", {"StartTime": 1e300}))
    assert (record["omitted"], record["requestParameters"]) == (True, None)
