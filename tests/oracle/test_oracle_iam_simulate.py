"""Thousands of decisions beside those of another engine: ``@cloud-copilot/iam-simulate``, run as a program of its own.

It is AGPL-3.0: installed from npm into a folder that git ignores, asked through standard input, never shipped. Where the
two differ, either we mended something or one of ``KNOWN`` says why not; docs/policy-engine.md tells each in full.
``ORACLE_CASES`` sets how many cases are compared.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from oraclecases import Case, case

from daypass.policy import Allow, ExplicitDeny, ImplicitDeny, obvious_decide
from daypass.policy.compiled import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
CASES = int(os.environ.get("ORACLE_CASES", "30000"))
WORDS = {Allow: "Allowed", ExplicitDeny: "ExplicitlyDenied", ImplicitDeny: "ImplicitlyDenied"}


def statements(asked: Case) -> Iterator[dict[str, Any]]:
    found = asked.simulation
    documents = [found.get("resourcePolicy"), found.get("sessionPolicy")]
    for name in ("identityPolicies", "permissionBoundaryPolicies", "vpcEndpointPolicies"):
        documents += [each["policy"] for each in found.get(name, ())]
    for name in ("serviceControlPolicies", "resourceControlPolicies"):
        documents += [each["policy"] for level in found[name] for each in level["policies"]]
    for document in documents:
        yield from () if document is None else document["Statement"]


def comparisons(asked: Case) -> Iterator[tuple[str, Any, str]]:
    """Operator, the key's values in the request, and the policy's values as text."""
    for statement in statements(asked):
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                yield operator, asked.request.context.get(key.lower()), json.dumps(values)


def absent(asked: Case, text: str) -> bool:
    """Whether a text holds a variable that nothing stands for in this request."""
    return ("${aws:PrincipalTag/none}" in text) or (
        "${aws:username}" in text and "aws:username" not in asked.request.context
    )


def any_value_if_exists(asked: Case) -> bool:
    return any(
        operator.startswith("ForAnyValue:") and operator.endswith("IfExists") and actual is None
        for operator, actual, _ in comparisons(asked)
    )


def empty_tag_with_a_default(asked: Case) -> bool:
    return asked.request.context.get("aws:principaltag/t") == "" and "${aws:PrincipalTag/t, '" in str(asked)


def not_resource_with_an_absent_variable(asked: Case) -> bool:
    return any(absent(asked, json.dumps(s.get("NotResource", ""))) for s in statements(asked))


def negated_with_an_absent_variable(asked: Case) -> bool:
    return any(
        "Not" in operator and actual is not None and absent(asked, values)
        for operator, actual, values in comparisons(asked)
    )


def all_values_of_an_empty_text(asked: Case) -> bool:
    return any(operator.startswith("ForAllValues:") and actual == "" for operator, actual, _ in comparisons(asked))


def direct_grant_past_a_session_policy(asked: Case) -> bool:
    """The resource's policy names the session itself, or everyone, in the account of the resource."""
    policy = asked.simulation.get("resourcePolicy", {"Statement": ()})
    own = asked.request.principal
    direct = {"*", own.arn}
    grants = [s for s in policy["Statement"] if s["Effect"] == "Allow" and not direct.isdisjoint(names(s["Principal"]))]
    return bool(grants) and asked.layers.session is not None and own.account == asked.request.resource_account


def names(principal: str | dict[str, list[str]]) -> set[str]:
    return {principal} if isinstance(principal, str) else set(principal.get("AWS", ()))


def not_ip_address_of_the_other_version(asked: Case) -> bool:
    return any(
        "NotIpAddress" in operator and isinstance(actual, str) and (":" in actual) != (":" in wanted)
        for operator, actual, values in comparisons(asked)
        for wanted in json.loads(f"[{values}]" if values[0] != "[" else values)
    )


def escape_where_case_is_ignored(asked: Case) -> bool:
    return any("IgnoreCase" in operator and "${*}" in values for operator, _, values in comparisons(asked))


KNOWN: tuple[Callable[[Case], bool], ...] = (
    any_value_if_exists,
    empty_tag_with_a_default,
    not_resource_with_an_absent_variable,
    negated_with_an_absent_variable,
    all_values_of_an_empty_text,
    direct_grant_past_a_session_policy,
    not_ip_address_of_the_other_version,
    escape_where_case_is_ignored,
)
"""Why the engines may differ. Each is a section of docs/policy-engine.md, by this name."""


@pytest.fixture(scope="module")
def engine() -> list[str]:
    """The command of the other engine. In CI it must be there; elsewhere npm may be missing."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        if "CI" in os.environ:
            pytest.fail("npm and node are needed")
        pytest.skip("npm and node are needed")
    if not (HERE / "node_modules").is_dir():
        command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        subprocess.run(command, cwd=HERE, check=True)
    return [node, str(HERE / "decide.mjs")]


def answers(engine: list[str], cases: list[Case]) -> list[dict[str, Any]]:
    asked = "".join(f"{each}\n" for each in cases)
    done = subprocess.run(engine, input=asked, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_another_engine_decides_the_same(engine: list[str]) -> None:
    random = Random(os.environ.get("ORACLE_SEED", "1"))
    cases = [case(random) for _ in range(CASES)]
    decided: Counter[str] = Counter()
    excused: Counter[str] = Counter()
    differing = []
    for asked, answer in zip(cases, answers(engine, cases), strict=True):
        assert answer.get("ignores") == [], answer
        decision = evaluate(asked.layers, asked.request)
        assert obvious_decide(asked.layers, asked.request) == decision
        ours, theirs = WORDS[type(decision)], answer["decides"]
        decided[theirs] += 1
        if ours == theirs:
            continue
        reasons = [rule.__name__ for rule in KNOWN if rule(asked)]
        excused.update(reasons)
        if not reasons:
            differing.append(f"we {ours}, they {theirs}: {asked}")
    assert not differing, f"{len(differing)}: " + "\n".join(sorted(differing, key=len)[:5])
    if CASES >= 30000:
        assert set(excused) == {rule.__name__ for rule in KNOWN}, "a difference that is none any more"
    assert sum(excused.values()) < CASES / 50
    assert min(decided.values()) > CASES / 20


def test_the_comparison_would_notice(engine: list[str]) -> None:
    """A boundary left out of our side only is a difference."""
    random = Random(2)
    cases = [asked for asked in (case(random) for _ in range(2000)) if asked.layers.boundary is not None]
    ours = [evaluate(replace(asked.layers, boundary=None), asked.request) for asked in cases]
    theirs = [answer["decides"] for answer in answers(engine, cases)]
    assert [WORDS[type(decision)] for decision in ours] != theirs


def test_each_known_difference_is_told_in_the_documentation() -> None:
    page = (HERE.parents[1] / "docs" / "policy-engine.md").read_text(encoding="utf-8")
    assert all(f"`{rule.__name__}`" in page for rule in KNOWN)
