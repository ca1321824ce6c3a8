"""Wherever the index files a statement, it is found when it matches: the decision is that of the obvious engine."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from policystrategies import bound, questions, worlds
from test_policy_engines import fewer

from daypass.policy import AccessRequest, CompiledLayer, Layers, compile_layer, index, obvious_decide
from daypass.policy.compiled import evaluate

if TYPE_CHECKING:
    import pytest

LAYERS = ("identity", "boundary", "session", "resource", "endpoint")


def test_each_way_of_filing_leads_to_the_same_decisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """No layer is too small for the index here, and chance says which of a statement's keys are the rarest."""
    monkeypatch.setattr(index, "FEW", 0)
    filed: set[tuple[bool, bool]] = set()

    def again(layer: CompiledLayer) -> CompiledLayer:
        made = compile_layer(layer.sources)
        filed.add((bool(made._index._resources._texts), bool(made._index._principals)))
        return made

    @fewer
    @given(world=worlds(), asked=questions(), seed=st.integers(0, 1_000))
    def ask(world: Layers, asked: list[AccessRequest], seed: int) -> None:
        chance = Random(seed)
        monkeypatch.setattr(index, "_company", lambda _keys, _shared: chance.randint(1, 9))
        layers = {name: getattr(world, name) for name in LAYERS}
        filed_otherwise = Layers(
            **{name: None if layer is None else again(layer) for name, layer in layers.items()},
            resource_is_trust=world.resource_is_trust,
            resource_must_allow=world.resource_must_allow,
            service_control=tuple(map(again, world.service_control)),
            resource_control=tuple(map(again, world.resource_control)),
        )
        for request in asked:
            layers_of_request = bound(filed_otherwise, request)
            assert evaluate(layers_of_request, request) == obvious_decide(layers_of_request, request)

    ask()
    assert {(True, False), (False, True), (True, True)} <= filed
