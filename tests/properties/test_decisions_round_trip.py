"""Whatever callers send, what the trail remembers of a call is one line without a tab, and says what was asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from daypass.access.asking import Ask, ResourcePolicy
from daypass.access.facts import RequestFacts
from daypass.audit.decisions import remembered, split, written
from daypass.policy import Allow, Decision, ExplicitDeny, ImplicitDeny, Layer, Matched

ACCOUNT = "111122223333"
NOBODY = SimpleNamespace(session=None, principal=SimpleNamespace(federated=()))
anything = st.text(st.characters(codec=None), max_size=20)
writable = st.text(max_size=20)


def contexts(texts: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    keys = st.builds("aws:requesttag/{}".format, texts) | st.builds("{}.com:{}".format, texts, texts)
    return st.dictionaries(keys, texts | st.tuples(texts, texts), max_size=4)


def asked(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Ask]:
    policy = st.sampled_from([None, ResourcePolicy("{}"), ResourcePolicy("{}", is_trust=True)])
    return st.builds(Ask, texts, texts, st.sampled_from([ACCOUNT, "444455556666"]), contexts(texts), policy)


def decisions(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Decision]:
    matched = st.builds(Matched, st.sampled_from(Layer), texts, st.none() | texts, st.integers(0, 9), st.none() | texts)
    silent = st.lists(st.sampled_from(Layer), min_size=1, max_size=3).map(tuple)
    denied = st.lists(matched, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.just(Allow(())), st.builds(ExplicitDeny, denied), st.builds(ImplicitDeny, silent))


def line_of(pairs: list[tuple[Ask, Decision]], reason: str | None) -> bytes:
    call: Any = SimpleNamespace(decisions=pairs, caller=NOBODY)
    facts = RequestFacts(100.5, "192.0.2.7", secure=False, region="us-east-1")
    return written(call, facts, reason, at=100, region="us-east-1", own=ACCOUNT)


def pairs(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[Ask, Decision]]]:
    return st.lists(st.tuples(asked(texts), decisions(texts)), max_size=3)


@settings(deadline=None)
@given(pairs(anything), st.none() | anything)
def test_it_is_one_line_and_ends_no_record(found: list[tuple[Ask, Decision]], reason: str | None) -> None:
    line = line_of(found, reason)
    assert not any(byte in line for byte in (b"\n", b"\r", b"\t", b"\x1b", "\u2028".encode()))
    assert split(b'{"a":1}\t' + line) == (b'{"a":1}', line)
    assert len(remembered(line).asked) == len(found)


@settings(deadline=None)
@given(pairs(writable), st.none() | writable)
def test_it_says_what_was_asked_and_answered(found: list[tuple[Ask, Decision]], reason: str | None) -> None:
    kept = remembered(line_of(found, reason))
    assert kept.reason == (reason or "")
    for (ask, decision), question in zip(found, kept.asked, strict=True):
        assert (question.action, question.resource, question.account or ACCOUNT) == (
            ask.action,
            ask.resource,
            ask.account,
        )
        assert {**question.context} == {key: value for key, value in ask.context.items() if key not in kept.unkept}
        assert (
            question.outcome
            == {Allow: "allow", ExplicitDeny: "explicitDeny", ImplicitDeny: "implicitDeny"}[type(decision)]
        )
        if isinstance(decision, ExplicitDeny):
            assert [(p.layer, p.policy, p.arn, p.statement, p.sid) for p in question.by] == [
                (m.layer, m.policy, m.arn, m.statement, m.sid) for m in decision.by
            ]
        if isinstance(decision, ImplicitDeny):
            assert question.silent == decision.silent
