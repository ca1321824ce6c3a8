"""How the layers come together (IAM User Guide, "Policy evaluation logic").

Every layer has been evaluated whole before this is asked: an explicit Deny wins wherever it stands, and the layer that
is named in a refusal comes out of the same pass as the decision. The order in which layers are named is AWS's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daypass.policy.decision import Allow, ExplicitDeny, ImplicitDeny, Layer
from daypass.policy.principals import ACCOUNT_KINDS, Naming, PrincipalKind

if TYPE_CHECKING:
    from daypass.policy.decision import AccessRequest, Decision, Matched


@dataclass(slots=True)
class Verdicts:
    """What the layers said. A layer that does not exist has no say: it is neither silent nor allowing.

    ``denied`` and ``allowed`` are in the order of naming. ``silent`` holds layers that exist and allow nothing here.
    ``grant`` is the closest way in which an Allow of the resource's policy names the caller.
    """

    denied: list[Matched]
    allowed: list[Matched]
    silent: list[Layer]
    grant: Naming = Naming.NONE


def combine(
    verdicts: Verdicts, request: AccessRequest, *, resource_layer: Layer, resource_must_allow: bool
) -> Decision:
    """The decision. ``resource_layer`` is how the resource's policy is called: trust policies have a name of their own."""
    if verdicts.denied:
        return ExplicitDeny(tuple(verdicts.denied))
    silent: list[Layer] = [layer for layer in (Layer.SERVICE_CONTROL, Layer.ENDPOINT) if layer in verdicts.silent]
    silent += _own_side(verdicts, request, resource_layer, resource_must_allow=resource_must_allow)
    return ImplicitDeny(tuple(silent)) if silent else Allow(tuple(verdicts.allowed))


def _own_side(
    verdicts: Verdicts, request: AccessRequest, resource_layer: Layer, *, resource_must_allow: bool
) -> list[Layer]:
    """The layers of caller and resource that are silent and had to allow."""
    principal = request.principal
    granted = verdicts.grant > Naming.UNNAMED
    if principal.kind not in ACCOUNT_KINDS:  # services, strangers: only the resource's policy speaks for them
        return [] if granted else [resource_layer]
    same_account = principal.account == request.resource_account
    if same_account and verdicts.grant is Naming.DIRECT:
        return []
    silent: list[Layer] = [layer for layer in (Layer.BOUNDARY, Layer.SESSION) if layer in verdicts.silent]
    identity_spared = same_account and verdicts.grant is Naming.THROUGH
    if Layer.IDENTITY in verdicts.silent and not identity_spared:
        silent.insert(0, Layer.IDENTITY)
    if not granted and (resource_must_allow or not same_account):
        silent.append(resource_layer)
    return silent


def identity_is_silent_without_policies(kind: PrincipalKind) -> bool:
    """Who has no identity-based policy may do nothing; the root user of an account needs none."""
    return kind in ACCOUNT_KINDS and kind is not PrincipalKind.ROOT
