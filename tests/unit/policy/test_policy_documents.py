"""Which documents are stored, and what is said about the others (policy language reference, "errors when a document is stored")."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daypass.policy import Effect, Grammar, PolicyProblem, bind, parse, principals

CASES = Path(__file__).parents[2] / "cases" / "policy"
ALLOW = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}
TRUST = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}
BUCKET = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}


def cases(name: str) -> list[dict[str, Any]]:
    return json.loads((CASES / name).read_text())["cases"]


def laid_over(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**base, **over}.items() if value is not None}


def identity_text(case: dict[str, Any]) -> str:
    if "raw" in case:
        return case["raw"]
    if "document" in case:
        return json.dumps(case["document"])
    statement = laid_over(ALLOW, case.get("statement", {}))
    return json.dumps(laid_over({"Version": "2012-10-17", "Statement": statement}, case.get("over", {})))


def trust(**over: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [laid_over(TRUST, over)]})


def bucket(**over: Any) -> str:
    return json.dumps({"Statement": [laid_over(BUCKET, over)]})


@pytest.mark.parametrize(
    "case", cases("identity_refused.json"), ids=lambda case: f"{case['text'][:20]}-{identity_text(case)[:90]}"
)
def test_an_identity_policy_is_refused_in_iams_words(case: dict[str, Any]) -> None:
    with pytest.raises(PolicyProblem) as refused:
        parse(identity_text(case), Grammar.IDENTITY)
    assert (refused.value.code, refused.value.message) == ("MalformedPolicyDocument", case["text"])


@pytest.mark.parametrize("case", cases("identity_accepted.json"), ids=lambda case: identity_text(case)[:110])
def test_what_iam_stores_is_stored_as_it_was_sent(case: dict[str, Any]) -> None:
    text = identity_text(case)
    assert parse(text, Grammar.IDENTITY).text == text


@pytest.mark.parametrize(
    "case", cases("resource_refused.json"), ids=lambda case: f"{case['grammar']}-{case['text'][:60]}"
)
def test_a_resource_based_policy_is_refused_in_its_services_words(case: dict[str, Any]) -> None:
    grammar = Grammar[case["grammar"]]
    text = case["raw"] if "raw" in case else (trust if grammar is Grammar.TRUST else bucket)(**case["over"])
    with pytest.raises(PolicyProblem) as refused:
        parse(text, grammar)
    code = "MalformedPolicyDocument" if grammar is Grammar.TRUST else "MalformedPolicy"
    assert (refused.value.code, refused.value.message) == (code, case["text"])
    assert refused.value.detail == case.get("detail", refused.value.detail)


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": ["arn:aws:iam::111122223333:root", "111122223333"]},
        {"AWS": "arn:aws:iam::111122223333:role/a/path/name"},
        {"AWS": "arn:aws:iam::111122223333:user/alice@example.com"},
        {"AWS": "arn:aws:sts::111122223333:assumed-role/app/s1"},
        {"AWS": "arn:aws:sts::111122223333:federated-user/bob"},
        {"AWS": "AROAEXAMPLEEXAMPLEEXA"},
        {"Service": ["ec2.amazonaws.com", "states.eu-west-1.amazonaws.com"]},
        {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
        {"Federated": "cognito-identity.amazonaws.com"},
        {"Federated": "arn:aws:iam::111122223333:saml-provider/Corp"},
    ],
)
def test_every_form_of_principal_is_taken_in_a_trust_policy(principal: Any) -> None:
    assert parse(trust(Principal=principal), Grammar.TRUST).statements[0].principal is not None


@pytest.mark.parametrize(
    "action", ["sts:AssumeRole", "STS:assumerole", "sts:AssumeRole*", ["sts:TagSession", "sts:SetContext"]]
)
def test_a_trust_policy_takes_actions_of_sts(action: Any) -> None:
    assert parse(trust(Action=action), Grammar.TRUST).statements[0].resources is None


def test_a_trust_policy_may_be_of_the_old_version() -> None:
    text = json.dumps({"Version": "2008-10-17", "Statement": TRUST})
    assert parse(text, Grammar.TRUST).has_variables is False


def test_sids_of_a_bucket_policy_may_hold_blanks_and_occur_twice() -> None:
    text = json.dumps({"Statement": [{**BUCKET, "Sid": "my sid"}, {**BUCKET, "Sid": "my sid"}]})
    assert [s.sid for s in parse(text, Grammar.BUCKET).statements] == ["my sid", "my sid"]


def test_equal_sids_of_a_trust_policy_are_refused() -> None:
    text = json.dumps({"Statement": [{**TRUST, "Sid": "a"}, {**TRUST, "Sid": "a"}]})
    with pytest.raises(PolicyProblem, match="must be unique"):
        parse(text, Grammar.TRUST)


def test_a_session_policy_needs_no_version_but_then_has_no_variables() -> None:
    policy = parse(json.dumps({"Statement": ALLOW}), Grammar.SESSION)
    assert (policy.version, policy.has_variables) == ("2008-10-17", False)


def test_a_session_policy_that_is_no_json_is_told_so() -> None:
    with pytest.raises(PolicyProblem, match="not in the valid JSON format"):
        parse("nope", Grammar.SESSION)


def test_organizations_has_one_text_for_all_faults() -> None:
    for grammar in (Grammar.SERVICE_CONTROL, Grammar.RESOURCE_CONTROL):
        for text in ("nope", "{}", json.dumps({"Version": "2012-10-17", "Statement": {**BUCKET, "Effect": "allow"}})):
            with pytest.raises(PolicyProblem) as refused:
                parse(text, grammar)
            assert refused.value.code == "MalformedPolicyDocumentException"
            assert refused.value.message.startswith("The provided policy document does not meet")


def test_a_resource_control_policy_only_denies_but_for_the_allow_of_everything() -> None:
    everything = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    parse(json.dumps({"Version": "2012-10-17", "Statement": everything}), Grammar.RESOURCE_CONTROL)
    parse(json.dumps({"Version": "2012-10-17", "Statement": {**BUCKET, "Effect": "Deny"}}), Grammar.RESOURCE_CONTROL)
    for bad in (
        {**everything, "Resource": "arn:aws:s3:::b"},
        {**everything, "Effect": "Deny"},
        {**BUCKET, "Effect": "Deny", "Principal": {"AWS": "*"}},
    ):
        with pytest.raises(PolicyProblem):
            parse(json.dumps({"Version": "2012-10-17", "Statement": bad}), Grammar.RESOURCE_CONTROL)


def test_an_endpoint_policy_names_any_service() -> None:
    text = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})
    assert parse(text, Grammar.ENDPOINT).statements[0].actions == ("*",)


@pytest.mark.parametrize("depth", [10, 100_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_nesting_is_refused_like_any_other_nonsense(opening: str, depth: int) -> None:
    for grammar in Grammar:
        with pytest.raises(PolicyProblem):
            parse(opening * depth, grammar)
        with pytest.raises(PolicyProblem):
            parse(opening * depth + "1" + ("]" if opening == "[" else "}") * depth, grammar)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "9" * 10_000])
def test_odd_numbers_never_leave_the_parser_as_other_errors(value: str) -> None:
    text = f'{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": {value}, "Resource": "*"}}}}'
    with pytest.raises(PolicyProblem):
        parse(text, Grammar.IDENTITY)


def test_numbers_and_booleans_in_conditions_keep_their_spelling() -> None:
    text = identity_text({"statement": {"Condition": {"Bool": {"a": True}}}}).replace(
        ": true}", ': [true, 10.50, "x"]}'
    )
    assert parse(text, Grammar.IDENTITY).statements[0].conditions[0].values == ("true", "10.50", "x")


def test_a_statement_is_all_that_was_written() -> None:
    statement = {
        "Sid": "A",
        "Effect": "Deny",
        "NotAction": "iam:*",
        "NotResource": ["*"],
        "Condition": {"Null": {"k": "true"}},
    }
    policy = parse(json.dumps({"Version": "2012-10-17", "Id": "x", "Statement": [ALLOW, statement]}), Grammar.IDENTITY)
    second = policy.statements[1]
    assert (policy.id, second.index, second.sid, second.effect) == ("x", 1, "A", Effect.DENY)
    assert (second.actions, second.not_action, second.resources, second.not_resource) == (
        ("iam:*",),
        True,
        ("*",),
        True,
    )
    assert (second.conditions[0].operator, second.conditions[0].key, second.conditions[0].values) == (
        "Null",
        "k",
        ("true",),
    )


def test_principals_lists_each_name_once_in_order() -> None:
    text = json.dumps(
        {
            "Statement": [
                {**TRUST, "Principal": {"AWS": ["111122223333", "*"], "Service": "ec2.amazonaws.com"}},
                {**TRUST, "Principal": {"AWS": "111122223333"}},
                {**TRUST, "Principal": "*"},
            ]
        }
    )
    named = principals(parse(text, Grammar.TRUST))
    assert named == (("AWS", "111122223333"), ("AWS", "*"), ("Service", "ec2.amazonaws.com"), ("*", "*"))


def test_a_bound_policy_names_ids_and_keeps_its_text() -> None:
    role, session = "arn:aws:iam::111122223333:role/app", "arn:aws:sts::111122223333:assumed-role/app/s1"
    text = trust(Principal={"AWS": [role, session, "111122223333"], "Service": "ec2.amazonaws.com"})
    policy = parse(text, Grammar.TRUST)
    bound = bind(policy, {role: "AROA1", session: "AROA1", "ec2.amazonaws.com": "never"})
    assert bound.text == text
    assert principals(bound) == (
        ("AWS", "AROA1"),
        ("AWS", "AROA1:s1"),
        ("AWS", "111122223333"),
        ("Service", "ec2.amazonaws.com"),
    )
    assert principals(bind(policy, {session: "AROA1:s1"}))[:2] == (("AWS", role), ("AWS", "AROA1:s1"))


def test_a_canonical_user_is_bound_to_its_account() -> None:
    canonical = "ab" * 32
    policy = parse(bucket(Principal={"CanonicalUser": canonical}), Grammar.BUCKET)
    assert principals(bind(policy, {canonical: "arn:aws:iam::1:root"})) == (("AWS", "arn:aws:iam::1:root"),)


def test_a_policy_without_principals_has_none_to_bind() -> None:
    policy = parse(identity_text({}), Grammar.IDENTITY)
    assert principals(policy) == ()
    assert bind(policy, {"a": "b"}) == policy


@pytest.mark.parametrize("resource", ["x:aws:s3:::b", "arn:aws", "b", "arn:aws:sqs:${aws:RequestedRegion}:1:q"])
def test_an_endpoint_policy_takes_arns_only(resource: str) -> None:
    with pytest.raises(PolicyProblem, match="invalid resource"):
        parse(bucket(Resource=resource), Grammar.ENDPOINT)


LAID_OUT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
    {"Effect": "Allow",
     "Action": ["s3:GetObject", "GetObject"],
     "Resource": "*"}
  ]
}"""


@pytest.mark.parametrize(
    ("old", "new", "position"),
    [
        ('"Action": ["s3:GetObject", "GetObject"]', '"Action": ["s3:GetObject", "GetObject"]', (6, 33)),
        ('["s3:GetObject", "GetObject"]', '["s3:GetObject", 3]', (6, 33)),
        ('["s3:GetObject", "GetObject"]', '"GetObject"', (6, 16)),
        ('"Action": ["s3:GetObject", "GetObject"],', '"Sid": 3, "Action": "s3:GetObject",', (6, 13)),
        ('"Action": ["s3:GetObject", "GetObject"],', '"NotActions": "s3:GetObject",', (6, 20)),
        ('"Action": ["s3:GetObject", "GetObject"],', "", (5, 5)),
        ('"Action": ["s3:GetObject", "GetObject"],', '"Action": "a:b", "Action": "c:d",', (6, 33)),
        ('"2012-10-17"', '"2008-10-17"', (2, 14)),
        ('"Resource": "*"}\n', '"Resource": "x"}\n', (7, 18)),
        ('"Resource": "*"}\n', '"Resource" "*"}\n', (7, 17)),
        ("{\n", "[\n", (2, 12)),
    ],
)
def test_a_problem_knows_where_in_the_text_it_is(old: str, new: str, position: tuple[int, int]) -> None:
    assert old in LAID_OUT
    with pytest.raises(PolicyProblem) as refused:
        parse(LAID_OUT.replace(old, new), Grammar.IDENTITY)
    assert refused.value.position == position


def test_a_problem_that_is_everywhere_has_no_place() -> None:
    with pytest.raises(PolicyProblem) as refused:
        parse(r'{"Sid":"\ud800"}', Grammar.IDENTITY)
    assert refused.value.position is None


def test_control_policies_take_no_arn_that_is_cut_short() -> None:
    statement = {"Effect": "Deny", "Action": "s3:*", "Resource": ["*", "arn:aws:s3"]}
    for grammar, more in ((Grammar.SERVICE_CONTROL, {}), (Grammar.RESOURCE_CONTROL, {"Principal": "*"})):
        with pytest.raises(PolicyProblem, match="does not meet the requirements"):
            parse(json.dumps({"Version": "2012-10-17", "Statement": {**statement, **more}}), grammar)
        whole = {**statement, **more, "Resource": ["*", "arn:aws:s3:*", "arn:aws:s3:::b"]}
        assert parse(json.dumps({"Version": "2012-10-17", "Statement": whole}), grammar)
