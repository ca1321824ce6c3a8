"""A simulation keeps nobody waiting: what one call may ask is bounded, and is worked out beside the server's loop."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from daypass.catalog import catalog
from daypass.services.iam import simulation, simulation_resources

if TYPE_CHECKING:
    from iam_world import Iam

ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TOO_MUCH = (
    "InvalidInput",
    (
        "The characters of all policies, times the number of resources, cannot exceed 30000000; where a context key has "
        "several values, times their number."
    ),
)


def document(statements: int, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [ANYTHING | more] * statements}, separators=(",", ":"))


def objects(count: int) -> list[str]:
    return [f"arn:aws:s3:::b/{number}" for number in range(count)]


def pages(iam: Iam, **given: Any) -> list[int]:
    return [len(page) for page in iam.pages("SimulateCustomPolicy", "EvaluationResults", **given)]


def test_it_is_worked_out_in_another_thread(iam: Iam, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[threading.Thread] = []

    class Watched:
        def action(self, service: str, name: str) -> Any:
            seen.append(threading.current_thread())
            return catalog.action(service, name)

        def resource_type(self, service: str, name: str) -> Any:
            return catalog.resource_type(service, name)

    monkeypatch.setattr(simulation_resources, "catalog", Watched())
    simulation_resources._types_of.cache_clear()
    iam("SimulateCustomPolicy", PolicyInputList=[document(1)], ActionNames=["s3:GetObject"], ResourceArns=objects(1))
    assert seen
    assert threading.current_thread() not in seen


def test_texts_are_read_in_another_thread(iam: Iam, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[threading.Thread] = []
    read = simulation.given_policies
    monkeypatch.setattr(
        simulation, "given_policies", lambda call: (seen.append(threading.current_thread()), read(call))[1]
    )
    iam("CreateUser", UserName="alice")
    given: dict[str, Any] = {"PolicyInputList": [document(1)], "ActionNames": ["s3:GetObject"]}
    iam("SimulateCustomPolicy", **given)
    iam("SimulatePrincipalPolicy", PolicySourceArn="arn:aws:iam::111122223333:user/alice", **given)
    assert len(seen) == 2
    assert threading.current_thread() not in seen


def test_a_page_ends_after_so_many_matched_statements(iam: Iam) -> None:
    given = {"PolicyInputList": [document(300)], "ActionNames": ["s3:GetObject"] * 5, "ResourceArns": objects(4)}
    assert pages(iam, **given) == [2, 2, 1]


def test_an_action_whose_matched_statements_fill_more_than_a_page_is_refused(iam: Iam) -> None:
    given = {"PolicyInputList": [document(300)], "ActionNames": ["s3:GetObject"], "ResourceArns": objects(9)}
    assert iam.refusal("SimulateCustomPolicy", **given) == (
        "InvalidInput",
        "The matched statements of all resources cannot exceed 2500 items.",
    )


def test_missing_keys_are_counted_too(iam: Iam) -> None:
    lacking = document(1, Condition={"StringEquals": {f"aws:RequestTag/{number}": "x" for number in range(2000)}})
    given = {"PolicyInputList": [lacking], "ActionNames": ["s3:GetObject"] * 5}
    assert pages(iam, **given, ResourceArns=objects(5)) == [2, 2, 1]
    assert iam.refusal("SimulateCustomPolicy", **given, ResourceArns=objects(11)) == (
        "InvalidInput",
        "The missing context values of all resources cannot exceed 20000 items.",
    )


def test_a_page_ends_after_the_actions_of_so_many_services(iam: Iam) -> None:
    services = sorted(catalog.services())[:70]
    given = {"PolicyInputList": [document(1)], "ActionNames": [f"{one}:List" for one in services]}
    assert pages(iam, **given) == [32, 32, 6]
    of_few = [f"{one}:List{number}" for number in range(30) for one in ("s3", "iam")]
    assert pages(iam, **given | {"ActionNames": of_few}) == [60]


def test_a_page_ends_with_the_work_that_it_may_take(iam: Iam) -> None:
    silent = document(1000, Action="s3:Nothing")
    resources = 12_000_000 // len(silent)
    given = {"PolicyInputList": [silent], "ActionNames": ["s3:GetObject"] * 5, "ResourceArns": objects(resources)}
    assert pages(iam, **given) == [2, 2, 1]


def test_policies_times_resources_are_bounded(iam: Iam) -> None:
    silent = document(1000, Action="s3:Nothing")
    given = {"PolicyInputList": [silent], "ActionNames": ["s3:GetObject"], "ResourceArns": objects(1000)}
    assert iam.refusal("SimulateCustomPolicy", **given) == TOO_MUCH


def test_so_are_policies_times_values_of_a_key(iam: Iam) -> None:
    silent = document(1000, Action="s3:Nothing")
    entry = {"ContextKeyName": "aws:TagKeys", "ContextKeyType": "stringList", "ContextKeyValues": ["a"] * 1000}
    given = {"PolicyInputList": [silent], "ActionNames": ["s3:GetObject"], "ContextEntries": [entry]}
    assert iam.refusal("SimulateCustomPolicy", **given) == TOO_MUCH


@pytest.mark.parametrize("operation", ["SimulateCustomPolicy", "GetContextKeysForCustomPolicy"])
def test_texts_too_long_to_be_read_are_refused(iam: Iam, operation: str) -> None:
    given: dict[str, Any] = {"PolicyInputList": [document(2500)] * 9}
    if operation == "SimulateCustomPolicy":
        given["ActionNames"] = ["s3:GetObject"]
    assert iam.refusal(operation, **given) == (
        "InvalidInput",
        "All policies together cannot exceed 1000000 characters.",
    )
