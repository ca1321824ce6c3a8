"""The IAM policy language: documents, how they are checked, and who may do what by them. Pure: no clock, no I/O.

Start at :func:`parse` (text to :class:`Policy`), :func:`compile_layer` and :func:`decide`.
"""

from __future__ import annotations

from daypass.policy.compiled import CompiledLayer, compile_layer, decide
from daypass.policy.control_policies import ControlPolicies
from daypass.policy.decision import (
    ENCODED_MESSAGE,
    AccessRequest,
    Allow,
    Decision,
    Examined,
    ExplicitDeny,
    Failure,
    ImplicitDeny,
    Layer,
    Matched,
    because,
)
from daypass.policy.document import Condition, Effect, Grammar, Policy, Source, Statement, bind, principals
from daypass.policy.json_text import policy_size, rewrite_principals, statement_spans
from daypass.policy.layers import Layers
from daypass.policy.obvious import obvious_decide
from daypass.policy.parsing import parse
from daypass.policy.principals import Naming, Principal, PrincipalKind
from daypass.policy.problems import PolicyProblem
from daypass.policy.provider_controls import check_provider_controls

__all__ = [
    "ENCODED_MESSAGE",
    "AccessRequest",
    "Allow",
    "CompiledLayer",
    "Condition",
    "ControlPolicies",
    "Decision",
    "Effect",
    "Examined",
    "ExplicitDeny",
    "Failure",
    "Grammar",
    "ImplicitDeny",
    "Layer",
    "Layers",
    "Matched",
    "Naming",
    "Policy",
    "PolicyProblem",
    "Principal",
    "PrincipalKind",
    "Source",
    "Statement",
    "because",
    "bind",
    "check_provider_controls",
    "compile_layer",
    "decide",
    "obvious_decide",
    "parse",
    "policy_size",
    "principals",
    "rewrite_principals",
    "statement_spans",
]
